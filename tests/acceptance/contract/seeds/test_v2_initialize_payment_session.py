"""The long document of `POST /store/payment-collections/{id}/payment-sessions`, line by line."""

from collections.abc import Callable
from typing import Any

import pytest

from medusa_payments.states import CollectionStatus
from tests.acceptance.contract.seeds.initialize_payment_session import (
    PATH,
    Begin,
    Request,
    Response,
    Statuses,
    document,
)
from tests.api.openapi import ValidatedClient

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

STATUSES = {"canceled", "not_paid", "awaiting", "authorized", "partially_authorized"}
REQUIRED = {"id", "currency_code", "amount", "status", "payment_providers"}
TYPES = {
    "id": "string",
    "currency_code": "string",
    "amount": "number",
    "authorized_amount": "number",
    "captured_amount": "number",
    "refunded_amount": "number",
    "completed_at": "date-time",
    "created_at": "date-time",
    "updated_at": "date-time",
    "metadata": "object",
    "status": "string",
    "payment_providers": "array",
    "payment_sessions": "array",
    "payments": "array",
}
"""As the list of the response's fields has them, below the example."""


class TestRequest(Request):
    def test_the_example_of_the_curl_command(self, begin: Begin) -> None:
        """Its provider isn't configured here by that name, which is what the answer says."""
        answer = begin({"provider_id": "pp_unknown_unknown", "data": {}})

        assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")
        assert "pp_unknown_unknown" in answer.json()["message"]

    def test_another_content_type_is_refused(self, storefront: ValidatedClient, collection: Callable[..., Any]) -> None:
        answer = storefront.generic("POST", PATH.format(id=collection()["id"]), "<a/>", content_type="application/xml")

        assert answer.status_code == 415


class TestResponse(Response):
    example = EXAMPLE

    @pytest.mark.parametrize("name", TYPES)
    def test_a_field_is_listed_with_its_type(self, openapi: Any, name: str) -> None:
        schema = openapi.document["components"]["schemas"]["PaymentCollection"]["properties"][name]
        resolved = [openapi.resolve(part) for part in schema.get("oneOf", [schema])]

        words = [word for part in resolved for word in (part.get("format"), part.get("type")) if word]
        assert TYPES[name] in str(words)

    @pytest.mark.parametrize("name", sorted(REQUIRED))
    def test_a_required_field_is_never_null(self, begin: Begin, name: str) -> None:
        assert document(begin())["payment_collection"][name] is not None

    def test_the_statuses_are_among_ours(self, openapi: Any) -> None:
        listed = set(openapi.document["components"]["schemas"]["PaymentCollectionStatusEnum"]["enum"])

        assert listed == {status.value for status in CollectionStatus}
        assert listed > STATUSES


class TestStatuses(Statuses):
    @pytest.mark.parametrize(
        ("status", "says"),
        [("200", "OK"), ("400", ""), ("401", ""), ("404", ""), ("409", ""), ("422", ""), ("500", "")],
    )
    def test_each_is_described_and_of_json(self, openapi: Any, operation_of: Any, status: str, says: str) -> None:
        response = openapi.resolve(operation_of(PATH)["responses"][status])

        assert response["description"].startswith(says)
        assert list(response["content"]) == ["application/json"]
