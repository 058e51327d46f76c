"""What the fake provider does with customers and the payment methods that it keeps for them, and what it refuses."""

import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from medusa_payments.providers.account_holders import (
    AccountHolderResult,
    CreateAccountHolderRequest,
    DeleteAccountHolderRequest,
    DeletePaymentMethodRequest,
    SavedPaymentMethod,
    SavePaymentMethodRequest,
    SavePaymentMethodResult,
)
from medusa_payments.providers.errors import ProviderDeclined, ProviderRejected
from medusa_payments.providers.types import InitiateRequest
from medusa_payments.testing.fake_account_books import FakeCustomer, FakeMethod
from medusa_payments.testing.fake_ledger import FakeBooks
from medusa_payments.testing.fake_steering import Outcome, Steering

DATA_KEY = "payment_method"

AccountRequest = (
    CreateAccountHolderRequest | DeleteAccountHolderRequest | SavePaymentMethodRequest | DeletePaymentMethodRequest
)
AccountResult = AccountHolderResult | SavePaymentMethodResult | None


class AccountVerb(StrEnum):
    """What can be steered beside the verbs that move money, the two reads included."""

    CREATE = "account_holder"
    FIND = "find_account_holder"
    DELETE = "delete_account_holder"
    LIST_METHODS = "list_payment_methods"
    SAVE_METHOD = "save_payment_method"
    DELETE_METHOD = "delete_payment_method"


def execute(
    books: FakeBooks, verb: AccountVerb, request: AccountRequest, outcome: Outcome | None, account: str
) -> AccountResult:
    """Carry out a request that was never carried out before.

    Raises `ProviderDeclined` when steered so, `ProviderRejected` when steered so or impossible; then nothing changed.
    """
    if outcome is Outcome.DECLINED:
        raise ProviderDeclined("The payment provider declined.", code="declined")
    if outcome is Outcome.REJECTED:
        raise ProviderRejected("The payment provider rejected the request.", code="rejected")
    if isinstance(request, CreateAccountHolderRequest):
        return _create(books, request, account)
    return _VERBS[verb](books, request)


def steering_of(books: FakeBooks, verb: AccountVerb) -> Steering:
    """Return how calls of a verb are steered."""
    steering = books.accounts.steering(verb)
    return msgspec.json.decode(steering, type=Steering) if steering else Steering(on=verb)


def find(books: FakeBooks, account_holder_id: str, account: str) -> AccountHolderResult | None:
    customer = books.accounts.customer_of(account_holder_id, account)
    return _result(customer) if customer else None


def saved(books: FakeBooks, account_holder_ref: str) -> tuple[SavedPaymentMethod, ...]:
    """Return what a customer can pay with again. Raises `ProviderRejected` for an unknown customer."""
    _existing(books, account_holder_ref)
    methods = books.accounts.methods(account_holder_ref)
    return tuple(SavedPaymentMethod(payment_method_ref=method.ref, data=_shown(method)) for method in methods)


def refuse_foreign(books: FakeBooks, request: InitiateRequest) -> None:
    """Raise `ProviderRejected` for a customer that isn't there, or a payment method that isn't this customer's."""
    if request.account_holder_ref is not None:
        _existing(books, request.account_holder_ref)
    if DATA_KEY in request.data:
        method = books.accounts.method(str(request.data[DATA_KEY]))
        if method is None or method.customer_ref != request.account_holder_ref:
            raise ProviderRejected("The payment method isn't this customer's.", code="payment_method_unusable")
    elif request.is_off_session:
        raise ProviderRejected("Nobody is there to choose a payment method.", code="payment_method_missing")


def _create(books: FakeBooks, request: CreateAccountHolderRequest, account: str) -> AccountHolderResult:
    customer = FakeCustomer(
        ref=f"fake_cus_{secrets.token_hex(12)}",
        account=account,
        account_holder_id=request.account_holder_id,
        customer_id=request.customer_id,
        email=request.email,
        name=request.name,
        phone=request.phone,
        idempotency_key=request.idempotency_key,
    )
    books.accounts.add(customer)
    return _result(customer)


def _delete(books: FakeBooks, request: DeleteAccountHolderRequest) -> None:
    books.accounts.remove(request.account_holder_ref)


def _save_method(books: FakeBooks, request: SavePaymentMethodRequest) -> SavePaymentMethodResult:
    _existing(books, request.account_holder_ref)
    ref = books.accounts.begin_setup(request.account_holder_ref)
    return SavePaymentMethodResult(ref=ref, data={"client_secret": f"{ref}_secret_{secrets.token_hex(8)}"})


def _delete_method(books: FakeBooks, request: DeletePaymentMethodRequest) -> None:
    method = books.accounts.method(request.payment_method_ref)
    if method is not None and not method.customer_ref:
        return
    if method is None or method.customer_ref != request.account_holder_ref:
        raise ProviderRejected("The payment method isn't this customer's.", code="payment_method_unusable")
    books.accounts.forget_method(method.ref)


_VERBS: dict[AccountVerb, Callable[[FakeBooks, Any], AccountResult]] = {
    AccountVerb.DELETE: _delete,
    AccountVerb.SAVE_METHOD: _save_method,
    AccountVerb.DELETE_METHOD: _delete_method,
}


def _existing(books: FakeBooks, ref: str) -> FakeCustomer:
    customer = books.accounts.customer(ref)
    if customer is None:
        raise ProviderRejected(f"No such customer: '{ref}'", code="customer_not_found")
    return customer


def _result(customer: FakeCustomer) -> AccountHolderResult:
    note = f"never for the storefront: {customer.ref}"
    return AccountHolderResult(account_holder_ref=customer.ref, data={"id": customer.ref, "internal_note": note})


def _shown(method: FakeMethod) -> dict[str, Any]:
    return {"type": "card", "card": {"brand": method.brand, "last4": method.last4}}
