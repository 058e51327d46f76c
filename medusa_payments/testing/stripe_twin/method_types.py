"""Kinds of payment method: where they work, and how the customer pays with them.

https://docs.stripe.com/payments/payment-methods/payment-method-support
"""

from dataclasses import dataclass
from enum import StrEnum


class Flow(StrEnum):
    """`now`: decided at once. `redirect`: at the bank's page. `app`: in the customer's own app. `voucher`: with a code
    that is paid elsewhere, perhaps days later. `debit`: the bank is asked and answers days later.
    """

    NOW = "now"
    REDIRECT = "redirect"
    APP = "app"
    VOUCHER = "voucher"
    DEBIT = "debit"


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodType:
    """`currencies` empty: any. `can_be_manual`: it can be authorized first and captured later."""

    name: str
    flow: Flow
    currencies: frozenset[str] = frozenset()
    can_be_manual: bool = False
    can_be_saved: bool = False


def _type(name: str, flow: Flow, currencies: str = "", *, manual: bool = False, saved: bool = False) -> MethodType:
    return MethodType(
        name=name,
        flow=flow,
        currencies=frozenset(currencies.split()),
        can_be_manual=manual,
        can_be_saved=saved,
    )


METHOD_TYPES = {
    kind.name: kind
    for kind in (
        _type("card", Flow.NOW, manual=True, saved=True),
        _type("link", Flow.NOW, manual=True, saved=True),
        _type("bancontact", Flow.REDIRECT, "eur", saved=True),
        _type("blik", Flow.APP, "pln"),
        _type("eps", Flow.REDIRECT, "eur"),
        _type("giropay", Flow.REDIRECT, "eur"),
        _type("ideal", Flow.REDIRECT, "eur", saved=True),
        _type("klarna", Flow.REDIRECT, "aud cad chf czk dkk eur gbp nok nzd pln ron sek usd", manual=True),
        _type("oxxo", Flow.VOUCHER, "mxn"),
        _type("p24", Flow.REDIRECT, "eur pln"),
        _type("paypal", Flow.REDIRECT, "aud cad chf czk dkk eur gbp nok pln sek usd", manual=True, saved=True),
        _type("promptpay", Flow.VOUCHER, "thb"),
        _type("sepa_debit", Flow.DEBIT, "eur", saved=True),
    )
}


def types_for_payment(
    currency: str, *, is_manual: bool, is_saved: bool, allowed: list[str], excluded: list[str]
) -> list[str]:
    """Return the kinds that fit a payment. What doesn't fit is left out silently, as Stripe does it."""
    return [
        kind.name
        for kind in METHOD_TYPES.values()
        if (not kind.currencies or currency in kind.currencies)
        and (kind.can_be_manual or not is_manual)
        and (kind.can_be_saved or not is_saved)
        and (not allowed or kind.name in allowed)
        and kind.name not in excluded
    ]


def types_for_setup(*, allowed: list[str], excluded: list[str]) -> list[str]:
    """Return the kinds that can be saved for later."""
    return [
        kind.name
        for kind in METHOD_TYPES.values()
        if kind.can_be_saved and (not allowed or kind.name in allowed) and kind.name not in excluded
    ]
