"""Authorizing a live session: what is checked and reserved inside the collection's lock."""

from medusa_payments.carts import CartSnapshot
from medusa_payments.core.base import amounts
from medusa_payments.core.base.providers import provider_for
from medusa_payments.core.books.book import Book
from medusa_payments.core.saga import callers, operations, slots
from medusa_payments.core.saga.operations import CallerKey, Reservation
from medusa_payments.core.sessions import cart, choice, plans, shoppers
from medusa_payments.customers import Shopper
from medusa_payments.exceptions import Conflict, NotAllowed, NotFound
from medusa_payments.ids import new_id
from medusa_payments.models import Operation, PaymentSession
from medusa_payments.money import Money
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.types import AuthorizeRequest
from medusa_payments.queries import held_money
from medusa_payments.states import OperationKind, OperationStatus


def reserve(
    book: Book,
    *,
    payment_session_id: str,
    snapshot: CartSnapshot | None,
    caller: CallerKey | None,
    created_by: str,
    shopper: Shopper | None = None,
) -> Reservation | None:
    """Reserve the authorization of a live session, or resume what is in the way; None when it has been authorized.

    Sessions of a split collection are authorized one by one, as long as their sum fits. Raises `NotFound`, `NotAllowed`
    (canceled, failed, money is held otherwise, or a part of it is there no more), `Conflict` (code `cart_changed`; else
    another request is in progress), `IdempotencyError`, `PaymentOutcomeUnknown`. Where a shopper may not:
    `Unauthorized`, `Forbidden`, `InvalidData` (the provider), `TooManyRequests`.
    """
    collection = book.collection
    session = next((each for each in book.live if each.pk == payment_session_id), None)
    if session is None:
        raise NotFound(f"PaymentSession id not found: {payment_session_id}")
    earlier = callers.find_by_key(book, caller, kinds=[OperationKind.AUTHORIZE], target=session.pk)
    if earlier is not None and earlier.status not in {OperationStatus.OPEN, OperationStatus.NOT_EXECUTED}:
        return Reservation(operation=earlier)
    if session.authorized_at is not None:
        return None
    choice.refuse_if_canceled(collection)
    provider = provider_for(session)
    shoppers.refuse_session_of_another_customer(shopper, session)
    shoppers.refuse_session_provider(shopper, session, provider, cart.region_of(collection, snapshot))
    if collection.authorized_amount and not _fits(book, session, provider):
        choice.refuse_if_money_is_held(book)
    unfinished = _unfinished(book, session)
    if unfinished is not None:
        return operations.resume(book, unfinished)
    _refuse_if_to_be_returned(book)
    choice.refuse_if_returned(book)
    _refuse_if_cart_changed(book, session, snapshot)
    if earlier is not None:
        return operations.reopen(book, earlier, open_slot=slots.session_slot(collection.pk, session.slot or 0))
    shoppers.refuse_after_failures(shopper, book)
    return _reserve_anew(book, session, provider, caller, created_by)


def _reserve_anew(
    book: Book, session: PaymentSession, provider: PaymentProvider, caller: CallerKey | None, created_by: str
) -> Reservation:
    request = AuthorizeRequest(
        idempotency_key=new_id("payop"),
        session_id=session.pk,
        payment_collection_id=book.collection.pk,
        provider_ref=session.provider_ref or "",
        money=Money(minor_units=session.amount, currency_code=session.currency_code),
    )
    return operations.reserve(
        book,
        request=request,
        provider=provider,
        session=session,
        target=session.pk,
        caller=caller,
        amount=session.amount,
        open_slot=slots.session_slot(book.collection.pk, session.slot or 0),
        created_by=created_by,
    )


def _unfinished(book: Book, session: PaymentSession) -> Operation | None:
    """Return what must be resolved before a session is authorized: what was asked about the session itself.

    Another session's unknown initiate, which has not become the live one, loses its slot: the customer pays with this
    one.
    """
    on_session = None
    for operation in slots.unfinished_for(book, session):
        if operation.payment_session_id == session.pk:
            on_session = operation
        else:
            slots.vacate(operation)
    return on_session


def _fits(book: Book, session: PaymentSession, provider: PaymentProvider) -> bool:
    """Say whether a session's amount is still lacking, beside what the collection's others hold."""
    collection = book.collection
    total = amounts.step_up(collection.amount, provider=provider, currency_code=collection.currency_code)
    return collection.authorized_amount + session.amount <= total


def _refuse_if_to_be_returned(book: Book) -> None:
    """What is paid of an order that failed goes back at once; until then it would look like a paid cart."""
    if held_money.is_given_up(book.collection):
        raise NotAllowed(f"Payment collection {book.collection.pk} failed. Choose how to pay it once more.")


def _refuse_if_cart_changed(book: Book, session: PaymentSession, snapshot: CartSnapshot | None) -> None:
    is_current = snapshot is None or cart.covers(book.collection, snapshot)
    if not is_current or not plans.covers(book, session):
        raise Conflict(
            "The cart has changed since the payment session was initialized. Initialize the payment session again.",
            code="cart_changed",
            details={"payment_session_id": session.pk},
        )
