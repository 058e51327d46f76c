"""Scenarios built through the services, with the fake provider: what they return is a state that really occurs.

Amounts are `Decimal` major units. The carts are put on `testing.carts.cart_desk`, so the `cart_desk` fixture (or a
`CART_RESOLVER` that names it) has to be in place.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.contrib.auth import get_user_model
from factory.base import Factory
from factory.declarations import Sequence

from medusa_payments.carts import CartSnapshot
from medusa_payments.models import Payment, PaymentCollection, PaymentSession, PublishableKey, RefundReason
from medusa_payments.services import (
    captures,
    payment_collections,
    payment_sessions,
    publishable_keys,
    refund_reasons,
    refunds,
)
from medusa_payments.testing.carts import cart_desk


class Cart(TypedDict, total=False):
    """What a cart is made of; 100 EUR when nothing is said."""

    amount: Decimal
    currency_code: str
    region_id: str
    customer_id: str
    email: str


class Scenario(Cart, total=False):
    """A cart, and how it is paid: by the fake provider and without steering when nothing is said."""

    provider_id: str
    data: Mapping[str, Any]


def make_collection(
    *,
    amount: Decimal = Decimal(100),
    currency_code: str = "eur",
    region_id: str | None = None,
    customer_id: str | None = None,
    email: str | None = None,
) -> PaymentCollection:
    """Return the payment collection of a new cart."""
    snapshot = CartSnapshot(
        amount=amount, currency_code=currency_code, region_id=region_id, customer_id=customer_id, email=email
    )
    return payment_collections.create_for_cart(cart_id=cart_desk.put(snapshot))


def make_session(
    *, provider_id: str = "pp_fake_fake", data: Mapping[str, Any] | None = None, **cart: Unpack[Cart]
) -> PaymentSession:
    """Return the live session of a new collection."""
    collection = make_collection(**cart)
    return payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=provider_id, data=data)


def authorized_payment(**scenario: Unpack[Scenario]) -> Payment:
    """Return a payment of which nothing is captured yet, unless the provider captures at once."""
    session = make_session(**scenario)
    authorized = payment_sessions.authorize(
        payment_collection_id=session.payment_collection_id, payment_session_id=session.pk
    )
    return authorized.payment


def captured_payment(**scenario: Unpack[Scenario]) -> Payment:
    """Return a payment that is captured in full."""
    return captures.capture(payment_id=authorized_payment(**scenario).pk)


def partially_captured(captured: Decimal, **scenario: Unpack[Scenario]) -> Payment:
    """Return a payment of which `captured` is captured."""
    return captures.capture(payment_id=authorized_payment(**scenario).pk, amount=captured)


def refunded_payment(**scenario: Unpack[Scenario]) -> Payment:
    """Return a payment that was captured and refunded in full."""
    return refunds.refund(payment_id=captured_payment(**scenario).pk)


def partially_refunded(refunded: Decimal, **scenario: Unpack[Scenario]) -> Payment:
    """Return a payment that was captured in full and of which `refunded` was given back."""
    return refunds.refund(payment_id=captured_payment(**scenario).pk, amount=refunded)


class RefundReasonFactory(Factory[RefundReason]):
    class Meta:
        model = refund_reasons.create

    label = Sequence(lambda number: f"Reason {number}")
    code = Sequence(lambda number: f"reason_{number}")


class PublishableKeyFactory(Factory[PublishableKey]):
    class Meta:
        model = publishable_keys.create

    title = Sequence(lambda number: f"Storefront {number}")


class UserFactory(Factory[Any]):
    """A login with the password "password"; `UserFactory(is_staff=True)` is a member of staff."""

    class Meta:
        model = get_user_model().objects.create_user

    username = Sequence(lambda number: f"person{number}@example.com")
    password = "password"
