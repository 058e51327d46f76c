"""The customer's choice of a provider, and what it takes to make it so: initiate a session, or update the live one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from medusa_payments.carts import CartSnapshot
from medusa_payments.core.base import amounts
from medusa_payments.core.books import placing
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.facts import awaited_by_order
from medusa_payments.core.saga import callers, operations, slots
from medusa_payments.core.saga.operations import CallerKey, Reservation
from medusa_payments.core.sessions import cart, shoppers
from medusa_payments.core.sessions.shoppers import Permission
from medusa_payments.exceptions import InvalidData, NotAllowed
from medusa_payments.ids import new_id
from medusa_payments.models import AccountHolder, Operation, PaymentCollection, PaymentSession
from medusa_payments.money import Money, to_major_units
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.errors import OBJECT_GONE, ProviderRejected
from medusa_payments.providers.types import InitiateRequest, UpdateRequest
from medusa_payments.queries import payment_collections as queries
from medusa_payments.queries import payment_sessions as session_queries
from medusa_payments.queries.primary import primary
from medusa_payments.states import MONEY_HOLDING_STATUSES, OperationKind, OperationStatus, SessionStatus

SLOT = 0
"""The place of the one session that a collection has when it isn't split among several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the customer wants: this provider, for the collection's amount.

    `account_holder` is the customer's account there, if there is one. `is_off_session`: the customer isn't there.
    `permission` says what whoever chooses may pay with the provider.
    """

    provider_id: str
    provider: PaymentProvider
    data: Mapping[str, Any]
    customer_id: str
    caller: CallerKey | None
    created_by: str
    permission: Permission
    account_holder: AccountHolder | None = None
    is_off_session: bool = False


def client_data(provider: PaymentProvider, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a storefront's data goes to the provider. Raises `InvalidData` naming what isn't writable."""
    try:
        return provider.clean_client_data(data)
    except ProviderRejected as error:
        raise InvalidData(error.message, code=error.code) from error


def reserve(book: Book, *, choice: Choice, snapshot: CartSnapshot | None) -> Reservation | None:
    """Reserve what makes a collection's live session what the customer chose, or resume what is in the way; None where
    it is that already.

    Raises `NotAllowed` (money is held, or was, an order waits, an authorization is unknown, the choice was replaced),
    `InvalidData` (amount 0), `Conflict` (another request is in progress), `IdempotencyError`, `PaymentOutcomeUnknown`.
    """
    earlier = callers.find_by_key(book, choice.caller, kinds=CHOOSING, target=book.collection.pk)
    if earlier is not None:
        _refuse_if_replaced(book, earlier)
    if earlier is not None and earlier.status != OperationStatus.NOT_EXECUTED:
        return operations.resume(book, earlier)
    unfinished = slots.holders(book)
    for operation in unfinished:
        if _is_in_the_way(operation, choice):
            return operations.resume(book, operation)
    refuse_if_canceled(book.collection)
    refuse_if_returned(book)
    refuse_if_money_is_held(book)
    refuse_if_an_order_waits(book)
    placing.begin_anew(book)
    for operation in unfinished:
        slots.vacate(operation)
    if earlier is not None:
        return operations.reopen(book, earlier, open_slot=slots.session_slot(book.collection.pk))
    cart.follow(book, snapshot)
    return _reserve_anew(book, choice)


def _reserve_anew(book: Book, choice: Choice) -> Reservation | None:
    """Reserve an update of the live session that can become the only one, else the initiate of a new one; None where
    the object of a provider without updates is as it was chosen.
    """
    live = book.live
    money = money_for(book.collection, choice.provider)
    choice.permission.refuse_unless_it_covers(money.minor_units)
    is_replaced = not choice.provider.capabilities.supports_update
    if is_replaced and len(live) == 1 and stays_as_it_is(book, live[0], choice, minor_units=money.minor_units):
        return None
    for session in live:
        if can_be_updated(book, session, choice):
            intent = {"slot": SLOT} if len(live) > 1 else {}
            return reserve_update(book, session, choice, money=money, intent=intent)
    shoppers.refuse_more_objects(choice.permission.shopper, book)
    return reserve_initiate(book, choice, money=money, intent={"slot": SLOT})


CHOOSING = (OperationKind.INITIATE, OperationKind.UPDATE)


def _refuse_if_replaced(book: Book, earlier: Operation) -> None:
    """What was replaced by another choice is never sent again: the cart may be paid otherwise by now."""
    is_replaced = earlier.is_open and earlier.open_slot is None
    if is_replaced or (earlier.kind == OperationKind.UPDATE and _is_to_be_sent_to_a_replaced_session(book, earlier)):
        raise NotAllowed(
            "This choice of a payment provider was replaced by a newer one. Choose again, as a new request.",
            details={"operation_id": earlier.pk},
        )


def _is_to_be_sent_to_a_replaced_session(book: Book, earlier: Operation) -> bool:
    is_replaced = book.session(earlier.payment_session_id).slot is None
    return earlier.status == OperationStatus.NOT_EXECUTED and is_replaced


