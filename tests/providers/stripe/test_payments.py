"""Payments from choice to refund, through the services, at the twin."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import stripe

from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import (
    InvalidData,
    NotAllowed,
    PaymentAuthorizationError,
    PaymentOutcomeUnknown,
    ProviderNotReachable,
)
from medusa_payments.models import Operation, Payment, PaymentSession
from medusa_payments.services import captures, payment_collections, payment_sessions, payments, refund_reasons, refunds
from medusa_payments.testing.stripe_twin.errors import StripeTwinError
from medusa_payments.testing.stripe_twin.twin import SECRET_KEY, StripeTwin
from tests.audit import recover
from tests.scripted import authorize
from tests.till import Till
from tests.twin import MULTICAPTURE_ACCOUNT, MULTICAPTURE_KEY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

STRIPE = "pp_stripe_stripe"
MULTICAPTURE = "pp_stripe_multicapture"
THIRTY = Decimal(30)


@pytest.fixture
def authorized(till: Till, stripe_twin: StripeTwin) -> Callable[..., Payment]:
    """Return a function that has a customer pay 100 euros with a card."""

    def make(provider_id: str = STRIPE, method: str = "pm_card_visa") -> Payment:
        session = till.session(provider_id)
        stripe_twin.dashboard.pay(session.provider_ref or "", method)
        return authorize(session).payment

    return make


def bank_account(twin: StripeTwin) -> str:
    """Return the id of a bank account that the customer has given to Stripe."""
    method = stripe.StripeClient(SECRET_KEY, http_client=twin.http_client()).v1.payment_methods.create(
        {
            "type": "sepa_debit",
            "sepa_debit": {"iban": "AT611904300234573201"},
            "billing_details": {"name": "Ada", "email": "ada@example.com"},
        }
    )
    return method.id


def intent_of(twin: StripeTwin, row: Any) -> dict[str, Any]:
    return twin.dashboard.get(row.provider_ref)


def test_a_session_is_a_payment_intent(till: Till, stripe_twin: StripeTwin) -> None:
    session = till.session(STRIPE)

    intent = intent_of(stripe_twin, session)
    assert (intent["amount"], intent["currency"], intent["capture_method"]) == (10000, "eur", "manual")
    assert intent["metadata"] == {
        "session_id": session.pk,
        "payment_collection_id": session.payment_collection_id,
        "operation_id": Operation.objects.get().pk,
    }
    assert session.provider_account == "stripe:test"
    assert session.provider_data["client_secret"] == intent["client_secret"]
    assert Operation.objects.get().api_version == "2026-10-28.endive"


def test_the_same_choice_updates_the_intent_in_place(till: Till, stripe_twin: StripeTwin) -> None:
    session = till.session(STRIPE)
    till.set_total("80")
    again = till.session_of(session, setup_future_usage="off_session", payment_description="Two chairs")

    intent = intent_of(stripe_twin, session)
    assert (again.pk, again.provider_ref, again.amount) == (session.pk, session.provider_ref, 8000)
    assert (intent["amount"], intent["setup_future_usage"]) == (8000, "off_session")
    assert intent["description"] == "Two chairs"
    assert intent["metadata"]["session_id"] == session.pk
    assert len(stripe_twin.payments()) == 1


@pytest.mark.parametrize("data", [{}, {"setup_future_usage": None, "return_url": None}])
def test_what_is_taken_back_is_taken_off_the_intent(till: Till, stripe_twin: StripeTwin, data: Any) -> None:
    session = till.session(STRIPE, setup_future_usage="off_session", return_url="https://shop.example/return")
    again = till.session_of(session, **data)

    intent = intent_of(stripe_twin, again)
    assert again.provider_ref == session.provider_ref
    assert (intent["setup_future_usage"], "return_url" in intent["metadata"]) == (None, False)


def test_another_choice_cancels_the_intent(till: Till, stripe_twin: StripeTwin) -> None:
    session = till.session(STRIPE)
    till.session("pp_system_default")
    assert intent_of(stripe_twin, session)["status"] == "canceled"


def test_nothing_is_authorized_before_the_customer_has_paid(till: Till, stripe_twin: StripeTwin) -> None:
    session = till.session(STRIPE)
    with pytest.raises(NotAllowed, match="was not authorized"):
        authorize(session)
    assert not Payment.objects.exists()


def test_authorize_and_capture(authorized: Callable[..., Payment], stripe_twin: StripeTwin) -> None:
    payment = authorized()
    assert payment.amount == 10000
    assert payment.capture_before is not None

    captured = captures.capture(payment_id=payment.pk)

    assert captured.captured_amount == 10000
    assert intent_of(stripe_twin, payment)["status"] == "succeeded"


def test_a_part_capture_releases_the_rest(authorized: Callable[..., Payment], stripe_twin: StripeTwin) -> None:
    payment = authorized()

    captured = captures.capture(payment_id=payment.pk, amount=THIRTY)

    assert (captured.captured_amount, captured.released_amount) == (3000, 7000)
    assert captured.captured_at is not None
    twin_payment = stripe_twin.payment(payment.provider_ref)
    assert twin_payment is not None
    assert (twin_payment.captured, twin_payment.released) == (3000, 7000)
    with pytest.raises(InvalidData):
        captures.capture(payment_id=payment.pk, amount=THIRTY)
    assert not comparing.look_at(payment.payment_session_id).changes


def test_with_multicapture_parts_add_up(authorized: Callable[..., Payment], stripe_twin: StripeTwin) -> None:
    payment = authorized(MULTICAPTURE)
    for amount in (30, 20):
        captures.capture(payment_id=payment.pk, amount=Decimal(amount))
        assert not comparing.look_at(payment.payment_session_id).changes
    payment.refresh_from_db()
    assert (payment.captured_amount, payment.released_amount) == (5000, 0)

    captures.capture(payment_id=payment.pk)

    assert intent_of(stripe_twin, payment)["status"] == "succeeded"
    assert not comparing.look_at(payment.payment_session_id).changes


def test_what_the_card_allows_to_be_captured_once_is_captured_whole(
    authorized: Callable[..., Payment], stripe_twin: StripeTwin
) -> None:
    """Whether there is multicapture is up to the card and the kind of payment, not only to the account."""
    stripe_twin.open_account(MULTICAPTURE_ACCOUNT, MULTICAPTURE_KEY, has_multicapture=False)
    payment = authorized(MULTICAPTURE)

    with pytest.raises(InvalidData, match="multicapture"):
        captures.capture(payment_id=payment.pk, amount=THIRTY)

    assert captures.capture(payment_id=payment.pk).captured_amount == 10000
    assert not comparing.look_at(payment.payment_session_id).changes


def test_a_capture_is_not_the_last_while_another_is_in_flight(
    authorized: Callable[..., Payment], stripe_twin: StripeTwin
) -> None:
    """What the lost one was to take isn't released behind its back."""
    payment = authorized(MULTICAPTURE)
    stripe_twin.fail("payment_intents.capture", "timeout_before")
    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk, amount=THIRTY)

    captures.capture(payment_id=payment.pk, amount=Decimal(70), idempotency_key="another")

    payment.refresh_from_db()
    assert (payment.captured_amount, payment.capturing_amount, payment.released_amount) == (7000, 3000, 0)
    captures.capture(payment_id=payment.pk, amount=THIRTY)
    payment.refresh_from_db()
    assert (payment.captured_amount, payment.frozen_at) == (10000, None)
    assert not comparing.look_at(payment.payment_session_id).changes


