"""The fake provider's own books: an SQLite file that outlives the process, shared by threads and processes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medusa_payments.states import SessionStatus

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS payments (
    ref TEXT PRIMARY KEY, session_id TEXT NOT NULL, amount INTEGER NOT NULL, currency_code TEXT NOT NULL,
    status TEXT NOT NULL, authorized INTEGER NOT NULL, captured INTEGER NOT NULL, refunded INTEGER NOT NULL,
    client_secret TEXT NOT NULL, steering TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS calls (idempotency_key TEXT PRIMARY KEY, request BLOB NOT NULL, answer BLOB);
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, verb TEXT NOT NULL, session_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL, amount INTEGER NOT NULL, currency_code TEXT NOT NULL, created_at TEXT NOT NULL
);
COMMIT;
"""

_SAVE_PAYMENT = """
INSERT OR REPLACE INTO payments VALUES (:ref, :session_id, :amount, :currency_code, :status, :authorized, :captured,
                                        :refunded, :client_secret, :steering)
"""


@dataclass(slots=True, kw_only=True)
class FakePayment:
    """A payment object as the fake provider has it. Amounts are minor units; `authorized` includes what is captured."""

    ref: str
    session_id: str
    amount: int
    currency_code: str
    status: SessionStatus
    client_secret: str
    steering: str
    authorized: int = 0
    captured: int = 0
    refunded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeCall:
    """What is remembered of an idempotency key; no answer means that nothing was executed yet."""

    request: bytes
    answer: bytes | None


class FakeBooks:
    """The books, open in one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def payment(self, ref: str) -> FakePayment | None:
        row = self._connection.execute("SELECT * FROM payments WHERE ref = ?", [ref]).fetchone()
        return FakePayment(**{**row, "status": SessionStatus(row["status"])}) if row else None

    def save(self, payment: FakePayment) -> None:
        self._connection.execute(_SAVE_PAYMENT, asdict(payment))

    def call(self, idempotency_key: str) -> FakeCall | None:
        row = self._connection.execute(
            "SELECT request, answer FROM calls WHERE idempotency_key = ?", [idempotency_key]
        ).fetchone()
        return FakeCall(**row) if row else None

    def remember(self, idempotency_key: str, call: FakeCall) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO calls VALUES (?, ?, ?)", [idempotency_key, call.request, call.answer]
        )

    def enter(self, verb: str, payment: FakePayment, *, idempotency_key: str, amount: int) -> None:
        """Write down one executed effect."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._connection.execute(
            "INSERT INTO entries (verb, session_id, idempotency_key, amount, currency_code, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [verb, payment.session_id, idempotency_key, amount, payment.currency_code, now],
        )

    def entries(self, session_id: str | None) -> list[dict[str, Any]]:
        rows = self._connection.execute(
            "SELECT verb, session_id, idempotency_key, amount, currency_code, created_at FROM entries"
            " WHERE :session_id IS NULL OR session_id = :session_id ORDER BY number",
            {"session_id": session_id},
        )
        return rows.fetchall()

    def clear(self) -> None:
        for table in ("payments", "calls", "entries"):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608


class FakeLedger:
    """Opens the books. Every transaction has a connection of its own, so threads and forked children may share it."""

    def __init__(self, path: str, *, timeout_seconds: float) -> None:
        """Make the file and its directory when they don't exist. Raises `ValueError` for a path that can't be used."""
        self._path = path
        self._timeout_seconds = timeout_seconds
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as connection:
                connection.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise ValueError(f"ledger_path {path} can't be used: {error}") from error

    @contextmanager
    def transaction(self) -> Iterator[FakeBooks]:
        """Hold the books alone; what was written is on disk when the block ends, and undone when it raises."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield FakeBooks(connection)
            connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=self._timeout_seconds, isolation_level=None)
        connection.row_factory = _row
        return connection


def _row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}
