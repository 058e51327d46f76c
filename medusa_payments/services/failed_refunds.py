"""Refunds that a provider had taken, and that failed later: the money is back and can be refunded again."""

from medusa_payments.models import Event, Operation, Payment, PaymentCollection, Refund
from medusa_payments.queries.primary import primary
from medusa_payments.services import events, ledger
from medusa_payments.services.events import EventName
from medusa_payments.services.provider_calls import Refused
from medusa_payments.services.settlement import apply_settlement
from medusa_payments.states import OperationKind, OperationStatus, RefusalKind, Settler

CODE = "refund_failed"


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
    apply_settlement(collection, operation, outcome, is_answer=False, settled_by=settled_by)
    if was_accepted and operation.payment_id:
        _record(collection, operation.payment_id, operation, operation.line_id, operation.amount or 0, reason)


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
