"""Card numbers, security codes and secret keys are recognised wherever they hide."""

import base64
import hashlib
import time
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
        f"the token is shpat_{'0a1b2c3d' * 4}",
        "-----BEGIN PRIVATE KEY-----\nMIIEvAIBADANBgkqhkiG9w0B",
        "-----BEGIN EC PRIVATE KEY-----",
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
        "shpat_",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
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


def test_nothing_is_shown_of_what_follows_the_head_of_a_private_key() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE/short/+x\n-----END RSA PRIVATE KEY-----"
    assert without_sensitive_data(f"paid with {key}") == "paid with ***"


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


CARDS = ("4242424242424242", "5555555555554444", "4000056655665556", "378282246310005")


def in_groups(number: str) -> list[str]:
    sizes = (4, 6, 5) if len(number) == 15 else (4, 4, 4, 4)
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return [number[start : start + size] for start, size in zip(starts, sizes, strict=True)]


@pytest.mark.parametrize("number", CARDS)
@pytest.mark.parametrize(
    "gap",
    [
        *" -./_,;:|+*\\\n\t",
        "\r\n",
        ", ",
        " / ",
        "--",
        "\u00a0",
        "\u202f",
        "\u2007",
        "\u200b",
        "\u200d",
        "\u2060",
        "\ufeff",
        "\u3164",
        " \uffa0",
        "\u00ad",
        " \u200b ",
        "\u00b7",
        "\u2022",
    ],
)
def test_a_card_number_is_found_whatever_stands_between_its_groups(number: str, gap: str) -> None:
    for text in (gap.join(in_groups(number)), f"paid with {gap.join(in_groups(number))}, thanks"):
        assert quotes_sensitive_data(text)
        assert holds_sensitive_data({"a": [text]})
        assert holds_sensitive_data({text: 1})
        shown = without_sensitive_data(text)
        assert "***" in shown
        assert not any(group in shown for group in in_groups(number))


@pytest.mark.parametrize("number", CARDS)
@pytest.mark.parametrize(
    "around", ["card{}end", "x{}", "{}EUR", "abc{}def", "No.{}", "card-{}", "card_{}_2", "v2card{}"]
)
def test_a_card_number_is_found_though_it_is_glued_to_letters(number: str, around: str) -> None:
    for written in (number, " ".join(in_groups(number)), number.translate(FULL_WIDTH), "\u200b".join(number)):
        text = around.format(written)
        assert quotes_sensitive_data(text), text
        assert without_sensitive_data(text) == around.format("***")


FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}


@pytest.mark.parametrize(
    "text",
    [
        "4242 4242\n4242 4242",
        "4242.4242.4242.4242.12.30",
        "4242/4242/4242/4242/737",
        "\u0664\u0662\u0664\u0662" * 4,
        "https://shop.example/return?card=4242_4242_4242_4242&x=1",
        "two: 4242.4242.4242.4242 and card5555555555554444end",
    ],
)
def test_a_disguised_card_is_found_beside_other_things(text: str) -> None:
    assert quotes_sensitive_data(text)
    assert "4242" not in without_sensitive_data(text)
    assert "4444" not in without_sensitive_data(text)


@pytest.mark.parametrize(
    "text",
    [
        "4239,4240,4241,4242,4243,4244",
        "4242.42, 4242.42, 4242.42",
        "4242.4242",
        "1,234,567,890,123,456",
        "AT611904300234573201",
        "EE382200221020145685",
        "EAN4006381333931",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-4242424242424242-01",
        "fcea6404-1797-4354-9771-26404fffffff",
        "order-fcea6404-1797-4354-9771-26404fffffff",
        "+49 (0)30 4242-4242",
        "2026-12-01T08:00:40.123456+00:00",
        "afed:6665:4810:3263:2619:443a:890e:6b2b",
    ],
)
def test_what_looks_like_a_card_in_disguise_may_stand_in_a_text(text: str) -> None:
    assert not quotes_sensitive_data(text)
    assert without_sensitive_data(text) == text


def harmless(random: Random) -> list[str]:
    """Return one of each kind of id, number and token that shops write into texts, chosen at random."""
    bits = [random.getrandbits(8) for _ in range(32)]
    uuid, raw = UUID(int=random.getrandbits(128), version=4), bytes(bits)
    ulid = "01" + "".join(random.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=24))
    moment = datetime.fromtimestamp(random.uniform(1.5e9, 2.2e9), UTC)
    amounts = [Decimal(random.randrange(10**9)).scaleb(-random.randrange(4)) for _ in range(8)]
    phone = "".join(random.choices("0123456789", k=11))
    return [
        *(f"{prefix}{ulid}" for prefix in ("", "pay_", "pay_col_", "payses_", "payop_", "ref_", "capt_")),
        *(str(uuid), uuid.hex, str(uuid).upper(), uuid.urn, f"admin-{uuid}", f"order-{uuid}-2"),
        hashlib.sha256(raw).hexdigest(),
        hashlib.md5(raw).hexdigest(),  # noqa: S324
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        f"ORD-{moment:%Y}-{random.randrange(10**6):06}",
        f"#{random.randrange(10**9)}",
        f"{moment:%Y%m%d}-{random.randrange(10**4):04}",
        *(moment.isoformat(), f"{moment:%Y%m%d%H%M%S}", f"{moment:%d.%m.%Y %H:%M:%S,%f}", str(moment.timestamp())),
        *(f"+{phone[:2]} {phone[2:5]} {phone[5:]}", f"{phone[:3]}-{phone[3:6]}-{phone[6:10]}", f"+{phone}"),
        *(", ".join(map(str, amounts)), ";".join(map(str, amounts)), "\n".join(f"{each:,}" for each in amounts)),
        f"pi_{''.join(random.choices('0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', k=24))}",
        ".".join(str(random.randrange(256)) for _ in range(4)),
        ":".join(f"{random.randrange(65536):x}" for _ in range(8)),
    ]


@settings(max_examples=50)
@given(st.integers(min_value=0, max_value=2**64))
def test_ids_times_amounts_and_tokens_are_no_cards(seed: int) -> None:
    random = Random(seed)  # noqa: S311
    alarms = [text for _ in range(20) for text in harmless(random) if quotes_sensitive_data(text)]
    assert alarms == []


@settings(max_examples=50)
@given(st.integers(min_value=0, max_value=2**64))
def test_a_number_that_may_stand_alone_may_stand_behind_letters(seed: int) -> None:
    """Barcodes and order numbers of 13 and more digits: those that pass for a card do so by themselves already."""
    random = Random(seed)  # noqa: S311
    for _ in range(200):
        number = "".join(random.choices("0123456789", k=random.randrange(8, 22)))
        texts = (f"EAN{number}", f"INV-{number}", f"order {number}.", f"A{number}B")
        if not quotes_sensitive_data(number):
            assert not any(map(quotes_sensitive_data, texts)), number
