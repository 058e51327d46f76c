"""The audit trail: one row per change, written in the change's own transaction."""

from enum import StrEnum
from functools import partial
from typing import Any

from django.db import router, transaction
from django.dispatch import Signal

from medusa_payments import signals
from medusa_payments.models import Event, Operation, PaymentCollection
from medusa_payments.queries.primary import primary


class EventName(StrEnum):
    COLLECTION_CREATED = "payment_collection.created"
    COLLECTION_UPDATED = "payment_collection.updated"
    SESSION_INITIATED = "payment_session.initiated"
    SESSION_UPDATED = "payment_session.updated"
    SESSION_REPLACED = "payment_session.replaced"
    SESSION_CANCELED = "payment_session.canceled"
    PAYMENT_AUTHORIZED = "payment.authorized"
    PAYMENT_CAPTURED = "payment.captured"
    PAYMENT_REFUNDED = "payment.refunded"
    PAYMENT_CANCELED = "payment.canceled"
    COLLECTION_DELETED = "payment_collection.deleted"
    OPERATION_REFUSED = "operation.refused"
    OPERATION_NOT_EXECUTED = "operation.not_executed"
    OPERATION_UNKNOWN = "operation.unknown"


_SIGNALS: dict[EventName, Signal] = {
    EventName.COLLECTION_CREATED: signals.payment_collection_created,
    EventName.COLLECTION_UPDATED: signals.payment_collection_updated,
    EventName.SESSION_INITIATED: signals.payment_session_initiated,
    EventName.SESSION_UPDATED: signals.payment_session_updated,
    EventName.SESSION_REPLACED: signals.payment_session_replaced,
    EventName.SESSION_CANCELED: signals.payment_session_canceled,
    EventName.PAYMENT_AUTHORIZED: signals.payment_authorized,
    EventName.PAYMENT_CAPTURED: signals.payment_captured,
    EventName.PAYMENT_REFUNDED: signals.payment_refunded,
    EventName.PAYMENT_CANCELED: signals.payment_canceled,
    EventName.COLLECTION_DELETED: signals.payment_collection_deleted,
}


def record(
    collection: PaymentCollection,
    name: EventName,
    *,
    operation: Operation | None = None,
    actor: str = "",
    **data: Any,
) -> None:
    """Append an event to a locked collection and send its signal after commit.

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
    if name in _SIGNALS:
        transaction.on_commit(partial(_send, event, _SIGNALS[name]), using=router.db_for_write(Event), robust=True)


def _send(event: Event, signal: Signal) -> None:
    signal.send_robust(
        sender=Event, event_id=event.pk, payment_collection_id=event.payment_collection_id, data=event.data
    )
