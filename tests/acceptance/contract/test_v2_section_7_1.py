"""Medusa's store routes for payments, statement by statement, where no other test says it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from medusa_payments.carts import CartSnapshot
from medusa_payments.models import Operation, PaymentSession
from medusa_payments.orders import OrderSnapshot
from tests.api.openapi import ValidatedClient

pytestmark = pytest.mark.any_engine

Make = Callable[..., Any]


@pytest.fixture
def sessions_path(collection: Make) -> str:
    return f"/store/payment-collections/{collection()['id']}/payment-sessions"


def provider_ids(response: Any) -> list[str]:
    return [each["provider_id"] for each in response.json()["payment_collection"]["payment_sessions"]]


def live_sessions(storefront: ValidatedClient, sessions_path: str) -> Any:
    document = storefront.get(sessions_path.removesuffix("/payment-sessions")).json()
    return document["payment_collection"]["payment_sessions"]


def test_a_collection_is_made_and_found_with_the_same_status(storefront: ValidatedClient, set_total: Make) -> None:
    set_total("10")
    answers = [storefront.post("/store/payment-collections", {"cart_id": "cart_1"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("body", [{}, {"provider_id": "pp_fake_fake"}])
def test_fields_are_chosen_on_both_routes(
    storefront: ValidatedClient, sessions_path: str, body: dict[str, Any]
) -> None:
    path = sessions_path if body else "/store/payment-collections"
    query = "?fields=status,payment_providers.id,payment_sessions.provider_id,region"

    document = storefront.post(path + query, body or {"cart_id": "cart_1"}).json()["payment_collection"]

    assert document.keys() == {"id", "status", "payment_providers", "payment_sessions"}
    assert all(each.keys() == {"id", "provider_id"} for each in document["payment_sessions"])


def test_data_may_be_left_out(storefront: ValidatedClient, sessions_path: str) -> None:
    response = storefront.post(sessions_path, {"provider_id": "pp_system_default"})

    assert (response.status_code, provider_ids(response)) == (200, ["pp_system_default"])


def test_a_null_is_no_provider(storefront: ValidatedClient, sessions_path: str) -> None:
    response = storefront.post(sessions_path, {"provider_id": None})

    assert (response.status_code, response.json()["type"]) == (400, "invalid_data")
    assert response.json()["message"] == "Invalid request: Expected type: 'string' for field 'provider_id', got: 'null'"


class TestRegions:
    @pytest.fixture(autouse=True)
    def only_the_system_provider_in_the_region(self, settings: Any, cart_desk: Any) -> None:
        settings.MEDUSA_PAYMENTS = {
            **settings.MEDUSA_PAYMENTS,
            "REGION_PROVIDERS": {"reg_eu": ["pp_system_default"]},
            "ORDER_RESOLVER": lambda *_: OrderSnapshot(currency_code="eur"),
        }

    @pytest.mark.parametrize("provider_id", ["pp_fake_fake", "pp_stripe_stripe", "pp_unknown_unknown"])
    def test_a_provider_that_the_carts_region_does_not_have(
        self, storefront: ValidatedClient, cart_in_a_region: str, provider_id: str
    ) -> None:
        response = storefront.post(cart_in_a_region, {"provider_id": provider_id})

        message = f"Payment provider {provider_id} is not enabled in the cart's region reg_eu."
        # Of one that takes no money, developers are told how a shop opens it.
        advice = " It takes no money: storefronts may choose it where " if provider_id == "pp_fake_fake" else ""
        document = response.json()
        assert (response.status_code, document.keys(), document["type"]) == (400, {"type", "message"}, "invalid_data")
        assert document["message"].startswith(message + advice)
        assert advice or document["message"] == message
        assert not PaymentSession.objects.exists()

    def test_one_that_it_has(self, storefront: ValidatedClient, cart_in_a_region: str) -> None:
        assert storefront.post(cart_in_a_region, {"provider_id": "pp_system_default"}).status_code == 200

    @pytest.fixture
    def cart_in_a_region(self, storefront: ValidatedClient, cart_desk: Any) -> str:
        """A cart in `reg_eu`: the path of its payment sessions."""
        cart_id = cart_desk.put(CartSnapshot(amount=Decimal(10), currency_code="eur", region_id="reg_eu"))
        answer = storefront.post("/store/payment-collections", {"cart_id": cart_id})
        return f"/store/payment-collections/{answer.json()['payment_collection']['id']}/payment-sessions"

    def test_a_cart_without_a_region_is_not_asked_for_one(
        self, storefront: ValidatedClient, sessions_path: str
    ) -> None:
        assert provider_ids(storefront.post(sessions_path, {"provider_id": "pp_fake_fake"})) == ["pp_fake_fake"]

    def test_the_collection_of_an_order_is_not_asked_for_one(
        self, storefront: ValidatedClient, staff: ValidatedClient
    ) -> None:
        made = staff.post("/admin/payment-collections", {"order_id": "order_1", "amount": 5}).json()
        path = f"/store/payment-collections/{made['payment_collection']['id']}/payment-sessions"

        assert provider_ids(storefront.post(path, {"provider_id": "pp_fake_fake"})) == ["pp_fake_fake"]


class TestReplacing:
    @pytest.mark.parametrize(
        ("outcome", "status", "error_type"),
        [
            ("declined", 422, "payment_authorization_error"),
            ("rejected", 400, "invalid_data"),
            ("unavailable", 503, "unexpected_state"),
        ],
    )
    def test_a_provider_that_refuses_leaves_the_session_that_was_there(
        self, storefront: ValidatedClient, sessions_path: str, outcome: str, status: int, error_type: str
    ) -> None:
        storefront.post(sessions_path, {"provider_id": "pp_system_default"})
        before = live_sessions(storefront, sessions_path)

        data = {"on": "initiate", "outcome": outcome}
        response = storefront.post(sessions_path, {"provider_id": "pp_fake_fake", "data": data})

        assert (response.status_code, response.json()["type"]) == (status, error_type)
        assert live_sessions(storefront, sessions_path) == before

    def test_a_provider_that_breaks_leaves_it_too(
        self,
        storefront: ValidatedClient,
        sessions_path: str,
        fake_provider: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        storefront.post(sessions_path, {"provider_id": "pp_system_default"})
        before = live_sessions(storefront, sessions_path)

        def broken(request: object) -> None:
            raise RuntimeError("secret of the provider")

        with monkeypatch.context() as patched:
            patched.setattr(fake_provider, "initiate", broken)
            response = storefront.post(sessions_path, {"provider_id": "pp_fake_fake"})

        assert (response.status_code, response.json()["code"]) == (409, "payment_outcome_unknown")
        assert b"secret" not in response.content
        assert live_sessions(storefront, sessions_path) == before
        assert provider_ids(storefront.post(sessions_path, {"provider_id": "pp_fake_fake"})) == ["pp_fake_fake"]

    def test_an_old_session_that_can_not_be_given_up_does_not_stop_the_new_one(
        self, storefront: ValidatedClient, sessions_path: str
    ) -> None:
        data = {"on": "cancel", "outcome": "unavailable"}
        storefront.post(sessions_path, {"provider_id": "pp_fake_fake", "data": data})

        response = storefront.post(sessions_path, {"provider_id": "pp_system_default"})

        assert (response.status_code, provider_ids(response)) == (200, ["pp_system_default"])
        assert [each["provider_id"] for each in live_sessions(storefront, sessions_path)] == ["pp_system_default"]
        assert Operation.objects.get(kind="cancel").status == "not_executed"


@pytest.mark.parametrize(
    ("method", "suffix"),
    [
        ("get", "payment-sessions"),
        ("put", "payment-sessions"),
        ("delete", "payment-sessions"),
        ("post", ""),
        ("put", ""),
        ("patch", ""),
        ("delete", ""),
    ],
)
def test_the_store_changes_nothing_in_any_other_way(
    storefront: ValidatedClient, sessions_path: str, method: str, suffix: str
) -> None:
    client = APIClient(headers={"x-publishable-api-key": "pk_test"})
    path = sessions_path if suffix else sessions_path.removesuffix("/payment-sessions")

    response = getattr(client, method)(path)

    assert (response.status_code, response.json()["type"]) == (405, "not_allowed")


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ("id,regions,created_at", {"id": "pp_fake_fake"}),
        ("-is_enabled,%2Bregions.id", {"id": "pp_fake_fake"}),
        ("%2Bregions.id", {"id": "pp_fake_fake", "is_enabled": True}),
        ("", {"id": "pp_fake_fake"}),
    ],
)
def test_fields_of_a_provider_that_are_not_offered_are_dropped(
    storefront: ValidatedClient, settings: Any, fields: str, shown: dict[str, Any]
) -> None:
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "REGION_PROVIDERS": {"reg_eu": ["pp_fake_fake"]}}

    response = storefront.get(f"/store/payment-providers?region_id=reg_eu&fields={fields}")

    assert (response.status_code, response.json()["payment_providers"]) == (200, [shown])
