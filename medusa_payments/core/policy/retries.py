"""Which earlier operation a request to capture or refund means: the table, without a database.

Such requests add up: two equal ones may be two intents, or one that is asked again because its answer was lost. A debt
tells them apart: an answer that a caller without an idempotency key was promised and hasn't got.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from medusa_payments.states import OperationStatus

OWED_FOR = timedelta(hours=24)
"""How long after its end an operation is an answer to who asks the same again without a key."""

SHORTEST_WAIT = timedelta(seconds=5)
"""A caller whose answer got lost, and who waits as it was told, doesn't ask again before."""


class Verdict(StrEnum):
    """What to do with a request."""

    NEW = "new"
    ANSWER = "answer"
    TAKE_OVER = "take over"
    REOPEN = "reopen"
    LEAVE_TO_WORKER = "leave to the worker"
    BUSY = "busy"
    UNKNOWN = "unknown"
    POSSIBLE_REPEAT = "possible repeat"
    OTHER_PARAMETERS = "other parameters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A debt. `back_at`: a caller who was sent away was told to come back then. `handed_at`: a caller was begun to be
    answered by it.

    `is_doubtful`: `who` was sent away more often than this counts, as one caller or as several.
    """

    id: int
    who: str
    incurred_at: datetime
    back_at: datetime | None = None
    handed_at: datetime | None = None
    paid_at: datetime | None = None
    is_doubtful: bool = False

    def is_unpaid(self, began_at: datetime | None = None) -> bool:
        """Say whether it was not paid, or not yet when a request came in that had to wait since.

        Else the second of two who repeat a lost answer at once would begin anew, as soon as the first one is answered.
        """
        return self.paid_at is None or (began_at is not None and began_at < self.paid_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What is known of an operation, or of all parts of a refund across payments.

    `asks`: the requests it stands for; none where it can't be an answer to the request at hand, whatever that asks for.
    `is_enqueued`: the worker carries it out. `is_unsent`: nothing of it was sent, or is on its way. `is_first_flight`:
    who reserved it works on it; `first_flight_until`: when that was over. `is_undone`: a refund that failed after
    it was booked.
    """

    id: str
    status: OperationStatus
    asks: tuple[object, ...] = ()
    key: str | None = None
    fingerprint: str = ""
    is_enqueued: bool = False
    is_unsent: bool = False
    is_first_flight: bool = False
    first_flight_until: datetime | None = None
    is_leased: bool = False
    is_undone: bool = False
    settled_at: datetime | None = None
    debts: tuple[Owed, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.status is OperationStatus.OPEN

    @property
    def has_moved(self) -> bool:
        return self.status in {OperationStatus.SUCCEEDED, OperationStatus.ACCEPTED} and not self.is_undone

    def of(self, who: str) -> list[Owed]:
        """Return the debts to one caller, paid or not."""
        return [debt for debt in self.debts if debt.who == who]

    def is_owed(self, who: str, began_at: datetime | None = None) -> bool:
        """Say whether `who` is to be answered with this operation: as its own caller, or, once, in another's place."""
        # A request that came in at once with its own, in the first flight, asks for another one.
        as_of = None if self.first_flight_until else began_at
        return any(debt.is_unpaid(as_of) for debt in self.of(who) or self.debts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request. `who` asks without a key unless there is one; `is_enqueued`: for the worker to carry out.

    `began_at`: when it came in, which may be a while before it is decided.
    """

    ask: object
    who: str = ""
    key: str | None = None
    fingerprint: str = ""
    is_enqueued: bool = False
    began_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do, and the operation that it is about; None for a new one."""

    verdict: Verdict
    earlier: Earlier | None = None


NEW = Decision(verdict=Verdict.NEW)


def decide(earlier: Sequence[Earlier], asked: Asked, now: datetime, *, doubt: timedelta = timedelta()) -> Decision:
    """Say which earlier operation of the same kind and target a request means, the oldest one first.

    Tried in this order: the caller's own key; an open operation with the same ask; a finished one that is owed; an
    unknown one that asks for something else; one that `who` may have been answered already, less than `doubt` ago.
    """
    if asked.key is not None:
        return next((_of_key(found, asked) for found in earlier if found.key == asked.key), NEW)
    equal = [found for found in earlier if asked.ask in found.asks and not found.is_undone]
    others = [found for found in earlier if found not in equal]
    return (
        _open(equal, asked)
        or _finished(equal, asked, now)
        or _blocking(others, asked)
        or _doubtful(equal, asked, now, doubt)
        or NEW
    )


def debt_of(earlier: Earlier, who: str, now: datetime, *, is_sent_away: bool) -> Owed | None:
    """Return the debt by which `who` is answered, or the one that is in doubt when `who` is sent away; None when one
    more has to be written down.

    Callers of one name can't be told from each other, but by time: who comes before the one that was sent away was told
    to is another one. Whose first request got lost may come back at once; when it is sent away then, it counts as
    another one, too.
    """
    unpaid = [debt for debt in earlier.of(who) if debt.is_unpaid()]
    if is_sent_away:
        known = [debt for debt in unpaid if _may_be_back(debt) <= now]
    else:
        known = [debt for debt in unpaid if debt.back_at is None or debt.back_at <= now]
    return min(known, key=lambda debt: (debt.handed_at or debt.incurred_at, debt.id), default=None)


def _may_be_back(debt: Owed) -> datetime:
    told = debt.back_at or debt.incurred_at + SHORTEST_WAIT
    return max(told, debt.handed_at + SHORTEST_WAIT) if debt.handed_at else told


def _of_key(found: Earlier, asked: Asked) -> Decision:
    if found.fingerprint != asked.fingerprint:
        verdict = Verdict.OTHER_PARAMETERS
    elif found.is_open:
        verdict = _taken_up(found, asked)
    elif found.status is OperationStatus.NOT_EXECUTED:
        verdict = Verdict.REOPEN
    else:
        verdict = Verdict.ANSWER
    return Decision(verdict=verdict, earlier=found)


def _taken_up(found: Earlier, asked: Asked) -> Verdict:
    if asked.is_enqueued:
        return Verdict.LEAVE_TO_WORKER
    return Verdict.BUSY if found.is_leased else Verdict.TAKE_OVER


def _open(equal: Iterable[Earlier], asked: Asked) -> Decision | None:
    """Two at once may be two intents; what is unknown is found out. One that no process works on comes first."""
    candidates = [found for found in equal if found.is_open and not _stands_by_itself(found, asked)]
    if not candidates:
        return None
    found = min(candidates, key=lambda found: (found.is_leased, not _has_own_debt(found, asked)))
    return Decision(verdict=_taken_up(found, asked), earlier=found)


def _finished(equal: Iterable[Earlier], asked: Asked, now: datetime) -> Decision | None:
    recent = [found for found in equal if _is_recent(found, now) and not _came_in_first_flight(found, asked)]
    candidates = [found for found in recent if found.is_owed(asked.who, asked.began_at)]
    if asked.is_enqueued:
        # Who enqueues wants it done: a refusal is no answer to that.
        candidates = [found for found in candidates if found.status is not OperationStatus.REFUSED]
    if not candidates:
        return None
    found = min(candidates, key=lambda found: (_is_not_executed(found), not _has_own_debt(found, asked)))
    verdict = Verdict.REOPEN if _is_not_executed(found) else Verdict.ANSWER
    return Decision(verdict=verdict, earlier=found)


def _blocking(others: Iterable[Earlier], asked: Asked) -> Decision | None:
    unknown = [found for found in others if found.is_open and not _stands_by_itself(found, asked)]
    return Decision(verdict=Verdict.UNKNOWN, earlier=unknown[0]) if unknown else None


def _doubtful(equal: Iterable[Earlier], asked: Asked, now: datetime, doubt: timedelta) -> Decision | None:
    """Asking once more beats paying twice."""
    if asked.is_enqueued:
        return None
    for found in equal:
        own = found.of(asked.who)
        is_fresh = any(moment > now - doubt for moment in _moments(found, own))
        if found.has_moved and is_fresh and any(debt.is_doubtful for debt in own):
            return Decision(verdict=Verdict.POSSIBLE_REPEAT, earlier=found)
    return None


def _stands_by_itself(found: Earlier, asked: Asked) -> bool:
    """Say whether an open operation is none of a caller's business: its own caller isn't in doubt about it."""
    if found.is_first_flight:
        return True
    if found.is_owed(asked.who, asked.began_at):
        return False
    # What was enqueued, and what the worker wants itself, nobody waits for. It may be on its way, though: a caller who
    # waits, and can't tell it from an own one, finds out first.
    return found.is_enqueued and (asked.is_enqueued or found.is_unsent)


def _came_in_first_flight(found: Earlier, asked: Asked) -> bool:
    """Say whether both were under way at once: then they are two intents, though one has waited for the other's lock.

    Else the last of twenty captures at once would be given the answer that is on its way to the first.
    """
    return (
        found.first_flight_until is not None
        and asked.began_at is not None
        and (asked.began_at < found.first_flight_until)
    )


def _is_recent(found: Earlier, now: datetime) -> bool:
    return found.settled_at is not None and found.settled_at > now - OWED_FOR


def _is_not_executed(found: Earlier) -> bool:
    return found.status is OperationStatus.NOT_EXECUTED


def _has_own_debt(found: Earlier, asked: Asked) -> bool:
    return any(debt.is_unpaid() for debt in found.of(asked.who))


def _moments(found: Earlier, own: Iterable[Owed]) -> Iterable[datetime]:
    """When it ended, and when `who` was answered: both may be long after the request."""
    return [moment for moment in (found.settled_at, *(debt.paid_at for debt in own)) if moment is not None]
