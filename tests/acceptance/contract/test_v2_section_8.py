"""What the JS SDK sends and relies on, request by request: this needs no Node, unlike the SDK itself."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import Http404
from django.test import Client
from django.urls import resolve

from medusa_payments.services import refund_reasons, secret_keys
from tests.acceptance.storefront.conftest import Storefront, seeded
from tests.acceptance.storefront.conftest import storefront as shop

pytestmark = pytest.mark.any_engine

__all__ = ["seeded", "shop"]

JSON = "application/json"
CALLS = {
    "store.payment.listPaymentProviders": "GET /store/payment-providers",
    "store.payment.initiatePaymentSession, 1": "POST /store/payment-collections",
    "store.payment.initiatePaymentSession, 2": "POST /store/payment-collections/x/payment-sessions",
    "store.cart.create": "POST /store/carts",
    "store.cart.retrieve": "GET /store/carts/x",
    "store.cart.update": "POST /store/carts/x",
    "store.cart.createLineItem": "POST /store/carts/x/line-items",
    "store.cart.updateLineItem": "POST /store/carts/x/line-items/y",
    "store.cart.deleteLineItem": "DELETE /store/carts/x/line-items/y",
    "store.cart.complete": "POST /store/carts/x/complete",
    "admin.payment.list": "GET /admin/payments",
    "admin.payment.retrieve": "GET /admin/payments/x",
    "admin.payment.listPaymentProviders": "GET /admin/payments/payment-providers",
    "admin.payment.capture": "POST /admin/payments/x/capture",
    "admin.payment.refund": "POST /admin/payments/x/refund",
    "admin.paymentCollection.create": "POST /admin/payment-collections",
    "admin.paymentCollection.delete": "DELETE /admin/payment-collections/x",
    "admin.paymentCollection.markAsPaid": "POST /admin/payment-collections/x/mark-as-paid",
    "admin.paymentCollection.createPaymentSession": "POST /admin/payment-collections/x/payment-sessions",
    "admin.refundReason.list": "GET /admin/refund-reasons",
    "admin.refundReason.retrieve": "GET /admin/refund-reasons/x",
    "admin.refundReason.create": "POST /admin/refund-reasons",
    "admin.refundReason.update": "POST /admin/refund-reasons/x",
    "admin.refundReason.delete": "DELETE /admin/refund-reasons/x",
    "admin.order.authorizePaymentSession": "POST /admin/orders/x/payment-sessions/authorize",
    "auth.login": "POST /auth/user/emailpass",
    "auth.login of a customer": "POST /auth/customer/emailpass",
    "auth.login, session mode": "POST /auth/session",
    "auth.refresh": "POST /auth/token/refresh",
    "auth.logout": "DELETE /auth/session",
}


@pytest.fixture
def sdk(seeded: None) -> Client:
    """A client that sends the headers of an SDK that was given a publishable key and a secret one."""
    key = secret_keys.create(user=User.objects.get(is_superuser=True), title="SDK")
    headers = {
        "accept": JSON,
        "x-medusa-locale": "",
        "x-publishable-api-key": "pk_demo",
        "authorization": f"Basic {b64encode(f'{key.token}:'.encode()).decode()}",
    }
    return Client(headers=headers)


@pytest.fixture
def send(sdk: Client) -> Callable[..., Any]:
    """Return a function that sends a request as the SDK does, and returns the document of the answer."""

    def call(method: str, path: str, body: Any = None) -> Any:
        send_it = getattr(sdk, method.lower())
        answer = send_it(path, content_type=JSON) if body is None else send_it(path, body, content_type=JSON)
        assert (answer.status_code, answer.headers["content-type"]) == (200, JSON), answer.content
        return answer.json()

    return call


@pytest.fixture
def payment_id(shop: Storefront) -> str:
    payment_id: str = shop.authorize(shop.begin(shop.create_cart(variant_mug=10)))["payments"][0]["id"]
    return payment_id


@pytest.mark.parametrize("call", CALLS)
def test_every_call_has_its_route(call: str) -> None:
    method, path = CALLS[call].split()

    assert method.lower() in resolve(path).func.actions


def test_a_call_that_is_not_here_has_none() -> None:
    """Else the test above would prove nothing."""
    with pytest.raises(Http404):
        resolve("/store/carts/x/promotions")


def test_a_cart_without_a_collection_gets_one_and_then_a_session(send: Callable[..., Any]) -> None:
    items = [{"variant_id": "variant_mug", "quantity": 10}]
    cart = send("POST", "/store/carts", {"region_id": "reg_eu", "items": items})["cart"]
    assert cart["payment_collection"] is None

    collection = send("POST", "/store/payment-collections", {"cart_id": cart["id"]})["payment_collection"]
    path = f"/store/payment-collections/{collection['id']}/payment-sessions?fields=%2Bpayment_sessions.status"
    begun = send("POST", path, {"provider_id": "pp_fake_fake"})["payment_collection"]

    assert [each["status"] for each in begun["payment_sessions"]] == ["pending"]
    assert send("GET", f"/store/carts/{cart['id']}")["cart"]["payment_collection"]["id"] == collection["id"]
    assert send("POST", f"/store/carts/{cart['id']}/complete")["type"] == "order"


def test_no_body_under_a_json_content_type(send: Callable[..., Any], payment_id: str) -> None:
    assert send("POST", f"/admin/payments/{payment_id}/capture")["payment"]["captured_amount"] == 100
    assert send("POST", f"/admin/payments/{payment_id}/refund")["payment"]["refunded_amount"] == 100


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("id%5B0%5D={id}&id%5B1%5D=pay_unknown", True),
        ("created_at%5B%24gt%5D=2026-01-01T00%3A00%3A00.000Z&id={id}", True),
        ("created_at%5B%24lt%5D=2026-01-01T00%3A00%3A00.000Z&id={id}", False),
        ("%24or%5B0%5D%5Bid%5D%5B%24in%5D%5B0%5D={id}", True),
        ("id={id}&fields=%2Bpayment_session.status%2C-captures", True),
    ],
)
def test_a_query_as_the_sdk_writes_it(send: Callable[..., Any], payment_id: str, query: str, is_found: bool) -> None:
    found = send("GET", f"/admin/payments?{query.format(id=payment_id)}")["payments"]

    assert [each["id"] for each in found] == [payment_id] * is_found


def test_a_deletion_is_answered_with_json(send: Callable[..., Any], shop: Storefront) -> None:
    reason = refund_reasons.create(label="Lost", code="lost")
    cart = shop.create_cart(variant_mug=1)
    order = shop.place_order()
    asked = {"order_id": order["id"], "amount": 5}
    collection = send("POST", "/admin/payment-collections", asked)["payment_collection"]

    for path, kind in (
        (f"/admin/refund-reasons/{reason.pk}", "refund_reason"),
        (f"/admin/payment-collections/{collection['id']}", "payment-collection"),
        (f"/store/carts/{cart['id']}/line-items/{cart['items'][0]['id']}", "line-item"),
    ):
        removal = send("DELETE", path)
        assert (path.endswith(removal["id"]), removal["object"], removal["deleted"]) == (True, kind, True)


def test_an_error_has_the_message_that_the_sdk_throws(sdk: Client) -> None:
    answer = sdk.get("/admin/payments/pay_unknown")

    assert (answer.status_code, answer.json()["message"]) == (404, "Payment with id: pay_unknown was not found")


def test_a_login_answers_a_token(seeded: None) -> None:
    credentials = {"email": "admin@example.com", "password": "admin"}

    answer = Client().post("/auth/user/emailpass", credentials, content_type=JSON)

    assert isinstance(answer.json()["token"], str)
    assert "location" not in answer.json()
