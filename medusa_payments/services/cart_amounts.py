"""Keeping a collection at its cart's amount for as long as nobody has authorized it."""

from medusa_payments.carts import CartSnapshot, resolve_cart
from medusa_payments.exceptions import InvalidData
from medusa_payments.models import Operation, PaymentCollection, PaymentSession
from medusa_payments.money import RoundedAmount, round_to_minor_units
from medusa_payments.queries.primary import primary
from medusa_payments.services import events, projections
from medusa_payments.services.events import EventName
from medusa_payments.states import MONEY_HOLDING_STATUSES, OperationKind, OperationStatus


def snapshot_of(collection: PaymentCollection, request: object | None) -> CartSnapshot | None:
    """Ask the host for the cart behind a collection; None when it wasn't made for a cart."""
    return resolve_cart(collection.cart_id, request) if collection.live_cart_id else None


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
    rounded = rounded_total(snapshot)
    before = {"amount": collection.amount, "currency_code": collection.currency_code}
    collection.amount = rounded.minor_units
    collection.currency_code = snapshot.currency_code.lower()
    events.record(
        collection,
        EventName.COLLECTION_UPDATED,
        before=before,
        after={"amount": collection.amount, "currency_code": collection.currency_code},
        rounding_remainder=str(rounded.remainder),
    )
    projections.store(collection)


def is_committed(collection: PaymentCollection) -> bool:
    """Say whether a session holds money, or somebody may be authorizing one right now."""
    held = primary(PaymentSession).filter(payment_collection=collection, status__in=MONEY_HOLDING_STATUSES)
    authorizing = primary(Operation).filter(
        payment_collection=collection, kind=OperationKind.AUTHORIZE.value, status=OperationStatus.OPEN.value
    )
    return held.exists() or authorizing.exists()
