"""Reserve, call, settle: the one way in which an operation is carried out."""

import logging
from collections.abc import Callable, Iterable
from typing import overload

from django.db import Error as DatabaseError

from medusa_payments.exceptions import (
    PaymentAuthorizationError,
    PaymentsError,
    ProviderNotReachable,
    RejectedByProvider,
)
from medusa_payments.models import Operation, PaymentCollection
from medusa_payments.services import locks, operations, provider_calls
from medusa_payments.services.locks import locked_collection
from medusa_payments.services.operations import Reservation
from medusa_payments.services.provider_calls import NotExecuted, Outcome, Unknown
from medusa_payments.services.settlement import Settlement, apply_settlement
from medusa_payments.states import OperationStatus, RefusalKind, Settler

logger = logging.getLogger(__name__)

NOT_REACHABLE_RETRY_SECONDS = 5

Reserve = Callable[[PaymentCollection], Reservation | None]


@overload
def execute(
    *,
    payment_collection_id: str,
    reserve: Callable[[PaymentCollection], Reservation],
    include_deleted: bool = False,
) -> Operation: ...


@overload
def execute(*, payment_collection_id: str, reserve: Reserve, include_deleted: bool = False) -> Operation | None: ...


def execute(*, payment_collection_id: str, reserve: Reserve, include_deleted: bool = False) -> Operation | None:
    """Carry out the operation that `reserve` returns and return it as it stands afterwards.

    `reserve` runs inside the collection's lock; it checks state and limits, inserts the operation and raises the
    counters, or returns None when there is nothing to do (then so does this). An operation that it finds finished is
    returned as it is. The provider is called between two transactions, with no lock held; only a provider that declares
    itself local is called inside the first.

    Raises what `reserve` raises, `NotFound` (also for a deleted collection, unless `include_deleted`),
    `PaymentOutcomeUnknown` when the database couldn't book the answer, `InsideTransaction`.
    """
    reservation: Reservation | None = None
    settlement: Settlement | None = None
    try:
        with locked_collection(payment_collection_id, include_deleted=include_deleted) as collection:
            reservation = reserve(collection)
            if reservation is None:
                return None
            operation = reservation.operation
            if not operation.is_open:
                operations.mark_answered(operation)
                return operation
            provider = operations.provider_for(operation)
            if provider.capabilities.is_local:
                outcome = provider_calls.send(provider, reservation)
                settlement = apply_settlement(collection, operation, outcome, is_answer=True)
    except DatabaseError:
        if reservation is not None:
            _withdraw(reservation)
        raise
    if settlement is None:
        settlement = complete(reservation, is_answer=True)
    carry_out(settlement.follow_ups)
    return settlement.operation


def reserve_all(
    *,
    payment_collection_id: str,
    reserve: Callable[[PaymentCollection], list[Reservation]],
    include_deleted: bool = False,
) -> list[Reservation]:
    """Commit all operations that `reserve` returns, for `answer` to carry out one after the other.

    Raises what `reserve` raises, `NotFound`, `InsideTransaction`.
    """
    reservations: list[Reservation] = []
    try:
        with locked_collection(payment_collection_id, include_deleted=include_deleted) as collection:
            reservations = reserve(collection)
    except DatabaseError:
        for reservation in reservations:
            _withdraw(reservation)
        raise
    return reservations


def answer(reservation: Reservation) -> Operation:
    """Carry out a committed operation for a caller who waits; return it as it stands afterwards.

    Raises `PaymentOutcomeUnknown` when the database couldn't book the answer.
    """
    if not reservation.operation.is_open:
        try:
            operations.mark_answered(reservation.operation)
        except DatabaseError:
            _withdraw(reservation)
            raise
        return reservation.operation
    settlement = complete(reservation, is_answer=True)
    carry_out(settlement.follow_ups)
    return settlement.operation


def withdraw(reservations: Iterable[Reservation]) -> None:
    """Close operations that won't be sent, because one that they depend on didn't succeed."""
    for reservation in reservations:
        _withdraw(reservation, message="It was not sent: another operation of the same request did not succeed.")


def enqueue(*, payment_collection_id: str, reserve: Callable[..., Reservation | None]) -> Operation | None:
    """Reserve what the worker will carry out, inside the caller's own transaction; return the operation.

    Returns an operation that `reserve` finds finished as it is, leaves one that it finds open to the worker, and
    returns None when there is nothing to do. Nobody waits for what comes of it: that counts as told. Raises what
    `reserve` raises, and `NotFound`.
    """
    with locks.collection_locked_for_caller(payment_collection_id) as collection:
        reservation = reserve(collection, is_deferred=True)
        if reservation is None:
            return None
        operations.mark_answered(reservation.operation)
        return reservation.operation


def carry_out(follow_ups: Iterable[Reservation]) -> None:
    """Send operations that follow from a committed change.

    An error doesn't spoil the change: it leaves the operation open, to be resolved later.
    """
    for reservation in follow_ups:
        try:
            complete(reservation)
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


def _withdraw(reservation: Reservation, message: str = "The database failed while the payment was reserved.") -> None:
    """Close what won't be sent. Where its commit failed, it may have been carried out all the same, settled by a local
    provider, or marked as told: then its caller is not told, and may ask again.
    """
    operation = reservation.operation
    outcome = Unknown(message=message) if reservation.is_resend else NotExecuted(message=message)
    locks.renew_connection()
    try:
        with locked_collection(operation.payment_collection_id, include_deleted=True) as collection:
            apply_settlement(collection, operation, outcome, is_answer=False)
            if operation.is_open or operation.answered_at is None:
                operations.mark_undelivered(operation)
    except (Operation.DoesNotExist, DatabaseError):
        logger.warning("operation %s was not reserved, or can't be reached now", operation.pk)


def complete(reservation: Reservation, *, is_answer: bool = False) -> Settlement:
    """Send a committed reservation, book its outcome and return what it became; its follow-ups aren't sent.

    Raises `PaymentOutcomeUnknown` for what couldn't be booked.
    """
    operation = reservation.operation
    provider = operations.provider_for(operation)
    settled_by = Settler.RESEND if reservation.is_resend else Settler.ANSWER
    if provider.capabilities.is_local:
        with locked_collection(operation.payment_collection_id, include_deleted=True) as collection:
            outcome = provider_calls.send(provider, reservation)
            return apply_settlement(collection, operation, outcome, is_answer=is_answer, settled_by=settled_by)
    outcome = provider_calls.send(provider, reservation)
    return _settle(operation, outcome, is_answer=is_answer, settled_by=settled_by)


def _settle(operation: Operation, outcome: Outcome, *, is_answer: bool, settled_by: Settler) -> Settlement:
    """Book an outcome, a second time on a fresh connection when the database fails.

    Raises `PaymentOutcomeUnknown` for what can't be booked; it is left to the next caller to find out.
    """
    unbooked = Unknown(message="The provider's answer could not be booked.")
    for attempt in (outcome, outcome, unbooked):
        try:
            with locked_collection(operation.payment_collection_id, include_deleted=True) as collection:
                settlement = apply_settlement(
                    collection, operation, attempt, is_answer=is_answer, settled_by=settled_by
                )
                if attempt is unbooked:
                    operations.mark_undelivered(operation)
        except Exception as error:
            provider_calls.log_exception(f"operation {operation.pk}: booking its outcome", error)
            locks.renew_connection()
        else:
            if attempt is outcome:
                return settlement
    raise operations.outcome_unknown(operation)
