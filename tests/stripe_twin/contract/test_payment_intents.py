import pytest
import stripe

from tests.stripe_twin.contract.intents import RETURN_URL, charge_of, created, held, paid

pytestmark = pytest.mark.any_engine


def test_an_intent_begins_without_a_payment_method(api: stripe.StripeClient) -> None:
    intent = created(api, metadata={"session_id": "payses_1"}, description="One blue fish")

    assert intent.status == "requires_payment_method"
    assert (intent.amount, intent.currency, intent.amount_capturable, intent.amount_received) == (2000, "eur", 0, 0)
    assert intent.metadata.to_dict() == {"session_id": "payses_1"}
    assert str(intent.client_secret).startswith(f"{intent.id}_secret_")
    assert intent.livemode is False
    assert intent.latest_charge is None
    assert "card" in intent.payment_method_types


def test_rupiah_have_twelve_digits(api: stripe.StripeClient) -> None:
    assert created(api, amount=150_000_000_00, currency="idr").amount == 15_000_000_000


def test_a_card_pays_at_once(api: stripe.StripeClient) -> None:
    intent = paid(api)

    charge = charge_of(api, intent)
    assert (intent.status, intent.amount_received, intent.amount_capturable) == ("succeeded", 2000, 0)
    assert (charge.status, charge.captured, charge.paid, charge.amount_captured) == ("succeeded", True, True, 2000)
    assert charge.payment_method_details.card.last4 == "4242"


def test_a_card_is_authorized_and_captured_later(api: stripe.StripeClient) -> None:
    intent = held(api)
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 2000, 0)
    charge = charge_of(api, intent)
    assert charge.captured is False
    assert charge.payment_method_details.card.capture_before > charge.created

    captured = api.v1.payment_intents.capture(intent.id, {"metadata": {"operation": "payop_1"}})

    assert (captured.status, captured.amount_capturable, captured.amount_received) == ("succeeded", 0, 2000)
    assert captured.metadata.to_dict() == {"operation": "payop_1"}


def test_a_partial_capture_gives_the_rest_back_without_a_refund(api: stripe.StripeClient) -> None:
    intent = held(api)

    captured = api.v1.payment_intents.capture(intent.id, {"amount_to_capture": 500})

    charge = charge_of(api, captured)
    assert (captured.status, captured.amount, captured.amount_received) == ("succeeded", 2000, 500)
    assert (charge.amount, charge.amount_captured, charge.amount_refunded) == (2000, 500, 0)
    assert charge.refunded is False
    assert api.v1.refunds.list({"payment_intent": intent.id}).data == []


def test_more_than_is_held_cannot_be_captured(api: stripe.StripeClient) -> None:
    intent = held(api)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.payment_intents.capture(intent.id, {"amount_to_capture": 2001})

    assert caught.value.http_status == 400
    assert api.v1.payment_intents.retrieve(intent.id).status == "requires_capture"


def test_what_is_captured_cannot_be_captured_again(api: stripe.StripeClient) -> None:
    intent = paid(api)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.payment_intents.capture(intent.id)

    assert (caught.value.http_status, caught.value.code) == (400, "payment_intent_unexpected_state")
    assert caught.value.error.payment_intent.id == intent.id
    assert caught.value.error.payment_intent.status == "succeeded"


def test_canceling_gives_back_what_is_held(api: stripe.StripeClient) -> None:
    intent = held(api)

    canceled = api.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})

    charge = charge_of(api, canceled)
    assert (canceled.status, canceled.amount_capturable) == ("canceled", 0)
    assert canceled.cancellation_reason == "abandoned"
    assert canceled.canceled_at
    assert (charge.captured, charge.refunded, charge.amount_refunded) == (False, False, 0)


@pytest.mark.parametrize("verb", ["cancel", "confirm", "capture"])
def test_a_canceled_intent_stays_canceled(api: stripe.StripeClient, verb: str) -> None:
    intent = created(api)
    api.v1.payment_intents.cancel(intent.id)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        getattr(api.v1.payment_intents, verb)(intent.id)

    assert caught.value.code == "payment_intent_unexpected_state"
    assert caught.value.error.payment_intent.status == "canceled"


@pytest.mark.parametrize("capture_method", ["automatic_async", "manual"])
def test_what_is_paid_cannot_be_paid_again(api: stripe.StripeClient, capture_method: str) -> None:
    intent = paid(api, capture_method=capture_method)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL})

    assert caught.value.code == "payment_intent_unexpected_state"
    assert [charge.id for charge in api.v1.charges.list({"payment_intent": intent.id}).data] == [intent.latest_charge]


def test_what_is_paid_cannot_be_canceled(api: stripe.StripeClient) -> None:
    intent = paid(api)

    with pytest.raises(stripe.InvalidRequestError, match="status of succeeded") as caught:
        api.v1.payment_intents.cancel(intent.id)

    assert caught.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("payment_method", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
def test_a_declined_card_leaves_an_intent_to_try_again(
    api: stripe.StripeClient, payment_method: str, code: str, decline_code: str | None
) -> None:
    intent = created(api)

    with pytest.raises(stripe.CardError) as caught:
        api.v1.payment_intents.confirm(intent.id, {"payment_method": payment_method, "return_url": RETURN_URL})

    assert (caught.value.http_status, caught.value.code) == (402, code)
    if decline_code is not None:
        assert caught.value.error.decline_code == decline_code
    assert caught.value.error.payment_intent.id == intent.id
    after = api.v1.payment_intents.retrieve(intent.id)
    assert (after.status, after.last_payment_error.code) == ("requires_payment_method", code)
    assert after.payment_method is None
    assert charge_of(api, after).status == "failed"
    again = api.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL})
    assert (again.status, again.last_payment_error) == ("succeeded", None)


