"""Refunds that a provider had taken: those that failed later, and those of which it will never tell the end."""

from collections.abc import Iterable

from django.db.models.functions import Now

from medusa_payments.models import Event, Operation, Payment, PaymentCollection, Refund
from medusa_payments.queries.primary import primary
from medusa_payments.services import events, ledger
from medusa_payments.services.events import EventName
from medusa_payments.services.provider_calls import Refused
from medusa_payments.services.settlement import apply_settlement
from medusa_payments.states import OperationKind, OperationStatus, RefusalKind, Settler

CODE = "refund_failed"

OUT_OF_REACH = "The payment provider accepted the refund, and can neither be asked nor heard about how it ended."


def has_failed_since(operation: Operation, as_of: int | None) -> bool:
    """Say whether a refund's failure was booked after its collection had `as_of` events: what was read at the provider
    then is outdated.
    """
    if as_of is None or operation.status != OperationStatus.REFUSED or operation.error_code != CODE:
        return False
    refused = primary(Event).filter(operation=operation, name=EventName.OPERATION_REFUSED.value)
    return refused.filter(number__gt=as_of).exists()


def book(
    collection: PaymentCollection,
    refund: Refund | None,
    operation: Operation | None,
    *,
    reason: str,
    settled_by: Settler = Settler.READ,
) -> None:
    """Book the failure of a refund, by its ledger line or by the operation that asked for it.

    A booked refund is reversed; an accepted or open one gives its reservation back. No-op for one that is neither.
    """
    if refund is not None:
        if ledger.reverse_refund(refund, reason=reason):
            _record(collection, refund.payment_id, refund.operation, refund.pk, refund.amount, reason)
        return
    if operation is None or operation.kind != OperationKind.REFUND:
        return
    was_accepted = operation.status == OperationStatus.ACCEPTED
    if not was_accepted and not operation.is_open:
        return
    outcome = Refused(refusal=RefusalKind.DECLINED, message=reason or "The refund failed.", code=CODE)
    apply_settlement(collection, operation, outcome, settled_by=settled_by)
    if was_accepted and operation.payment_id:
        _record(collection, operation.payment_id, operation, operation.line_id, operation.amount or 0, reason)


def leave_to_staff(collection: PaymentCollection, payment_session_ids: Iterable[str]) -> None:
    """Have staff decide how the accepted refunds of sessions ended whose provider can neither be asked nor heard.

    Recorded once for each; they stay reserved, and what the provider tells all the same is booked.
    """
    accepted = primary(Operation).filter(
        kind=OperationKind.REFUND.value,
        status=OperationStatus.ACCEPTED.value,
        payment_session__in=list(payment_session_ids),
        needs_person_at=None,
    )
    for operation in accepted:
        primary(Operation).filter(pk=operation.pk).update(needs_person_at=Now(), error_message=OUT_OF_REACH)
        events.record(
            collection,
            EventName.OPERATION_NEEDS_PERSON,
            operation=operation,
            kind=operation.kind,
            amount=operation.amount,
            reason=OUT_OF_REACH,
        )


def _record(
    collection: PaymentCollection,
    payment_id: str,
    operation: Operation | None,
    refund_id: str | None,
    amount: int,
    reason: str,
) -> None:
    """Tell that a refund failed after the provider had taken it."""
    events.record(
        collection,
        EventName.REFUND_FAILED,
        operation=operation,
        actor=ledger.BY_PROVIDER,
        payment_id=payment_id,
        refund_id=refund_id,
        amount=amount,
        refunded_amount=primary(Payment).get(pk=payment_id).refunded_amount,
        reason=reason,
    )
