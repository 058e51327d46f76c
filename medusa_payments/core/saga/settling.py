"""Sends a committed operation and books how it ended; what that makes necessary is reserved with it and sent next."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import Error as DatabaseError

from medusa_payments.core.base import calls
from medusa_payments.core.base.locks import renew_connection
from medusa_payments.core.base.providers import provider_for
from medusa_payments.core.books import book as books
from medusa_payments.core.books import evidence
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.evidence import NotExecuted, Outcome, Unknown
from medusa_payments.core.saga import operations, sending, verbs
from medusa_payments.core.saga.operations import Reservation
from medusa_payments.exceptions import (
    PaymentAuthorizationError,
    PaymentsError,
    ProviderNotReachable,
    RejectedByProvider,
)
from medusa_payments.models import Operation
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationStatus, RefusalKind, Settler

logger = logging.getLogger(__name__)

NOT_REACHABLE_RETRY_SECONDS = 5


@contextmanager
def changing(payment_collection_id: str, *, include_deleted: bool = False, is_dry_run: bool = False) -> Iterator[Book]:
    """Open a collection's book. The objects of sessions that lose their place in it are canceled: that is reserved in
    the same transaction, and sent after the commit. A dry run changes and sends nothing.

    Raises what `books.opened` raises.
    """
    with books.opened(payment_collection_id, include_deleted=include_deleted, is_dry_run=is_dry_run) as book:
        yield book
        follow_ups = verbs.cancel_freed_objects(book)
    if not is_dry_run:
        carry_out(follow_ups)


@sending.retried
def complete(reservation: Reservation, *, nobody_waits: bool = False) -> Operation:
    """Send a committed reservation, book its outcome and return the operation as it stands then.

    Where `nobody_waits`, what finds no place among the calls to its account stays open for the worker. Raises
    `PaymentOutcomeUnknown` for what couldn't be booked.
    """
    operation = reservation.operation
    provider = provider_for(operation)
    settled_by = Settler.RESEND if reservation.is_resend else Settler.ANSWER
    if provider.capabilities.is_local:
        with changing(operation.payment_collection_id, include_deleted=True) as book:
            outcome = sending.send(provider, reservation)
            return evidence.absorb(book, operation.pk, outcome, fence=operation.fence, settled_by=settled_by)
    outcome = sending.send(provider, reservation)
    if nobody_waits and isinstance(outcome, NotExecuted) and outcome.was_turned_away:
        # As if it had been enqueued. Closed, it would be reserved anew in every round, row by row.
        primary(Operation).filter(pk=operation.pk, fence=operation.fence).update(is_deferred=True)
    return _settle(operation, outcome, settled_by=settled_by)


def _settle(operation: Operation, outcome: Outcome, *, settled_by: Settler) -> Operation:
    """Book an outcome, a second time on a fresh connection when the database fails.

    Raises `PaymentOutcomeUnknown` for what can't be booked; it is left to the next caller to find out.
    """
    unbooked = Unknown(message="The provider's answer could not be booked.")
    for attempt in (outcome, outcome, unbooked):
        try:
            settled = _book(operation, attempt, settled_by)
        except Exception as error:
            calls.log_exception(f"operation {operation.pk}: booking its outcome", error)
            renew_connection()
        else:
            if attempt is outcome:
                return settled
    raise operations.outcome_unknown(operation)


@sending.retried
def _book(operation: Operation, outcome: Outcome, settled_by: Settler) -> Operation:
    with changing(operation.payment_collection_id, include_deleted=True) as book:
        return evidence.absorb(book, operation.pk, outcome, fence=operation.fence, settled_by=settled_by)


def carry_out(reservations: Iterable[Reservation]) -> None:
    """Send operations for which nobody waits.

    An error spoils nothing: it leaves the operation open, to be resolved later.
    """
    for reservation in reservations:
        try:
            complete(reservation, nobody_waits=True)
        except (PaymentsError, DatabaseError) as error:
            logger.warning("follow-up operation %s was left open: %s", reservation.operation.pk, type(error).__name__)
            renew_connection()


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
