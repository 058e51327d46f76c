"""Refunds that a provider had taken, and that failed later: the money is back and can be refunded again."""

from medusa_payments.models import Event, Operation, Payment, PaymentCollection, Refund
from medusa_payments.queries.primary import primary
from medusa_payments.services import ledger
from medusa_payments.services.event_names import EventName
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


def book(collection: PaymentCollection, refund: Refund | None, operation: Operation | None, *, reason: str) -> None:
    """Book the failure of a refund, by its ledger line or by the operation that asked for it.

    A booked refund is reversed; an accepted or open one gives its reservation back. No-op for one that is neither.
    """
    if refund is not None:
        ledger.reverse_refund(collection, refund, reason=reason)
        return
    if operation is None or operation.kind != OperationKind.REFUND:
        return
    was_accepted = operation.status == OperationStatus.ACCEPTED
    if not was_accepted and not operation.is_open:
        return
    outcome = Refused(refusal=RefusalKind.DECLINED, message=reason or "The refund failed.", code=CODE)
    apply_settlement(collection, operation, outcome, settled_by=Settler.READ)
    if was_accepted:
        payment = primary(Payment).get(pk=operation.payment_id)
        ledger.record_refund_failure(collection, payment, operation, operation.amount or 0, reason=reason)
