"""The table of retries of CORE.md, section 2, as cases: what a request to capture or refund means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from medusa_payments.core.policy.retries import Asked, Decision, Earlier, Owed, Verdict, debt_of, decide
from medusa_payments.states import OperationStatus

pytestmark = pytest.mark.any_engine

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)
SAME, OTHER = (3000, None, "Sorry"), (2000, None, "Sorry")

NEW, ANSWER, TAKE_OVER, REOPEN = Verdict.NEW, Verdict.ANSWER, Verdict.TAKE_OVER, Verdict.REOPEN
LEAVE, BUSY, UNKNOWN = Verdict.LEAVE_TO_WORKER, Verdict.BUSY, Verdict.UNKNOWN
POSSIBLE_REPEAT, OTHER_PARAMETERS = Verdict.POSSIBLE_REPEAT, Verdict.OTHER_PARAMETERS


def ago(**ago: float) -> datetime:
    return NOW - timedelta(**ago)


def owed(who: str = "ann", **values: Any) -> Owed:
    return Owed(**{"id": 1, "who": who, "incurred_at": ago(hours=1), **values})


def earlier(status: str, *debts: Owed, **values: Any) -> Earlier:
    """An operation under the caller's key "k", which asks for 30. Settled, it was so an hour ago."""
    settled_at = None if status == "open" else ago(hours=1)
    given = {"id": "op_1", "asks": (SAME,), "key": "k", "fingerprint": "f", "settled_at": settled_at, "debts": debts}
    return Earlier(status=OperationStatus(status), **(given | values))


KEYED = Asked(ask=SAME, who="ann", key="k", fingerprint="f")
KEYLESS = Asked(ask=SAME, who="ann")
OTHER_AMOUNT = Asked(ask=OTHER, who="ann")
ENQUEUED = Asked(ask=SAME, who="ann", is_enqueued=True)
COLUMNS = (KEYED, KEYLESS, OTHER_AMOUNT, ENQUEUED)

FINISHED = ("succeeded", "accepted", "refused")

#                                                                        same key, none, other amount, enqueued
TABLE: dict[str, tuple[list[Earlier], tuple[Verdict, Verdict, Verdict, Verdict]]] = {
    "none": ([], (NEW, NEW, NEW, NEW)),
    # CORE.md says "leave to the worker" for the same key: a caller who waits has it carried out at once.
    "enqueued and never sent": (
        [earlier("open", is_enqueued=True, is_unsent=True)],
        (TAKE_OVER, NEW, NEW, NEW),
    ),
    "enqueued, sent, its answer lost": ([earlier("open", is_enqueued=True)], (TAKE_OVER, TAKE_OVER, UNKNOWN, NEW)),
    "open, first flight, lease lives": (
        [earlier("open", owed(), is_first_flight=True, is_leased=True)],
        (BUSY, NEW, NEW, NEW),
    ),
    "open, taken over, lease lives": ([earlier("open", owed(), is_leased=True)], (BUSY, BUSY, UNKNOWN, LEAVE)),
    "open, lease gone": ([earlier("open", owed())], (TAKE_OVER, TAKE_OVER, UNKNOWN, LEAVE)),
    "open, lease gone, asked with a key": ([earlier("open")], (TAKE_OVER, TAKE_OVER, UNKNOWN, LEAVE)),
    "a part of a refund across payments, unknown": ([earlier("open", asks=())], (TAKE_OVER, UNKNOWN, UNKNOWN, UNKNOWN)),
    "succeeded, owed": ([earlier("succeeded", owed())], (ANSWER, ANSWER, NEW, ANSWER)),
    "accepted, owed": ([earlier("accepted", owed())], (ANSWER, ANSWER, NEW, ANSWER)),
    "refused, owed": ([earlier("refused", owed())], (ANSWER, ANSWER, NEW, NEW)),
    "succeeded, owed to somebody else": ([earlier("succeeded", owed("bob"))], (ANSWER, ANSWER, NEW, ANSWER)),
    "succeeded, owed, and failed since": ([earlier("succeeded", owed(), is_undone=True)], (ANSWER, NEW, NEW, NEW)),
    "succeeded 23:59 hours ago, owed": (
        [earlier("succeeded", owed(), settled_at=ago(hours=23, minutes=59))],
        (ANSWER, ANSWER, NEW, ANSWER),
    ),
    "succeeded a day ago, owed": ([earlier("succeeded", owed(), settled_at=ago(hours=24))], (ANSWER, NEW, NEW, NEW)),
    "not executed, owed": ([earlier("not_executed", owed())], (REOPEN, REOPEN, NEW, REOPEN)),
    "not executed, owed, a day ago": (
        [earlier("not_executed", owed(), settled_at=ago(hours=24))],
        (REOPEN, NEW, NEW, NEW),
    ),
    "not executed, not owed": ([earlier("not_executed")], (REOPEN, NEW, NEW, NEW)),
    "succeeded, nobody is owed": ([earlier("succeeded")], (ANSWER, NEW, NEW, NEW)),
    "succeeded, answered": ([earlier("succeeded", owed(paid_at=ago(hours=1)))], (ANSWER, NEW, NEW, NEW)),
    "refused, nobody is owed": ([earlier("refused")], (ANSWER, NEW, NEW, NEW)),
    "key used with other parameters": (
        [earlier("succeeded", fingerprint="g")],
        (OTHER_PARAMETERS, NEW, NEW, NEW),
    ),
}


