"""Whatever is sent to whatever route: no server error, nothing written, and an envelope that says what is wrong."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User

from medusa_payments.customers import Customer
from medusa_payments.orders import OrderSnapshot
from medusa_payments.services import account_holders, captures, payment_collections, payment_sessions, refund_reasons
from medusa_payments.testing.fake_provider import FakeProvider
from tests.api.bad_requests import ROUTES, BadRequest, Route, routes_of_the_package
from tests.api.openapi import OpenAPI, ValidatedClient

TYPES = {
    400: {"invalid_data", "not_allowed"},
    403: {"forbidden"},
    404: {"not_found"},
    413: {"invalid_data"},
    415: {"invalid_data"},
    422: {"payment_authorization_error"},
}
PUBLISHABLE_KEY = "x-publishable-api-key"
WRONG_KEYS = ["", "pk_unknown", "sk_test", "pk_☃", "x" * 5000]


ADMIN_ROUTES = [route for route in ROUTES if "/admin" in route.path]
STORE_ROUTES = [route for route in ROUTES if "/store" in route.path]
every_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)


@pytest.fixture
def ids(
    payment: Callable[..., Any], set_total: Callable[..., None], settings: Any, fake_provider: FakeProvider
) -> dict[str, str]:
    """The ids of a partly captured payment, of an order's collection with a session, of a refund reason, and of what a
    customer has saved. Whoever is logged in is that customer.
    """
    orders = {"order_1": OrderSnapshot(currency_code="eur")}
    resolver = {"ORDER_RESOLVER": lambda order_id, _request=None: orders.get(order_id), "REGION_PROVIDERS": None}
    jane = Customer(id="cus_jane")
    resolver["CUSTOMER_RESOLVER"] = lambda request: jane if request.user.is_authenticated else None
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, **resolver}
    holder = account_holders.create(provider_id="pp_fake_fake", customer=jane)
    collection = payment_collections.create_for_order(order_id="order_1", amount=Decimal(20))
    session = payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_fake_fake")
    reason = refund_reasons.create(label="Lost", code="lost")
    paid = payment()
    captures.capture(payment_id=paid["id"], amount=Decimal(20))
    set_total("10", cart_id="cart_2")
    return {
        "payment": paid["id"],
        "paid": paid["payment_collection_id"],
        "collection": collection.pk,
        "session": session.pk,
        "reason": reason.pk,
        "holder": holder.pk,
        "method": fake_provider.dashboard.save_payment_method(holder.external_id or ""),
    }


@pytest.fixture
def everybody(storefront: ValidatedClient) -> ValidatedClient:
    """A client that may do everything: it has a publishable key, and all permissions of the staff."""
    storefront.force_authenticate(User.objects.create_superuser("boss"))
    return storefront


@pytest.fixture
def unchanged(ids: dict[str, str], fake_provider: FakeProvider) -> Callable[[], bool]:
    """Return a function that says whether every row and the provider's ledger are as they were."""

    def everything() -> list[Any]:
        models = [model for label in ("medusa_payments", "shop") for model in apps.get_app_config(label).get_models()]
        return [list(model._base_manager.order_by("pk").values()) for model in models] + fake_provider.ledger_entries()

    before = everything()
    return lambda: everything() == before


def send(client: ValidatedClient, route: Route, ids: dict[str, str], headers: dict[str, str] | None = None) -> Any:
    """Send the route's good request."""
    request = route.valid(ids, headers=headers or {})
    return client.generic(
        route.method, request.path, request.content, content_type=request.content_type, headers=request.headers
    )


def faults(client: ValidatedClient, method: str, requests: Iterable[BadRequest]) -> dict[str, Any]:
    """Send all and return, by name, what was answered otherwise than it should have been."""
    found = {}
    for request in requests:
        answer = client.generic(
            method, request.path, request.content, content_type=request.content_type, headers=request.headers
        )
        is_for_shoppers = "/store/" in request.path
        if answer.status_code not in request.statuses or not is_envelope(
            answer.status_code, answer.json(), is_for_shoppers=is_for_shoppers
        ):
            found[request.name] = (answer.status_code, answer.json())
    return found


def is_envelope(status_code: int, document: Any, *, is_for_shoppers: bool = False) -> bool:
    if status_code == 401:
        return bool(document == {"message": "Unauthorized"})
    allowed = {"type", "message", "code", "details"} | ({"shopper_message"} if is_for_shoppers else set())
    is_complete = {"type", "message"} <= document.keys() <= allowed
    return is_complete and document["type"] in TYPES[status_code] and 0 < len(document["message"]) < 6000


def test_every_route_is_tested() -> None:
    tested = {re.sub(r"{\w+}", "{}", route.name) for route in ROUTES}

    routed = {re.sub(r"<\w+:\w+>", "{}", name) for name in routes_of_the_package()}
    assert tested == routed - {"POST /hooks/payment/{}"}, "hooks take bytes, not our JSON; see tests/services/webhooks"


@pytest.mark.any_engine
@every_route
def test_the_unspoiled_request_is_accepted(
    everybody: ValidatedClient, ids: dict[str, str], unchanged: Callable[[], bool], route: Route
) -> None:
    """Else all that follows might be refused for some other reason, or writing might go unnoticed."""
    answer = send(everybody, route, ids)

    assert answer.status_code == 200, answer.json()
    assert unchanged() == (route.method == "GET" or not route.writes_here)


@every_route
def test_wrong_requests(
    everybody: ValidatedClient, ids: dict[str, str], unchanged: Callable[[], bool], route: Route
) -> None:
    assert faults(everybody, route.method, route.spoiled(ids)) == {}
    assert unchanged()


def test_wrong_publishable_keys(everybody: ValidatedClient, ids: dict[str, str], unchanged: Callable[[], bool]) -> None:
    for route in STORE_ROUTES:
        for key in WRONG_KEYS[1:] if route.is_v1 else WRONG_KEYS:
            answer = send(everybody, route, ids, headers={PUBLISHABLE_KEY: key})
            assert (answer.status_code, answer.json()["type"]) == (400, "not_allowed"), (route.name, key)
    assert unchanged()


@pytest.mark.parametrize(("caller", "status"), [("nobody", 401), ("customer", 401), ("clerk", 403)])
def test_wrong_users(
    openapi: OpenAPI, ids: dict[str, str], unchanged: Callable[[], bool], caller: str, status: int
) -> None:
    """A customer isn't let in for having permissions, nor a clerk for being on the staff."""
    client = ValidatedClient(openapi)
    if caller != "nobody":
        is_clerk = caller == "clerk"
        client.force_authenticate(User.objects.create_user(caller, is_staff=is_clerk, is_superuser=not is_clerk))
    for route in ADMIN_ROUTES:
        answer = send(client, route, ids)
        assert answer.status_code == status, route.name
        assert is_envelope(status, answer.json()), route.name
    assert unchanged()