def _is_in_the_way(unfinished: Operation, choice: Choice) -> bool:
    """An unknown initiate or update of another provider, or one that a repeat can't resolve, never keeps the customer
    from choosing: neither moves money.
    """
    if unfinished.kind == OperationKind.AUTHORIZE:
        raise NotAllowed(
            f"{unfinished.payment_session_id} is being authorized; its outcome is not known yet.",
            details={"operation_id": unfinished.pk},
        )
    is_same = (unfinished.provider_id, unfinished.provider_account) == (choice.provider_id, choice.provider.account)
    is_for_the_whole = "plan" not in unfinished.intent
    return is_same and is_for_the_whole and operations.is_worth_a_resend(unfinished)


def live_sessions(payment_collection_id: str) -> list[PaymentSession]:
    """Return the sessions that a collection is to be paid with, in the customer's order."""
    live = primary(PaymentSession).filter(payment_collection=payment_collection_id, slot__isnull=False)
    return list(live.order_by("slot"))


def refuse_if_money_is_held(book: Book, *, except_by: Collection[str] = ()) -> None:
    """Raise `NotAllowed` when a session of the collection, live or not, holds money; `except_by` are the ids of those
    that may.
    """
    collection = book.collection
    held = [each for each in book.sessions if each.status in MONEY_HOLDING_STATUSES and each.pk not in except_by]
    if not held:
        return
    session = min(held, key=lambda session: session.pk)
    message = f"Payment collection {collection.pk} is paid with {session.pk} already; its payment session can't change."
    if collection.cart_id and not collection.live_cart_id:
        # Another tab still shows the collection that the cart had in another currency.
        message = (
            f"Payment collection {collection.pk} is paid with {session.pk}, and isn't the cart's any more. "
            "Create a new payment collection for the cart."
        )
    raise NotAllowed(message, details={"payment_session_id": session.pk})


def refuse_if_canceled(collection: PaymentCollection) -> None:
    """Raise `NotAllowed` for a canceled collection."""
    if collection.canceled_at is not None:
        raise NotAllowed(f"Payment collection {collection.pk} is canceled; it can't be paid any more.")


def refuse_if_returned(book: Book) -> None:
    """Raise `NotAllowed` when a part of what a session was paid with went back, is on its way, or is disputed: the rest
    that would be paid beside it doesn't come to the amount.
    """
    there = [payment for payment in book.counted if payment.canceled_at is None]
    diminished = [payment for payment in there if payment.held_amount < payment.payment_session.amount]
    if not diminished or not book.collection.authorized_amount or _comes_to_the_amount(book):
        return
    payment = min(diminished, key=lambda payment: payment.pk)
    session, code = payment.payment_session, book.collection.currency_code
    held, paid = (to_major_units(each, code) for each in (payment.held_amount, session.amount))
    raise NotAllowed(
        f"Nothing can be paid beside {session.pk} any more. It holds {held} of {paid}; the rest was refunded, released "
        "or disputed. Cancel the payment collection and pay with a new one, or make one for what is lacking.",
        details={"payment_session_id": session.pk, "payment_id": payment.pk},
    )


def _comes_to_the_amount(book: Book) -> bool:
    """Say whether the live sessions that wait for their payment come to the collection's amount with what is held: they
    were chosen as the rest beside it.
    """
    unpaid = [session for session in book.live if session.authorized_at is None]
    waiting = [session.amount for session in unpaid if session.status != SessionStatus.CANCELED]
    return bool(waiting) and book.held + sum(waiting) >= book.collection.amount


def refuse_if_an_order_waits(book: Book) -> None:
    """Raise `NotAllowed` when an order was placed on a session whose provider has yet to decide."""
    session = awaited_by_order(book)
    if session is not None:
        raise NotAllowed(
            f"Order {book.collection.order_id} waits for the authorization of {session.pk}; it can't be replaced.",
            details={"payment_session_id": session.pk},
        )


def can_be_updated(book: Book, live: PaymentSession, choice: Choice) -> bool:
    """Say whether a live session's object can become what was chosen, instead of a new one."""
    return choice.provider.capabilities.supports_update and _is_usable(book, live, choice)


def stays_as_it_is(book: Book, live: PaymentSession, choice: Choice, *, minor_units: int) -> bool:
    """Say whether a live session's object is what was chosen, so that its provider needn't be asked for anything.

    An attempt that failed on an object that can't be updated ends it: such a provider is asked for another one.
    """
    is_unchanged = (live.amount, live.client_data) == (minor_units, dict(choice.data))
    may_go_on = choice.provider.capabilities.supports_update or live.status != SessionStatus.ERROR
    return is_unchanged and may_go_on and _is_usable(book, live, choice)


def _is_usable(book: Book, live: PaymentSession, choice: Choice) -> bool:
    return (
        _is_for_the_same(live, book.collection, choice)
        and live.provider_ref is not None
        and live.status != SessionStatus.CANCELED
        and not book.is_in_doubt(live)
        and not _is_gone(book, live)
    )