def test_the_rest_of_a_part_capture_is_released(authorized: Callable[..., Payment], stripe_twin: StripeTwin) -> None:
    payment = authorized(MULTICAPTURE)
    captures.capture(payment_id=payment.pk, amount=THIRTY)

    payments.cancel(payment_id=payment.pk)

    payment.refresh_from_db()
    assert (payment.captured_amount, payment.released_amount) == (3000, 7000)
    assert intent_of(stripe_twin, payment)["status"] == "succeeded"
    assert not comparing.look_at(payment.payment_session_id).changes


@pytest.mark.parametrize("captured", [0, 30])
def test_what_runs_out_is_released(authorized: Callable[..., Payment], stripe_twin: StripeTwin, captured: int) -> None:
    """Stripe shows no refund of it, and calls a payment that is captured in part succeeded."""
    payment = authorized(MULTICAPTURE)
    if captured:
        captures.capture(payment_id=payment.pk, amount=Decimal(captured))

    stripe_twin.advance(8 * 24 * 60 * 60)
    comparing.look_at(payment.payment_session_id)

    payment.refresh_from_db()
    assert (payment.captured_amount, payment.released_amount) == (100 * captured, 10000 - 100 * captured)
    assert (payment.capturing_amount, payment.refunded_amount, payment.frozen_at) == (0, 0, None)
    assert intent_of(stripe_twin, payment)["status"] == ("succeeded" if captured else "canceled")
    assert not comparing.look_at(payment.payment_session_id).changes


