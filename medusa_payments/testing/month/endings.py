"""How operations end, and what that says of their lease."""

from datetime import datetime, timedelta
from enum import Enum

from medusa_payments.states import OperationStatus

LEASE = timedelta(seconds=65)
IN_FLIGHT = timedelta(seconds=95)
AT_REST = timedelta(minutes=5)
"""For so long before its end nothing happens in a month, so that all that was sent has arrived."""


class Ending(Enum):
    """How an operation ended or stands. `LEASED`: a process works on it; `LOST`: the provider executed it and the
    answer got lost; `NEVER_ARRIVED`: the request got lost; `DEFERRED`: left to the worker.
    """

    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    NOT_EXECUTED = "not_executed"
    ACCEPTED = "accepted"
    LEASED = "leased"
    LOST = "lost"
    NEVER_ARRIVED = "never_arrived"
    DEFERRED = "deferred"

    @property
    def status(self) -> OperationStatus:
        return OperationStatus(self.value) if self.value in set(OperationStatus) else OperationStatus.OPEN

    @property
    def is_executed(self) -> bool:
        """Return True if the provider did it."""
        return self in {Ending.SUCCEEDED, Ending.ACCEPTED, Ending.LEASED, Ending.LOST}

    @property
    def is_in_flight(self) -> bool:
        return self.status in {OperationStatus.OPEN, OperationStatus.ACCEPTED}


def times_of(ending: Ending, now: datetime, *, is_local: bool) -> tuple[datetime, datetime | None]:
    """Return until when a process works on an operation, and until when it may still arrive."""
    if ending is Ending.DEFERRED:
        return now, None
    # A process that died or gave up long ago: its lease is over, and whatever it sent has arrived.
    is_old = is_local or ending in {Ending.LOST, Ending.NEVER_ARRIVED}
    begun = now - IN_FLIGHT if is_old else now
    # A process that is alive at the end of the month has only just begun.
    begun += AT_REST if ending is Ending.LEASED else timedelta(0)
    return begun + LEASE, begun + IN_FLIGHT
