"""The audit trail: one row per change, written in the change's own transaction."""

from functools import partial
from typing import Any

from django.db import router, transaction

from medusa_payments.core.books import events
from medusa_payments.core.books.event_names import EventName, signal_of
from medusa_payments.models import Event, Operation, PaymentCollection
from medusa_payments.queries.primary import primary

__all__ = ["EventName", "record"]


def record(
    collection: PaymentCollection,
    name: EventName,
    *,
    operation: Operation | None = None,
    actor: str = "",
    **data: Any,
) -> None:
    """Append an event to a locked collection and tell the host's receivers after commit (`core.books.events`).

    Takes the next number from `collection.event_count`, which the caller stores together with the change
    (`projections.store`). Amounts in `data` are minor units.
    """
    collection.event_count += 1
    event = primary(Event).create(
        payment_collection=collection,
        number=collection.event_count,
        name=name.value,
        operation=operation,
        actor=actor or (operation.created_by if operation else ""),
        data=data,
    )
    signal = signal_of(name)
    delivery = events.prepare(event, signal) if signal is not None else None
    if signal is not None and delivery is not None:
        tell = partial(events.send, event, signal, delivery)
        transaction.on_commit(tell, using=router.db_for_write(Event), robust=True)