def test_what_staff_cancel_at_stripe_is_released(authorized: Callable[..., Payment], stripe_twin: StripeTwin) -> None:
    payment = authorized()

    stripe_twin.dashboard.cancel(payment.provider_ref)
    comparing.look_at(payment.payment_session_id)

    payment.refresh_from_db()
    assert (payment.captured_amount, payment.released_amount, payment.refunded_amount) == (0, 10000, 0)
    assert not comparing.look_at(payment.payment_session_id).changes


def test_refunds_carry_their_reason_and_operation(authorized: Callable[..., Payment], stripe_twin: StripeTwin) -> None:
    payment = captures.capture(payment_id=authorized().pk)
    duplicate = refund_reasons.create(label="Duplicate", code="duplicate")
    shipping = refund_reasons.create(label="Shipping", code="shipping_issue")

    refunds.refund(payment_id=payment.pk, amount=THIRTY, refund_reason_id=duplicate.pk)
    refunds.refund(payment_id=payment.pk, amount=Decimal(10), refund_reason_id=shipping.pk)

    first, second = [stripe_twin.dashboard.get(row.provider_ref) for row in payment.refunds.order_by("created_at")]
    operations = Operation.objects.filter(kind="refund").order_by("created_at")
    assert (first["amount"], first["reason"]) == (3000, "duplicate")
    assert (second["amount"], second["reason"], second["metadata"]["reason"]) == (1000, None, "shipping_issue")
    assert [row["metadata"]["operation_id"] for row in (first, second)] == [row.pk for row in operations]
    assert {row["metadata"]["session_id"] for row in (first, second)} == {payment.payment_session_id}
    assert not comparing.look_at(payment.payment_session_id).changes


def test_a_refund_that_takes_days(authorized: Callable[..., Payment], stripe_twin: StripeTwin) -> None:
    payment = captures.capture(payment_id=authorized(method="pm_card_pendingRefund").pk)

    refunds.refund(payment_id=payment.pk, amount=THIRTY)

    payment.refresh_from_db()
    assert (payment.refunded_amount, payment.refunding_amount) == (0, 3000)
    refund = stripe_twin.dashboard.get(intent_of(stripe_twin, payment)["latest_charge"])
    assert refund["amount_refunded"] == 3000
    stripe_twin.advance(2 * 60 * 60)
    comparing.look_at(payment.payment_session_id)
    payment.refresh_from_db()
    assert (payment.refunded_amount, payment.refunding_amount) == (3000, 0)


def test_a_refund_that_fails_after_it_succeeded(authorized: Callable[..., Payment], stripe_twin: StripeTwin) -> None:
    payment = captures.capture(payment_id=authorized(method="pm_card_refundFail").pk)
    refunds.refund(payment_id=payment.pk, amount=THIRTY)

    stripe_twin.advance(2 * 60 * 60)
    comparing.look_at(payment.payment_session_id)

    payment.refresh_from_db()
    assert payment.refunded_amount == 0
    assert payment.refund_reversals.count() == 1
    refunds.refund(payment_id=payment.pk)


