"""The fake provider's own books: an SQLite file that outlives the process, shared by threads and processes."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from medusa_payments.states import DisputeState, SessionStatus
from medusa_payments.testing import fake_account_books
from medusa_payments.testing.fake_account_books import FakeAccountBooks

KEY_WINDOW_SECONDS = 24 * 60 * 60
"""How long an idempotency key is remembered."""

_SCHEMA_VERSION = 4

_OLD_BOOKS = "BEGIN IMMEDIATE; {drops} PRAGMA user_version = {version}; COMMIT;"

_TABLES = (
    *("payments", "calls", "entries", "captures", "refunds", "disputes", "events", "clock"),
    *fake_account_books.TABLES,
)

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS payments (
    ref TEXT PRIMARY KEY, session_id TEXT NOT NULL, amount INTEGER NOT NULL, currency_code TEXT NOT NULL,
    status TEXT NOT NULL, authorized INTEGER NOT NULL, captured INTEGER NOT NULL, refunded INTEGER NOT NULL,
    released INTEGER NOT NULL, capture_before TEXT, changed_at TEXT NOT NULL,
    client_secret TEXT NOT NULL, steering TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payments_by_session ON payments (session_id);
CREATE TABLE IF NOT EXISTS calls (
    idempotency_key TEXT PRIMARY KEY, request BLOB NOT NULL, answer BLOB, made_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, verb TEXT NOT NULL, session_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL, amount INTEGER NOT NULL, currency_code TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS captures (
    ref TEXT PRIMARY KEY, payment_ref TEXT NOT NULL, amount INTEGER NOT NULL, idempotency_key TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS captures_by_payment ON captures (payment_ref);
CREATE TABLE IF NOT EXISTS refunds (
    ref TEXT PRIMARY KEY, payment_ref TEXT NOT NULL, amount INTEGER NOT NULL, idempotency_key TEXT NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS refunds_by_payment ON refunds (payment_ref);
CREATE TABLE IF NOT EXISTS disputes (
    ref TEXT PRIMARY KEY, payment_ref TEXT NOT NULL, amount INTEGER NOT NULL, currency_code TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, evidence_due_by TEXT, opened_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS disputes_by_payment ON disputes (payment_ref);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, type TEXT NOT NULL, payment_ref TEXT NOT NULL,
    session_id TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS clock (ahead_seconds REAL NOT NULL);
{fake_account_books.SCHEMA}
COMMIT;
"""

_SAVE_DISPUTE = """
INSERT OR REPLACE INTO disputes VALUES (:ref, :payment_ref, :amount, :currency_code, :state, :reason, :evidence_due_by,
                                        :opened_at)
"""

_SAVE_PAYMENT = """
INSERT OR REPLACE INTO payments VALUES (:ref, :session_id, :amount, :currency_code, :status, :authorized, :captured,
                                        :refunded, :released, :capture_before, :changed_at, :client_secret, :steering)
"""


@dataclass(slots=True, kw_only=True)
class FakePayment:
    """A payment object as the fake provider has it. Amounts are minor units; `authorized` includes what is captured.

    `capture_before` and `changed_at` are moments in ISO 8601.
    """

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
    released: int = 0
    capture_before: str | None = None
    changed_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeMovement:
    """A capture or a refund. `state` is that of a refund; "" for captures."""

    ref: str
    amount: int
    idempotency_key: str
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeDispute:
    """A dispute as the fake provider has it; moments in ISO 8601."""

    ref: str
    payment_ref: str
    amount: int
    currency_code: str
    state: DisputeState
    reason: str
    evidence_due_by: str | None
    opened_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeEvent:
    """What the provider has to tell; `created_at` in ISO 8601."""

    id: str
    type: str
    payment_ref: str
    session_id: str
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeCall:
    """What is remembered of an idempotency key; no answer means that nothing was executed yet."""

    request: bytes
    answer: bytes | None


