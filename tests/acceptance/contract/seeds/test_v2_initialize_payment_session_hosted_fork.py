"""The hosted fork's document of `POST /store/payment-collections/{id}/payment-sessions`, line by line."""

from typing import Any

import pytest

from tests.acceptance.contract.seeds.initialize_payment_session import (
    FAKE,
    PATH,
    Begin,
    Request,
    Response,
    Statuses,
    document,
)

pytestmark = pytest.mark.any_engine

CAPTURE = {"id": "string", "amount": 0, "created_at": "2019-08-24T14:15:22Z", "created_by": "string", "payment": {}}
REFUND_REASON = {
    "id": "string",
    "label": "string",
    "description": "string",
    "metadata": {},
    "created_at": "2019-08-24T14:15:22Z",
    "updated_at": "2019-08-24T14:15:22Z",
    "code": "string",
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

SYSTEM = "pp_system_default"
ERRORS = {
    "400": {"message": "Discount must be set to dynamic", "type": "not_allowed"},
    "404": {"message": "Entity with id 1 was not found", "type": "not_found"},
    "409": {"code": "unknown_error", "message": "The request conflicted…", "type": "QueryRunnerAlreadyReleasedError"},
    "422": {"code": "invalid_request_error", "message": "…already exists.", "type": "duplicate_error"},
    "500": {"code": "api_error", "message": "An error occured…", "type": "database_error"},
}


class TestAdvice:
    """An amount of 0 is for the system provider; others may need one over 0."""

    def test_an_amount_of_zero_with_the_system_provider(self, begin: Begin) -> None:
        collection = document(begin({"provider_id": SYSTEM}, amount="0"))["payment_collection"]

        [session] = collection["payment_sessions"]
        assert (session["provider_id"], session["amount"], session["status"]) == (SYSTEM, 0, "pending")

    def test_an_amount_of_zero_with_another_provider(self, begin: Begin) -> None:
        answer = begin({"provider_id": FAKE}, amount="0")

        assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")


class TestRequest(Request):
    """With the path, query and header parameters, and the body, of the document."""


class TestResponse(Response):
    example = EXAMPLE

    def test_a_refund_reason_has_a_code(self, whole: Any) -> None:
        [refund] = whole["payment_collection"]["payments"][0]["refunds"]
        assert refund["refund_reason"]["code"] == "shipping_issue"


class TestStatuses(Statuses):
    @pytest.mark.parametrize("status", ERRORS)
    def test_an_error_has_the_keys_of_its_example(self, openapi: Any, operation_of: Any, status: str) -> None:
        content = openapi.resolve(operation_of(PATH)["responses"][status])["content"]["application/json"]
        schema = openapi.resolve(content["schema"])

        assert ERRORS[status].keys() <= schema["properties"].keys()
        assert {"message", "type"} <= set(schema["required"])
        examples = [example["value"] for example in content["examples"].values()]
        assert any(ERRORS[status].keys() <= example.keys() for example in examples)