def test_a_cancel_releases_everything(authorized: Callable[..., Payment], stripe_twin: StripeTwin) -> None:
    payment = authorized()
    payments.cancel(payment_id=payment.pk)
    payment.refresh_from_db()
    assert (payment.released_amount, payment.canceled_at is not None) == (10000, True)
    assert intent_of(stripe_twin, payment)["status"] == "canceled"
    assert not comparing.look_at(payment.payment_session_id).changes


def test_a_cancel_finds_canceled_what_somebody_canceled(
    authorized: Callable[..., Payment], stripe_twin: StripeTwin
) -> None:
    payment = authorized()
    stripe_twin.dashboard.cancel(payment.provider_ref)
    payments.cancel(payment_id=payment.pk)
    payment.refresh_from_db()
    assert payment.released_amount == 10000


def test_what_somebody_captured_is_not_canceled(authorized: Callable[..., Payment], stripe_twin: StripeTwin) -> None:
    payment = authorized()
    stripe_twin.dashboard.capture(payment.provider_ref)
    with pytest.raises(InvalidData, match="captured"):
        payments.cancel(payment_id=payment.pk)
    payment.refresh_from_db()
    assert (payment.captured_amount, payment.released_amount) == (10000, 0)


def test_a_capture_by_somebody_else_is_not_taken_for_ours(
    authorized: Callable[..., Payment], stripe_twin: StripeTwin
) -> None:
    payment = authorized()
    stripe_twin.dashboard.capture(payment.provider_ref, 3000)

    with pytest.raises(InvalidData):
        captures.capture(payment_id=payment.pk, amount=THIRTY)

    payment.refresh_from_db()
    assert (payment.captured_amount, payment.released_amount) == (3000, 7000)
    assert payment.captures.get().operation is None
    assert Operation.objects.get(kind="capture").status == "refused"


@pytest.mark.parametrize("verb", ["capture", "refund"])
@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "reset_after", "error_before", "error_after"])
def test_a_lost_answer_moves_money_once(
    authorized: Callable[..., Payment], stripe_twin: StripeTwin, verb: str, fault: str
) -> None:
    payment = authorized(MULTICAPTURE)
    if verb == "refund":
        captures.capture(payment_id=payment.pk)
    move: Any = {"capture": captures.capture, "refund": refunds.refund}[verb]
    endpoint = {"capture": "payment_intents.capture", "refund": "refunds.create"}[verb]
    stripe_twin.fail(endpoint, fault)

    with pytest.raises(PaymentOutcomeUnknown):
        move(payment_id=payment.pk, amount=THIRTY)
    assert recover() == 0

    moved = [row["amount"] for row in stripe_twin.ledger_entries() if row["verb"] == verb and row["amount"] == 3000]
    operation = Operation.objects.get(kind=verb, amount=3000)
    was_executed = fault.endswith("after")
    assert moved == ([3000] if was_executed else [])
    assert operation.status == ("succeeded" if was_executed else "not_executed")
    assert not comparing.look_at(payment.payment_session_id).changes


def test_a_trace_without_its_capture_is_not_believed(
    authorized: Callable[..., Payment], stripe_twin: StripeTwin
) -> None:
    """The metadata of a capture that failed, or that somebody wrote by hand, make no money."""
    payment = authorized()
    stripe_twin.fail("payment_intents.capture", "timeout_before")
    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk, amount=THIRTY)
    operation = Operation.objects.get(kind="capture")
    client = stripe.StripeClient(SECRET_KEY, http_client=stripe_twin.http_client())
    client.v1.payment_intents.update(payment.provider_ref, {"metadata": {operation.pk: "captured 3000"}})

    assert recover() == 0

    payment.refresh_from_db()
    operation.refresh_from_db()
    assert (payment.captured_amount, operation.status) == (0, "not_executed")


