"""Making room for a payment: what doesn't fit the cart any more is released first."""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from medusa_payments.carts import CartSnapshot
from medusa_payments.core.base.providers import provider_for
from medusa_payments.core.books import facts
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import BY_WORKER
from medusa_payments.core.policy import due
from medusa_payments.core.policy.misfit import ChosenSplit
from medusa_payments.core.saga import comparing, operations, run, slots, verbs
from medusa_payments.core.saga.duties import reserved
from medusa_payments.core.saga.operations import Reservation
from medusa_payments.core.saga.settling import changing
from medusa_payments.core.sessions import cart
from medusa_payments.exceptions import Conflict, InvalidData, PaymentAuthorizationError, ProviderNotReachable
from medusa_payments.models import PaymentCollection


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
    may_hold_money = comparing.look_at_open_sessions(collection.pk)
    if snapshot is None or not (may_hold_money or collection.authorized_amount):
        return Room(cart=snapshot)
    snapshot = cart.snapshot_of(collection, request) or snapshot
    for _ in range(_FEW_ROUNDS):
        reserved = run.reserve_all(
            payment_collection_id=collection.pk, reserve=partial(_reserve, snapshot=snapshot, split=split)
        )
        if not reserved:
            break
        for operation in [run.answer(reservation) for reservation in reserved]:
            # What the provider refuses to release stays, and is asked about once: the next round knows.
            with suppress(InvalidData, PaymentAuthorizationError):
                comparing.conclude(operation)
    return Room(cart=snapshot, may_hold_money=True)


_FEW_ROUNDS = 4


def follow_cart(collection: PaymentCollection, snapshot: CartSnapshot, *, request: object | None) -> PaymentCollection:
    """Bring a collection to its cart's amount and return it; what can't be released now stays, and so does the amount.

    Raises `NotFound` when it was deleted meanwhile, `InsideTransaction`.
    """
    with suppress(Conflict, ProviderNotReachable):
        snapshot = make_room(collection, snapshot, request=request).cart or snapshot
    with changing(collection.pk) as book:
        cart.follow(book, snapshot)
    return book.collection


def _reserve(book: Book, *, snapshot: CartSnapshot, split: ChosenSplit | None = None) -> list[Reservation]:
    """Reserve what must be released before a collection without an order can be paid as its cart is now: what is due
    anyway, and money that doesn't fit the cart any more (`misfit.misfit`).

    Has the collection follow the cart when its money fits, and tells staff of money that is kept.

    No-op once an order exists, and while somebody may be authorizing. Raises `Conflict` while another request releases
    it, `PaymentOutcomeUnknown`.
    """
    if _is_no_question(book, snapshot):
        return []
    if snapshot.has_order is False:
        # An earlier request's release whose answer was lost: its money would look as if it stayed.
        releasing = [payment.pk for payment in facts.not_canceled(book) if payment.releasing_amount]
        unfinished = [holder for pk in releasing if (holder := slots.holder(book, pk)) is not None]
        if unfinished:
            return [operations.resume(book, operation) for operation in unfinished]
        known = facts.facts_of(book)
        due_anyway = [undo for undo in due.to_give_back(known) if undo.release]
        if due_anyway:
            duties = [duty for undo in due_anyway for duty in due.duties_of(known, undo)]
            return [reservation for duty in duties for reservation in reserved(book, duty)]
    kept = facts.staying(book)
    misfit = cart.misfit_of(book, snapshot, kept, split=split)
    if misfit is not None and misfit.release:
        return [
            verbs.release(book, payment, provider_for(payment), amount=payment.capturable_amount, created_by=BY_WORKER)
            for payment in kept
            if payment.pk in misfit.release
        ]
    unsplit = misfit or cart.misfit_of(book, snapshot, kept)
    if unsplit is not None and not unsplit.release:
        cart.tell_of_kept_money(book, snapshot, unsplit)
    if misfit is None and kept:
        cart.follow_beside_money(book, snapshot)
    return []


def _is_no_question(book: Book, snapshot: CartSnapshot) -> bool:
    collection = book.collection
    is_over = any((collection.deleted_at, collection.canceled_at, cart.has_order(collection, snapshot)))
    return is_over or cart.is_authorizing(book)
