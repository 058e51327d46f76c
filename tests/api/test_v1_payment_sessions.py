"""A v1 client authorizes a session."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from medusa_payments.models import PaymentSession
from medusa_payments.services import payment_collections
from tests.api.openapi import OpenAPI, ValidatedClient

pytestmark = pytest.mark.any_engine

Make = Callable[..., Any]

PREFIXES = ["/store", "/v1/store"]


@pytest.fixture
def v1(openapi: OpenAPI, storefront: ValidatedClient) -> ValidatedClient:
    """A client without a publishable key."""
    return ValidatedClient(openapi)


def path_of(session: Any, prefix: str = "/store") -> str:
    return f"{prefix}/payment-collections/{session['payment_collection_id']}/sessions/{session['id']}/authorize"


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    ("provider_id", "name", "amount", "currency_code", "minor_units"),
    [
        ("pp_system_default", "manual", "59.97", "eur", 5997),
        ("pp_fake_fake", "fake_fake", "1999", "jpy", 1999),
        ("pp_fake_fake", "fake_fake", "5.125", "kwd", 5125),
    ],
)
def test_authorized(
    v1: ValidatedClient,
    session: Make,
    prefix: str,
    provider_id: str,
    name: str,
    amount: str,
    currency_code: str,
    minor_units: int,
) -> None:
    made = session(provider_id, amount=amount, currency_code=currency_code)

    response = v1.post(path_of(made, prefix))

    document = response.json()["payment_session"]
    assert response.status_code == 200
    assert document.pop("payment_authorized_at") is not None
    assert document.pop("updated_at") >= document.pop("created_at") == made["created_at"]
    assert document.pop("data").keys() == made["data"].keys()
    assert document == {
        "id": made["id"],
        "cart_id": None,
        "provider_id": name,
        "is_selected": None,
        "is_initiated": True,
        "amount": minor_units,
        "status": "authorized",
        "idempotency_key": None,
    }
    assert v1.post(path_of(made, prefix)).status_code == 200


def test_a_captured_session_shows_as_authorized(v1: ValidatedClient, session: Make) -> None:
    response = v1.post(path_of(session(outcome="captured")))

    assert (response.status_code, response.json()["payment_session"]["status"]) == (200, "authorized")


@pytest.mark.parametrize(
    "outcome", ["requires_more", "pending", "pending_authorization", "error", "canceled", "declined", "rejected"]
)
def test_anything_but_authorized_is_422(v1: ValidatedClient, session: Make, outcome: str) -> None:
    made = session(outcome=outcome)

    response = v1.post(path_of(made))

    assert response.status_code == 422
    assert response.json() == {
        "type": "payment_authorization_error",
        "message": f'Failed to authorize Payment Session id "{made["id"]}"',
        "shopper_message": response.json()["shopper_message"],
    }
    may_still_arrive = outcome == "pending_authorization"
    assert ("still on its way" in response.json()["shopper_message"]) is may_still_arrive
    assert ("You haven't been charged" in response.json()["shopper_message"]) is (outcome == "declined")
    assert PaymentSession.objects.get().authorized_at is None


@pytest.mark.parametrize(("outcome", "status"), [("timeout_after", 409), ("unavailable", 503)])
def test_what_is_not_known_is_not_called_failed(v1: ValidatedClient, session: Make, outcome: str, status: int) -> None:
    response = v1.post(path_of(session(outcome=outcome)))

    assert response.status_code == status
    assert "Retry-After" in response.headers


def test_unknown_session(v1: ValidatedClient, session: Make) -> None:
    response = v1.post(path_of(session() | {"id": "payses_1"}))

    assert response.status_code == 422
    assert response.json()["message"] == 'Failed to authorize Payment Session id "payses_1"'


def test_unknown_collection(v1: ValidatedClient, session: Make) -> None:
    response = v1.post(path_of(session() | {"payment_collection_id": "pay_col_1"}))

    assert response.status_code == 404
    assert response.json() == {
        "type": "not_found",
        "message": "Payment collection with id pay_col_1 was not found",
    }


def test_a_deleted_collection_is_unknown(v1: ValidatedClient, session: Make) -> None:
    made = session()
    payment_collections.delete(payment_collection_id=made["payment_collection_id"])

    response = v1.post(path_of(made))

    assert (response.status_code, response.json()["type"]) == (404, "not_found")


@pytest.mark.parametrize(("key", "status"), [("pk_test", 200), ("pk_wrong", 400)])
def test_a_key_that_is_sent_is_checked(v1: ValidatedClient, session: Make, key: str, status: int) -> None:
    response = v1.post(path_of(session()), headers={"x-publishable-api-key": key})

    assert response.status_code == status


def test_a_body_is_ignored(v1: ValidatedClient, session: Make) -> None:
    """The v1 client posts an empty object; other clients post nothing at all."""
    made = session()

    assert APIClient().post(path_of(made)).status_code == 200
    assert APIClient().post(path_of(made), {"anything": 1}, format="json").status_code == 200
