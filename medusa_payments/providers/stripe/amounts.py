"""Amounts in Stripe's units, which are ISO 4217's minor units but for a few currencies.

Source: https://docs.stripe.com/currencies (zero-decimal currencies, three-decimal currencies, special cases). HUF and
TWD are special for payouts only: amounts to be paid have two decimals.
"""

from medusa_payments.money import Money, exponent

_ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"]
)
_ZERO_DECIMAL_WRITTEN_WITH_TWO = frozenset({"isk", "ugx"})
"""Whole units only, but an amount of 5 is written as 500. UGX is in Stripe's list above too; its own entry decides."""

_THREE_DECIMAL_STEP = 10
"""The last of three decimals must be 0."""


class AmountNotRepresentable(ValueError):
    """An amount has no exact counterpart on the other side."""


def amount_step(currency_code: str) -> int:
    """Return the smallest difference between two amounts that Stripe accepts, in our minor units."""
    ours, theirs = exponent(currency_code), _exponent(currency_code)
    step: int = 10 ** max(ours - theirs, 0)
    return max(step, _THREE_DECIMAL_STEP) if theirs == 3 else step


def to_stripe(money: Money) -> int:
    """Return an amount in Stripe's units. Raises `AmountNotRepresentable` for one that is off the step."""
    if money.minor_units % amount_step(money.currency_code):
        raise AmountNotRepresentable(f"Stripe can't represent {money}.")
    return _shifted(money.minor_units, _exponent(money.currency_code) - exponent(money.currency_code))


def from_stripe(amount: int, currency_code: str) -> Money:
    """Return an amount of Stripe's as money. Raises `AmountNotRepresentable` for a fraction of our minor unit."""
    ours, theirs = exponent(currency_code), _exponent(currency_code)
    if amount % 10 ** max(theirs - ours, 0):
        raise AmountNotRepresentable(f"{amount} is no amount in {currency_code.upper()}.")
    return Money(minor_units=_shifted(amount, ours - theirs), currency_code=currency_code)


def _exponent(currency_code: str) -> int:
    if currency_code in _ZERO_DECIMAL_WRITTEN_WITH_TWO:
        return 2
    if currency_code in _ZERO_DECIMAL:
        return 0
    return 3 if exponent(currency_code) == 3 else 2


def _shifted(amount: int, places: int) -> int:
    factor: int = 10 ** abs(places)
    return amount * factor if places >= 0 else amount // factor
