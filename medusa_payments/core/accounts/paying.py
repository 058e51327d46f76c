"""Paying through a customer's account: it is opened in time, and a saved payment method is the customer's own."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from medusa_payments.core.accounts import account_calls, opening
from medusa_payments.customers import Customer
from medusa_payments.exceptions import InvalidData, NotAllowed, PaymentOutcomeUnknown, ProviderNotReachable
from medusa_payments.models import AccountHolder
from medusa_payments.providers.account_holders import SavedPaymentMethod
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.queries.payment_sessions import SAVED_METHOD

logger = logging.getLogger(__name__)


def ensure(*, provider: PaymentProvider, customer: Customer | None) -> AccountHolder | None:
    """Return the account that a customer pays through, opened now where it wasn't yet. Return None for a guest, and
    where the provider keeps no customers.

    Never keeps a customer from paying: returns None also when the provider refuses or can't be reached. Then the next
    payment tries again. Raises `Conflict` (another request is opening it, for a few seconds at most),
    `InsideTransaction`.
    """
    if customer is None or not provider.capabilities.has_account_holders:
        return None
    try:
        return opening.open_account(provider, customer)
    except (InvalidData, NotAllowed, ProviderNotReachable, PaymentOutcomeUnknown) as error:
        logger.warning("%s has no account for a customer who pays: %s", provider.alias, type(error).__name__)
        return None


def reopen_what_is_gone(paid_through: Iterable[tuple[PaymentProvider, AccountHolder | None]]) -> bool:
    """Return True if a provider that refused to be paid through an account doesn't have that account any more. The next
    payment opens one anew.
    """
    with_accounts = [(provider, holder) for provider, holder in paid_through if holder is not None]
    gone = [opening.reopen_if_gone(provider, holder) for provider, holder in with_accounts]
    return any(gone)


def check(
    provider: PaymentProvider, holder: AccountHolder | None, data: Mapping[str, Any], *, is_off_session: bool = False
) -> None:
    """Refuse to pay with a saved payment method that isn't this customer's. No-op where no saved one is named.

    Raises `InvalidData` (not the customer's; no customer; none named off-session), `ProviderNotReachable` (the provider
    can't be asked now).
    """
    if is_off_session and not (provider.capabilities.has_saved_methods and data.get(SAVED_METHOD)):
        raise InvalidData(f"Paying off-session needs a saved payment method: data key '{SAVED_METHOD}'.")
    if SAVED_METHOD not in data or not provider.capabilities.has_saved_methods:
        return
    saved = saved_methods(provider, holder) if holder is not None else ()
    if not any(method.payment_method_ref == data[SAVED_METHOD] for method in saved):
        raise InvalidData("The payment method isn't one that this customer has saved.")


def saved_methods(provider: PaymentProvider, holder: AccountHolder) -> tuple[SavedPaymentMethod, ...]:
    """Ask the provider for the payment methods of an account. Entries that are no payment methods are left out.

    Raises `ProviderNotReachable` also for a read that gets no answer, or one that is no list: it has done nothing, so
    it may simply be repeated.
    """
    try:
        found: object = account_calls.ask(
            provider, holder.pk, lambda: provider.list_payment_methods(holder.external_id or "")
        )
    except PaymentOutcomeUnknown as error:
        raise account_calls.not_reachable(provider) from error
    if not isinstance(found, tuple):
        logger.error("%s answered about %s with %s", provider.alias, holder.pk, type(found).__name__)
        raise account_calls.not_reachable(provider)
    return tuple(method for method in found if isinstance(method, SavedPaymentMethod))
