"""Life of an operation: reserved before the call, leased while at work, adopted when its answer was lost."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from medusa_payments.exceptions import Conflict, NotAllowed, PaymentOutcomeUnknown
from medusa_payments.models import Operation, Payment, PaymentSession
from medusa_payments.money import to_major_units
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.registry import providers
from medusa_payments.providers.types import (
    AuthorizeRequest,
    CancelRequest,
    CaptureRequest,
    InitiateRequest,
    ProviderRequest,
    RefundRequest,
    UpdateRequest,
)
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationKind, OperationStatus

REQUEST_TYPES: dict[OperationKind, type[ProviderRequest]] = {
    OperationKind.INITIATE: InitiateRequest,
    OperationKind.UPDATE: UpdateRequest,
    OperationKind.AUTHORIZE: AuthorizeRequest,
    OperationKind.CAPTURE: CaptureRequest,
    OperationKind.REFUND: RefundRequest,
    OperationKind.CANCEL: CancelRequest,
}
_KINDS = {request_type: kind for kind, request_type in REQUEST_TYPES.items()}

UNDELIVERED_WINDOW = timedelta(hours=24)
"""How long an outcome that no caller has seen is given to a caller who repeats the request."""

KEY_WINDOW_MARGIN = timedelta(hours=1)
"""Taken off a provider's key window, for clocks that disagree."""

IN_PROGRESS_RETRY_SECONDS = 1
UNKNOWN_RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """An operation to carry out. `is_resend`: somebody may have sent it before."""

    operation: Operation
    is_resend: bool = False


def lease_seconds(provider: PaymentProvider) -> int:
    """How long one process may work on an operation: longer than twice the provider's own total timeout."""
    return math.ceil(2 * provider.timeout_seconds) + 5


def provider_for(row: PaymentSession | Payment | Operation) -> PaymentProvider:
    """Return the provider a row was made with.

    Raises `InvalidData` when it isn't configured any more, `NotAllowed` when its alias now points to another account.
    """
    provider = providers[row.provider_id]
    if provider.account != row.provider_account:
        raise NotAllowed(
            f"Payment provider {row.provider_id} is configured for another account than the one that "
            f"{row.pk} was made with ({row.provider_account})."
        )
    return provider


def reserve(
    *,
    request: ProviderRequest,
    provider: PaymentProvider,
    session: PaymentSession,
    payment: Payment | None = None,
    amount: int | None = None,
    requested_amount: int | None = None,
    intent: Mapping[str, Any] | None = None,
    open_slot: str | None = None,
    created_by: str = "",
) -> Reservation:
    """Insert the operation behind a provider request, with a fresh lease.

    `request.idempotency_key` becomes its id. The caller holds the collection's lock and commits before the call.
    """
    operation = primary(Operation).create(  # type: ignore[misc]
        id=request.idempotency_key,
        kind=_KINDS[type(request)].value,
        payment_collection_id=session.payment_collection_id,
        payment_session=session,
        payment=payment,
        provider_id=session.provider_id,
        provider_account=provider.account,
        api_version=provider.api_version,
        amount=amount,
        requested_amount=requested_amount,
        currency_code=session.currency_code,
        request=msgspec.to_builtins(request, builtin_types=(Decimal,)),
        intent=dict(intent or {}),
        open_slot=open_slot,
        lease_expires_at=Now() + timedelta(seconds=lease_seconds(provider)),
        created_by=created_by,
    )
    return Reservation(operation=operation)


def request_of(operation: Operation) -> ProviderRequest:
    """Return the canonical request, exactly as it was reserved."""
    request: ProviderRequest = msgspec.convert(operation.request, REQUEST_TYPES[OperationKind(operation.kind)])
    return request


