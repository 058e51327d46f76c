"""The documents of `POST /store/payment-collections/{id}/payment-sessions`, line by line.

What all of them say is tried once; their examples of the response, and what only one of them says, each for itself.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from medusa_payments.states import CollectionStatus
from tests.acceptance.contract.seeds.initialize_payment_session import (
    ERRORS,
    EXAMPLES,
    FAKE,
    PATH,
    REQUIRED,
    STATUSES,
    SYSTEM,
    TYPES,
    Begin,
    document,
)
from tests.acceptance.contract.seeds.walking import lines, problems, seen
from tests.api.openapi import ValidatedClient

pytestmark = pytest.mark.any_engine


@pytest.fixture
def whole(storefront: ValidatedClient, refunded: Any) -> Any:
    """A collection that was paid with a session, with all that came after."""
    return storefront.get(f"/store/payment-collections/{refunded['payment_collection_id']}").json()


class TestRequest:
    """The request, as all documents describe it."""

    def test_method_and_path(self, begin: Begin, operation_of: Any) -> None:
        assert begin().status_code == 200
        assert operation_of(PATH)["operationId"] == "initializePaymentSession"

    def test_path_id_is_the_collections(self, begin: Begin, collection: Callable[..., Any]) -> None:
        made = collection()

        assert document(begin(collection_id=made["id"]))["payment_collection"]["id"] == made["id"]

    def test_header_x_publishable_api_key_is_required(
        self, staff: ValidatedClient, collection: Callable[..., Any], operation_of: Any
    ) -> None:
        path = PATH.format(id=collection()["id"])

        for headers in ({}, {"x-publishable-api-key": ""}):
            answer = staff.post(path, {"provider_id": FAKE}, headers=headers)
            assert (answer.status_code, answer.json()["type"]) == (400, "not_allowed")
        [header] = [each for each in operation_of(PATH)["parameters"] if each["name"] == "x-publishable-api-key"]
        assert (header["in"], header["required"], header["schema"]["type"]) == ("header", True, "string")

    @pytest.mark.parametrize(
        ("fields", "has_status", "has_sessions"),
        [
            ("%2Braw_amount", True, True),
            ("-status", False, True),
            ("status", True, False),
            ("-payment_sessions", True, False),
        ],
    )
    def test_query_fields_adds_removes_or_replaces(
        self, begin: Begin, fields: str, has_status: bool, has_sessions: bool
    ) -> None:
        shown = document(begin(query=f"?fields={fields}"))["payment_collection"]

        assert ("status" in shown, "payment_sessions" in shown) == (has_status, has_sessions)
        assert ("raw_amount" in shown) == fields.startswith("%2B")

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({}, "Invalid request: Field 'provider_id' is required"),
            ({"provider_id": 7}, "Invalid request: Expected type: 'string' for field 'provider_id', got: '7'"),
        ],
    )
    def test_body_provider_id_is_a_required_string(self, begin: Begin, body: Any, message: str) -> None:
        answer = begin(body)

        assert (answer.status_code, answer.json()) == (400, {"type": "invalid_data", "message": message})

    def test_body_data_is_an_optional_object(self, begin: Begin) -> None:
        assert begin({"provider_id": FAKE, "data": {}}).status_code == 200
        refused = begin({"provider_id": FAKE, "data": "text"})
        assert (refused.status_code, refused.json()["type"]) == (400, "invalid_data")

    def test_body_is_json(self, operation_of: Any) -> None:
        assert list(operation_of(PATH)["requestBody"]["content"]) == ["application/json"]


class TestStatuses:
    """The statuses that all documents list: 200, 400, 401, 404, 409, 422, 500."""

    def test_all_are_documented(self, operation_of: Any) -> None:
        assert {"200", "400", "401", "404", "409", "422", "500"} <= operation_of(PATH)["responses"].keys()

    def test_400_has_a_message_and_a_type(self, begin: Begin, refunded: Any) -> None:
        answer = begin(collection_id=refunded["payment_collection_id"])

        assert (answer.status_code, answer.json()["type"]) == (400, "not_allowed")
        assert isinstance(answer.json()["message"], str)

    def test_401_is_documented_and_a_missing_key_is_400(self, openapi: Any, operation_of: Any) -> None:
        """As Medusa's server has it, whatever its documents say: row of docs/differences.md."""
        unauthorized = openapi.resolve(operation_of(PATH)["responses"]["401"])
        examples = unauthorized["content"]["application/json"]["examples"]
        assert examples["unauthorized"]["value"] == {"message": "Unauthorized"}

    def test_404_has_a_message_and_a_type(self, begin: Begin) -> None:
        answer = begin(collection_id="pay_col_unknown")

        assert (answer.status_code, answer.json()) == (
            404,
            {"type": "not_found", "message": "PaymentCollection id not found: pay_col_unknown"},
        )

    def test_409_has_a_code_a_message_and_a_type(self, begin: Begin) -> None:
        answer = begin({"provider_id": FAKE, "data": {"on": "initiate", "outcome": "timeout_before"}})

        assert (answer.status_code, answer.json()["type"]) == (409, "conflict")
        assert {"code", "message", "type"} <= answer.json().keys()
        assert int(answer["Retry-After"]) > 0

    def test_422_has_a_message_and_a_type(self, begin: Begin) -> None:
        answer = begin({"provider_id": FAKE, "data": {"on": "initiate", "outcome": "declined"}})

        assert (answer.status_code, answer.json()["type"]) == (422, "payment_authorization_error")
        assert {"message", "type"} <= answer.json().keys()

    def test_500_has_a_code_a_message_and_a_type(
        self, begin: Begin, storefront: ValidatedClient, collection: Callable[..., Any], settings: Any
    ) -> None:
        made = collection()["id"]
        storefront.raise_request_exception = False
        settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "CART_RESOLVER": _broken}

        answer = begin(collection_id=made)

        assert (answer.status_code, answer.json()) == (
            500,
            {"code": "unknown_error", "type": "unknown_error", "message": "An unknown error occurred."},
        )


