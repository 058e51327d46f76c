"""A customer's account with a provider, and the payment methods that the provider keeps for it.

The provider keeps the cards; we keep its id of the customer (`account_holder_ref`) only. None of this moves money.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAccountHolderRequest:
    """Whose account is to be opened. `account_holder_id` is our row's id, to be kept in the provider's metadata;
    `idempotency_key` is the same for every attempt to open this one account.
    """

    idempotency_key: str
    account_holder_id: str
    customer_id: str
    email: str | None = None
    name: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindAccountHolderRequest:
    """Which account is meant: the one whose metadata hold our row's id. `email` narrows the search.

    `account_holder_ref` is the provider's own id, where it is known: then there is nothing to search for, and the email
    address may have been changed there since.
    """

    account_holder_id: str
    email: str | None = None
    account_holder_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountHolderResult:
    """`account_holder_ref` is the provider's id of the customer. `data` never leaves the server."""

    account_holder_ref: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAccountHolderRequest:
    """Close a customer's account and forget the payment methods that it has."""

    idempotency_key: str
    account_holder_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPaymentMethod:
    """A payment method as its customer may see it: `data` holds what is public (brand, last four digits, expiry)."""

    payment_method_ref: str
    data: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavePaymentMethodRequest:
    """Begin to save a payment method; `data` is what of the storefront's data the provider accepts."""

    idempotency_key: str
    account_holder_ref: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavePaymentMethodResult:
    """What the customer's browser needs to go on with: `ref` is the provider's id of the attempt, `data` is public."""

    ref: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePaymentMethodRequest:
    """Forget a saved payment method, which must belong to the account holder."""

    idempotency_key: str
    account_holder_ref: str
    payment_method_ref: str
