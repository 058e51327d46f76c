"""What is to be paid, for a cart or an order."""

from decimal import Decimal
from typing import Any

from medusa_payments.carts import CartSnapshot, resolve_cart
from medusa_payments.conf import payments_settings
from medusa_payments.core.base import leases
from medusa_payments.core.base.locks import durable_transaction
from medusa_payments.core.books import attention, placing
from medusa_payments.core.books import book as books
from medusa_payments.core.books.events import EventName
from medusa_payments.core.saga import callers, comparing, duties, operations, slots
from medusa_payments.core.saga.settling import changing
from medusa_payments.core.sessions import cart, plans, room
from medusa_payments.core.upkeep import tending
from medusa_payments.exceptions import Conflict, InvalidData, NotAllowed, NotFound
from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.money import to_minor_units
from medusa_payments.orders import resolve_order
from medusa_payments.queries import payment_collections as queries
from medusa_payments.queries.primary import primary
from medusa_payments.services import captures, payment_sessions
from medusa_payments.states import CollectionStatus, UndoPolicy

__all__ = [
    "attach_order",
    "cancel",
    "create_for_cart",
    "create_for_order",
    "delete",
    "fail",
    "mark_as_paid",
    "refresh",
]


def create_for_cart(*, cart_id: str, request: object | None = None, created_by: str = "") -> PaymentCollection:
    """Return the cart's payment collection, created when there is none; at the cart's current amount.

    Guaranteed: one live collection per cart, however many callers ask at once. The amount of an existing one is
    refreshed unless it holds money that stays: what doesn't fit the cart any more is released first, if the host said
    that no order exists. Where what stays is in another currency than the cart's, the cart gets a new collection: the
    old one keeps its money, staff are told, and its other sessions are canceled. `request` is handed to the host's
    `CART_RESOLVER`.

    Raises `NotFound` (cart), `InvalidData` (negative or too large total, unknown currency), `Conflict` (another request
    for a session is in progress, or it is being deleted again and again), `InsideTransaction`.
    """
    snapshot = resolve_cart(cart_id, request)
    for _ in range(_FEW_ROUNDS):
        collection = primary(PaymentCollection).filter(live_cart_id=cart_id).first()
        if collection is not None and _is_given_back(collection):
            _let_go_of_the_cart(collection)
            continue
        collection = collection or _create_for_cart(cart_id, snapshot, created_by)
        if collection is not None and not cart.covers(collection, snapshot):
            collection = _followed(collection, snapshot, request)
            if collection is not None and _leaves_its_cart(collection, request):
                continue
        if collection is not None:
            return collection
    raise Conflict(
        f"The payment collection of cart {cart_id} keeps being deleted.",
        retry_after=leases.IN_PROGRESS_RETRY_SECONDS,
    )


def create_for_order(
    *,
    order_id: str,
    amount: Decimal,
    request: object | None = None,
    created_by: str = "",
    idempotency_key: str | None = None,
) -> PaymentCollection:
    """Make a collection for an amount (major units) that is still to be paid for an order.

    Every call makes one, unless it repeats the `idempotency_key` of an earlier call for the same order: then that one's
    collection is returned.

    Raises `NotFound` (order), `InvalidData` (negative amount, more digits than the currency has, key),
    `IdempotencyError` (key used with another amount), `InsideTransaction`.
    """
    order = resolve_order(order_id, request)
    currency_code = order.currency_code.lower()
    minor_units = to_minor_units(amount, currency_code)
    if minor_units < 0:
        raise InvalidData("The amount of a payment collection can't be negative.")
    caller = callers.caller_key(idempotency_key, amount=minor_units)
    collection = PaymentCollection(
        amount=minor_units,
        currency_code=currency_code,
        order_id=order_id,
        customer_id=order.customer_id or "",
        email=order.email or "",
        on_failure=payments_settings.ON_FAILURE,
        idempotency_key=caller.key if caller else None,
        fingerprint=caller.fingerprint if caller else "",
    )
    with durable_transaction():
        primary(PaymentCollection).bulk_create([collection], ignore_conflicts=caller is not None)
        asked_for = {"order_id": order_id, "idempotency_key": caller.key} if caller else {"pk": collection.pk}
        made = primary(PaymentCollection).get(**asked_for)
        if made.pk == collection.pk:
            _record_creation(made, actor=created_by, order_id=order_id)
        elif caller is not None:
            callers.refuse_other_parameters(caller, made)
    return made


