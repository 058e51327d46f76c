import pytest
import stripe

from tests.stripe_twin.contract.intents import charge_of, created, held, paid

pytestmark = pytest.mark.any_engine


def test_a_payment_is_refunded_in_parts(api: stripe.StripeClient) -> None:
    intent = paid(api)

    first = api.v1.refunds.create(
        {"payment_intent": intent.id, "amount": 500, "reason": "duplicate", "metadata": {"operation": "payop_1"}}
    )
    rest = api.v1.refunds.create({"payment_intent": intent.id})

    charge = charge_of(api, intent)
    assert (first.amount, first.status, first.reason) == (500, "succeeded", "duplicate")
    assert first.metadata is not None
    assert first.metadata.to_dict() == {"operation": "payop_1"}
    assert (rest.amount, rest.payment_intent, rest.charge) == (1500, intent.id, charge.id)
    assert (charge.amount_refunded, charge.refunded) == (2000, True)
    listed = api.v1.refunds.list({"payment_intent": intent.id})
    assert [refund.id for refund in listed.data] == [rest.id, first.id]
    assert api.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_more_than_was_captured_cannot_be_refunded(api: stripe.StripeClient) -> None:
    intent = paid(api)
    api.v1.refunds.create({"payment_intent": intent.id, "amount": 1500})

    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount") as caught:
        api.v1.refunds.create({"payment_intent": intent.id, "amount": 501})

    assert caught.value.http_status == 400
    assert charge_of(api, intent).amount_refunded == 1500


def test_what_is_refunded_cannot_be_refunded_again(api: stripe.StripeClient) -> None:
    intent = paid(api)
    api.v1.refunds.create({"payment_intent": intent.id})

    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.refunds.create({"payment_intent": intent.id})

    assert caught.value.code == "charge_already_refunded"


def test_what_was_never_paid_cannot_be_refunded(api: stripe.StripeClient) -> None:
    intent = created(api)

    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        api.v1.refunds.create({"payment_intent": intent.id})


def test_of_a_partial_capture_only_what_was_captured_is_refunded(api: stripe.StripeClient) -> None:
    intent = held(api)
    api.v1.payment_intents.capture(intent.id, {"amount_to_capture": 500})

    refund = api.v1.refunds.create({"payment_intent": intent.id})

    charge = charge_of(api, intent)
    assert refund.amount == 500
    assert (charge.amount_captured, charge.amount_refunded, charge.refunded) == (500, 500, True)


def test_a_refund_may_be_pending_at_first(api: stripe.StripeClient) -> None:
    intent = paid(api, "pm_card_pendingRefund")

    refund = api.v1.refunds.create({"payment_intent": intent.id})

    assert refund.status == "pending"
    assert api.v1.refunds.retrieve(refund.id).id == refund.id
