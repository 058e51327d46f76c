"""Keeping a collection at its cart's amount, and what becomes of money that doesn't fit the cart any more."""

from collections.abc import Iterable, Sequence
from typing import Any

from medusa_payments.carts import CartSnapshot, resolve_cart
from medusa_payments.core.base import amounts
from medusa_payments.core.base.providers import provider_if_any
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import BY_WORKER, EventName
from medusa_payments.core.policy.misfit import CartFacts, ChosenSplit, HeldMoney, Misfit, misfit
from medusa_payments.exceptions import InvalidData
from medusa_payments.models import Event, Payment, PaymentCollection
from medusa_payments.money import RoundedAmount, round_to_minor_units
from medusa_payments.providers.registry import providers
from medusa_payments.queries.primary import primary
from medusa_payments.states import MONEY_HOLDING_STATUSES, OperationKind, OperationStatus, SessionStatus


def snapshot_of(collection: PaymentCollection, request: object | None) -> CartSnapshot | None:
    """Ask the host for the cart behind a collection; None when it wasn't made for a cart."""
    return resolve_cart(collection.cart_id, request) if collection.live_cart_id else None


def region_of(collection: PaymentCollection, snapshot: CartSnapshot | None) -> str:
    """Return the region that a collection is paid in, as the cart says now; "" is one without restrictions."""
    return (snapshot.region_id or "") if snapshot else collection.region_id


def rounded_total(snapshot: CartSnapshot) -> RoundedAmount:
    """Return a cart's total rounded half up to minor units. Raises `InvalidData` for one that is no amount to pay."""
    rounded = round_to_minor_units(snapshot.amount, snapshot.currency_code)
    if rounded.minor_units < 0:
        raise InvalidData("The total of the cart is negative.")
    return rounded


def covers(collection: PaymentCollection, snapshot: CartSnapshot) -> bool:
    """Say whether a collection has the cart's amount and currency."""
    return (collection.amount, collection.currency_code) == (
        rounded_total(snapshot).minor_units,
        snapshot.currency_code.lower(),
    )


def follow(book: Book, snapshot: CartSnapshot | None) -> None:
    """Bring a collection to its cart's amount. No-op without a cart, and once money is or may be held."""
    if snapshot is None or covers(book.collection, snapshot) or is_committed(book):
        return
    _bring_to(book, rounded_total(snapshot), snapshot.currency_code.lower())


def follow_beside_money(book: Book, snapshot: CartSnapshot, *, held: int = 0) -> None:
    """Bring a collection that holds money to its cart's amount, or to `held` (minor units) if that is more: never below
    what stays, so that none of it becomes a surplus. No-op while somebody may be authorizing.
    """
    rounded, currency_code = rounded_total(snapshot), snapshot.currency_code.lower()
    if held > rounded.minor_units:
        rounded = RoundedAmount(minor_units=held, remainder=rounded.remainder)
    is_there = (book.collection.amount, book.collection.currency_code) == (rounded.minor_units, currency_code)
    if not is_there and not is_authorizing(book):
        _bring_to(book, rounded, currency_code)


def is_committed(book: Book) -> bool:
    """Say whether a session holds money, or somebody may be authorizing one right now."""
    holds_money = any(session.status in MONEY_HOLDING_STATUSES for session in book.sessions)
    return holds_money or is_authorizing(book)


def is_authorizing(book: Book) -> bool:
    """Say whether somebody may be authorizing a session right now."""
    return bool(book.open(None, OperationKind.AUTHORIZE))


def misfit_of(
    book: Book, snapshot: CartSnapshot, payments: Sequence[Payment], *, split: ChosenSplit | None = None
) -> Misfit | None:
    """Return what becomes of payments that don't fit the cart as it is now (`misfit.misfit`)."""
    if not payments:
        return None
    cart = _cart_facts(book.collection, snapshot, payments)
    return misfit(cart, [_held(book, payment) for payment in payments], pending=_pending(book, cart), split=split)


def has_order(collection: PaymentCollection, snapshot: CartSnapshot) -> bool | None:
    """Say whether an order stands on a collection; None when the host can't tell."""
    return True if collection.order_id else snapshot.has_order


def tell_of_kept_money(book: Book, snapshot: CartSnapshot, misfit: Misfit) -> None:
    """Record that a collection keeps money that doesn't fit its cart: `before` is what it holds, `after` what the cart
    costs. No-op when that was recorded last.
    """
    told: dict[str, Any] = {
        "before": {"amount": misfit.kept + misfit.kept_abroad, "currency_code": book.collection.currency_code},
        "after": {"amount": rounded_total(snapshot).minor_units, "currency_code": snapshot.currency_code.lower()},
        "reason": ORDER_UNKNOWN if snapshot.has_order is None else NOT_RELEASABLE,
    }
    earlier = primary(Event).filter(payment_collection=book.collection, name=EventName.MONEY_KEPT.value)
    last = earlier.order_by("-number").first()
    if last is None or last.data != told:
        book.record(EventName.MONEY_KEPT, **told)


ORDER_UNKNOWN = "the shop doesn't say whether an order exists"
NOT_RELEASABLE = "it is captured, or its provider doesn't release it"


def _bring_to(book: Book, rounded: RoundedAmount, currency_code: str) -> None:
    collection = book.collection
    before = {"amount": collection.amount, "currency_code": collection.currency_code}
    collection.amount = rounded.minor_units
    collection.currency_code = currency_code
    book.record(
        EventName.COLLECTION_UPDATED,
        before=before,
        after={"amount": collection.amount, "currency_code": collection.currency_code},
        rounding_remainder=str(rounded.remainder),
    )


def _cart_facts(collection: PaymentCollection, snapshot: CartSnapshot, found: Iterable[Payment]) -> CartFacts:
    amount, currency_code = rounded_total(snapshot).minor_units, snapshot.currency_code.lower()
    configured = [providers[payment.provider_id] for payment in found if payment.provider_id in providers]
    steps = [amounts.step_up(amount, provider=provider, currency_code=currency_code) for provider in configured]
    return CartFacts(
        amount=amount,
        currency_code=currency_code,
        most=max(steps, default=amount),
        has_order=has_order(collection, snapshot),
    )


def _pending(book: Book, cart: CartFacts) -> int:
    """Return what the live sessions that wait for their payment come to (minor units)."""
    return sum(
        session.amount
        for session in book.live
        if book.payment_of(session) is None
        and session.currency_code == cart.currency_code
        and session.status != SessionStatus.CANCELED
    )


def _held(book: Book, payment: Payment) -> HeldMoney:
    is_quiet = not payment.capturing_amount and not payment.releasing_amount and payment.frozen_at is None
    may_go = is_quiet and not _was_refused(book, payment) and provider_if_any(payment) is not None
    return HeldMoney(
        payment_id=payment.pk,
        session_id=payment.payment_session_id,
        currency_code=payment.currency_code,
        paid=payment.amount,
        held=payment.held_amount,
        releasable=payment.capturable_amount if may_go else 0,
        is_empty=payment.amount == 0 and may_go,
    )


def _was_refused(book: Book, payment: Payment) -> bool:
    """Say whether the provider refused to release just this; it isn't asked again and again."""
    return any(
        operation.payment_id == payment.pk
        and operation.kind == OperationKind.CANCEL
        and operation.status == OperationStatus.REFUSED
        and operation.amount == payment.capturable_amount
        and operation.created_by == BY_WORKER
        for operation in book.operations
    )