class FakeBooks:
    """The books, open in one transaction."""

    def __init__(self, connection: sqlite3.Connection, authorization_seconds: float | None) -> None:
        self._connection = connection
        self._authorization_seconds = authorization_seconds
        self.accounts = FakeAccountBooks(connection)

    def capture_before(self) -> str | None:
        """Return when an authorization made now runs out; None for never."""
        if self._authorization_seconds is None:
            return None
        return _iso(self.now() + timedelta(seconds=self._authorization_seconds))

    def has_run_out(self, payment: FakePayment) -> bool:
        """Say whether a payment's authorization is over."""
        return payment.capture_before is not None and payment.capture_before <= _iso(self.now())

    def now(self) -> datetime:
        """The provider's own clock, which `advance` moves."""
        row = self._connection.execute("SELECT max(ahead_seconds) AS ahead FROM clock").fetchone()
        return datetime.now(UTC) + timedelta(seconds=row["ahead"] or 0)

    def advance(self, seconds: float) -> None:
        ahead = (self.now() - datetime.now(UTC)).total_seconds() + seconds
        self._connection.execute("INSERT INTO clock VALUES (?)", [ahead])

    def payment(self, ref: str) -> FakePayment | None:
        return self._one("SELECT * FROM payments WHERE ref = ?", ref)

    def payment_of_session(self, session_id: str) -> FakePayment | None:
        return self._one("SELECT * FROM payments WHERE session_id = ? ORDER BY rowid DESC LIMIT 1", session_id)

    def payments_changed_since(self, moment: datetime | None, *, after: str, most: int) -> list[FakePayment]:
        """Return a page of payments by reference, of those changed since a moment."""
        rows = self._connection.execute(
            "SELECT * FROM payments WHERE ref > ? AND changed_at >= ? ORDER BY ref LIMIT ?",
            [after, _iso(moment) if moment else "", most],
        )
        return [_payment(row) for row in rows]

    def save(self, payment: FakePayment) -> None:
        payment.changed_at = _iso(self.now())
        self._connection.execute(_SAVE_PAYMENT, asdict(payment))

    def call(self, idempotency_key: str) -> FakeCall | None:
        """Return what is remembered of a key; keys older than the window are forgotten."""
        row = self._connection.execute(
            "SELECT request, answer FROM calls WHERE idempotency_key = ? AND made_at > ?",
            [idempotency_key, _iso(self.now() - timedelta(seconds=KEY_WINDOW_SECONDS))],
        ).fetchone()
        return FakeCall(**row) if row else None

    def remember(self, idempotency_key: str, call: FakeCall) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?)",
            [idempotency_key, call.request, call.answer, _iso(self.now())],
        )

    def enter(self, verb: str, payment: FakePayment, *, idempotency_key: str, amount: int) -> None:
        """Write down one executed effect."""
        self._connection.execute(
            "INSERT INTO entries (verb, session_id, idempotency_key, amount, currency_code, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [verb, payment.session_id, idempotency_key, amount, payment.currency_code, _iso(self.now())],
        )

    def entries(self, session_id: str | None) -> list[dict[str, Any]]:
        rows = self._connection.execute(
            "SELECT verb, session_id, idempotency_key, amount, currency_code, created_at FROM entries"
            " WHERE :session_id IS NULL OR session_id = :session_id ORDER BY number",
            {"session_id": session_id},
        )
        return rows.fetchall()

    def add_capture(self, payment: FakePayment, movement: FakeMovement) -> None:
        self._connection.execute(
            "INSERT INTO captures VALUES (?, ?, ?, ?)",
            [movement.ref, payment.ref, movement.amount, movement.idempotency_key],
        )

    def save_refund(self, payment_ref: str, movement: FakeMovement) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO refunds VALUES (?, ?, ?, ?, ?)",
            [movement.ref, payment_ref, movement.amount, movement.idempotency_key, movement.state],
        )

    def captures(self, payment_ref: str) -> list[FakeMovement]:
        rows = self._connection.execute(
            "SELECT ref, amount, idempotency_key FROM captures WHERE payment_ref = ? ORDER BY rowid", [payment_ref]
        )
        return [FakeMovement(**row) for row in rows]

    def refunds(self, payment_ref: str) -> list[FakeMovement]:
        rows = self._connection.execute(
            "SELECT ref, amount, idempotency_key, state FROM refunds WHERE payment_ref = ? ORDER BY rowid",
            [payment_ref],
        )
        return [FakeMovement(**row) for row in rows]

    def payment_of_refund(self, refund_ref: str) -> FakePayment | None:
        return self._one(
            "SELECT payments.* FROM payments JOIN refunds ON payment_ref = payments.ref WHERE refunds.ref = ?",
            refund_ref,
        )

    def save_dispute(self, dispute: FakeDispute) -> None:
        self._connection.execute(_SAVE_DISPUTE, asdict(dispute))

    def disputes(self, payment_ref: str) -> list[FakeDispute]:
        rows = self._connection.execute("SELECT * FROM disputes WHERE payment_ref = ? ORDER BY rowid", [payment_ref])
        return [_dispute(row) for row in rows]

    def dispute(self, ref: str) -> FakeDispute | None:
        row = self._connection.execute("SELECT * FROM disputes WHERE ref = ?", [ref]).fetchone()
        return _dispute(row) if row else None

    def tell(self, event_type: str, payment: FakePayment) -> None:
        """Write down an event for the webhooks."""
        self._connection.execute(
            "INSERT INTO events (id, type, payment_ref, session_id, created_at) VALUES (?, ?, ?, ?, ?)",
            [f"fake_evt_{secrets.token_hex(12)}", event_type, payment.ref, payment.session_id, _iso(self.now())],
        )

    def events(self) -> list[FakeEvent]:
        rows = self._connection.execute(
            "SELECT id, type, payment_ref, session_id, created_at FROM events ORDER BY number"
        )
        return [FakeEvent(**row) for row in rows]

    def clear(self) -> None:
        for table in _TABLES:
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608

    def _one(self, query: str, parameter: str) -> FakePayment | None:
        row = self._connection.execute(query, [parameter]).fetchone()
        return _payment(row) if row else None


