"""The fake provider's customers and what they have saved, in the same file as its payments."""

import secrets
import sqlite3
from dataclasses import asdict, dataclass

TABLES = ("customers", "methods", "setups", "steering")

SCHEMA = """
CREATE TABLE IF NOT EXISTS customers (
    ref TEXT PRIMARY KEY, account TEXT NOT NULL, account_holder_id TEXT NOT NULL, customer_id TEXT NOT NULL,
    email TEXT, name TEXT, phone TEXT, idempotency_key TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS methods (
    ref TEXT PRIMARY KEY, customer_ref TEXT NOT NULL, brand TEXT NOT NULL, last4 TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS setups (ref TEXT PRIMARY KEY, customer_ref TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS steering (verb TEXT PRIMARY KEY, steering TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeCustomer:
    """A customer as the fake provider has it, with the key of the call that made it."""

    ref: str
    account: str
    account_holder_id: str
    customer_id: str
    email: str | None
    name: str | None
    phone: str | None
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeMethod:
    """A saved card. A deleted one keeps its row, with no customer ("")."""

    ref: str
    customer_ref: str
    brand: str
    last4: str


class FakeAccountBooks:
    """Customers and saved methods, open in one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, customer: FakeCustomer) -> None:
        self._connection.execute(
            "INSERT INTO customers VALUES (:ref, :account, :account_holder_id, :customer_id, :email, :name, :phone,"
            " :idempotency_key)",
            asdict(customer),
        )

    def customers(self) -> list[FakeCustomer]:
        return [FakeCustomer(**row) for row in self._connection.execute("SELECT * FROM customers ORDER BY rowid")]

    def customer(self, ref: str) -> FakeCustomer | None:
        row = self._connection.execute("SELECT * FROM customers WHERE ref = ?", [ref]).fetchone()
        return FakeCustomer(**row) if row else None

    def customer_of(self, account_holder_id: str, account: str) -> FakeCustomer | None:
        query = "SELECT * FROM customers WHERE account_holder_id = ? AND account = ?"
        row = self._connection.execute(query, [account_holder_id, account]).fetchone()
        return FakeCustomer(**row) if row else None

    def remove(self, customer_ref: str) -> None:
        """Delete a customer; what it has saved is forgotten."""
        self._connection.execute("UPDATE methods SET customer_ref = '' WHERE customer_ref = ?", [customer_ref])
        self._connection.execute("DELETE FROM customers WHERE ref = ?", [customer_ref])

    def methods(self, customer_ref: str) -> list[FakeMethod]:
        """Return what a customer has saved, newest first."""
        query = "SELECT * FROM methods WHERE customer_ref = ? ORDER BY rowid DESC"
        return [FakeMethod(**row) for row in self._connection.execute(query, [customer_ref])]

    def method(self, ref: str) -> FakeMethod | None:
        row = self._connection.execute("SELECT * FROM methods WHERE ref = ?", [ref]).fetchone()
        return FakeMethod(**row) if row else None

    def add_method(self, customer_ref: str, *, brand: str, last4: str) -> str:
        ref = f"fake_pm_{secrets.token_hex(12)}"
        self._connection.execute("INSERT INTO methods VALUES (?, ?, ?, ?)", [ref, customer_ref, brand, last4])
        return ref

    def forget_method(self, ref: str) -> None:
        self._connection.execute("UPDATE methods SET customer_ref = '' WHERE ref = ?", [ref])

    def begin_setup(self, customer_ref: str) -> str:
        ref = f"fake_seti_{secrets.token_hex(12)}"
        self._connection.execute("INSERT INTO setups VALUES (?, ?)", [ref, customer_ref])
        return ref

    def customer_of_setup(self, ref: str) -> str | None:
        row = self._connection.execute("SELECT customer_ref FROM setups WHERE ref = ?", [ref]).fetchone()
        return row["customer_ref"] if row else None

    def steering(self, verb: str) -> str | None:
        row = self._connection.execute("SELECT steering FROM steering WHERE verb = ?", [verb]).fetchone()
        return row["steering"] if row else None

    def steer(self, verb: str, steering: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO steering VALUES (?, ?)", [verb, steering])
