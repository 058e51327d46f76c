"""Bodies and queries: exact, bounded and strict, refused in Medusa's words."""

import json
from decimal import Decimal
from io import BytesIO
from typing import Any
from unittest.mock import Mock

import pytest
from django.http import QueryDict
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from medusa_payments.api.wire.brackets import nested
from medusa_payments.api.wire.parsers import JSONParser
from medusa_payments.exceptions import InvalidData, ProviderNotReachable
from tests.api.base_endpoints import EchoViewSet

pytestmark = [pytest.mark.urls("tests.api.base_endpoints"), pytest.mark.any_engine]


def post(client: Client, body: str | bytes, content_type: str = "application/json") -> Any:
    return client.post("/echo", body, content_type=content_type)


def problem(client: Client, body: str | bytes) -> str:
    response = post(client, body)
    assert (response.status_code, response.json()["type"]) == (400, "invalid_data")
    message: str = response.json()["message"]
    return message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{}", "Invalid request: Field 'name' is required"),
        ("", "Invalid request: Field 'name' is required"),
        ('{"name": 5}', "Invalid request: Expected type: 'string' for field 'name', got: '5'"),
        ('{"name": null}', "Invalid request: Expected type: 'string' for field 'name', got: 'null'"),
        ('{"name": true}', "Invalid request: Expected type: 'string' for field 'name', got: 'true'"),
        ('{"name": {"a": 1}}', "Invalid request: Expected type: 'string' for field 'name', got: 'record'"),
        ('{"name": "a", "amount": "5"}', "Invalid request: Expected type: 'number' for field 'amount', got: '5'"),
        ('{"name": "a", "amount": true}', "Invalid request: Expected type: 'number' for field 'amount', got: 'true'"),
        (
            '{"name": "a", "amount": 0}',
            "Invalid request: Value for field 'amount' too small, expected at least: '0'",
        ),
        (
            '{"name": "a", "amount": -0.5}',
            "Invalid request: Value for field 'amount' too small, expected at least: '0'",
        ),
        ('{"name": "a", "record": []}', "Invalid request: Expected type: 'record' for field 'record', got: 'array'"),
        ('{"name": "a", "kind": "green"}', "Invalid request: Expected: 'red, blue' for field 'kind', but got: 'green'"),
        ('{"name": "a", "kind": null}', "Invalid request: Expected type: 'string' for field 'kind', got: 'null'"),
        ('{"name": "a", "x": 1, "y": 2}', "Invalid request: Unrecognized fields: 'x, y'"),
        ('{"y": 1, "name": "a", "x": 2}', "Invalid request: Unrecognized fields: 'y, x'"),
        (
            '{"amount": "a", "record": 1, "kind": 2, "x": 1}',
            "Invalid request: Field 'name' is required; "
            "Expected type: 'number' for field 'amount', got: 'a'; "
            "Expected type: 'record' for field 'record', got: '1'",
        ),
    ],
)
def test_a_wrong_body_is_refused_in_medusas_words(client: Client, body: str, message: str) -> None:
    assert problem(client, body) == message


def test_long_strings_are_refused(client: Client) -> None:
    message = problem(client, json.dumps({"name": "a" * 256}))

    assert message == "Invalid request: Value for field 'name' too big, expected at most: '255'"


@pytest.mark.parametrize("value", [4242424242424242, "4242424242424242", "4242 4242 4242 4242", "a" * 13, 123456789])
def test_what_might_be_a_card_number_is_never_echoed(client: Client, value: object) -> None:
    message = problem(client, json.dumps({"name": "a", "kind": value, "amount": str(value)}))

    assert str(value) not in message


def test_a_card_number_as_a_key_is_never_echoed(client: Client) -> None:
    assert "424242" not in problem(client, '{"name": "a", "4242424242424242": 1}')


def test_messages_stay_short_whatever_is_sent(client: Client) -> None:
    assert len(problem(client, json.dumps({"name": "a", **{f"x{number}": 1 for number in range(5000)}}))) < 300


@pytest.mark.parametrize(
    "body",
    ["{", "{a: 1}", '{"a": 1,}', "NaN", '{"name": NaN}', '{"name": Infinity}', "{} {}", '{"name": "\\ud800"}',
     '{"name": "\\ud800abcdefgh"}', '{"name": "\\udc00abcdefgh"}', b'{"name": "\xff"}', b'{"name": "\xed\xa0\x80"}'],
)  # fmt: skip
def test_what_is_not_json_is_refused_with_the_reason(client: Client, body: str | bytes) -> None:
    assert problem(client, body).startswith("The request body is not valid JSON: ")


