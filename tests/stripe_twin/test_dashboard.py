"""What happens at Stripe without the shop having asked."""

from typing import Any

import pytest
import stripe

from medusa_payments.testing.stripe_twin.errors import StripeTwinError
from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.stripe_twin.conftest import Client
from tests.stripe_twin.contract.intents import charge_of, created, held, paid

pytestmark = pytest.mark.any_engine


def types(twin: StripeTwin) -> list[str]:
    return [event["type"] for event in twin.events()]


def movements(twin: StripeTwin) -> list[tuple[str, int, bool]]:
    """Which verbs moved how much, and whether a key asked for it."""
    return [(entry["verb"], entry["amount"], bool(entry["idempotency_key"])) for entry in twin.ledger_entries()]


def test_somebody_captures_refunds_and_the_books_show_it(client: Client, twin: StripeTwin) -> None:
    intent = held(client)

    twin.dashboard.capture(intent.id, 1500)
    twin.dashboard.refund(intent.id, 400)

    payment = twin.payment(intent.id)
    assert payment is not None
    assert (payment.status, payment.captured, payment.released, payment.refunded) == ("succeeded", 1500, 500, 400)
    assert movements(twin) == [("initiate", 2000, True), ("capture", 1500, False), ("refund", 400, False)]


def test_somebody_cancels(client: Client, twin: StripeTwin) -> None:
    intent = held(client)

    twin.dashboard.cancel(intent.id)

    payment = twin.payment(intent.id)
    assert payment is not None
    assert (payment.status, payment.authorized, payment.captured, payment.released) == ("canceled", 0, 0, 2000)
    assert payment.refunded == 0
    assert types(twin)[-1] == "payment_intent.canceled"
    assert "charge.refunded" not in types(twin)


def test_the_customer_pays_in_the_browser(client: Client, twin: StripeTwin) -> None:
    intent = created(client, capture_method="manual")

    twin.dashboard.pay(intent.id)

    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    assert movements(twin)[-1] == ("authorize", 2000, False)


@pytest.mark.parametrize(
    ("is_successful", "status", "told"),
    [
        (True, "succeeded", "payment_intent.succeeded"),
        (False, "requires_payment_method", "payment_intent.payment_failed"),
    ],
)
def test_the_customer_authenticates_or_does_not(
    client: Client, twin: StripeTwin, is_successful: bool, status: str, told: str
) -> None:
    intent = paid(client, "pm_card_threeDSecure2Required")
    assert intent.status == "requires_action"

    twin.dashboard.authenticate(intent.id, is_successful=is_successful)

    after = client.v1.payment_intents.retrieve(intent.id)
    assert (after.status, after.next_action) == (status, None)
    assert types(twin)[-1] == told
    if not is_successful:
        assert after.last_payment_error.code == "payment_intent_authentication_failure"


def test_an_authenticated_payment_may_still_be_declined(client: Client, twin: StripeTwin) -> None:
    intent = paid(client, "pm_card_threeDSecureRequiredChargeDeclined")

    twin.dashboard.authenticate(intent.id)

    after = client.v1.payment_intents.retrieve(intent.id)
    assert (after.status, after.last_payment_error.code) == ("requires_payment_method", "card_declined")


def test_a_card_that_was_set_up_is_not_challenged_again(client: Client, twin: StripeTwin) -> None:
    customer = client.v1.customers.create()
    once: Any = {"customer": customer.id, "setup_future_usage": "off_session"}
    intent = paid(client, "pm_card_authenticationRequiredOnSetup", **once)
    twin.dashboard.authenticate(intent.id)
    method = client.v1.payment_intents.retrieve(intent.id).payment_method

    again = paid(client, str(method), customer=customer.id, off_session=True)

    assert again.status == "succeeded"


def test_a_dispute_takes_the_money_until_it_is_won(client: Client, twin: StripeTwin) -> None:
    intent = paid(client)
    dispute_id = twin.dashboard.dispute(intent.id, 700)

    disputed = client.v1.disputes.retrieve(dispute_id)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id})
    twin.dashboard.answer_dispute(dispute_id)
    reviewed = client.v1.disputes.retrieve(dispute_id).status
    twin.dashboard.close_dispute(dispute_id, "won")

    assert (disputed.status, disputed.amount, disputed.reason) == ("needs_response", 700, "fraudulent")
    assert caught.value.code == "charge_disputed"
    assert reviewed == "under_review"
    assert client.v1.disputes.retrieve(dispute_id).status == "won"
    assert [row.id for row in client.v1.disputes.list({"payment_intent": intent.id}).data] == [dispute_id]
    assert charge_of(client, intent).disputed
    assert [told for told in types(twin) if "dispute" in told] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]


