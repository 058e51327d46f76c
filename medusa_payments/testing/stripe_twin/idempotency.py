"""Idempotency keys: https://docs.stripe.com/api/idempotent_requests .

The first answer of a key is given again for 24 hours, errors included. Of a request nothing but a hash is kept. While
the first request is being executed, whichever process is at it, others with its key are told 409.
"""

import hashlib
import json
import os
import time
from dataclasses import dataclass

from medusa_payments.testing.stripe_twin.books import Books
from medusa_payments.testing.stripe_twin.errors import key_in_use, key_mismatch, malformed
from medusa_payments.testing.stripe_twin.wire import TwinRequest, TwinResponse

KEY_WINDOW_SECONDS = 24 * 60 * 60

_LONGEST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """A key of an account, and the request that it came with: what it asks for, and its own id."""

    scope: str
    key: str
    request: str
    request_id: str


def key_use(scope: str, request: TwinRequest, request_id: str) -> KeyUse | None:
    """Return how a request uses a key; None for a request without one, or of a kind that needs none."""
    key = request.headers.get("idempotency-key", "")
    if not key or request.method != "POST":
        return None
    if len(key) > _LONGEST:
        raise malformed(f"The idempotency key is longer than {_LONGEST} characters.", param="idempotency_key")
    canonical = json.dumps([request.method, request.path, request.form], sort_keys=True)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return KeyUse(scope=scope, key=key, request=digest, request_id=request_id)


def earlier_answer(books: Books, use: KeyUse) -> TwinResponse | None:
    """Return what a key's first request was answered; None when this is it.

    Raises `StripeTwinError`: 400 for a key of another request, 409 while another one is being executed.
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
        is_busy = row["busy_until"] > time.time() and _lives(row["pid"])
        if is_busy and row["request_id"] != use.request_id:
            raise key_in_use(use.key)
        return None
    headers = {"Idempotent-Replayed": "true", "Original-Request": row["request_id"]}
    return TwinResponse(status=row["status"], body=json.loads(row["body"]), headers=headers)


def occupy(books: Books, use: KeyUse, *, seconds: float) -> None:
    """Have a key in use by this request until it is remembered or freed, or its process has died; so long at most."""
    _write(books, use, None, busy_until=time.time() + seconds)


def free(books: Books, use: KeyUse) -> None:
    """Let go of a key whose request wasn't executed."""
    books.connection.execute(
        "DELETE FROM idempotency_keys WHERE scope = ? AND idempotency_key = ? AND status IS NULL", [use.scope, use.key]
    )


def remember(books: Books, use: KeyUse, response: TwinResponse) -> None:
    _write(books, use, response, busy_until=0)


def _write(books: Books, use: KeyUse, response: TwinResponse | None, *, busy_until: float) -> None:
    status, body = (response.status, json.dumps(response.body)) if response else (None, None)
    books.connection.execute(
        "INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [use.scope, use.key, use.request, status, body, use.request_id, books.now(), busy_until, os.getpid()],
    )


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
