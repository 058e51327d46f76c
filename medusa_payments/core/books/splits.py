"""What becomes of a split collection that is paid in part: in the end all of it is paid, or all of it goes back."""

from datetime import timedelta

from medusa_payments.conf import payments_settings
from medusa_payments.core.books import attention
from medusa_payments.core.books.book import Book


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
    """An order that failed is tried again: what is paid from now on is wanted, and so is, for a time, what is held. No-op
    for one that hasn't failed.
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
