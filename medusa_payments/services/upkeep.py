"""Looking after collections: what their state calls for is done, by whoever finds it undone.

Nothing is remembered but when to look (`attention_at`). What is to be done is read off the rows each time, so a lost
process, an unreachable provider or a missed webhook only ever means that it is done later.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db.models.functions import Now

from medusa_payments.carts import CartSnapshot
from medusa_payments.core.books import locks
from medusa_payments.core.books.locks import locked_collection
from medusa_payments.core.policy.misfit import ChosenSplit
from medusa_payments.core.saga import turns
from medusa_payments.core.saga.stages import BATCH, StageReport
from medusa_payments.exceptions import (
    Conflict,
    InvalidData,
    PaymentAuthorizationError,
    PaymentsError,
    ProviderNotReachable,
)
from medusa_payments.models import PaymentCollection, PaymentSession
from medusa_payments.queries.primary import primary
from medusa_payments.services import (
    attention,
    cart_amounts,
    convergence,
    duties,
    execution,
    failed_refunds,
    freezing,
    projections,
    provider_calls,
)
from medusa_payments.services.execution import carry_out

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
    out_of_reach = [each.pk for each in duties.to_be_asked(payment_collection_id) if not _can_still_tell(each)]
    with locked_collection(payment_collection_id, include_deleted=True) as collection:
        failed_refunds.leave_to_staff(collection, out_of_reach)
        reservations = duties.reserve(collection)
        collection.attention_count = collection.attention_count + 1 if collection.attention_at else 0
        projections.store(collection)
        primary(PaymentCollection).filter(pk=collection.pk).update(attention_count=collection.attention_count)
    carry_out(reservations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The cart that a collection is to be paid for, and whether money may be held for it already."""

    cart: CartSnapshot | None
    may_hold_money: bool = False


def make_room(
    collection: PaymentCollection,
    snapshot: CartSnapshot | None,
    *,
    request: object | None,
    split: ChosenSplit | None = None,
) -> Room:
    """Prepare a collection for being paid as its cart is now: book what the providers of its sessions have, and release
    money that doesn't fit the cart any more. The cart that is returned is as it is then.

    The host is asked once more after the providers were: an order may have been placed meanwhile. Raises `Conflict`,
    `PaymentOutcomeUnknown` and `ProviderNotReachable` while a release isn't done, `InsideTransaction`.
    """
    may_hold_money = convergence.look_at_open_sessions(collection.pk)
    if snapshot is None or not (may_hold_money or collection.authorized_amount):
        return Room(cart=snapshot)
    snapshot = cart_amounts.snapshot_of(collection, request) or snapshot
    for _ in range(_FEW_ROUNDS):
        reserved = execution.reserve_all(
            payment_collection_id=collection.pk,
            reserve=partial(duties.reserve_for_cart, snapshot=snapshot, split=split),
        )
        if not reserved:
            break
        for operation in [execution.answer(reservation) for reservation in reserved]:
            # What the provider refuses to release stays, and is asked about once: the next round knows.
            with suppress(InvalidData, PaymentAuthorizationError):
                convergence.conclude(operation)
    return Room(cart=snapshot, may_hold_money=True)


_FEW_ROUNDS = 4


def follow_cart(collection: PaymentCollection, snapshot: CartSnapshot, *, request: object | None) -> PaymentCollection:
    """Bring a collection to its cart's amount and return it; what can't be released now stays, and so does the amount.

    Raises `NotFound` when it was deleted meanwhile, `InsideTransaction`.
    """
    with suppress(Conflict, ProviderNotReachable):
        snapshot = make_room(collection, snapshot, request=request).cart or snapshot
    with locked_collection(collection.pk) as locked:
        cart_amounts.follow(locked, snapshot)
    return locked


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
        provider_calls.log_exception(f"collection {collection.pk}: looking after it", error)
        locks.renew_connection()
        with locks.left_for_later(f"collection {collection.pk}: noting that it fails"):
            _postpone(collection.pk, type(error).__name__)
        return False
    return True


def _postpone(payment_collection_id: str, error: str) -> None:
    """Look later, each time later, and have a person see why. Its totals aren't touched: they may be what failed."""
    with locked_collection(payment_collection_id, include_deleted=True) as collection:
        freezing.record_discrepancy(collection, reason=NOT_LOOKED_AFTER, ours={}, theirs={"error": error})
        primary(PaymentCollection).filter(pk=collection.pk).update(
            event_count=collection.event_count,
            attention_at=turns.later(collection.attention_count),
            attention_count=collection.attention_count + 1,
        )


def _can_still_tell(session: PaymentSession) -> bool:
    """Ask a session's provider; say whether it can tell, now or later, what becomes of a refund that it accepted."""
    seen = convergence.look_at(session.pk)
    return seen.problem != convergence.NO_SUCH_OBJECT and attention.is_within_reach(session)
