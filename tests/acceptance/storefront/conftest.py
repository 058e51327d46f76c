"""The demo shop as a visitor meets it: seeded, over HTTP, every answer held against the OpenAPI schema."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from medusa_payments.providers.registry import providers
from storefront_project.shop.models import Region
from tests.acceptance.storefront.scripted_provider import ScriptedProvider
from tests.api.openapi import OpenAPI, ValidatedClient

Document = dict[str, Any]


@dataclass
class Caller:
    """Sends JSON; numbers come back as exact decimals."""

    client: ValidatedClient

    def get(self, path: str, *, expect: int = 200) -> Document:
        return self._exact(self.client.get(path), expect)

    def post(self, path: str, body: Document | None = None, *, expect: int = 200, **headers: str) -> Document:
        return self._exact(self.client.post(path, body, headers=headers), expect)

    def delete(self, path: str, *, expect: int = 200) -> Document:
        return self._exact(self.client.delete(path), expect)

    def _exact(self, response: Any, expect: int) -> Document:
        assert response.status_code == expect, response.content
        return json.loads(response.content, parse_float=Decimal)


class Storefront(Caller):
    """A shopper, with the publishable key."""

    def create_cart(self, region_id: str = "reg_eu", **quantities: int) -> Document:
        items = [{"variant_id": variant_id, "quantity": quantity} for variant_id, quantity in quantities.items()]
        return self.post("/store/carts", {"region_id": region_id, "items": items})["cart"]

    def cart(self, cart: Document) -> Document:
        return self.get(f"/store/carts/{cart['id']}")["cart"]

    def add(self, cart: Document, variant_id: str, quantity: int = 1) -> Document:
        body = {"variant_id": variant_id, "quantity": quantity}
        return self.post(f"/store/carts/{cart['id']}/line-items", body)["cart"]

    def collection(self, cart: Document) -> Document:
        return self.post("/store/payment-collections", {"cart_id": cart["id"]})["payment_collection"]

    def begin(self, cart: Document, provider_id: str = "pp_fake_fake", **data: Any) -> Document:
        """Initialize a payment session for the cart; return it."""
        path = f"/store/payment-collections/{self.collection(cart)['id']}/payment-sessions"
        answer = self.post(path, {"provider_id": provider_id, "data": data})
        return answer["payment_collection"]["payment_sessions"][0]

    def authorize(self, session: Document) -> Document:
        path = f"/store/payment-collections/{session['payment_collection_id']}/payment-sessions"
        return self.post(f"{path}/{session['id']}/authorize")["payment_collection"]

    def complete(self, cart: Document, *, expect: int = 200, **headers: str) -> Document:
        return self.post(f"/store/carts/{cart['id']}/complete", expect=expect, **headers)

    def place_order(self, provider_id: str = "pp_fake_fake", **data: Any) -> Document:
        """Return the order of a cart of 100 euro."""
        cart = self.create_cart(variant_mug=10)
        self.begin(cart, provider_id, **data)
        return self.complete(cart)["order"]


@pytest.fixture(scope="session")
def openapi() -> OpenAPI:
    return OpenAPI.of_the_demo()


@pytest.fixture
def seeded(db: None, fake_provider: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("seed_demo")


@pytest.fixture
def storefront(seeded: None, openapi: OpenAPI) -> Storefront:
    return Storefront(ValidatedClient(openapi, headers={"x-publishable-api-key": "pk_demo"}))


@pytest.fixture
def staff(seeded: None, openapi: OpenAPI) -> Caller:
    client = ValidatedClient(openapi)
    client.force_authenticate(User.objects.get(username="admin@example.com"))
    return Caller(client)


@pytest.fixture
def scripted(seeded: None, settings: Any) -> ScriptedProvider:
    """A provider `pp_scripted` that answers what the test says, enabled in all regions."""
    configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
    backend = {"BACKEND": "tests.acceptance.storefront.scripted_provider.ScriptedProvider"}
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "PROVIDERS": {**configured, "pp_scripted": backend}}
    Region.objects.update(payment_providers=[*configured, "pp_scripted"])
    provider = providers["pp_scripted"]
    assert isinstance(provider, ScriptedProvider)
    return provider


@pytest.fixture
def refused(storefront: Storefront) -> Callable[[str, Document, int], tuple[str, str]]:
    """Post something that is refused; return type and message of the error."""

    def post(path: str, body: Document, status: int) -> tuple[str, str]:
        error = storefront.post(path, body, expect=status)
        return error["type"], error["message"]

    return post


@pytest.fixture
def authorized_amounts(fake_provider: Any) -> Callable[[], list[int]]:
    """Return the amounts (minor units) that the fake provider authorized, however often it was asked."""
    return lambda: [entry["amount"] for entry in fake_provider.ledger_entries() if entry["verb"] == "authorize"]