def test_a_card_may_want_authentication(api: stripe.StripeClient) -> None:
    intent = paid(api, "pm_card_threeDSecure2Required", use_stripe_sdk=True)

    assert intent.status == "requires_action"
    assert intent.next_action.type == "use_stripe_sdk"
    assert intent.amount_received == 0


def test_without_the_customer_authentication_is_a_decline(api: stripe.StripeClient) -> None:
    customer = api.v1.customers.create()
    method = api.v1.payment_methods.attach("pm_card_authenticationRequired", {"customer": customer.id})

    with pytest.raises(stripe.CardError) as caught:
        paid(api, method.id, customer=customer.id, off_session=True)

    assert caught.value.code == "authentication_required"
    assert caught.value.error.payment_intent.status == "requires_payment_method"


def test_an_intent_is_updated_in_place(api: stripe.StripeClient) -> None:
    intent = created(api, metadata={"a": "1", "b": "2"})

    updated = api.v1.payment_intents.update(intent.id, {"amount": 3000, "metadata": {"a": "", "c": "3"}})

    assert (updated.id, updated.amount, updated.client_secret) == (intent.id, 3000, intent.client_secret)
    assert updated.metadata.to_dict() == {"b": "2", "c": "3"}
    assert api.v1.payment_intents.update(intent.id, {"metadata": ""}).metadata.to_dict() == {}


def test_the_amount_of_what_is_paid_stays(api: stripe.StripeClient) -> None:
    intent = paid(api)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.payment_intents.update(intent.id, {"amount": 3000})

    assert caught.value.code == "payment_intent_unexpected_state"
    assert api.v1.payment_intents.update(intent.id, {"metadata": {"seen": "yes"}}).metadata["seen"] == "yes"


def test_lists_begin_with_the_newest_and_can_be_paged(api: stripe.StripeClient) -> None:
    customer = api.v1.customers.create()
    made = [created(api, customer=customer.id).id for _ in range(5)]

    page = api.v1.payment_intents.list({"customer": customer.id, "limit": 2})

    assert [intent.id for intent in page.data] == made[:2:-1]
    assert page.has_more
    assert [intent.id for intent in page.auto_paging_iter()] == made[::-1]
    after = api.v1.payment_intents.list({"customer": customer.id, "starting_after": made[1]})
    assert ([intent.id for intent in after.data], after.has_more) == ([made[0]], False)


def test_lists_are_narrowed_by_time(api: stripe.StripeClient) -> None:
    intent = created(api)

    since = api.v1.payment_intents.list({"created": {"gte": intent.created}})
    before = api.v1.payment_intents.list({"created": {"lt": intent.created}})

    assert intent.id in {found.id for found in since.data}
    assert intent.id not in {found.id for found in before.data}


def test_references_are_expanded(api: stripe.StripeClient) -> None:
    customer = api.v1.customers.create({"email": "buyer@example.com"})
    intent = paid(api, customer=customer.id)

    expand = {"expand": ["latest_charge", "latest_charge.refunds", "customer", "payment_method"]}
    expanded = api.v1.payment_intents.retrieve(intent.id, expand)

    assert expanded.latest_charge.id == intent.latest_charge
    assert expanded.latest_charge.refunds.data == []
    assert expanded.customer.email == "buyer@example.com"
    assert expanded.payment_method.card.brand == "visa"


def test_what_came_to_the_balance_is_expanded(api: stripe.StripeClient) -> None:
    intent = paid(api)

    expanded = api.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge.balance_transaction"]})

    transaction = expanded.latest_charge.balance_transaction
    assert (transaction.object, transaction.type, transaction.source) == (
        "balance_transaction",
        "charge",
        intent.latest_charge,
    )
    assert transaction.net == transaction.amount - transaction.fee


def test_the_kinds_of_method_follow_the_payment(api: stripe.StripeClient) -> None:
    allowed = {"allowed_payment_method_types": ["card", "ideal"]}

    at_once = created(api, **allowed)
    manual = created(api, capture_method="manual", **allowed)

    assert set(at_once.payment_method_types) == {"card", "ideal"}
    assert manual.payment_method_types == ["card"]


def test_a_bank_redirect_needs_an_address_to_come_back_to(api: stripe.StripeClient) -> None:
    intent = paid(
        api,
        payment_method="",
        payment_method_data={"type": "ideal", "billing_details": {"name": "Jenny Rosen"}},
        allowed_payment_method_types=["ideal"],
    )

    assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")
    assert intent.next_action.redirect_to_url.return_url == RETURN_URL


def test_a_card_takes_no_whole_statement_descriptor(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        paid(api, statement_descriptor="SHOP 1")

    assert caught.value.param == "statement_descriptor"
    assert paid(api, statement_descriptor_suffix="ORDER 1").status == "succeeded"


def test_a_direct_debit_is_processing_for_days(api: stripe.StripeClient) -> None:
    intent = created(
        api,
        confirm=True,
        allowed_payment_method_types=["sepa_debit"],
        payment_method_data={
            "type": "sepa_debit",
            "sepa_debit": {"iban": "DE89370400440532013000"},
            "billing_details": {"name": "Jenny Rosen", "email": "jenny@example.com"},
        },
        mandate_data={"customer_acceptance": {"type": "offline"}},
    )

    assert intent.status == "processing"
    assert charge_of(api, intent).status == "pending"
