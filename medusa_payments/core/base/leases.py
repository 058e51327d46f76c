"""One process at a time works on an operation, or opens a customer's account: for as long as its lease lives.

The clock is the database's: as an expression, or as a book has read it.
"""

import math
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from medusa_payments.core.base import workers
from medusa_payments.core.base.locks import A_TICK
from medusa_payments.exceptions import Conflict
from medusa_payments.models import Operation
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.queries.primary import primary

IN_PROGRESS_RETRY_SECONDS = 1
UNKNOWN_RETRY_SECONDS = 5

KEY_WINDOW_MARGIN = timedelta(hours=1)
"""Taken off a provider's key window, for clocks that disagree."""


def lease_seconds(provider: PaymentProvider) -> int:
    """How long one process may work on a row: longer than twice the provider's own total timeout."""
    return math.ceil(2 * provider.timeout_seconds) + 5


def taken(provider: PaymentProvider, now: datetime | Now | None = None) -> dict[str, Any]:
    """Return the columns of a row that this process begins to work on."""
    lease = timedelta(seconds=lease_seconds(provider))
    return {"lease_expires_at": (now or Now()) + lease, "leased_by": workers.identity()}


def sending(provider: PaymentProvider, now: datetime | Now | None = None) -> dict[str, Any]:
    """Return the column of a row that is about to be sent.

    Nobody sends once half of the lease is over, and what is sent arrives within the provider's timeout or never.
    """
    longest = lease_seconds(provider) + math.ceil(provider.timeout_seconds)
    return {"in_flight_until": (now or Now()) + timedelta(seconds=longest)}


def left_to_the_worker(now: datetime) -> dict[str, Any]:
    """Return the columns of a row that nobody works on, and nothing was sent for."""
    return {"lease_expires_at": now - A_TICK, "leased_by": "", "in_flight_until": None}


def is_leased(operation: Operation, now: datetime) -> bool:
    """Return True if a process works on an operation: its lease lives, and no one saw its process die."""
    return operation.lease_expires_at > now and not workers.is_gone(operation.leased_by)


def has_arrived(operation: Operation) -> bool:
    """Return True when whatever was sent has reached the provider, or never will."""
    arrived = Q(in_flight_until__isnull=True) | Q(in_flight_until__lte=Now())
    return primary(Operation).filter(arrived, pk=operation.pk, fence=operation.fence).exists()


def in_progress(operation: Operation) -> Conflict:
    """Return the error that says: another request is in progress."""
    return Conflict(
        f"Another request for {operation.target} is in progress.",
        details={"operation_id": operation.pk},
        retry_after=IN_PROGRESS_RETRY_SECONDS,
    )
