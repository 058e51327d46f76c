"""The page about providers is made from the committed report, and the report is what the kit says today."""

from pathlib import Path
from typing import Any

import pytest

from medusa_payments.testing.conformance import ProviderBench, matrix, report
from medusa_payments.testing.conformance.catalogue import RULES
from medusa_payments.testing.conformance.runner import name_of, provider_as_json, run
from tests.conformance.test_shipped_providers import BENCHES

pytestmark = pytest.mark.any_engine

DOCS = Path(__file__).resolve().parents[2] / "docs"
STALE = "run make providers"


def test_the_page_is_made_from_the_report() -> None:
    assert (DOCS / "providers.md").read_text() == matrix.page(report.read(DOCS / "providers.json")), STALE


def test_the_page_tells_providers_apart() -> None:
    page = (DOCS / "providers.md").read_text()

    assert "| Webhooks | yes | no |" in page
    assert "| Nothing leaves the process | no | yes |" in page
    assert "| `RET-03` What the service doesn't have is None. | yes | n/a |" in page


@pytest.mark.parametrize("bench", BENCHES, ids=name_of)
def test_the_report_is_what_the_kit_says(bench: type[ProviderBench], tmp_path: Path) -> None:
    entries = []
    for rule in RULES:
        own = tmp_path / rule.id
        own.mkdir()
        entries.append({"provider": described(bench, tmp_path), "check": run(rule, bench, own).as_json()})

    [committed] = [provider for provider in report.read(DOCS / "providers.json") if provider["name"] == name_of(bench)]
    assert report.merge(entries) == [committed], STALE


def described(bench: type[ProviderBench], tmp_path: Path) -> dict[str, Any]:
    own = tmp_path / "description"
    own.mkdir(exist_ok=True)
    return provider_as_json(bench, own)