class TestResponse:
    """The response, as each document has it."""

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_every_field_is_there_and_of_its_type(self, storefront: ValidatedClient, begin: Begin, name: str) -> None:
        storefront.force_authenticate(User.objects.create_user("ada"))

        assert list(problems(EXAMPLES[name], document(begin()))) == []

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_every_field_of_what_comes_later_is_too(self, whole: Any, name: str) -> None:
        assert list(problems(EXAMPLES[name], whole)) == []

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_every_line_of_the_example_was_met(self, whole: Any, name: str) -> None:
        assert set(lines(EXAMPLES[name])) - set(seen(whole)) == set()

    def test_the_session_is_the_chosen_providers(self, begin: Begin) -> None:
        collection = document(begin())["payment_collection"]

        [session] = collection["payment_sessions"]
        assert (session["provider_id"], session["amount"], session["currency_code"]) == (FAKE, 59.97, "eur")
        assert (session["status"], session["payment"], session["context"]) == ("pending", None, {})
        assert collection["payment_providers"] == [{"id": FAKE}]
        assert collection["payments"] == []


class TestTheLongDocument:
    def test_the_example_of_the_curl_command(self, begin: Begin) -> None:
        """Its provider isn't configured here by that name, which is what the answer says."""
        answer = begin({"provider_id": "pp_unknown_unknown", "data": {}})

        assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")
        assert "pp_unknown_unknown" in answer.json()["message"]

    def test_another_content_type_is_refused(self, storefront: ValidatedClient, collection: Callable[..., Any]) -> None:
        answer = storefront.generic("POST", PATH.format(id=collection()["id"]), "<a/>", content_type="application/xml")

        assert answer.status_code == 415

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

    @pytest.mark.parametrize(
        ("status", "says"),
        [("200", "OK"), ("400", ""), ("401", ""), ("404", ""), ("409", ""), ("422", ""), ("500", "")],
    )
    def test_each_is_described_and_of_json(self, openapi: Any, operation_of: Any, status: str, says: str) -> None:
        response = openapi.resolve(operation_of(PATH)["responses"][status])

        assert response["description"].startswith(says)
        assert list(response["content"]) == ["application/json"]


class TestTheShortDocument:
    def test_the_parameters_are_those_that_are_listed(self, operation_of: Any) -> None:
        """`Idempotency-Key` is ours to add."""
        listed = {(each["in"], each["name"], each.get("required", False)) for each in operation_of(PATH)["parameters"]}

        assert listed - {("header", "Idempotency-Key", False)} == {
            ("path", "id", True),
            ("query", "fields", False),
            ("header", "x-publishable-api-key", True),
        }


class TestTheHostedForksDocument:
    def test_an_amount_of_zero_with_the_system_provider(self, begin: Begin) -> None:
        collection = document(begin({"provider_id": SYSTEM}, amount="0"))["payment_collection"]

        [session] = collection["payment_sessions"]
        assert (session["provider_id"], session["amount"], session["status"]) == (SYSTEM, 0, "pending")

    def test_an_amount_of_zero_with_another_provider(self, begin: Begin) -> None:
        answer = begin({"provider_id": FAKE}, amount="0")

        assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")

    def test_a_refund_reason_has_a_code(self, whole: Any) -> None:
        [refund] = whole["payment_collection"]["payments"][0]["refunds"]
        assert refund["refund_reason"]["code"] == "shipping_issue"

    @pytest.mark.parametrize("status", ERRORS)
    def test_an_error_has_the_keys_of_its_example(self, openapi: Any, operation_of: Any, status: str) -> None:
        content = openapi.resolve(operation_of(PATH)["responses"][status])["content"]["application/json"]
        schema = openapi.resolve(content["schema"])

        assert ERRORS[status].keys() <= schema["properties"].keys()
        assert {"message", "type"} <= set(schema["required"])
        examples = [example["value"] for example in content["examples"].values()]
        assert any(ERRORS[status].keys() <= example.keys() for example in examples)


def _broken(*_: object) -> None:
    raise RuntimeError("the shop's own bug")
