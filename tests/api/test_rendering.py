"""Answers: exact numbers, Medusa's times, JSON for whoever asks."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.test import Client
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from medusa_payments.api.wire.renderers import JSONRenderer
from medusa_payments.money import to_major_units

render = JSONRenderer().render


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("59.97"), b"59.97"),
        (Decimal(5), b"5"),
        (Decimal("9007199254740993"), b"9007199254740993"),
        (Decimal("90071992547409930.123"), b"90071992547409930.123"),
        (datetime(2024, 1, 31, 12, tzinfo=UTC), b'"2024-01-31T12:00:00.000Z"'),
        (datetime(2024, 1, 31, 12, 0, 0, 123_999, tzinfo=UTC), b'"2024-01-31T12:00:00.123Z"'),
        (datetime(2024, 1, 31, 1, tzinfo=timezone(timedelta(hours=2))), b'"2024-01-30T23:00:00.000Z"'),
        ((datetime(2024, 1, 31, 12, tzinfo=UTC),), b'["2024-01-31T12:00:00.000Z"]'),
        (gettext_lazy("payment"), b'"payment"'),
        ({"ä": None}, '{"ä":null}'.encode()),
        (None, b""),
    ],
)
def test_a_value_as_it_is_written(value: object, text: bytes) -> None:
    assert render(value) == text


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["eur", "jpy", "kwd"]))
def test_every_storable_amount_is_written_exactly(minor_units: int, currency_code: str) -> None:
    amount = to_major_units(minor_units, currency_code)

    text = render({"amount": amount})

    assert json.loads(text, parse_float=Decimal, parse_int=Decimal) == {"amount": amount}
    assert b".0}" not in text


def test_what_has_no_place_in_a_response_is_a_bug_that_shows() -> None:
    with pytest.raises(NotImplementedError, match="object has no place in a response"):
        render({"a": object()})


@pytest.mark.urls("tests.api.base_endpoints")
@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/png, nonsense;;;", "*/*", ""])
def test_the_answer_is_json_whatever_is_accepted(client: Client, accept: str) -> None:
    response = client.get("/echo", headers={"accept": accept})

    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
