"""The scenarios and fixtures that the package ships for the tests of a shop."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from medusa_payments.carts import CartSnapshot, resolve_cart
from medusa_payments.exceptions import NotFound, PaymentAuthorizationError
from medusa_payments.models import Payment
from medusa_payments.money import Money
from medusa_payments.providers.registry import providers
from medusa_payments.providers.types import InitiateRequest
from medusa_payments.services import publishable_keys
from medusa_payments.testing import carts as testing_carts
from medusa_payments.testing.carts import CartDesk
from medusa_payments.testing.factories import (
    PublishableKeyFactory,
    RefundReasonFactory,
    UserFactory,
    authorized_payment,
    captured_payment,
    make_collection,
    make_session,
    partially_captured,
    partially_refunded,
    refunded_payment,
)
from medusa_payments.testing.fake_provider import FakeProvider

pytestmark = pytest.mark.django_db


def shop(cart_id: str, request: object | None) -> CartSnapshot | None:
    return CartSnapshot(amount=Decimal(5), currency_code="eur") if cart_id == "cart_shop" else None


@pytest.fixture
def _a_shop(settings: Any) -> None:
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "CART_RESOLVER": shop}


@pytest.fixture
def _leftovers(_a_shop: None) -> None:
    """What an earlier test left at the provider and on the desk."""
    initiate = InitiateRequest(
        idempotency_key="payop_old",
        session_id="payses_old",
        payment_collection_id="pay_col_old",
        money=Money(minor_units=1, currency_code="eur"),
        data={},
    )
    providers["pp_fake_fake"].initiate(initiate)
    testing_carts.cart_desk.put(CartSnapshot(amount=Decimal(5), currency_code="eur"), cart_id="cart_old")


@pytest.fixture(autouse=True)
def _ready(_leftovers: None, fake_provider: FakeProvider, cart_desk: CartDesk) -> None:
    """Every scenario needs a provider, and carts in front of the shop's own."""


class TestScenarios:
    def test_collection(self) -> None:
        collection = make_collection(amount=Decimal("59.97"), currency_code="usd", email="ada@example.com")

        assert (collection.amount, collection.currency_code, collection.status) == (5997, "usd", "not_paid")
        assert collection.email == "ada@example.com"
        assert make_collection().pk != collection.pk

    def test_session(self) -> None:
        session = make_session(data={"outcome": "captured"})

        assert (session.provider_id, session.amount, session.status) == ("pp_fake_fake", 10_000, "pending")
        assert session.client_data == {"outcome": "captured"}

    def test_session_of_another_provider(self) -> None:
        assert make_session(provider_id="pp_system_default").provider_id == "pp_system_default"

    @pytest.mark.parametrize(
        ("make", "captured", "refunded"),
        [
            (authorized_payment, 0, 0),
            (captured_payment, 100, 0),
            (lambda **cart: partially_captured(Decimal(30), **cart), 30, 0),
            (refunded_payment, 100, 100),
            (lambda **cart: partially_refunded(Decimal(30), **cart), 100, 30),
        ],
    )
    @pytest.mark.parametrize(("currency_code", "unit"), [("eur", 100), ("jpy", 1), ("kwd", 1000)])
    def test_payment(
        self,
        make: Callable[..., Payment],
        captured: int,
        refunded: int,
        currency_code: str,
        unit: int,
        fake_provider: FakeProvider,
    ) -> None:
        payment = make(currency_code=currency_code)

        assert (payment.amount, payment.captured_amount, payment.refunded_amount) == (
            100 * unit,
            captured * unit,
            refunded * unit,
        )
        at_provider = fake_provider.payment(payment.provider_ref)
        assert at_provider is not None
        assert (at_provider.captured, at_provider.refunded) == (captured * unit, refunded * unit)

    def test_steering(self) -> None:
        assert authorized_payment(data={"outcome": "captured"}).captured_amount == 10_000
        with pytest.raises(PaymentAuthorizationError):
            captured_payment(data={"outcome": "declined", "on": "capture"})


class TestRows:
    def test_refund_reasons_differ(self) -> None:
        first, second = RefundReasonFactory(), RefundReasonFactory(label="Too small")

        assert first.code != second.code
        assert second.label == "Too small"

    def test_publishable_keys_are_valid(self) -> None:
        assert publishable_keys.is_valid(PublishableKeyFactory().token)
        assert PublishableKeyFactory(token="pk_shop").token == "pk_shop"

    def test_users_can_log_in(self) -> None:
        customer, staff = UserFactory(), UserFactory(is_staff=True)

        assert customer.username != staff.username
        assert (customer.is_staff, staff.is_staff) == (False, True)
        assert staff.check_password("password")


class TestCartDesk:
    def test_asks_the_shop_for_carts_it_does_not_keep(self, cart_desk: CartDesk) -> None:
        cart_desk.put(CartSnapshot(amount=Decimal(7), currency_code="eur"), cart_id="cart_desk")

        assert resolve_cart("cart_shop").amount == 5
        assert resolve_cart("cart_desk").amount == 7
        with pytest.raises(NotFound, match="Cart id not found: cart_nobodys"):
            resolve_cart("cart_nobodys")

    def test_a_cart_can_change(self, cart_desk: CartDesk) -> None:
        cart_id = cart_desk.put(CartSnapshot(amount=Decimal(5), currency_code="eur"))
        cart_desk.put(CartSnapshot(amount=Decimal(6), currency_code="eur"), cart_id=cart_id)

        assert resolve_cart(cart_id).amount == 6

    def test_begins_empty(self) -> None:
        with pytest.raises(NotFound):
            resolve_cart("cart_old")

    def test_leaves_the_other_settings_alone(self, cart_desk: CartDesk, settings: Any) -> None:
        assert settings.MEDUSA_PAYMENTS["CART_RESOLVER"] is cart_desk
        assert "pp_fake_fake" in settings.MEDUSA_PAYMENTS["PROVIDERS"]

    def test_works_without_a_shop(self) -> None:
        assert CartDesk()("cart_shop") is None


class TestFakeProviderFixture:
    def test_begins_with_empty_books(self, fake_provider: FakeProvider) -> None:
        assert fake_provider.ledger_entries() == []

    def test_writes_to_the_configured_ledger(self, fake_provider: FakeProvider) -> None:
        payment = authorized_payment()

        configured = providers["pp_fake_fake"]
        assert isinstance(configured, FakeProvider)
        assert configured.ledger_entries(payment.payment_session_id) == fake_provider.ledger_entries()
