"""The document of `POST /store/payment-collections/{id}/sessions/{session_id}/authorize`, line by line."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from medusa_payments.models import PaymentSession
from medusa_payments.services import payment_collections
from tests.acceptance.contract.seeds.walking import TIME
from tests.api.openapi import OpenAPI, ValidatedClient

pytestmark = pytest.mark.any_engine

Make = Callable[..., Any]

PATH = "/store/payment-collections/{id}/sessions/{session_id}/authorize"

STATUSES = ["authorized", "pending", "requires_more", "error", "canceled"]

FIELDS: dict[str, tuple[str, bool]] = {
    "id": ("string", False),
    "cart_id": ("string", True),
    "provider_id": ("string", False),
    "is_selected": ("boolean", True),
    "is_initiated": ("boolean", False),
    "amount": ("integer", True),
    "payment_authorized_at": ("date-time", True),
    "created_at": ("date-time", False),
    "updated_at": ("date-time", False),
    "status": ("string", False),
    "data": ("object", False),
    "idempotency_key": ("string", True),
}
"""The required fields in the document's order: their type, and whether they may be null. `cart` is optional."""

TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "date-time": lambda value: isinstance(value, str) and TIME.fullmatch(value) is not None,
    "object": lambda value: isinstance(value, dict),
}


@pytest.fixture
def authorize(openapi: OpenAPI, session: Make) -> Make:
    """Return a function that authorizes a new session, without a publishable key, and returns the answer."""

    def send(provider_id: str = "pp_system_default", *, ids: dict[str, str] | None = None, **data: Any) -> Any:
        made = session(provider_id, **data)
        named = {"id": made["payment_collection_id"], "session_id": made["id"]} | (ids or {})
        return ValidatedClient(openapi).post(PATH.format(**named))

    return send


class TestRequest:
    def test_the_parameters_are_the_two_of_the_path(self, openapi: OpenAPI) -> None:
        """Both headers are ours to add; neither is needed."""
        operation = openapi.document["paths"][PATH]["post"]
        listed = {(each["in"], each["name"], each.get("required", False)) for each in operation["parameters"]}

        assert {each for each in listed if each[0] == "path"} == {("path", "id", True), ("path", "session_id", True)}
        assert listed - {("path", "id", True), ("path", "session_id", True)} == {
            ("header", "Idempotency-Key", False),
            ("header", "x-publishable-api-key", False),
        }
        assert "requestBody" not in operation

    def test_the_sample(self, session: Make) -> None:
        """`curl --location --request POST`: no header, no body, no query."""
        made = session()
        path = PATH.format(id=made["payment_collection_id"], session_id=made["id"])
        assert APIClient().post(path).status_code == 200