@pytest.mark.parametrize("body", ["[]", "1", "null", '"a"', "true"])
def test_a_body_must_be_an_object(client: Client, body: str) -> None:
    assert problem(client, body) == "Invalid request: The request body must be a JSON object"


@pytest.mark.parametrize(
    "body", ['{"name": "a\\u0000b"}', '{"a\\u0000b": 1}', '{"name": "a", "record": {"a": ["\\u0000"]}}']
)
def test_nul_is_refused_wherever_it_hides(client: Client, body: str) -> None:
    assert problem(client, body) == "Invalid request: NUL characters are not allowed"


def test_nesting_has_a_limit(client: Client) -> None:
    def body(levels: int) -> str:
        return '{"name": "a", "record": ' + '{"a": ' * (levels - 2) + "{}" + "}" * (levels - 1)

    assert post(client, body(32)).status_code == 200
    assert problem(client, body(33)) == "Invalid request: nesting over 32 levels is not allowed"
    assert problem(client, body(5000)) == "Invalid request: nesting over 32 levels is not allowed"


def test_size_has_a_limit(client: Client) -> None:
    def body(size: int) -> str:
        frame = '{"name": "a", "record": {"a": ""}}'
        return frame.replace('""', f'"{"x" * (size - len(frame))}"')

    assert post(client, body(102_400)).status_code == 200
    refused = post(client, body(102_401))
    assert (refused.status_code, refused.json()["type"]) == (413, "invalid_data")


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e-400", "1e99999999999999999999", "9" * 65, "9" * 5000,
                                    "0." + "1" * 65])  # fmt: skip
def test_numbers_that_cost_more_than_they_say_are_refused(client: Client, number: str) -> None:
    assert post(client, f'{{"name": "a", "amount": {number}}}').status_code == 400


@pytest.mark.parametrize(
    ("number", "echoed"),
    [("59.97", "59.97"), ("5", "5"), ("0.1", "0.1"), ("9007199254740993.01", "9007199254740993.01"),
     ("123456789012345678901234567890.12", "123456789012345678901234567890.12"), ("1e2", "100"), ("5.10", "5.1")],
)  # fmt: skip
def test_numbers_are_exact(client: Client, number: str, echoed: str) -> None:
    body = post(client, f'{{"name": "a", "amount": {number}}}').content.decode()

    assert f'"amount":{echoed}}}' in body


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=4))
def test_every_decimal_is_read_as_it_is_written(number: Decimal) -> None:
    document = JSONParser().parse(BytesIO(f'{{"a": {number:f}}}'.encode()))

    assert document["a"] == number
    assert not isinstance(document["a"], float)


def test_of_equal_keys_the_last_counts(client: Client) -> None:
    assert post(client, '{"name": "a", "name": "b"}').json()["echo"] == {"name": "b"}


def test_strings_are_taken_as_they_are(client: Client) -> None:
    assert post(client, '{"name": " a\\n"}').json()["echo"] == {"name": " a\n"}


def test_an_urlencoded_form_is_read_with_its_brackets(client: Client) -> None:
    response = post(client, "name=a&record[x]=1&record[y][]=2", "application/x-www-form-urlencoded")

    assert response.json()["echo"] == {"name": "a", "record": {"x": "1", "y": ["2"]}}


def test_a_number_in_a_form_stays_a_string(client: Client) -> None:
    response = post(client, "name=a&amount=5", "application/x-www-form-urlencoded")

    assert response.json()["message"] == "Invalid request: Expected type: 'number' for field 'amount', got: '5'"


def test_what_goes_wrong_with_a_form_is_answered_and_reported(
    monkeypatch: pytest.MonkeyPatch, settings: Any, mailoutbox: list[Any]
) -> None:
    settings.ADMINS = [("Jane", "jane@shop.example")]
    monkeypatch.setattr(EchoViewSet, "validated", Mock(side_effect=ProviderNotReachable("Not reachable")))

    response = post(Client(raise_request_exception=False), "name=a&record[x]=1", "application/x-www-form-urlencoded")

    assert (response.status_code, response.json()["message"]) == (503, "Not reachable")
    assert [mail.subject for mail in mailoutbox] == ["[Django] ERROR (EXTERNAL IP): Service Unavailable: /echo"]