def test_what_never_left_is_said_to_have_done_nothing(
    authorized: Callable[..., Payment], stripe_twin: StripeTwin
) -> None:
    payment = authorized()
    stripe_twin.fail("payment_intents.capture", "unreachable")
    with pytest.raises(ProviderNotReachable):
        captures.capture(payment_id=payment.pk)
    captures.capture(payment_id=payment.pk)
    payment.refresh_from_db()
    assert payment.captured_amount == 10000


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after"])
def test_a_lost_initiate_is_found_by_its_session(till: Till, stripe_twin: StripeTwin, fault: str) -> None:
    collection = till.collection()
    stripe_twin.fail("payment_intents.create", fault)
    with pytest.raises(PaymentOutcomeUnknown):
        payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=STRIPE)

    assert recover() == 0

    operation = Operation.objects.get(kind="initiate")
    assert operation.status == ("succeeded" if fault == "timeout_after" else "not_executed")
    if fault == "timeout_after":
        assert PaymentSession.objects.get().provider_ref == stripe_twin.payments()[0]["id"]


def test_an_orphan_is_canceled(till: Till, stripe_twin: StripeTwin) -> None:
    collection = till.collection()
    stripe_twin.fail("payment_intents.create", "timeout_after")
    with pytest.raises(PaymentOutcomeUnknown):
        payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=STRIPE)
    till.session("pp_system_default")

    assert recover() == 0

    assert [intent["status"] for intent in stripe_twin.payments()] == ["canceled"]


def test_a_declined_customer_tries_another_card(till: Till, stripe_twin: StripeTwin) -> None:
    session = till.session(STRIPE)
    with pytest.raises(StripeTwinError, match="declined"):
        stripe_twin.dashboard.pay(session.provider_ref or "", "pm_card_visa_chargeDeclined")
    with pytest.raises(NotAllowed):
        authorize(session)
    session.refresh_from_db()
    assert session.status == "error"
    assert session.provider_data["last_payment_error"]["code"] == "card_declined"

    again = till.session_of(session)
    stripe_twin.dashboard.pay(session.provider_ref or "")

    assert authorize(again).payment.amount == 10000
    assert again.provider_ref == session.provider_ref


def test_3d_secure(till: Till, stripe_twin: StripeTwin) -> None:
    session = till.session(STRIPE)
    stripe_twin.dashboard.pay(session.provider_ref or "", "pm_card_authenticationRequired")
    with pytest.raises(NotAllowed):
        authorize(session)
    session.refresh_from_db()
    assert session.status == "requires_more"

    stripe_twin.dashboard.authenticate(session.provider_ref or "")

    assert authorize(session).payment.amount == 10000


def test_a_debit_is_awaited(till: Till, stripe_twin: StripeTwin) -> None:
    session = till.session("pp_stripe-sepa-debit_stripe")
    stripe_twin.dashboard.pay(session.provider_ref or "", bank_account(stripe_twin))
    assert authorize(session).status == "pending_authorization"

    stripe_twin.dashboard.settle(session.provider_ref or "")
    comparing.look_at(session.pk)

    payment = Payment.objects.get()
    assert (payment.amount, payment.captured_amount) == (10000, 10000)


@pytest.mark.parametrize(
    ("service", "types"),
    [
        ("stripe-bancontact", ["bancontact"]),
        ("stripe-ideal", ["ideal"]),
        ("stripe-przelewy24", ["p24"]),
        ("stripe-sepa-debit", ["sepa_debit"]),
        ("stripe-klarna", ["klarna"]),
        ("stripe-link", ["link"]),
        ("stripe-paypal", ["paypal"]),
    ],
)
def test_services_in_euros(till: Till, stripe_twin: StripeTwin, service: str, types: list[str]) -> None:
    session = till.session(f"pp_{service}_stripe")
    intent = intent_of(stripe_twin, session)
    assert (intent["payment_method_types"], intent["capture_method"]) == (types, "automatic")


@pytest.mark.parametrize(
    ("service", "currency_code", "type_"),
    [("stripe-blik", "pln", "blik"), ("stripe-promptpay", "thb", "promptpay"), ("stripe-oxxo", "mxn", "oxxo")],
)
def test_services_in_other_currencies(
    till: Till, stripe_twin: StripeTwin, service: str, currency_code: str, type_: str
) -> None:
    collection = till.collection(currency_code=currency_code)
    session = payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=f"pp_{service}_stripe")
    intent = intent_of(stripe_twin, session)
    assert intent["payment_method_types"] == [type_]
    if type_ == "oxxo":
        assert intent["payment_method_options"]["oxxo"]["expires_after_days"] == 3


