"""The audit trail: one row per change, written in the change's own transaction, and told to the host's receivers.

Receivers are called right after the commit, and again by the worker until every one has returned: at least once, with
the same event id each time. The order is not promised.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from functools import partial

from django.db import router, transaction
from django.db.models.functions import Now
from django.dispatch import Signal

from medusa_payments import signals
from medusa_payments.conf import payments_settings
from medusa_payments.core.base.debts import paid_on_return
from medusa_payments.core.policy.waits import backoff
from medusa_payments.models import Event, EventDelivery
from medusa_payments.queries.primary import primary

__all__ = ["BY_PROVIDER", "BY_WORKER", "EventName", "send", "signal_of", "write"]

BY_PROVIDER = "provider"
"""The actor of what happened at the provider without us."""

BY_WORKER = "worker"
"""Who did what the state of a collection called for, as `created_by` and events record it."""

logger = logging.getLogger(__name__)

TURN = timedelta(minutes=2)
"""How long one process has a delivery for itself, the first one being who made the event."""


def write(events: Sequence[Event]) -> None:
    """Insert events, and have the host's receivers told of them after the commit."""
    if not events:
        return
    primary(Event).bulk_create(events)
    heard = [(event, signal) for event in events if (signal := signal_of(event.name)) and signal.has_listeners(Event)]
    deliveries = [EventDelivery(event=event, attempts=1, next_attempt_at=Now() + TURN) for event, _ in heard]
    if deliveries:
        primary(EventDelivery).bulk_create(deliveries)
    for (event, signal), delivery in zip(heard, deliveries, strict=True):
        tell = partial(send, event, signal, delivery)
        transaction.on_commit(tell, using=router.db_for_write(Event), robust=True)


def send(event: Event, signal: Signal, delivery: EventDelivery) -> None:
    """Tell all receivers of a committed event, and record whether all of them returned. Never raises for one."""
    # A receiver that captures or refunds has its answer when the service returns, whatever becomes of this request's.
    with paid_on_return():
        answers = signal.send_robust(
            sender=Event, event_id=event.pk, payment_collection_id=event.payment_collection_id, data=event.data
        )
    failures = [f"{_name(receiver)}: {type(answer).__name__}" for receiver, answer in answers if _failed(answer)]
    held = primary(EventDelivery).filter(pk=event.pk, attempts=delivery.attempts)
    if not failures:
        held.update(delivered_at=Now(), next_attempt_at=None, error_message="")
        return
    logger.warning("event %s was not delivered: %s", event.pk, "; ".join(failures))
    is_last = delivery.attempts >= payments_settings.EVENT_ATTEMPTS
    held.update(
        next_attempt_at=None if is_last else Now() + backoff(delivery.attempts),
        dead_at=Now() if is_last else None,
        error_message="; ".join(failures),
    )


def _failed(answer: object) -> bool:
    return isinstance(answer, Exception)


def _name(receiver: object) -> str:
    return getattr(receiver, "__qualname__", type(receiver).__name__)


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
    COLLECTION_FAILED = "payment_collection.failed"
    COLLECTION_CANCELED = "payment_collection.canceled"
    REFUND_ACCEPTED = "refund.accepted"
    REFUND_FAILED = "refund.failed"
    PAYMENT_RELEASED = "payment.released"
    PAYMENT_AMOUNT_RAISED = "payment.amount_raised"
    PAYMENT_FROZEN = "payment.frozen"
    PAYMENT_UNFROZEN = "payment.unfrozen"
    DISCREPANCY_FOUND = "payment_collection.discrepancy"
    MONEY_KEPT = "payment_collection.money_kept"
    AUTHORIZATION_EXPIRING = "payment.authorization_expiring"
    AUTHORIZATION_EXPIRED = "payment.authorization_expired"
    DISPUTE_OPENED = "dispute.opened"
    DISPUTE_UPDATED = "dispute.updated"
    DISPUTE_WON = "dispute.won"
    DISPUTE_LOST = "dispute.lost"
    DISPUTE_CLOSED = "dispute.closed"
    DISPUTE_EVIDENCE_DUE = "dispute.evidence_due"
    OPERATION_DECIDED = "operation.decided"
    OPERATION_NEEDS_PERSON = "operation.needs_person"
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
    EventName.COLLECTION_FAILED: signals.payment_collection_failed,
    EventName.COLLECTION_CANCELED: signals.payment_collection_canceled,
    EventName.REFUND_FAILED: signals.refund_failed,
    EventName.PAYMENT_RELEASED: signals.payment_released,
    EventName.PAYMENT_FROZEN: signals.payment_frozen,
    EventName.AUTHORIZATION_EXPIRING: signals.authorization_expiring,
    EventName.AUTHORIZATION_EXPIRED: signals.authorization_expired,
    EventName.DISPUTE_OPENED: signals.dispute_opened,
    EventName.DISPUTE_UPDATED: signals.dispute_updated,
    EventName.DISPUTE_WON: signals.dispute_won,
    EventName.DISPUTE_LOST: signals.dispute_lost,
    EventName.DISPUTE_CLOSED: signals.dispute_closed,
    EventName.DISPUTE_EVIDENCE_DUE: signals.dispute_evidence_due,
    EventName.OPERATION_NEEDS_PERSON: signals.operation_needs_person,
}


def signal_of(name: str) -> Signal | None:
    """Return the signal that tells of an event; None for one that is for the audit trail only."""
    return _SIGNALS.get(EventName(name)) if name in set(EventName) else None
