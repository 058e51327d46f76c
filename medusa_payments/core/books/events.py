"""The audit trail: one row per change, written in the change's own transaction, and told to the host's receivers.

Receivers are called right after the commit, and again by the worker until every one has returned: at least once, with
the same event id each time. The order is not promised.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from django.db import router, transaction
from django.db.models.functions import Now
from django.dispatch import Signal

from medusa_payments.conf import payments_settings
from medusa_payments.core.books.event_names import EventName, signal_of
from medusa_payments.core.policy.waits import backoff
from medusa_payments.core.books.debts import paid_on_return
from medusa_payments.models import Event, EventDelivery
from medusa_payments.queries.primary import primary

__all__ = ["BY_PROVIDER", "BY_WORKER", "EventName", "send", "write"]

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
