"""How a payment's counters follow from its facts: a table of cases, without a database."""

from typing import Any

import pytest

from medusa_payments.core.policy.counters import Counters, DisputeFact, OperationFact, fold
from medusa_payments.money import MAX_MINOR_UNITS

pytestmark = pytest.mark.any_engine

AUTHORIZED = {"authorized": [100]}


def capture(status: str, amount: int) -> OperationFact:
    return OperationFact(kind="capture", status=status, amount=amount)


def refund(status: str, amount: int) -> OperationFact:
    return OperationFact(kind="refund", status=status, amount=amount)


def cancel(status: str, amount: int | None) -> OperationFact:
    return OperationFact(kind="cancel", status=status, amount=amount)


def dispute(state: str, withheld: int) -> DisputeFact:
    return DisputeFact(state=state, withheld=withheld)


CASES: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    # What is authorized.
    "authorized": ({}, {}),
    "authorized for nothing": ({"authorized": [0]}, {"amount": 0}),
    "the provider raised the amount": ({"authorized": [100, 120]}, {"amount": 120}),
    "it raised the amount twice": ({"authorized": [100, 120, 150]}, {"amount": 150}),
    # What is booked.
    "captured in two parts": ({"captures": [30, 40]}, {"captured": 70}),
    "captured in part, the rest released": ({"captures": [30], "releases": [70]}, {"captured": 30, "released": 70}),
    "released in two parts": ({"releases": [40, 60]}, {"released": 100}),
    "refunded twice": ({"captures": [100], "refunds": [10, 20]}, {"captured": 100, "refunded": 30}),
    "one of two refunds failed later": (
        {"captures": [100], "refunds": [10, 20], "reversals": [20]},
        {"captured": 100, "refunded": 10},
    ),
    # What is in flight.
    "a capture is open": ({"operations": [capture("open", 30)]}, {"capturing": 30}),
    "two captures are open": ({"operations": [capture("open", 30), capture("open", 40)]}, {"capturing": 70}),
    "a cancel is open": ({"operations": [cancel("open", 100)]}, {"releasing": 100}),
    "a refund is open": (
        {"captures": [100], "operations": [refund("open", 30)]},
        {"captured": 100, "refunding": 30},
    ),
    "the provider accepted a refund, its outcome follows": (
        {"captures": [100], "operations": [refund("accepted", 30)]},
        {"captured": 100, "refunding": 30},
    ),
    "a capture, a cancel and a refund at once": (
        {"captures": [40], "operations": [capture("open", 10), cancel("open", 50), refund("open", 40)]},
        {"captured": 40, "capturing": 10, "releasing": 50, "refunding": 40},
    ),
    # What is closed is in flight no more: its line counts, or nothing moved.
    "a capture succeeded": ({"captures": [30], "operations": [capture("succeeded", 30)]}, {"captured": 30}),
    "a capture was refused": ({"operations": [capture("refused", 30)]}, {}),
    "a refund was not executed": (
        {"captures": [100], "operations": [refund("not_executed", 30)]},
        {"captured": 100},
    ),
    "a cancel released less than it asked for": (
        {"captures": [30], "releases": [70], "operations": [cancel("succeeded", 100)]},
        {"captured": 30, "released": 70},
    ),
    # The other verbs reserve nothing of a payment.
    "an authorize is open": ({"operations": [OperationFact(kind="authorize", status="open", amount=100)]}, {}),
    "an update is open": ({"operations": [OperationFact(kind="update", status="open", amount=100)]}, {}),
    "a cancel of a session's object knows no amount": ({"operations": [cancel("open", None)]}, {}),
    # What disputes withhold.
    "disputed": (
        {"captures": [100], "disputes": [dispute("needs_response", 40)]},
        {"captured": 100, "withheld": 40},
    ),
    "two disputes, one under review, one lost": (
        {"captures": [100], "disputes": [dispute("under_review", 40), dispute("lost", 50)]},
        {"captured": 100, "withheld": 90},
    ),
    "an inquiry withholds nothing": ({"captures": [100], "disputes": [dispute("inquiry", 40)]}, {"captured": 100}),
    "a dispute that was won withholds nothing any more": (
        {"captures": [100], "disputes": [dispute("won", 40)]},
        {"captured": 100},
    ),
    "disputes come to more than a column holds": (
        {"captures": [100], "disputes": [dispute("lost", MAX_MINOR_UNITS), dispute("lost", MAX_MINOR_UNITS)]},
        {"captured": 100, "withheld": MAX_MINOR_UNITS},
    ),
}


@pytest.mark.parametrize(("facts", "expected"), CASES.values(), ids=CASES.keys())
def test_counters_follow_from_the_facts(facts: dict[str, Any], expected: dict[str, int]) -> None:
    assert fold(**AUTHORIZED | facts) == Counters(**{"amount": 100} | expected)


@pytest.mark.parametrize("facts", [facts for facts, _ in CASES.values()], ids=CASES.keys())
def test_the_order_of_the_facts_changes_nothing(facts: dict[str, Any]) -> None:
    known = AUTHORIZED | facts
    assert fold(**{name: list(reversed(rows)) for name, rows in known.items()}) == fold(**known)


def test_without_facts_there_is_no_money() -> None:
    assert fold(authorized=[]) == Counters()


@pytest.mark.parametrize(
    ("counters", "disputed"),
    [
        (Counters(amount=100, captured=100, withheld=40), 40),
        # Refunded money is the customer's already, whatever the bank asks for.
        (Counters(amount=100, captured=100, refunded=70, withheld=40), 30),
        (Counters(amount=100, captured=100, refunding=100, withheld=40), 0),
        (Counters(amount=100, withheld=40), 0),
    ],
)
def test_only_captured_money_is_disputed(counters: Counters, disputed: int) -> None:
    assert counters.disputed == disputed