def refresh(*, payment_collection_id: str, request: object | None = None) -> PaymentCollection:
    """Bring a collection to its cart's current amount and currency; no-op when it has no cart, or holds money that
    stays. Money that doesn't fit the cart any more is released first, if the host said that no order exists; where that
    can't be done now, the next choice of a provider does it.

    Raises `NotFound` (collection, cart), `InvalidData`, `InsideTransaction`.
    """
    collection = queries.existing(payment_collection_id)
    snapshot = cart.snapshot_of(collection, request)
    if snapshot is None or cart.covers(collection, snapshot):
        return queries.existing(payment_collection_id)
    return room.follow_cart(collection, snapshot, request=request)


def attach_order(*, payment_collection_id: str, order_id: str, created_by: str = "") -> PaymentCollection:
    """Record the order that a collection's cart has become. No-op when it is recorded already.

    Status, amount and payments stay as they are; the host calls this right after it placed the order.

    Raises `NotFound` (collection), `NotAllowed` (it belongs to another order), `InsideTransaction`.
    """
    with books.opened(payment_collection_id) as book:
        collection = book.collection
        if collection.order_id not in {"", order_id}:
            raise NotAllowed(f"Payment collection {collection.pk} belongs to order {collection.order_id}.")
        if not collection.order_id:
            collection.order_id = order_id
            book.record(EventName.COLLECTION_UPDATED, actor=created_by, order_id=order_id)
    return collection


def delete(*, payment_collection_id: str, created_by: str = "", may_be_canceled: bool = False) -> None:
    """Delete a collection that nothing was paid for: its cart gets a new one, its row stays, hidden from the API.

    Its live sessions are canceled at their providers.

    Raises `NotFound` (also when it was deleted before), `NotAllowed` (its status isn't `not_paid`, nor, if it may be,
    `canceled`; or a session may be being authorized), `Conflict` (another request is in progress on its session),
    `InsideTransaction`.
    """
    comparing.look_at_open_sessions(payment_collection_id)
    with changing(payment_collection_id) as book:
        collection = book.collection
        deletable = {CollectionStatus.NOT_PAID} | ({CollectionStatus.CANCELED} if may_be_canceled else set())
        if collection.status not in deletable or cart.is_committed(book):
            raise NotAllowed("Can only delete payment collections where status is not_paid")
        for unfinished in slots.holders(book):
            slots.vacate(unfinished)
        for session in book.live:
            placing.replace(book, session, actor=created_by)
        book.record(EventName.COLLECTION_DELETED, actor=created_by)
        collection.deleted_at = book.clock()
        collection.live_cart_id = None


def fail(
    *, payment_collection_id: str, reason: str = "", on_failure: str | None = None, created_by: str = ""
) -> PaymentCollection:
    """Record that the order behind a collection failed; what becomes of its money is decided by its stored policy.

    `on_failure` (`hold`, `void`, `refund`) replaces the stored policy. What it calls for is done right away as far as
    the providers can be reached, and by the worker until all of it is done; also for money that arrives later. Once
    nothing is held any more, the customer can choose a provider again, which begins a new attempt; a cart whose money
    was refunded gets a new collection for it. No-op when the failure is recorded already.

    Raises `NotFound` (collection), `InvalidData` (policy), `InsideTransaction`.
    """
    with books.opened(payment_collection_id, include_deleted=True) as book:
        if on_failure is not None:
            book.collection.on_failure = _policy(on_failure)
        duties.fail(book, reason=reason, actor=created_by)
        attention.ask(book)
    tending.tend(payment_collection_id)
    return queries.existing(payment_collection_id)


def cancel(*, payment_collection_id: str, created_by: str = "") -> PaymentCollection:
    """Cancel a collection: it can't be paid any more, what is held is released and what was captured is refunded.
    Its cart gets a new one when it is to be paid after all.

    That is done right away as far as the providers can be reached, and by the worker until all of it is done; also for
    money that arrives later. No-op when it is canceled already.

    Raises `NotFound` (collection), `InsideTransaction`.
    """
    with changing(payment_collection_id) as book:
        if book.collection.canceled_at is None:
            book.collection.canceled_at = book.clock()
            book.collection.live_cart_id = None
            placing.replace_unpaid(book, actor=created_by)
            book.record(EventName.COLLECTION_CANCELED, actor=created_by)
            attention.ask(book)
    tending.tend(payment_collection_id)
    return queries.existing(payment_collection_id)


def _policy(on_failure: str) -> str:
    try:
        return UndoPolicy(on_failure).value
    except ValueError:
        allowed = ", ".join(UndoPolicy)
        raise InvalidData(f"The policy on failure must be one of: {allowed}") from None


