"""Carts that become orders, and what becomes of the orders' payments. No money moves here but through the services."""

from collections.abc import Iterable
from contextlib import suppress

from django.utils import timezone

from medusa_payments.customers import Shopper
from medusa_payments.exceptions import Conflict, InvalidData, NotAllowed, NotFound
from medusa_payments.models import PaymentCollection, PaymentSession
from medusa_payments.orders import OrderSnapshot
from medusa_payments.providers.registry import providers
from medusa_payments.queries import held_money
from medusa_payments.queries import payment_collections as collection_queries
from medusa_payments.services import comparing, payment_collections, payment_sessions
from medusa_payments.states import MONEY_HOLDING_STATUSES, CollectionStatus, SessionStatus
from storefront_project.orders.models import Order
from storefront_project.shop import carts
from storefront_project.shop.models import Cart
from storefront_project.shop.payments import region_providers

PROCESSABLE = frozenset(set(SessionStatus) - {SessionStatus.ERROR, SessionStatus.CANCELED})


def get_order(order_id: str) -> Order:
    """Return the order with its items and payment collections loaded. Raises `NotFound`."""
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise NotFound(f"Order id not found: {order_id}")
    return loaded([order])[0]


def resolve_order(order_id: str, _request: object | None = None) -> OrderSnapshot | None:
    """Return the currency and the buyer of an order; None when there is no such order."""
    order = Order.objects.filter(pk=order_id).first()
    return OrderSnapshot(currency_code=order.currency_code, email=order.email) if order else None


def loaded(orders: Iterable[Order]) -> list[Order]:
    """Give orders their items and payment collections; the number of statements doesn't grow with that of orders."""
    orders = list(orders)
    items = Cart.objects.prefetch_related(carts.ITEMS).in_bulk([order.cart_id for order in orders])
    ids = [order.payment_collection_id for order in orders]
    collections = collection_queries.of_orders([order.pk for order in orders], ids=ids)
    for order in orders:
        order.cart = items[order.cart_id]
        order.payment_collections = [each for each in collections if _belongs(each, order)]
    return orders


def complete_cart(
    *,
    cart_id: str,
    request: object | None = None,
    idempotency_key: str | None = None,
    shopper: Shopper | None = None,
) -> Order:
    """Have the cart's payment authorized and place its order; a cart that costs nothing needs no payment.

    Guaranteed: one order per cart, the same however often and by how many callers it is asked for, and never one whose
    payment doesn't cover the cart's total at that moment: with what it holds, not with what is on its way back.

    Raises `NotFound` (cart), `InvalidData` (no collection, no session to authorize, provider not enabled in the region,
    total not covered), `Conflict` (code `cart_changed`), and what `payment_sessions.authorize` raises; the cart stays
    open then, and the same call may be repeated.
    """
    order = Order.objects.filter(cart=cart_id).first()
    if order is None:
        cart = carts.get_cart(cart_id)
        if cart.total:
            _authorize(cart, request, idempotency_key, shopper)
        else:
            _release_what_is_held(cart, request)
        order = _place(cart_id)
    if order.payment_collection_id:
        with suppress(NotFound):  # Deleted since, which only happens to one that nothing was paid with.
            payment_collections.attach_order(payment_collection_id=order.payment_collection_id, order_id=order.pk)
    return get_order(order.pk)


def authorize_payment_session(
    *,
    order_id: str,
    payment_session_id: str,
    created_by: str,
    request: object | None = None,
    idempotency_key: str | None = None,
) -> bool:
    """Ask the provider again about a session that an order waits for; say whether it is authorized now.

    Raises `NotFound` (order, or no session of its collections), `NotAllowed` (it isn't waiting), and what
    `payment_sessions.authorize` raises.
    """
    sessions = [each for collection in get_order(order_id).payment_collections for each in _live_sessions(collection)]
    session = next((each for each in sessions if each.pk == payment_session_id), None)
    if session is None:
        raise NotFound(f"PaymentSession id not found: {payment_session_id}")
    is_waiting = session.status == SessionStatus.PENDING_AUTHORIZATION
    if not is_waiting and not _is_repeat(session, idempotency_key):
        raise NotAllowed(f"Payment session {session.pk} is not in pending_authorization status")
    session = payment_sessions.authorize(
        payment_collection_id=session.payment_collection_id,
        payment_session_id=session.pk,
        created_by=created_by,
        request=request,
        idempotency_key=idempotency_key,
    )
    return session.status != SessionStatus.PENDING_AUTHORIZATION


