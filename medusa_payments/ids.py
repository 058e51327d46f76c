"""Object ids: Medusa's prefixes followed by a ULID (https://github.com/ulid/spec)."""

import secrets
import time
from datetime import UTC, datetime

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_LENGTH = 26
_TIME_LENGTH = 10


def new_id(prefix: str) -> str:
    """Return `{prefix}_{ULID}`: 48 bits of milliseconds, then 80 random bits.

    The tail is random, never monotonic, because ids act as capabilities on the store API.
    """
    return id_of(prefix, milliseconds=time.time_ns() // 1_000_000, tail=secrets.randbits(80))


def id_of(prefix: str, *, milliseconds: int, tail: int) -> str:
    """Return the id that is made of a moment (milliseconds since 1970) and 80 bits."""
    return f"{prefix}_{_ulid(milliseconds << 80 | tail)}"


def made_at(id: str) -> datetime | None:
    """Return when an id was made, by the clock of the process that made it; None for one that isn't ours."""
    ulid = id.rpartition("_")[2]
    if len(ulid) != _ULID_LENGTH or not set(ulid) <= set(_CROCKFORD) or ulid[0] > "7":
        return None
    milliseconds = 0
    for character in ulid[:_TIME_LENGTH]:
        milliseconds = milliseconds << 5 | _CROCKFORD.index(character)
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError):
        return None


def _ulid(number: int) -> str:
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(5 * (_ULID_LENGTH - 1), -1, -5))