def mark_as_paid(
    *,
    payment_collection_id: str,
    provider_id: str = "pp_system_default",
    created_by: str = "",
    request: object | None = None,
    idempotency_key: str | None = None,
) -> PaymentCollection:
    """Record that a collection was paid by other means: initialize, authorize and capture all of it with one provider.

    Guaranteed: captured once, however many callers ask at once. A repeat after a lost answer goes on where it stopped
    when it carries the same `idempotency_key`.

    Raises `NotFound` (collection), `NotAllowed` (its status isn't `not_paid`, the provider didn't authorize, or the
    customer has chosen another provider meanwhile), and what the three verbs raise.
    """
    collection = queries.existing(payment_collection_id)
    is_repeat = idempotency_key is not None and operations.is_key_known(collection.pk, idempotency_key)
    if collection.status != CollectionStatus.NOT_PAID and not is_repeat:
        raise NotAllowed("Can only mark 'not_paid' payment collection as paid")
    session = payment_sessions.initialize(
        payment_collection_id=payment_collection_id,
        provider_id=provider_id,
        created_by=created_by,
        request=request,
        idempotency_key=idempotency_key,
    )
    if session.provider_id != provider_id:
        raise NotAllowed(f"{session.pk} with {session.provider_id} has taken the place of the one to mark as paid.")
    session = payment_sessions.authorize(
        payment_collection_id=payment_collection_id,
        payment_session_id=session.pk,
        created_by=created_by,
        request=request,
        idempotency_key=idempotency_key,
    )
    captures.capture(payment_id=_payment_of(session).pk, created_by=created_by, idempotency_key=idempotency_key)
    return queries.existing(payment_collection_id)


_FEW_ROUNDS = 3


def _payment_of(session: PaymentSession) -> Payment:
    payment = primary(Payment).filter(payment_session=session).first()
    if payment is None:
        raise NotAllowed(
            f"Session: {session.pk} was not authorized with the provider.", details={"status": session.status}
        )
    return payment


def _is_given_back(collection: PaymentCollection) -> bool:
    """Say whether all that was captured for a failed order was refunded: this collection's story is over."""
    is_refunded = collection.captured_amount > 0 and collection.refunded_amount == collection.captured_amount
    return collection.failed_at is not None and is_refunded


def _let_go_of_the_cart(collection: PaymentCollection) -> None:
    with books.opened(collection.pk) as book:
        if _is_given_back(book.collection):
            book.collection.live_cart_id = None


def _leaves_its_cart(collection: PaymentCollection, request: object | None) -> bool:
    """Take the cart from a collection that keeps money in another currency than the cart is to be paid in
    (`plans.leave_behind`); say whether the cart may have another collection now.

    The host is asked once more: an order may have been placed meanwhile.
    """
    snapshot = cart.snapshot_of(collection, request)
    if snapshot is not None and collection.authorized_amount:
        with changing(collection.pk, include_deleted=True) as book:
            plans.leave_behind(book, snapshot)
        collection = book.collection
    # Where another request was faster, the cart has another collection already.
    return collection.live_cart_id is None


def _followed(
    collection: PaymentCollection, snapshot: CartSnapshot, request: object | None
) -> PaymentCollection | None:
    """Bring a collection to its cart's amount and return it; None when it was deleted meanwhile."""
    try:
        return room.follow_cart(collection, snapshot, request=request)
    except NotFound:
        return None


def _create_for_cart(cart_id: str, snapshot: CartSnapshot, created_by: str) -> PaymentCollection | None:
    """Return the cart's new collection, or the one that somebody else made first; None when that is deleted again."""
    rounded = cart.rounded_total(snapshot)
    collection = PaymentCollection(
        amount=rounded.minor_units,
        currency_code=snapshot.currency_code.lower(),
        cart_id=cart_id,
        live_cart_id=cart_id,
        region_id=snapshot.region_id or "",
        customer_id=snapshot.customer_id or "",
        email=snapshot.email or "",
        on_failure=payments_settings.ON_FAILURE,
    )
    with durable_transaction():
        primary(PaymentCollection).bulk_create([collection], ignore_conflicts=True)
        winner = primary(PaymentCollection).filter(live_cart_id=cart_id).first()
        if winner is not None and winner.pk == collection.pk:
            _record_creation(winner, actor=created_by, cart_id=cart_id, rounding_remainder=str(rounded.remainder))
    return winner


def _record_creation(collection: PaymentCollection, *, actor: str, **data: Any) -> None:
    book = books.begun(collection)
    book.record(
        EventName.COLLECTION_CREATED,
        actor=actor,
        amount=collection.amount,
        currency_code=collection.currency_code,
        **data,
    )
    book.save()
