"""Authorizing a live session: what is checked and reserved inside the collection's lock."""

from medusa_payments.carts import CartSnapshot
from medusa_payments.core import shoppers
from medusa_payments.core.saga import slots
from medusa_payments.customers import Shopper
from medusa_payments.exceptions import Conflict, NotAllowed, NotFound
from medusa_payments.ids import new_id
from medusa_payments.models import Operation, PaymentCollection, PaymentSession
from medusa_payments.money import Money
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.types import AuthorizeRequest
from medusa_payments.queries import held_money
from medusa_payments.queries.primary import primary
from medusa_payments.services import amounts, cart_amounts, operations, repeats, session_choice, session_plans
from medusa_payments.services.operations import CallerKey, Reservation
from medusa_payments.states import OperationKind, OperationStatus


def reserve(
    collection: PaymentCollection,
    *,
    payment_session_id: str,
    snapshot: CartSnapshot | None,
    caller: CallerKey | None,
    created_by: str,
    shopper: Shopper | None = None,
) -> Reservation | None:
    """Reserve the authorization of a locked collection's live session, or resume what is in the way; None when it has
    been authorized.

    Sessions of a split collection are authorized one by one, as long as their sum fits. Raises `NotFound`, `NotAllowed`
    (canceled, failed, money is held otherwise, or a part of it is there no more), `Conflict` (code `cart_changed`; else
    another request is at work), `IdempotencyError`, `PaymentOutcomeUnknown`. Where a shopper may not: `Unauthorized`,
    `Forbidden`, `InvalidData` (the provider), `TooManyRequests`.
    """
    session = (
        primary(PaymentSession).filter(pk=payment_session_id, payment_collection=collection, slot__isnull=False).first()
    )
    if session is None:
        raise NotFound(f"PaymentSession id not found: {payment_session_id}")
    earlier = repeats.find_by_key(caller, kinds=[OperationKind.AUTHORIZE], target=session.pk)
    if earlier is not None and earlier.status not in {OperationStatus.OPEN, OperationStatus.NOT_EXECUTED}:
        return Reservation(operation=earlier)
    if session.authorized_at is not None:
        return None
    session_choice.refuse_if_canceled(collection)
    provider = operations.provider_for(session)
    shoppers.refuse_session_of_another_customer(shopper, session)
    shoppers.refuse_session_provider(shopper, session, provider, cart_amounts.region_of(collection, snapshot))
    if collection.authorized_amount and not _fits(collection, session, provider):
        session_choice.refuse_if_money_is_held(collection)
    unfinished = _unfinished(session)
    if unfinished is not None:
        return operations.resume(unfinished)
    _refuse_if_to_be_given_back(collection)
    session_choice.refuse_if_given_back(collection)
    _refuse_if_cart_changed(collection, session, snapshot)
    if earlier is not None:
        return operations.reopen(earlier, open_slot=slots.session_slot(collection.pk, session.slot or 0))
    shoppers.refuse_after_failures(shopper, collection)
    return _reserve_anew(collection, session, provider, caller, created_by)


def _reserve_anew(
    collection: PaymentCollection,
    session: PaymentSession,
    provider: PaymentProvider,
    caller: CallerKey | None,
    created_by: str,
) -> Reservation:
    request = AuthorizeRequest(
        idempotency_key=new_id("payop"),
        session_id=session.pk,
        payment_collection_id=collection.pk,
        provider_ref=session.provider_ref or "",
        money=Money(minor_units=session.amount, currency_code=session.currency_code),
    )
    return operations.reserve(
        request=request,
        provider=provider,
        session=session,
        target=session.pk,
        caller=caller,
        amount=session.amount,
        open_slot=slots.session_slot(collection.pk, session.slot or 0),
        created_by=created_by,
    )


def _unfinished(session: PaymentSession) -> Operation | None:
    """Return what must be resolved before a session is authorized: what was asked about the session itself.

    Another session's unknown initiate, which has not become the live one, is given up: the customer pays with this one.
    """
    on_session = None
    for operation in slots.unfinished_for(session):
        if operation.payment_session_id == session.pk:
            on_session = operation
        else:
            slots.abandon(operation)
    return on_session


def _fits(collection: PaymentCollection, session: PaymentSession, provider: PaymentProvider) -> bool:
    """Say whether a session's amount is still lacking, beside what the collection's others hold."""
    total = amounts.step_up(collection.amount, provider=provider, currency_code=collection.currency_code)
    return collection.authorized_amount + session.amount <= total


def _refuse_if_to_be_given_back(collection: PaymentCollection) -> None:
    """What is paid of an order that failed goes back at once; until then it would look like a paid cart."""
    if held_money.is_given_up(collection):
        raise NotAllowed(f"Payment collection {collection.pk} failed. Choose how to pay it once more.")


def _refuse_if_cart_changed(
    collection: PaymentCollection, session: PaymentSession, snapshot: CartSnapshot | None
) -> None:
    is_current = snapshot is None or cart_amounts.covers(collection, snapshot)
    if not is_current or not session_plans.covers(collection, session):
        raise Conflict(
            "The cart has changed since the payment session was initialized. Initialize the payment session again.",
            code="cart_changed",
            details={"payment_session_id": session.pk},
        )
