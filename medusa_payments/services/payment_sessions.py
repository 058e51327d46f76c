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
from medusa_payments.core import shoppers
from medusa_payments.customers import Customer, Shopper
from medusa_payments.exceptions import (
    InvalidData,
    NotAllowed,
    NotFound,
    PaymentAuthorizationError,
)
from medusa_payments.models import PaymentCollection, PaymentSession
from medusa_payments.providers.errors import OBJECT_GONE
from medusa_payments.queries import payment_collections as queries
from medusa_payments.queries.primary import primary
from medusa_payments.services import (
    cart_amounts,
    choices,
    repeats,
    session_authorization,
    session_choice,
    session_plans,
    session_sets,
    upkeep,
)
from medusa_payments.services.choices import Common
from medusa_payments.services.session_choice import Choice
from medusa_payments.services.session_plans import SessionChoice
from medusa_payments.services.session_sets import WantedSet
from medusa_payments.states import OperationKind, SessionStatus

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
    is being authorized), `PaymentAuthorizationError` (declined), `Conflict` (another request is at work),
    `TooManyRequests`, `PaymentOutcomeUnknown`, `ProviderNotReachable`, `InsideTransaction`.
    """
    collection = queries.existing(payment_collection_id)
    snapshot = cart_amounts.snapshot_of(collection, request)
    region_id = (snapshot.region_id or "") if snapshot else collection.region_id
    asked = {"provider_id": provider_id, "data": data or {}} | ({"is_off_session": True} if is_off_session else {})
    common = Common(
        snapshot=snapshot,
        customer=customers.known(customer, customer_id),
        caller=repeats.caller_key(idempotency_key, **asked),
        created_by=created_by,
        is_off_session=is_off_session,
        shopper=shopper,
    )

    due = cart_amounts.rounded_total(snapshot).minor_units if snapshot else collection.amount

    def choose(through: choices.Through) -> PaymentSession:
        choice = choices.choose(provider_id, region_id, data or {}, common, minor_units=due)
        through.append((choice.provider, choice.account_holder))
        room = upkeep.make_room(collection, snapshot, request=request)
        cart, choice = room.cart, replace(choice, snapshot=room.cart)
        if (
            cart
            and room.may_hold_money
            and session_plans.asks_for_a_rest(queries.existing(payment_collection_id), cart)
        ):
            return _session_for_the_rest(payment_collection_id, choice, cart, asked)
        choices.make_live(payment_collection_id, choice)
        session = choices.live_session(payment_collection_id)
        if session.status == SessionStatus.CANCELED:
            # An update, or a repeat under the same key, was answered with an object that nobody can pay any more.
            choices.make_live(payment_collection_id, replace(choice, caller=None))
            session = choices.live_session(payment_collection_id)
        return session

    return choices.until_it_stands(choose)


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
    provider; one that no choice names is given up there. One that holds money has to be named as it is. When a provider
    refuses, what was there before stays, but for named sessions whose change went through: nothing can be authorized
    then until the sessions are set again. A repeat with the same `idempotency_key` goes on where it stopped.

    A collection with several sessions stores the policy `SPLIT_ON_FAILURE`; one that is paid in part has
    `SPLIT_RESOLVE_SECONDS` from its first payment on to be paid in full.

    Raises `NotFound` (collection, cart), `InvalidData` (provider, `data`, amounts), `NotAllowed` (money is held by a
    session that isn't named, or given back or disputed, or somebody may be authorizing one),
    `PaymentAuthorizationError` (declined), `Conflict` (another request is at work), `PaymentOutcomeUnknown`,
    `ProviderNotReachable`, `InsideTransaction`.
    """
    collection = queries.existing(payment_collection_id)
    snapshot = cart_amounts.snapshot_of(collection, request)
    asked = [[each.provider_id, str(each.amount), each.data, each.payment_session_id] for each in sessions]
    payer = customers.known(customer, customer_id)
    whose = payer.id if payer else ""
    caller = repeats.caller_key(idempotency_key, sessions=asked, customer_id=whose)
    common = Common(snapshot=snapshot, customer=payer, caller=caller, created_by=created_by, shopper=shopper)
    checked = session_plans.checked(sessions)

    def choose(through: choices.Through) -> list[PaymentSession]:
        tenders = [choices.tender(collection, each, common) for each in checked]
        through += [(each.choice.provider, each.choice.account_holder) for each in tenders]
        split = session_plans.split_of(tenders, snapshot)
        wanted = WantedSet(
            plan=partial(session_plans.chosen, tenders=tenders),
            asked=repeats.fingerprint(sessions=asked, customer_id=whose),
            caller=caller,
            snapshot=upkeep.make_room(collection, snapshot, request=request, split=split).cart,
            created_by=created_by,
        )
        session_sets.carry_out(payment_collection_id, wanted)
        return session_choice.live_sessions(collection)

    return choices.until_it_stands(choose)


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

    Guaranteed: the old one stays until the new one is there, and is given up at the provider then. That of a customer
    who was forgotten becomes nobody's. Money that doesn't fit the cart any more is released first, as in `initialize`.

    Raises `NotFound` (collection, session), `NotAllowed` (it holds money), and what `set_sessions` raises.
    """
    collection = queries.existing(payment_collection_id)
    snapshot = cart_amounts.snapshot_of(collection, request)
    caller = repeats.caller_key(idempotency_key, refresh=payment_session_id)
    session = primary(PaymentSession).filter(pk=payment_session_id, payment_collection=collection).first()
    if session is None:
        raise NotFound(f"PaymentSession id not found: {payment_session_id}")
    again = partial(choices.choose_again, snapshot=snapshot, caller=caller, created_by=created_by, shopper=shopper)

    def choose(through: choices.Through) -> PaymentSession:
        choice = again(session, collection.region_id)
        through.append((choice.provider, choice.account_holder))
        wanted = WantedSet(
            plan=partial(session_plans.refreshed, payment_session_id=payment_session_id, choice=choice),
            asked=repeats.fingerprint(refresh=payment_session_id),
            caller=caller,
            snapshot=upkeep.make_room(collection, snapshot, request=request).cart,
            created_by=created_by,
        )
        done = session_sets.carry_out(payment_collection_id, wanted)
        return primary(PaymentSession).get(pk=done[0].payment_session_id)

    return choices.until_it_stands(choose)


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
    `cart_changed` when the cart has moved on; else another request is at work), `PaymentOutcomeUnknown`,
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
    snapshot = cart_amounts.snapshot_of(collection, request)
    if snapshot is not None and not snapshot.amount and collection.amount:
        # The cart costs nothing any more: what is held for it is released.
        collection = upkeep.follow_cart(collection, snapshot, request=request)
    live = session_choice.live_sessions(collection)
    if not collection.amount:
        live = [session for session in live if session.status != SessionStatus.CANCELED]
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


SYSTEM = "pp_system_default"
"""The provider that takes an amount of 0, and what is paid by other means."""


def _session_for_the_rest(
    payment_collection_id: str, choice: Choice, cart: CartSnapshot, asked: Mapping[str, Any]
) -> PaymentSession:
    """Make one session for what is lacking beside money that stays; return it, or a paid one where that is enough."""
    wanted = WantedSet(
        plan=partial(session_plans.the_rest, snapshot=cart, choice=choice),
        asked=repeats.fingerprint(rest=asked),
        caller=choice.caller,
        created_by=choice.created_by,
        is_rest=True,
    )
    session_sets.carry_out(payment_collection_id, wanted)
    return choices.live_session(payment_collection_id)


def _authorized(
    payment_collection_id: str,
    payment_session_id: str,
    created_by: str,
    request: object | None,
    idempotency_key: str | None,
    shopper: Shopper | None,
) -> PaymentSession:
    """Authorize a live session and return it, whatever its provider says of it. Raises what `authorize` raises."""
    snapshot = cart_amounts.snapshot_of(queries.existing(payment_collection_id), request)
    try:
        choices.execute_until(
            payment_collection_id,
            partial(
                session_authorization.reserve,
                payment_session_id=payment_session_id,
                snapshot=snapshot,
                caller=repeats.caller_key(idempotency_key),
                created_by=created_by,
                shopper=shopper,
            ),
            is_done=lambda operation: operation.kind == OperationKind.AUTHORIZE,
        )
    except InvalidData as error:
        # An object that is gone at the provider: its session is canceled by now, and the next choice makes another.
        if error.code != OBJECT_GONE:
            raise
    return primary(PaymentSession).get(pk=payment_session_id)


def _authorized_or_refused(*arguments: Any) -> PaymentSession:
    """As `_authorized`; a provider's rejection counts as a refusal (`PaymentAuthorizationError`)."""
    try:
        return _authorized(*arguments)
    except InvalidData as error:
        if "operation_id" in error.details:
            raise PaymentAuthorizationError(error.message) from error
        raise
