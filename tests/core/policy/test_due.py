"""What the state of a collection calls for, and when to look again: a table of cases, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from medusa_payments.core.policy import due
from medusa_payments.core.policy.due import WATCHED_FOR, Duty, What
from medusa_payments.core.policy.expiry import AFTERWARDS
from medusa_payments.core.policy.facts import DisputeFacts, Facts, PaymentFacts, Refusal, SessionFacts, Waits
from medusa_payments.core.policy.surplus import CollectionFacts, MoneyFacts
from medusa_payments.states import ExpiryPolicy, OperationKind, UndoPolicy

pytestmark = pytest.mark.any_engine

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WAITS = Waits(before_expiry=DAY, before_evidence=3 * DAY, first_question=15 * MINUTE, again=10 * SECOND)
AGAIN = NOW + WAITS.again
TOMORROW, YESTERDAY = NOW + DAY, NOW - DAY

HUNDRED = CollectionFacts(amount=100, currency_code="eur", authorized=100)
CANCELED = replace(HUNDRED, is_canceled=True)
HOLD, VOID, REFUND = (replace(HUNDRED, on_failure=policy) for policy in UndoPolicy)


def collection(*sessions: SessionFacts, of: CollectionFacts = HUNDRED, **more: Any) -> Facts:
    return Facts(collection=of, sessions=sessions, **more)


def unpaid(number: int = 1, **more: Any) -> SessionFacts:
    return SessionFacts(session_id=f"payses_{number}", updated_at=NOW - HOUR, **more)


def replaced(number: int = 1, **more: Any) -> SessionFacts:
    return unpaid(number, is_live=False, **more)


def paid(number: int = 1, amount: int = 100, *, is_live: bool = True, **more: Any) -> SessionFacts:
    """A session with its payment; `more` are facts of the payment, or of its money."""
    captured, in_flight = more.get("captured", 0), more.get("capturing", 0) + more.get("releasing", 0)
    money = MoneyFacts(
        payment_id=f"pay_{number}",
        amount=amount,
        currency_code="eur",
        created_at=YESTERDAY,
        held=amount,
        kept=captured,
        capturable=amount - captured - in_flight,
        refundable=captured,
    )
    of_money = {name: value for name, value in more.items() if hasattr(money, name)}
    of_payment = {name: value for name, value in more.items() if name not in of_money}
    payment = PaymentFacts(money=replace(money, **of_money), **({"wanted": 100} | of_payment))
    return unpaid(number, is_live=is_live, payment=payment)


def expiring(number: int = 1, amount: int = 100, *, on_expiry: str = "nothing", **more: Any) -> SessionFacts:
    """An authorization that runs out within the day, and was warned of."""
    facts = {"capture_before": TOMORROW, "was_warned": True, "on_expiry": ExpiryPolicy(on_expiry)} | more
    return paid(number, amount, **facts)


def refused(kind: str, amount: int, at: datetime = YESTERDAY) -> dict[str, Any]:
    return {"refusals": (Refusal(kind=OperationKind(kind), amount=amount, at=at),)}


def dispute(number: int = 1, **more: Any) -> DisputeFacts:
    return DisputeFacts(dispute_id=f"dp_{number}", **({"evidence_due_by": NOW + 3 * DAY} | more))


FAIL = Duty(What.FAIL)


def give_up(number: int) -> Duty:
    return Duty(What.GIVE_UP, f"payses_{number}")


def cancel(number: int) -> Duty:
    return Duty(What.CANCEL, f"payses_{number}")


def release(number: int, amount: int) -> Duty:
    return Duty(What.RELEASE, f"pay_{number}", amount)


def refund(number: int, amount: int) -> Duty:
    return Duty(What.REFUND, f"pay_{number}", amount)


def capture(number: int, amount: int) -> Duty:
    return Duty(What.CAPTURE, f"pay_{number}", amount)


def warn(number: int) -> Duty:
    return Duty(What.WARN_OF_EXPIRY, f"pay_{number}")


def warn_of_evidence(number: int) -> Duty:
    return Duty(What.WARN_OF_EVIDENCE, f"dp_{number}")


Case = tuple[Facts, list[Duty]]

DEADLINES: dict[str, Case] = {
    "no deadline": (collection(paid(1, 60), of=VOID), []),
    "not yet": (collection(paid(1, 60), of=VOID, resolve_by=NOW + SECOND), []),
    "missed": (collection(paid(1, 60), of=VOID, resolve_by=NOW), [FAIL, release(1, 60)]),
    "missed: what was captured goes back, too": (
        collection(paid(1, 60, captured=60), of=REFUND, resolve_by=NOW),
        [FAIL, refund(1, 60)],
    ),
    "missed: nobody pays the rest any more": (
        collection(paid(1, 60), unpaid(2), of=VOID, resolve_by=NOW),
        [FAIL, give_up(2), release(1, 60)],
    ),
    "missed, but a person is to decide: the rest can still be paid": (
        collection(paid(1, 60), unpaid(2), of=HOLD, resolve_by=NOW),
        [FAIL],
    ),
    "missed: what was replaced is canceled as ever": (
        collection(paid(1, 60), replaced(2), of=VOID, resolve_by=NOW),
        [FAIL, cancel(2), release(1, 60)],
    ),
    "missed, but somebody is authorizing, or an order waits for a provider": (
        collection(paid(1, 60), unpaid(2), of=VOID, resolve_by=NOW, may_be_paid=True),
        [],
    ),
    "paid in time": (collection(paid(1, 60), paid(2, 40), of=VOID, resolve_by=NOW), []),
    "paid in time, with money that went back": (
        collection(paid(1, 60), paid(2, 40, canceled_at=YESTERDAY), of=VOID, resolve_by=NOW),
        [FAIL, release(1, 60)],
    ),
    "paid in time, in another currency": (
        collection(paid(1, currency_code="usd"), of=VOID, resolve_by=NOW),
        [FAIL, release(1, 100)],
    ),
    "failed before": (collection(paid(1, 60), unpaid(2), of=replace(HOLD, has_failed=True), resolve_by=NOW), []),
    "canceled before": (collection(unpaid(), of=replace(CANCELED, on_failure=UndoPolicy.VOID), resolve_by=NOW), []),
}

OBJECTS: dict[str, Case] = {
    "live": (collection(unpaid()), []),
    "out of its slot": (collection(replaced(1), unpaid(2)), [cancel(1)]),
    "without an object, as far as we know": (collection(replaced(has_object=False)), []),
    "canceled already": (collection(replaced(is_canceled=True)), []),
    "its cancel is under way": (collection(replaced(is_being_canceled=True)), []),
    "its cancel was refused": (collection(replaced(cancel_was_refused=True)), []),
    "of a set that may still come to be": (collection(replaced(awaits_others=True)), []),
    "paid: that is money, not an object": (collection(paid(is_live=False)), []),
}

ENOUGH_TWICE = [paid(1), paid(2)]

UNWANTED: dict[str, Case] = {
    "held": (collection(paid(), of=CANCELED), [release(1, 100)]),
    "captured": (collection(paid(captured=100), of=CANCELED), [refund(1, 100)]),
    "captured in part": (collection(paid(captured=60), of=CANCELED), [release(1, 40), refund(1, 60)]),
    "surplus": (collection(*ENOUGH_TWICE), [release(2, 100)]),
    "captured up to the coarsest step": (
        collection(paid(1, 60, captured=60), paid(2, 60, captured=60, wanted=120)),
        [],
    ),
    "captured beyond it": (
        collection(paid(1, 60, captured=60), paid(2, 60, captured=60, wanted=110)),
        [refund(2, 10)],
    ),
    "captured beyond, no provider is configured": (
        collection(paid(1, 60, captured=60, wanted=None), paid(2, 60, captured=60, wanted=None)),
        [],
    ),
    "its provider isn't configured": (collection(paid(wanted=None), of=CANCELED), []),
    "its provider isn't configured, another one's is": (
        collection(paid(1, wanted=None), paid(2), of=CANCELED),
        [release(2, 100)],
    ),
    "its release was refused": (collection(paid(**refused("cancel", 100)), of=CANCELED), []),
    "its release was refused: the rest is left to a person, too": (
        collection(paid(captured=60, **refused("cancel", 40)), of=CANCELED),
        [],
    ),
    "another release was refused": (collection(paid(**refused("cancel", 99)), of=CANCELED), [release(1, 100)]),
    "a capture was refused": (collection(paid(**refused("capture", 100)), of=CANCELED), [release(1, 100)]),
    "its refund was refused": (collection(paid(captured=100, **refused("refund", 100)), of=CANCELED), []),
    "another refund was refused": (
        collection(paid(captured=100, **refused("refund", 99)), of=CANCELED),
        [refund(1, 100)],
    ),
    "refused because of a dispute that gave the money back since": (
        collection(paid(captured=100, freed_at=NOW, **refused("refund", 100, YESTERDAY)), of=CANCELED),
        [refund(1, 100)],
    ),
    "refused although a dispute had given the money back": (
        collection(paid(captured=100, freed_at=YESTERDAY, **refused("refund", 100, NOW)), of=CANCELED),
        [],
    ),
    "refused at the moment when a dispute gave the money back": (
        collection(paid(captured=100, freed_at=NOW, **refused("refund", 100, NOW)), of=CANCELED),
        [refund(1, 100)],
    ),
}

BEYOND = replace(HUNDRED, authorized=120)
CAPTURE, RELEASE = {"on_expiry": "capture"}, {"on_expiry": "release"}

EXPIRY: dict[str, Case] = {
    # Once, so long before it runs out.
    "doesn't run out": (collection(paid()), []),
    "runs out later": (collection(paid(capture_before=TOMORROW + SECOND)), []),
    "runs out": (collection(paid(capture_before=TOMORROW)), [warn(1)]),
    "has run out": (collection(paid(capture_before=YESTERDAY)), [warn(1)]),
    "was warned of": (collection(expiring()), []),
    "captured in full": (collection(expiring(captured=100, was_warned=False, **CAPTURE)), []),
    # As the policy of its provider says.
    "capture": (collection(expiring(**CAPTURE)), [capture(1, 100)]),
    "release": (collection(expiring(**RELEASE)), [release(1, 100)]),
    "warn and capture": (collection(expiring(was_warned=False, **CAPTURE)), [warn(1), capture(1, 100)]),
    "warn and release": (collection(expiring(was_warned=False, **RELEASE)), [warn(1), release(1, 100)]),
    "runs out later, capture": (collection(expiring(capture_before=TOMORROW + SECOND, **CAPTURE)), []),
    "capture the rest": (collection(expiring(captured=60, **CAPTURE)), [capture(1, 40)]),
    "release the rest": (collection(expiring(captured=60, **RELEASE)), [release(1, 40)]),
    # Not while something else is in flight, or a person has to look.
    "being captured": (collection(expiring(capturing=60, **CAPTURE)), []),
    "being released": (collection(expiring(releasing=60, **RELEASE)), []),
    "frozen, capture": (collection(expiring(is_frozen=True, **CAPTURE)), []),
    "frozen: the host is told all the same": (
        collection(expiring(is_frozen=True, was_warned=False, **RELEASE)),
        [warn(1)],
    ),
    "its provider isn't configured": (collection(expiring(wanted=None, was_warned=False, **CAPTURE)), [warn(1)]),
    # Not again and again.
    "its capture was refused": (collection(expiring(**CAPTURE, **refused("capture", 40))), []),
    "its release was refused": (collection(expiring(**RELEASE, **refused("cancel", 40))), []),
    "its refund was refused, capture": (collection(expiring(**CAPTURE, **refused("refund", 1))), [capture(1, 100)]),
    "its capture was refused, release": (collection(expiring(**RELEASE, **refused("capture", 1))), [release(1, 100)]),
    # No more than the collection lacks.
    "the most of it is being captured of another one": (
        collection(expiring(1, 60, **CAPTURE), paid(2, 60, capturing=60), of=BEYOND),
        [capture(1, 40)],
    ),
    "the most of it is captured of another one": (
        collection(expiring(1, 60, **CAPTURE), paid(2, 60, captured=60), of=BEYOND),
        [capture(1, 40)],
    ),
    "another one, that runs out too, is released": (
        collection(expiring(1, 60, **RELEASE), expiring(2, 60, **CAPTURE), of=BEYOND),
        [release(1, 60), capture(2, 60)],
    ),
    "both run out": (
        collection(expiring(1, 60, **CAPTURE), expiring(2, 60, **CAPTURE), of=BEYOND),
        [capture(1, 60), capture(2, 40)],
    ),
    "all is being captured of another one, and a person is to decide": (
        collection(expiring(1, 60, **CAPTURE), paid(2, capturing=100), of=replace(BEYOND, has_failed=True)),
        [],
    ),
    "what was captured in another currency counts for nothing": (
        collection(
            paid(1, 60, captured=60, currency_code="usd"),
            expiring(2, 60, **CAPTURE),
            of=replace(BEYOND, has_failed=True),
        ),
        [capture(2, 60)],
    ),
    "what is captured now in another currency counts for nothing": (
        collection(
            expiring(1, 100, currency_code="usd", **CAPTURE),
            expiring(2, 60, **CAPTURE),
            of=replace(BEYOND, has_failed=True),
        ),
        [capture(1, 100), capture(2, 60)],
    ),
    # Never what is given up.
    "given up: it is released, not captured": (collection(expiring(**CAPTURE), of=CANCELED), [release(1, 100)]),
    "given up: nobody needs to be warned": (
        collection(expiring(was_warned=False), of=CANCELED),
        [release(1, 100)],
    ),
    "given up, its release was refused": (
        collection(expiring(was_warned=False, **CAPTURE, **refused("cancel", 100)), of=CANCELED),
        [warn(1)],
    ),
    "given up, but captured money goes back only": (
        collection(expiring(captured=60, capturing=20, was_warned=False), of=CANCELED),
        [refund(1, 60), warn(1)],
    ),
}

EVIDENCE: dict[str, Case] = {
    "due within three days": (collection(disputes=(dispute(),)), [warn_of_evidence(1)]),
    "due later": (collection(disputes=(dispute(evidence_due_by=NOW + 3 * DAY + SECOND),)), []),
    "due any time": (collection(disputes=(dispute(evidence_due_by=None),)), []),
    "sent, or too late": (collection(disputes=(dispute(is_answerable=False),)), []),
    "warned of": (collection(disputes=(dispute(was_warned=True),)), []),
    "two": (collection(disputes=(dispute(1), dispute(2))), [warn_of_evidence(1), warn_of_evidence(2)]),
}


def due_now(facts: Facts) -> list[Duty]:
    return due.due(facts, NOW, WAITS)


@pytest.mark.parametrize("case", DEADLINES)
def test_a_collection_that_is_not_paid_in_time(case: str) -> None:
    facts, expected = DEADLINES[case]
    assert due_now(facts) == expected


@pytest.mark.parametrize("case", OBJECTS)
def test_the_object_of_a_session(case: str) -> None:
    facts, expected = OBJECTS[case]
    assert due_now(facts) == expected


@pytest.mark.parametrize("case", UNWANTED)
def test_money_that_is_unwanted(case: str) -> None:
    facts, expected = UNWANTED[case]
    assert due_now(facts) == expected


@pytest.mark.parametrize("case", EXPIRY)
def test_an_authorization_that_runs_out(case: str) -> None:
    facts, expected = EXPIRY[case]
    assert due_now(facts) == expected


@pytest.mark.parametrize("case", EVIDENCE)
def test_evidence(case: str) -> None:
    facts, expected = EVIDENCE[case]
    assert due_now(facts) == expected


def test_all_of_it_at_once_in_its_order() -> None:
    facts = collection(
        paid(1, 60, is_live=False),
        unpaid(2),
        replaced(3),
        expiring(4, 30, was_warned=False, **RELEASE, **refused("cancel", 30)),
        of=VOID,
        disputes=(dispute(),),
        resolve_by=NOW,
    )
    assert due_now(facts) == [FAIL, give_up(2), cancel(3), release(1, 60), warn(4), warn_of_evidence(1)]


@pytest.mark.parametrize(
    ("authorized", "taken", "expected"),
    [(100, 0, 60), (100, 100, 60), (120, 0, 60), (120, 40, 60), (120, 70, 30), (120, 100, 0), (120, 110, 0)],
)
def test_no_more_is_captured_than_the_collection_lacks(authorized: int, taken: int, expected: int) -> None:
    of = replace(HUNDRED, authorized=authorized)
    assert due.lacking(of, capturable=60, wanted=100, taken=taken) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (collection(paid()), False),
        (collection(replaced()), True),
        (collection(replaced(is_being_canceled=True)), True),
        (collection(replaced(cancel_was_refused=True)), False),
        (collection(*ENOUGH_TWICE), True),
        (collection(paid(wanted=None), of=CANCELED), True),
        (collection(paid(1, 60, captured=60, wanted=None), paid(2, 40, captured=40, wanted=None)), False),
        (collection(paid(**refused("cancel", 100)), of=CANCELED), False),
    ],
)
def test_whether_something_is_left(facts: Facts, expected: bool) -> None:
    assert due.are_left(facts) is expected


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        (unpaid(), False),
        (unpaid(is_watchable=True), True),
        (replaced(is_watchable=True), True),
        (paid(), False),
        (replace(paid(), is_watchable=True), False),
        (paid(captured=100, awaits_refund=True), True),
        # What was given up may be there all the same.
        (paid(has_released=True), True),
        (paid(was_given_up=True), True),
        # The answer to the only capture needn't say that the rest is released.
        (paid(captures_once=True, captured=30), True),
        (paid(captures_once=True), False),
        (paid(captures_once=True, captured=100), False),
        (paid(captures_once=True, captured=30, is_frozen=True), False),
        (expiring(capture_before=NOW), True),
        (expiring(capture_before=NOW + SECOND), False),
        (paid(has_released=True, captured=100), False),
        (paid(has_released=True, is_frozen=True), False),
        (paid(has_released=True, is_frozen=True, awaits_refund=True), True),
    ],
)
def test_whether_the_provider_may_know_more(session: SessionFacts, expected: bool) -> None:
    assert due.is_worth_asking(session, NOW) is expected


def left_for(age: timedelta, **more: Any) -> Facts:
    return collection(replace(unpaid(is_watchable=True, **more), updated_at=NOW - age))


LOOKS: dict[str, tuple[Facts, datetime | None]] = {
    "nothing is in sight": (collection(paid()), None),
    "something is left": (collection(*ENOUGH_TWICE), AGAIN),
    # A session that the customer left.
    "just chosen": (left_for(MINUTE), NOW + 15 * MINUTE),
    "left for an hour": (left_for(HOUR), NOW + HOUR),
    "left for nearly a week": (left_for(WATCHED_FOR - SECOND), NOW + WATCHED_FOR - SECOND),
    "left for a week": (left_for(WATCHED_FOR), None),
    "out of its slot": (left_for(WATCHED_FOR, is_live=False, cancel_was_refused=True), AGAIN),
    "can't be asked": (collection(unpaid()), None),
    "waits for a refund": (collection(paid(captured=100, awaits_refund=True)), AGAIN),
    # An authorization that runs out: before, and once more afterwards.
    "runs out in a week": (collection(paid(capture_before=NOW + 7 * DAY)), NOW + 6 * DAY),
    "warned of": (collection(expiring()), TOMORROW + AFTERWARDS),
    "should have been warned of": (collection(paid(capture_before=NOW + HOUR)), AGAIN),
    "captured in full": (collection(paid(captured=100, capture_before=TOMORROW, is_used_up=True)), None),
    # A dispute.
    "evidence is due in a week": (collection(disputes=(dispute(evidence_due_by=NOW + 7 * DAY),)), NOW + 4 * DAY),
    "evidence was warned of": (collection(disputes=(dispute(was_warned=True),)), None),
    # A deadline.
    "to be paid by tomorrow": (collection(paid(1, 60), resolve_by=TOMORROW), TOMORROW),
    "overdue, but may be paid": (collection(paid(1, 60), resolve_by=YESTERDAY, may_be_paid=True), AGAIN),
    "paid in time": (collection(paid(), resolve_by=TOMORROW), None),
    "failed": (collection(paid(1, 60), of=replace(HOLD, has_failed=True), resolve_by=TOMORROW), None),
    "canceled": (collection(of=CANCELED, resolve_by=TOMORROW), None),
    "deleted: what may come is given back": (
        collection(of=replace(HUNDRED, is_deleted=True), resolve_by=TOMORROW),
        TOMORROW,
    ),
    # The earliest counts.
    "a deadline before the next question": (
        replace(left_for(2 * DAY), resolve_by=TOMORROW),
        TOMORROW,
    ),
}


@pytest.mark.parametrize("case", LOOKS)
def test_when_to_look_again(case: str) -> None:
    facts, expected = LOOKS[case]
    assert due.next_look(facts, NOW, WAITS) == expected
