"""The staff asks for money for an order, and records what was paid by other means."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from medusa_payments.models import Payment, PaymentCollection
from medusa_payments.orders import OrderSnapshot
from tests.api.openapi import ValidatedClient

Make = Callable[..., Any]

PATH = "/admin/payment-collections"


@pytest.fixture(autouse=True)
def orders(settings: Any, cart_desk: Any) -> None:
    orders = {
        "order_1": OrderSnapshot(currency_code="EUR", customer_id="cus_1", email="jane@example.com"),
        "order_2": OrderSnapshot(currency_code="JPY"),
    }
    resolver = {"ORDER_RESOLVER": lambda order_id, _request=None: orders.get(order_id)}
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, **resolver}


@pytest.fixture
def order_collection(staff: ValidatedClient) -> Make:
    """Return a function that makes a collection for an order over HTTP and returns its document."""

    def make(amount: Any = 20.5, order_id: str = "order_1") -> Any:
        return staff.post(PATH, {"order_id": order_id, "amount": amount}).json()["payment_collection"]

    return make


def test_create(staff: ValidatedClient, order_collection: Make) -> None:
    made = order_collection()

    row = PaymentCollection.objects.get()
    assert (row.order_id, row.cart_id, row.customer_id, row.email) == ("order_1", "", "cus_1", "jane@example.com")
    assert (
        made.items()
        >= {
            "id": row.pk,
            "currency_code": "eur",
            "amount": 20.5,
            "status": "not_paid",
            "authorized_amount": 0,
            "captured_amount": 0,
            "refunded_amount": 0,
            "payment_sessions": [],
            "payments": [],
        }.items()
    )
    assert staff.get(f"{PATH}/{row.pk}").json() == {"payment_collection": made}


def test_every_create_makes_one(order_collection: Make) -> None:
    assert order_collection()["id"] != order_collection()["id"]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"order_id": "order_9", "amount": 1}, 404, "Order id not found: order_9"),
        ({"order_id": "order_1"}, 400, "Invalid request: Field 'amount' is required"),
        ({"amount": 1}, 400, "Invalid request: Field 'order_id' is required"),
        ({"order_id": "order_1", "amount": -1}, 400, "The amount of a payment collection can't be negative."),
        ({"order_id": "order_2", "amount": 0.5}, 400, "Amount 0.5 has more decimal places than JPY allows (0)"),
        (
            {"order_id": "order_1", "amount": "1"},
            400,
            "Invalid request: Expected type: 'number' for field 'amount', got: '1'",
        ),
        (
            {"order_id": "order_1", "amount": 1, "currency_code": "eur"},
            400,
            "Invalid request: Unrecognized fields: 'currency_code'",
        ),
    ],
)
def test_wrong_bodies(staff: ValidatedClient, body: dict[str, Any], status: int, message: str) -> None:
    response = staff.post(PATH, body)

    assert (response.status_code, response.json()["message"]) == (status, message)
    assert not PaymentCollection.objects.exists()


def test_fields(staff: ValidatedClient, order_collection: Make) -> None:
    path = f"{PATH}/{order_collection()['id']}"

    def keys(fields: str) -> set[str]:
        return set(staff.get(path, {"fields": fields}).json()["payment_collection"])

    assert keys("status") == {"id", "status"}
    assert keys("+raw_amount,-payments") == keys("*") - {"payments"} | {"raw_amount"}


def test_a_session(staff: ValidatedClient, order_collection: Make) -> None:
    made = order_collection()

    response = staff.post(
        f"{PATH}/{made['id']}/payment-sessions", {"provider_id": "pp_fake_fake", "data": {"outcome": "captured"}}
    )

    document = response.json()["payment_collection"]
    session = document["payment_sessions"][0]
    assert (response.status_code, document["status"]) == (200, "not_paid")
    assert (session["provider_id"], session["amount"], session["status"]) == ("pp_fake_fake", 20.5, "pending")
    assert (session["data"]["outcome"], session["context"]) == ("captured", {})


def test_mark_as_paid(staff: ValidatedClient, order_collection: Make) -> None:
    made = order_collection()

    response = staff.post(f"{PATH}/{made['id']}/mark-as-paid", {"order_id": "order_1"})

    document = response.json()["payment_collection"]
    payment = document["payments"][0]
    assert (response.status_code, document["status"], document["captured_amount"]) == (200, "completed", 20.5)
    assert (payment["provider_id"], payment["captured_amount"]) == ("pp_system_default", 20.5)
    assert [capture["created_by"] for capture in payment["captures"]] == [str(User.objects.get().pk)]
    assert document == staff.get(f"{PATH}/{made['id']}").json()["payment_collection"]


def test_mark_as_paid_with_another_provider(staff: ValidatedClient, order_collection: Make) -> None:
    body = {"order_id": "not looked at", "provider_id": "pp_fake_fake"}

    response = staff.post(f"{PATH}/{order_collection()['id']}/mark-as-paid", body)

    assert response.json()["payment_collection"]["payments"][0]["provider_id"] == "pp_fake_fake"


def test_mark_as_paid_happens_once(staff: ValidatedClient, order_collection: Make, fake_provider: Any) -> None:
    path = f"{PATH}/{order_collection()['id']}/mark-as-paid"
    body = {"order_id": "order_1", "provider_id": "pp_fake_fake"}
    key = {"headers": {"Idempotency-Key": "6f0f3c1e-5c1f-4a57-9f61-0a2f52a7f1d3"}}

    first, same = (staff.post(path, body, **key) for _ in range(2))
    another = staff.post(path, body)

    assert (first.status_code, first.json()) == (200, same.json())
    assert (another.status_code, another.json()) == (
        400,
        {"type": "not_allowed", "message": "Can only mark 'not_paid' payment collection as paid"},
    )
    assert [entry["verb"] for entry in fake_provider.ledger_entries()].count("capture") == 1


def test_nothing_to_pay_can_be_marked_as_paid(staff: ValidatedClient, order_collection: Make) -> None:
    response = staff.post(f"{PATH}/{order_collection(0)['id']}/mark-as-paid", {"order_id": "order_1"})

    document = response.json()["payment_collection"]
    assert (response.status_code, document["status"], document["captured_amount"]) == (200, "completed", 0)
    assert document["payments"][0]["captures"] == []


@pytest.mark.parametrize("verb", ["mark-as-paid", "payment-sessions"])
def test_a_provider_that_is_not_configured(staff: ValidatedClient, order_collection: Make, verb: str) -> None:
    body = {"provider_id": "pp_no_no"} | ({"order_id": "order_1"} if verb == "mark-as-paid" else {})

    response = staff.post(f"{PATH}/{order_collection()['id']}/{verb}", body)

    assert (response.status_code, response.json()) == (
        400,
        {"type": "invalid_data", "message": "Payment provider pp_no_no is not configured."},
    )


def test_delete(staff: ValidatedClient, order_collection: Make) -> None:
    made = order_collection()
    path = f"{PATH}/{made['id']}"
    staff.post(f"{path}/payment-sessions", {"provider_id": "pp_fake_fake"})

    response = staff.delete(path)

    assert (response.status_code, response.json()) == (
        200,
        {"id": made["id"], "object": "payment-collection", "deleted": True},
    )
    assert [staff.get(path).status_code, staff.delete(path).status_code] == [404, 404]


def test_one_that_holds_money_stays(staff: ValidatedClient, payment: Make) -> None:
    made = payment()
    path = f"{PATH}/{made['payment_collection_id']}"

    response = staff.delete(path)

    assert (response.status_code, response.json()) == (
        400,
        {"type": "not_allowed", "message": "Can only delete payment collections where status is not_paid"},
    )
    assert staff.get(path).json()["payment_collection"]["payments"] == [made]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "pay_col_1", None),
        ("delete", "pay_col_1", None),
        ("post", "pay_col_1/mark-as-paid", {"order_id": "order_1"}),
        ("post", "pay_col_1/payment-sessions", {"provider_id": "pp_fake_fake"}),
    ],
)
def test_unknown_collections(staff: ValidatedClient, method: str, path: str, body: Any) -> None:
    response = getattr(staff, method)(f"{PATH}/{path}", body)

    assert (response.status_code, response.json()) == (
        404,
        {"type": "not_found", "message": "PaymentCollection id not found: pay_col_1"},
    )


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("mark-as-paid", {}, "Field 'order_id' is required"),
        ("mark-as-paid", {"order_id": "order_1", "amount": 1}, "Unrecognized fields: 'amount'"),
        ("payment-sessions", {}, "Field 'provider_id' is required"),
        ("payment-sessions", {"provider_id": "pp_fake_fake", "context": {}}, "Unrecognized fields: 'context'"),
    ],
)
def test_strict_bodies(
    staff: ValidatedClient, order_collection: Make, path: str, body: dict[str, Any], message: str
) -> None:
    response = staff.post(f"{PATH}/{order_collection()['id']}/{path}", body)

    assert (response.status_code, response.json()["message"]) == (400, f"Invalid request: {message}")
    assert not Payment.objects.exists()


def test_the_staff_sees_who_acted_on_a_cart_collection(staff: ValidatedClient, payment: Make) -> None:
    made = payment()
    staff.post(f"/admin/payments/{made['id']}/capture")

    document = staff.get(f"{PATH}/{made['payment_collection_id']}").json()["payment_collection"]

    assert document["payments"][0]["captures"][0]["created_by"] == str(User.objects.get().pk)
