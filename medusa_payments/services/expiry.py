"""Authorizations that run out: when to look, when to warn."""

from datetime import datetime, timedelta

from django.utils import timezone

from medusa_payments.conf import payments_settings
from medusa_payments.models import Payment

AFTERWARDS = timedelta(minutes=5)
"""How long after an authorization ran out the provider is asked what became of it."""


def is_over(payment: Payment) -> bool:
    """Say whether an authorization has run out."""
    return payment.capture_before is not None and payment.capture_before <= timezone.now()


def is_near(payment: Payment) -> bool:
    """Say whether it is time to warn that an authorization will run out."""
    return payment.capture_before is not None and timezone.now() >= payment.capture_before - warning_time()


def next_look(payment: Payment) -> datetime | None:
    """Return when an authorization is to be looked at next; None for one that doesn't run out."""
    if payment.capture_before is None:
        return None
    if payment.expiry_warned_at is None:
        return payment.capture_before - warning_time()
    return payment.capture_before + AFTERWARDS


def warning_time() -> timedelta:
    """Return how long before it runs out an authorization is warned of."""
    return timedelta(seconds=payments_settings.EXPIRY_WARNING_SECONDS)
