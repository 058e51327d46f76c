"""Customers and their saved methods at the twin."""

from typing import Any

import pytest
import stripe

from medusa_payments.ids import new_id
from medusa_payments.providers.account_holders import (
    CreateAccountHolderRequest,
    DeleteAccountHolderRequest,
    DeletePaymentMethodRequest,
    FindAccountHolderRequest,
    SavePaymentMethodRequest,
)
from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.providers.registry import providers
from medusa_payments.testing.stripe_twin.twin import SECRET_KEY, StripeTwin

pytestmark = pytest.mark.any_engine


@pytest.fixture
def provider(stripe_twin: StripeTwin) -> Any:
    return providers["pp_stripe_stripe"]


@pytest.fixture
def client(stripe_twin: StripeTwin) -> stripe.StripeClient:
    return stripe.StripeClient(SECRET_KEY, http_client=stripe_twin.http_client())


def create(
    provider: Any, email: str | None = "ada@example.com", **about: Any
) -> tuple[str, CreateAccountHolderRequest]:
    holder = new_id("acchld")
    request = CreateAccountHolderRequest(
        idempotency_key=holder, account_holder_id=holder, customer_id="cust_1", email=email, **about
    )
    return provider.create_account_holder(request).account_holder_ref, request


@pytest.mark.parametrize("email", ["ada@example.com", None])
def test_a_customer_is_made_once_and_found_again(provider: Any, client: Any, email: str | None) -> None:
    create(provider, email)
    ref, request = create(provider, email, name="Ada")
    create(provider, email)

    assert provider.create_account_holder(request).account_holder_ref == ref
    found = provider.find_account_holder(
        FindAccountHolderRequest(account_holder_id=request.account_holder_id, email=email)
    )
    assert found.account_holder_ref == ref
    assert client.v1.customers.retrieve(ref).name == "Ada"
    assert provider.find_account_holder(FindAccountHolderRequest(account_holder_id=new_id("acchld"))) is None


def test_a_telephone_number_that_stripe_does_not_take_is_kept_back(provider: Any, client: Any) -> None:
    ref, _ = create(provider, phone="+1 780-459-5656 ext. 725", name="Ada" * 86)

    customer = client.v1.customers.retrieve(ref)
    assert (customer.phone, customer.name, customer.email) == (None, None, "ada@example.com")
    with pytest.raises(stripe.InvalidRequestError, match="must be at most 20 characters"):
        client.v1.customers.create({"phone": "+1 780-459-5656 ext. 725"})


def test_one_whose_id_is_known_is_there_whatever_was_written_on_it_since(provider: Any, client: Any) -> None:
    ref, request = create(provider)
    known = FindAccountHolderRequest(account_holder_id=request.account_holder_id, account_holder_ref=ref)
    client.v1.customers.update(ref, {"metadata": {"account_holder_id": "", "environment": "crm"}})

    assert provider.find_account_holder(known).account_holder_ref == ref

    client.v1.customers.delete(ref)
    assert provider.find_account_holder(known) is None


def test_only_what_can_be_paid_with_is_listed_newest_first(provider: Any, client: Any, stripe_twin: StripeTwin) -> None:
    ref, _ = create(provider)
    first = client.v1.payment_methods.attach("pm_card_visa", {"customer": ref}).id
    stripe_twin.advance(60)
    second = client.v1.payment_methods.attach("pm_card_mastercard", {"customer": ref}).id
    hidden = client.v1.payment_methods.attach("pm_card_amex", {"customer": ref}).id
    client.v1.payment_methods.update(hidden, {"allow_redisplay": "limited"})
    expired = client.v1.payment_methods.attach("pm_card_discover", {"customer": ref}).id
    client.v1.payment_methods.update(expired, {"card": {"exp_month": 1, "exp_year": 2026}})

    listed = provider.list_payment_methods(ref)

    assert [method.payment_method_ref for method in listed] == [second, first]
    assert listed[1].data["card"].keys() == {"brand", "last4", "exp_month", "exp_year", "funding"}


def test_saving_begins_with_a_setup_intent(provider: Any, client: Any) -> None:
    ref, _ = create(provider)
    begun = provider.save_payment_method(
        SavePaymentMethodRequest(
            idempotency_key=new_id("payop"), account_holder_ref=ref, data={"payment_method_types": ["card"]}
        )
    )
    intent = client.v1.setup_intents.retrieve(begun.ref)
    assert (intent.customer, intent.payment_method_types) == (ref, ["card"])
    assert begun.data == {
        "id": begun.ref,
        "client_secret": intent.client_secret,
        "status": "requires_payment_method",
        "publishable_key": "pk_test_twin",
    }


def test_only_ones_own_method_is_forgotten(provider: Any, client: Any) -> None:
    mine, _ = create(provider)
    other, _ = create(provider)
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": mine}).id

    def forget(holder: str, ref: str) -> None:
        provider.delete_payment_method(
            DeletePaymentMethodRequest(
                idempotency_key=new_id("payop"), account_holder_ref=holder, payment_method_ref=ref
            )
        )

    with pytest.raises(ProviderRejected):
        forget(other, method)
    assert len(provider.list_payment_methods(mine)) == 1
    forget(mine, method)
    forget(mine, method)
    forget(mine, "pm_missing")
    assert provider.list_payment_methods(mine) == ()


def test_a_closed_account_is_gone_and_closing_it_again_is_no_error(provider: Any, client: Any) -> None:
    ref, request = create(provider)
    for _ in range(2):
        provider.delete_account_holder(
            DeleteAccountHolderRequest(idempotency_key=new_id("payop"), account_holder_ref=ref)
        )
    asked = FindAccountHolderRequest(account_holder_id=request.account_holder_id, email="ada@example.com")
    assert provider.find_account_holder(asked) is None
    assert provider.list_payment_methods(ref) == ()
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.customers.payment_methods.list(ref)
