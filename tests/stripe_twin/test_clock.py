"""What happens by itself when its time has come."""

from typing import Any

import pytest

from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.stripe_twin.conftest import Client
from tests.stripe_twin.contract.intents import RETURN_URL, charge_of, created, held, paid

pytestmark = pytest.mark.any_engine

DAY = 24 * 60 * 60


def sepa_debit(client: Client, iban: str) -> Any:
    return created(
        client,
        confirm=True,
        allowed_payment_method_types=["sepa_debit"],
        payment_method_data={"type": "sepa_debit", "sepa_debit": {"iban": iban}, "billing_details": {"name": "Jenny"}},
        mandate_data={"customer_acceptance": {"type": "offline"}},
    )


def oxxo(client: Client, email: str) -> Any:
    return client.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "mxn",
            "confirm": True,
            "allowed_payment_method_types": ["oxxo"],
            "payment_method_options": {"oxxo": {"expires_after_days": 3}},
            "payment_method_data": {"type": "oxxo", "billing_details": {"name": "Jenny", "email": email}},
        }
    )


def types(twin: StripeTwin) -> list[str]:
    return [event["type"] for event in twin.events()]


def test_an_authorization_runs_out_after_seven_days(client: Client, twin: StripeTwin) -> None:
    intent = held(client, metadata={"session_id": "payses_1"})

    twin.advance(7 * DAY - 60)
    before = client.v1.payment_intents.retrieve(intent.id)
    twin.advance(120)
    after = client.v1.payment_intents.retrieve(intent.id)

    assert before.status == "requires_capture"
    assert (after.status, after.cancellation_reason, after.amount_capturable) == ("canceled", "expired", 0)
    assert not charge_of(client, after).refunded
    assert types(twin)[-2:] == ["charge.expired", "payment_intent.canceled"]
    entry = twin.ledger_entries("payses_1")[-1]
    assert (entry["verb"], entry["amount"], entry["idempotency_key"]) == ("cancel", 2000, "")


def test_what_was_captured_in_time_does_not_run_out(client: Client, twin: StripeTwin) -> None:
    intent = held(client)
    client.v1.payment_intents.capture(intent.id)

    twin.advance(8 * DAY)

    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


@pytest.mark.parametrize(
    ("iban", "status", "told"),
    [
        ("DE89370400440532013000", "succeeded", ["charge.succeeded", "payment_intent.succeeded"]),
        ("DE62370400440532013001", "requires_payment_method", ["charge.failed", "payment_intent.payment_failed"]),
    ],
)
def test_a_direct_debit_is_decided_a_day_later(
    client: Client, twin: StripeTwin, iban: str, status: str, told: list[str]
) -> None:
    intent = sepa_debit(client, iban)
    assert (intent.status, intent.amount_received) == ("processing", 0)

    twin.advance(DAY + 60)

    after = client.v1.payment_intents.retrieve(intent.id)
    assert after.status == status
    assert after.amount_received == (2000 if status == "succeeded" else 0)
    assert types(twin)[-2:] == told


def test_the_delay_can_be_set(client: Client, twin: StripeTwin) -> None:
    twin.set_delays(payments=3)
    intent = sepa_debit(client, "DE89370400440532013000")

    twin.advance(4)

    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_voucher_is_paid_a_day_later(client: Client, twin: StripeTwin) -> None:
    intent = oxxo(client, "jenny@example.com")
    assert (intent.status, intent.next_action.type) == ("requires_action", "oxxo_display_details")

    twin.advance(DAY + 60)

    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    twin.advance(5 * DAY)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_voucher_that_nobody_pays_expires(client: Client, twin: StripeTwin) -> None:
    intent = oxxo(client, "fill_never@example.com")

    twin.advance(2 * DAY)
    waiting = client.v1.payment_intents.retrieve(intent.id)
    twin.advance(DAY + 60)

    after = client.v1.payment_intents.retrieve(intent.id)
    assert waiting.status == "requires_action"
    assert after.status == "requires_payment_method"
    assert after.last_payment_error.code == "payment_intent_payment_attempt_expired"


def test_the_voucher_of_an_abandoned_attempt_pays_nothing(client: Client, twin: StripeTwin) -> None:
    intent = oxxo(client, "jenny@example.com")
    challenged = {"allowed_payment_method_types": ["card"], "payment_method": "pm_card_threeDSecure2Required"}
    client.v1.payment_intents.confirm(intent.id, {**challenged, "return_url": RETURN_URL})  # type: ignore[arg-type]

    twin.advance(5 * DAY)

    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_action"
    assert types(twin).count("payment_intent.succeeded") == 0


def test_a_pending_refund_succeeds_later(client: Client, twin: StripeTwin) -> None:
    refund = client.v1.refunds.create({"payment_intent": paid(client, "pm_card_pendingRefund").id})

    twin.advance(2 * 60 * 60)

    assert refund.status == "pending"
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert types(twin)[-1] == "charge.refund.updated"


def test_a_refund_that_had_succeeded_fails_later(client: Client, twin: StripeTwin) -> None:
    intent = paid(client, "pm_card_refundFail")
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 500})
    before = charge_of(client, intent).amount_refunded

    twin.advance(2 * 60 * 60)

    after = client.v1.refunds.retrieve(refund.id)
    assert (refund.status, before) == ("succeeded", 500)
    assert (after.status, after.failure_reason) == ("failed", "unknown")
    assert charge_of(client, intent).amount_refunded == 0
    assert types(twin)[-1] == "refund.failed"


def test_a_search_does_not_find_what_is_very_new(client: Client, twin: StripeTwin) -> None:
    intent = created(client, metadata={"session_id": "payses_1"})
    query: Any = {"query": "metadata['session_id']:'payses_1'"}

    at_once = client.v1.payment_intents.search(query).data
    twin.advance(61)

    assert at_once == []
    assert [found.id for found in client.v1.payment_intents.search(query).data] == [intent.id]
    assert client.v1.payment_intents.search({"query": "metadata['session_id']:'payses_2'"}).data == []
