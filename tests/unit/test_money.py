"""Minor units and major units, exactly, in every currency."""

import json
from decimal import Decimal
from pathlib import Path

import moneyed
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_payments.exceptions import InvalidData
from medusa_payments.money import (
    MAX_MINOR_UNITS,
    Money,
    exponent,
    plain,
    round_to_minor_units,
    to_major_units,
    to_minor_units,
)

pytestmark = pytest.mark.any_engine

SNAPSHOT = Path(__file__).with_name("currency_exponents.json")
EXPONENTS: dict[str, int] = json.loads(SNAPSHOT.read_text())
EVERY_AMOUNT = st.integers(min_value=-MAX_MINOR_UNITS, max_value=MAX_MINOR_UNITS)


class TestExponents:
    @pytest.mark.parametrize(
        ("currency_code", "digits"), [("eur", 2), ("USD", 2), ("jpy", 0), ("kwd", 3), ("clf", 4), ("huf", 2)]
    )
    def test_is_the_one_of_iso_4217(self, currency_code: str, digits: int) -> None:
        assert exponent(currency_code) == digits

    @pytest.mark.parametrize("currency_code", ["", "eu", "euro", "zzz", "€", "978"])
    def test_refuses_what_iso_4217_does_not_know(self, currency_code: str) -> None:
        with pytest.raises(InvalidData, match=f"^Unknown currency code: '{currency_code}'$"):
            exponent(currency_code)

    def test_does_not_echo_a_long_code(self) -> None:
        with pytest.raises(InvalidData, match=f"^Unknown currency code: '{'x' * 16}'$"):
            exponent("x" * 1000)

    def test_none_has_changed(self) -> None:
        current = {code: exponent(code) for code in moneyed.CURRENCIES if code in EXPONENTS}
        assert current == EXPONENTS, (
            "py-moneyed has changed the minor units of a currency (or dropped one). Every stored amount in that "
            "currency is a number of the old minor units and would be read as another amount of money: 100.00 would "
            "become 10.000 or 1. Keep the old py-moneyed, or convert the stored rows, before this snapshot is changed."
        )

    def test_new_ones_are_added_to_the_snapshot(self) -> None:
        assert set(moneyed.CURRENCIES) - set(EXPONENTS) == set(), f"Add these currencies to {SNAPSHOT.name}."


class TestToMajorUnits:
    @pytest.mark.parametrize(
        ("minor_units", "currency_code", "written"),
        [
            (5997, "eur", "59.97"),
            (5990, "eur", "59.9"),
            (5900, "eur", "59"),
            (50000, "eur", "500"),
            (1, "eur", "0.01"),
            (0, "eur", "0"),
            (-5, "eur", "-0.05"),
            (5997, "jpy", "5997"),
            (5000, "jpy", "5000"),
            (5125, "kwd", "5.125"),
            (1, "kwd", "0.001"),
            (MAX_MINOR_UNITS, "eur", "10000000000000000"),
            (MAX_MINOR_UNITS - 1, "jpy", "999999999999999999"),
        ],
    )
    def test_writes_the_number_people_write(self, minor_units: int, currency_code: str, written: str) -> None:
        assert str(to_major_units(minor_units, currency_code)) == written

    @given(EVERY_AMOUNT)
    def test_survives_the_way_there_and_back_in_every_currency(self, minor_units: int) -> None:
        for currency_code, digits in EXPONENTS.items():
            amount = to_major_units(minor_units, currency_code)
            assert to_minor_units(amount, currency_code) == minor_units
            assert amount * 10**digits == minor_units


