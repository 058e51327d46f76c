"""Ids are Medusa's prefixes followed by a ULID whose tail can't be guessed."""

import re
import time
from datetime import UTC, datetime

import pytest

from medusa_payments import ids
from medusa_payments.ids import new_id

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def milliseconds_in(object_id: str) -> int:
    number = 0
    for character in object_id.rpartition("_")[2][:10]:
        number = number * 32 + CROCKFORD.index(character)
    return number


@pytest.mark.parametrize("prefix", ["pay_col", "payses", "payop"])
def test_is_the_prefix_and_a_ulid(prefix: str) -> None:
    assert re.fullmatch(rf"{prefix}_[0-7][{CROCKFORD}]{{25}}", new_id(prefix))


def test_begins_with_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1469918176385_999_999)

    assert new_id("pay").startswith("pay_01ARYZ6S41")


def test_uses_the_clock_of_now() -> None:
    before = time.time_ns() // 1_000_000
    object_id = new_id("pay")

    assert before <= milliseconds_in(object_id) <= time.time_ns() // 1_000_000


def test_encodes_the_whole_random_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids.time, "time_ns", lambda: 0)
    monkeypatch.setattr(ids.secrets, "randbits", lambda bits: 2**bits - 1)

    assert new_id("pay") == "pay_" + "0" * 10 + "Z" * 16


def test_tail_is_random_and_not_monotonic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids.time, "time_ns", lambda: 0)
    made = [new_id("pay") for _ in range(1000)]

    assert len(set(made)) == 1000
    assert made != sorted(made)


def test_says_when_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1469918176385_999_999)
    assert ids.made_at(new_id("pay_col")) == datetime(2016, 7, 30, 22, 36, 16, 385000, tzinfo=UTC)


@pytest.mark.parametrize("strange", ["", "payses_1", "payses_" + "U" * 26, "payses_" + "8" * 26, "payses_" + "7" * 26])
def test_of_a_strange_id_nothing_is_known(strange: str) -> None:
    assert ids.made_at(strange) is None
