"""Choosing a provider for a collection, and authorizing with it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from medusa_payments.carts import CartSnapshot
from medusa_payments.exceptions import Conflict, NotAllowed, NotFound
from medusa_payments.ids import new_id
from medusa_payments.models import Operation, PaymentCollection, PaymentSession
from medusa_payments.money import Money
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.types import AuthorizeRequest
from medusa_payments.queries import payment_collections as queries
from medusa_payments.queries.primary import primary
from medusa_payments.services import amounts, cart_amounts, convergence, execution, operations, repeats, session_choice
from medusa_payments.services.operations import CallerKey, Reservation
from medusa_payments.services.session_choice import SLOT, Choice
from medusa_payments.states import OperationKind, OperationStatus, SessionStatus

AUTHORIZED_STATUSES = frozenset({SessionStatus.AUTHORIZED, SessionStatus.CAPTURED, SessionStatus.PENDING_AUTHORIZATION})


def initialize(
    *,
    payment_collection_id: str,
    provider_id: str,
    data: Mapping[str, Any] | None = None,
    customer_id: str = "",
    created_by: str = "",
    request: object | None = None,
    idempotency_key: str | None = None,
) -> PaymentSession:
    """Make `provider_id` the way this collection is to be paid; return the live session.

    Guaranteed: one live session per collection, however many callers ask at once. The same provider again updates the
    session in place (same id, same object at the provider) to the cart's current amount and the new `data`; another
    provider, or another customer, replaces it and cancels the old object. If the provider refuses, what was there
    before stays.

    Raises `NotFound` (collection, cart), `InvalidData` (provider not enabled or not configured, `data`, amount 0
    where the provider can't), `NotAllowed` (the collection holds money, or is being authorized),
    `PaymentAuthorizationError` (declined), `Conflict` (another request is at work), `PaymentOutcomeUnknown`,
    `ProviderNotReachable`, `InsideTransaction`.
    """
    collection = queries.existing(payment_collection_id)
    snapshot = cart_amounts.snapshot_of(collection, request)
    region_id = (snapshot.region_id or "") if snapshot else collection.region_id
    provider = session_choice.enabled_provider(provider_id, region_id)
    choice = Choice(
        provider_id=provider_id,
        provider=provider,
        data=session_choice.client_data(provider, data or {}),
        snapshot=snapshot,
        customer_id=customer_id,
        caller=repeats.caller_key(idempotency_key, provider_id=provider_id, data=data or {}),
        created_by=created_by,
    )
    if session_choice.replaces_a_session(collection, choice):
        convergence.look_at_open_sessions(payment_collection_id)
    _execute_until(
        payment_collection_id,
        partial(session_choice.reserve, choice=choice),
        is_done=partial(session_choice.fulfils, choice=choice),
    )
    return _live_session(payment_collection_id)


def authorize(
    *,
    payment_collection_id: str,
    payment_session_id: str,
    created_by: str = "",
    request: object | None = None,
    idempotency_key: str | None = None,
) -> PaymentSession:
    """Authorize a live session and return it, authorized or waiting for the provider (`pending_authorization`).

    Guaranteed: at most one payment per session. No-op, with no provider call, when the session has its payment already.

    Raises `NotFound` (collection, session), `NotAllowed` (the customer has more to do, or the provider gave up; the
    session's status says which), `PaymentAuthorizationError` (declined), `InvalidData` (rejected), `Conflict` (code
    `cart_changed` when the cart has moved on; else another request is at work), `PaymentOutcomeUnknown`,
    `ProviderNotReachable`, `InsideTransaction`.
    """
    snapshot = cart_amounts.snapshot_of(queries.existing(payment_collection_id), request)
    _execute_until(
        payment_collection_id,
        partial(
            _reserve_authorization,
            payment_session_id=payment_session_id,
            snapshot=snapshot,
            caller=repeats.caller_key(idempotency_key),
            created_by=created_by,
        ),
        is_done=lambda operation: operation.kind == OperationKind.AUTHORIZE,
    )
    session = primary(PaymentSession).get(pk=payment_session_id)
    if session.status not in AUTHORIZED_STATUSES:
        raise NotAllowed(
            f"Session: {session.pk} was not authorized with the provider.", details={"status": session.status}
        )
    return session


def _live_session(payment_collection_id: str) -> PaymentSession:
    session = primary(PaymentSession).filter(payment_collection_id=payment_collection_id, slot=SLOT).first()
    if session is None:
        raise Conflict(
            f"The payment session of {queries.existing(payment_collection_id).pk} was given up by another request.",
            retry_after=operations.IN_PROGRESS_RETRY_SECONDS,
        )
    return session


_FEW_ROUNDS = 3


def _execute_until(
    payment_collection_id: str, reserve: execution.Reserve, *, is_done: Callable[[Operation], bool]
) -> None:
    """Execute, first finishing what an earlier request left unknown on the same slot.

    Each round that meets such an operation resolves it and looks again. That one's refusal is no answer to this caller.
    """
    for _ in range(_FEW_ROUNDS):
        operation = execution.execute(payment_collection_id=payment_collection_id, reserve=reserve)
        if operation is None:
            return
        is_answer = is_done(operation)
        if is_answer or operation.is_open:
            execution.raise_unless_succeeded(operation)
        if is_answer:
            return
    raise Conflict(
        f"Other requests keep changing {payment_collection_id}.",
        retry_after=operations.IN_PROGRESS_RETRY_SECONDS,
    )


def _reserve_authorization(
    collection: PaymentCollection,
    *,
    payment_session_id: str,
    snapshot: CartSnapshot | None,
    caller: CallerKey | None,
    created_by: str,
) -> Reservation | None:
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
    if collection.authorized_amount:
        session_choice.refuse_if_money_is_held(collection)
    unfinished = _unfinished(session)
    if unfinished is not None:
        return operations.resume(unfinished)
    provider = operations.provider_for(session)
    _refuse_if_cart_changed(collection, session, provider, snapshot)
    if earlier is not None:
        return operations.reopen(earlier, open_slot=operations.session_slot(collection.pk))
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
        open_slot=operations.session_slot(collection.pk),
        created_by=created_by,
    )


def _unfinished(session: PaymentSession) -> Operation | None:
    """Return what must be resolved before a session is authorized: what was asked about the session itself.

    Another session's unknown initiate, which has not become the live one, is given up: the customer pays with this one.
    """
    on_session = None
    for operation in operations.unfinished_for(session):
        if operation.payment_session_id == session.pk:
            on_session = operation
        else:
            operations.abandon_slot(operation)
    return on_session


def _refuse_if_cart_changed(
    collection: PaymentCollection,
    session: PaymentSession,
    provider: PaymentProvider,
    snapshot: CartSnapshot | None,
) -> None:
    stepped = amounts.step_up(collection.amount, provider=provider, currency_code=collection.currency_code)
    is_current = snapshot is None or cart_amounts.covers(collection, snapshot)
    if not is_current or (session.amount, session.currency_code) != (stepped, collection.currency_code):
        raise Conflict(
            "The cart has changed since the payment session was initialized. Initialize the payment session again.",
            code="cart_changed",
            details={"payment_session_id": session.pk},
        )
