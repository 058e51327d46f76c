"""The kit passes a provider as it should be, and fails broken ones for the right reason and for no other."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from medusa_payments.providers.base import PaymentProvider
from medusa_payments.testing.conformance.catalogue import RULES
from medusa_payments.testing.conformance.rules import CheckStatus
from medusa_payments.testing.conformance.runner import run
from tests.conformance.broken import DEFECTS, Defect
from tests.conformance.pocket import Pocket, PocketBench

pytestmark = pytest.mark.any_engine

NOTES_ONLY = {"DEC-05", "CAP-09", "REF-09"}


def test_a_provider_as_it_should_be(tmp_path: Path) -> None:
    results = [run(rule, PocketBench, tmp_path) for rule in RULES]

    odd = {result.rule.id: result.reason for result in results if result.status is not CheckStatus.PASSED}
    assert odd == {"WEB-09": "it can be asked"}
    assert [result.notes for result in results if result.notes] == []


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.bench.name)
def test_a_broken_provider(defect: Defect, tmp_path: Path) -> None:
    results = {rule.id: run(rule, defect.bench, tmp_path) for rule in RULES}

    failed = {rule_id: result.reason for rule_id, result in results.items() if result.status is CheckStatus.FAILED}
    assert failed.keys() == defect.seen.keys(), failed
    assert {rule_id: seen for rule_id, seen in defect.seen.items() if seen not in failed[rule_id]} == {}, failed
    blocked = {result.reason for result in results.values() if result.status is CheckStatus.BLOCKED}
    assert {re.split("; see ", reason)[-1] for reason in blocked} <= failed.keys()


def test_every_rule_has_its_broken_provider() -> None:
    broken = {rule_id for defect in DEFECTS for rule_id in defect.seen}

    assert broken == {rule.id for rule in RULES} - NOTES_ONLY
    assert len(DEFECTS) > 25


class Unchangeable(Pocket):
    capabilities = replace(Pocket.capabilities, supports_update=False)
    update = PaymentProvider.update  # type: ignore[assignment]


class UnchangeableBench(PocketBench):
    backend = Unchangeable


def test_a_provider_whose_objects_cannot_be_changed_needs_no_update(tmp_path: Path) -> None:
    results = [run(rule, UnchangeableBench, tmp_path) for rule in RULES]

    odd = {result.rule.id: result.status for result in results if result.status is not CheckStatus.PASSED}
    not_applicable = CheckStatus.NOT_APPLICABLE
    assert odd == dict.fromkeys(["UPD-01", "UPD-02", "UPD-03", "WEB-09"], not_applicable)


class Modest(Pocket):
    capabilities = replace(
        Pocket.capabilities,
        supports_partial_capture=False,
        supports_multiple_captures=False,
        supports_partial_refund=False,
        has_webhooks=False,
    )


class ModestBench(PocketBench):
    backend = Modest


def test_what_works_and_is_not_declared_is_a_note(tmp_path: Path) -> None:
    results = [run(rule, ModestBench, tmp_path) for rule in RULES]

    assert [result.rule.id for result in results if result.is_failure] == []
    assert {note for result in results for note in result.notes} == {
        "captures a part and doesn't declare supports_partial_capture",
        "captures twice and doesn't declare supports_multiple_captures",
        "refunds a part and doesn't declare supports_partial_refund",
        "has the methods of has_webhooks and doesn't declare it",
    }


class BareBench(PocketBench):
    """Shows next to nothing."""

    def offers(self, hook: str) -> bool:
        return False


def test_what_a_bench_cannot_show_is_not_called_passed(tmp_path: Path) -> None:
    results = {rule.id: run(rule, BareBench, tmp_path) for rule in RULES}

    assert results["CAP-05"].status is CheckStatus.NOT_CHECKED
    assert results["CAP-05"].reason == "the bench has no books()"
    assert results["ERR-02"].reason == "the bench has no fault()"
    assert results["CAP-02"].status is CheckStatus.PASSED


def test_a_failure_says_what_to_change_and_why(tmp_path: Path) -> None:
    [rule] = [rule for rule in RULES if rule.id == "CAP-01"]

    class Crashes(PocketBench):
        backend = type("Crashing", (Pocket,), {"capture": lambda *_: 1 // 0})

    result = run(rule, Crashes, tmp_path)

    assert result.status is CheckStatus.FAILED
    assert result.reason == "ZeroDivisionError: integer division or modulo by zero"
    for said in (rule.statement, result.reason, rule.change, rule.stake, "test_kit.py"):
        assert said in result.message
