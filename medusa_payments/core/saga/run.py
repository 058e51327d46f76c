"""Reserve, call, settle: the one way in which an operation is carried out for a caller who waits.

One that was reserved before, and may have been sent, is read at the provider before anything is sent again.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, overload

from django.db import Error as DatabaseError

from medusa_payments.core.base import leases
from medusa_payments.core.base.locks import renew_connection
from medusa_payments.core.base.providers import provider_for
from medusa_payments.core.books import book as books
from medusa_payments.core.books import evidence
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.evidence import NotExecuted, Unknown
from medusa_payments.core.saga import comparing, recovery, sending
from medusa_payments.core.saga.operations import Reservation
from medusa_payments.core.saga.settling import changing, complete, raise_unless_succeeded
from medusa_payments.exceptions import Conflict
from medusa_payments.models import Operation
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationStatus, Settler

logger = logging.getLogger(__name__)

Reserve = Callable[[Book], Reservation | None]


@overload
def execute(
    *, payment_collection_id: str, reserve: Callable[[Book], Reservation], include_deleted: bool = False
) -> Operation: ...


@overload
def execute(*, payment_collection_id: str, reserve: Reserve, include_deleted: bool = False) -> Operation | None: ...


@sending.retried
def execute(*, payment_collection_id: str, reserve: Reserve, include_deleted: bool = False) -> Operation | None:
    """Carry out the operation that `reserve` returns and return it as it stands afterwards.

    `reserve` is given the collection's book; it checks state and limits and reserves the operation, or returns None
    when there is nothing to do (then so does this). An operation that it finds finished is returned as it is. One that
    may have been sent already is read at the provider first: what is seen there is the answer. When it proves that
    nothing was executed, `reserve` runs once more, for a request that is new by then. The provider is called between
    two transactions, with no lock held; only a provider that declares itself local is called inside the first.

    Raises what `reserve` raises, `NotFound` (also for a deleted collection, unless `include_deleted`),
    `PaymentOutcomeUnknown` when the database couldn't book the answer, `InsideTransaction`.
    """
    operation, was_read = _execute_once(payment_collection_id, reserve, include_deleted)
    if was_read and operation is not None and was_never_executed(operation):
        operation, _ = _execute_once(payment_collection_id, reserve, include_deleted)
    return operation


_FEW_ROUNDS = 3


def execute_until(
    payment_collection_id: str, reserve: Reserve, *, is_done: Callable[[Operation], bool]
) -> Operation | None:
    """Execute, first finishing what an earlier request left unknown on the same slot. Return the operation that is the
    caller's answer, None when there was nothing to do.

    Each round that meets such an operation resolves it and looks again. That one's refusal is no answer to this caller.
    Raises what `execute` and `raise_unless_succeeded` raise, `Conflict` while others keep coming first.
    """
    for _ in range(_FEW_ROUNDS):
        operation = execute(payment_collection_id=payment_collection_id, reserve=reserve)
        if operation is None:
            return None
        is_answer = is_done(operation)
        if is_answer or operation.is_open:
            raise_unless_succeeded(operation)
        if is_answer:
            return operation
    raise Conflict(
        f"Other requests keep changing {payment_collection_id}.", retry_after=leases.IN_PROGRESS_RETRY_SECONDS
    )


def _execute_once(payment_collection_id: str, reserve: Reserve, include_deleted: bool) -> tuple[Operation | None, bool]:
    """Return the operation, and whether the provider was read for it. One that was sent just now, and that another
    process has read and closed meanwhile, isn't sent once more: its caller is told.
    """
    reservation: Reservation | None = None
    try:
        with changing(payment_collection_id, include_deleted=include_deleted) as book:
            reservation = reserve(book)
            if reservation is None:
                return None, False
            operation = reservation.operation
            if not operation.is_open:
                return operation, False
            provider = provider_for(operation)
            if provider.capabilities.is_local and not reservation.is_resend:
                outcome = sending.send(provider, reservation)
                return evidence.absorb(book, operation.pk, outcome), False
    except DatabaseError:
        if reservation is not None:
            _withdraw(reservation)
        raise
    return _sent(reservation), reservation.is_resend


@sending.retried
def reserve_all(
    *,
    payment_collection_id: str,
    reserve: Callable[[Book], list[Reservation]],
    include_deleted: bool = False,
) -> list[Reservation]:
    """Commit all operations that `reserve` returns, for `answer` to carry out one after the other.

    Raises what `reserve` raises, `NotFound`, `InsideTransaction`.
    """
    reservations: list[Reservation] = []
    try:
        with changing(payment_collection_id, include_deleted=include_deleted) as book:
            reservations = reserve(book)
    except DatabaseError:
        for reservation in reservations:
            _withdraw(reservation)
        raise
    return reservations


def answer(reservation: Reservation, *, reopen: Callable[[Book, Operation], Reservation] | None = None) -> Operation:
    """Carry out a committed operation for a caller who waits; return it as it stands afterwards.

    One that is proven not to have been executed is reopened by `reopen`. Raises what that raises, and
    `PaymentOutcomeUnknown` when the database couldn't book the answer.
    """
    if not reservation.operation.is_open:
        return reservation.operation
    operation = _sent(reservation)
    if reopen is None or not (reservation.is_resend and was_never_executed(operation)):
        return operation
    with changing(operation.payment_collection_id, include_deleted=True) as book:
        reopened = reopen(book, _of(book, operation))
    return _sent(reopened)


def _of(book: Book, operation: Operation) -> Operation:
    known = book.operation(operation.pk)
    if known is None:
        raise Operation.DoesNotExist(operation.pk)
    return known


def _sent(reservation: Reservation) -> Operation:
    """Send a reservation, unless it was reserved before and reading the provider tells more; return the operation as it
    stands afterwards.
    """
    if not reservation.is_resend:
        return complete(reservation)
    finding = recovery.find_out_for_caller(reservation)
    operation = complete(finding.to_send) if finding.to_send is not None else _stored(reservation.operation)
    if finding.waits:
        comparing.look_at(operation.payment_session_id)
        return _stored(operation)
    return operation


def _stored(operation: Operation) -> Operation:
    """Read an operation with its session and payment."""
    return primary(Operation).select_related("payment_session", "payment").get(pk=operation.pk)


def was_never_executed(operation: Operation) -> bool:
    """Return True for an operation that reading the provider proved not to be executed: it can be sent anew at once."""
    return operation.status == OperationStatus.NOT_EXECUTED and operation.settled_by == Settler.READ


def withdraw(reservations: Iterable[Reservation]) -> None:
    """Close operations that won't be sent, because one that they depend on didn't succeed."""
    for reservation in reservations:
        _withdraw(reservation, message="It was not sent: another operation of the same request did not succeed.")


def enqueue(*, payment_collection_id: str, reserve: Callable[..., Reservation | None]) -> Operation | None:
    """Reserve what the worker will carry out, inside the caller's own transaction; return the operation.

    Returns an operation that `reserve` finds finished as it is, leaves one that it finds open to the worker, and
    returns None when there is nothing to do. Raises what `reserve` raises, and `NotFound`.
    """
    with books.opened_for_caller(payment_collection_id) as book:
        reservation: Any = reserve(book, is_deferred=True)
        return reservation and reservation.operation  # type: ignore[no-any-return]


def _withdraw(reservation: Reservation, message: str = "The database failed while the payment was reserved.") -> None:
    """Close what won't be sent. Where its commit failed, it may have been carried out all the same, and settled by a
    local provider: its caller is not told, and is owed the answer.
    """
    operation = reservation.operation
    outcome = Unknown(message=message) if reservation.is_resend else NotExecuted(message=message)
    renew_connection()
    try:
        with changing(operation.payment_collection_id, include_deleted=True) as book:
            evidence.absorb(book, operation.pk, outcome, fence=operation.fence)
    except (Operation.DoesNotExist, DatabaseError):
        logger.warning("operation %s was not reserved, or can't be reached now", operation.pk)