@pytest.mark.parametrize(
    "data",
    [
        {"capture_method": "automatic"},
        {"amount": 1},
        {"metadata": {"session_id": "payses_x"}},
        {"customer": "cus_x"},
        {"confirm": True},
        {"off_session": True},
        {"payment_method_data": {"type": "card"}},
        {"payment_method_options": {"card": {"capture_method": "automatic"}}},
        {"payment_method_options": {"card": {"request_multicapture": "if_available"}}},
        {"payment_method_options": {"card][capture_method": "automatic"}},
        {"payment_method_options": {"card][request_overcapture": "if_available"}},
        {"payment_method_options": {"": {}}},
        {"transfer_data": {"destination": "acct_x"}},
        {"application_fee_amount": 1},
    ],
)
def test_what_only_the_server_decides_is_refused(till: Till, stripe_twin: StripeTwin, data: dict[str, Any]) -> None:
    with pytest.raises(InvalidData, match="doesn't accept"):
        till.session(STRIPE, **data)
    assert stripe_twin.payments() == []


@pytest.mark.parametrize("options", [None, "x", {"card": "x"}])
@pytest.mark.parametrize("provider_id", [STRIPE, MULTICAPTURE])
def test_options_of_another_shape_are_refused_before_anything_is_reserved(
    till: Till, stripe_twin: StripeTwin, provider_id: str, options: Any
) -> None:
    with pytest.raises(InvalidData, match="payment_method_options"):
        till.session(provider_id, payment_method_options=options)
    assert not Operation.objects.exists()


def test_a_service_of_one_way_leaves_no_choice(till: Till, stripe_twin: StripeTwin) -> None:
    with pytest.raises(InvalidData, match="payment_method_types"):
        till.session("pp_stripe-ideal_stripe", payment_method_types=["card"])


def test_an_amount_of_0_is_refused_clearly(till: Till, stripe_twin: StripeTwin) -> None:
    collection = till.collection("0")
    with pytest.raises(InvalidData, match="can't take an amount of 0"):
        payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=STRIPE)


def test_stripes_own_limits_are_refused_in_stripes_words(till: Till, stripe_twin: StripeTwin) -> None:
    collection = till.collection("0.01")
    with pytest.raises(InvalidData) as refused:
        payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=STRIPE)
    assert refused.value.code == "amount_too_small"


def test_fils_are_stepped_once_and_visibly(till: Till, stripe_twin: StripeTwin) -> None:
    collection = till.collection("5.124", "kwd")
    session = payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=STRIPE)
    assert (session.amount, intent_of(stripe_twin, session)["amount"]) == (5130, 5130)


def test_kronur_are_written_with_two_decimals(till: Till, stripe_twin: StripeTwin) -> None:
    collection = till.collection("500", "isk")
    session = payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=STRIPE)
    assert (session.amount, intent_of(stripe_twin, session)["amount"]) == (500, 50000)


def test_a_revoked_key_does_nothing_and_strands_nothing(
    authorized: Callable[..., Payment], stripe_twin: StripeTwin, settings: Any
) -> None:
    payment = authorized()
    stripe_twin.remove_key("sk_test_twin")
    with pytest.raises(ProviderNotReachable):
        captures.capture(payment_id=payment.pk)

    stripe_twin.add_key("acct_twin", "sk_test_rotated")
    configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
    options = configured[STRIPE]["OPTIONS"] | {"api_key": "sk_test_rotated"}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {
        "PROVIDERS": configured | {STRIPE: configured[STRIPE] | {"OPTIONS": options}}
    }

    assert captures.capture(payment_id=payment.pk).captured_amount == 10000


