"""The page about providers is made from the committed report, which the tests of the shipped providers keep true."""

from pathlib import Path

import pytest

from medusa_payments.testing.conformance import matrix, report
from medusa_payments.testing.conformance.catalogue import RULES
from medusa_payments.testing.conformance.runner import name_of
from tests.conformance.test_shipped_providers import BENCHES, REPORT, STALE

pytestmark = pytest.mark.any_engine

PAGE = REPORT.with_suffix(".md")


def row(begins: str) -> dict[str, str]:
    """Return a row of the page, by provider."""
    lines = [line.strip("|\n ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    names = next(cells for cells in lines if cells[0] == "Capability")
    return next(dict(zip(names[1:], cells[1:], strict=True)) for cells in lines if cells[0].startswith(begins))


def test_the_page_is_made_from_the_report() -> None:
    assert PAGE.read_text() == matrix.page(report.read(REPORT)), STALE


def test_the_report_has_every_rule_of_every_shipped_provider() -> None:
    providers = report.read(REPORT)

    assert {provider["name"] for provider in providers} == {name_of(bench) for bench in BENCHES}, STALE
    for provider in providers:
        assert {check["id"] for check in provider["checks"]} == {rule.id for rule in RULES}, STALE


def test_no_shipped_provider_breaks_a_rule_and_stripe_is_checked_in_full() -> None:
    tiers = {provider["name"]: matrix.tier(provider) for provider in report.read(REPORT)}

    assert tiers == dict.fromkeys(tiers, "Verified")


def test_the_page_tells_providers_apart() -> None:
    webhooks, captures, absence = row("Webhooks"), row("Captures several times"), row("`RET-03`")

    assert (webhooks["Fake (for tests)"], webhooks["System (by hand)"]) == ("yes", "no")
    assert (captures["Stripe (cards)"], captures["Stripe (cards, multicapture)"]) == ("no", "yes")
    assert (absence["Stripe (iDEAL)"], absence["System (by hand)"]) == ("yes", "n/a")


def test_a_page_about_a_broken_provider_says_so() -> None:
    check = {"id": "CAP-01", "rule": "", "reason": "", "notes": ["a remark"]}
    provider = report.read(REPORT)[0] | {"name": "Acme", "checks": [check | {"status": "failed"}]}

    page = matrix.page([provider])

    assert "| Support | Failing |" in page
    assert "leaves nothing held. | **broken** |" in page
    assert "- Acme, `CAP-01`: a remark" in page
    unchecked = provider | {"checks": [check | {"status": "not_checked"}]}
    assert "| Support | Partly verified |" in matrix.page([unchecked])


def test_a_report_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text('{"format": 2, "providers": []}')

    with pytest.raises(ValueError, match="is not a report of format 1"):
        report.read(path)
