"""A shop without HTTP: one cart whose total the test sets, and the fake provider."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from medusa_payments.carts import CartSnapshot
from medusa_payments.customers import Customer
from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.orders import OrderSnapshot
from medusa_payments.services import captures, payment_collections, payment_sessions
from tests.scripted import SECOND, Script, Scripted


@dataclass
class Till:
    """Carts by id, and shortcuts through the services to a payment in a given state."""

    carts: dict[str, CartSnapshot] = field(default_factory=dict)
    cart_id: str = "cart_1"

    def resolve(self, cart_id: str, _request: object | None) -> CartSnapshot | None:
        return self.carts.get(cart_id)

    def set_total(self, amount: str, currency_code: str = "eur", cart_id: str | None = None) -> None:
        self.carts[cart_id or self.cart_id] = CartSnapshot(amount=Decimal(amount), currency_code=currency_code)

    def collection(self, amount: str = "100", currency_code: str = "eur") -> PaymentCollection:
        self.set_total(amount, currency_code)
        return payment_collections.create_for_cart(cart_id=self.cart_id)

    def session(self, provider_id: str = "pp_fake_fake", **data: Any) -> PaymentSession:
        return payment_sessions.initialize(
            payment_collection_id=self.collection().pk, provider_id=provider_id, data=data
        )

    def session_of_customer(self, customer: Customer, *, cart_id: str = "cart_1", **choice: Any) -> PaymentSession:
        """A logged-in customer chooses, by default the fake provider and nothing else."""
        self.set_total("100", cart_id=cart_id)
        collection = payment_collections.create_for_cart(cart_id=cart_id)
        choice = {"provider_id": "pp_fake_fake", **choice}
        return payment_sessions.initialize(payment_collection_id=collection.pk, customer=customer, **choice)

    def session_of(self, session: PaymentSession, **data: Any) -> PaymentSession:
        """The same choice again, at the cart's total as it is now."""
        return payment_sessions.initialize(
            payment_collection_id=session.payment_collection_id, provider_id=session.provider_id, data=data
        )

    def authorized(self, provider_id: str = "pp_fake_fake", **data: Any) -> Payment:
        session = self.session(provider_id, **data)
        authorized = payment_sessions.authorize(
            payment_collection_id=session.payment_collection_id, payment_session_id=session.pk
        )
        return authorized.payment

    def captured(self, provider_id: str = "pp_fake_fake", **data: Any) -> Payment:
        return captures.capture(payment_id=self.authorized(provider_id, **data).pk)


@pytest.fixture
def till(settings: Any, fake_provider: Any, db: None) -> Till:
    till = Till()
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"CART_RESOLVER": till.resolve, "REGION_PROVIDERS": None}
    return till


@pytest.fixture
def moved(fake_provider: Any) -> Callable[[str], list[int]]:
    """Return the amounts (minor units) that the provider moved by a verb."""
    return lambda verb: [entry["amount"] for entry in fake_provider.ledger_entries() if entry["verb"] == verb]


@pytest.fixture
def age() -> Callable[..., None]:
    """Move a row's creation into the past."""

    def move(row: Any, **ago: float) -> None:
        type(row).objects.filter(pk=row.pk).update(created_at=F("created_at") - timedelta(**ago))

    return move


@pytest.fixture
def configure(settings: Any, till: Till) -> Callable[..., None]:
    """Change the configuration of one provider."""

    def change(alias: str, backend: str, **options: Any) -> None:
        configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
        is_on_stripe = "stripe" in configured["pp_fake_fake"]["BACKEND"]
        if backend != "Purse":
            options = configured["pp_fake_fake"]["OPTIONS"] | options
        module = "tests.stripe_stand" if is_on_stripe and backend != "Purse" else "tests.scripted"
        changed = configured | {alias: {"BACKEND": f"{module}.{backend}", "OPTIONS": options, "STOREFRONT": True}}
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": changed}

    return change


@pytest.fixture
def script(configure: Any) -> Iterator[Script]:
    """Two providers on one ledger, each with an account of its own, whose verbs can be replaced."""
    configure("pp_fake_fake", "Scripted")
    configure(SECOND, "Scripted", account="second")
    Scripted.script = {}
    yield Scripted.script
    Scripted.script, Scripted.step = {}, 1


@pytest.fixture
def unpaid_order(settings: Any, till: Till) -> PaymentCollection:
    """The collection of an order, 25 EUR."""
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {
        "ORDER_RESOLVER": lambda *_: OrderSnapshot(currency_code="eur")
    }
    return payment_collections.create_for_order(order_id="order_1", amount=Decimal(25))