class FakeLedger:
    """Opens the books. Every transaction has a connection of its own, so threads and forked children may share it."""

    def __init__(self, path: str, *, timeout_seconds: float, authorization_seconds: float | None = None) -> None:
        """Make the file and its directory when they don't exist. Raises `ValueError` for a path that can't be used."""
        self.path = path
        self._timeout_seconds = timeout_seconds
        self._authorization_seconds = authorization_seconds
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as connection:
                if connection.execute("PRAGMA user_version").fetchone()["user_version"] != _SCHEMA_VERSION:
                    drops = " ".join(f"DROP TABLE IF EXISTS {table};" for table in _TABLES)
                    connection.executescript(_OLD_BOOKS.format(drops=drops, version=_SCHEMA_VERSION))
                connection.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise ValueError(f"ledger_path {path} can't be used: {error}") from error

    @contextmanager
    def transaction(self) -> Iterator[FakeBooks]:
        """Hold the books alone; what was written survives a killed process, and is undone when the block raises."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield FakeBooks(connection, self._authorization_seconds)
            connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=self._timeout_seconds, isolation_level=None)
        connection.row_factory = _row
        # A killed process loses nothing by it; only a power cut would.
        connection.execute("PRAGMA synchronous = OFF")
        return connection


def _payment(row: dict[str, Any]) -> FakePayment:
    return FakePayment(**{**row, "status": SessionStatus(row["status"])})


def _dispute(row: dict[str, Any]) -> FakeDispute:
    return FakeDispute(**{**row, "state": DisputeState(row["state"])})


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}
