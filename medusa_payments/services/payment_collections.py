"""What is to be paid for a cart."""

from medusa_payments.carts import CartSnapshot, resolve_cart
from medusa_payments.exceptions import InvalidData, NotFound
from medusa_payments.models import Operation, PaymentCollection, PaymentSession
from medusa_payments.money import RoundedAmount, round_to_minor_units
from medusa_payments.queries.primary import primary
from medusa_payments.services import events, projections
from medusa_payments.services.events import EventName
from medusa_payments.services.locks import durable_transaction, locked_collection
from medusa_payments.states import MONEY_HOLDING_STATUSES, OperationKind, OperationStatus


def create_for_cart(*, cart_id: str, request: object | None = None, created_by: str = "") -> PaymentCollection:
    """Return the cart's payment collection, created when there is none; at the cart's current amount.

    Guaranteed: one live collection per cart, however many callers ask at once. The amount of an existing one is
    refreshed unless it holds money. `request` is handed to the host's `CART_RESOLVER`.

    Raises `NotFound` (cart), `InvalidData` (negative or too large total, unknown currency), `InsideTransaction`.
    """
    snapshot = resolve_cart(cart_id, request)
    existing = primary(PaymentCollection).filter(live_cart_id=cart_id).first()
    if existing is None:
        existing = _create(cart_id, snapshot, created_by)
    if _is_current(existing, snapshot):
        return existing
    with locked_collection(existing.pk) as collection:
        apply_cart(collection, snapshot)
    return collection


def refresh(*, payment_collection_id: str, request: object | None = None) -> PaymentCollection:
    """Bring a collection to its cart's current amount and currency; no-op when it holds money or has no cart.

    Raises `NotFound` (collection, cart), `InvalidData`, `InsideTransaction`.
    """
    snapshot = cart_of(retrieve(payment_collection_id), request)
    with locked_collection(payment_collection_id) as collection:
        if snapshot is not None:
            apply_cart(collection, snapshot)
    return collection


def retrieve(payment_collection_id: str) -> PaymentCollection:
    """Return a collection as it is now. Raises `NotFound` for an unknown or deleted one."""
    collection = primary(PaymentCollection).filter(pk=payment_collection_id, deleted_at__isnull=True).first()
    if collection is None:
        raise NotFound(f"PaymentCollection id not found: {payment_collection_id}")
    return collection


def cart_of(collection: PaymentCollection, request: object | None) -> CartSnapshot | None:
    """Ask the host for the cart behind a collection; None when it wasn't made for a cart."""
    return resolve_cart(collection.cart_id, request) if collection.live_cart_id else None


def apply_cart(collection: PaymentCollection, snapshot: CartSnapshot) -> None:
    """Bring a locked collection to a cart's amount. No-op when nothing changed or money is held or being authorized."""
    if _is_current(collection, snapshot) or _is_committed(collection):
        return
    rounded = _rounded(snapshot)
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


def covers(collection: PaymentCollection, snapshot: CartSnapshot) -> bool:
    """Say whether a collection still has the cart's amount and currency."""
    return _is_current(collection, snapshot)


def _create(cart_id: str, snapshot: CartSnapshot, created_by: str) -> PaymentCollection:
    rounded = _rounded(snapshot)
    collection = PaymentCollection(
        amount=rounded.minor_units,
        currency_code=snapshot.currency_code.lower(),
        cart_id=cart_id,
        live_cart_id=cart_id,
        region_id=snapshot.region_id or "",
        customer_id=snapshot.customer_id or "",
        email=snapshot.email or "",
    )
    with durable_transaction():
        primary(PaymentCollection).bulk_create([collection], ignore_conflicts=True)
        winner = primary(PaymentCollection).get(live_cart_id=cart_id)
        if winner.pk == collection.pk:
            events.record(
                winner,
                EventName.COLLECTION_CREATED,
                actor=created_by,
                amount=rounded.minor_units,
                currency_code=winner.currency_code,
                rounding_remainder=str(rounded.remainder),
            )
            projections.store(winner)
    return winner


def _rounded(snapshot: CartSnapshot) -> RoundedAmount:
    rounded = round_to_minor_units(snapshot.amount, snapshot.currency_code)
    if rounded.minor_units < 0:
        raise InvalidData("The total of the cart is negative.")
    return rounded


def _is_current(collection: PaymentCollection, snapshot: CartSnapshot) -> bool:
    return (collection.amount, collection.currency_code) == (
        _rounded(snapshot).minor_units,
        snapshot.currency_code.lower(),
    )


def _is_committed(collection: PaymentCollection) -> bool:
    """A session holds money, or somebody may be authorizing one right now."""
    held = primary(PaymentSession).filter(
        payment_collection=collection, status__in=MONEY_HOLDING_STATUSES, payment__canceled_at__isnull=True
    )
    authorizing = primary(Operation).filter(
        payment_collection=collection, kind=OperationKind.AUTHORIZE.value, status=OperationStatus.OPEN.value
    )
    return held.exists() or authorizing.exists()
