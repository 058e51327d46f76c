"""Clients that hold every answer against the OpenAPI schema, and a cart whose total the test sets."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User

from medusa_payments.carts import CartSnapshot
from medusa_payments.services import publishable_keys
from medusa_payments.testing.carts import CartDesk
from tests.api.openapi import OpenAPI, ValidatedClient


@pytest.fixture(scope="session")
def openapi() -> OpenAPI:
    return OpenAPI.of_the_demo()


@pytest.fixture
def set_total(cart_desk: CartDesk) -> Callable[..., None]:
    """Return a function that sets what a cart comes to."""

    def put(amount: str, currency_code: str = "eur", cart_id: str = "cart_1") -> None:
        cart_desk.put(CartSnapshot(amount=Decimal(amount), currency_code=currency_code), cart_id=cart_id)

    return put


@pytest.fixture
def storefront(openapi: OpenAPI, cart_desk: CartDesk, fake_provider: Any, db: None) -> ValidatedClient:
    publishable_keys.create(title="Storefront", token="pk_test")
    return ValidatedClient(openapi, headers={"x-publishable-api-key": "pk_test"})


@pytest.fixture
def staff(openapi: OpenAPI, cart_desk: CartDesk, fake_provider: Any, db: None) -> ValidatedClient:
    client = ValidatedClient(openapi)
    client.force_authenticate(User.objects.create_superuser("staff"))
    return client


@pytest.fixture
def collection(storefront: ValidatedClient, set_total: Callable[..., None]) -> Callable[..., Any]:
    """Return a function that makes a payment collection over HTTP and returns its document."""

    def make(amount: str = "59.97", currency_code: str = "eur") -> Any:
        set_total(amount, currency_code)
        return storefront.post("/store/payment-collections", {"cart_id": "cart_1"}).json()["payment_collection"]

    return make


@pytest.fixture
def session(storefront: ValidatedClient, collection: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that initializes a payment session of a new collection and returns its document."""

    def make(
        provider_id: str = "pp_fake_fake", *, amount: str = "59.97", currency_code: str = "eur", **data: Any
    ) -> Any:
        path = f"/store/payment-collections/{collection(amount, currency_code)['id']}/payment-sessions"
        answer = storefront.post(path, {"provider_id": provider_id, "data": data})
        return answer.json()["payment_collection"]["payment_sessions"][0]

    return make


@pytest.fixture
def payment(storefront: ValidatedClient, session: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gets a payment authorized and returns its document."""

    def make(provider_id: str = "pp_fake_fake", **options: Any) -> Any:
        made = session(provider_id, **options)
        path = f"/store/payment-collections/{made['payment_collection_id']}/payment-sessions/{made['id']}/authorize"
        return storefront.post(path).json()["payment_collection"]["payments"][0]

    return make