def test_an_inquiry_takes_nothing_before_it_becomes_a_dispute(client: Client, twin: StripeTwin) -> None:
    intent = paid(client, "pm_card_createDisputeInquiry")
    inquiry = client.v1.disputes.list({"payment_intent": intent.id}).data[0]
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 100})

    twin.dashboard.escalate_dispute(inquiry.id)

    assert (inquiry.status, inquiry.balance_transactions) == ("warning_needs_response", [])
    assert refund.status == "succeeded"
    assert client.v1.disputes.retrieve(inquiry.id).status == "needs_response"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 100})


def test_a_test_card_disputes_its_charge(client: Client, twin: StripeTwin) -> None:
    intent = paid(client, "pm_card_createDispute")

    disputes = client.v1.disputes.list({"charge": str(intent.latest_charge)}).data

    assert [(row.amount, row.status) for row in disputes] == [(2000, "needs_response")]


def test_a_refund_is_sent_back_by_the_bank(client: Client, twin: StripeTwin) -> None:
    intent = paid(client)
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 500})

    twin.dashboard.settle_refund(refund.id, is_successful=False)

    payment = twin.payment(intent.id)
    assert payment is not None
    assert payment.refunded == 0
    assert client.v1.refunds.retrieve(refund.id).status == "failed"
    assert types(twin)[-3:] == ["refund.updated", "charge.refund.updated", "refund.failed"]


def test_a_card_is_declined_in_the_browser(client: Client, twin: StripeTwin) -> None:
    intent = created(client)

    with pytest.raises(StripeTwinError) as caught:
        twin.dashboard.pay(intent.id, "pm_card_visa_chargeDeclined")

    assert caught.value.status == 402
    assert client.v1.payment_intents.retrieve(intent.id).last_payment_error.code == "card_declined"
    assert types(twin)[-2:] == ["charge.failed", "payment_intent.payment_failed"]


def test_what_does_not_exist_is_said_so(twin: StripeTwin) -> None:
    with pytest.raises(LookupError):
        twin.dashboard.cancel("pi_nothing")


def test_an_account_may_capture_several_times(client: Client, twin: StripeTwin) -> None:
    twin.open_account("acct_multi", "sk_test_multi", has_multicapture=True)
    multi = stripe.StripeClient("sk_test_multi", http_client=twin.http_client())
    wanted: Any = {"payment_method_options": {"card": {"request_multicapture": "if_available"}}}
    intent = held(multi, **wanted)

    first = multi.v1.payment_intents.capture(intent.id, {"amount_to_capture": 500, "final_capture": False})
    second = multi.v1.payment_intents.capture(intent.id, {"amount_to_capture": 700, "final_capture": False})
    canceled = multi.v1.payment_intents.cancel(intent.id)

    assert (first.status, first.amount_capturable, first.amount_received) == ("requires_capture", 1500, 500)
    assert (second.status, second.amount_capturable, second.amount_received) == ("requires_capture", 800, 1200)
    assert (canceled.status, canceled.amount_capturable, canceled.amount_received) == ("canceled", 0, 1200)
    payment = twin.payment(intent.id)
    assert payment is not None
    assert (payment.captured, payment.released, payment.refunded) == (1200, 800, 0)


def test_the_last_capture_releases_what_is_left(twin: StripeTwin) -> None:
    twin.open_account("acct_multi", "sk_test_multi", has_multicapture=True)
    multi = stripe.StripeClient("sk_test_multi", http_client=twin.http_client())
    wanted: Any = {"payment_method_options": {"card": {"request_multicapture": "if_available"}}}
    intent = held(multi, **wanted)
    multi.v1.payment_intents.capture(intent.id, {"amount_to_capture": 500, "final_capture": False})

    last = multi.v1.payment_intents.capture(intent.id, {"amount_to_capture": 0, "final_capture": True})

    assert (last.status, last.amount_received, last.amount_capturable) == ("succeeded", 500, 0)
    charge = charge_of(multi, last)
    assert (charge.captured, charge.amount_refunded) == (True, 0)
    payment = twin.payment(intent.id)
    assert payment is not None
    assert (payment.captured, payment.released) == (500, 1500)


def test_other_accounts_capture_once(client: Client, twin: StripeTwin) -> None:
    intent = held(client)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 500, "final_capture": False})

    assert caught.value.param == "final_capture"
