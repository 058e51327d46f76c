"""Intents as the contract's tests need them."""

from typing import Any

import stripe

RETURN_URL = "https://shop.example/return"


def created(api: stripe.StripeClient, **params: Any) -> stripe.PaymentIntent:
    """Create an intent over 20.00 EUR."""
    return api.v1.payment_intents.create({"amount": 2000, "currency": "eur", **params})


def paid(api: stripe.StripeClient, payment_method: str = "pm_card_visa", **params: Any) -> stripe.PaymentIntent:
    """Create an intent over 20.00 EUR and pay it with a card."""
    given = {"payment_method": payment_method or None, "confirm": True, "return_url": RETURN_URL, **params}
    return created(api, **given)


def held(api: stripe.StripeClient, payment_method: str = "pm_card_visa", **params: Any) -> stripe.PaymentIntent:
    """Create an intent over 20.00 EUR and have it authorized only."""
    return paid(api, payment_method, capture_method="manual", **params)


def charge_of(api: stripe.StripeClient, intent: stripe.PaymentIntent) -> stripe.Charge:
    return api.v1.charges.retrieve(str(intent.latest_charge))
