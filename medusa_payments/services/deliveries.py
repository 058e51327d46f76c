"""Telling the host's signal receivers of events: right after commit, and again until every receiver has returned.

At least once, with the same event id each time; the order is not promised.
"""

import logging
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Now
from django.dispatch import Signal
from django.utils import timezone

from medusa_payments.conf import payments_settings
from medusa_payments.core import debts
from medusa_payments.models import Event, EventDelivery
from medusa_payments.queries.primary import primary
from medusa_payments.services import attention
from medusa_payments.services.event_names import signal_of
from medusa_payments.services.stages import BATCH, StageReport

logger = logging.getLogger(__name__)

TURN = timedelta(minutes=2)
"""How long one process has a delivery for itself, the first one being who made the event."""


def prepare(event: Event, signal: Signal) -> EventDelivery | None:
    """Write down that an event is to be delivered, in the event's own transaction; None when nobody listens."""
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
        next_attempt_at=None if is_last else timezone.now() + attention.backoff(delivery.attempts),
        dead_at=Now() if is_last else None,
        error_message="; ".join(failures),
    )


def deliver_due(limit: int = BATCH, is_dry_run: bool = False) -> StageReport:
    """Deliver again what some receiver has not taken yet."""
    waiting = primary(EventDelivery).filter(next_attempt_at__isnull=False)
    due = waiting.filter(next_attempt_at__lte=Now()).order_by("next_attempt_at", "event_id").select_related("event")
    deliveries = list(due[:limit])
    if is_dry_run:
        notes = tuple(f"{delivery.event_id}: {delivery.event.name} is to be delivered" for delivery in deliveries)
        return StageReport(name="deliveries", left=waiting.count(), notes=notes)
    done = sum(_deliver(delivery) for delivery in deliveries)
    dead = primary(EventDelivery).filter(dead_at__isnull=False).count()
    return StageReport(name="deliveries", done=done, left=waiting.count(), waiting=dead)


def deliver_again(event_id: str) -> bool:
    """Have a dead or delivered event delivered once more by the worker; False for one that never had a receiver."""
    return bool(
        primary(EventDelivery)
        .filter(pk=event_id)
        .update(attempts=0, next_attempt_at=Now(), dead_at=None, delivered_at=None)
    )


def _deliver(delivery: EventDelivery) -> bool:
    turn = primary(EventDelivery).filter(pk=delivery.pk, attempts=delivery.attempts, next_attempt_at__lte=Now())
    if not turn.update(attempts=F("attempts") + 1, next_attempt_at=Now() + TURN):
        return False
    delivery.attempts += 1
    signal = signal_of(delivery.event.name)
    if signal is None:
        return False
    send(delivery.event, signal, delivery)
    return primary(EventDelivery).filter(pk=delivery.pk, delivered_at__isnull=False).exists()


def _failed(answer: object) -> bool:
    return isinstance(answer, Exception)


def _name(receiver: object) -> str:
    return getattr(receiver, "__qualname__", type(receiver).__name__)
