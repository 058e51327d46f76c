"""Customers at Stripe and the payment methods that it keeps for them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from medusa_payments.ids import made_at
from medusa_payments.providers.account_holders import (
    AccountHolderResult,
    CreateAccountHolderRequest,
    DeleteAccountHolderRequest,
    DeletePaymentMethodRequest,
    FindAccountHolderRequest,
    SavedPaymentMethod,
    SavePaymentMethodRequest,
    SavePaymentMethodResult,
)
from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.providers.stripe.client import StripeConnection
from medusa_payments.providers.stripe.intents import ALLOWED_TYPES
from medusa_payments.providers.stripe.snapshots import MISSING
from medusa_payments.providers.stripe.translate import ENVIRONMENT, at

ACCOUNT_HOLDER_ID = "account_holder_id"
CUSTOMER_ID = "customer_id"

_PAGE = 100
_LONGEST = {"email": 512, "name": 256, "phone": 20}
_CLOCKS_DIFFER = timedelta(hours=1)

_SHOWN_OF = {
    "card": ("brand", "last4", "exp_month", "exp_year", "funding"),
    "sepa_debit": ("last4", "country"),
    "us_bank_account": ("last4", "bank_name"),
    "link": (),
    "paypal": (),
}
"""What the customer sees of a payment method, by its type."""

_NOT_TO_BE_SHOWN = "limited"
"""The customer didn't agree to see it again: https://docs.stripe.com/api/payment_methods/object (`allow_redisplay`)."""

_SETUP_KEYS = ("payment_method", "usage")


class AccountHolders:
    """The customers of one shop in one account."""

    def __init__(self, connection: StripeConnection, *, environment: str, publishable_key: str) -> None:
        self._connection = connection
        self._environment = environment
        self._publishable_key = publishable_key

    def create(self, request: CreateAccountHolderRequest) -> AccountHolderResult:
        """Create a customer. What is known of one is left out where it is longer than Stripe takes."""
        about = {"email": request.email, "name": request.name, "phone": request.phone}
        parameters: dict[str, Any] = {
            name: text for name, text in about.items() if text and len(text) <= _LONGEST[name]
        }
        parameters |= {"metadata": self._metadata(request)}
        customer = self._connection.send(
            lambda v1: v1.customers.create(parameters, {"idempotency_key": request.idempotency_key})
        )
        return AccountHolderResult(account_holder_ref=customer["id"])

    def find(self, request: FindAccountHolderRequest) -> AccountHolderResult | None:
        """Find the customer that was created for our row: by its id where that is known, whatever was written on it
        since; else by our metadata, among those with its email, else among all made since.
        """
        if request.account_holder_ref is not None:
            return self._existing(request.account_holder_ref)
        for customer in self._candidates(request):
            metadata = customer.get("metadata") or {}
            is_of_this_shop = metadata.get(ENVIRONMENT, "") == self._environment
            if is_of_this_shop and metadata.get(ACCOUNT_HOLDER_ID) == request.account_holder_id:
                return AccountHolderResult(account_holder_ref=customer["id"])
        return None

    def delete(self, request: DeleteAccountHolderRequest) -> None:
        """Delete a customer; Stripe detaches the payment methods. One that is gone already is no error."""
        try:
            self._connection.send(lambda v1: v1.customers.delete(request.account_holder_ref))
        except ProviderRejected as error:
            if error.code != MISSING:
                raise

    def payment_methods(self, account_holder_ref: str) -> tuple[SavedPaymentMethod, ...]:
        """Return what can be paid with again, newest first: nothing when the customer is gone."""
        now = datetime.now(UTC)
        usable = [method for method in self._kept_for(account_holder_ref) if _is_usable(method, now)]
        return tuple(_shown(method) for method in sorted(usable, key=lambda method: -method["created"]))

    def save(self, request: SavePaymentMethodRequest) -> SavePaymentMethodResult:
        """Create a setup intent, to be confirmed in the customer's browser."""
        parameters: dict[str, Any] = {name: request.data[name] for name in _SETUP_KEYS if name in request.data}
        parameters |= {"customer": request.account_holder_ref}
        if "payment_method_types" in request.data:
            parameters[ALLOWED_TYPES] = request.data["payment_method_types"]
        intent = self._connection.send(
            lambda v1: v1.setup_intents.create(parameters, {"idempotency_key": request.idempotency_key})
        )
        data = {name: intent[name] for name in ("id", "client_secret", "status")}
        key = {"publishable_key": self._publishable_key} if self._publishable_key else {}
        return SavePaymentMethodResult(ref=intent["id"], data=data | key)

    def forget(self, request: DeletePaymentMethodRequest) -> None:
        """Detach a payment method from its customer; one that is detached or gone already is left as it is.

        Raises `ProviderRejected` for one of another customer.
        """
        method = self._method(request.payment_method_ref)
        owner = method and method.get("customer")
        if not owner:
            return
        if owner != request.account_holder_ref:
            raise ProviderRejected(f"No such payment method: '{request.payment_method_ref}'", code=MISSING)
        self._connection.send(
            lambda v1: v1.payment_methods.detach(
                request.payment_method_ref, {}, {"idempotency_key": request.idempotency_key}
            )
        )

    def _kept_for(self, account_holder_ref: str) -> Iterator[dict[str, Any]]:
        parameters = {"limit": _PAGE}
        try:
            yield from self._connection.pages(
                lambda v1: v1.customers.payment_methods.list(account_holder_ref, parameters)
            )
        except ProviderRejected as error:
            if error.code != MISSING:
                raise

    def _method(self, payment_method_ref: str) -> dict[str, Any] | None:
        try:
            return self._connection.send(lambda v1: v1.payment_methods.retrieve(payment_method_ref))
        except ProviderRejected as error:
            if error.code != MISSING:
                raise
            return None

    def _candidates(self, request: FindAccountHolderRequest) -> Iterator[dict[str, Any]]:
        parameters: dict[str, Any] = {"limit": _PAGE}
        made = made_at(request.account_holder_id)
        if request.email:
            parameters["email"] = request.email
        elif made is not None:
            parameters["created"] = {"gte": int((made - _CLOCKS_DIFFER).timestamp())}
        return self._connection.pages(lambda v1: v1.customers.list(parameters))

    def _existing(self, account_holder_ref: str) -> AccountHolderResult | None:
        """Return a customer unless it was deleted."""
        try:
            customer = self._connection.send(lambda v1: v1.customers.retrieve(account_holder_ref))
        except ProviderRejected as error:
            if error.code != MISSING:
                raise
            return None
        return None if customer.get("deleted") else AccountHolderResult(account_holder_ref=account_holder_ref)

    def _metadata(self, request: CreateAccountHolderRequest) -> dict[str, str]:
        ours = {ACCOUNT_HOLDER_ID: request.account_holder_id, CUSTOMER_ID: request.customer_id}
        return ours | ({ENVIRONMENT: self._environment} if self._environment else {})


def _is_usable(method: Mapping[str, Any], now: datetime) -> bool:
    card = method.get("card")
    is_expired = card is not None and (card["exp_year"], card["exp_month"]) < (now.year, now.month)
    return not is_expired and method.get("allow_redisplay") != _NOT_TO_BE_SHOWN


def _shown(method: Mapping[str, Any]) -> SavedPaymentMethod:
    kind = method["type"]
    details = method.get(kind) or {}
    shown = {name: details[name] for name in _SHOWN_OF.get(kind, ()) if details.get(name) is not None}
    return SavedPaymentMethod(
        payment_method_ref=method["id"], data={"type": kind, kind: shown}, created_at=at(method["created"])
    )
