"""A shop with two accounts of one kind of provider, each with books of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from medusa_payments.models import Payment
from medusa_payments.providers.errors import ProviderOutcomeUnknown, ProviderRejected
from medusa_payments.providers.registry import providers
from medusa_payments.services import captures
from medusa_payments.testing.fake_provider import FakeProvider
from tests.till import Till

NORTH, SOUTH = "pp_fake_north", "pp_fake_south"


class Keyed(FakeProvider):
    """A fake provider whose account has keys: one that was revoked opens nothing, a verb is refused as wrong."""

    revoked: ClassVar[set[str]] = set()

    def __init__(self, alias: str, options: Any) -> None:
        self._key = options["api_key"]
        super().__init__(alias, {name: value for name, value in options.items() if name != "api_key"})

    @property
    def account_digest(self) -> str:
        return str(self._key)

    def retrieve(self, request: Any) -> Any:
        if self._key in self.revoked:
            raise ProviderOutcomeUnknown("Invalid API key.", code="authentication")
        return super().retrieve(request)

    def _call(self, verb: Any, request: Any, result_type: Any) -> Any:
        if self._key in self.revoked:
            raise ProviderRejected("Invalid API key.", code="authentication")
        return super()._call(verb, request, result_type)


def fake(directory: Path, account: str, **options: Any) -> dict[str, Any]:
    """Return the configuration of an account with books of its own."""
    path = str(directory / f"{account}.sqlite3")
    made = {"ledger_path": path, "account": account, "webhook_secrets": [f"whsec_{account}"]} | options
    backend = "tests.several_accounts.Keyed" if "api_key" in options else f"{FakeProvider.__module__}.FakeProvider"
    return {"BACKEND": backend, "OPTIONS": made}


def provider(alias: str) -> FakeProvider:
    found = providers[alias]
    assert isinstance(found, FakeProvider)
    return found


def captured(till: Till, alias: str) -> Payment:
    """A payment of 100 EUR of a cart of its own."""
    till.cart_id = f"cart_of_{alias}"
    return captures.capture(payment_id=till.authorized(alias).pk)


Put = Callable[..., None]
"""Configures aliases in place of those that were configured: `put(pp_fake_north=…)`."""
