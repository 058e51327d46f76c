"""People who look at payments in Django admin, and payments to look at."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from medusa_payments.carts import CartSnapshot
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import Payment, PaymentCollection
from medusa_payments.services import captures, payment_collections, payment_sessions, refund_reasons, refunds
from medusa_payments.testing.carts import CartDesk
from medusa_payments.testing.factories import UserFactory
from tests.admin.browser import Browser

LogIn = Callable[..., Client]

CLERK = ("view_payment", "capture_payment", "refund_payment", "cancel_payment")
"""The permissions of staff who may do everything with payments."""


@pytest.fixture
def log_in(db: None) -> LogIn:
    """Return a client of a new member of staff who has the named permissions."""

    def log_in(*codenames: str) -> Client:
        user = UserFactory(is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def viewer(log_in: LogIn) -> Client:
    """A client of staff who may view everything and change nothing."""
    of_payments = Permission.objects.filter(content_type__app_label="medusa_payments", codename__startswith="view_")
    return log_in(*of_payments.values_list("codename", flat=True))


@pytest.fixture
def browser(log_in: LogIn) -> Browser:
    """The browser of a clerk."""
    return Browser(log_in(*CLERK))


@pytest.fixture(autouse=True)
def shop(cart_desk: CartDesk, fake_provider: Any, db: None) -> CartDesk:
    return cart_desk


@pytest.fixture
def payment(shop: CartDesk) -> Payment:
    """120.50 EUR: changed once, tried with two providers, captured in two parts, refunded in part with a note."""
    clerk = str(UserFactory(username="clerk@example.com").pk)
    collection = _collection(shop)
    session = payment_sessions.initialize(
        payment_collection_id=collection.pk, provider_id="pp_fake_fake", data={"outcome": "authorized"}
    )
    session = payment_sessions.authorize(payment_collection_id=collection.pk, payment_session_id=session.pk)
    payment_id = session.payment.pk
    reason = refund_reasons.create(label="Damaged on arrival", code="damaged")
    captures.capture(payment_id=payment_id, amount=Decimal("20.50"), created_by=clerk)
    captures.capture(payment_id=payment_id, created_by=clerk)
    return refunds.refund(
        payment_id=payment_id,
        amount=Decimal("0.75"),
        refund_reason_id=reason.pk,
        note="A mug was <b>broken</b>",
        created_by=clerk,
    )


def _collection(shop: CartDesk) -> PaymentCollection:
    cart = CartSnapshot(amount=Decimal(100), currency_code="eur", email="jane@example.com", customer_id="cus_jane")
    cart_id = shop.put(cart, cart_id="cart_jane")
    collection = payment_collections.create_for_cart(cart_id=cart_id)
    payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_system_default")
    shop.put(CartSnapshot(amount=Decimal("120.50"), currency_code="eur"), cart_id=cart_id)
    PaymentCollection.objects.filter(pk=collection.pk).update(order_id="order_jane")
    return collection


def attempt(verb: Callable[..., Any], **arguments: Any) -> None:
    """Call a service whose refusal is the point."""
    with pytest.raises(PaymentsError):
        verb(**arguments)


def list_url(model: type[Model]) -> str:
    return reverse(f"admin:medusa_payments_{model._meta.model_name}_changelist")


def page_url(row: Model) -> str:
    return reverse(f"admin:medusa_payments_{row._meta.model_name}_change", args=[quote(row.pk)])


def html(client: Client, url: str, **query: str) -> str:
    response = client.get(url, query)
    assert response.status_code == 200, (url, response)
    return response.content.decode()
