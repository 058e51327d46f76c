"""The document of `POST /store/payment-collections`, line by line."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.contract.seeds.walking import lines, problems, seen
from tests.api.openapi import ValidatedClient

pytestmark = pytest.mark.any_engine

PATH = "/store/payment-collections"

CAPTURE = {
    "id": "<string>",
    "amount": 123,
    "created_at": "2023-11-07T05:31:56Z",
    "payment": {},
    "created_by": "<string>",
}
REFUND_REASON = {
    "id": "<string>",
    "label": "<string>",
    "metadata": {},
    "created_at": "2023-11-07T05:31:56Z",
    "updated_at": "2023-11-07T05:31:56Z",
    "description": "<string>",
}
REFUND = {
    "id": "<string>",
    "amount": 123,
    "created_at": "2023-11-07T05:31:56Z",
    "payment": {},
    "refund_reason_id": "<string>",
    "note": "<string>",
    "created_by": "<string>",
    "refund_reason": REFUND_REASON,
}
PAYMENT = {
    "id": "<string>",
    "amount": 123,
    "currency_code": "<string>",
    "provider_id": "<string>",
    "authorized_amount": 123,
    "data": {},
    "created_at": "2023-11-07T05:31:56Z",
    "updated_at": "2023-11-07T05:31:56Z",
    "captured_at": "2023-11-07T05:31:56Z",
    "canceled_at": "2023-11-07T05:31:56Z",
    "captured_amount": 123,
    "refunded_amount": 123,
    "captures": [CAPTURE],
    "refunds": [REFUND],
    "payment_collection": {},
    "payment_session": {},
}
SESSION = {
    "id": "<string>",
    "amount": 123,
    "currency_code": "usd",
    "provider_id": "<string>",
    "data": {},
    "status": "authorized",
    "context": {"customer": {"id": "cus_123"}},
    "authorized_at": "2023-11-07T05:31:56Z",
    "payment_collection": {},
    "payment": PAYMENT,
}
RESPONSE = {
    "payment_collection": {
        "id": "<string>",
        "currency_code": "<string>",
        "amount": 123,
        "status": "canceled",
        "payment_providers": [{"id": "<string>"}],
        "authorized_amount": 123,
        "captured_amount": 123,
        "refunded_amount": 123,
        "completed_at": "2023-11-07T05:31:56Z",
        "created_at": "2023-11-07T05:31:56Z",
        "updated_at": "2023-11-07T05:31:56Z",
        "metadata": {},
        "payment_sessions": [SESSION],
        "payments": [PAYMENT],
    }
}


@pytest.fixture
def shown(storefront: ValidatedClient, refunded: Any) -> Any:
    """What the call answers for a cart that was paid, in part given back, by a customer who is logged in."""
    return storefront.post(PATH, {"cart_id": "cart_1"}).json()


class TestRequest:
    def test_method_and_path(self, storefront: ValidatedClient, set_total: Callable[..., None]) -> None:
        set_total("59.97")

        assert storefront.post(PATH, {"cart_id": "cart_1"}).status_code == 200
        assert storefront.post(f"{PATH}/", {"cart_id": "cart_1"}).status_code == 200

    def test_header_x_publishable_api_key_is_required(self, staff: ValidatedClient, operation_of: Any) -> None:
        answer = staff.post(PATH, {"cart_id": "cart_1"})

        assert (answer.status_code, answer.json()["type"]) == (400, "not_allowed")
        [header] = [each for each in operation_of(PATH)["parameters"] if each["name"] == "x-publishable-api-key"]
        assert (header["in"], header["required"], header["schema"]["type"]) == ("header", True, "string")

    @pytest.mark.parametrize(
        ("fields", "has_status", "has_payments"),
        [
            ("+raw_amount", True, True),
            ("-status", False, True),
            ("-payments", True, False),
            ("status", True, False),
            ("id,payments.id", False, True),
        ],
    )
    def test_query_fields_adds_removes_or_replaces(
        self,
        storefront: ValidatedClient,
        set_total: Callable[..., None],
        fields: str,
        has_status: bool,
        has_payments: bool,
    ) -> None:
        set_total("59.97")

        answer = storefront.post(f"{PATH}?fields={fields.replace('+', '%2B')}", {"cart_id": "cart_1"})

        collection = answer.json()["payment_collection"]
        assert ("status" in collection, "payments" in collection) == (has_status, has_payments)
        assert ("raw_amount" in collection) == fields.startswith("+")
        assert "id" in collection

    def test_query_fields_is_an_optional_string(self, operation_of: Any) -> None:
        [query] = [each for each in operation_of(PATH)["parameters"] if each["name"] == "fields"]
        assert (query["in"], query.get("required", False), query["schema"]["type"]) == ("query", False, "string")

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({}, "Field 'cart_id' is required"),
            ({"cart_id": 7}, "Expected type: 'string' for field 'cart_id', got: '7'"),
            ({"cart_id": None}, "Expected type: 'string' for field 'cart_id', got: 'null'"),
        ],
    )
    def test_body_cart_id_is_a_required_string(self, storefront: ValidatedClient, body: Any, message: str) -> None:
        answer = storefront.post(PATH, body)

        assert (answer.status_code, answer.json()) == (
            400,
            {"type": "invalid_data", "message": f"Invalid request: {message}"},
        )

    def test_body_is_json(self, operation_of: Any) -> None:
        assert list(operation_of(PATH)["requestBody"]["content"]) == ["application/json"]
        assert operation_of(PATH)["requestBody"]["required"] is True


class TestResponse:
    def test_every_field_is_there_and_of_its_type(self, shown: Any) -> None:
        assert list(problems(RESPONSE, shown)) == []

    def test_every_line_of_the_example_was_met(self, shown: Any) -> None:
        assert set(lines(RESPONSE)) - set(seen(shown)) == set()

    def test_the_amounts_are_the_collections(self, shown: Any) -> None:
        collection = shown["payment_collection"]
        amounts = [collection[name] for name in ("amount", "authorized_amount", "captured_amount", "refunded_amount")]

        assert (amounts, collection["currency_code"]) == ([59.97, 59.97, 59.97, 10], "eur")

    def test_a_new_collection_has_the_same_fields(
        self, storefront: ValidatedClient, set_total: Callable[..., None]
    ) -> None:
        set_total("59.97")

        made = storefront.post(PATH, {"cart_id": "cart_1"}).json()

        assert list(problems(RESPONSE, made)) == []
        assert made["payment_collection"]["status"] == "not_paid"
        assert [made["payment_collection"][name] for name in ("payment_sessions", "payments")] == [[], []]


class TestStatuses:
    def test_200_is_described_as_this_document_does(self, openapi: Any, operation_of: Any) -> None:
        answer = operation_of(PATH)["responses"]["200"]
        assert answer["description"] == "OK"
        schema = openapi.resolve(answer["content"]["application/json"]["schema"])
        assert schema["required"] == ["payment_collection"]

    def test_404_for_an_unknown_cart(self, storefront: ValidatedClient) -> None:
        answer = storefront.post(PATH, {"cart_id": "cart_unknown"})

        assert (answer.status_code, answer.json()) == (
            404,
            {"type": "not_found", "message": "Cart id not found: cart_unknown"},
        )
