"""The short document of `POST /store/payment-collections/{id}/payment-sessions`, line by line."""

from typing import Any

import pytest

from tests.acceptance.contract.seeds.initialize_payment_session import PATH, Request, Response, Statuses

pytestmark = pytest.mark.any_engine

CAPTURE = {"id": "string", "amount": 0, "created_at": "2019-08-24T14:15:22Z", "created_by": "string", "payment": {}}
REFUND_REASON = {
    "id": "string",
    "label": "string",
    "description": "string",
    "metadata": {},
    "created_at": "2019-08-24T14:15:22Z",
    "updated_at": "2019-08-24T14:15:22Z",
}
REFUND = {
    "id": "string",
    "amount": 0,
    "refund_reason_id": "string",
    "note": "string",
    "created_at": "2019-08-24T14:15:22Z",
    "created_by": "string",
    "payment": {},
    "refund_reason": REFUND_REASON,
}
PAYMENT = {
    "id": "string",
    "amount": 0,
    "authorized_amount": 0,
    "currency_code": "string",
    "provider_id": "string",
    "created_at": "2019-08-24T14:15:22Z",
    "updated_at": "2019-08-24T14:15:22Z",
    "captured_at": "2019-08-24T14:15:22Z",
    "canceled_at": "2019-08-24T14:15:22Z",
    "captured_amount": 0,
    "refunded_amount": 0,
    "payment_collection": {},
    "payment_session": {},
    "data": {},
    "captures": [CAPTURE],
    "refunds": [REFUND],
}
SESSION = {
    "id": "string",
    "amount": 0,
    "currency_code": "usd",
    "provider_id": "string",
    "authorized_at": "2019-08-24T14:15:22Z",
    "payment_collection": {},
    "data": {},
    "status": "authorized",
    "context": {"customer": {"id": "cus_123"}},
    "payment": PAYMENT,
}
EXAMPLE = {
    "payment_collection": {
        "id": "string",
        "currency_code": "string",
        "amount": 0,
        "authorized_amount": 0,
        "captured_amount": 0,
        "refunded_amount": 0,
        "completed_at": "2019-08-24T14:15:22Z",
        "created_at": "2019-08-24T14:15:22Z",
        "updated_at": "2019-08-24T14:15:22Z",
        "metadata": {},
        "status": "canceled",
        "payment_providers": [{"id": "string"}],
        "payment_sessions": [SESSION],
        "payments": [PAYMENT],
    }
}


class TestRequest(Request):
    def test_the_parameters_are_those_that_are_listed(self, operation_of: Any) -> None:
        """`Idempotency-Key` is ours to add."""
        listed = {(each["in"], each["name"], each.get("required", False)) for each in operation_of(PATH)["parameters"]}

        assert listed - {("header", "Idempotency-Key", False)} == {
            ("path", "id", True),
            ("query", "fields", False),
            ("header", "x-publishable-api-key", True),
        }


class TestResponse(Response):
    example = EXAMPLE


class TestStatuses(Statuses):
    """The document has the heading only."""
