"""What a live Medusa answered, played on the demo: a difference is declared, or a defect."""

from typing import Any

import pytest

from medusa_payments.api.documents.shapes import SHAPES
from tests.acceptance.contract.recorded_shop import FAKE, SYSTEM, RecordedShop
from tests.acceptance.contract.recordings import (
    Comparison,
    Difference,
    Names,
    Rule,
    declared,
    problems,
    rows,
    rules,
    scenarios,
)

pytestmark = [pytest.mark.any_engine, pytest.mark.fake_only]

SCENARIOS = scenarios()
SESSIONS = "store-04-session-create"


@pytest.fixture
def shop(settings: Any, fake_provider: Any, db: None) -> RecordedShop:
    configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
    providers = {alias: configured[alias] for alias in (FAKE, SYSTEM)}
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "PROVIDERS": providers}
    return RecordedShop()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_difference_is_declared(shop: RecordedShop, scenario: str) -> None:
    found = [difference for step in SCENARIOS[scenario] for difference in shop.play(step)]

    assert problems(scenario, found, rules(), declared()) == []


def test_a_document_that_changes_is_found(shop: RecordedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SHAPES["payment_session"].fields, "metadata", lambda _: None)  # type: ignore[arg-type]

    found = [difference for step in SCENARIOS[SESSIONS] for difference in shop.play(step)]

    undeclared = problems(SESSIONS, found, rules(), declared())
    assert [each.partition(": Medusa")[0] for each in undeclared] == [
        f"undeclared: [{step}] type .payment_collection.payment_sessions[].metadata"
        for step in ("ok system", "second session same provider, with data", "fields=+status")
    ]


def test_every_rule_names_one_row_and_recordings_that_exist() -> None:
    said = declared()

    wrong = [rule for rule in rules() if sum(row.startswith(rule.row) for row in said) != 1]
    unknown = [code for rule in rules() for code in rule.scenarios if not any(map(Rule("", (code,)).names, SCENARIOS))]

    assert (wrong, unknown) == ([], [])


def test_a_row_is_marked_unless_a_recording_shows_it() -> None:
    shown = [rule.row for rule in rules()]

    wrong = [row.says for row in rows() if row.is_marked == any(row.says.startswith(words) for words in shown)]

    assert wrong == [], "mark what no recording shows with † at the end of Medusa's cell, and nothing else"


TOTALS = Rule("totals are `null`", ("store-01",), what=("type",), at=("*_amount",), peer=("null",), here=("0",))
NO_TOTAL = Difference("fresh", "type", ".captured_amount", None, 0)


@pytest.mark.parametrize(
    ("found", "rows_there", "problem"),
    [
        ([NO_TOTAL], ["totals are `null` until something happens"], []),
        ([NO_TOTAL], [], ["undeclared: [fresh] type .captured_amount: Medusa null | here 0"]),
        ([], ["totals are `null` until something happens"], [f"stale in store-01-x: {TOTALS}"]),
        (
            [NO_TOTAL, Difference("fresh", "value", ".amount", 1, 2)],
            ["totals are `null` until something happens"],
            ["undeclared: [fresh] value .amount: Medusa 1 | here 2"],
        ),
    ],
    ids=["declared", "its row removed", "stale", "another one beside it"],
)
def test_what_is_a_problem(found: list[Difference], rows_there: list[str], problem: list[str]) -> None:
    assert problems("store-01-x", found, [TOTALS], rows_there) == problem
    assert problems("store-02-x", found[:1], [TOTALS], rows_there) == [f"undeclared: {each}" for each in found[:1]]


ID, OTHER = "pay_01AAAAAAAAAAAAAAAAAAAAAAAA", "pay_01BBBBBBBBBBBBBBBBBBBBBBBB"


@pytest.mark.parametrize(
    ("peer", "here", "different"),
    [
        ({"metadata": {}}, {"metadata": None}, ["type .metadata"]),
        ({"a": 1, "b": 2}, {"b": 3, "c": 4}, ["missing .a", "value .b", "extra .c"]),
        ([1, 2], [1], ["length "]),
        ([1, 2], [1, 3], ["value []"]),
        (["<each>", {"a": "<any>"}], [{"a": 1}, {"b": 1}], ["missing [].a", "extra [].b"]),
        (["<each>", {"a": "<any>"}], {}, ["type "]),
        (1, True, ["type "]),
        (1, 1.0, []),
        ("<time>", "2026-12-01T12:00:00.000Z", []),
        ("<time>", "2026-12-01T12:00:00Z", ["value "]),
        (["pay#1", "pay#1"], [ID, ID], []),
        (["pay#1", "pay#1"], [ID, OTHER], ["value []"]),
        (["pay#1", "pay#2"], [ID, ID], ["value []"]),
        ("Payment pay#1 was not found", f"Payment {ID} was not found", []),
        ("pay#1", "pay_1", ["value "]),
        ("a.b", "axb", ["value "]),
    ],
)
def test_the_comparison(peer: Any, here: Any, different: list[str]) -> None:
    found = Comparison("step", Names()).values("", peer, here)

    assert [f"{each.what} {each.at}" for each in found] == different
