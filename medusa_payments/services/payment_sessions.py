"""Choosing a provider for a collection, and authorizing with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from medusa_payments.carts import CartSnapshot, providers_of_region
from medusa_payments.exceptions import Conflict, InvalidData, NotAllowed, NotFound
from medusa_payments.ids import new_id
from medusa_payments.models import Operation, PaymentCollection, PaymentSession
from medusa_payments.money import Money
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.providers.registry import providers
from medusa_payments.providers.types import AuthorizeRequest, InitiateRequest, UpdateRequest
from medusa_payments.queries import payment_collections as queries
from medusa_payments.queries.primary import primary
from medusa_payments.services import amounts, cart_amounts, execution, operations, repeats
from medusa_payments.services.operations import CallerKey, Reservation
from medusa_payments.states import MONEY_HOLDING_STATUSES, OperationKind, OperationStatus, SessionStatus

SLOT = 0
"""The place of the one session that a collection has when it isn't split among several."""

AUTHORIZED_STATUSES = frozenset({SessionStatus.AUTHORIZED, SessionStatus.CAPTURED, SessionStatus.PENDING_AUTHORIZATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """What the customer wants: this provider, for the collection's amount."""

    provider_id: str
    provider: PaymentProvider
    data: Mapping[str, Any]
    snapshot: CartSnapshot | None
    customer_id: str
    caller: CallerKey | None
    created_by: str


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
    provider replaces it and cancels the old object. If the provider refuses, what was there before stays.

    Raises `NotFound` (collection, cart), `InvalidData` (provider not enabled or not configured, `data`, amount 0
    where the provider can't), `NotAllowed` (the collection holds money, or is being authorized),
    `PaymentAuthorizationError` (declined), `Conflict` (another request is at work), `PaymentOutcomeUnknown`,
    `ProviderNotReachable`, `InsideTransaction`.
    """
    collection = queries.existing(payment_collection_id)
    snapshot = cart_amounts.snapshot_of(collection, request)
    region_id = (snapshot.region_id or "") if snapshot else collection.region_id
    provider = _enabled_provider(provider_id, region_id)
    choice = _Choice(
        provider_id=provider_id,
        provider=provider,
        data=_client_data(provider, data or {}),
        snapshot=snapshot,
        customer_id=customer_id,
        caller=repeats.caller_key(idempotency_key, provider_id=provider_id, data=data or {}),
        created_by=created_by,
    )
    _execute_until(
        payment_collection_id,
        partial(_reserve_choice, choice=choice),
        is_done=partial(_fulfils, choice=choice),
    )
    return primary(PaymentSession).get(payment_collection_id=payment_collection_id, slot=SLOT)


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


_FEW_ROUNDS = 3


def _execute_until(
    payment_collection_id: str, reserve: execution.Reserve, *, is_done: Callable[[Operation], bool]
) -> None:
    """Execute, first finishing what an earlier request left unknown on the same slot.

    Each round that meets such an operation resolves it and looks again.
    """
    for _ in range(_FEW_ROUNDS):
        operation = execution.execute(payment_collection_id=payment_collection_id, reserve=reserve)
        if operation is None:
            return
        execution.raise_unless_succeeded(operation)
        if is_done(operation):
            return
    raise Conflict(
        f"Other requests keep changing {payment_collection_id}.",
        retry_after=operations.IN_PROGRESS_RETRY_SECONDS,
    )


def _enabled_provider(provider_id: str, region_id: str) -> PaymentProvider:
    enabled = providers_of_region(region_id) if region_id else None
    if enabled is not None and provider_id not in enabled:
        raise InvalidData(f"Payment provider {provider_id} is not enabled in the cart's region {region_id}.")
    return providers[provider_id]


def _client_data(provider: PaymentProvider, data: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return provider.clean_client_data(data)
    except ProviderRejected as error:
        raise InvalidData(error.message, code=error.code) from error


def _reserve_choice(collection: PaymentCollection, *, choice: _Choice) -> Reservation:
    earlier = repeats.find_by_key(choice.caller, kinds=_CHOOSING, target=collection.pk)
    if earlier is not None and earlier.status != OperationStatus.NOT_EXECUTED:
        return operations.resume(earlier)
    unfinished = operations.slot_holder(operations.session_slot(collection.pk))
    if unfinished is not None and _is_in_the_way(unfinished, choice):
        return operations.resume(unfinished)
    _refuse_if_money_is_held(collection)
    if unfinished is not None:
        operations.abandon_slot(unfinished)
    if earlier is not None:
        return operations.reopen(earlier, open_slot=operations.session_slot(collection.pk))
    cart_amounts.follow(collection, choice.snapshot)
    live = primary(PaymentSession).filter(payment_collection=collection, slot=SLOT).first()
    if live is not None and _can_be_updated(live, collection, choice):
        return _reserve_update(collection, live, choice)
    return _reserve_initiate(collection, choice)


_CHOOSING = (OperationKind.INITIATE, OperationKind.UPDATE)


def _is_in_the_way(unfinished: Operation, choice: _Choice) -> bool:
    """An unknown initiate or update of another provider never keeps the customer from this one."""
    if unfinished.kind == OperationKind.AUTHORIZE:
        raise NotAllowed(
            f"{unfinished.payment_session_id} is being authorized; its outcome is not known yet.",
            details={"operation_id": unfinished.pk},
        )
    return unfinished.provider_id == choice.provider_id


def _refuse_if_money_is_held(collection: PaymentCollection) -> None:
    held = primary(PaymentSession).filter(
        payment_collection=collection,
        status__in=MONEY_HOLDING_STATUSES,
    )
    session = held.first()
    if session is not None:
        raise NotAllowed(
            f"Payment collection {collection.pk} is paid with {session.pk} already; its payment session can't change.",
            details={"payment_session_id": session.pk},
        )


def _can_be_updated(live: PaymentSession, collection: PaymentCollection, choice: _Choice) -> bool:
    return (
        live.provider_id == choice.provider_id
        and live.provider_account == choice.provider.account
        and live.currency_code == collection.currency_code
        and live.provider_ref is not None
        and live.authorized_at is None
        and live.status != SessionStatus.CANCELED
    )


def _reserve_initiate(collection: PaymentCollection, choice: _Choice) -> Reservation:
    money = _money_for(collection, choice.provider)
    session = primary(PaymentSession).create(
        payment_collection=collection,
        provider_id=choice.provider_id,
        provider_account=choice.provider.account,
        amount=money.minor_units,
        currency_code=money.currency_code,
        client_data=dict(choice.data),
        customer_id=choice.customer_id,
    )
    request = InitiateRequest(
        idempotency_key=new_id("payop"),
        session_id=session.pk,
        payment_collection_id=collection.pk,
        money=money,
        data=choice.data,
        customer_id=choice.customer_id or None,
        email=collection.email or None,
    )
    return operations.reserve(
        request=request,
        provider=choice.provider,
        session=session,
        target=collection.pk,
        caller=choice.caller,
        amount=money.minor_units,
        intent={"slot": SLOT},
        open_slot=operations.session_slot(collection.pk),
        created_by=choice.created_by,
    )


def _reserve_update(collection: PaymentCollection, live: PaymentSession, choice: _Choice) -> Reservation:
    money = _money_for(collection, choice.provider)
    request = UpdateRequest(
        idempotency_key=new_id("payop"),
        session_id=live.pk,
        payment_collection_id=collection.pk,
        provider_ref=live.provider_ref or "",
        money=money,
        data=choice.data,
    )
    return operations.reserve(
        request=request,
        provider=choice.provider,
        session=live,
        target=collection.pk,
        caller=choice.caller,
        amount=money.minor_units,
        open_slot=operations.session_slot(collection.pk),
        created_by=choice.created_by,
    )


def _money_for(collection: PaymentCollection, provider: PaymentProvider) -> Money:
    if collection.amount == 0 and not provider.capabilities.supports_zero_amount:
        raise InvalidData(f"Payment provider {provider.alias} can't take an amount of 0. Use pp_system_default for it.")
    minor_units = amounts.step_up(collection.amount, provider=provider, currency_code=collection.currency_code)
    return Money(minor_units=minor_units, currency_code=collection.currency_code)


def _fulfils(operation: Operation, *, choice: _Choice) -> bool:
    """Say whether a finished operation, perhaps taken over from an earlier request, did what this one asks for."""
    is_own = choice.caller is not None and operation.idempotency_key == choice.caller.key
    if is_own or operation.fence == 0:
        return True
    collection = queries.existing(operation.payment_collection_id)
    is_current = choice.snapshot is None or cart_amounts.covers(collection, choice.snapshot)
    wanted = _money_for(collection, choice.provider).minor_units
    return is_current and operation.amount == wanted and operation.request["data"] == choice.data


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
    if earlier is not None and earlier.status != OperationStatus.NOT_EXECUTED:
        return operations.resume(earlier)
    if session.authorized_at is not None:
        return None
    unfinished = operations.slot_holder(operations.session_slot(collection.pk))
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
