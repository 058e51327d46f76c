"""The twin's books, open in one transaction: objects, the clock, what is due, what moved."""

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from medusa_payments.testing.stripe_twin.wire import Document

_COLUMNS = ("customer", "payment_intent", "charge", "type", "email")
"""Which fields lists can be narrowed by, and the store therefore keeps as columns."""

_SAVE = """
INSERT INTO objects (id, scope, kind, created, customer, payment_intent, charge, type, email, body)
VALUES (:id, :scope, :kind, :created, :customer, :payment_intent, :charge, :type, :email, :body)
ON CONFLICT (id) DO UPDATE SET customer = :customer, payment_intent = :payment_intent, charge = :charge, email = :email,
                               body = :body
"""

_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A change that happens by itself when its time has come (`at`, in seconds since the epoch)."""

    at: float
    scope: str
    change: str
    object_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which objects of a kind: with these fields, made at these times (`gt`, `gte`, `lt`, `lte`), beyond a cursor.

    `types`: of one of these types, in which `*` stands for anything; empty for all.
    """

    where: Mapping[str, str] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    created: Mapping[str, int] = field(default_factory=dict)
    cursor: str | None = None
    is_backwards: bool = False
    limit: int = 10


class Books:
    """All objects of all accounts. `scope` is one account in one mode; nothing crosses it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def now(self) -> float:
        """The twin's own clock, which `advance` moves, in seconds since the epoch."""
        return time.time() + float(self.setting("ahead_seconds", "0"))

    def advance(self, seconds: float) -> None:
        self.set("ahead_seconds", str(float(self.setting("ahead_seconds", "0")) + seconds))

    def setting(self, name: str, default: str) -> str:
        row = self.connection.execute("SELECT value FROM settings WHERE name = ?", [name]).fetchone()
        return str(row["value"]) if row else default

    def set(self, name: str, value: str) -> None:
        self.connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", [name, value])

    def get(self, scope: str, object_id: str) -> Document | None:
        row = self.connection.execute(
            "SELECT body FROM objects WHERE id = ? AND scope = ?", [object_id, scope]
        ).fetchone()
        return _document(row) if row else None

    def scope_of(self, object_id: str) -> str | None:
        """Return which account has an object; None for an unknown one."""
        row = self.connection.execute("SELECT scope FROM objects WHERE id = ?", [object_id]).fetchone()
        return str(row["scope"]) if row else None

    def save(self, scope: str, document: Document) -> None:
        columns = {name: document.get(name) for name in _COLUMNS}
        row = {"id": document["id"], "scope": scope, "kind": document["object"], "created": document["created"]}
        self.connection.execute(_SAVE, row | columns | {"body": json.dumps(document)})

    def find(self, scope: str, kind: str, where: Mapping[str, str]) -> list[Document]:
        """Return all objects of a kind with these fields, oldest first."""
        conditions = " AND ".join(["scope = ?", "kind = ?", *(f"{name} = ?" for name in where)])
        rows = self.connection.execute(
            f"SELECT body FROM objects WHERE {conditions} ORDER BY created, number",  # noqa: S608
            [scope, kind, *where.values()],
        )
        return [_document(row) for row in rows]

    def all_of_kind(self, kind: str) -> list[Document]:
        """Return all objects of a kind, whoever's, oldest first."""
        rows = self.connection.execute("SELECT body FROM objects WHERE kind = ? ORDER BY created, number", [kind])
        return [_document(row) for row in rows]

    def page(self, scope: str, kind: str, page: Page) -> list[Document]:
        """Return the objects of a page and one more, if there is one; newest first, also before a cursor."""
        conditions = ["scope = ?", "kind = ?", *(f"{name} = ?" for name in page.where)]
        conditions += [f"created {_COMPARISONS[name]} ?" for name in page.created]
        values = [scope, kind, *page.where.values(), *page.created.values()]
        if page.types:
            conditions.append(f"({' OR '.join('type GLOB ?' for _ in page.types)})")
            values += page.types
        if page.cursor is not None:
            sign = ">" if page.is_backwards else "<"
            conditions.append(f"(created, number) {sign} (SELECT created, number FROM objects WHERE id = ?)")  # noqa: S608
            values.append(page.cursor)
        order = "ASC" if page.is_backwards else "DESC"
        rows = self.connection.execute(
            f"SELECT body FROM objects WHERE {' AND '.join(conditions)}"  # noqa: S608
            f" ORDER BY created {order}, number {order} LIMIT ?",
            [*values, page.limit + 1],
        )
        return [_document(row) for row in rows]

    def schedule(self, due: Due) -> None:
        self.connection.execute(
            "INSERT INTO due (at, scope, change, object_id) VALUES (?, ?, ?, ?)",
            [due.at, due.scope, due.change, due.object_id],
        )

    def take_due(self) -> Due | None:
        """Return the earliest change whose time has come, and forget it."""
        row = self.connection.execute(
            "SELECT * FROM due WHERE at <= ? ORDER BY at, number LIMIT 1", [self.now()]
        ).fetchone()
        if row is None:
            return None
        self.connection.execute("DELETE FROM due WHERE number = ?", [row.pop("number")])
        return Due(**row)

    def enter(self, scope: str, verb: str, *, session_id: str, key: str, amount: int, currency: str) -> None:
        """Write down one executed effect."""
        moment = datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.connection.execute(
            "INSERT INTO entries (scope, verb, session_id, idempotency_key, amount, currency_code, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [scope, verb, session_id, key, amount, currency, moment],
        )

    def entries(self, session_id: str | None) -> list[dict[str, Any]]:
        rows = self.connection.execute(
            "SELECT verb, session_id, idempotency_key, amount, currency_code, created_at FROM entries"
            " WHERE :session_id IS NULL OR session_id = :session_id ORDER BY number",
            {"session_id": session_id},
        )
        return rows.fetchall()


def _document(row: dict[str, Any]) -> Document:
    document: Document = json.loads(row["body"])
    return document
