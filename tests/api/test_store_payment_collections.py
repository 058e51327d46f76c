"""A storefront pays for a cart."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from medusa_payments.models import PaymentCollection, PaymentSession
from medusa_payments.services import payments, publishable_keys, refund_reasons
from tests.api.openapi import ValidatedClient

Make = Callable[..., Any]


def exact(response: Any) -> Any:
    return json.loads(response.content, parse_float=Decimal)


def test_a_new_collection(storefront: ValidatedClient, set_total: Make) -> None:
    set_total("59.97")

    response = storefront.post("/store/payment-collections", {"cart_id": "cart_1"})

    document = exact(response)["payment_collection"]
    row = PaymentCollection.objects.get()
    times = {name: document.pop(name) for name in ("created_at", "updated_at")}
    assert response.status_code == 200
    assert document == {
        "id": row.pk,
        "currency_code": "eur",
        "amount": Decimal("59.97"),
        "authorized_amount": 0,
        "captured_amount": 0,
        "refunded_amount": 0,
        "refunding_amount": 0,
        "refundable_amount": 0,
        "completed_at": None,
        "metadata": None,
        "status": "not_paid",
        "payment_providers": [],
        "payment_sessions": [],
        "payments": [],
    }
    assert times["created_at"].startswith(row.created_at.strftime("%Y-%m-%dT%H:%M:%S"))


@pytest.mark.parametrize(
    ("total", "currency_code", "on_the_wire"),
    [
        ("59.97", "eur", b"59.97"),
        ("59.90", "eur", b"59.9"),
        ("60.00", "usd", b"60"),
        ("1999", "jpy", b"1999"),
        ("5.125", "kwd", b"5.125"),
        ("90071992547409.93", "eur", b"90071992547409.93"),
        ("10.005", "eur", b"10.01"),
        ("0", "eur", b"0"),
    ],
)
def test_amounts_are_exact(
    storefront: ValidatedClient, set_total: Make, total: str, currency_code: str, on_the_wire: bytes
) -> None:
    set_total(total, currency_code)

    response = storefront.post("/store/payment-collections?fields=amount", {"cart_id": "cart_1"})

    collection_id = response.json()["payment_collection"]["id"].encode()
    assert response.content == b'{"payment_collection":{"id":"%b","amount":%b}}' % (collection_id, on_the_wire)


def test_one_collection_per_cart_follows_the_cart(storefront: ValidatedClient, collection: Make) -> None:
    first = collection("10")
    second = collection("12.50")

    assert first["id"] == second["id"]
    assert (first["amount"], second["amount"]) == (10, 12.5)


def test_get_and_create_answer_alike(storefront: ValidatedClient, collection: Make) -> None:
    made = collection()

    assert storefront.get(f"/store/payment-collections/{made['id']}").json() == {"payment_collection": made}


def test_a_trailing_slash_is_accepted(storefront: ValidatedClient, collection: Make) -> None:
    made = collection()

    assert storefront.get(f"/store/payment-collections/{made['id']}/").json() == {"payment_collection": made}
    assert storefront.post("/store/payment-collections/", {"cart_id": "cart_1"}).json() == {"payment_collection": made}


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/store/payment-collections", {"cart_id": "cart_2"}, "Cart id not found: cart_2"),
        (
            "/store/payment-collections/pay_col_1/payment-sessions",
            {"provider_id": "pp_fake_fake"},
            "PaymentCollection id not found: pay_col_1",
        ),
        (
            "/store/payment-collections/pay_col_1/payment-sessions/payses_1/authorize",
            {},
            "PaymentCollection id not found: pay_col_1",
        ),
    ],
)
def test_unknown_ids(storefront: ValidatedClient, path: str, body: dict[str, Any], message: str) -> None:
    response = storefront.post(path, body)

    assert (response.status_code, response.json()) == (404, {"type": "not_found", "message": message})


def test_get_of_an_unknown_collection(storefront: ValidatedClient) -> None:
    response = storefront.get("/store/payment-collections/pay_col_1")

    assert response.status_code == 404
    assert response.json() == {"type": "not_found", "message": "PaymentCollection id not found: pay_col_1"}


def test_a_deleted_collection_is_gone(storefront: ValidatedClient, collection: Make) -> None:
    path = f"/store/payment-collections/{collection()['id']}"
    PaymentCollection.objects.update(deleted_at=timezone.now(), live_cart_id=None)

    assert storefront.get(path).status_code == 404
    assert storefront.post(f"{path}/payment-sessions", {"provider_id": "pp_fake_fake"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("", {}, "Invalid request: Field 'cart_id' is required"),
        ("", {"cart_id": 5}, "Invalid request: Expected type: 'string' for field 'cart_id', got: '5'"),
        ("", {"cart_id": "cart_1", "amount": 1}, "Invalid request: Unrecognized fields: 'amount'"),
        ("?expand=payments", {"cart_id": "cart_1"}, "Invalid request: Unrecognized fields: 'expand'"),
        ("/pay_col_1/payment-sessions", {}, "Invalid request: Field 'provider_id' is required"),
        (
            "/pay_col_1/payment-sessions",
            {"provider_id": "pp_fake_fake", "context": {}},
            "Invalid request: Unrecognized fields: 'context'",
        ),
        (
            "/pay_col_1/payment-sessions",
            {"provider_id": "pp_fake_fake", "data": []},
            "Invalid request: Expected type: 'record' for field 'data', got: 'array'",
        ),
        (
            "/pay_col_1/payment-sessions/payses_1/authorize",
            {"data": {}},
            "Invalid request: Unrecognized fields: 'data'",
        ),
    ],
)
def test_bodies_and_queries_are_strict(
    storefront: ValidatedClient, path: str, body: dict[str, Any], message: str
) -> None:
    response = storefront.post(f"/store/payment-collections{path}", body)

    assert (response.status_code, response.json()) == (400, {"type": "invalid_data", "message": message})


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_publishable_key_is_needed(storefront: ValidatedClient, collection: Make, method: str) -> None:
    path = f"/store/payment-collections/{collection()['id']}"
    storefront.credentials(HTTP_X_PUBLISHABLE_API_KEY="")

    response = storefront.get(path) if method == "get" else storefront.post(f"{path}/payment-sessions", {})

    assert (response.status_code, response.json()["type"]) == (400, "not_allowed")


def test_fields_narrow_and_widen(storefront: ValidatedClient, payment: Make) -> None:
    path = f"/store/payment-collections/{payment()['payment_collection_id']}"

    def keys(fields: str) -> set[str]:
        return set(storefront.get(path, {"fields": fields}).json()["payment_collection"])

    assert keys("") == {"id"}
    assert keys("status") == {"id", "status"}
    assert keys("+raw_amount,-payments,-payment_sessions") == keys("*") - {"payments", "payment_sessions"} | {
        "raw_amount"
    }
    nested = storefront.get(path, {"fields": "payment_sessions.payment.amount"}).json()["payment_collection"]
    assert nested["payment_sessions"][0].keys() == {"id", "payment"}
    assert nested["payment_sessions"][0]["payment"].keys() == {"id", "amount"}


def test_fields_reach_as_deep_as_the_document_does(
    storefront: ValidatedClient, staff: ValidatedClient, payment: Make
) -> None:
    made = payment(outcome="captured")
    reason = refund_reasons.create(label="Broken", code="broken")
    staff.post(f"/admin/payments/{made['id']}/refund", {"refund_reason_id": reason.pk})
    path = f"/store/payment-collections/{made['payment_collection_id']}"

    answer = storefront.get(path, {"fields": "payment_sessions.payment.refunds.refund_reason.label"})

    assert answer.status_code == 200
    (shown,) = answer.json()["payment_collection"]["payment_sessions"]
    assert shown["payment"]["refunds"][0]["refund_reason"] == {"id": reason.pk, "label": "Broken"}


def test_a_new_session(storefront: ValidatedClient, session: Make) -> None:
    document = session(outcome="captured")

    row = PaymentSession.objects.get()
    assert document.pop("created_at").endswith("Z")
    assert document.pop("updated_at").endswith("Z")
    provider_keys = {key: document["data"].pop(key) for key in ("id", "client_secret")}
    assert provider_keys["id"] == row.provider_ref
    assert document == {
        "id": row.pk,
        "amount": 59.97,
        "raw_amount": {"value": "59.97", "precision": 20},
        "currency_code": "eur",
        "provider_id": "pp_fake_fake",
        "data": {"outcome": "captured"},
        "context": {},
        "status": "pending",
        "authorized_at": None,
        "payment_collection_id": row.payment_collection_id,
        "metadata": {},
        "deleted_at": None,
        "payment": None,
        "payment_collection": {"id": row.payment_collection_id},
    }


def test_only_public_provider_data_leaves_the_server(
    storefront: ValidatedClient, staff: ValidatedClient, payment: Make
) -> None:
    made = payment()
    kept = PaymentSession.objects.get().provider_data

    answers = [
        storefront.get(f"/store/payment-collections/{made['payment_collection_id']}"),
        staff.get(f"/admin/payments/{made['id']}?fields=*payment_session"),
        storefront.post(
            f"/store/payment-collections/{made['payment_collection_id']}/sessions/{made['payment_session_id']}/authorize"
        ),
    ]

    assert "internal_note" in kept
    for answer in answers:
        assert answer.status_code == 200
        assert "internal_note" not in answer.content.decode()
        assert kept["client_secret"] in answer.content.decode()


def test_the_same_provider_keeps_the_session_and_another_replaces_it(
    storefront: ValidatedClient, set_total: Make, session: Make
) -> None:
    first = session()
    path = f"/store/payment-collections/{first['payment_collection_id']}/payment-sessions"
    set_total("80")

    updated = storefront.post(path, {"provider_id": "pp_fake_fake"}).json()["payment_collection"]
    replaced = storefront.post(path, {"provider_id": "pp_system_default"}).json()["payment_collection"]

    assert [(each["id"], each["amount"]) for each in updated["payment_sessions"]] == [(first["id"], 80)]
    assert [each["provider_id"] for each in replaced["payment_sessions"]] == ["pp_system_default"]
    assert replaced["payment_providers"] == [{"id": "pp_system_default"}]
    assert PaymentSession.objects.get(pk=first["id"]).slot is None


def test_amount_0_is_paid_with_the_system_provider(storefront: ValidatedClient, session: Make) -> None:
    made = session("pp_system_default", amount="0")
    path = f"/store/payment-collections/{made['payment_collection_id']}"

    before = storefront.get(path).json()["payment_collection"]
    after = storefront.post(f"{path}/payment-sessions/{made['id']}/authorize").json()["payment_collection"]

    assert (before["status"], before["completed_at"]) == ("not_paid", None)
    assert (after["status"], after["amount"]) == ("completed", 0)
    assert after["completed_at"] is not None


@pytest.mark.parametrize(
    ("outcome", "status", "totals"),
    [
        ("authorized", "authorized", (59.97, 0)),
        ("captured", "completed", (59.97, 59.97)),
        ("pending_authorization", "awaiting", (0, 0)),
    ],
)
def test_authorize(
    storefront: ValidatedClient, session: Make, outcome: str, status: str, totals: tuple[float, float]
) -> None:
    made = session(outcome=outcome)
    path = f"/store/payment-collections/{made['payment_collection_id']}/payment-sessions/{made['id']}/authorize"

    response = storefront.post(path)
    again = storefront.post(path)

    document = response.json()["payment_collection"]
    assert response.status_code == again.status_code == 200
    assert document["status"] == status
    assert (document["authorized_amount"], document["captured_amount"]) == totals
    assert document == again.json()["payment_collection"] or outcome == "pending_authorization"


@pytest.mark.parametrize("outcome", ["requires_more", "pending", "error", "canceled"])
def test_not_authorized(storefront: ValidatedClient, session: Make, outcome: str) -> None:
    made = session(outcome=outcome)
    path = f"/store/payment-collections/{made['payment_collection_id']}"

    response = storefront.post(f"{path}/payment-sessions/{made['id']}/authorize")

    assert response.status_code == 400
    assert response.json()["type"] == "not_allowed"
    assert response.json()["message"] == f"Session: {made['id']} was not authorized with the provider."
    kept = storefront.get(path).json()["payment_collection"]["payment_sessions"][0]
    assert (kept["status"], kept["payment"]) == (outcome, None)


@pytest.mark.parametrize(
    ("outcome", "status", "error_type"),
    [
        ("declined", 422, "payment_authorization_error"),
        ("rejected", 400, "invalid_data"),
        ("unavailable", 503, "unexpected_state"),
        ("timeout_after", 409, "conflict"),
    ],
)
def test_failures_say_what_is_known(
    storefront: ValidatedClient, session: Make, outcome: str, status: int, error_type: str
) -> None:
    made = session(outcome=outcome)
    path = f"/store/payment-collections/{made['payment_collection_id']}/payment-sessions/{made['id']}/authorize"

    response = storefront.post(path)

    assert (response.status_code, response.json()["type"]) == (status, error_type)
    assert ("Retry-After" in response.headers) == (status in {409, 503})


def test_a_changed_cart_is_not_authorized(storefront: ValidatedClient, set_total: Make, session: Make) -> None:
    made = session()
    set_total("80")

    response = storefront.post(
        f"/store/payment-collections/{made['payment_collection_id']}/payment-sessions/{made['id']}/authorize"
    )

    assert response.status_code == 409
    assert (response.json()["type"], response.json()["code"]) == ("conflict", "cart_changed")


def test_a_paid_collection_takes_no_other_session(storefront: ValidatedClient, payment: Make) -> None:
    made = payment()

    response = storefront.post(
        f"/store/payment-collections/{made['payment_collection_id']}/payment-sessions",
        {"provider_id": "pp_system_default"},
    )

    assert (response.status_code, response.json()["type"]) == (400, "not_allowed")


def test_a_canceled_payment_belongs_to_its_own_session_only(storefront: ValidatedClient, payment: Make) -> None:
    made = payment()
    payments.cancel(payment_id=made["id"])

    response = storefront.post(
        f"/store/payment-collections/{made['payment_collection_id']}/payment-sessions",
        {"provider_id": "pp_system_default"},
    )

    document = response.json()["payment_collection"]
    assert (response.status_code, document["status"], document["authorized_amount"]) == (200, "not_paid", 0)
    assert [each["payment"] for each in document["payment_sessions"]] == [None]
    assert [(each["id"], each["authorized_amount"]) for each in document["payments"]] == [(made["id"], 0)]
    assert document["payment_providers"] == [{"id": "pp_system_default"}, {"id": "pp_fake_fake"}]


def test_session_of_another_collection(storefront: ValidatedClient, set_total: Make, session: Make) -> None:
    made = session()
    set_total("1", cart_id="cart_2")
    other = storefront.post("/store/payment-collections", {"cart_id": "cart_2"}).json()["payment_collection"]

    response = storefront.post(f"/store/payment-collections/{other['id']}/payment-sessions/{made['id']}/authorize")

    assert response.status_code == 404
    assert response.json() == {"type": "not_found", "message": f"PaymentSession id not found: {made['id']}"}


def test_context_names_the_logged_in_customer_and_nothing_else(storefront: ValidatedClient, set_total: Make) -> None:
    customer = User.objects.create_user("customer", email="customer@example.com")
    storefront.force_authenticate(customer)
    set_total("10")
    made = storefront.post("/store/payment-collections", {"cart_id": "cart_1"}).json()["payment_collection"]

    response = storefront.post(
        f"/store/payment-collections/{made['id']}/payment-sessions", {"provider_id": "pp_system_default"}
    )

    assert response.json()["payment_collection"]["payment_sessions"][0]["context"] == {
        "customer": {"id": str(customer.pk)}
    }


def test_the_store_does_not_learn_who_on_the_staff_acted(
    storefront: ValidatedClient, staff: ValidatedClient, payment: Make
) -> None:
    made = payment()
    staff.post(f"/admin/payments/{made['id']}/capture")
    staff.post(f"/admin/payments/{made['id']}/refund", {"amount": 5, "note": "Sorry"})

    document = storefront.get(f"/store/payment-collections/{made['payment_collection_id']}").json()

    shown = document["payment_collection"]["payments"][0]
    assert [line["created_by"] for line in shown["captures"] + shown["refunds"]] == [None, None]
    assert shown["refunds"][0]["note"] == "Sorry"
    assert document["payment_collection"]["payment_sessions"][0]["payment"] == shown


def test_a_cross_site_login_is_no_obstacle(set_total: Make, db: None) -> None:
    """A browser that is logged in to Django admin sends its session cookie, and no CSRF token, to the store API."""
    publishable_keys.create(title="Storefront", token="pk_test")
    set_total("10")
    client = APIClient(enforce_csrf_checks=True, headers={"x-publishable-api-key": "pk_test"})
    client.force_login(User.objects.create_superuser("staff"))

    response = client.post("/store/payment-collections", {"cart_id": "cart_1"}, format="json")

    assert response.status_code == 200
