"""The default documents have every key that Medusa documents for them, of the documented type."""

from collections.abc import Callable
from typing import Any

import pytest

from medusa_payments.services import refund_reasons
from tests.api.openapi import ValidatedClient

pytestmark = pytest.mark.any_engine

NUMBER = (int, float)
STRING = str
TIME = str
RECORD = dict
MAYBE = type(None)

REFUND_REASON = {
    "id": STRING,
    "label": STRING,
    "code": STRING,
    "metadata": (RECORD, MAYBE),
    "created_at": TIME,
    "updated_at": TIME,
    "description": (STRING, MAYBE),
}
CAPTURE = {
    "id": STRING,
    "amount": NUMBER,
    "created_at": TIME,
    "payment": RECORD,
    "created_by": (STRING, MAYBE),
    "payment_id": STRING,
    "raw_amount": RECORD,
    "metadata": (RECORD, MAYBE),
    "updated_at": TIME,
    "deleted_at": (TIME, MAYBE),
}
REFUND = {
    **CAPTURE,
    "refund_reason_id": (STRING, MAYBE),
    "note": (STRING, MAYBE),
    "refund_reason": REFUND_REASON,
}
PAYMENT = {
    "id": STRING,
    "amount": NUMBER,
    "currency_code": STRING,
    "provider_id": STRING,
    "authorized_amount": NUMBER,
    "data": RECORD,
    "created_at": TIME,
    "updated_at": TIME,
    "captured_at": (TIME, MAYBE),
    "canceled_at": (TIME, MAYBE),
    "captured_amount": NUMBER,
    "refunded_amount": NUMBER,
    "captures": [CAPTURE],
    "refunds": [REFUND],
    "payment_collection": RECORD,
    "payment_session": RECORD,
    "payment_collection_id": STRING,
    "payment_session_id": STRING,
    "raw_amount": RECORD,
    "metadata": (RECORD, MAYBE),
    "deleted_at": (TIME, MAYBE),
}
PAYMENT_SESSION = {
    "id": STRING,
    "amount": NUMBER,
    "currency_code": STRING,
    "provider_id": STRING,
    "data": RECORD,
    "status": STRING,
    "context": RECORD,
    "authorized_at": (TIME, MAYBE),
    "payment_collection": RECORD,
    "payment": PAYMENT,
    "payment_collection_id": STRING,
    "raw_amount": RECORD,
    "metadata": RECORD,
    "created_at": TIME,
    "updated_at": TIME,
    "deleted_at": (TIME, MAYBE),
}
PAYMENT_COLLECTION = {
    "id": STRING,
    "currency_code": STRING,
    "amount": NUMBER,
    "status": STRING,
    "payment_providers": [{"id": STRING}],
    "authorized_amount": NUMBER,
    "captured_amount": NUMBER,
    "refunded_amount": NUMBER,
    "completed_at": (TIME, MAYBE),
    "created_at": TIME,
    "updated_at": TIME,
    "metadata": (RECORD, MAYBE),
    "payment_sessions": [PAYMENT_SESSION],
    "payments": [PAYMENT],
}
V1_PAYMENT_SESSION = {
    "id": STRING,
    "cart_id": (STRING, MAYBE),
    "provider_id": STRING,
    "is_selected": (bool, MAYBE),
    "is_initiated": bool,
    "amount": (int, MAYBE),
    "payment_authorized_at": (TIME, MAYBE),
    "created_at": TIME,
    "updated_at": TIME,
    "status": STRING,
    "data": RECORD,
    "idempotency_key": (STRING, MAYBE),
}


def mismatches(documented: Any, actual: Any, path: str = "") -> list[str]:
    if isinstance(documented, list):
        if not isinstance(actual, list) or not actual:
            return [f"{path}: not a filled list"]
        return [problem for item in actual for problem in mismatches(documented[0], item, f"{path}[]")]
    if not isinstance(documented, dict):
        return [] if isinstance(actual, documented) else [f"{path}: {actual!r}"]
    if not isinstance(actual, dict):
        return [f"{path}: not an object"]
    missing = [f"{path}.{name}: missing" for name in documented if name not in actual]
    shared = [name for name in documented if name in actual]
    return missing + [
        problem for name in shared for problem in mismatches(documented[name], actual[name], f"{path}.{name}")
    ]


@pytest.fixture
def refunded(staff: ValidatedClient, payment: Callable[..., Any]) -> Any:
    """A payment with a capture and a refund, as the admin API shows it."""
    reason = refund_reasons.create(label="Shipping issue", code="shipping_issue")
    path = f"/admin/payments/{payment()['id']}"
    staff.post(f"{path}/capture")
    return staff.post(f"{path}/refund", {"amount": 10, "refund_reason_id": reason.pk}).json()["payment"]


def test_store_payment_collection(storefront: ValidatedClient, refunded: Any) -> None:
    response = storefront.get(f"/store/payment-collections/{refunded['payment_collection_id']}")

    assert mismatches(PAYMENT_COLLECTION, response.json()["payment_collection"]) == []


def test_admin_payment(staff: ValidatedClient, refunded: Any) -> None:
    listed = staff.get("/admin/payments").json()["payments"]

    assert mismatches(PAYMENT, refunded) == []
    assert mismatches([PAYMENT], listed) == []


def test_v1_payment_session(storefront: ValidatedClient, refunded: Any) -> None:
    path = f"/store/payment-collections/{refunded['payment_collection_id']}/sessions/{refunded['payment_session_id']}"

    document = storefront.post(f"{path}/authorize").json()["payment_session"]

    assert mismatches(V1_PAYMENT_SESSION, document) == []
    assert document.keys() == V1_PAYMENT_SESSION.keys()


@pytest.mark.parametrize(
    ("documented", "actual", "problem"),
    [
        ({"a": STRING}, {}, [".a: missing"]),
        ({"a": NUMBER}, {"a": "1"}, [".a: '1'"]),
        ([{"a": STRING}], [], [": not a filled list"]),
        ({"a": {"b": STRING}}, {"a": None}, [".a: not an object"]),
    ],
)
def test_the_comparison_finds_problems(documented: Any, actual: Any, problem: list[str]) -> None:
    assert mismatches(documented, actual) == problem
