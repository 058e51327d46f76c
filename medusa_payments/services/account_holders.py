"""A customer's accounts with payment providers: one per customer and provider account."""

from medusa_payments.core.accounts import forgetting, opening
from medusa_payments.core.accounts.paying import ensure as ensure
from medusa_payments.core.accounts.paying import reopen_what_is_gone as reopen_what_is_gone
from medusa_payments.customers import Customer
from medusa_payments.exceptions import InvalidData
from medusa_payments.models import AccountHolder
from medusa_payments.providers.registry import providers

__all__ = ["create", "delete"]


def create(*, provider_id: str, customer: Customer) -> AccountHolder:
    """Return the customer's account with a provider, opened now where it wasn't yet.

    Guaranteed: one account per customer and provider account, however many callers ask at once and whatever crashes.
    No-op, with no provider call, when it is open.

    Raises `InvalidData` (the provider isn't configured, keeps no customers, or refused), `Conflict` (another request is
    opening it), `ProviderNotReachable`, `PaymentOutcomeUnknown`, `NotAllowed` (the customer was forgotten meanwhile),
    `InsideTransaction`.
    """
    provider = providers[provider_id]
    if not provider.capabilities.has_account_holders:
        raise InvalidData(f"Payment provider {provider_id} keeps no customers.")
    return opening.open_account(provider, customer)


def delete(*, customer_id: str) -> None:
    """Forget a customer: call it when the shop deletes one. No-op for a customer without accounts.

    The accounts are closed at their providers, with the payment methods that they have, and email address and data are
    erased here. Rows that money refers to stay, without the person. The worker does later what a provider can't do now.
    From now on the same customer id is a new customer.

    Raises `InsideTransaction`.
    """
    for holder in forgetting.mark_forgotten(customer_id):
        forgetting.erase(holder)