def _release_what_is_held(cart: Cart, request: object | None) -> None:
    """A cart that costs nothing any more may have cost something when it was paid for."""
    collection = collection_queries.of_cart(cart.pk)
    if collection is not None:
        payment_collections.refresh(payment_collection_id=collection.pk, request=request)


def _authorize(cart: Cart, request: object | None, idempotency_key: str | None, shopper: Shopper | None) -> None:
    session = _session_to_authorize(cart, idempotency_key)
    if session.provider_id not in region_providers(cart.region_id):
        raise InvalidData(
            f"Payment provider {session.provider_id} is not enabled in the cart's region {cart.region_id}."
        )
    try:
        payment_sessions.authorize(
            payment_collection_id=session.payment_collection_id,
            payment_session_id=session.pk,
            request=request,
            idempotency_key=idempotency_key,
            shopper=shopper,
        )
    except NotFound as error:
        raise Conflict("Another way to pay was chosen meanwhile.") from error


def _session_to_authorize(cart: Cart, idempotency_key: str | None) -> PaymentSession:
    collection = collection_queries.of_cart(cart.pk)
    if collection is None:
        raise _not_initiated()
    for session in _live_sessions(collection):
        if session.status in PROCESSABLE or _is_repeat(session, idempotency_key) or _was_paid_since(session):
            return session
    raise InvalidData("Payment sessions are required to complete cart")


def _was_paid_since(session: PaymentSession) -> bool:
    """Ask the provider whether a session that had failed has been paid since, in the customer's browser."""
    comparing.look_at(session.pk)
    session.refresh_from_db()
    return session.status in {*MONEY_HOLDING_STATUSES, SessionStatus.PENDING_AUTHORIZATION}


def _place(cart_id: str) -> Order:
    """The cart's lock lets one caller place the order; the others find it."""
    with carts.locked_cart(cart_id) as cart:
        order = Order.objects.filter(cart=cart).first()
        if order is not None:
            return order
        collection = collection_queries.of_cart(cart_id)
        _refuse_unless_covered(cart, collection)
        cart.completed_at = timezone.now()
        cart.save(update_fields=["completed_at", "updated_at"])
        return Order.objects.create(
            cart=cart,
            email=cart.email,
            currency_code=cart.currency_code,
            total=cart.total,
            payment_collection_id=collection.pk if collection else "",
        )


def _refuse_unless_covered(cart: Cart, collection: PaymentCollection | None) -> None:
    if collection is None:
        if cart.total:
            raise _not_initiated()
    elif not _is_for(cart, collection):
        raise _cart_changed()
    elif collection.status == CollectionStatus.AWAITING and not held_money.is_given_up(collection):
        if not all(_has_amount_of(collection, session) for session in _live_sessions(collection)):
            raise _cart_changed()
    elif cart.total and not held_money.pays_for(collection):
        raise InvalidData("Payment sessions do not cover the total of the cart")


def _is_for(cart: Cart, collection: PaymentCollection) -> bool:
    """Say whether a collection is for the cart's total. More that was captured for a larger cart pays for it, too."""
    is_captured = collection.amount > cart.total > 0 and collection.captured_amount >= cart.total
    return collection.currency_code == cart.currency_code and (collection.amount == cart.total or is_captured)


def _has_amount_of(collection: PaymentCollection, session: PaymentSession) -> bool:
    """Say whether a session is for the collection's amount, brought up to the provider's step."""
    step = providers[session.provider_id].amount_step(session.currency_code)
    return session.currency_code == collection.currency_code and 0 <= session.amount - collection.amount < step


def _is_repeat(session: PaymentSession, idempotency_key: str | None) -> bool:
    """Say whether the key was used on the session before: then the same answer is due, whatever became of it."""
    keys = {operation.idempotency_key for operation in session.operations.all()} - {None}
    return idempotency_key in keys


def _live_sessions(collection: PaymentCollection) -> list[PaymentSession]:
    return list(collection.payment_sessions.all())


def _belongs(collection: PaymentCollection, order: Order) -> bool:
    return collection.order_id == order.pk or collection.pk == order.payment_collection_id


def _not_initiated() -> InvalidData:
    return InvalidData("Payment collection has not been initiated for cart")


def _cart_changed() -> Conflict:
    return Conflict(
        "The cart has changed since its payment was authorized. Initialize the payment session again.",
        code="cart_changed",
    )
