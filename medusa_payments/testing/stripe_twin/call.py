"""One request (or one thing that happens by itself), while the twin is at it."""

import copy
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medusa_payments.providers.stripe.client import API_VERSION
from medusa_payments.testing.stripe_twin.accounts import Account
from medusa_payments.testing.stripe_twin.books import Books, Due
from medusa_payments.testing.stripe_twin.errors import missing, refused
from medusa_payments.testing.stripe_twin.wire import Document

HIDDEN = "_twin"
"""What the twin itself remembers about an object; never shown."""

SESSION_KEY = "session_id"
"""The name under which a shop's session stands in an intent's metadata."""


@dataclass(slots=True, kw_only=True)
class Call:
    """`now` is the twin's time in whole seconds; the key and the request's id are empty when nobody asked."""

    books: Books
    account: Account
    now: int
    base_url: str
    idempotency_key: str = ""
    request_id: str = ""
    has_entered: bool = False

    def get(self, kind: str, object_id: str, *, param: str = "id", status: int = 404) -> Document:
        """Return an object of this account. Raises `StripeTwinError` for an unknown one."""
        found = self.books.get(self.account.scope, object_id)
        if found is None or found["object"] != kind:
            raise missing(kind, object_id, param=param, status=status)
        return found

    def living(self, kind: str, object_id: str, *, param: str = "id", status: int = 404) -> Document:
        """Return an object that wasn't deleted. Raises `StripeTwinError`."""
        found = self.get(kind, object_id, param=param, status=status)
        if found.get("deleted"):
            raise missing(kind, object_id, param=param, status=status)
        return found

    def find(self, kind: str, **where: str) -> list[Document]:
        """Return all objects of a kind with these fields, oldest first."""
        return self.books.find(self.account.scope, kind, where)

    def save(self, document: Document) -> None:
        self.books.save(self.account.scope, document)

    def tell(self, event_type: str, subject: Document, previous: Document | None = None) -> None:
        """Make an event out of what an object is now; `previous` is what it was."""
        data: Document = {"object": shown(subject)}
        if previous is not None:
            data["previous_attributes"] = _changed(shown(previous), data["object"])
        self.save(
            {
                "id": new_id("evt"),
                "object": "event",
                "api_version": API_VERSION,
                "created": self.now,
                "data": data,
                "livemode": self.account.is_live,
                "pending_webhooks": 0,
                "request": {"id": self.request_id or None, "idempotency_key": self.idempotency_key or None},
                "type": event_type,
            }
        )

    def enter(self, verb: str, intent: Document, amount: int) -> None:
        """Write down what moved, for those who audit: one entry for each request, however much it did."""
        if self.has_entered and self.idempotency_key:
            return
        self.has_entered = True
        self.books.enter(
            self.account.scope,
            verb,
            session_id=intent["metadata"].get(SESSION_KEY, ""),
            key=self.idempotency_key,
            amount=amount,
            currency=intent["currency"],
        )

    def schedule(self, change: str, object_id: str, *, seconds: float) -> None:
        """Have something happen by itself later."""
        due = Due(at=self.now + seconds, scope=self.account.scope, change=change, object_id=object_id)
        self.books.schedule(due)


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def shown(value: Any) -> Any:
    """Return an object as callers see it."""
    if isinstance(value, Mapping):
        return {name: shown(item) for name, item in value.items() if name != HIDDEN}
    if isinstance(value, list):
        return [shown(item) for item in value]
    return copy.copy(value)


def merged_metadata(current: Mapping[str, str], change: Any) -> dict[str, str]:
    """Return metadata with a change: an empty value deletes its key, an empty change deletes all.

    The limits are those of https://docs.stripe.com/metadata .
    """
    if change == "":
        return {}
    metadata = {name: value for name, value in {**current, **(change or {})}.items() if value != ""}
    if len(metadata) > 50:
        raise refused("Metadata can have up to 50 keys.", param="metadata")
    for name, value in metadata.items():
        if len(name) > 40:
            raise refused(f"Metadata keys can be up to 40 characters long: {name[:40]}", param="metadata")
        if len(value) > 500:
            raise refused("Metadata values can be up to 500 characters long.", param=f"metadata[{name}]")
    return metadata


def _changed(before: Document, after: Document) -> Document:
    return {name: value for name, value in before.items() if after.get(name) != value}
