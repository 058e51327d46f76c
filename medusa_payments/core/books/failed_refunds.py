"""Refunds that a provider had taken: those that failed later, and those of which it will never tell the end."""

from collections.abc import Iterable

from medusa_payments.core.books import evidence, posting
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import BY_PROVIDER, EventName
from medusa_payments.core.books.evidence import Refused
from medusa_payments.models import Event, Operation, Refund
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationKind, OperationStatus, RefusalKind, Settler

CODE = "refund_failed"

OUT_OF_REACH = "The payment provider accepted the refund, and can neither be asked nor heard about how it ended."


def has_failed_since(book: Book, operation: Operation, as_of: int | None) -> bool:
    """Say whether a refund's failure was booked after its collection had `as_of` events: what was read at the provider
    then is outdated.
    """
    if as_of is None or operation.status != OperationStatus.REFUSED or operation.error_code != CODE:
        return False
    if any(event.operation_id == operation.pk and event.name == EventName.OPERATION_REFUSED for event in book.events):
        return True
    refused = primary(Event).filter(operation=operation, name=EventName.OPERATION_REFUSED.value)
    return refused.filter(number__gt=as_of).exists()


def absorb(
    book: Book,
    refund: Refund | None,
    operation: Operation | None,
    *,
    reason: str,
    settled_by: Settler = Settler.READ,
) -> None:
    """Book the failure of a refund, by its ledger line or by the operation that asked for it.

    A booked refund is reversed; an accepted or open one isn't in flight any more. No-op for one that is neither.
    """
    if refund is not None:
        if posting.reverse_refund(book, refund, reason=reason):
            _record(book, refund.payment_id, book.operation(refund.operation_id), refund.pk, refund.amount, reason)
        return
    if operation is None or operation.kind != OperationKind.REFUND:
        return
    was_accepted = operation.status == OperationStatus.ACCEPTED
    if not was_accepted and not operation.is_open:
        return
    outcome = Refused(refusal=RefusalKind.DECLINED, message=reason or "The refund failed.", code=CODE)
    evidence.absorb(book, operation.pk, outcome, settled_by=settled_by)
    if was_accepted and operation.payment_id:
        _record(book, operation.payment_id, operation, operation.line_id, operation.amount or 0, reason)


def leave_to_staff(book: Book, payment_session_ids: Iterable[str]) -> None:
    """Have staff decide how the accepted refunds of sessions ended whose provider can neither be asked nor heard.

    Recorded once for each; they stay reserved, and what the provider tells all the same is booked.
    """
    ids = set(payment_session_ids)
    for operation in book.operations if ids else ():
        is_accepted = operation.kind == OperationKind.REFUND and operation.status == OperationStatus.ACCEPTED
        if is_accepted and operation.payment_session_id in ids and operation.needs_person_at is None:
            operation.needs_person_at = book.clock()
            operation.error_message = OUT_OF_REACH
            book.record(
                EventName.OPERATION_NEEDS_PERSON,
                operation=operation,
                kind=operation.kind,
                amount=operation.amount,
                reason=OUT_OF_REACH,
            )


def _record(
    book: Book, payment_id: str, operation: Operation | None, refund_id: str | None, amount: int, reason: str
) -> None:
    """Tell that a refund failed after the provider had taken it."""
    book.record(
        EventName.REFUND_FAILED,
        operation=operation,
        actor=BY_PROVIDER,
        payment_id=payment_id,
        refund_id=refund_id,
        amount=amount,
        refunded_amount=book.payment(payment_id).refunded_amount,
        reason=reason,
    )
