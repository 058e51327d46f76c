"""What a customer asks for, made into a choice before anything is reserved, and carried out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from medusa_payments import customers
from medusa_payments.carts import CartSnapshot
from medusa_payments.core import shoppers
from medusa_payments.core.saga import leases
from medusa_payments.customers import Customer, Shopper
from medusa_payments.exceptions import Conflict, InvalidData
from medusa_payments.models import AccountHolder, Operation, PaymentCollection, PaymentSession
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.errors import OBJECT_GONE
from medusa_payments.providers.registry import providers
from medusa_payments.queries import payment_collections as queries
from medusa_payments.queries.payment_providers import ConfiguredProvider
from medusa_payments.queries.primary import primary
from medusa_payments.services import (
    account_holders,
    convergence,
    execution,
    operations,
    payment_methods,
    session_choice,
)
from medusa_payments.services.operations import CallerKey
from medusa_payments.services.session_choice import CHOOSING, SLOT, Choice
from medusa_payments.services.session_plans import SessionChoice, Tender

Through = list[tuple[PaymentProvider, AccountHolder | None]]
"""The providers that a request is about to pay with, and the customer's accounts there."""

_ResultT = TypeVar("_ResultT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What all sessions of one request share."""

    snapshot: CartSnapshot | None
    customer: Customer | None
    caller: CallerKey | None
    created_by: str
    is_off_session: bool = False
    shopper: Shopper | None = None


def choose(
    provider_id: str,
    region_id: str,
    data: Mapping[str, Any],
    common: Common,
    *,
    minor_units: int | None,
    is_given: bool = True,
) -> Choice:
    """Check what can be checked before anything is reserved, and see to the customer's account with the provider.

    `minor_units` is what is to be paid with the provider, as far as that is known before the lock; None where only the
    lock can tell (a session that is kept isn't chosen anew). The lock asks again. `is_given` says that `data` comes
    with this request, not from an earlier one.

    Raises `InvalidData` (provider not enabled or not configured, `data`, a payment method that isn't the customer's),
    `Conflict` (another request is opening the account), `ProviderNotReachable` (the saved payment methods can't be
    looked at now), `InsideTransaction`.
    """
    permission = shoppers.permission(provider_id, region_id, common.shopper)
    if minor_units is not None:
        permission.refuse_unless_it_covers(minor_units)
    provider = providers[provider_id]
    if is_given:
        shoppers.refuse_foreign_urls(common.shopper, provider, data)
    accepted = session_choice.client_data(provider, data)
    holder = account_holders.ensure(provider=provider, customer=common.customer)
    payment_methods.check(provider, holder, accepted, is_off_session=common.is_off_session)
    return Choice(
        provider_id=provider_id,
        provider=provider,
        data=accepted,
        snapshot=common.snapshot,
        customer_id=common.customer.id if common.customer else "",
        caller=common.caller,
        created_by=common.created_by,
        permission=permission,
        account_holder=holder,
        is_off_session=common.is_off_session,
    )


def choose_again(
    session: PaymentSession,
    region_id: str,
    *,
    snapshot: CartSnapshot | None,
    caller: CallerKey | None,
    created_by: str,
    shopper: Shopper | None,
) -> Choice:
    """Return the choice that makes a session anew, for the same customer. That of a customer who was forgotten becomes
    nobody's.

    Raises `Unauthorized` or `Forbidden` (a shopper who isn't the customer), and what `choose` raises.
    """
    shoppers.refuse_session_of_another_customer(shopper, session)
    is_forgotten = session.account_holder is not None and session.account_holder.forgotten_at is not None
    payer = None if is_forgotten else customers.known(None, session.customer_id)
    common = Common(snapshot=snapshot, customer=payer, caller=caller, created_by=created_by, shopper=shopper)
    # What is to be paid now only the lock can tell.
    return choose(session.provider_id, region_id, session.client_data, common, minor_units=None, is_given=False)


def tender(collection: PaymentCollection, wanted: SessionChoice, common: Common) -> Tender:
    """Return one choice of a set, checked. Raises what `choose` raises."""
    region_id = (common.snapshot.region_id or "") if common.snapshot else collection.region_id
    # Only the lock can tell whether a named session was paid with and stays.
    is_new = wanted.payment_session_id is None
    minor_units = int(wanted.amount != 0) if is_new else None
    return Tender(
        choice=choose(wanted.provider_id, region_id, wanted.data or {}, common, minor_units=minor_units),
        amount=wanted.amount,
        payment_session_id=wanted.payment_session_id,
        keeps_data=wanted.data is None,
    )


def until_it_stands(choose: Callable[[Through], _ResultT]) -> _ResultT:
    """Carry out a choice; once more where the session's object or the customer's account is gone at the provider, so
    that the same request makes another one. What is gone can be both.

    `choose` adds to its argument what it pays through. Raises what it raises.
    """
    for _ in range(_MOST_THAT_IS_GONE):
        through: Through = []
        try:
            return choose(through)
        except InvalidData as error:
            if not _makes_another(error, through):
                raise
    return choose([])


_MOST_THAT_IS_GONE = 2


def _makes_another(error: InvalidData, through: Through) -> bool:
    refused = primary(Operation).filter(pk=error.details.get("operation_id", ""), kind__in=CHOOSING).first()
    if refused is None:
        return False
    if refused.error_code == OBJECT_GONE:
        # It may be gone because it was paid: then that is booked before another object is made.
        convergence.look_at(refused.payment_session_id)
    elif not account_holders.reopen_what_is_gone(through):
        return False
    operations.let_go_of_key(refused)
    return True


def make_live(payment_collection_id: str, choice: Choice) -> None:
    """Have a choice's session be the live one, as `session_choice.reserve` says."""
    execute_until(
        payment_collection_id,
        partial(session_choice.reserve, choice=choice),
        is_done=partial(session_choice.fulfils, choice=choice),
    )


def live_session(payment_collection_id: str) -> PaymentSession:
    """Return the session that a collection is to be paid with next. Raises `Conflict` when there is none any more."""
    session = primary(PaymentSession).filter(payment_collection_id=payment_collection_id, slot=SLOT).first()
    if session is None:
        raise Conflict(
            f"The payment session of {queries.existing(payment_collection_id).pk} was given up by another request.",
            retry_after=leases.IN_PROGRESS_RETRY_SECONDS,
        )
    return session


def offered(region_id: str) -> list[ConfiguredProvider]:
    """Return the providers that a storefront may list for a region's carts; "" is a region without restrictions."""
    return [ConfiguredProvider(alias) for alias in shoppers.offered(region_id)]


_FEW_ROUNDS = 3


def execute_until(
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
        retry_after=leases.IN_PROGRESS_RETRY_SECONDS,
    )