@pytest.mark.parametrize("row", TABLE)
def test_the_table(row: str) -> None:
    operations, expected = TABLE[row]
    decisions = tuple(decide(operations, asked, NOW, doubt=TEN_MINUTES) for asked in COLUMNS)
    assert tuple(decision.verdict for decision in decisions) == expected
    assert all((decision.verdict is NEW) == (decision.earlier is None) for decision in decisions)


def test_enqueued_under_its_key_it_stays_the_workers() -> None:
    unsent = earlier("open", is_enqueued=True, is_unsent=True)
    assert decide([unsent], replace(KEYED, is_enqueued=True), NOW).verdict is LEAVE


@pytest.mark.parametrize(
    ("asks", "asked", "verdict"),
    [
        ("none equals none", (None,), TAKE_OVER),
        ("an amount equals the one that was computed", (10000,), TAKE_OVER),
        ("another amount doesn't", (3000,), UNKNOWN),
    ],
)
def test_all_that_remains(asks: str, asked: object, verdict: Verdict) -> None:
    rest = earlier("open", owed(), asks=((None,), (10000,)))
    assert decide([rest], Asked(ask=asked, who="ann"), NOW).verdict is verdict


def test_nothing_that_is_left_open_equals_an_amount_that_was_said() -> None:
    assert decide([earlier("open", owed(), asks=((10000,),))], Asked(ask=(None,)), NOW).verdict is UNKNOWN


@pytest.mark.parametrize(
    ("order", "operations", "chosen"),
    [
        ("unknown before finished", [earlier("succeeded", owed()), earlier("open", owed(), id="op_2")], "op_2"),
        (
            "finished before unknown with another amount",
            [earlier("open", asks=(OTHER,)), earlier("succeeded", owed(), id="op_2")],
            "op_2",
        ),
        (
            "one that nobody is at work on before one that somebody is",
            [earlier("open", owed(), is_leased=True), earlier("open", id="op_2")],
            "op_2",
        ),
        ("an own one first", [earlier("open", owed("bob")), earlier("open", owed(), id="op_2")], "op_2"),
        ("an own answer first", [earlier("succeeded", owed("bob")), earlier("refused", owed(), id="op_2")], "op_2"),
        (
            "an answer before what is not done",
            [earlier("not_executed", owed()), earlier("refused", owed(), id="op_2")],
            "op_2",
        ),
        ("the oldest first", [earlier("open", owed()), earlier("open", owed(), id="op_2")], "op_1"),
    ],
)
def test_candidates_in_order(order: str, operations: list[Earlier], chosen: str) -> None:
    decision = decide(operations, KEYLESS, NOW)
    assert decision.earlier is not None
    assert decision.earlier.id == chosen


