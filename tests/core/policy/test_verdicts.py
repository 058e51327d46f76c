"""What is done about an open operation that nobody works on, case by case. Needs no database."""

from dataclasses import replace
from itertools import product

import pytest

from medusa_payments.core.policy.verdicts import MOST_ERRORS, Facts, Seen, Verdict, decide

WORKER = Facts(seen=Seen.NOTHING)
CALLER = replace(WORKER, is_awaited=True)
SPENT = replace(WORKER, is_key_spent=True)
SPENT_CALLER = replace(SPENT, is_awaited=True)
ENQUEUED = replace(WORKER, is_left_to_the_worker=True)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (Seen.MOVEMENT, Verdict.BOOK),
        (Seen.EFFECT, Verdict.BOOK),
        (Seen.OTHER_AMOUNT, Verdict.STAFF_WITH_AMOUNT),
        (Seen.CONTRADICTION, Verdict.STAFF),
        (Seen.NOT_NOW, Verdict.LATER),
    ],
)
@pytest.mark.parametrize("facts", [WORKER, CALLER, SPENT, SPENT_CALLER, ENQUEUED, replace(CALLER, has_arrived=True)])
def test_what_was_seen_decides_alone(facts: Facts, seen: Seen, verdict: Verdict) -> None:
    assert decide(replace(facts, seen=seen)) is verdict


@pytest.mark.parametrize(
    ("facts", "in_flight", "arrived"),
    [
        (WORKER, Verdict.LATER, Verdict.NOT_EXECUTED),
        (CALLER, Verdict.RESEND, Verdict.NOT_EXECUTED),
        (SPENT, Verdict.LATER, Verdict.NOT_EXECUTED),
        (SPENT_CALLER, Verdict.LATER, Verdict.NOT_EXECUTED),
        # Attack 46: somebody else has paid since yesterday.
        (replace(CALLER, is_wanted=False), Verdict.LATER, Verdict.NOT_EXECUTED),
        (replace(CALLER, is_key_known=False), Verdict.LATER, Verdict.NOT_EXECUTED),
        (ENQUEUED, Verdict.LATER, Verdict.SEND),
        (replace(ENQUEUED, is_key_spent=True), Verdict.LATER, Verdict.SEND),
        (replace(ENQUEUED, is_key_spent=True, key_number=MOST_ERRORS), Verdict.LATER, Verdict.STAFF),
        (replace(ENQUEUED, key_number=MOST_ERRORS), Verdict.LATER, Verdict.SEND),
        # A movement that nobody explained may be its own: no new key beside it.
        (replace(ENQUEUED, is_key_spent=True, adds_up=False), Verdict.LATER, Verdict.STAFF),
        (replace(ENQUEUED, adds_up=False), Verdict.LATER, Verdict.SEND),
    ],
)
def test_it_is_not_there(facts: Facts, in_flight: Verdict, arrived: Verdict) -> None:
    assert decide(facts) is in_flight
    assert decide(replace(facts, has_arrived=True)) is arrived


@pytest.mark.parametrize(
    ("facts", "in_flight", "arrived"),
    [
        (WORKER, Verdict.RESEND, Verdict.RESEND),
        (CALLER, Verdict.RESEND, Verdict.RESEND),
        (SPENT, Verdict.LATER, Verdict.STAFF),
        (SPENT_CALLER, Verdict.LATER, Verdict.STAFF),
        (replace(ENQUEUED, is_key_spent=True), Verdict.LATER, Verdict.STAFF),
        (replace(WORKER, is_key_known=False), Verdict.STAFF, Verdict.STAFF),
        (replace(CALLER, is_wanted=False), Verdict.STAFF, Verdict.STAFF),
    ],
)
def test_reading_cannot_tell(facts: Facts, in_flight: Verdict, arrived: Verdict) -> None:
    facts = replace(facts, seen=Seen.CANT_TELL)
    assert decide(facts) is in_flight
    assert decide(replace(facts, has_arrived=True)) is arrived


@pytest.mark.parametrize(
    ("facts", "in_flight", "arrived"),
    [
        (WORKER, Verdict.RESEND, Verdict.RESEND),
        (replace(WORKER, is_wanted=False), Verdict.BOOK, Verdict.BOOK),
        (replace(WORKER, is_key_known=False), Verdict.BOOK, Verdict.BOOK),
        (SPENT, Verdict.LATER, Verdict.NOT_EXECUTED),
        (replace(SPENT, is_wanted=False), Verdict.BOOK, Verdict.BOOK),
    ],
)
def test_only_the_data_of_an_update_changed(facts: Facts, in_flight: Verdict, arrived: Verdict) -> None:
    facts = replace(facts, seen=Seen.SAME_AMOUNT)
    assert decide(facts) is in_flight
    assert decide(replace(facts, has_arrived=True)) is arrived


@pytest.mark.parametrize("facts", [WORKER, CALLER, SPENT, ENQUEUED])
def test_what_can_not_be_read_for_long_is_told_to_staff(facts: Facts) -> None:
    assert decide(replace(facts, seen=Seen.NOT_NOW, is_overdue=True)) is Verdict.STAFF


def every_case(**fixed: bool) -> list[Facts]:
    names = (
        "is_awaited",
        "has_arrived",
        "is_key_spent",
        "is_key_known",
        "is_wanted",
        "is_left_to_the_worker",
        "adds_up",
        "is_overdue",
        "is_with_staff",
    )
    free = [name for name in names if name not in fixed]
    return [
        Facts(seen=seen, **fixed, **dict(zip(free, values, strict=True)))
        for seen in Seen
        for values in product([False, True], repeat=len(free))
    ]


def test_nothing_is_ever_sent_again_under_a_spent_key() -> None:
    assert {decide(facts) for facts in every_case(is_key_spent=True)}.isdisjoint({Verdict.RESEND})


def test_no_new_key_and_no_proof_while_something_may_still_arrive() -> None:
    decided = {decide(facts) for facts in every_case(has_arrived=False)}
    assert decided.isdisjoint({Verdict.SEND, Verdict.NOT_EXECUTED})


def test_nothing_that_is_not_wanted_is_sent_again() -> None:
    assert {decide(facts) for facts in every_case(is_wanted=False)}.isdisjoint({Verdict.RESEND})


def test_what_staff_look_at_is_sent_for_nobody_but_who_asks_for_it() -> None:
    decided = {decide(facts) for facts in every_case(is_with_staff=True, is_awaited=False)}
    assert decided == {
        Verdict.BOOK,
        Verdict.NOT_EXECUTED,
        Verdict.LATER,
        Verdict.STAFF,
        Verdict.STAFF_WITH_AMOUNT,
    }


def test_a_forgotten_key_is_never_sent_again() -> None:
    assert {decide(facts) for facts in every_case(is_key_known=False)}.isdisjoint({Verdict.RESEND})


def test_once_everything_has_arrived_a_spent_key_ends_it() -> None:
    readable = [facts for facts in every_case(is_key_spent=True, has_arrived=True) if facts.seen is not Seen.NOT_NOW]
    assert Verdict.LATER not in {decide(facts) for facts in readable}
