"""The kit passes a provider as it should be, and fails broken ones for the right reason and for no other."""

import re
from pathlib import Path

import pytest

from medusa_payments.testing.conformance.catalogue import RULES
from medusa_payments.testing.conformance.rules import CheckStatus
from medusa_payments.testing.conformance.runner import run
from tests.conformance.broken import DEFECTS, Defect
from tests.conformance.pocket import PocketBench

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
