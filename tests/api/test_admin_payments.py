"""The staff finds, captures and refunds payments."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from medusa_payments.models import Payment
from medusa_payments.services import refund_reasons
from tests.api.openapi import OpenAPI, ValidatedClient

Make = Callable[..., Any]


def test_get(staff: ValidatedClient, payment: Make) -> None:
    made = payment()

    response = staff.get(f"/admin/payments/{made['id']}")

    document = response.json()["payment"]
    assert (response.status_code, document) == (200, made)
    assert {name: document[name] for name in ("amount", "authorized_amount", "captured_amount", "refunded_amount")} == {
        "amount": 59.97,
        "authorized_amount": 59.97,
        "captured_amount": 0,
        "refunded_amount": 0,
    }


def test_a_provider_that_can_not_be_made_any_more_hides_no_payment(
    staff: ValidatedClient, payment: Make, settings: Any
) -> None:
    made = payment()
    configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
    without_options = {"pp_fake_fake": {"BACKEND": configured["pp_fake_fake"]["BACKEND"]}}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": configured | without_options}

    listed = staff.get("/admin/payments").json()["payments"]

    assert [(row["id"], row["data"]) for row in listed] == [(made["id"], {})]
    assert staff.get(f"/admin/payments/{made['id']}").status_code == 200


def test_capture_in_parts(staff: ValidatedClient, payment: Make) -> None:
    path = f"/admin/payments/{payment()['id']}"

    first = staff.post(f"{path}/capture", {"amount": 20.5}).json()["payment"]
    rest = staff.post(f"{path}/capture").json()["payment"]
    again = staff.post(f"{path}/capture").json()["payment"]

    assert (first["captured_amount"], first["captured_at"]) == (20.5, None)
    assert [capture["amount"] for capture in rest["captures"]] == [20.5, 39.47]
    assert rest["captured_at"] is not None
    assert again == rest == staff.get(path).json()["payment"]


def test_refund(staff: ValidatedClient, payment: Make) -> None:
    reason = refund_reasons.create(label="Shipping issue", code="shipping_issue", description="Lost")
    path = f"/admin/payments/{payment(amount='5.125', currency_code='kwd')['id']}"
    staff.post(f"{path}/capture")
    body = {"amount": 1.005, "refund_reason_id": reason.pk, "note": "Sorry"}

    part = staff.post(f"{path}/refund", body).json()["payment"]
    rest = staff.post(f"{path}/refund").json()["payment"]

    refund = part["refunds"][0]
    assert (part["refunded_amount"], refund["amount"], refund["note"]) == (1.005, 1.005, "Sorry")
    assert refund["raw_amount"] == {"value": "1.005", "precision": 20}
    assert (refund["refund_reason_id"], refund["refund_reason"]["label"]) == (reason.pk, "Shipping issue")
    assert refund["refund_reason"]["code"] == "shipping_issue"
    assert [each["amount"] for each in rest["refunds"]] == [1.005, 4.12]
    assert rest["refunded_amount"] == rest["captured_amount"] == 5.125


def test_the_whole_amount_again_answers_with_what_was_captured(staff: ValidatedClient, payment: Make) -> None:
    path = f"/admin/payments/{payment()['id']}/capture"
    captured = staff.post(path, {"amount": 59.97}).json()["payment"]

    again = staff.post(path, {"amount": 59.97})

    assert (again.status_code, again.json()["payment"]) == (200, captured)
    assert len(captured["captures"]) == 1
    assert staff.post(path, {"amount": 59.96}).status_code == 400


def test_lines_record_who_acted(staff: ValidatedClient, payment: Make) -> None:
    path = f"/admin/payments/{payment()['id']}"
    staff.post(f"{path}/capture")

    document = staff.post(f"{path}/refund").json()["payment"]

    user_id = str(User.objects.get(username="staff").pk)
    assert [line["created_by"] for line in document["captures"] + document["refunds"]] == [user_id, user_id]


@pytest.mark.parametrize(
    ("verb", "amount", "message"),
    [
        (
            "capture",
            59.98,
            "You cannot capture more than the authorized amount substracted by what is already captured.",
        ),
        ("refund", 0.01, "You are not allowed to refund more than the captured amount"),
    ],
)
def test_limits(staff: ValidatedClient, payment: Make, verb: str, amount: float, message: str) -> None:
    made = payment()

    response = staff.post(f"/admin/payments/{made['id']}/{verb}", {"amount": amount})

    assert response.status_code == 400
    assert (response.json()["type"], response.json()["message"]) == ("invalid_data", message)
    assert staff.get(f"/admin/payments/{made['id']}").json()["payment"] == made


@pytest.mark.parametrize("verb", ["capture", "refund"])
@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (0, "Invalid request: Value for field 'amount' too small, expected at least: '0'"),
        (-1, "Invalid request: Value for field 'amount' too small, expected at least: '0'"),
        ("10", "Invalid request: Expected type: 'number' for field 'amount', got: '10'"),
        (True, "Invalid request: Expected type: 'number' for field 'amount', got: 'true'"),
        (None, "Invalid request: Expected type: 'number' for field 'amount', got: 'null'"),
        (1.005, "Amount 1.005 has more decimal places than EUR allows (2)"),
    ],
)
def test_wrong_amounts(staff: ValidatedClient, payment: Make, verb: str, amount: Any, message: str) -> None:
    made = payment()

    response = staff.post(f"/admin/payments/{made['id']}/{verb}", {"amount": amount})

    assert (response.status_code, response.json()) == (400, {"type": "invalid_data", "message": message})


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("get", "/admin/payments/pay_1", "Payment with id: pay_1 was not found"),
        ("post", "/admin/payments/pay_1/capture", "Payment with id: pay_1 was not found"),
        ("post", "/admin/payments/pay_1/refund", "Payment id not found: pay_1"),
    ],
)
def test_unknown_payment(staff: ValidatedClient, method: str, path: str, message: str) -> None:
    response = getattr(staff, method)(path)

    assert (response.status_code, response.json()) == (404, {"type": "not_found", "message": message})


def test_unknown_refund_reason(staff: ValidatedClient, payment: Make) -> None:
    response = staff.post(f"/admin/payments/{payment()['id']}/refund", {"refund_reason_id": "refr_1"})

    assert response.status_code == 404
    assert response.json() == {"type": "not_found", "message": "RefundReason id not found: refr_1"}


@pytest.mark.parametrize("verb", ["capture", "refund"])
def test_strict_bodies(staff: ValidatedClient, verb: str) -> None:
    response = staff.post(f"/admin/payments/pay_1/{verb}", {"amount": 1, "idempotency_key": "x"})

    assert response.status_code == 400
    assert response.json()["message"] == "Invalid request: Unrecognized fields: 'idempotency_key'"


def test_declined_capture(staff: ValidatedClient, payment: Make) -> None:
    made = payment(outcome="declined", on="capture")

    response = staff.post(f"/admin/payments/{made['id']}/capture")

    assert (response.status_code, response.json()["type"]) == (422, "payment_authorization_error")


def test_a_lost_answer_is_found_out_by_repeating(staff: ValidatedClient, payment: Make, fake_provider: Any) -> None:
    path = f"/admin/payments/{payment(outcome='timeout_after', on='capture')['id']}/capture"

    lost = staff.post(path, {"amount": 10})
    found = staff.post(path, {"amount": 10})

    assert (lost.status_code, lost.json()["code"]) == (409, "payment_outcome_unknown")
    assert lost.json()["details"]["amount"] == 10
    assert int(lost.headers["Retry-After"]) >= 1
    assert (found.status_code, found.json()["payment"]["captured_amount"]) == (200, 10)
    captures = [entry["amount"] for entry in fake_provider.ledger_entries() if entry["verb"] == "capture"]
    assert captures == [1000]


@pytest.fixture
def three_payments(payment: Make, set_total: Make, storefront: ValidatedClient) -> list[Any]:
    made = []
    for number, amount in enumerate(("30", "10", "20")):
        set_total(amount, cart_id=f"cart_{number}")
        answer = storefront.post("/store/payment-collections", {"cart_id": f"cart_{number}"})
        path = f"/store/payment-collections/{answer.json()['payment_collection']['id']}/payment-sessions"
        sessions = storefront.post(path, {"provider_id": "pp_system_default"}).json()["payment_collection"]
        session_id = sessions["payment_sessions"][0]["id"]
        authorized = storefront.post(f"{path}/{session_id}/authorize").json()["payment_collection"]
        made.append(authorized["payments"][0])
    return made


def test_list(staff: ValidatedClient, three_payments: list[Any]) -> None:
    response = staff.get("/admin/payments")

    by_id = sorted(three_payments, key=lambda each: each["id"])
    assert response.status_code == 200
    assert response.json() == {"payments": by_id, "count": 3, "offset": 0, "limit": 20}


@pytest.mark.parametrize(
    ("query", "amounts", "count"),
    [
        ("order=amount", [10, 20, 30], 3),
        ("order=-amount", [30, 20, 10], 3),
        ("order=amount&limit=1", [10], 3),
        ("order=amount&limit=2&offset=2", [30], 3),
        ("order=amount&offset=3", [], 3),
        ("limit=0", [], 3),
        ("q=anything&order=amount", [10, 20, 30], 3),
        ("id={0[id]}", [30], 1),
        ("id[]={0[id]}&id[]={1[id]}&order=amount", [10, 30], 2),
        ("id[0]={0[id]}&id[1]=pay_1", [30], 1),
        ("id[]={0[id]},{2[id]}&order=amount", [20, 30], 2),
        ("payment_session_id={1[payment_session_id]}", [10], 1),
        ("id={0[id]}&payment_session_id={1[payment_session_id]}", [], 0),
        ("id=", [], 0),
    ],
)
def test_filters_and_pages(
    staff: ValidatedClient, three_payments: list[Any], query: str, amounts: list[int], count: int
) -> None:
    response = staff.get(f"/admin/payments?{query.format(*three_payments)}")

    assert response.status_code == 200
    assert [each["amount"] for each in response.json()["payments"]] == amounts
    assert response.json()["count"] == count


@pytest.mark.parametrize(
    "query",
    ["provider_id=pp_fake_fake", "limit=-1", "limit=x", "offset=-1", "order=note", "id[gt]=pay_1", "limit=1001"],
)
def test_wrong_queries(staff: ValidatedClient, query: str) -> None:
    response = staff.get(f"/admin/payments?{query}")

    assert (response.status_code, response.json()["type"]) == (400, "invalid_data")


def test_fields_reach_the_collection_and_the_session(staff: ValidatedClient, payment: Make) -> None:
    made = payment()
    fields = "payment_collection.status,payment_session.status,captures.amount"

    document = staff.get(f"/admin/payments/{made['id']}", {"fields": fields}).json()["payment"]

    assert document == {
        "id": made["id"],
        "payment_collection_id": made["payment_collection_id"],
        "payment_collection": {"id": made["payment_collection_id"], "status": "authorized"},
        "payment_session_id": made["payment_session_id"],
        "payment_session": {"id": made["payment_session_id"], "status": "authorized"},
        "captures": [],
    }


def test_a_page_takes_as_many_statements_as_one_payment(
    staff: ValidatedClient, three_payments: list[Any], django_assert_num_queries: Any
) -> None:
    reason = refund_reasons.create(label="Shipping issue", code="shipping_issue")
    for made in three_payments:
        staff.post(f"/admin/payments/{made['id']}/capture")
        staff.post(f"/admin/payments/{made['id']}/refund", {"refund_reason_id": reason.pk})
    query = {"fields": "*payment_collection,*payment_session"}

    with django_assert_num_queries(5):  # payments, captures, refunds with and without line, siblings for the totals
        staff.get("/admin/payments", query)
    with django_assert_num_queries(5):
        staff.get("/admin/payments", {**query, "id": three_payments[0]["id"]})


@pytest.mark.parametrize(
    ("method", "path", "codename"),
    [
        ("get", "/admin/payments", "view_payment"),
        ("get", "/admin/payments/{id}", "view_payment"),
        ("post", "/admin/payments/{id}/capture", "capture_payment"),
        ("post", "/admin/payments/{id}/refund", "refund_payment"),
    ],
)
def test_each_verb_has_its_permission(
    openapi: OpenAPI, payment: Make, fake_provider: Any, method: str, path: str, codename: str
) -> None:
    made = payment(outcome="captured")
    user = User.objects.create_user("clerk", is_staff=True)
    everything_else = Permission.objects.filter(content_type__app_label="medusa_payments").exclude(codename=codename)
    user.user_permissions.set(everything_else)
    client = ValidatedClient(openapi)
    client.force_authenticate(User.objects.get(pk=user.pk))

    refused = getattr(client, method)(path.format_map(made))
    user.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_authenticate(User.objects.get(pk=user.pk))
    allowed = getattr(client, method)(path.format_map(made))

    assert (refused.status_code, refused.json()["type"]) == (403, "forbidden")
    assert f"medusa_payments.{codename}" in refused.json()["message"]
    assert allowed.status_code == 200


@pytest.mark.parametrize("is_customer", [True, False])
def test_only_staff(openapi: OpenAPI, payment: Make, is_customer: bool) -> None:
    made = payment()
    client = ValidatedClient(openapi)
    if is_customer:
        client.force_authenticate(User.objects.create_user("customer", is_superuser=True))

    response = client.post(f"/admin/payments/{made['id']}/capture")

    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    assert Payment.objects.get().captured_amount == 0
