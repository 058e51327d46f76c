"""How a caller's decimal amount becomes minor units that a payment and its provider accept."""

from collections.abc import Iterable
from decimal import Decimal

from medusa_payments.exceptions import InvalidData
from medusa_payments.models import Payment
from medusa_payments.money import MAX_MINOR_UNITS, to_major_units, to_minor_units
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.registry import providers


def positive_minor_units(amount: Decimal | None, *, currency_code: str, verb: str) -> int | None:
    """Return the amount in minor units, None for None.

    Raises `InvalidData` unless it is greater than 0 and has no more digits than the currency.
    """
    if amount is None:
        return None
    minor_units = to_minor_units(amount, currency_code)
    if minor_units <= 0:
        raise InvalidData(f"{verb} amount must be greater than 0.")
    return minor_units


def step_up(minor_units: int, *, provider: PaymentProvider, currency_code: str) -> int:
    """Return the smallest amount the provider accepts that covers `minor_units`.

    Raises `InvalidData` when that is more than can be stored.
    """
    step = provider.amount_step(currency_code)
    stepped = -(-minor_units // step) * step
    if stepped > MAX_MINOR_UNITS:
        raise InvalidData("The amount is too large")
    return stepped


def cover(minor_units: int, *, provider_ids: Iterable[str], currency_code: str) -> int:
    """Return the smallest amount that covers `minor_units` and that the finest of several providers accepts."""
    configured = [providers[alias] for alias in provider_ids if alias in providers]
    finest = min(configured, key=lambda provider: provider.amount_step(currency_code), default=None)
    return step_up(minor_units, provider=finest, currency_code=currency_code) if finest else minor_units


def check_step(minor_units: int, *, provider: PaymentProvider, currency_code: str) -> None:
    """Raise `InvalidData` for a partial amount that the provider can't represent."""
    step = provider.amount_step(currency_code)
    if minor_units % step:
        raise InvalidData(
            f"Payment provider {provider.alias} accepts multiples of "
            f"{to_major_units(step, currency_code)} {currency_code.upper()} only."
        )


def limits(payment: Payment, *, requested: int) -> dict[str, Decimal | str]:
    """Return the numbers behind a refused capture or refund, in major units."""
    amounts = {
        "amount": payment.amount,
        "captured_amount": payment.captured_amount,
        "capturing_amount": payment.capturing_amount,
        "released_amount": payment.released_amount,
        "refunded_amount": payment.refunded_amount,
        "refunding_amount": payment.refunding_amount,
        "disputed_amount": payment.disputed_amount,
        "requested_amount": requested,
    }
    return {name: to_major_units(value, payment.currency_code) for name, value in amounts.items()} | {
        "payment_id": payment.pk
    }
