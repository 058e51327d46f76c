"""Accounts and their keys. One account has two sets of books, as at Stripe: for live and for test mode."""

import json
from dataclasses import dataclass, field

from medusa_payments.testing.stripe_twin.books import Books
from medusa_payments.testing.stripe_twin.errors import unauthorized


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`scope` keeps its objects apart from all others. `is_publishable`: it shows itself with a key for browsers."""

    scope: str
    id: str
    is_live: bool
    has_multicapture: bool
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    is_publishable: bool = False


def open_account(books: Books, account_id: str, *, is_live: bool, has_multicapture: bool, secrets: list[str]) -> str:
    """Open an account, or set an existing one's features anew; return its scope."""
    scope = f"{account_id}/{'live' if is_live else 'test'}"
    settings = json.dumps({"has_multicapture": has_multicapture, "webhook_secrets": secrets})
    books.connection.execute(
        "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?)", [scope, account_id, is_live, settings]
    )
    return scope


def add_key(books: Books, scope: str, api_key: str) -> None:
    """Let a key open an account's books. Keys that begin with `pk_` are for browsers."""
    books.connection.execute(
        "INSERT OR REPLACE INTO api_keys VALUES (?, ?, ?)", [api_key, scope, api_key.startswith("pk_")]
    )


def remove_key(books: Books, api_key: str) -> None:
    books.connection.execute("DELETE FROM api_keys WHERE api_key = ?", [api_key])


def account_of_key(books: Books, api_key: str) -> Account:
    """Return whose key it is. Raises `StripeTwinError` (401)."""
    if not api_key:
        raise unauthorized("You did not provide an API key.")
    row = books.connection.execute("SELECT scope, is_publishable FROM api_keys WHERE api_key = ?", [api_key]).fetchone()
    if row is None:
        raise unauthorized(
            f"Invalid API Key provided: {api_key[:8]}{'*' * 8}{api_key[-4:] if len(api_key) > 20 else ''}"
        )
    return account_of_scope(books, row["scope"], is_publishable=bool(row["is_publishable"]))


def account_of_scope(books: Books, scope: str, *, is_publishable: bool = False) -> Account:
    row = books.connection.execute("SELECT * FROM accounts WHERE scope = ?", [scope]).fetchone()
    settings = json.loads(row["settings"])
    return Account(
        scope=scope,
        id=row["id"],
        is_live=bool(row["is_live"]),
        has_multicapture=settings["has_multicapture"],
        webhook_secrets=tuple(settings["webhook_secrets"]),
        is_publishable=is_publishable,
    )


def scope_of_account(books: Books, account_id: str) -> str:
    """Return the books of an account, of its test mode if it has both. Raises `LookupError`."""
    row = books.connection.execute(
        "SELECT scope FROM accounts WHERE id = ? ORDER BY is_live LIMIT 1", [account_id]
    ).fetchone()
    if row is None:
        raise LookupError(account_id)
    return str(row["scope"])


def has_accounts(books: Books) -> bool:
    return books.connection.execute("SELECT 1 FROM accounts LIMIT 1").fetchone() is not None
