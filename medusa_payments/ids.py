"""Object ids: Medusa's prefixes followed by a ULID (https://github.com/ulid/spec)."""

import secrets
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_LENGTH = 26


def new_id(prefix: str) -> str:
    """Return `{prefix}_{ULID}`: 48 bits of milliseconds, then 80 random bits.

    The tail is random, never monotonic, because ids act as capabilities on the store API.
    """
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return f"{prefix}_{_ulid(number)}"


def _ulid(number: int) -> str:
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(5 * (_ULID_LENGTH - 1), -1, -5))