def adoptable(*, payment: Payment, kind: OperationKind, requested_amount: int | None) -> Reservation | None:
    """Find the operation that a repeated request without a key means.

    That is one of the same payment, kind and amount whose outcome is unknown, or known but never delivered. Returns it
    (taken over when unknown), or None when this is a new request.

    Raises `PaymentOutcomeUnknown` while one with a different amount is unknown, `Conflict` while another caller is
    finding out.
    """
    candidates = list(_unresolved_or_undelivered(payment, kind))
    for operation in candidates:
        if requested_amount in {operation.requested_amount, operation.amount}:
            return _adopt(operation) if operation.is_open else Reservation(operation=operation)
    for operation in candidates:
        if operation.is_open:
            raise outcome_unknown(operation)
    return None


def _unresolved_or_undelivered(payment: Payment, kind: OperationKind) -> QuerySet[Operation]:
    """An operation in flight for the first time is neither: it stays independent of this request."""
    is_unknown = Q(lease_expires_at__lte=Now())
    unresolved = Q(is_unknown | Q(fence__gt=0), status=OperationStatus.OPEN.value)
    undelivered = Q(
        status__in=[OperationStatus.SUCCEEDED.value, OperationStatus.ACCEPTED.value, OperationStatus.REFUSED.value],
        answered_at__isnull=True,
        settled_at__gt=Now() - UNDELIVERED_WINDOW,
    )
    operations = primary(Operation).filter(unresolved | undelivered, payment=payment, kind=kind.value)
    return operations.annotate(is_unknown=is_unknown).order_by("created_at", "id")


def _adopt(operation: Operation) -> Reservation:
    if not getattr(operation, "is_unknown", False):
        raise _in_progress(operation)
    return take_over(operation)


def slot_holder(open_slot: str) -> Operation | None:
    """Return the open operation that holds a slot, if its lease has run out.

    Raises `Conflict` while the lease lives: somebody is at work.
    """
    operation = (
        primary(Operation).filter(open_slot=open_slot).annotate(is_unknown=Q(lease_expires_at__lte=Now())).first()
    )
    if operation is not None and not operation.is_unknown:
        raise _in_progress(operation)
    return operation


def _in_progress(operation: Operation) -> Conflict:
    return Conflict(
        f"Another request is at work on {operation.payment_session_id}.",
        details={"operation_id": operation.pk},
        retry_after=IN_PROGRESS_RETRY_SECONDS,
    )


def take_over(operation: Operation) -> Reservation:
    """Claim an unknown operation in order to send its request again under its own key.

    Raises `PaymentOutcomeUnknown` when another process claimed it first, or when the provider may have forgotten the
    key.
    """
    provider = provider_for(operation)
    claim = primary(Operation).filter(
        pk=operation.pk, status=OperationStatus.OPEN.value, fence=operation.fence, lease_expires_at__lte=Now()
    )
    window = provider.capabilities.key_window_seconds
    if window is not None:
        claim = claim.filter(created_at__gt=Now() - (timedelta(seconds=window) - KEY_WINDOW_MARGIN))
    claimed = claim.update(fence=F("fence") + 1, lease_expires_at=Now() + timedelta(seconds=lease_seconds(provider)))
    if not claimed:
        raise outcome_unknown(operation)
    operation.fence += 1
    return Reservation(operation=operation, is_resend=True)


def abandon_slot(operation: Operation) -> None:
    """Let go of an unknown operation's slot, so that the customer can go another way. It stays open, to be resolved."""
    primary(Operation).filter(pk=operation.pk).update(open_slot=None)


def mark_answered(operation: Operation) -> None:
    """Record that a caller is being given the outcome."""
    primary(Operation).filter(pk=operation.pk).update(answered_at=Now())


def outcome_unknown(operation: Operation) -> PaymentOutcomeUnknown:
    """Return the error that says: wait, don't repeat with other numbers."""
    details: dict[str, Any] = {"operation_id": operation.pk, "kind": operation.kind}
    if operation.amount is not None:
        details["amount"] = to_major_units(operation.amount, operation.currency_code)
    return PaymentOutcomeUnknown(
        f"The outcome of {operation.kind} operation {operation.pk} at the payment provider is not known yet. "
        "Repeat the same request to find out; nothing will be done twice.",
        details=details,
        retry_after=UNKNOWN_RETRY_SECONDS,
    )
