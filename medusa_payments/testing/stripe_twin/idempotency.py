"""Idempotency keys: https://docs.stripe.com/api/idempotent_requests .

The first answer of a key is given again for 24 hours, errors included. Of a request nothing but a hash is kept.
"""

import hashlib
import json
import time
from dataclasses import dataclass

from medusa_payments.testing.stripe_twin.books import Books
from medusa_payments.testing.stripe_twin.errors import key_in_use, key_mismatch, malformed
from medusa_payments.testing.stripe_twin.wire import TwinRequest, TwinResponse

KEY_WINDOW_SECONDS = 24 * 60 * 60

_LONGEST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """A key of an account, and the request that it came with."""

    scope: str
    key: str
    request: str


def key_use(scope: str, request: TwinRequest) -> KeyUse | None:
    """Return how a request uses a key; None for a request without one, or of a kind that needs none."""
    key = request.headers.get("idempotency-key", "")
    if not key or request.method != "POST":
        return None
    if len(key) > _LONGEST:
        raise malformed(f"The idempotency key is longer than {_LONGEST} characters.", param="idempotency_key")
    canonical = json.dumps([request.method, request.path, request.form], sort_keys=True)
    return KeyUse(scope=scope, key=key, request=hashlib.sha256(canonical.encode()).hexdigest())


def earlier_answer(books: Books, use: KeyUse) -> TwinResponse | None:
    """Return what a key's first request was answered; None for a new key.

    Raises `StripeTwinError`: 400 for a key of another request, 409 while the first is being executed.
    """
    row = books.connection.execute(
        "SELECT * FROM idempotency_keys WHERE scope = ? AND idempotency_key = ? AND made_at > ?",
        [use.scope, use.key, books.now() - KEY_WINDOW_SECONDS],
    ).fetchone()
    if row is None:
        return None
    if row["request"] != use.request:
        raise key_mismatch(use.key)
    if row["status"] is None:
        if row["busy_until"] > time.time():
            raise key_in_use(use.key)
        return None
    headers = {"Idempotent-Replayed": "true", "Original-Request": row["request_id"]}
    return TwinResponse(status=row["status"], body=json.loads(row["body"]), headers=headers)


def occupy(books: Books, use: KeyUse, *, seconds: float) -> None:
    """Have a key in use for a while, until it is remembered."""
    _write(books, use, None, request_id="", busy_until=time.time() + seconds)


def free(books: Books, use: KeyUse) -> None:
    """Let go of a key whose request wasn't executed."""
    books.connection.execute(
        "DELETE FROM idempotency_keys WHERE scope = ? AND idempotency_key = ? AND status IS NULL", [use.scope, use.key]
    )


def remember(books: Books, use: KeyUse, response: TwinResponse, *, request_id: str) -> None:
    _write(books, use, response, request_id=request_id, busy_until=0)


def _write(books: Books, use: KeyUse, response: TwinResponse | None, *, request_id: str, busy_until: float) -> None:
    status, body = (response.status, json.dumps(response.body)) if response else (None, None)
    books.connection.execute(
        "INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [use.scope, use.key, use.request, status, body, request_id, books.now(), busy_until],
    )
