"""Money in every ISO 4217 currency, from the wire to the database and the provider and back, exactly."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medusa_payments.carts import CartSnapshot
from medusa_payments.models import Payment
from medusa_payments.money import MAX_MINOR_UNITS
from medusa_payments.testing.carts import CartDesk
from medusa_payments.testing.fake_provider import FakeProvider
from tests.api.openapi import ValidatedClient

pytestmark = pytest.mark.any_engine

# The committed table, not the code's own: a wrong number of digits must not look right from both ends.
DIGITS: dict[str, int] = json.loads((Path(__file__).parents[1] / "unit" / "currency_exponents.json").read_text())
CURRENCIES = sorted(code.lower() for code in DIGITS)


def exact(response: Any) -> Any:
    """Read a response's numbers as they are written."""
    assert response.status_code == 200, response.content
    return json.loads(response.content, parse_float=Decimal)


@given(
    currency_code=st.sampled_from(CURRENCIES),
    minor_units=st.one_of(st.integers(2, 10**6), st.integers(2, MAX_MINOR_UNITS)),
    share=st.fractions(0, 1),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.proof
def test_survives_the_whole_way(
    storefront: ValidatedClient,
    staff: ValidatedClient,
    cart_desk: CartDesk,
    fake_provider: FakeProvider,
    currency_code: str,
    minor_units: int,
    share: Any,
) -> None:
    digits = DIGITS[currency_code.upper()]
    total, part = Decimal(minor_units).scaleb(-digits), max(1, int(minor_units * share) - 1)
    cart_id = f"cart_{currency_code}_{minor_units}_{part}_{len(fake_provider.ledger_entries())}"
    cart_desk.put(CartSnapshot(amount=total, currency_code=currency_code), cart_id=cart_id)

    collection = exact(storefront.post("/store/payment-collections", {"cart_id": cart_id}))["payment_collection"]
    path = f"/store/payment-collections/{collection['id']}/payment-sessions"
    session = exact(storefront.post(path, {"provider_id": "pp_fake_fake"}))["payment_collection"]["payment_sessions"][0]
    authorized = exact(storefront.post(f"{path}/{session['id']}/authorize"))["payment_collection"]
    payment_id = authorized["payments"][0]["id"]
    captured = exact(send(staff, f"/admin/payments/{payment_id}/capture", total))["payment"]
    refunded = exact(send(staff, f"/admin/payments/{payment_id}/refund", Decimal(part).scaleb(-digits)))["payment"]

    assert collection["amount"] == session["amount"] == authorized["authorized_amount"] == captured["amount"] == total
    assert captured["captured_amount"] == captured["captures"][0]["amount"] == total
    assert refunded["refunded_amount"] == refunded["refunds"][0]["amount"] == Decimal(part).scaleb(-digits)
    row = Payment.objects.get(pk=payment_id)
    assert (row.amount, row.captured_amount, row.refunded_amount) == (minor_units, minor_units, part)
    moved = {entry["verb"]: entry["amount"] for entry in fake_provider.ledger_entries(session["id"])}
    assert moved == {"initiate": minor_units, "authorize": minor_units, "capture": minor_units, "refund": part}


def send(client: ValidatedClient, path: str, amount: Decimal) -> Any:
    """Send an amount with all its digits, as text that no float has touched."""
    return client.generic("POST", path, f'{{"amount": {amount:f}}}', content_type="application/json")


@pytest.mark.parametrize("currency_code", ["eur", "jpy", "kwd", "clf"])
def test_one_digit_more_than_the_currency_has_is_refused(
    staff: ValidatedClient, payment: Callable[..., Any], currency_code: str
) -> None:
    made = payment(amount="100", currency_code=currency_code)
    too_fine = Decimal(1).scaleb(-DIGITS[currency_code.upper()] - 1)

    answer = send(staff, f"/admin/payments/{made['id']}/capture", too_fine)

    assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")
