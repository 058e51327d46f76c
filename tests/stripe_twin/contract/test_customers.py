import uuid

import pytest
import stripe

from tests.stripe_twin.contract.intents import paid

pytestmark = pytest.mark.any_engine


def test_a_customer_is_made_changed_and_found_by_email(api: stripe.StripeClient) -> None:
    email = f"{uuid.uuid4()}@example.com"

    customer = api.v1.customers.create({"email": email, "name": "Jenny Rosen", "metadata": {"account_holder": "1"}})
    api.v1.customers.update(customer.id, {"phone": "+49123", "metadata": {"tier": "gold"}})

    found = api.v1.customers.list({"email": email}).data
    assert [row.id for row in found] == [customer.id]
    assert (found[0].name, found[0].phone) == ("Jenny Rosen", "+49123")
    assert found[0].metadata is not None
    assert found[0].metadata.to_dict() == {"account_holder": "1", "tier": "gold"}


def test_a_deleted_customer_is_gone(api: stripe.StripeClient) -> None:
    customer = api.v1.customers.create({"email": "gone@example.com"})

    deleted = api.v1.customers.delete(customer.id)

    assert deleted.deleted
    assert api.v1.customers.retrieve(customer.id).deleted
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.payment_intents.create({"amount": 2000, "currency": "eur", "customer": customer.id})
    assert caught.value.code == "resource_missing"


def test_payment_methods_are_saved_listed_and_forgotten(api: stripe.StripeClient) -> None:
    customer = api.v1.customers.create()
    visa = api.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    mastercard = api.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    assert visa.id.startswith("pm_")
    assert visa.id != "pm_card_visa"

    listed = api.v1.customers.payment_methods.list(customer.id)
    cards = api.v1.payment_methods.list({"customer": customer.id, "type": "card"})
    debits = api.v1.payment_methods.list({"customer": customer.id, "type": "sepa_debit"})
    api.v1.payment_methods.detach(visa.id)

    assert [method.card.brand for method in listed.data if method.card] == ["mastercard", "visa"]
    assert [method.id for method in cards.data] == [mastercard.id, visa.id]
    assert debits.data == []
    assert [method.id for method in api.v1.customers.payment_methods.list(customer.id).data] == [mastercard.id]


def test_a_saved_card_pays_without_the_customer(api: stripe.StripeClient) -> None:
    customer = api.v1.customers.create()
    method = api.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})

    intent = paid(api, method.id, customer=customer.id, off_session=True)

    assert (intent.status, intent.payment_method) == ("succeeded", method.id)


def test_a_saved_card_pays_for_nobody_else(api: stripe.StripeClient) -> None:
    owner, other = api.v1.customers.create(), api.v1.customers.create()
    method = api.v1.payment_methods.attach("pm_card_visa", {"customer": owner.id})

    with pytest.raises(stripe.InvalidRequestError):
        paid(api, method.id, customer=other.id)
    with pytest.raises(stripe.InvalidRequestError):
        paid(api, method.id)


def test_a_card_that_was_used_once_is_used_up(api: stripe.StripeClient) -> None:
    method = api.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    paid(api, method.id)

    with pytest.raises(stripe.InvalidRequestError):
        paid(api, method.id)


def test_a_card_is_saved_by_paying_with_it(api: stripe.StripeClient) -> None:
    customer = api.v1.customers.create()

    intent = paid(api, customer=customer.id, setup_future_usage="off_session")

    assert [method.id for method in api.v1.customers.payment_methods.list(customer.id).data] == [intent.payment_method]


def test_a_declined_card_is_not_saved(api: stripe.StripeClient) -> None:
    customer = api.v1.customers.create()

    with pytest.raises(stripe.CardError) as caught:
        api.v1.payment_methods.attach("pm_card_visa_chargeDeclined", {"customer": customer.id})

    assert caught.value.code == "card_declined"
    assert api.v1.customers.payment_methods.list(customer.id).data == []
