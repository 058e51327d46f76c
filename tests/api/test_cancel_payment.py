"""The staff gives up what a payment still holds."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.openapi import ValidatedClient

Make = Callable[..., Any]

KEY = {"headers": {"Idempotency-Key": "b0a7a1b4-0f5c-4d8f-8c4c-1f6f2a3d9e77"}}


def test_cancel(staff: ValidatedClient, payment: Make, fake_provider: Any) -> None:
    made = payment()
    path = f"/admin/payments/{made['id']}"

    first = staff.post(f"{path}/cancel", **KEY)
    again = staff.post(f"{path}/cancel", **KEY)
    without_key = staff.post(f"{path}/cancel")

    document = first.json()["payment"]
    assert first.status_code == 200
    assert document["canceled_at"] is not None
    assert (document["amount"], document["authorized_amount"], document["captured_amount"]) == (59.97, 0, 0)
    assert document == again.json()["payment"] == without_key.json()["payment"] == staff.get(path).json()["payment"]
    assert [entry["verb"] for entry in fake_provider.ledger_entries()].count("cancel") == 1


def test_a_canceled_payment_is_not_captured(staff: ValidatedClient, payment: Make) -> None:
    path = f"/admin/payments/{payment()['id']}"
    staff.post(f"{path}/cancel")

    response = staff.post(f"{path}/capture")

    assert (response.status_code, response.json()["type"]) == (400, "invalid_data")
    assert response.json()["message"].endswith("has been canceled.")


def test_the_rest_of_a_partly_captured_payment_is_released(staff: ValidatedClient, payment: Make) -> None:
    path = f"/admin/payments/{payment()['id']}"
    staff.post(f"{path}/capture", {"amount": 20})

    document = staff.post(f"{path}/cancel").json()["payment"]

    assert (document["canceled_at"], document["authorized_amount"], document["captured_amount"]) == (None, 20, 20)


def test_what_was_captured_is_refunded_instead(staff: ValidatedClient, payment: Make) -> None:
    made = payment(outcome="captured")

    response = staff.post(f"/admin/payments/{made['id']}/cancel")

    assert (response.status_code, response.json()["type"]) == (400, "invalid_data")
    assert response.json()["message"] == f"Payment {made['id']} is captured in full. Refund it instead."


@pytest.mark.parametrize(
    ("outcome", "status", "error_type"),
    [
        ("declined", 422, "payment_authorization_error"),
        ("unavailable", 503, "unexpected_state"),
        ("timeout_after", 409, "conflict"),
    ],
)
def test_failures_say_what_is_known(
    staff: ValidatedClient, payment: Make, outcome: str, status: int, error_type: str
) -> None:
    made = payment(outcome=outcome, on="cancel")

    response = staff.post(f"/admin/payments/{made['id']}/cancel")

    assert (response.status_code, response.json()["type"]) == (status, error_type)


def test_unknown_payment_and_unknown_field(staff: ValidatedClient, payment: Make) -> None:
    unknown = staff.post("/admin/payments/pay_1/cancel")
    strict = staff.post(f"/admin/payments/{payment()['id']}/cancel", {"amount": 1})

    assert (unknown.status_code, unknown.json()["message"]) == (404, "Payment with id: pay_1 was not found")
    assert (strict.status_code, strict.json()["message"]) == (400, "Invalid request: Unrecognized fields: 'amount'")


@pytest.mark.parametrize("amount", [None, 5])
def test_a_shop_can_require_a_key_for_refunds(
    staff: ValidatedClient, payment: Make, settings: Any, amount: int | None
) -> None:
    path = f"/admin/payments/{payment(outcome='captured')['id']}/refund"
    body = {} if amount is None else {"amount": amount}
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "REQUIRE_IDEMPOTENCY_KEY_FOR_REFUNDS": True}

    refused = staff.post(path, body)
    empty = staff.post(path, body, headers={"Idempotency-Key": ""})
    accepted = staff.post(path, body, **KEY)

    assert (refused.status_code, refused.json()["type"]) == (400, "invalid_data")
    assert "requires the header Idempotency-Key for refunds. Send a new UUID" in refused.json()["message"]
    assert empty.status_code == 400
    assert (accepted.status_code, len(accepted.json()["payment"]["refunds"])) == (200, 1)