class TestWhoIsAnswered:
    def test_each_caller_by_a_debt_of_its_own(self) -> None:
        """Bob was answered in Ann's place already: his next request is another intent; she is still owed."""
        operation = earlier("succeeded", owed("ann"), owed("bob", paid_at=ago(minutes=1)))
        assert decide([operation], replace(KEYLESS, who="bob"), NOW).verdict is NEW
        assert decide([operation], KEYLESS, NOW).verdict is ANSWER

    def test_not_who_came_while_it_was_in_its_first_flight(self) -> None:
        operation = earlier("succeeded", owed(), first_flight_until=ago(seconds=1))
        assert decide([operation], replace(KEYLESS, began_at=ago(seconds=2)), NOW).verdict is NEW
        assert decide([operation], replace(KEYLESS, began_at=ago(seconds=0.5)), NOW).verdict is ANSWER

    def test_who_came_before_another_was_answered(self) -> None:
        """Of two who repeat a lost answer at once, one may be answered before the other is looked at."""
        operation = earlier("succeeded", owed(paid_at=ago(seconds=1)))
        assert decide([operation], replace(KEYLESS, began_at=ago(seconds=2)), NOW).verdict is ANSWER
        assert decide([operation], replace(KEYLESS, began_at=ago(seconds=0.5)), NOW).verdict is NEW
        at_once = replace(operation, first_flight_until=ago(seconds=3))
        assert decide([at_once], replace(KEYLESS, began_at=ago(seconds=2)), NOW).verdict is NEW

    def test_what_the_enqueued_one_stands_for_is_answered_by_it_once(self) -> None:
        """A lost request was left to the worker by who enqueued the same: the next one enqueued is another intent."""
        operation = earlier("open", owed(paid_at=ago(seconds=1)), is_enqueued=True)
        assert decide([operation], ENQUEUED, NOW).verdict is NEW


class TestDoubt:
    DOUBTFUL = earlier("succeeded", owed(is_doubtful=True, paid_at=ago(minutes=9)))

    @pytest.mark.parametrize(
        ("case", "operation", "asked", "verdict"),
        [
            ("who may have been answered", DOUBTFUL, KEYLESS, POSSIBLE_REPEAT),
            ("somebody else", DOUBTFUL, replace(KEYLESS, who="bob"), NEW),
            ("another amount", DOUBTFUL, OTHER_AMOUNT, NEW),
            ("with a key", replace(DOUBTFUL, key=None), KEYED, NEW),
            ("for the worker", DOUBTFUL, ENQUEUED, NEW),
            ("still owed", earlier("succeeded", owed(is_doubtful=True)), KEYLESS, ANSWER),
            (
                "ten minutes later",
                earlier("succeeded", owed(is_doubtful=True, paid_at=ago(minutes=10))),
                KEYLESS,
                NEW,
            ),
            (
                "found out just now",
                replace(DOUBTFUL, settled_at=ago(minutes=1), debts=(owed(is_doubtful=True, paid_at=ago(hours=1)),)),
                KEYLESS,
                POSSIBLE_REPEAT,
            ),
            ("refused", replace(DOUBTFUL, status=OperationStatus.REFUSED), KEYLESS, NEW),
            ("failed since", replace(DOUBTFUL, is_undone=True), KEYLESS, NEW),
        ],
    )
    def test_asking_once_more(self, case: str, operation: Earlier, asked: Asked, verdict: Verdict) -> None:
        assert decide([operation], asked, NOW, doubt=TEN_MINUTES) == Decision(
            verdict=verdict, earlier=None if verdict is NEW else operation
        )


class TestDebts:
    """By which debt a caller is answered or sent away; None: one more is written down."""

    LOST, LOST_JUST_NOW = owed(id=1), owed(id=2, incurred_at=ago(seconds=4))
    BACK, AWAY = owed(id=3, back_at=ago(seconds=1)), owed(id=4, back_at=NOW + timedelta(seconds=1))
    IN_HAND = owed(id=5, handed_at=ago(seconds=4))
    HANDED_OUT, CAME_LATER = owed(id=6, handed_at=ago(seconds=10)), owed(id=7, incurred_at=ago(minutes=30))

    @pytest.mark.parametrize(
        ("case", "debts", "answered", "sent_away"),
        [
            ("nothing is owed yet", (), None, None),
            ("only others are owed", (owed("bob"),), None, None),
            ("answered already", (owed(paid_at=NOW),), None, None),
            ("who lost an answer", (LOST,), 1, 1),
            ("who can't wait, or when sent away a second one", (LOST_JUST_NOW,), 2, None),
            ("who comes back as it was told", (BACK,), 3, 3),
            ("another one than who is away", (AWAY,), None, None),
            ("another one than who is being answered, as far as anybody knows", (IN_HAND,), 5, None),
            ("one that nobody is being answered by", (IN_HAND, BACK), 3, 3),
            ("one that came later but nobody is being answered by", (HANDED_OUT, CAME_LATER), 7, 7),
        ],
    )
    def test_which(self, case: str, debts: tuple[Owed, ...], answered: int | None, sent_away: int | None) -> None:
        found = [debt_of(earlier("open", *debts), "ann", NOW, is_sent_away=away) for away in (False, True)]
        assert [debt and debt.id for debt in found] == [answered, sent_away]
