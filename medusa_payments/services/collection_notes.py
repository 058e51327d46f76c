"""What people have noted about a collection. Nothing here touches money."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from medusa_payments.core.books import book as books
from medusa_payments.core.books.events import EventName
from medusa_payments.models import PaymentCollection

__all__ = ["Notes", "update"]


class Notes(TypedDict, total=False):
    """What people can note."""

    description: str | None
    metadata: Mapping[str, Any] | None


def update(*, payment_collection_id: str, created_by: str = "", **notes: Unpack[Notes]) -> PaymentCollection:
    """Change what people have noted about a collection. What isn't given stays as it is; nothing about money changes.

    `metadata` are merged: new keys are added, known ones replaced, and those whose value is "" removed. None empties
    what it is given for.

    Raises `NotFound` (collection), `InsideTransaction`.
    """
    with books.opened(payment_collection_id) as book:
        collection = book.collection
        if "description" in notes:
            collection.description = notes["description"]
        if "metadata" in notes:
            collection.metadata = _merged(collection.metadata, notes["metadata"])
        book.record(EventName.COLLECTION_UPDATED, actor=created_by, changed=sorted(notes))
    return collection


def _merged(known: dict[str, Any] | None, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    return {key: value for key, value in {**(known or {}), **given}.items() if value != ""}
