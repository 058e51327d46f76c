"""Refunds as documents and pages show them: from reservation on, whether they are booked or not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from medusa_payments.models import Operation, Payment, Refund, RefundReason
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationKind, OperationStatus, RefundState, Settler

UNBOOKED: str = "unbooked_refunds"
"""The attribute of a payment that holds its refunds without a line."""

PENDING_STATUSES = (OperationStatus.OPEN.value, OperationStatus.ACCEPTED.value)

_CAME_TO_NOTHING = Q(status__in=[OperationStatus.REFUSED.value, OperationStatus.NOT_EXECUTED.value])

_WAS_ANSWERED_AT_ONCE = Q(settled_by__in=["", Settler.ANSWER.value], is_deferred=False, fence=0)

SHOWN = Q(kind=OperationKind.REFUND.value) & (
    Q(status__in=PENDING_STATUSES) | (_CAME_TO_NOTHING & ~_WAS_ANSWERED_AT_ONCE)
)
"""The refund operations that are shown although they have no ledger line.

One that is open or accepted is pending. One that came to nothing is failed, unless its caller got that as the answer
to the first request itself (4xx or 503): then nobody has ever counted on it. One that was taken up again (`fence`) may
have been shown as pending in between.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRefund:
    """One refund, under the id that it has from reservation on.

    `asked_amount` (minor units) is what it is to be, `amount` what it takes from the payment: nothing once it failed.
    `created_at` is when it was asked for, `updated_at` when its state last changed.
    """

    id: str
    payment: Payment
    state: RefundState
    asked_amount: int
    operation_id: str | None
    provider_ref: str | None
    refund_reason: RefundReason | None
    note: str | None
    metadata: dict[str, Any] | None
    created_by: str
    created_at: datetime
    updated_at: datetime

    @property
    def amount(self) -> int:
        return 0 if self.state is RefundState.FAILED else self.asked_amount

    @property
    def failed_amount(self) -> int:
        return self.asked_amount - self.amount

    @property
    def payment_id(self) -> str:
        return self.payment.pk

    @property
    def refund_reason_id(self) -> str | None:
        return self.refund_reason.pk if self.refund_reason else None


def lines() -> QuerySet[Refund]:
    """Return booked refunds, oldest first, with what `of_payment` shows of them."""
    with_facts = primary(Refund).select_related("refund_reason", "reversal")
    return with_facts.annotate(asked_at=F("operation__created_at")).order_by("created_at", "id")


def without_line() -> QuerySet[Operation]:
    """Return the refunds that are shown although they aren't booked, oldest first."""
    shown = primary(Operation).filter(SHOWN).select_related("refund_reason").defer("request")
    return shown.order_by("created_at", "id")


def of_payment(payment: Payment) -> list[ShownRefund]:
    """Return the refunds of a payment that `payments.with_ledger` loaded, as they were asked for.

    One that was booked between the two statements that load them is shown once, as booked.
    """
    booked = [_booked(payment, line) for line in payment.refunds.all()]
    known = {refund.id for refund in booked}
    others = [without_a_line(payment, operation) for operation in payment.unbooked_refunds]
    refunds = booked + [refund for refund in others if refund.id not in known]
    return sorted(refunds, key=lambda refund: (refund.created_at, refund.id))


def of_operation(operation: Operation, payment: Payment) -> ShownRefund:
    """Return the refund that an operation is about, in the state that it is in now."""
    line = lines().filter(operation=operation).first()
    if line is not None:
        return _booked(payment, line)
    current = primary(Operation).select_related("refund_reason").defer("request").get(pk=operation.pk)
    return without_a_line(payment, current)


def _booked(payment: Payment, line: Refund) -> ShownRefund:
    reversal = getattr(line, "reversal", None)
    return ShownRefund(
        id=line.pk,
        payment=payment,
        state=RefundState.SUCCEEDED if reversal is None else RefundState.FAILED,
        asked_amount=line.amount,
        operation_id=line.operation_id,
        provider_ref=line.provider_ref,
        refund_reason=line.refund_reason,
        note=line.note,
        metadata=line.metadata,
        created_by=line.created_by,
        created_at=getattr(line, "asked_at", None) or line.created_at,
        updated_at=line.created_at if reversal is None else reversal.created_at,
    )


def without_a_line(payment: Payment, operation: Operation) -> ShownRefund:
    """Return a refund that isn't booked, by its operation."""
    return ShownRefund(
        # An operation that a process of an earlier version reserved during an upgrade has no other id yet.
        id=operation.line_id or operation.pk,
        payment=payment,
        state=RefundState.PENDING if operation.status in PENDING_STATUSES else RefundState.FAILED,
        asked_amount=operation.amount or 0,
        operation_id=operation.pk,
        provider_ref=operation.line_ref,
        refund_reason=operation.refund_reason,
        note=operation.intent.get("note"),
        metadata=operation.intent.get("metadata"),
        created_by=operation.created_by,
        created_at=operation.created_at,
        updated_at=operation.settled_at or operation.created_at,
    )
