"""Delivering events again to the host's signal receivers, until every receiver has returned."""

from django.db.models.functions import Now

from medusa_payments.core.books import events
from medusa_payments.core.books.events import signal_of
from medusa_payments.core.base import turns
from medusa_payments.core.base.stages import BATCH, StageReport
from medusa_payments.core.base.turns import ATTEMPTS
from medusa_payments.models import EventDelivery
from medusa_payments.queries.primary import primary


def deliver_due(limit: int = BATCH, is_dry_run: bool = False) -> StageReport:
    """Deliver again the events that some receiver has not taken yet."""
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
    """Have the worker deliver a dead or delivered event once more. Return False for one that never had a receiver."""
    values = {"attempts": 0, "next_attempt_at": Now(), "dead_at": None, "delivered_at": None}
    return bool(primary(EventDelivery).filter(pk=event_id).update(**values))


def _deliver(delivery: EventDelivery) -> bool:
    # A delivery that was made, or is dead, has no next attempt; it isn't free to be taken either.
    waiting = primary(EventDelivery).filter(next_attempt_at__isnull=False)
    if not turns.take(waiting, delivery, ATTEMPTS, events.TURN):
        return False
    signal = signal_of(delivery.event.name)
    if signal is None:
        return False
    events.send(delivery.event, signal, delivery)
    return primary(EventDelivery).filter(pk=delivery.pk, delivered_at__isnull=False).exists()
