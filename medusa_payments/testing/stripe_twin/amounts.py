"""Which amounts and currencies Stripe takes.

https://docs.stripe.com/currencies: minimum amounts, zero-decimal and three-decimal currencies, special cases.
"""

from medusa_payments.exceptions import InvalidData
from medusa_payments.money import exponent
from medusa_payments.testing.stripe_twin.errors import refused

_MOST = 999_999_999_999
"""Twelve digits, for cards."""

_SYMBOLS = {"eur": "€", "gbp": "£", "inr": "₹", "jpy": "¥", "usd": "$"}

_LEAST = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30,
    "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200,
    "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip

_STEPS = {"bhd": 10, "isk": 100, "iqd": 10, "jod": 10, "kwd": 10, "lyd": 10, "omr": 10, "tnd": 10, "ugx": 100}
"""Three-decimal amounts end in 0; the two others are sent with two decimals that must be 0."""


def check_currency(currency: str) -> str:
    """Return a currency's code in lower case. Raises `StripeTwinError` for one that doesn't exist."""
    try:
        exponent(currency)
    except InvalidData:
        raise refused(f"Invalid currency: {currency.lower()}.", param="currency") from None
    return currency.lower()


def check_charge(amount: int, currency: str) -> None:
    """Raise `StripeTwinError` for an amount that can't be charged."""
    check_positive(amount, param="amount")
    least = _LEAST.get(currency, 1)
    if amount < least:
        raise refused(
            f"Amount must be at least {written(least, currency)} {currency}", code="amount_too_small", param="amount"
        )
    if amount > _MOST:
        message = f"Amount must be no more than {written(_MOST, currency)} {currency}"
        raise refused(message, code="amount_too_large", param="amount")
    check_step(amount, currency, param="amount")


def written(amount: int, currency: str) -> str:
    """Return an amount as Stripe's messages have it: `$11.00`."""
    digits = exponent(currency)
    return f"{_SYMBOLS.get(currency, '')}{amount / 10**digits:,.{digits}f}"


def check_positive(amount: int, *, param: str) -> None:
    if amount < 1:
        code = "parameter_invalid_integer"
        raise refused("This value must be greater than or equal to 1.", code=code, param=param)


def check_step(amount: int, currency: str, *, param: str) -> None:
    step = _STEPS.get(currency, 1)
    if amount % step:
        message = f"Invalid amount: amounts in {currency} must be multiples of {step}."
        raise refused(message, code="parameter_invalid_integer", param=param)