class TestResponse:
    def test_the_envelope_has_one_required_object(self, authorize: Make, openapi: OpenAPI) -> None:
        answer = authorize()
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("application/json")
        assert list(answer.json()) == ["payment_session"]
        schema = openapi.document["components"]["schemas"]["V1PaymentSessionResponse"]
        assert schema["required"] == ["payment_session"]

    @pytest.mark.parametrize("provider_id", ["pp_system_default", "pp_fake_fake"])
    @pytest.mark.parametrize("name", FIELDS)
    def test_a_field(self, authorize: Make, name: str, provider_id: str) -> None:
        kind, may_be_null = FIELDS[name]
        session = authorize(provider_id).json()["payment_session"]

        assert name in session
        assert TYPES[kind](session[name]) or (may_be_null and session[name] is None), session[name]

    @pytest.mark.parametrize("name", FIELDS)
    def test_a_field_is_documented_as_in_the_document(self, openapi: OpenAPI, name: str) -> None:
        schema = openapi.document["components"]["schemas"]["V1PaymentSession"]
        described = openapi.resolve(schema["properties"][name])
        described = openapi.resolve(described["allOf"][0]) if "allOf" in described else described
        kind, may_be_null = FIELDS[name]
        types = described["type"] if isinstance(described["type"], list) else [described["type"]]

        assert name in schema["required"]
        assert ("string" if kind == "date-time" else kind) in types
        assert (described.get("format") == "date-time") == (kind == "date-time")
        assert ("null" in types) == may_be_null

    def test_the_examples(self, authorize: Make) -> None:
        session = authorize().json()["payment_session"]
        assert (session["provider_id"], session["is_initiated"], session["status"]) == ("manual", True, "authorized")
        assert session["amount"] == 5997
        assert (session["data"], session["payment_authorized_at"] is not None) == ({}, True)

    def test_the_statuses_that_are_allowed(self, openapi: OpenAPI) -> None:
        schema = openapi.document["components"]["schemas"]["V1PaymentSession"]["properties"]["status"]
        assert openapi.resolve(schema.get("allOf", [schema])[0])["enum"] == STATUSES

    @pytest.mark.parametrize("status", STATUSES)
    def test_each_of_them_can_be_seen(self, openapi: OpenAPI, session: Make, status: str) -> None:
        """A session that isn't authorized is an error here; reading its collection shows which."""
        made = session(outcome=status)
        client, collection_id = ValidatedClient(openapi), made["payment_collection_id"]
        client.post(PATH.format(id=collection_id, session_id=made["id"]))

        shown = client.get(f"/v1/store/payment-collections/{collection_id}").json()["payment_collection"]
        assert [each["status"] for each in shown["payment_sessions"]] == [status]

    def test_the_optional_cart_is_left_out(self, authorize: Make) -> None:
        assert "cart" not in authorize().json()["payment_session"]


class TestStatuses:
    def test_200(self, authorize: Make) -> None:
        assert authorize().status_code == 200

    def test_400(self, openapi: OpenAPI, session: Make) -> None:
        made = session()
        path = PATH.format(id=made["payment_collection_id"], session_id=made["id"])
        answer = ValidatedClient(openapi).post(path, headers={"Idempotency-Key": "two words"})
        assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")

    def test_401_is_documented_and_never_sent(self, authorize: Make, openapi: OpenAPI) -> None:
        """A storefront's guest pays too; a login that isn't accepted makes the caller one."""
        assert "401" in openapi.document["paths"][PATH]["post"]["responses"]
        assert authorize().status_code == 200

    def test_404(self, authorize: Make) -> None:
        answer = authorize(ids={"id": "pay_col_unknown"})
        assert (answer.status_code, answer.json()) == (
            404,
            {"type": "not_found", "message": "Payment collection with id pay_col_unknown was not found"},
        )

    def test_409(self, authorize: Make) -> None:
        answer = authorize("pp_fake_fake", outcome="timeout_after")
        assert (answer.status_code, answer.json()["type"]) == (409, "conflict")

    @pytest.mark.parametrize("outcome", ["pending", "requires_more", "error", "canceled", "declined"])
    def test_422(self, authorize: Make, outcome: str) -> None:
        answer = authorize("pp_fake_fake", outcome=outcome)
        session = PaymentSession.objects.get()
        assert (answer.status_code, answer.json()) == (
            422,
            {
                "type": "payment_authorization_error",
                "message": f'Failed to authorize Payment Session id "{session.pk}"',
                "shopper_message": answer.json()["shopper_message"],
            },
        )

    def test_422_for_a_session_of_no_collection(self, authorize: Make) -> None:
        assert authorize(ids={"session_id": "payses_unknown"}).status_code == 422

    def test_422_for_a_canceled_collection(self, openapi: OpenAPI, session: Make) -> None:
        made = session()
        payment_collections.cancel(payment_collection_id=made["payment_collection_id"])
        path = PATH.format(id=made["payment_collection_id"], session_id=made["id"])
        assert ValidatedClient(openapi).post(path).status_code == 422

    def test_500_is_documented(self, openapi: OpenAPI) -> None:
        assert "500" in openapi.document["paths"][PATH]["post"]["responses"]
