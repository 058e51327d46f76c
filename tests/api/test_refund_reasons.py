"""The staff keeps the reasons that refunds can name."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from medusa_payments.services import refund_reasons
from tests.api.openapi import ValidatedClient

Make = Callable[..., Any]

PATH = "/admin/refund-reasons"


@pytest.fixture
def reason(staff: ValidatedClient) -> Make:
    def make(code: str = "damaged", label: str = "Damaged", **more: Any) -> Any:
        return staff.post(PATH, {"label": label, "code": code, **more}).json()["refund_reason"]

    return make


def test_create_and_get(staff: ValidatedClient, reason: Make) -> None:
    made = reason(description="It arrived broken.")

    assert made["id"].startswith("refr_")
    assert {name: made[name] for name in ("label", "code", "description", "metadata", "deleted_at")} == {
        "label": "Damaged",
        "code": "damaged",
        "description": "It arrived broken.",
        "metadata": None,
        "deleted_at": None,
    }
    assert staff.get(f"{PATH}/{made['id']}").json() == {"refund_reason": made}


def test_a_description_may_be_missing_or_null(reason: Make) -> None:
    assert reason("one")["description"] is None
    assert reason("two", description=None)["description"] is None


def test_update_changes_what_is_given(staff: ValidatedClient, reason: Make) -> None:
    made = reason(description="It arrived broken.")

    changed = staff.post(f"{PATH}/{made['id']}", {"label": "Broken", "description": None}).json()["refund_reason"]

    assert (changed["label"], changed["code"], changed["description"]) == ("Broken", "damaged", None)
    assert staff.get(f"{PATH}/{made['id']}").json() == {"refund_reason": changed}


def test_a_code_is_taken_until_its_reason_is_deleted(staff: ValidatedClient, reason: Make) -> None:
    made, other = reason("damaged"), reason("late")
    body = {"label": "Another", "code": "damaged"}

    answers = [staff.post(PATH, body), staff.post(f"{PATH}/{other['id']}", {"code": "damaged"})]
    staff.delete(f"{PATH}/{made['id']}")

    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (
            422,
            {
                "code": "invalid_request_error",
                "type": "duplicate_error",
                "message": "Refund reason with code: damaged, already exists.",
            },
        )
    ] * 2
    assert staff.post(PATH, body).status_code == 200


def test_delete(staff: ValidatedClient, reason: Make) -> None:
    made = reason()

    response = staff.delete(f"{PATH}/{made['id']}")

    assert (response.status_code, response.json()) == (
        200,
        {"id": made["id"], "object": "refund_reason", "deleted": True},
    )
    assert staff.get(PATH).json()["count"] == 0


@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize("was_deleted", [True, False])
def test_unknown_ids(staff: ValidatedClient, reason: Make, method: str, was_deleted: bool) -> None:
    reason_id = reason()["id"] if was_deleted else "refr_1"
    if was_deleted:
        refund_reasons.delete(refund_reason_id=reason_id)

    response = getattr(staff, method)(f"{PATH}/{reason_id}")

    assert (response.status_code, response.json()) == (
        404,
        {"type": "not_found", "message": f'RefundReason with id "{reason_id}" not found'},
    )


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("order=code", ["damaged", "late", "price"]),
        ("order=-label", ["price", "late", "damaged"]),
        ("order=code&limit=1&offset=1", ["late"]),
        ("q=BROKEN", ["damaged"]),
        ("q=late", ["late"]),
        ("q=pric", ["price"]),
        ("q=100%25", []),
        ("id={0}", ["damaged"]),
        ("id[0]={0}&id[1]={2}&order=code", ["damaged", "price"]),
        ("created_at[$gt]=2999-01-01", []),
        ("updated_at[$lt]=2999-01-01&order=code", ["damaged", "late", "price"]),
        ("deleted_at[$gt]=2000-01-01", []),
        ("with_deleted=true&order=code", ["damaged", "late", "price"]),
    ],
)
def test_list(staff: ValidatedClient, reason: Make, query: str, codes: list[str]) -> None:
    ids = [
        reason("damaged", "Damaged", description="It arrived broken.")["id"],
        reason("late", "Too late")["id"],
        reason("price", "Wrong price")["id"],
    ]
    staff.delete(f"{PATH}/{reason('gone', 'Broken promise')['id']}")

    response = staff.get(f"{PATH}?{query.format(*ids)}")

    assert response.status_code == 200
    assert [each["code"] for each in response.json()["refund_reasons"]] == codes


def test_a_page_has_15(staff: ValidatedClient, reason: Make) -> None:
    for number in range(16):
        reason(f"code_{number}")

    document = staff.get(PATH).json()

    assert (len(document["refund_reasons"]), document["count"], document["limit"]) == (15, 16, 15)


@pytest.mark.parametrize("query", ["label=Damaged", "code=damaged", "order=metadata", "limit=-1", "$or[0][id]=x"])
def test_wrong_queries(staff: ValidatedClient, query: str) -> None:
    response = staff.get(f"{PATH}?{query}")

    assert (response.status_code, response.json()["type"]) == (400, "invalid_data")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"code": "a"}, "Field 'label' is required"),
        ({"label": "a"}, "Field 'code' is required"),
        ({"label": 1, "code": "a"}, "Expected type: 'string' for field 'label', got: '1'"),
        ({"label": "a", "code": None}, "Expected type: 'string' for field 'code', got: 'null'"),
        ({"label": "a", "code": "a", "metadata": {}}, "Unrecognized fields: 'metadata'"),
        ({"label": "a", "code": "a" * 256}, "Value for field 'code' too big, expected at most: '255'"),
    ],
)
def test_wrong_bodies(staff: ValidatedClient, body: dict[str, Any], message: str) -> None:
    response = staff.post(PATH, body)

    assert response.json() == {"type": "invalid_data", "message": f"Invalid request: {message}"}
    assert (response.status_code, staff.get(PATH).json()["count"]) == (400, 0)


def test_fields_narrow(staff: ValidatedClient, reason: Make) -> None:
    made = reason()

    response = staff.get(f"{PATH}/{made['id']}?fields=code")

    assert response.json() == {"refund_reason": {"id": made["id"], "code": "damaged"}}


def test_the_usual_ones_by_command(staff: ValidatedClient, reason: Make) -> None:
    made = reason("pricing_error", "Our own")
    first, second = StringIO(), StringIO()

    call_command("payments_create_refund_reasons", stdout=first)
    call_command("payments_create_refund_reasons", stdout=second)

    listed = {each["code"]: each for each in staff.get(PATH).json()["refund_reasons"]}
    assert listed.keys() == {"shipping_issue", "customer_care_adjustment", "pricing_error"}
    assert listed["pricing_error"] == made
    assert first.getvalue().splitlines() == [
        "Created shipping_issue: Shipping Issue",
        "Created customer_care_adjustment: Customer Care Adjustment",
    ]
    assert second.getvalue() == "All usual refund reasons exist already.\n"


def test_a_refund_shows_its_reason_as_it_is_now(staff: ValidatedClient, reason: Make, payment: Make) -> None:
    made = reason()
    path = f"/admin/payments/{payment(outcome='captured')['id']}"
    staff.post(f"{path}/refund", {"amount": 1, "refund_reason_id": made["id"]})
    staff.post(f"{PATH}/{made['id']}", {"label": "Broken"})
    staff.delete(f"{PATH}/{made['id']}")

    shown = staff.get(path).json()["payment"]["refunds"][0]["refund_reason"]
    refused = staff.post(f"{path}/refund", {"amount": 1, "refund_reason_id": made["id"]})

    assert (shown["label"], shown["code"], refused.status_code) == ("Broken", "damaged", 404)
