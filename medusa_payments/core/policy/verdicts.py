"""What an open operation means that nobody works on: one table, from what was read to what is done.

Pure: no database, no provider, no clock. `tests/core/policy/test_verdicts.py` is the table in cases.
"""

from dataclasses import dataclass
from enum import StrEnum

MOST_ERRORS = 5
"""After so many keys that the provider answered with errors of its own, staff look at what the worker would send."""


class Seen(StrEnum):
    """What reading the provider showed of an operation, after all that could be booked was booked."""

    MOVEMENT = "movement"
    """A capture or refund with its key and its amount."""
    OTHER_AMOUNT = "other_amount"
    """A capture or refund with its key and another amount."""
    EFFECT = "effect"
    """The object is as initiate, update, authorize or cancel makes it."""
    SAME_AMOUNT = "same_amount"
    """The object has an update's amount and had it before. Whether its data arrived can't be seen."""
    NOTHING = "nothing"
    """It isn't there, and would be: the provider reports keys, finds by session or shows the object's state."""
    CANT_TELL = "cant_tell"
    """Reading this provider doesn't show whether it was executed."""
    NOT_NOW = "not_now"
    """The provider can't be read at the moment."""
    CONTRADICTION = "contradiction"
    """What was read can't be right, or belongs to something else."""


class Verdict(StrEnum):
    """What is done about the operation."""

    BOOK = "book"
    NOT_EXECUTED = "not_executed"
    """Close it. A caller who still wants it reopens it, with all checks of a new request."""
    SEND = "send"
    """Send it as for the first time: it was proven not to be executed, and nobody else asks for it again."""
    RESEND = "resend"
    """Send the same request again under the same key."""
    LATER = "later"
    STAFF = "staff"
    STAFF_WITH_AMOUNT = "staff_with_amount"
    """Offer staff the amount that was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What decides, beside what was seen.

    `is_awaited`: a caller repeats the request; otherwise the worker asks. `has_arrived`: when reading began, whatever
    was sent had reached the provider or never will. `is_key_spent`: the provider answered with an error of its own
    under the current key, the `key_number`th, and may repeat it. `is_key_known`: the provider surely remembers the key.
    `is_wanted`: what it makes is still called for. `is_left_to_the_worker`: it was enqueued, or the worker wants it.
    `adds_up`: the provider's totals are the ledger's. `is_overdue`: the worker has tried in vain for so long that staff
    are to know. `is_with_staff`: they do.
    """

    seen: Seen
    is_awaited: bool = False
    has_arrived: bool = False
    is_key_spent: bool = False
    key_number: int = 1
    is_key_known: bool = True
    is_wanted: bool = True
    is_left_to_the_worker: bool = False
    adds_up: bool = True
    is_overdue: bool = False
    is_with_staff: bool = False


_AT_ONCE = {
    Seen.MOVEMENT: Verdict.BOOK,
    Seen.EFFECT: Verdict.BOOK,
    Seen.OTHER_AMOUNT: Verdict.STAFF_WITH_AMOUNT,
    Seen.CONTRADICTION: Verdict.STAFF,
}


def decide(facts: Facts) -> Verdict:
    """Return what is done about an open operation, by what was seen of it."""
    if facts.seen in _AT_ONCE:
        return _AT_ONCE[facts.seen]
    verdict = _TABLES[facts.seen](facts)
    # Staff may be doing it by hand: the worker still closes what it can prove, and sends nothing.
    is_staffs = facts.is_with_staff and not facts.is_awaited
    return Verdict.STAFF if is_staffs and verdict in {Verdict.SEND, Verdict.RESEND} else verdict


def _not_now(facts: Facts) -> Verdict:
    return Verdict.STAFF if facts.is_overdue else Verdict.LATER


def _nothing(facts: Facts) -> Verdict:
    """Only after its flight time absence is a proof. Before it a caller who repeats has it sent again under its key."""
    if not facts.has_arrived:
        return Verdict.RESEND if facts.is_awaited and _may_be_resent(facts) else Verdict.LATER
    if not facts.is_left_to_the_worker:
        return Verdict.NOT_EXECUTED
    if facts.is_key_spent and (not facts.adds_up or facts.key_number >= MOST_ERRORS):
        # A new key would be used beside a movement that nobody explained, or in vain.
        return Verdict.STAFF
    return Verdict.SEND


def _cant_tell(facts: Facts) -> Verdict:
    """Under a spent key nothing is sent, and no new key is used: nobody but staff can tell that nothing moved."""
    if _may_be_resent(facts):
        return Verdict.RESEND
    return Verdict.LATER if facts.is_key_spent and not facts.has_arrived else Verdict.STAFF


def _same_amount(facts: Facts) -> Verdict:
    """An update that can't be sent again, or isn't wanted, counts as executed: nobody pays by it."""
    if not facts.is_wanted:
        return Verdict.BOOK
    if facts.is_key_spent:
        return Verdict.NOT_EXECUTED if facts.has_arrived else Verdict.LATER
    return Verdict.RESEND if facts.is_key_known else Verdict.BOOK


def _may_be_resent(facts: Facts) -> bool:
    return facts.is_wanted and facts.is_key_known and not facts.is_key_spent


_TABLES = {
    Seen.NOT_NOW: _not_now,
    Seen.SAME_AMOUNT: _same_amount,
    Seen.NOTHING: _nothing,
    Seen.CANT_TELL: _cant_tell,
}
