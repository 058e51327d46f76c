import pytest
import stripe

from tests.stripe_twin.contract.intents import RETURN_URL, paid

pytestmark = pytest.mark.any_engine


def test_a_card_is_saved_without_paying(api: stripe.StripeClient) -> None:
    customer = api.v1.customers.create()
    intent = api.v1.setup_intents.create({"customer": customer.id, "usage": "off_session", "metadata": {"a": "1"}})
    assert intent.status == "requires_payment_method"
    assert str(intent.client_secret).startswith(f"{intent.id}_secret_")

    done = api.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL})

    assert done.status == "succeeded"
    assert [method.id for method in api.v1.customers.payment_methods.list(customer.id).data] == [done.payment_method]


def test_a_declined_card_can_be_replaced(api: stripe.StripeClient) -> None:
    customer = api.v1.customers.create()
    intent = api.v1.setup_intents.create({"customer": customer.id})

    with pytest.raises(stripe.CardError) as caught:
        api.v1.setup_intents.confirm(
            intent.id, {"payment_method": "pm_card_visa_chargeDeclined", "return_url": RETURN_URL}
        )

    assert caught.value.code == "card_declined"
    assert api.v1.setup_intents.retrieve(intent.id).status == "requires_payment_method"
    done = api.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL})
    assert done.status == "succeeded"


def test_a_card_may_want_authentication(api: stripe.StripeClient) -> None:
    customer = api.v1.customers.create()

    intent = api.v1.setup_intents.create(
        {
            "customer": customer.id,
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
            "return_url": RETURN_URL,
            "use_stripe_sdk": True,
        }
    )

    assert (intent.status, intent.next_action.type) == ("requires_action", "use_stripe_sdk")
    assert api.v1.customers.payment_methods.list(customer.id).data == []


def test_a_setup_can_be_given_up(api: stripe.StripeClient) -> None:
    intent = api.v1.setup_intents.create()

    canceled = api.v1.setup_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})

    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.setup_intents.cancel(intent.id)
    assert caught.value.code == "setup_intent_unexpected_state"


def test_a_card_that_was_set_up_needs_no_customer_later(api: stripe.StripeClient) -> None:
    customer = api.v1.customers.create()
    intent = api.v1.setup_intents.create(
        {
            "customer": customer.id,
            "usage": "off_session",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "return_url": RETURN_URL,
        }
    )

    assert paid(api, str(intent.payment_method), customer=customer.id, off_session=True).status == "succeeded"
