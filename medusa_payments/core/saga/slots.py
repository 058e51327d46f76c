"""Open slots: of the verbs that replace one another (choosing, authorizing, canceling) one at a time has its place.

An open operation holds its slot until it is closed, or the customer goes another way and it loses the slot.
"""

from collections.abc import Iterable

from medusa_payments.core.base.leases import in_progress, is_leased
from medusa_payments.core.books.book import Book
from medusa_payments.models import Operation, PaymentSession
from medusa_payments.states import OperationKind

_CHOOSING = frozenset({OperationKind.INITIATE, OperationKind.UPDATE})


def session_slot(payment_collection_id: str, slot: int = 0) -> str:
    """Return the open slot that all verbs on one of a collection's live sessions share."""
    return f"{payment_collection_id}/{slot}"


def holder(book: Book, open_slot: str) -> Operation | None:
    """Return the open operation that holds a slot. Raises `Conflict` while another request for it is in progress."""
    found = _unless_leased(book, (each for each in book.operations if each.open_slot == open_slot))
    return found[0] if found else None


def holders(book: Book) -> list[Operation]:
    """Return the open operations that hold a slot of the collection's sessions. Raises `Conflict` as `holder` does."""
    return _unless_leased(book, (each for each in book.operations if _holds_a_slot(book, each)))


def unfinished_for(book: Book, session: PaymentSession) -> list[Operation]:
    """Return the open operations that stand between a live session and its authorization: those on the session itself,
    the one that holds its slot, and those that choose the collection's sessions anew.

    Raises `Conflict` as `holder` does.
    """
    own_slot = session_slot(book.collection.pk, session.slot or 0)
    return _unless_leased(
        book,
        (
            each
            for each in book.operations
            if (each.is_open and each.payment_session_id == session.pk)
            or each.open_slot == own_slot
            or (_holds_a_slot(book, each) and each.kind in _CHOOSING)
        ),
    )


def vacate(operation: Operation) -> None:
    """Take an unknown operation's slot away, so that the customer can go another way. It stays open, to be resolved."""
    operation.open_slot = None


def _holds_a_slot(book: Book, operation: Operation) -> bool:
    return operation.open_slot is not None and operation.open_slot.startswith(f"{book.collection.pk}/")


def _unless_leased(book: Book, found: Iterable[Operation]) -> list[Operation]:
    operations, now = list(found), book.clock()
    for operation in operations:
        if is_leased(operation, now):
            raise in_progress(operation)
    return operations
