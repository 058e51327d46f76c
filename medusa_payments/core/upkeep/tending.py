"""Looking after collections: what their state calls for is done, by whoever finds it undone.

Nothing is remembered but when to look (`attention_at`). What is to be done is read off the rows each time, so a lost
process, an unreachable provider or a missed webhook only ever means that it is done later.
"""

import logging
from datetime import timedelta

from django.db.models.functions import Now

from medusa_payments.core.base import turns, calls, locks
from medusa_payments.core.base.stages import BATCH, StageReport
from medusa_payments.core.books import attention, failed_refunds, freezing
from medusa_payments.core.books import book as books
from medusa_payments.core.books.snapshots import NO_SUCH_OBJECT
from medusa_payments.core.policy.waits import backoff
from medusa_payments.core.saga import comparing, duties
from medusa_payments.core.saga.settling import carry_out, changing
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import PaymentCollection, PaymentSession
from medusa_payments.queries.primary import primary

logger = logging.getLogger(__name__)

TURN = timedelta(minutes=10)
"""How long one worker has a collection for itself."""

NOT_LOOKED_AFTER = "it could not be looked after"


def tend_due(limit: int = BATCH, is_dry_run: bool = False) -> StageReport:
    """Look after every collection whose time has come, one turn each."""
    due = primary(PaymentCollection).filter(attention_at__lte=Now()).order_by("attention_at", "id")
    collections = list(due[:limit])
    if is_dry_run:
        notes = tuple(f"{collection.pk} is to be looked after" for collection in collections)
        return StageReport(name="upkeep", left=due.count(), notes=notes)
    done = sum(_took_turn(collection) for collection in collections)
    return StageReport(name="upkeep", done=done, left=due.count())


def tend(payment_collection_id: str) -> None:
    """Look after one collection now: ask its providers where that may tell something new, then do what is due.

    Idempotent. Raises `NotFound`, `InsideTransaction`.
    """
    out_of_reach = [each.pk for each in _to_be_asked(payment_collection_id) if not _can_still_tell(each)]
    with changing(payment_collection_id, include_deleted=True) as book:
        failed_refunds.leave_to_staff(book, out_of_reach)
        reservations = duties.reserve(book)
        collection = book.collection
        collection.attention_count = collection.attention_count + 1 if collection.attention_at else 0
    carry_out(reservations)


def _to_be_asked(payment_collection_id: str) -> list[PaymentSession]:
    """Nothing is changed, so nothing needs to be locked. None for an unknown collection."""
    book = books.read(payment_collection_id)
    return duties.to_be_asked(book) if book else []


def _took_turn(collection: PaymentCollection) -> bool:
    """Claim a collection for one turn, so that no other worker has it; say whether the turn came to its end."""
    if not turns.take(primary(PaymentCollection), collection, turns.LOOKS, TURN):
        return False
    try:
        tend(collection.pk)
    except PaymentsError as error:
        logger.warning("collection %s could not be looked after: %s", collection.pk, type(error).__name__)
        return False
    except Exception as error:
        calls.log_exception(f"collection {collection.pk}: looking after it", error)
        locks.renew_connection()
        with locks.left_for_later(f"collection {collection.pk}: noting that it fails"):
            _postpone(collection.pk, type(error).__name__)
        return False
    return True


def _postpone(payment_collection_id: str, error: str) -> None:
    """Look later, each time later, and have a person see why. Its totals aren't touched: they may be what failed."""
    with books.opened(payment_collection_id, include_deleted=True) as book:
        collection = book.collection
        freezing.record_discrepancy(book, reason=NOT_LOOKED_AFTER, ours={}, theirs={"error": error})
        collection.attention_at = book.clock() + backoff(collection.attention_count)
        collection.attention_count += 1


def _can_still_tell(session: PaymentSession) -> bool:
    """Ask a session's provider; say whether it can tell, now or later, what becomes of a refund that it accepted."""
    seen = comparing.look_at(session.pk)
    return seen.problem != NO_SUCH_OBJECT and attention.is_within_reach(session)
