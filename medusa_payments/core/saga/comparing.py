"""Comparing a session with its object at the provider: a webhook, the worker, reconciliation and staff all look at a
payment in this one way.
"""

from medusa_payments.core.books import attention, sessions, snapshots
from medusa_payments.core.books.snapshots import NO_SUCH_OBJECT, Convergence
from medusa_payments.core.saga.reads import Absent, Found, Reading, read
from medusa_payments.core.saga.settling import changing, raise_unless_succeeded
from medusa_payments.models import Operation, PaymentSession
from medusa_payments.providers.facts import PaymentSnapshot
from medusa_payments.queries.primary import primary
from medusa_payments.states import RefusalKind


def look_at(payment_session_id: str, *, is_dry_run: bool = False) -> Convergence:
    """Ask a session's provider what it has, book what is new, and carry out what follows from it.

    No lock is held while the provider is asked. Idempotent; a dry run books nothing and tells what would be booked.
    Raises `InsideTransaction`, and `PaymentSession.DoesNotExist`.
    """
    session = primary(PaymentSession).get(pk=payment_session_id)
    reading = read(session)
    if not isinstance(reading, Found):
        return _unseen(reading)
    return take_in(session, reading.snapshot, as_of=reading.as_of, is_dry_run=is_dry_run)


def look_at_open_sessions(payment_collection_id: str) -> bool:
    """Ask the providers of a collection's live sessions, before something is done that would lose money there: those
    that aren't decided, and those with money that isn't captured, which may be gone.

    What can't be asked is left as it is. An object that isn't there any more counts as canceled. Returns True if a
    session may hold money by now.
    """
    may_hold_money = False
    live = primary(PaymentSession).filter(payment_collection_id=payment_collection_id, slot__isnull=False)
    for session in live.select_related("payment"):
        payment = getattr(session, "payment", None)
        if payment is not None:
            may_hold_money = True
            if payment.capturable_amount and attention.can_be_asked(session):
                look_at(session.pk)
        elif attention.is_watchable(session):
            converged = look_at(session.pk)
            may_hold_money |= bool(converged.changes)
            if converged.problem == NO_SUCH_OBJECT:
                _book_absence(session)
    return may_hold_money


def _book_absence(session: PaymentSession) -> None:
    """A session without its object can't be paid, so the next choice makes another one. No-op when it has changed."""
    with changing(session.payment_collection_id, include_deleted=True) as book:
        now = book.session(session.pk)
        if now.updated_at == session.updated_at and not book.is_in_doubt(now):
            sessions.note_canceled(book, now)


def conclude(operation: Operation) -> None:
    """Tell the caller of a money verb what became of it, as `settling.raise_unless_succeeded` does.

    A provider that rejects what our ledger allows knows something that we don't: it is asked, so that the next request
    starts from the truth.
    """
    if operation.refusal == RefusalKind.REJECTED:
        look_at(operation.payment_session_id)
    raise_unless_succeeded(operation)


def take_in(
    session: PaymentSession, snapshot: PaymentSnapshot, *, as_of: int | None = None, is_dry_run: bool = False
) -> Convergence:
    """Book what is new in a snapshot of a session's object, and carry out what follows from it.

    `as_of` is how many events the collection had before the provider was asked; None when that isn't known.
    """
    with changing(session.payment_collection_id, include_deleted=True, is_dry_run=is_dry_run) as book:
        return snapshots.absorb(book, book.session(session.pk), snapshot, as_of=as_of)


def _unseen(reading: Reading) -> Convergence:
    if isinstance(reading, Absent):
        return Convergence(waits=True, problem=NO_SUCH_OBJECT)
    return Convergence(waits=getattr(reading, "is_temporary", False), problem=getattr(reading, "message", ""))
