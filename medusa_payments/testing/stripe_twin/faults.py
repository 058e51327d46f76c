"""What goes wrong on the way: set for an endpoint, taken by its next calls."""

from dataclasses import dataclass
from enum import StrEnum

from medusa_payments.testing.stripe_twin.books import Books
from medusa_payments.testing.stripe_twin.endpoints import NAMES

EVERY_ENDPOINT = "*"


class Fault(StrEnum):
    """`…_before`: nothing was executed; `…_after`: all was, and the answer is lost. `unreachable`: no connection, so
    that nothing was sent. `rate_limited` and `lock_timeout` are 429s, before anything was executed. `crash_…` kills the
    calling process. `delay` is slow; who comes meanwhile with the same idempotency key is told 409.
    """

    UNREACHABLE = "unreachable"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    RATE_LIMITED = "rate_limited"
    LOCK_TIMEOUT = "lock_timeout"
    CRASH_BEFORE = "crash_before"
    CRASH_AFTER = "crash_after"
    DELAY = "delay"


WITHOUT_EXECUTION = frozenset({Fault.UNREACHABLE, Fault.TIMEOUT_BEFORE, Fault.RESET_BEFORE, Fault.CRASH_BEFORE})


class ConnectionLost(Exception):
    """The caller gets no answer."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"The twin was told not to answer: {fault}")
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A fault for a call that has just come."""

    fault: Fault
    milliseconds: int


def known_endpoints() -> frozenset[str]:
    return NAMES | {EVERY_ENDPOINT}


def plan(
    books: Books, endpoint: str, fault: Fault, *, times: int | None, for_each_key: bool, milliseconds: int
) -> None:
    """Let an endpoint's next calls go wrong: so many in all, or so many of each idempotency key; None for all."""
    books.connection.execute(
        "INSERT INTO faults (endpoint, kind, times, for_each_key, milliseconds) VALUES (?, ?, ?, ?, ?)",
        [endpoint, fault.value, times, for_each_key, milliseconds],
    )


def clear(books: Books) -> None:
    books.connection.execute("DELETE FROM faults")
    books.connection.execute("DELETE FROM faults_seen")


def take(books: Books, endpoint: str, idempotency_key: str) -> Planned | None:
    """Return what is to go wrong with a call, and count it."""
    rows = books.connection.execute(
        "SELECT * FROM faults WHERE endpoint IN (?, ?) ORDER BY number", [endpoint, EVERY_ENDPOINT]
    ).fetchall()
    for row in rows:
        counted_key = idempotency_key if row["for_each_key"] else ""
        if row["times"] is None or _count(books, row["number"], counted_key) < row["times"]:
            _add(books, row["number"], counted_key)
            return Planned(fault=Fault(row["kind"]), milliseconds=row["milliseconds"])
    return None


def _count(books: Books, fault: int, key: str) -> int:
    row = books.connection.execute(
        "SELECT calls FROM faults_seen WHERE fault = ? AND idempotency_key = ?", [fault, key]
    ).fetchone()
    return int(row["calls"]) if row else 0


def _add(books: Books, fault: int, key: str) -> None:
    books.connection.execute(
        "INSERT INTO faults_seen VALUES (?, ?, 1) ON CONFLICT (fault, idempotency_key) DO UPDATE SET calls = calls + 1",
        [fault, key],
    )
