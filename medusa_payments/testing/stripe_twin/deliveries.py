"""Which webhooks were delivered where."""

import json
import time
from dataclasses import dataclass

from medusa_payments.testing.stripe_twin.accounts import scope_of_account
from medusa_payments.testing.stripe_twin.books import Books
from medusa_payments.testing.stripe_twin.wire import Document

_TAKEN_SECONDS = 60
"""How long a webhook that somebody has taken isn't taken again, should that one have died."""

_MOST = 50

_DUE = """
SELECT objects.body, coalesce(deliveries.attempts, 0) AS attempts FROM objects
LEFT JOIN deliveries ON deliveries.event = objects.id AND deliveries.url = :url
WHERE objects.scope = :scope AND objects.kind = 'event'
  AND (deliveries.event IS NULL OR deliveries.next_at <= :now)
ORDER BY objects.number LIMIT :most
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to deliver an event; `attempts` counts it."""

    url: str
    event: Document
    attempts: int


def take_due(books: Books, url: str, account_id: str) -> list[Delivery]:
    """Return what is to be sent to an address now, oldest first, and count the attempt."""
    now = time.time()
    values = {"url": url, "scope": scope_of_account(books, account_id), "now": now, "most": _MOST}
    rows = books.connection.execute(_DUE, values).fetchall()
    due = [Delivery(url=url, event=json.loads(row["body"]), attempts=row["attempts"] + 1) for row in rows]
    for delivery in due:
        _write(books, delivery, next_at=now + _TAKEN_SECONDS)
    return due


def conclude(books: Books, delivery: Delivery, *, is_answered: bool, next_at: float | None) -> None:
    """Write down what became of an attempt; nothing is due any more once it was answered or given up."""
    _write(books, delivery, next_at=None if is_answered else next_at)


def _write(books: Books, delivery: Delivery, *, next_at: float | None) -> None:
    books.connection.execute(
        "INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?)",
        [delivery.url, delivery.event["id"], delivery.attempts, next_at],
    )