class TestToMinorUnits:
    @pytest.mark.parametrize(
        ("amount", "currency_code", "minor_units"),
        [
            ("59.97", "eur", 5997),
            ("59.970000", "EUR", 5997),
            ("5E+2", "eur", 50000),
            ("0", "eur", 0),
            ("-0.05", "eur", -5),
            ("5997", "jpy", 5997),
            ("5997.0", "jpy", 5997),
            ("5.125", "kwd", 5125),
            ("9999999999999999.99", "eur", MAX_MINOR_UNITS - 1),
            ("-1000000000000000000", "jpy", -MAX_MINOR_UNITS),
        ],
    )
    def test_is_exact(self, amount: str, currency_code: str, minor_units: int) -> None:
        assert to_minor_units(Decimal(amount), currency_code) == minor_units

    @given(st.decimals(min_value=-(10**12), max_value=10**12, places=3))
    def test_gives_back_the_same_number(self, amount: Decimal) -> None:
        assert to_major_units(to_minor_units(amount, "kwd"), "kwd") == amount

    @pytest.mark.parametrize(
        ("amount", "currency_code", "message"),
        [
            ("59.975", "eur", r"Amount 59.975 has more decimal places than EUR allows \(2\)"),
            ("0.10", "jpy", r"Amount 0.1 has more decimal places than JPY allows \(0\)"),
            ("1E-9", "kwd", r"Amount 0.000000001 has more decimal places than KWD allows \(3\)"),
            ("10000000000000000.01", "eur", "The amount is too large"),
            ("-10000000000000000.01", "eur", "The amount is too large"),
            ("9" * 41, "eur", "The amount is too large or has too many digits"),
            ("1e400", "eur", "The amount is too large or has too many digits"),
            ("1e-400", "eur", "The amount is too large or has too many digits"),
            ("1e999999", "eur", "The amount is too large or has too many digits"),
            ("NaN", "eur", "An amount must be a finite number"),
            ("sNaN", "eur", "An amount must be a finite number"),
            ("-Infinity", "eur", "An amount must be a finite number"),
            ("1", "zzz", "Unknown currency code: 'zzz'"),
        ],
    )
    def test_never_guesses(self, amount: str, currency_code: str, message: str) -> None:
        with pytest.raises(InvalidData, match=f"^{message}$"):
            to_minor_units(Decimal(amount), currency_code)

    @pytest.mark.parametrize("amount", [59.97, 59, "59.97", None, True])
    def test_takes_decimals_only(self, amount: object) -> None:
        with pytest.raises(InvalidData, match="An amount must be a Decimal"):
            to_minor_units(amount, "eur")  # type: ignore[arg-type]


class TestRounding:
    @pytest.mark.parametrize(
        ("amount", "currency_code", "minor_units", "remainder"),
        [
            ("59.97", "eur", 5997, "0"),
            ("59.975", "eur", 5998, "-0.005"),
            ("59.974999", "eur", 5997, "0.004999"),
            ("0.005", "eur", 1, "-0.005"),
            ("-0.005", "eur", -1, "0.005"),
            ("1999.5", "jpy", 2000, "-0.5"),
            ("5.1254", "kwd", 5125, "0.0004"),
            ("1E+3", "eur", 100000, "0"),
        ],
    )
    def test_is_half_up_and_says_what_it_took(
        self, amount: str, currency_code: str, minor_units: int, remainder: str
    ) -> None:
        rounded = round_to_minor_units(Decimal(amount), currency_code)

        assert (rounded.minor_units, str(rounded.remainder)) == (minor_units, remainder)

    @given(st.decimals(min_value=-(10**12), max_value=10**12, places=9))
    def test_loses_nothing_in_any_currency(self, amount: Decimal) -> None:
        for currency_code, digits in EXPONENTS.items():
            rounded = round_to_minor_units(amount, currency_code)
            assert to_major_units(rounded.minor_units, currency_code) + rounded.remainder == amount
            assert abs(rounded.remainder) * 2 * 10**digits <= 1

    @pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e400", "10000000000000000.005"])
    def test_refuses_what_is_no_amount(self, amount: str) -> None:
        with pytest.raises(InvalidData):
            round_to_minor_units(Decimal(amount), "eur")


@pytest.mark.parametrize(
    ("amount", "written"),
    [("5E+2", "500"), ("5.10", "5.1"), ("5.00", "5"), ("0E-10", "0"), ("100", "100"), ("-1.250", "-1.25")],
)
def test_plain_is_the_shortest_way_to_write_a_number(amount: str, written: str) -> None:
    assert str(plain(Decimal(amount))) == written


def test_money_reads_as_people_write_it() -> None:
    assert str(Money(minor_units=5990, currency_code="eur")) == "59.9 EUR"
    assert str(Money(minor_units=5990, currency_code="jpy")) == "5990 JPY"
