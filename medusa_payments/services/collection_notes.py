"""What people have noted about a collection. Nothing here touches money."""

from collections.abc import Mapping
from typing import Any

from medusa_payments.models import PaymentCollection
from medusa_payments.queries.primary import primary
from medusa_payments.services import events, projections
from medusa_payments.services.events import EventName
from medusa_payments.services.locks import locked_collection


def update(
    *,
    payment_collection_id: str,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    created_by: str = "",
) -> PaymentCollection:
    """Change what people have noted about a collection. What isn't given stays as it is; nothing about money changes.

    `metadata` are merged: new keys are added, known ones replaced, and those whose value is "" removed.

    Raises `NotFound` (collection), `InsideTransaction`.
    """
    with locked_collection(payment_collection_id) as collection:
        if description is not None:
            collection.description = description
        if metadata is not None:
            merged = {**(collection.metadata or {}), **metadata}
            collection.metadata = {key: value for key, value in merged.items() if value != ""}
        events.record(
            collection, EventName.COLLECTION_UPDATED, actor=created_by, changed=sorted(_given(description, metadata))
        )
        projections.store(collection)
        primary(PaymentCollection).filter(pk=collection.pk).update(
            description=collection.description, metadata=collection.metadata
        )
    return collection


def _given(description: str | None, metadata: Mapping[str, Any] | None) -> list[str]:
    given = {"description": description, "metadata": metadata}
    return [name for name, value in given.items() if value is not None]
