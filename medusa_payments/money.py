"""The only place that converts between minor units and the decimal major units people write.

Amounts are whole minor units (cents, yen, fils) everywhere inside. Exponents come from py-moneyed
(ISO 4217); a committed snapshot test guards them, because a changed exponent would re-read every stored row.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache

from moneyed import CurrencyDoesNotExist, get_currency

from medusa_payments.exceptions import InvalidData

MAX_MINOR_UNITS = 10**18
"""The largest amount. Nine of them add up in a BigInteger column, so that the totals of a collection hold what is paid
twice.
"""

_MAX_DIGITS = 40
"""Enough for every storable amount; anything longer is refused before it costs arithmetic."""

_EXACT = Context(prec=4 * _MAX_DIGITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in minor units of a currency (lower-case ISO 4217 code)."""

    minor_units: int
    currency_code: str

    def __str__(self) -> str:
        return f"{to_major_units(self.minor_units, self.currency_code)} {self.currency_code.upper()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundedAmount:
    """A rounded amount in minor units and what rounding took away (major units, may be negative)."""

    minor_units: int
    remainder: Decimal


@cache
def exponent(currency_code: str) -> int:
    """Number of minor-unit digits of a currency (eur 2, jpy 0, kwd 3).

    Raises `InvalidData` for a code that ISO 4217 doesn't know.
    """
    try:
        sub_unit: int = get_currency(currency_code.upper()).sub_unit
    except CurrencyDoesNotExist:
        raise InvalidData(f"Unknown currency code: '{currency_code[:16]}'") from None
    return len(str(sub_unit)) - 1


def to_major_units(minor_units: int, currency_code: str) -> Decimal:
    """Return the exact amount in major units, without trailing zeros (5997, "eur" -> 59.97; 500 -> 5)."""
    return plain(_EXACT.scaleb(Decimal(minor_units), -exponent(currency_code)))


def to_minor_units(amount: Decimal, currency_code: str) -> int:
    """Return the exact amount in minor units.

    Raises `InvalidData` when the amount isn't a finite `Decimal`, has more digits than the currency, or is out of
    range.
    """
    scaled = _EXACT.scaleb(_checked(amount), exponent(currency_code))
    if scaled != scaled.to_integral_value():
        raise InvalidData(
            f"Amount {plain(amount):f} has more decimal places than {currency_code.upper()} "
            f"allows ({exponent(currency_code)})"
        )
    return _bounded(int(scaled))


def round_to_minor_units(amount: Decimal, currency_code: str) -> RoundedAmount:
    """Round half up to whole minor units; for a shop's totals, which may carry sub-minor digits.

    Raises `InvalidData` when the amount isn't a finite `Decimal` or is out of range.
    """
    scaled = _EXACT.scaleb(_checked(amount), exponent(currency_code))
    rounded = scaled.to_integral_value(rounding=ROUND_HALF_UP)
    return RoundedAmount(
        minor_units=_bounded(int(rounded)),
        remainder=plain(_EXACT.scaleb(_EXACT.subtract(scaled, rounded), -exponent(currency_code))),
    )


def plain(amount: Decimal) -> Decimal:
    """Return the same number without trailing zeros and without a positive exponent (5E+2 -> 500, 5.10 -> 5.1)."""
    if amount == amount.to_integral_value():
        return _EXACT.quantize(amount, Decimal(1))
    return _EXACT.normalize(amount)


def _checked(amount: object) -> Decimal:
    if not isinstance(amount, Decimal):
        raise InvalidData("An amount must be a Decimal")
    _, digits, places = amount.as_tuple()
    if not isinstance(places, int):
        raise InvalidData("An amount must be a finite number")
    if len(digits) > _MAX_DIGITS or abs(places) > _MAX_DIGITS:
        raise InvalidData("The amount is too large or has too many digits")
    return amount


def _bounded(minor_units: int) -> int:
    if abs(minor_units) > MAX_MINOR_UNITS:
        raise InvalidData("The amount is too large")
    return minor_units
