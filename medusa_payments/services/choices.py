"""What a customer asks for, made into a choice before anything is reserved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medusa_payments import customers
from medusa_payments.carts import CartSnapshot
from medusa_payments.core import shoppers
from medusa_payments.customers import Customer, Shopper
from medusa_payments.exceptions import Conflict
from medusa_payments.models import PaymentCollection, PaymentSession
from medusa_payments.providers.registry import providers
from medusa_payments.queries.payment_providers import ConfiguredProvider
from medusa_payments.queries.primary import primary
from medusa_payments.services import account_holders, operations, payment_methods, session_choice
from medusa_payments.services.operations import CallerKey
from medusa_payments.services.session_choice import SLOT, Choice
from medusa_payments.services.session_plans import SessionChoice, Tender


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
    common = Common(snapshot=None, customer=payer, caller=caller, created_by=created_by, shopper=shopper)
    return choose(
        session.provider_id, region_id, session.client_data, common, minor_units=session.amount, is_given=False
    )


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


def live_session(payment_collection_id: str) -> PaymentSession:
    """Return the one live session of a collection. Raises `Conflict` when another request has given it up."""
    session = primary(PaymentSession).filter(payment_collection_id=payment_collection_id, slot=SLOT).first()
    if session is None:
        raise Conflict(
            f"The payment session of {payment_collection_id} was given up by another request.",
            retry_after=operations.IN_PROGRESS_RETRY_SECONDS,
        )
    return session


def offered(region_id: str) -> list[ConfiguredProvider]:
    """Return the providers that a storefront may list for a region's carts; "" is a region without restrictions."""
    return [ConfiguredProvider(alias) for alias in shoppers.offered(region_id)]
