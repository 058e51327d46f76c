"""What an outcome does to our rows. Request, webhook and recovery all settle through `apply_settlement`."""

from dataclasses import dataclass

from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.models import Operation, PaymentCollection
from medusa_payments.providers.errors import OBJECT_GONE
from medusa_payments.providers.types import (
    CancelResult,
    CaptureResult,
    ProviderResult,
    RefundResult,
    RefundStatus,
    SessionResult,
)
from medusa_payments.queries.primary import primary
from medusa_payments.services import attention, events, ledger, operations, projections, session_settlement
from medusa_payments.services.events import EventName
from medusa_payments.services.operations import Reservation
from medusa_payments.services.provider_calls import NotExecuted, Outcome, Refused, Succeeded, Unknown
from medusa_payments.states import OperationKind, OperationStatus, RefusalKind, Settler


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The operation as it is now, and the operations that its success made necessary (to be sent after commit)."""

    operation: Operation
    follow_ups: tuple[Reservation, ...] = ()


def apply_settlement(
    collection: PaymentCollection,
    operation: Operation,
    outcome: Outcome,
    *,
    is_answer: bool,
    settled_by: Settler = Settler.ANSWER,
) -> Settlement:
    """Book an outcome, inside the collection's lock. Opens no transaction.

    Idempotent. Success is booked even on an operation that was closed as refused or not executed, or that was only
    accepted. Only the holder of the current fence may close an operation without a success. `is_answer`: a caller is
    waiting for it.
    """
    current = primary(Operation).get(pk=operation.pk)
    current.settled_by = settled_by.value
    if is_answer:
        current.answered_at = Now()
        if not current.is_open:
            operations.mark_answered(current)
    settlement = Settlement(operation=current)
    match outcome:
        case Succeeded(result=result):
            if not _is_booked(current, result):
                settlement = _settle_success(collection, current, result)
        case Refused():
            if _can_fail(current) and current.fence == operation.fence:
                _settle_refusal(collection, current, outcome)
        case NotExecuted(message=message):
            if current.is_open and current.fence == operation.fence:
                if current.is_deferred and settled_by is not Settler.PERSON:
                    _leave_to_the_worker(current, message)
                else:
                    _settle_not_executed(collection, current, message)
        case Unknown(message=message):
            if current.is_open and current.fence == operation.fence:
                _expire_lease(collection, current, message)
    projections.store(collection)
    return settlement


def _settle_success(collection: PaymentCollection, operation: Operation, result: ProviderResult) -> Settlement:
    follow_ups: tuple[Reservation, ...] = ()
    match OperationKind(operation.kind), result:
        case OperationKind.CAPTURE, CaptureResult():
            ledger.book_capture(collection, operation, result)
        case OperationKind.REFUND, RefundResult():
            if not ledger.book_refund(collection, operation, result):
                return Settlement(operation=operation)
        case OperationKind.CANCEL, CancelResult() if operation.payment_id:
            ledger.book_cancel(collection, operation, result)
        case OperationKind.CANCEL, CancelResult():
            session_settlement.book_cancel(collection, session_settlement.session_of(operation), operation)
            session_settlement.book_void(collection, operation, result)
        case kind, SessionResult():
            follow_ups = session_settlement.book(kind, collection, operation, result)
    _close(operation, OperationStatus.ACCEPTED if _is_accepted(result) else OperationStatus.SUCCEEDED)
    return Settlement(operation=operation, follow_ups=follow_ups)


def _is_booked(operation: Operation, result: ProviderResult) -> bool:
    """Say whether a success adds nothing; an accepted refund that succeeds does."""
    if operation.status == OperationStatus.ACCEPTED:
        return _is_accepted(result)
    return operation.status == OperationStatus.SUCCEEDED


def _can_fail(operation: Operation) -> bool:
    """An accepted refund still can."""
    return operation.is_open or operation.status == OperationStatus.ACCEPTED


def _is_accepted(result: ProviderResult) -> bool:
    return isinstance(result, RefundResult) and result.status is RefundStatus.ACCEPTED


def _settle_refusal(collection: PaymentCollection, operation: Operation, outcome: Refused) -> None:
    _release(operation)
    if operation.kind == OperationKind.INITIATE or (
        operation.kind == OperationKind.AUTHORIZE and outcome.refusal is RefusalKind.DECLINED
    ):
        session_settlement.book_failure(operation)
    if operation.kind == OperationKind.AUTHORIZE and outcome.code == OBJECT_GONE:
        session_settlement.book_cancel(collection, session_settlement.session_of(operation), operation)
    operation.refusal = outcome.refusal.value
    operation.error_code = outcome.code
    operation.error_message = outcome.message
    _have_it_looked_after(collection)
    _close(operation, OperationStatus.REFUSED)
    events.record(
        collection,
        EventName.OPERATION_REFUSED,
        operation=operation,
        kind=operation.kind,
        refusal=operation.refusal,
        code=operation.error_code,
        message=operation.error_message,
    )


def _settle_not_executed(collection: PaymentCollection, operation: Operation, message: str) -> None:
    _release(operation)
    if operation.kind == OperationKind.INITIATE:
        session_settlement.book_failure(operation)
    operation.error_message = message
    _have_it_looked_after(collection)
    _close(operation, OperationStatus.NOT_EXECUTED)
    events.record(
        collection,
        EventName.OPERATION_NOT_EXECUTED,
        operation=operation,
        kind=operation.kind,
        message=message,
    )


def _leave_to_the_worker(operation: Operation, message: str) -> None:
    """Nothing was executed and nothing is on its way; what was enqueued is carried out all the same, later."""
    operation.error_message = message
    operation.lease_expires_at = Now()
    operation.in_flight_until = None
    operation.save(update_fields=["error_message", "lease_expires_at", "in_flight_until"])


def _have_it_looked_after(collection: PaymentCollection) -> None:
    """What was not done may still be called for, perhaps with another amount."""
    attention.ask(collection, timezone.now() + attention.backoff(collection.attention_count))


def _expire_lease(collection: PaymentCollection, operation: Operation, message: str) -> None:
    """The answer was lost: nobody is at work on it any more, so that the next caller may find out."""
    operation.error_message = message
    operation.lease_expires_at = Now()
    operation.save(update_fields=["error_message", "lease_expires_at"])
    events.record(collection, EventName.OPERATION_UNKNOWN, operation=operation, kind=operation.kind, message=message)


def _release(operation: Operation) -> None:
    if operation.payment_id:
        ledger.release_reservation(operation)


def _close(operation: Operation, status: OperationStatus) -> None:
    operation.status = status.value
    if status in {OperationStatus.SUCCEEDED, OperationStatus.ACCEPTED}:
        operation.refusal = operation.error_code = operation.error_message = ""
    operation.open_slot = None
    operation.needs_person_at = None
    operation.settled_at = Now()
    operation.save(
        update_fields=[
            "status",
            "refusal",
            "error_code",
            "error_message",
            "open_slot",
            "settled_at",
            "settled_by",
            "needs_person_at",
            "answered_at",
        ]
    )
