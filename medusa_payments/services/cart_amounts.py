"""Keeping a collection at its cart's amount, and what becomes of money that doesn't fit the cart any more."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from medusa_payments.carts import CartSnapshot, resolve_cart
from medusa_payments.core.policy.misfit import CartFacts, ChosenSplit, HeldMoney, Misfit, misfit
from medusa_payments.core.saga import workers
from medusa_payments.exceptions import InvalidData, PaymentsError
from medusa_payments.models import Event, Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.money import RoundedAmount, round_to_minor_units
from medusa_payments.providers.registry import providers
from medusa_payments.queries.primary import primary
from medusa_payments.services import amounts, events, operations, projections
from medusa_payments.services.events import EventName
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


def follow(collection: PaymentCollection, snapshot: CartSnapshot | None) -> None:
    """Bring a locked collection to its cart's amount. No-op without a cart, and once money is or may be held."""
    if snapshot is None or covers(collection, snapshot) or is_committed(collection):
        return
    _bring_to(collection, rounded_total(snapshot), snapshot.currency_code.lower())


def follow_beside_money(collection: PaymentCollection, snapshot: CartSnapshot, *, held: int = 0) -> None:
    """Bring a locked collection that holds money to its cart's amount, or to `held` (minor units) if that is more:
    never below what stays, so that none of it becomes a surplus. No-op while somebody may be authorizing.
    """
    rounded, currency_code = rounded_total(snapshot), snapshot.currency_code.lower()
    if held > rounded.minor_units:
        rounded = RoundedAmount(minor_units=held, remainder=rounded.remainder)
    is_there = (collection.amount, collection.currency_code) == (rounded.minor_units, currency_code)
    if not is_there and not is_authorizing(collection):
        _bring_to(collection, rounded, currency_code)


def is_committed(collection: PaymentCollection) -> bool:
    """Say whether a session holds money, or somebody may be authorizing one right now."""
    held = primary(PaymentSession).filter(payment_collection=collection, status__in=MONEY_HOLDING_STATUSES)
    return held.exists() or is_authorizing(collection)


def misfit_of(
    collection: PaymentCollection,
    snapshot: CartSnapshot,
    payments: Sequence[Payment],
    *,
    split: ChosenSplit | None = None,
) -> Misfit | None:
    """Return what becomes of payments that don't fit the cart as it is now (`misfit.misfit`)."""
    if not payments:
        return None
    cart = _cart_facts(collection, snapshot, payments)
    return misfit(cart, [_held(payment) for payment in payments], pending=_pending(cart, collection), split=split)


def has_order(collection: PaymentCollection, snapshot: CartSnapshot) -> bool | None:
    """Say whether an order stands on a collection; None when the host can't tell."""
    return True if collection.order_id else snapshot.has_order


def payments_there(collection: PaymentCollection) -> list[Payment]:
    """Return the payments of a collection that aren't canceled, oldest first, with their sessions."""
    found = primary(Payment).filter(payment_collection=collection, canceled_at=None)
    return list(found.select_related("payment_session").order_by("created_at", "id"))


def tell_of_kept_money(collection: PaymentCollection, snapshot: CartSnapshot, misfit: Misfit) -> None:
    """Record that a locked collection keeps money that doesn't fit its cart: `before` is what it holds, `after` what
    the cart costs. No-op when that was recorded last.
    """
    told: dict[str, Any] = {
        "before": {"amount": misfit.kept + misfit.kept_abroad, "currency_code": collection.currency_code},
        "after": {"amount": rounded_total(snapshot).minor_units, "currency_code": snapshot.currency_code.lower()},
        "reason": ORDER_UNKNOWN if snapshot.has_order is None else NOT_RELEASABLE,
    }
    earlier = primary(Event).filter(payment_collection=collection, name=EventName.MONEY_KEPT.value).order_by("-number")
    last = earlier.first()
    if last is None or last.data != told:
        events.record(collection, EventName.MONEY_KEPT, **told)
        projections.store(collection)


ORDER_UNKNOWN = "the shop doesn't say whether an order exists"
NOT_RELEASABLE = "it is captured, or its provider doesn't release it"


def _bring_to(collection: PaymentCollection, rounded: RoundedAmount, currency_code: str) -> None:
    before = {"amount": collection.amount, "currency_code": collection.currency_code}
    collection.amount = rounded.minor_units
    collection.currency_code = currency_code
    events.record(
        collection,
        EventName.COLLECTION_UPDATED,
        before=before,
        after={"amount": collection.amount, "currency_code": collection.currency_code},
        rounding_remainder=str(rounded.remainder),
    )
    projections.store(collection)


def is_authorizing(collection: PaymentCollection) -> bool:
    """Say whether somebody may be authorizing a session right now."""
    authorizing = primary(Operation).filter(
        payment_collection=collection, kind=OperationKind.AUTHORIZE.value, status=OperationStatus.OPEN.value
    )
    return authorizing.exists()


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


def _pending(cart: CartFacts, collection: PaymentCollection) -> int:
    """Return what the live sessions that wait for their payment come to (minor units)."""
    waiting = primary(PaymentSession).filter(
        payment_collection=collection, slot__isnull=False, payment__isnull=True, currency_code=cart.currency_code
    )
    return sum(session.amount for session in waiting.exclude(status=SessionStatus.CANCELED.value))


def _held(payment: Payment) -> HeldMoney:
    is_quiet = not payment.capturing_amount and not payment.releasing_amount and payment.frozen_at is None
    may_go = is_quiet and not _was_refused(payment) and _has_its_provider(payment)
    return HeldMoney(
        payment_id=payment.pk,
        session_id=payment.payment_session_id,
        currency_code=payment.currency_code,
        paid=payment.amount,
        held=payment.held_amount,
        releasable=payment.capturable_amount if may_go else 0,
        is_empty=payment.amount == 0 and may_go,
    )


def _has_its_provider(payment: Payment) -> bool:
    try:
        operations.provider_for(payment)
    except (PaymentsError, ImproperlyConfigured):
        return False
    return True


def _was_refused(payment: Payment) -> bool:
    """Say whether the provider refused to release just this; it isn't asked again and again."""
    return (
        primary(Operation)
        .filter(
            payment=payment,
            kind=OperationKind.CANCEL.value,
            status=OperationStatus.REFUSED.value,
            amount=payment.capturable_amount,
            created_by=workers.ACTOR,
        )
        .exists()
    )
