"""Telling the host's signal receivers of events: right after the commit, and again until every receiver has returned.

At least once, with the same event id each time; the order is not promised.
"""

import logging
from datetime import timedelta

from django.db.models.functions import Now
from django.dispatch import Signal

from medusa_payments.conf import payments_settings
from medusa_payments.core import debts
from medusa_payments.core.policy.waits import backoff
from medusa_payments.models import Event, EventDelivery
from medusa_payments.queries.primary import primary

logger = logging.getLogger(__name__)

TURN = timedelta(minutes=2)
"""How long one process has a delivery for itself. The first one is the process that made the event."""


def prepare(event: Event, signal: Signal) -> EventDelivery | None:
    """Record that an event is to be delivered, in the event's own transaction; None when nobody listens."""
    if not signal.has_listeners(Event):
        return None
    return primary(EventDelivery).create(event=event, attempts=1, next_attempt_at=Now() + TURN)


def send(event: Event, signal: Signal, delivery: EventDelivery) -> None:
    """Tell all receivers of a committed event, and record whether all of them returned. Never raises for one."""
    # A receiver that captures or refunds has its answer when the service returns, whatever becomes of this request's.
    with debts.paid_on_return():
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
