"""Making sessions the live ones of their collection, and taking others out of their place.

A split collection that is paid in part has a deadline: in the end all of it is paid, or all of it goes back.
"""

from collections.abc import Sequence
from datetime import timedelta

from medusa_payments.conf import payments_settings
from medusa_payments.core.books import attention
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import EventName
from medusa_payments.core.policy.waits import SHORTEST_WAIT
from medusa_payments.models import Operation, PaymentSession
from medusa_payments.states import MONEY_HOLDING_STATUSES, OperationStatus


def settle(book: Book, operation: Operation, session: PaymentSession) -> bool:
    """Make a session live that an operation has initiated or updated, and replace those whose place it takes.

    One of a set waits for the others: the last to succeed makes all of them live. False when the session was replaced
    meanwhile by another choice or with the collection, or isn't needed because another one was paid with.
    """
    plan = operation.intent.get("plan", [session.pk])
    is_paid_otherwise = any(other.status in MONEY_HOLDING_STATUSES and other.pk not in plan for other in book.live)
    if operation.open_slot is None or is_paid_otherwise or book.collection.canceled_at is not None:
        attention.ask(book)
        return False
    others = [each for each in operations_of_set(book, operation) if each is not operation]
    if all(other.status == OperationStatus.SUCCEEDED for other in others):
        place(book, plan, cause=operation)
    return True


def place(book: Book, plan: Sequence[str], *, cause: Operation | None = None, actor: str = "") -> None:
    """Make the sessions of a plan the live ones, in its order, and replace all others that are live now."""
    before = book.live
    for session in before:
        if session.pk not in plan:
            replace(book, session, cause=cause, actor=actor)
    for slot, pk in enumerate(plan):
        book.session(pk).slot = slot
    if len(plan) > 1:
        for pk in plan:
            attention.watch(book, book.session(pk))
    # A rest beside money that stays: nothing returns that money when the rest isn't paid in time.
    is_rest = cause is not None and cause.intent.get("rest", False)
    if (len(plan) > 1 or len(before) > 1) and not is_rest:
        adopt(book, sessions=len(plan), was_split=len(before) > 1)


def replace(book: Book, session: PaymentSession, *, cause: Operation | None = None, actor: str = "") -> None:
    """Take a session out of its place: it is history, and its object at the provider is to be canceled."""
    session.slot = None
    session.replaced_at = book.clock()
    book.record(
        EventName.SESSION_REPLACED,
        operation=cause,
        actor=actor,
        payment_session_id=session.pk,
        replaced_by=cause.payment_session_id if cause else None,
    )
    attention.ask(book, book.clock() + SHORTEST_WAIT)
    book.freed.append(session)


def replace_unpaid(book: Book, *, actor: str = "") -> None:
    """Replace the live sessions that have no payment."""
    for session in book.live:
        if book.payment_of(session) is None:
            replace(book, session, actor=actor)


def operations_of_set(book: Book, operation: Operation) -> list[Operation]:
    """Return the operations that were reserved together with one of a set, itself included; those of a single session
    are none.
    """
    if "set" not in operation.intent:
        return []
    together = operation.intent["set"]
    return [each for each in book.operations if each.intent.get("set") == together]


def adopt(book: Book, *, sessions: int, was_split: bool) -> None:
    """Store what fits the number of a collection's live sessions: `SPLIT_ON_FAILURE` for several, which have a deadline
    as soon as something is paid. That of an earlier split ends with the last of what was held then.
    """
    is_split = sessions > 1
    book.collection.on_failure = payments_settings.SPLIT_ON_FAILURE if is_split else payments_settings.ON_FAILURE
    held = book.held
    if held:
        _count_down(book, held, is_split=is_split)
    elif was_split:
        book.collection.resolve_by = None


def begin_anew(book: Book) -> None:
    """An order that failed is tried again: what is paid from now on is wanted, and so is, for a time, what is held.
    No-op for one that hasn't failed.
    """
    if book.collection.failed_at is None:
        return
    book.collection.failed_at = book.collection.resolve_by = None
    held = book.held
    if held:
        # The next attempt may come to nothing, too.
        _count_down(book, held, is_split=True)


def note_authorization(book: Book) -> None:
    """Begin to count down when a split collection is paid in part, and stop when it is paid in full, with money that is
    there. A `resolve_by` that is set already stays. No-op for a part that is all of a collection that isn't split.
    """
    held = book.held
    is_split = any(session.slot for session in book.sessions)
    _count_down(book, held, is_split=held < book.collection.amount and is_split)


def _count_down(book: Book, held: int, *, is_split: bool) -> None:
    collection = book.collection
    if held >= collection.amount:
        collection.resolve_by = None
    elif collection.resolve_by is None and is_split:
        collection.resolve_by = book.clock() + timedelta(seconds=payments_settings.SPLIT_RESOLVE_SECONDS)
    if collection.resolve_by is not None:
        attention.ask(book, collection.resolve_by)
