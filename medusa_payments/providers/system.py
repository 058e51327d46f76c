"""Medusa's `system` provider: payment by hand (cash, invoice, bank transfer), nothing leaves the process."""

from typing import ClassVar

from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.types import (
    AuthorizeRequest,
    CancelRequest,
    CancelResult,
    Capabilities,
    CaptureRequest,
    CaptureResult,
    InitiateRequest,
    RefundRequest,
    RefundResult,
    SessionResult,
    UpdateRequest,
)
from medusa_payments.states import SessionStatus


class SystemProvider(PaymentProvider):
    """Says yes to everything. A person sees to it that the money really arrives."""

    capabilities = Capabilities(is_local=True, supports_zero_amount=True, takes_outside_money=False)
    option_names: ClassVar[frozenset[str] | None] = frozenset()
    client_data_keys: ClassVar[frozenset[str] | None] = None
    timeout_seconds = 1

    @property
    def account(self) -> str:
        return "system"

    def initiate(self, request: InitiateRequest) -> SessionResult:
        return SessionResult(provider_ref=request.session_id, status=SessionStatus.PENDING, money=request.money)

    def update(self, request: UpdateRequest) -> SessionResult:
        return SessionResult(provider_ref=request.provider_ref, status=SessionStatus.PENDING, money=request.money)

    def authorize(self, request: AuthorizeRequest) -> SessionResult:
        return SessionResult(provider_ref=request.provider_ref, status=SessionStatus.AUTHORIZED, money=request.money)

    def capture(self, request: CaptureRequest) -> CaptureResult:
        return CaptureResult(money=request.money)

    def refund(self, request: RefundRequest) -> RefundResult:
        return RefundResult(money=request.money)

    def cancel(self, request: CancelRequest) -> CancelResult:
        return CancelResult()
