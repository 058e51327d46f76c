"""Choosing a provider for a collection, and authorizing with it.

Code that answers a storefront passes a `shopper` in all these verbs: shoppers may do less than staff and the host's own
code, for whom it is None (`core.shoppers`).
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from medusa_payments import customers
from medusa_payments.carts import CartSnapshot
from medusa_payments.core.books import book as books
from medusa_payments.core.saga import callers, run
from medusa_payments.core.sessions import authorization, cart, choice, choosing, plans, sets, shoppers
from medusa_payments.core.sessions import room as rooms
from medusa_payments.core.sessions.choice import Choice
from medusa_payments.core.sessions.choosing import Common
from medusa_payments.core.sessions.plans import DO_NOT_ADD_UP, SessionChoice
from medusa_payments.core.sessions.room import Room
from medusa_payments.core.sessions.sets import WantedSet
from medusa_payments.customers import Customer, Shopper
from medusa_payments.exceptions import (
    InvalidData,
    NotAllowed,
    NotFound,
    PaymentAuthorizationError,
)
from medusa_payments.models import Operation, PaymentCollection, PaymentSession
from medusa_payments.providers.errors import OBJECT_GONE
from medusa_payments.queries import payment_collections as queries
from medusa_payments.queries.payment_providers import ConfiguredProvider
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationKind, SessionStatus

__all__ = [
    "AUTHORIZED_STATUSES",
    "DO_NOT_ADD_UP",
    "SYSTEM",
    "SessionChoice",
    "authorize",
    "authorize_sessions",
    "initialize",
    "offered",
    "refresh",
    "set_sessions",
]

AUTHORIZED_STATUSES = frozenset({SessionStatus.AUTHORIZED, SessionStatus.CAPTURED, SessionStatus.PENDING_AUTHORIZATION})


def initialize(
    *,
    payment_collection_id: str,
    provider_id: str,
    data: Mapping[str, Any] | None = None,
    customer_id: str = "",
    customer: Customer | None = None,
    is_off_session: bool = False,
    created_by: str = "",
    request: object | None = None,
    idempotency_key: str | None = None,
    shopper: Shopper | None = None,
) -> PaymentSession:
    """Make `provider_id` the way this collection is to be paid; return the live session.

    Guaranteed: one live session per collection, however many callers ask at once. The same provider again updates the
    session in place (same id, same object at the provider) to the cart's current amount and the new `data`; another
    provider, or another customer, replaces it and cancels the old object. If the provider refuses, what was there
    before stays.

    A logged-in customer, `customer` or the `customer_id` alone, pays through an account with the provider, where that
    keeps customers; it is opened when there is none, and never keeps anybody from paying. `data["payment_method"]`
    names one of the payment methods saved there. `is_off_session` has `authorize` pay with it while the customer isn't
    there: for the host's own code, never for a flag of a client's.

    Raises `NotFound` (collection, cart), `InvalidData` (provider not enabled or not configured, `data`, a payment
    method that isn't the customer's, amount 0 where the provider can't), `NotAllowed` (the collection holds money, or
    is being authorized), `PaymentAuthorizationError` (declined), `Conflict` (another request is in progress),
    `TooManyRequests`, `PaymentOutcomeUnknown`, `ProviderNotReachable`, `InsideTransaction`.
    """
    common = choosing.begin(
        payment_collection_id,
        asked={"provider_id": provider_id, "data": data or {}} | ({"is_off_session": True} if is_off_session else {}),
        request=request,
        idempotency_key=idempotency_key,
        created_by=created_by,
        shopper=shopper,
        customer=customers.known(customer, customer_id),
        is_off_session=is_off_session,
    )
    return choosing.until_it_stands(
        lambda: [choosing.choose(provider_id, data or {}, common, minor_units=common.due)],
        lambda chosen: _one_session(common, chosen[0]),
    )


def _one_session(common: Common, choice: Choice) -> PaymentSession:
    """Have a choice's session be the live one. Beside money that stays it is for what is lacking; where that is enough
    a paid session is returned.
    """
    pk = common.collection.pk
    room = rooms.make_room(common.collection, common.snapshot, request=common.request)
    if room.cart and _asks_for_a_rest(pk, room):
        plan = partial(plans.the_rest, snapshot=room.cart, choice=choice)
        _carry_out_plan(common, plan, room.cart, is_rest=True)
        return choosing.live_session(pk)
    session = choosing.made_live(pk, choice, room.cart)
    if session.status == SessionStatus.CANCELED:
        # An update, or a repeat under the same key, was answered with an object that nobody can pay any more.
        session = choosing.made_live(pk, replace(choice, caller=None), room.cart)
    return session


def _asks_for_a_rest(payment_collection_id: str, room: Room) -> bool:
    if room.cart is None or not room.may_hold_money:
        return False
    book = books.read(payment_collection_id)
    return book is not None and plans.asks_for_a_rest(book, room.cart)


def set_sessions(
    *,
    payment_collection_id: str,
    sessions: Sequence[SessionChoice],
    customer_id: str = "",
    customer: Customer | None = None,
    created_by: str = "",
    request: object | None = None,
    idempotency_key: str | None = None,
    shopper: Shopper | None = None,
) -> list[PaymentSession]:
    """Split a collection among several sessions, each for a part of its amount; return them in the order given.

    Guaranteed: the sessions become live all at once or not at all, however many callers ask at the same time, and their
    amounts add up to what is to be paid. A live session that a choice names keeps its id and its object at the
    provider; one that no choice names is canceled there. One that holds money has to be named as it is. When a provider
    refuses, what was there before stays, but for named sessions whose change went through: nothing can be authorized
    then until the sessions are set again. A repeat with the same `idempotency_key` goes on where it stopped.

    A collection with several sessions stores the policy `SPLIT_ON_FAILURE`; one that is paid in part has
    `SPLIT_RESOLVE_SECONDS` from its first payment on to be paid in full.

    Raises `NotFound` (collection, cart), `InvalidData` (provider, `data`, amounts), `NotAllowed` (money is held by a
    session that isn't named, or given back or disputed, or somebody may be authorizing one),
    `PaymentAuthorizationError` (declined), `Conflict` (another request is in progress), `PaymentOutcomeUnknown`,
    `ProviderNotReachable`, `InsideTransaction`.
    """
    asked = [[each.provider_id, str(each.amount), each.data, each.payment_session_id] for each in sessions]
    payer = customers.known(customer, customer_id)
    common = choosing.begin(
        payment_collection_id,
        asked={"sessions": asked, "customer_id": payer.id if payer else ""},
        request=request,
        idempotency_key=idempotency_key,
        created_by=created_by,
        shopper=shopper,
        customer=payer,
    )
    wanted = plans.checked(sessions)
    return choosing.until_it_stands(
        lambda: [choosing.choose_part(each, common) for each in wanted],
        lambda chosen: _several_sessions(common, wanted, chosen),
    )


def _several_sessions(
    common: Common, wanted: Sequence[SessionChoice], chosen: Sequence[Choice]
) -> list[PaymentSession]:
    split = plans.split_of(wanted, common.snapshot)
    current = rooms.make_room(common.collection, common.snapshot, request=common.request, split=split).cart
    _carry_out_plan(common, partial(plans.chosen, wanted=wanted, choices=chosen, snapshot=current), current)
    return choice.live_sessions(common.collection.pk)


def _carry_out_plan(
    common: Common, plan: sets.Plan, current: CartSnapshot | None, *, is_rest: bool = False
) -> list[Operation]:
    """Carry out what makes a plan's sessions the live ones, and return its operations."""
    wanted = WantedSet(
        plan=plan,
        asked=callers.fingerprint(**common.asked),
        caller=common.caller,
        snapshot=current,
        created_by=common.created_by,
        is_rest=is_rest,
    )
    return sets.carry_out(common.collection.pk, wanted)


def refresh(
    *,
    payment_collection_id: str,
    payment_session_id: str,
    created_by: str = "",
    request: object | None = None,
    idempotency_key: str | None = None,
    shopper: Shopper | None = None,
) -> PaymentSession:
    """Make a live session anew, with the same provider and data, for what the cart costs now beside the collection's
    other sessions, which stay as they are; return the new one.

    Guaranteed: the old one stays until the new one is there, and is canceled at the provider then. That of a customer
    who was forgotten becomes nobody's. Money that doesn't fit the cart any more is released first, as in `initialize`.
    Beside money that stays the new one is for what is lacking; where nothing is, a paid session is returned.

    Raises `NotFound` (collection, session), `NotAllowed` (it holds money), and what `set_sessions` raises.
    """
    common = choosing.begin(
        payment_collection_id,
        asked={"refresh": payment_session_id},
        request=request,
        idempotency_key=idempotency_key,
        created_by=created_by,
        shopper=shopper,
    )
    collection = common.collection
    session = primary(PaymentSession).filter(pk=payment_session_id, payment_collection=collection).first()
    if session is None:
        raise NotFound(f"PaymentSession id not found: {payment_session_id}")

    def carry_out(chosen: list[Choice]) -> PaymentSession:
        room = rooms.make_room(collection, common.snapshot, request=request)
        rest_of = room.cart if _asks_for_a_rest(collection.pk, room) else None
        refreshed = partial(plans.refreshed, payment_session_id=payment_session_id, choice=chosen[0], rest_of=rest_of)
        done = _carry_out_plan(common, refreshed, room.cart, is_rest=rest_of is not None)
        if not done:
            # Nothing is lacking any more.
            return choosing.live_session(collection.pk)
        return primary(PaymentSession).get(pk=done[0].payment_session_id)

    return choosing.until_it_stands(lambda: [choosing.choose_again(session, common)], carry_out)


def authorize(
    *,
    payment_collection_id: str,
    payment_session_id: str,
    created_by: str = "",
    request: object | None = None,
    idempotency_key: str | None = None,
    shopper: Shopper | None = None,
) -> PaymentSession:
    """Authorize a live session and return it, authorized or waiting for the provider (`pending_authorization`).

    Guaranteed: at most one payment per session. No-op, with no provider call, when the session has its payment already.

    Raises `NotFound` (collection, session), `NotAllowed` (the customer has more to do, or the provider gave up; the
    session's status says which), `PaymentAuthorizationError` (declined), `InvalidData` (rejected), `Conflict` (code
    `cart_changed` when the cart has moved on; else another request is in progress), `PaymentOutcomeUnknown`,
    `ProviderNotReachable`, `InsideTransaction`.
    """
    session = _authorized(payment_collection_id, payment_session_id, created_by, request, idempotency_key, shopper)
    if session.status not in AUTHORIZED_STATUSES:
        raise NotAllowed(
            f"Session: {session.pk} was not authorized with the provider.", details={"status": session.status}
        )
    return session


def authorize_sessions(
    *,
    payment_collection_id: str,
    payment_session_ids: Collection[str],
    created_by: str = "",
    request: object | None = None,
    idempotency_key: str | None = None,
    shopper: Shopper | None = None,
) -> PaymentCollection:
    """Authorize those of a collection's live sessions that are named, one after the other in the customer's order;
    return the collection, whose status says how far that went.

    What one provider refuses keeps the others from nothing: its session says so. Ids of no live session are ignored.
    No-op, with no provider call, when enough is authorized already. An amount of 0 needs no session.

    Raises `NotFound` (collection), `NotAllowed` (no session; money is held otherwise), and as soon as one session's
    outcome isn't known `PaymentOutcomeUnknown`, `ProviderNotReachable` or `Conflict`: repeat the same request then.
    """
    collection = queries.existing(payment_collection_id)
    snapshot = cart.snapshot_of(collection, request)
    if snapshot is not None and not snapshot.amount and collection.amount:
        # The cart costs nothing any more: what is held for it is released.
        collection = rooms.follow_cart(collection, snapshot, request=request)
    live = choice.live_sessions(collection.pk)
    if not collection.amount:
        # One that nobody paid when the cart still cost something is replaced.
        live = [session for session in live if _is_for_nothing(session)]
    if collection.payments.filter(canceled_at=None).exists() and collection.authorized_amount >= collection.amount:
        return collection
    if not live and collection.amount == 0:
        free = partial(initialize, created_by=created_by, request=request, shopper=shopper)
        live = [free(payment_collection_id=collection.pk, provider_id=SYSTEM)]
        payment_session_ids = [live[0].pk]
    if not live:
        raise NotAllowed("You cannot complete a Payment Collection without a payment session.")
    named = [session for session in live if session.pk in payment_session_ids]
    shoppers.refuse_sessions_of_another_customer(shopper, named)
    for session in named:
        with suppress(PaymentAuthorizationError):
            _authorized_or_refused(collection.pk, session.pk, created_by, request, idempotency_key, shopper)
    return queries.existing(payment_collection_id)


def offered(region_id: str) -> list[ConfiguredProvider]:
    """Return the providers that a storefront may list for a region's carts; "" is a region without restrictions."""
    return [ConfiguredProvider(alias) for alias in shoppers.offered(region_id)]


def _is_for_nothing(session: PaymentSession) -> bool:
    return session.status != SessionStatus.CANCELED and (session.authorized_at is not None or session.amount == 0)


SYSTEM = "pp_system_default"
"""The provider that takes an amount of 0, and what is paid by other means."""


def _authorized(
    payment_collection_id: str,
    payment_session_id: str,
    created_by: str,
    request: object | None,
    idempotency_key: str | None,
    shopper: Shopper | None,
) -> PaymentSession:
    """Authorize a live session and return it, whatever its provider says of it. Raises what `authorize` raises."""
    snapshot = cart.snapshot_of(queries.existing(payment_collection_id), request)
    try:
        operation = run.execute_until(
            payment_collection_id,
            partial(
                authorization.reserve,
                payment_session_id=payment_session_id,
                snapshot=snapshot,
                caller=callers.caller_key(idempotency_key),
                created_by=created_by,
                shopper=shopper,
            ),
            is_done=lambda operation: operation.kind == OperationKind.AUTHORIZE,
        )
    except InvalidData as error:
        # An object that is gone at the provider: its session is canceled by now, and the next choice makes another.
        if error.code != OBJECT_GONE:
            raise
    else:
        if operation is not None:
            return operation.payment_session
    return primary(PaymentSession).get(pk=payment_session_id)


def _authorized_or_refused(*arguments: Any) -> PaymentSession:
    """As `_authorized`; a provider's rejection counts as a refusal (`PaymentAuthorizationError`)."""
    try:
        return _authorized(*arguments)
    except InvalidData as error:
        if "operation_id" in error.details:
            raise PaymentAuthorizationError(error.message) from error
        raise
