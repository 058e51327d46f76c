"""A provider that does what a test says, at the moment when it is asked to authorize."""

from collections.abc import Callable
from typing import ClassVar

from medusa_payments.providers.system import SystemProvider
from medusa_payments.providers.types import AuthorizeRequest, Capabilities, SessionResult
from medusa_payments.states import SessionStatus


class ScriptedProvider(SystemProvider):
    """`status` is its answer; `meanwhile` is what somebody else does while it makes up its mind."""

    capabilities: ClassVar = Capabilities(supports_zero_amount=True)

    status = SessionStatus.AUTHORIZED
    meanwhile: Callable[[], object] | None = None

    def authorize(self, request: AuthorizeRequest) -> SessionResult:
        if self.meanwhile is not None:
            self.meanwhile()
        return SessionResult(provider_ref=request.provider_ref, status=self.status, money=request.money)
