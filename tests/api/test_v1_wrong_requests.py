"""Wrong bodies and queries are refused in v1's own words."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.openapi import ValidatedClient

pytestmark = pytest.mark.any_engine

Make = Callable[..., Any]

INTEGER = "amount must be an integer number"
REASON = "reason must be one of the following values: discount, return, swap, claim, other"


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("sessions", {}, "provider_id must be a string"),
        ("sessions", {"provider_id": 5}, "provider_id must be a string"),
        ("sessions", {"provider_id": None}, "provider_id must be a string"),
        ("sessions", {"provider_id": "manual", "x": 1}, "property x should not exist"),
        ("sessions", {"x": 1}, "property x should not exist, provider_id must be a string"),
        (
            "sessions",
            {"provider_id": "x" * 256},
            "provider_id must be shorter than or equal to 255 characters",
        ),
        ("sessions/batch", {}, "sessions must be an array"),
        ("sessions/batch", {"sessions": "x"}, "sessions must be an array"),
        ("sessions/batch", {"sessions": {}}, "sessions must be an array"),
        (
            "sessions/batch",
            {"sessions": [{"provider_id": "manual", "amount": 1, "x": 1}]},
            "property x should not exist",
        ),
        ("sessions/batch", {"sessions": [5]}, "sessions.0 must be an object"),
        (
            "sessions/batch",
            {"sessions": [{"provider_id": "manual"}]},
            "sessions.0.amount should not be empty, sessions.0.amount must be an integer number",
        ),
        ("sessions/batch/authorize", {}, "each value in session_ids must be a string, session_ids must be an array"),
        ("sessions/batch/authorize", {"session_ids": "x"}, "session_ids must be an array"),
        ("sessions/batch/authorize", {"session_ids": [5, 6]}, "each value in session_ids must be a string"),
        (
            "sessions/batch/authorize",
            {"session_ids": ["x"] * 101},
            "session_ids must contain no more than 100 elements",
        ),
        ("", {"description": 5}, "description must be a string"),
        ("", {"metadata": []}, "metadata must be an object"),
        ("", {"amount": 5}, "property amount should not exist"),
    ],
)
def test_of_a_collection(
    staff: ValidatedClient, collection: Make, path: str, body: dict[str, Any], message: str
) -> None:
    where = f"/v1/{'store' if path else 'admin'}/payment-collections/{collection()['id']}/{path}".removesuffix("/")
    answer = staff.post(where, body)
    assert (answer.status_code, answer.json()) == (400, {"type": "invalid_data", "message": message})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, f"amount should not be empty, {INTEGER}, reason should not be empty, {REASON}"),
        ({"amount": None, "reason": "return"}, f"amount should not be empty, {INTEGER}"),
        ({"amount": 1, "reason": None}, f"reason should not be empty, {REASON}"),
        ({"amount": "100", "reason": "return"}, INTEGER),
        ({"amount": 1.5, "reason": "return"}, INTEGER),
        ({"amount": 1, "reason": "nope"}, REASON),
        ({"amount": 1, "reason": "return", "note": 5}, "note must be a string"),
        ({"amount": 1, "reason": "return", "x": 1, "y": 2}, "property x should not exist, property y should not exist"),
        ({"amount": 1, "reason": "return", "1234567890": 1}, "property … should not exist"),
    ],
)
def test_of_a_refund(staff: ValidatedClient, body: dict[str, Any], message: str) -> None:
    answer = staff.post("/v1/admin/payments/pay_1/refund", body)
    assert (answer.status_code, answer.json()) == (400, {"type": "invalid_data", "message": message})


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=1", "property limit should not exist"),
        ("fields=a&fields=b", "fields must be a string"),
        ("expand[]=a", "expand must be a string"),
    ],
)
def test_of_a_query(staff: ValidatedClient, collection: Make, query: str, message: str) -> None:
    answer = staff.get(f"/v1/store/payment-collections/{collection()['id']}?{query}")
    assert (answer.status_code, answer.json()) == (400, {"type": "invalid_data", "message": message})
