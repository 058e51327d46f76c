"""What a customer asks for, made into a choice before anything is reserved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medusa_payments.carts import CartSnapshot
from medusa_payments.customers import Customer
from medusa_payments.services import account_holders, payment_methods, session_choice
from medusa_payments.services.operations import CallerKey
from medusa_payments.services.session_choice import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What all sessions of one request share."""

    snapshot: CartSnapshot | None
    customer: Customer | None
    caller: CallerKey | None
    created_by: str
    is_off_session: bool = False


def choose(provider_id: str, region_id: str, data: Mapping[str, Any], common: Common) -> Choice:
    """Check what can be checked before anything is reserved, and see to the customer's account with the provider.

    Raises `InvalidData` (provider not enabled or not configured, `data`, a payment method that isn't the customer's),
    `Conflict` (another request is opening the account), `ProviderNotReachable` (the saved payment methods can't be
    looked at now), `InsideTransaction`.
    """
    provider = session_choice.enabled_provider(provider_id, region_id)
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
        account_holder=holder,
        is_off_session=common.is_off_session,
    )
