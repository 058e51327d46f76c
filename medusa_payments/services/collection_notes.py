"""What people have noted about a collection. Nothing here touches money."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from medusa_payments.core.books.locks import locked_collection
from medusa_payments.models import PaymentCollection
from medusa_payments.queries.primary import primary
from medusa_payments.services import events, projections
from medusa_payments.services.events import EventName


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
    with locked_collection(payment_collection_id) as collection:
        if "description" in notes:
            collection.description = notes["description"]
        if "metadata" in notes:
            collection.metadata = _merged(collection.metadata, notes["metadata"])
        events.record(collection, EventName.COLLECTION_UPDATED, actor=created_by, changed=sorted(notes))
        projections.store(collection)
        primary(PaymentCollection).filter(pk=collection.pk).update(
            description=collection.description, metadata=collection.metadata
        )
    return collection


def _merged(known: dict[str, Any] | None, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    return {key: value for key, value in {**(known or {}), **given}.items() if value != ""}
