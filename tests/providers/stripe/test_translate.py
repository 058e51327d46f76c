"""What Stripe's objects mean, and what is kept of them."""

import json
from typing import Any

import pytest

from medusa_payments.providers.facts import DisputeState, RefundState
from medusa_payments.providers.stripe import intents, translate
from medusa_payments.states import SessionStatus
from tests.providers.stripe.objects import card, charge, intent, refund

pytestmark = pytest.mark.any_engine

SEPA = {"id": "pm_2", "type": "sepa_debit"}
OXXO = {"id": "pm_3", "type": "oxxo"}
DEFERRED = ("sepa_debit", "oxxo")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, SessionStatus.PENDING),
        ({"last_payment_error": {"code": "card_declined"}}, SessionStatus.ERROR),
        ({"status": "requires_confirmation"}, SessionStatus.PENDING),
        ({"status": "requires_action"}, SessionStatus.REQUIRES_MORE),
        ({"status": "processing"}, SessionStatus.PENDING),
        ({"status": "processing", "payment_method": card()}, SessionStatus.PENDING),
        ({"status": "processing", "payment_method": SEPA}, SessionStatus.PENDING_AUTHORIZATION),
        ({"status": "requires_action", "payment_method": SEPA}, SessionStatus.REQUIRES_MORE),
        (
            {"status": "requires_action", "payment_method": OXXO, "next_action": {"type": "oxxo_display_details"}},
            SessionStatus.PENDING_AUTHORIZATION,
        ),
        ({"status": "requires_capture"}, SessionStatus.AUTHORIZED),
        ({"status": "requires_capture", "amount_received": 4000}, SessionStatus.AUTHORIZED),
        ({"status": "requires_capture", "amount_received": 10000}, SessionStatus.CAPTURED),
        ({"status": "succeeded"}, SessionStatus.CAPTURED),
        ({"status": "canceled"}, SessionStatus.CANCELED),
        ({"status": "invented_next_year"}, SessionStatus.PENDING),
    ],
)
def test_status(changes: dict[str, Any], status: SessionStatus) -> None:
    assert translate.session_status(intent(**changes), DEFERRED) is status


@pytest.mark.parametrize(
    ("changes", "captured", "released"),
    [
        ({}, 0, 0),
        ({"status": "canceled"}, 0, 0),
        ({"status": "canceled", "latest_charge": charge(status="failed")}, 0, 0),
        ({"status": "canceled", "latest_charge": charge()}, 0, 10000),
        ({"status": "canceled", "cancellation_reason": "expired", "latest_charge": charge(status="failed")}, 0, 10000),
        ({"status": "requires_capture", "latest_charge": charge()}, 0, 0),
        ({"status": "requires_capture", "latest_charge": charge(), "amount_received": 4000}, 4000, 0),
        ({"status": "succeeded", "latest_charge": charge(), "amount_received": 4000}, 4000, 6000),
        ({"status": "succeeded", "latest_charge": charge(), "amount_received": 10000}, 10000, 0),
        ({"status": "succeeded", "latest_charge": charge(), "amount_received": 12000}, 12000, 0),
    ],
)
def test_totals(changes: dict[str, Any], captured: int, released: int) -> None:
    assert translate.totals(intent(**changes)) == translate.Totals(captured=captured, released=released)


def test_every_capture_names_its_operation() -> None:
    metadata = {"session_id": "payses_1", "note": "captured a fish"}
    for operation, amount in (("payop_1", 3000), ("payop_2", 1000)):
        metadata |= translate.captured_metadata(operation, amount)
    taken = intent(status="requires_capture", amount_received=4000, metadata=metadata)

    facts = translate.snapshot(taken, refunds=[], disputes=[]).captures

    assert [(fact.idempotency_key, fact.money.minor_units) for fact in facts] == [("payop_1", 3000), ("payop_2", 1000)]
    assert translate.captured_under(taken, "payop_2") == 1000
    assert translate.captured_under(taken, "payop_3") is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", RefundState.PENDING),
        ("requires_action", RefundState.PENDING),
        ("succeeded", RefundState.SUCCEEDED),
        ("failed", RefundState.FAILED),
        ("canceled", RefundState.FAILED),
        ("invented_next_year", RefundState.PENDING),
    ],
)
def test_refund_states(status: str, state: RefundState) -> None:
    assert translate.refund_state(refund(status=status)) is state


