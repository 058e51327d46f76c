"""Card numbers, security codes and secret keys are recognised wherever they hide."""

import time
from typing import Any

import pytest

from medusa_payments.sensitive_data import holds_sensitive_data, quotes_sensitive_data, without_sensitive_data

pytestmark = pytest.mark.any_engine


@pytest.mark.parametrize(
    "value",
    [
        "4242424242424242",
        "1234567812345670",
        4242424242424242,
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "card: 378282246310005, thanks",
        "4242\u00a04242\u00a04242\u00a04242",
        "4242  4242  4242  4242",
        "4242\u20134242\u20134242\u20134242",
        "4242\t4242\t4242\t4242",
        " ".join(["\uff14\uff12\uff14\uff12"] * 4) + " \u3067\u3059",
        {"4242424242424242": "as a key"},
        {"a": [{"b": ("c", "6011111111111117")}]},
        {"CVC": "123"},
        {"a": {"card_cvc": 123}},
        {"securityCode": "1"},
        {"card[number]": "5555555555554444"},
        "sk_live_51Abcdef",
        "the key is rk_test_51Abcdef",
        "whsec_abcdef",
    ],
)
def test_is_found(value: Any) -> None:
    assert holds_sensitive_data(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        {},
        "4242424242424241",
        "42424242424",
        "42424242424242424242",
        "payses_01JDFK3W7Y0Q4N5V8R2T6B9XCM",
        {"card": {"request_three_d_secure": "any"}},
        "pk_live_51Abcdef",
        "sk_",
        {"amount": 4242},
        {"return_url": "https://shop.example/return?order=1234567812345670"},
    ],
)
def test_nothing_is_found_where_nothing_is(value: Any) -> None:
    assert not holds_sensitive_data(value)


@pytest.mark.parametrize(
    "text",
    [
        "4242 4242 4242 4242 12/30",
        "4242 4242 4242 4242 123",
        "4242424242424242 12 30 123",
        "4242-4242-4242-4242 12-30 123",
        "2 4242424242424242",
        "4242 4242 4242 4242 5555 5555 5555 4444",
    ],
)
def test_a_card_is_found_beside_other_numbers(text: str) -> None:
    assert quotes_sensitive_data(text)
    assert "4242" not in without_sensitive_data(text)


def test_a_long_row_of_numbers_is_read_quickly() -> None:
    started = time.monotonic()

    assert not quotes_sensitive_data("1 " * 50_000)
    assert time.monotonic() - started < 5


def test_a_text_is_shown_without_it() -> None:
    shown = without_sensitive_data("No such card 4242 4242 4242 4242 for sk_test_51Abcdef, order 4242424242424241")
    assert shown == "No such card *** for ***, order 4242424242424241"


@pytest.mark.parametrize(
    "number",
    [
        "4242424242424242",
        "4222222222222",
        "5555 5555 5555 4444",
        "2223003122003222",
        "378282246310005",
        "6011111111111117",
        "3056930009020004",
        "36227206271667",
        "3566002020360505",
        "6200000000000005",
    ],
)
def test_cards_of_every_large_scheme_are_found_in_a_text(number: str) -> None:
    assert quotes_sensitive_data(f"paid with {number}.") is holds_sensitive_data(number)


@pytest.mark.parametrize(
    "text",
    [
        "order 1732481234567",
        "EAN 4006381333931",
        "1234567812345670",
        "fce26404-1797-4354-977c-2133d200e855",
        "9aeff7bc-d52f-4128-9913-96040beba90a",
        "1a82f246-3704-4310-9613-3ff6f5cb7c37",
        "token=c4242424242424242f",
    ],
)
def test_other_numbers_may_stand_in_a_text(text: str) -> None:
    assert not quotes_sensitive_data(text)
