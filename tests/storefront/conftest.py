"""The demo shop as a visitor meets it: seeded, over HTTP."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client


@dataclass
class Storefront:
    """Sends JSON with the publishable key; numbers come back as exact decimals."""

    client: Client

    def get(self, path: str, *, expect: int = 200) -> dict[str, Any]:
        return self._exact(self.client.get(path), expect)

    def post(self, path: str, body: dict[str, Any], *, expect: int = 200) -> dict[str, Any]:
        return self._exact(self.client.post(path, body, content_type="application/json"), expect)

    def create_cart(self, region_id: str = "reg_eu", **quantities: int) -> dict[str, Any]:
        items = [{"variant_id": variant_id, "quantity": quantity} for variant_id, quantity in quantities.items()]
        return self.post("/store/carts", {"region_id": region_id, "items": items})["cart"]

    def _exact(self, response: Any, expect: int) -> dict[str, Any]:
        assert response.status_code == expect, response.content
        return json.loads(response.content, parse_float=Decimal)


@pytest.fixture
def seeded(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("seed_demo")


@pytest.fixture
def storefront(seeded: None) -> Storefront:
    return Storefront(Client(headers={"x-publishable-api-key": "pk_demo"}))


@pytest.fixture
def refused(storefront: Storefront) -> Callable[[str, dict[str, Any], int], tuple[str, str]]:
    """Post something that is refused; return type and message of the error."""

    def post(path: str, body: dict[str, Any], status: int) -> tuple[str, str]:
        error = storefront.post(path, body, expect=status)
        return error["type"], error["message"]

    return post
