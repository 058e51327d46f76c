"""A customer's accounts with payment providers: one per customer and provider account."""

import logging
from collections.abc import Iterable

from medusa_payments.customers import Customer
from medusa_payments.exceptions import InvalidData, NotAllowed, PaymentOutcomeUnknown, ProviderNotReachable
from medusa_payments.models import AccountHolder
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.registry import providers
from medusa_payments.services import account_opening, forgetting

logger = logging.getLogger(__name__)


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
    return account_opening.open_account(provider, customer)


def ensure(*, provider: PaymentProvider, customer: Customer | None) -> AccountHolder | None:
    """Return the account that a customer pays through, opened now where it wasn't yet; None for a guest, and where the
    provider keeps no customers.

    Never keeps anybody from paying: None also when the provider refuses or can't be reached. Then it is tried again the
    next time. Raises `Conflict` (another request is opening it, for a few seconds at most), `InsideTransaction`.
    """
    if customer is None or not provider.capabilities.has_account_holders:
        return None
    try:
        return account_opening.open_account(provider, customer)
    except (InvalidData, NotAllowed, ProviderNotReachable, PaymentOutcomeUnknown) as error:
        logger.warning("%s has no account for a customer who pays: %s", provider.alias, type(error).__name__)
        return None


def reopen_what_is_gone(paid_through: Iterable[tuple[PaymentProvider, AccountHolder | None]]) -> bool:
    """Say whether a provider that refused to be paid through an account doesn't have it any more: the next payment
    opens one anew.
    """
    with_accounts = [(provider, holder) for provider, holder in paid_through if holder is not None]
    gone = [account_opening.reopen_if_gone(provider, holder) for provider, holder in with_accounts]
    return any(gone)


def delete(*, customer_id: str) -> None:
    """Forget a customer: call it when the shop deletes one. No-op for a customer without accounts.

    The accounts are closed at their providers, with the payment methods that they have, and email address and data are
    erased here. Rows that money refers to stay, without the person. What a provider can't do now, the worker does
    later; the same customer id is a new customer from now on.

    Raises `InsideTransaction`.
    """
    for holder in forgetting.mark_forgotten(customer_id):
        forgetting.erase(holder)