def test_a_failed_order_gives_everything_back(authorized: Callable[..., Payment], stripe_twin: StripeTwin) -> None:
    payment = captures.capture(payment_id=authorized(MULTICAPTURE).pk, amount=THIRTY)
    payment_collections.fail(payment_collection_id=payment.payment_collection_id, on_failure="refund")
    assert recover() == 0
    payment.refresh_from_db()
    assert (payment.captured_amount, payment.released_amount, payment.refunded_amount) == (3000, 7000, 3000)
    assert not comparing.look_at(payment.payment_session_id).changes


def saved_card(till: Till, twin: StripeTwin, test_card: str) -> dict[str, Any]:
    """Return what a logged-in customer with a saved card sends to choose it."""
    begun = payment_sessions.initialize(
        payment_collection_id=till.collection().pk, provider_id=STRIPE, customer_id="cust_1"
    )
    client = stripe.StripeClient(SECRET_KEY, http_client=twin.http_client())
    method = client.v1.payment_methods.attach(test_card, {"customer": intent_of(twin, begun)["customer"]})
    return {
        "payment_collection_id": begun.payment_collection_id,
        "provider_id": STRIPE,
        "customer_id": "cust_1",
        "data": {"payment_method": method.id},
    }


def test_a_saved_card_pays_on_the_server(till: Till, stripe_twin: StripeTwin) -> None:
    session = payment_sessions.initialize(**saved_card(till, stripe_twin, "pm_card_visa"))
    assert session.status == "pending"
    assert authorize(session).payment.amount == 10000


def test_a_saved_card_that_is_not_chosen_any_more_pays_nothing(till: Till, stripe_twin: StripeTwin) -> None:
    choice = saved_card(till, stripe_twin, "pm_card_visa")
    with_card = payment_sessions.initialize(**choice)
    session = payment_sessions.initialize(**choice | {"data": {}})
    client = stripe.StripeClient(SECRET_KEY, http_client=stripe_twin.http_client())

    # Strangers may read the secret of this one, and no saved card is on it.
    assert intent_of(stripe_twin, with_card)["status"] == "canceled"
    assert intent_of(stripe_twin, session)["payment_method"] is None
    # Nor does one pay that was put on it by somebody else.
    client.v1.payment_intents.update(session.provider_ref or "", {"payment_method": choice["data"]["payment_method"]})
    with pytest.raises(NotAllowed, match="was not authorized"):
        authorize(session)
    assert intent_of(stripe_twin, session)["status"] == "requires_confirmation"

    stripe_twin.dashboard.pay(session.provider_ref or "", "pm_card_mastercard")
    assert authorize(session).payment.amount == 10000


class FasterBrowser(stripe.HTTPClient):
    """Has the customer pay in the browser just before the server confirms."""

    name = "faster_browser"

    def __init__(self, twin: StripeTwin) -> None:
        super().__init__()
        self.twin, self.sender = twin, twin.http_client()

    def request(self, method: Any, url: str, headers: Any, post_data: Any = None) -> Any:
        if url.endswith("/confirm"):
            self.twin.dashboard.pay(url.split("/")[-2], "pm_card_mastercard")
        return self.sender.request(method, url, headers, post_data)


def test_a_browser_that_was_faster_is_no_refusal(till: Till, stripe_twin: StripeTwin, settings: Any) -> None:
    configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
    options = configured[STRIPE]["OPTIONS"] | {"http_client": FasterBrowser(stripe_twin)}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {
        "PROVIDERS": configured | {STRIPE: configured[STRIPE] | {"OPTIONS": options}}
    }
    session = payment_sessions.initialize(**saved_card(till, stripe_twin, "pm_card_visa"))

    assert authorize(session).payment.amount == 10000
    assert [entry["verb"] for entry in stripe_twin.ledger_entries(session.pk)].count("authorize") == 1


def test_a_saved_card_that_is_declined(till: Till, stripe_twin: StripeTwin) -> None:
    session = payment_sessions.initialize(**saved_card(till, stripe_twin, "pm_card_chargeCustomerFail"))
    with pytest.raises(PaymentAuthorizationError) as declined:
        authorize(session)
    assert declined.value.code == "generic_decline"
    session.refresh_from_db()
    assert session.status == "error"
    assert not Payment.objects.exists()
