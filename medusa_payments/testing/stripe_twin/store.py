"""Where all that the twin knows lives: an SQLite file that outlives the process, shared by threads and processes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

_SCHEMA_VERSION = 3

_SCHEMA = """
CREATE TABLE accounts (
    scope TEXT PRIMARY KEY, id TEXT NOT NULL, is_live INTEGER NOT NULL, settings TEXT NOT NULL
);
CREATE TABLE api_keys (
    api_key TEXT PRIMARY KEY, scope TEXT NOT NULL, is_publishable INTEGER NOT NULL
);
CREATE TABLE objects (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, scope TEXT NOT NULL, kind TEXT NOT NULL,
    created INTEGER NOT NULL, customer TEXT, payment_intent TEXT, charge TEXT, type TEXT, email TEXT,
    body TEXT NOT NULL
);
CREATE INDEX objects_by_kind ON objects (scope, kind, created);
CREATE INDEX objects_by_customer ON objects (customer) WHERE customer IS NOT NULL;
CREATE INDEX objects_by_intent ON objects (payment_intent) WHERE payment_intent IS NOT NULL;
CREATE INDEX objects_by_charge ON objects (charge) WHERE charge IS NOT NULL;
CREATE TABLE idempotency_keys (
    scope TEXT NOT NULL, idempotency_key TEXT NOT NULL, request TEXT NOT NULL, status INTEGER, body TEXT,
    request_id TEXT NOT NULL, made_at REAL NOT NULL, busy_until REAL NOT NULL, pid INTEGER NOT NULL,
    PRIMARY KEY (scope, idempotency_key)
);
CREATE TABLE entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, verb TEXT NOT NULL, session_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL, amount INTEGER NOT NULL, currency_code TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE TABLE due (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, scope TEXT NOT NULL, change TEXT NOT NULL,
    object_id TEXT NOT NULL
);
CREATE INDEX due_by_time ON due (at);
CREATE TABLE faults (
    number INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT NOT NULL, kind TEXT NOT NULL, times INTEGER,
    for_each_key INTEGER NOT NULL, milliseconds INTEGER NOT NULL
);
CREATE TABLE faults_seen (
    fault INTEGER NOT NULL, idempotency_key TEXT NOT NULL, calls INTEGER NOT NULL, PRIMARY KEY (fault, idempotency_key)
);
CREATE TABLE deliveries (
    url TEXT NOT NULL, event TEXT NOT NULL, attempts INTEGER NOT NULL, next_at REAL, PRIMARY KEY (url, event)
);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

_FORGOTTEN = (
    "objects",
    "idempotency_keys",
    "entries",
    "due",
    "faults",
    "faults_seen",
    "deliveries",
    "settings",
)


class Store:
    """The file. Raises `ValueError` where it can't be used. Books of another version of the twin are emptied."""

    def __init__(self, path: str, *, timeout_seconds: float = 30) -> None:
        self._path = path
        self._timeout_seconds = timeout_seconds
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as connection:
                _prepare(connection)
        except (OSError, sqlite3.Error) as error:
            raise ValueError(f"the twin's store {path} can't be used: {error}") from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the store alone; what was written is kept when the block ends, and undone when it raises."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def clear(self) -> None:
        """Forget everything but the accounts and their keys."""
        with self.transaction() as connection:
            for table in _FORGOTTEN:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=self._timeout_seconds, isolation_level=None)
        connection.row_factory = _row
        # A killed process loses nothing by it; only a power cut would.
        connection.execute("PRAGMA synchronous = OFF")
        return connection


def _prepare(connection: sqlite3.Connection) -> None:
    if _version(connection) == _SCHEMA_VERSION:
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    # Somebody else may have been faster. Books of another version are of no use, and nobody's money.
    if _version(connection) != _SCHEMA_VERSION:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        for table in tables.fetchall():
            connection.execute(f"DROP TABLE {table['name']}")
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()["user_version"])


def _row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}
