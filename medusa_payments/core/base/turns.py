"""Turns: a process takes a row for a while, and what fails is tried again later, each time after a longer wait.

Of all processes that have read the same row one takes it: the statement names the fence that was read, and changes it.
A turn ends when its time is over, when its process writes the row's next state, or when that process is seen to be
dead. What a process writes at the end of its turn names the fence too (`held`): it is nothing if another one has taken
the row over. Only proven success may be written without. The clock is the database's.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from medusa_payments.core.base import workers
from medusa_payments.core.policy.waits import backoff

RowT = TypeVar("RowT", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """The columns of a table that say whose turn a row is.

    `until`: nobody takes the row before this moment; NULL where nobody has it. `fence`: differs from turn to turn.
    `holder`: the process that has the row; "" where a table doesn't record it.
    """

    until: str
    fence: str
    holder: str = ""


LEASES = Turns(until="lease_expires_at", fence="fence", holder="leased_by")
"""Operations and account holders. When they are tried again is another column's business, or the next caller's."""

ATTEMPTS = Turns(until="next_attempt_at", fence="attempts")
"""Webhook events and deliveries to the host: every turn is an attempt."""

LOOKS = Turns(until="attention_at", fence="attention_at")
"""Collections: every turn has another moment, so the moment is the fence."""


def is_free(turns: Turns) -> Q:
    """Return the condition for rows that nobody has now. Of dead processes it knows nothing."""
    return Q(**{f"{turns.until}__isnull": True}) | Q(**{f"{turns.until}__lte": Now()})


def held(rows: QuerySet[RowT], row: RowT, turns: Turns) -> QuerySet[RowT]:
    """Return a row of `rows` as long as it has the fence that was read or taken; no row afterwards."""
    return rows.filter(**{"pk": row.pk, turns.fence: getattr(row, turns.fence)})


def take(rows: QuerySet[RowT], row: RowT, turns: Turns, lasting: timedelta, **values: Any) -> bool:
    """Take a row of `rows` for so long, and store `values` with it; return True if this process has it now.

    False when another process has it, or has had it since `row` was read. Raises the fence of `row`; its other columns
    stay as they were read.
    """
    mine = held(rows, row, turns)
    # The lease of a process that died on this machine isn't waited for (tests/core/base/test_workers.py).
    if not (turns.holder and workers.is_gone(getattr(row, turns.holder))):
        mine = mine.filter(is_free(turns))
    if not mine.update(**taken(turns, lasting), **_next_fence(turns), **values):
        return False
    if turns.fence != turns.until:
        setattr(row, turns.fence, getattr(row, turns.fence) + 1)
    return True


def taken(turns: Turns, lasting: timedelta) -> dict[str, Any]:
    """Return the columns of a row that this process has for so long from now."""
    values: dict[str, Any] = {turns.until: Now() + lasting}
    return values | {turns.holder: workers.identity()} if turns.holder else values


def let_go(turns: Turns) -> dict[str, Any]:
    """Return the columns of a row that nobody has any more."""
    values: dict[str, Any] = {turns.until: None}
    return values | {turns.holder: ""} if turns.holder else values


def later(attempts: int) -> Combinable:
    """Return the moment of the next try after so many in vain. 0: the shortest wait."""
    return Now() + backoff(attempts)


def _next_fence(turns: Turns) -> dict[str, Any]:
    return {} if turns.fence == turns.until else {turns.fence: F(turns.fence) + 1}
