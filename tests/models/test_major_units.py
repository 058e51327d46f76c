"""Each amount of a row can be read in major units, in the right currency."""

from decimal import Decimal

import pytest

from medusa_payments.models import Capture, Dispute, Operation, Payment

pytestmark = pytest.mark.any_engine


@pytest.mark.parametrize(("currency_code", "major"), [("eur", "59.97"), ("jpy", "5997"), ("kwd", "5.997")])
def test_major_units_follow_the_currency(currency_code: str, major: str) -> None:
    assert Payment(amount=5997, currency_code=currency_code).amount_major == Decimal(major)


def test_computed_amounts_have_major_units_too() -> None:
    payment = Payment(amount=5997, captured_amount=1997, refunded_amount=500, currency_code="eur")

    assert payment.capturable_amount_major == Decimal("40")
    assert payment.refundable_amount_major == Decimal("14.97")


def test_ledger_line_has_the_currency_of_its_payment() -> None:
    assert Capture(amount=5997, payment=Payment(currency_code="kwd")).amount_major == Decimal("5.997")


def test_dispute_in_another_currency_withholds_money_of_the_payments_currency() -> None:
    dispute = Dispute(amount=5997, currency_code="jpy", withheld_amount=5997, payment=Payment(currency_code="eur"))

    assert (dispute.amount_major, dispute.withheld_amount_major) == (Decimal("5997"), Decimal("59.97"))


def test_absent_amount_is_none_in_major_units() -> None:
    assert Operation(amount=None, currency_code="eur").amount_major is None


def test_major_units_cannot_be_written() -> None:
    payment = Payment(amount=5997, currency_code="eur")

    with pytest.raises(AttributeError):
        payment.amount_major = Decimal("1")  # type: ignore[misc]