@pytest.mark.parametrize(
    ("status", "state", "is_due"),
    [
        ("warning_needs_response", DisputeState.INQUIRY, True),
        ("warning_under_review", DisputeState.INQUIRY, False),
        ("needs_response", DisputeState.NEEDS_RESPONSE, True),
        ("appeal_needs_response", DisputeState.NEEDS_RESPONSE, True),
        ("appeal_under_review", DisputeState.UNDER_REVIEW, False),
        ("invented_next_year", DisputeState.NEEDS_RESPONSE, True),
    ],
)
def test_disputes(status: str, state: DisputeState, is_due: bool) -> None:
    taken = intent(status="succeeded", amount_received=10000, latest_charge=charge())
    details = {"due_by": 1_790_600_000}
    told = {"id": "du_1", "amount": 10000, "currency": "eur", "created": 1_790_000_000, "evidence_details": details}

    [fact] = translate.snapshot(taken, refunds=[], disputes=[told | {"status": status}]).disputes

    assert (fact.state, fact.evidence_due_by is not None) == (state, is_due)


@pytest.mark.parametrize(
    ("metadata", "sent"),
    [
        ({}, {}),
        ({"off_session": "true"}, {"off_session": True}),
        ({"return_url": "https://shop.example/"}, {"return_url": "https://shop.example/"}),
        (
            {"off_session": "true", "return_url": "https://shop.example/"},
            {"off_session": True, "return_url": "https://shop.example/"},
        ),
    ],
)
def test_what_confirms_on_the_server(metadata: dict[str, str], sent: dict[str, Any]) -> None:
    assert intents.confirm_parameters(intent(metadata=metadata)) == {"expand": intents.EXPANDED, **sent}


def test_what_was_never_captured_is_released_not_refunded() -> None:
    """Under a version before 2025-03-31 the rest of a part capture is among the refunds: one that moved no balance."""
    taken = intent(status="succeeded", amount_received=4000, latest_charge=charge())
    refunds = [
        refund(id="re_release", amount=6000, balance_transaction=None),
        refund(id="re_dashboard", amount=1000),
        refund(id="re_ours", amount=2000, balance_transaction=None, metadata={"operation_id": "payop_1"}),
        refund(id="re_waiting", amount=500, balance_transaction=None, status="pending"),
    ]

    snapshot = translate.snapshot(taken, refunds=refunds, disputes=[])

    assert [fact.refund_ref for fact in snapshot.refunds] == ["re_dashboard", "re_ours", "re_waiting"]
    assert snapshot.released.minor_units == 6000
    assert snapshot.refunds[1].idempotency_key == "payop_1"


def test_nothing_about_a_person_is_kept_and_of_a_card_brand_and_last_digits() -> None:
    told = {"code": "card_declined", "decline_code": "stolen_card", "advice_code": "do_not_try_again"}
    error = told | {"message": "hush", "payment_method": card()}
    kept = translate.kept(
        intent(payment_method=card(), latest_charge=charge(), last_payment_error=error, receipt_email="ada@example.com")
    )

    assert kept["payment_method"] == {"id": "pm_1", "type": "card", "card": {"brand": "visa", "last4": "4242"}}
    assert kept["latest_charge"] == "ch_1"
    assert kept["last_payment_error"] == told
    for hidden in ("Ada", "ada@", "Xt5EWLLDS7FJjR1c", "hush", "amount"):
        assert hidden not in json.dumps(kept)


def test_only_an_authorization_runs_out() -> None:
    details = {"card": {"capture_before": 1_790_600_000}}
    held = intent(status="requires_capture", latest_charge=charge(payment_method_details=details))

    assert translate.capture_before(held) == translate.at(1_790_600_000)
    assert translate.capture_before(held | {"status": "succeeded"}) is None
    assert translate.capture_before(intent(status="requires_capture", latest_charge=charge())) is None
