"""Amounts in Stripe's units, for every currency that py-moneyed knows."""

import pytest
from moneyed import CURRENCIES

from medusa_payments.money import Money, exponent
from medusa_payments.providers.stripe.amounts import AmountNotRepresentable, amount_step, from_stripe, to_stripe

pytestmark = pytest.mark.any_engine

ALL = sorted(code.lower() for code in CURRENCIES)
WHOLE_UNITS = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}


def money(minor_units: int, currency_code: str) -> Money:
    return Money(minor_units=minor_units, currency_code=currency_code)


@pytest.mark.parametrize("currency_code", ALL)
def test_every_stepped_amount_comes_back_as_it_was(currency_code: str) -> None:
    step = amount_step(currency_code)
    for count in (0, 1, 7, 99, 100, 12_345_678_901):
        asked = money(count * step, currency_code)
        assert from_stripe(to_stripe(asked), currency_code) == asked


@pytest.mark.parametrize("currency_code", [code for code in ALL if exponent(code) == 2 and code != "mga"])
def test_two_decimals_are_the_rule(currency_code: str) -> None:
    assert amount_step(currency_code) == 1
    assert to_stripe(money(1999, currency_code)) == 1999


@pytest.mark.parametrize("currency_code", sorted(WHOLE_UNITS))
def test_whole_units(currency_code: str) -> None:
    assert to_stripe(money(500, currency_code)) == 500


@pytest.mark.parametrize("currency_code", ["isk", "ugx"])
def test_whole_units_that_are_written_with_two_decimals(currency_code: str) -> None:
    assert to_stripe(money(5, currency_code)) == 500
    assert from_stripe(500, currency_code) == money(5, currency_code)
    with pytest.raises(AmountNotRepresentable):
        from_stripe(501, currency_code)


@pytest.mark.parametrize("currency_code", ["huf", "twd"])
def test_what_is_special_for_payouts_only_is_charged_with_two_decimals(currency_code: str) -> None:
    assert to_stripe(money(1045, currency_code)) == 1045


def test_ariary_have_no_decimals_at_stripe() -> None:
    assert exponent("mga") == 2
    assert to_stripe(money(50_000, "mga")) == 500
    with pytest.raises(AmountNotRepresentable):
        to_stripe(money(50_001, "mga"))


@pytest.mark.parametrize("currency_code", ["bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"])
def test_the_last_of_three_decimals_is_0(currency_code: str) -> None:
    assert amount_step(currency_code) == 10
    assert to_stripe(money(5120, currency_code)) == 5120
    with pytest.raises(AmountNotRepresentable):
        to_stripe(money(5124, currency_code))


@pytest.mark.parametrize("currency_code", ["clf", "uyw"])
def test_more_decimals_than_stripe_has_are_stepped(currency_code: str) -> None:
    assert amount_step(currency_code) == 100