def test_the_number_of_parameters_has_the_limit_of_the_host(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
    too_many = "The request has more parameters than this server takes."

    form = post(client, "name=a&x=1&y=2", "application/x-www-form-urlencoded")
    query = client.get("/echo?id[0]=a&id[1]=b&id[2]=c")

    assert [(answer.status_code, answer.json()["message"]) for answer in (form, query)] == [(400, too_many)] * 2


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x"])
def test_other_media_types_are_refused(client: Client, content_type: str) -> None:
    response = post(client, "name=a", content_type)

    assert response.status_code == 415
    assert response.json()["message"] == "Unsupported media type. Send the body as application/json."


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"limit": 20, "offset": 0, "order": "id"}),
        ("limit=5&offset=7&order=-amount", {"limit": 5, "offset": 7, "order": "-amount"}),
        ("limit=0", {"limit": 0, "offset": 0, "order": "id"}),
        ("id=a", {"limit": 20, "offset": 0, "order": "id", "id": ["a"]}),
        ("id=a&id=b", {"limit": 20, "offset": 0, "order": "id", "id": ["a", "b"]}),
        ("id[]=a&id[]=b", {"limit": 20, "offset": 0, "order": "id", "id": ["a", "b"]}),
        ("id[1]=b&id[0]=a", {"limit": 20, "offset": 0, "order": "id", "id": ["a", "b"]}),
        ("id%5B0%5D=a", {"limit": 20, "offset": 0, "order": "id", "id": ["a"]}),
        ("id[]=a,b", {"limit": 20, "offset": 0, "order": "id", "id": ["a", "b"]}),
        ("fields=%2Bstatus,-id", {"limit": 20, "offset": 0, "order": "id", "fields": "+status,-id"}),
    ],
)
def test_a_list_query(client: Client, query: str, expected: dict[str, Any]) -> None:
    assert client.get(f"/echo?{query}").json()["echo"] == expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=-1", "Invalid request: Value for field 'limit' too small, expected at least: '0'"),
        ("limit=1001", "Invalid request: Value for field 'limit' too big, expected at most: '1000'"),
        ("limit=ten", "Invalid request: Expected type: 'number' for field 'limit', got: 'ten'"),
        ("limit=1_0", "Invalid request: Expected type: 'number' for field 'limit', got: '1_0'"),
        ("limit=", "Invalid request: Expected type: 'number' for field 'limit', got: 'string'"),
        ("limit=1&limit=2", "Invalid request: Expected type: 'number' for field 'limit', got: 'array'"),
        ("offset=1.5", "Invalid request: Expected type: 'number' for field 'offset', got: '1.5'"),
        ("offset=9999999999", "Invalid request: Value for field 'offset' too big, expected at most: '2147483647'"),
        ("order=secret", "Order field secret is not valid"),
        ("order=--id", "Order field --id is not valid"),
        ("expand=x", "Invalid request: Unrecognized fields: 'expand'"),
        ("format=html", "Invalid request: Unrecognized fields: 'format'"),
        ("id[$ne]=a", "Invalid request: Expected type: 'array' for field 'id', got: 'record'"),
        ("id[a][b]=c", "Invalid request: Expected type: 'array' for field 'id', got: 'record'"),
        ("id[0][b]=c", "Invalid request: Expected type: 'string' for field 'id, 0', got: 'record'"),
        ("id=a&id[]=b", "Invalid request: Field 'id' is given in two different ways"),
        ("id=a&id[x]=b", "Invalid request: Field 'id' is given in two different ways"),
        ("a[b][c][d][e][f][g][h][i][j]=1", "Invalid request: a parameter is nested too deeply"),
        ("id=%00", "Invalid request: NUL characters are not allowed"),
    ],
)
def test_a_wrong_query_is_refused(client: Client, query: str, message: str) -> None:
    response = client.get(f"/echo?{query}")

    assert (response.status_code, response.json()["message"]) == (400, message)


@given(st.lists(st.tuples(st.text("ab[]0.$,", max_size=8), st.text("ab,\0", max_size=3)), max_size=6))
def test_no_brackets_are_too_odd_to_be_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    parameters = QueryDict(mutable=True)
    for key, value in pairs:
        parameters.appendlist(key, value)

    try:
        values = nested(parameters)
    except InvalidData:
        return
    assert isinstance(values, dict)