def _is_gone(book: Book, session: PaymentSession) -> bool:
    """The provider said that the object can't be changed."""
    return any(
        operation.payment_session_id == session.pk
        and operation.kind == OperationKind.UPDATE
        and operation.status == OperationStatus.REFUSED
        and operation.error_code == OBJECT_GONE
        for operation in book.operations
    )


def _is_for_the_same(live: PaymentSession, collection: PaymentCollection, choice: Choice) -> bool:
    """Say whether a live session's object may pay for what was chosen, as far as it is usable."""
    # Whether the customer is there is said when an object is made, so what is paid off-session has one of its own; and
    # so has what pays with a saved payment method: with the other's secret, which is shown to all, browsers confirm it.
    return (
        not choice.is_off_session
        and session_queries.names_saved_method(live.client_data) == session_queries.names_saved_method(choice.data)
        and live.provider_id == choice.provider_id
        and live.customer_id == choice.customer_id
        and live.provider_account == choice.provider.account
        and live.currency_code == collection.currency_code
        and _has_its_account(live, choice)
    )


def _has_its_account(session: PaymentSession, choice: Choice) -> bool:
    """Say whether a session was made for the account that the customer has by now; one without can't be given it."""
    return choice.account_holder is None or session.account_holder_id == choice.account_holder.pk


def reserve_initiate(
    book: Book,
    choice: Choice,
    *,
    money: Money,
    intent: Mapping[str, Any],
    target: str | None = None,
    session_id: str | None = None,
) -> Reservation:
    """Reserve a new session with its provider; `intent["slot"]` is the place that it is to have."""
    collection = book.collection
    session = book.add(
        PaymentSession(
            id=session_id or new_id("payses"),
            payment_collection=collection,
            provider_id=choice.provider_id,
            provider_account=choice.provider.account,
            amount=money.minor_units,
            currency_code=money.currency_code,
            client_data=dict(choice.data),
            customer_id=choice.customer_id,
            account_holder=choice.account_holder,
            created_at=book.clock(),
            updated_at=book.clock(),
        )
    )
    request = InitiateRequest(
        idempotency_key=new_id("payop"),
        session_id=session.pk,
        payment_collection_id=collection.pk,
        money=money,
        data=choice.data,
        customer_id=choice.customer_id or None,
        email=collection.email or None,
        account_holder_ref=choice.account_holder.external_id if choice.account_holder else None,
        is_off_session=choice.is_off_session,
    )
    return _reserve(book, session, choice, request, intent, target)


def reserve_update(
    book: Book,
    live: PaymentSession,
    choice: Choice,
    *,
    money: Money,
    intent: Mapping[str, Any],
    target: str | None = None,
) -> Reservation:
    """Reserve the change of a live session; without a slot in `intent` it stays where it is."""
    request = UpdateRequest(
        idempotency_key=new_id("payop"),
        session_id=live.pk,
        payment_collection_id=book.collection.pk,
        provider_ref=live.provider_ref or "",
        money=money,
        data=choice.data,
    )
    return _reserve(book, live, choice, request, intent, target)


def _reserve(
    book: Book,
    session: PaymentSession,
    choice: Choice,
    request: InitiateRequest | UpdateRequest,
    intent: Mapping[str, Any],
    target: str | None,
) -> Reservation:
    pk = book.collection.pk
    return operations.reserve(
        book,
        request=request,
        provider=choice.provider,
        session=session,
        target=target or pk,
        caller=choice.caller,
        amount=request.money.minor_units,
        intent=intent,
        open_slot=slots.session_slot(pk, intent.get("slot", SLOT)),
        created_by=choice.created_by,
    )


def money_for(collection: PaymentCollection, provider: PaymentProvider) -> Money:
    """Return what one session for all of a collection is for. Raises `InvalidData` where the provider can't take it."""
    if collection.amount == 0 and not provider.capabilities.supports_zero_amount:
        raise InvalidData(f"Payment provider {provider.alias} can't take an amount of 0. Use pp_system_default for it.")
    minor_units = amounts.step_up(collection.amount, provider=provider, currency_code=collection.currency_code)
    return Money(minor_units=minor_units, currency_code=collection.currency_code)


def fulfils(operation: Operation, *, choice: Choice, snapshot: CartSnapshot | None) -> bool:
    """Say whether a finished operation, perhaps taken over from an earlier request, did what this one asks for."""
    is_own = choice.caller is not None and operation.idempotency_key == choice.caller.key
    if is_own or operation.fence == 0:
        return True
    collection = queries.existing(operation.payment_collection_id)
    is_current = snapshot is None or cart.covers(collection, snapshot)
    wanted = money_for(collection, choice.provider).minor_units
    session = primary(PaymentSession).get(pk=operation.payment_session_id)
    is_same_customer = session.customer_id == choice.customer_id and _has_its_account(session, choice)
    is_same_request = (
        operation.amount == wanted
        and operation.request["data"] == choice.data
        and operation.request.get("is_off_session", False) == choice.is_off_session
    )
    return is_current and is_same_customer and is_same_request
