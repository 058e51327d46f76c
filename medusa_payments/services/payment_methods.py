"""Payment methods that providers keep for customers. We keep none: whose they are, the account holder says."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medusa_payments.core.accounts import account_calls, opening, paying
from medusa_payments.core.accounts.paying import check as check
from medusa_payments.core.saga import callers
from medusa_payments.core.sessions import shoppers
from medusa_payments.customers import Customer, Shopper
from medusa_payments.exceptions import InvalidData, NotFound
from medusa_payments.ids import new_id
from medusa_payments.models import AccountHolder
from medusa_payments.providers import cleaning
from medusa_payments.providers.account_holders import (
    DeletePaymentMethodRequest,
    SavePaymentMethodRequest,
    SavePaymentMethodResult,
)
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.queries import account_holders as queries

__all__ = ["PaymentMethod", "delete", "list_saved", "save"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethod:
    """A payment method, or the beginning of one, as its customer may see it. `id` is the provider's own."""

    id: str
    provider_id: str
    data: Mapping[str, Any]


def list_saved(*, account_holder_id: str, customer_id: str, provider_id: str | None = None) -> list[PaymentMethod]:
    """Return the payment methods that a customer has saved and can pay with again, newest first.

    `provider_id` says through which of several providers on the account; without it, the one that it was opened
    through, else the first that keeps payment methods.

    Raises `NotFound` (account holder, also another customer's), `InvalidData` (the provider keeps none, or not for this
    account), `ProviderNotReachable`.
    """
    holder = queries.owned(account_holder_id, customer_id)
    provider = _provider_for(holder, provider_id)
    return [
        PaymentMethod(id=method.payment_method_ref, provider_id=provider.alias, data=dict(method.data))
        for method in paying.saved_methods(provider, holder)
        # One whose reference can't be kept can't be paid with either.
        if cleaning.is_usable(method.payment_method_ref)
    ]


def save(
    *,
    account_holder_id: str,
    customer_id: str,
    provider_id: str | None = None,
    data: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
    shopper: Shopper | None = None,
) -> PaymentMethod:
    """Begin to save a payment method; the customer's browser goes on with the `data` that is returned.

    Nothing is charged and nothing is kept here. A repeat with the same `idempotency_key` is the same beginning. A
    `shopper` sends customers to addresses of the shop only (`RETURN_URL_ORIGINS`).

    Raises `NotFound`, `InvalidData` (the provider keeps none, or refused), `ProviderNotReachable`,
    `PaymentOutcomeUnknown`.
    """
    holder = queries.owned(account_holder_id, customer_id)
    provider = _provider_for(holder, provider_id)
    shoppers.refuse_foreign_urls(shopper, provider, data or {})
    cleaned = _client_data(provider, data or {})
    try:
        begun = _begun(provider, holder, cleaned, idempotency_key)
    except InvalidData:
        # The customer was deleted there: saved with a new account, in the same request.
        if not opening.reopen_if_gone(provider, holder):
            raise
        customer = Customer(id=customer_id, email=holder.email)
        begun = _begun(provider, opening.open_account(provider, customer), cleaned, idempotency_key)
    if not _is_usable(begun):
        raise account_calls.outcome_unknown(provider, holder.pk)
    return PaymentMethod(id=begun.ref, provider_id=provider.alias, data=dict(begun.data))


def _is_usable(begun: object) -> bool:
    return isinstance(begun, SavePaymentMethodResult) and cleaning.is_usable(begun.ref)


def _begun(
    provider: PaymentProvider, holder: AccountHolder, data: Mapping[str, Any], idempotency_key: str | None
) -> SavePaymentMethodResult:
    key = _provider_key(holder, idempotency_key)
    request = SavePaymentMethodRequest(idempotency_key=key, account_holder_ref=_ref(holder), data=data)
    return account_calls.ask(provider, holder.pk, lambda: provider.save_payment_method(request))


def delete(*, account_holder_id: str, customer_id: str, payment_method_id: str, provider_id: str | None = None) -> None:
    """Have the provider forget a saved payment method. No-op for one that is gone already.

    Raises `NotFound` (account holder or payment method, also another customer's), `InvalidData` (the provider keeps
    none), `ProviderNotReachable`, `PaymentOutcomeUnknown`.
    """
    holder = queries.owned(account_holder_id, customer_id)
    provider = _provider_for(holder, provider_id)
    request = DeletePaymentMethodRequest(
        idempotency_key=new_id("pmdel"), account_holder_ref=_ref(holder), payment_method_ref=payment_method_id
    )
    try:
        account_calls.ask(provider, holder.pk, lambda: provider.delete_payment_method(request))
    except InvalidData as error:
        raise NotFound(f"PaymentMethod id not found: {payment_method_id}") from error


def _provider_for(holder: AccountHolder, provider_id: str | None) -> PaymentProvider:
    for provider in account_calls.providers_of(holder):
        if provider.capabilities.has_saved_methods and provider_id in {None, provider.alias}:
            return provider
    named = provider_id or holder.provider_id
    raise InvalidData(f"Payment provider {named} keeps no payment methods for {holder.pk}.")


def _client_data(provider: PaymentProvider, data: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return provider.clean_client_data(data)
    except ProviderRejected as error:
        raise InvalidData(error.message, code=error.code) from error


def _provider_key(holder: AccountHolder, idempotency_key: str | None) -> str:
    """One caller's key never meets another customer's, nor the account that this customer had before."""
    caller = callers.caller_key(idempotency_key)
    if caller is None:
        return new_id("pmsave")
    told = f"{_ref(holder)} {caller.key}"
    return f"{holder.pk}-{hashlib.sha256(told.encode()).hexdigest()}"


def _ref(holder: AccountHolder) -> str:
    return holder.external_id or ""
