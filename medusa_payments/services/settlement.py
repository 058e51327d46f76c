"""Sends a committed operation, and says what an outcome does to our rows.

Request, webhook and recovery all settle through `apply_settlement`.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import Error as DatabaseError
from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.core.books import locks
from medusa_payments.core.books.locks import locked_collection
from medusa_payments.exceptions import (
    PaymentAuthorizationError,
    PaymentsError,
    ProviderNotReachable,
    RejectedByProvider,
)
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
from medusa_payments.services import (
    attention,
    events,
    ledger,
    operations,
    projections,
    provider_calls,
    session_settlement,
)
from medusa_payments.services.events import EventName
from medusa_payments.services.operations import Reservation
from medusa_payments.services.provider_calls import NotExecuted, Outcome, Refused, Succeeded, Unknown
from medusa_payments.states import OperationKind, OperationStatus, RefusalKind, Settler

logger = logging.getLogger(__name__)

NOT_REACHABLE_RETRY_SECONDS = 5


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
    settled_by: Settler = Settler.ANSWER,
) -> Settlement:
    """Book an outcome, inside the collection's lock. Opens no transaction.

    Idempotent. Success is booked even on an operation that was closed as refused or not executed, or that was only
    accepted. Only the holder of the current fence may close an operation without a success.
    """
    current = primary(Operation).get(pk=operation.pk)
    current.settled_by = settled_by.value
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
        case Unknown():
            if current.is_open and current.fence == operation.fence:
                _note_unknown(collection, current, outcome)
    projections.store(collection)
    return settlement


@provider_calls.retried
def complete(reservation: Reservation, *, nobody_waits: bool = False) -> Settlement:
    """Send a committed reservation, book its outcome and return what it became; its follow-ups aren't sent.

    Where `nobody_waits`, what finds no place among the calls to its account stays open for the worker. Raises
    `PaymentOutcomeUnknown` for what couldn't be booked.
    """
    operation = reservation.operation
    provider = operations.provider_for(operation)
    settled_by = Settler.RESEND if reservation.is_resend else Settler.ANSWER
    if provider.capabilities.is_local:
        with locked_collection(operation.payment_collection_id, include_deleted=True) as collection:
            outcome = provider_calls.send(provider, reservation)
            return apply_settlement(collection, operation, outcome, settled_by=settled_by)
    outcome = provider_calls.send(provider, reservation)
    if nobody_waits and isinstance(outcome, NotExecuted) and outcome.was_turned_away:
        # As if it had been enqueued. Closed, it would be reserved anew in every round, row by row.
        primary(Operation).filter(pk=operation.pk, fence=operation.fence).update(is_deferred=True)
    return _settle(operation, outcome, settled_by=settled_by)


def _settle(operation: Operation, outcome: Outcome, *, settled_by: Settler) -> Settlement:
    """Book an outcome, a second time on a fresh connection when the database fails.

    Raises `PaymentOutcomeUnknown` for what can't be booked; it is left to the next caller to find out.
    """
    unbooked = Unknown(message="The provider's answer could not be booked.")
    for attempt in (outcome, outcome, unbooked):
        try:
            settlement = _book(operation, attempt, settled_by)
        except Exception as error:
            provider_calls.log_exception(f"operation {operation.pk}: booking its outcome", error)
            locks.renew_connection()
        else:
            if attempt is outcome:
                return settlement
    raise operations.outcome_unknown(operation)


@provider_calls.retried
def _book(operation: Operation, outcome: Outcome, settled_by: Settler) -> Settlement:
    with locked_collection(operation.payment_collection_id, include_deleted=True) as collection:
        return apply_settlement(collection, operation, outcome, settled_by=settled_by)


def carry_out(follow_ups: Iterable[Reservation]) -> None:
    """Send operations that follow from a committed change.

    An error doesn't spoil the change: it leaves the operation open, to be resolved later.
    """
    for reservation in follow_ups:
        try:
            complete(reservation, nobody_waits=True)
        except (PaymentsError, DatabaseError) as error:
            logger.warning("follow-up operation %s was left open: %s", reservation.operation.pk, type(error).__name__)
            locks.renew_connection()


def raise_unless_succeeded(operation: Operation) -> None:
    """Turn an operation's outcome into what its caller is told.

    Raises `PaymentAuthorizationError` (declined), `RejectedByProvider`, `ProviderNotReachable` (nothing was sent) or
    `PaymentOutcomeUnknown`.
    """
    details = {"operation_id": operation.pk}
    match OperationStatus(operation.status):
        case OperationStatus.OPEN:
            raise operations.outcome_unknown(operation)
        case OperationStatus.REFUSED if operation.refusal == RefusalKind.DECLINED:
            raise PaymentAuthorizationError(operation.error_message, code=operation.error_code, details=details)
        case OperationStatus.REFUSED:
            raise RejectedByProvider(operation.error_message, code=operation.error_code, details=details)
        case OperationStatus.NOT_EXECUTED:
            raise ProviderNotReachable(
                f"Payment provider {operation.provider_id} can't be reached; nothing was done. Try again later.",
                details=details,
                retry_after=NOT_REACHABLE_RETRY_SECONDS,
            )


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


def _note_unknown(collection: PaymentCollection, operation: Operation, outcome: Unknown) -> None:
    """The answer was lost, or says nothing about the money: the next caller may find out."""
    operation.error_message = outcome.message
    operations.note_unknown(operation, was_answered=outcome.was_answered)
    events.record(
        collection, EventName.OPERATION_UNKNOWN, operation=operation, kind=operation.kind, message=outcome.message
    )


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
        ]
    )
