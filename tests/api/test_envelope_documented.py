"""The OpenAPI document tells the truth about what all operations share."""

from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from medusa_payments.api.openapi.error_responses import ERRORS, STORE_ERRORS, ErrorResponse
from medusa_payments.api.wire.exceptions import answer
from tests.api.base_endpoints import router

WRITE_STATUSES = {"200", "400", "401", "404", "409", "413", "415", "422", "429", "500", "503"}
READ_STATUSES = {"200", "400", "401", "404", "429", "500", "503"}


@pytest.fixture
def document() -> Any:
    return SchemaGenerator(patterns=router.urls).get_schema(request=None, public=True)


def key_parameter(operation: Any) -> Any:
    return next((each for each in operation["parameters"] if each["name"] == "x-publishable-api-key"), None)


def test_it_is_valid_and_without_warnings(document: Any, capsys: pytest.CaptureFixture[str]) -> None:
    GENERATOR_STATS.reset()

    SchemaGenerator(patterns=router.urls).get_schema(request=None, public=True)

    validate_schema(document)
    assert not GENERATOR_STATS
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/echo", "post", WRITE_STATUSES | {"403"}),
        ("/echo", "get", READ_STATUSES),
        ("/store/things", "post", WRITE_STATUSES | {"403"}),
        ("/store/things", "get", READ_STATUSES),
        ("/admin/things", "post", WRITE_STATUSES | {"403"}),
        ("/admin/things", "get", READ_STATUSES | {"403"}),
    ],
)
def test_every_status_that_can_happen_is_listed(document: Any, path: str, method: str, statuses: set[str]) -> None:
    assert set(document["paths"][path][method]["responses"]) == statuses


def test_the_publishable_key_is_a_header_of_the_store_only(document: Any) -> None:
    paths = document["paths"]

    assert key_parameter(paths["/store/things"]["get"])["required"] is True
    assert "required" not in key_parameter(paths["/echo"]["get"])
    assert "parameters" not in paths["/admin/things"]["get"]


def test_a_login_is_needed_on_admin_and_optional_on_store(document: Any) -> None:
    schemes = [{"cookieAuth": []}, {"jwtAuth": []}]

    assert document["paths"]["/admin/things"]["get"]["security"] == [{"secretKey": []}, *schemes]
    assert document["paths"]["/store/things"]["get"]["security"] == [{}, *schemes]


def test_storefronts_have_errors_of_their_own(document: Any) -> None:
    def named(path: str) -> set[str]:
        references = [response.get("$ref", "") for response in document["paths"][path]["post"]["responses"].values()]
        return {reference.rpartition("/")[2] for reference in references if "Store" in reference}

    own = {"BadRequest", "Unauthorized", "Forbidden", "Conflict", "Unprocessable", "TooManyRequests"}
    assert named("/echo") == named("/store/things")
    assert named("/echo") == {f"PaymentsStore{each}" for each in (*own, "ProviderNotReachable")}
    assert named("/admin/things") == set()


def test_retry_after_is_documented_where_it_is_sent(document: Any) -> None:
    responses = document["components"]["responses"]

    may_retry = ("Conflict", "TooManyRequests", "ProviderNotReachable")
    assert {name for name, response in responses.items() if "headers" in response} == {
        f"{who}{each}" for who in ("Payments", "PaymentsStore") for each in may_retry
    }


def test_strict_bodies_say_so(document: Any) -> None:
    body = document["components"]["schemas"]["EchoBody"]

    assert body["additionalProperties"] is False
    assert "description" not in body
    assert body["properties"]["amount"] == {"type": "number", "exclusiveMinimum": 0}
    assert body["properties"]["record"] == {"$ref": "#/components/schemas/PaymentsRecord"}


def test_an_envelope_is_not_wrapped_in_a_list(document: Any) -> None:
    listed = document["paths"]["/echo"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    assert listed == {"$ref": "#/components/schemas/EchoResponse"}


def test_a_query_is_documented_parameter_by_parameter(document: Any) -> None:
    names = [each["name"] for each in document["paths"]["/echo"]["get"]["parameters"]]

    assert sorted(names) == ["fields", "id", "limit", "offset", "order", "with_deleted", "x-publishable-api-key"]


RESPONSES = [(status, response) for table in (ERRORS, STORE_ERRORS) for status, response in table.items()]


@pytest.mark.parametrize(("status", "response"), RESPONSES)
def test_the_examples_are_what_is_sent_with_their_status(status: int, response: ErrorResponse) -> None:
    for error in response.errors.values():
        assert answer(error, is_for_shoppers=response.is_for_shoppers).status_code == status


@pytest.mark.parametrize("status", [400, 401, 403, 409, 422, 429, 503])
def test_what_a_customer_can_meet_is_shown_with_its_text(status: int) -> None:
    def told(table: dict[int, ErrorResponse]) -> set[str]:
        return {name for name, example in table[status].examples.items() if "shopper_message" in example}

    for_developers = {
        "invalid_data",
        "unauthorized",
        "publishable_key_missing",
        "publishable_key_invalid",
        "duplicate_error",
        "idempotency_error",
    }
    assert told(STORE_ERRORS) == STORE_ERRORS[status].errors.keys() - for_developers
    assert told(STORE_ERRORS)
    assert told(ERRORS) == set()
