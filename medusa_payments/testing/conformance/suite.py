"""The kit as a test class, to be inherited."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from medusa_payments.testing.conformance.bench import ProviderBench
from medusa_payments.testing.conformance.catalogue import RULES
from medusa_payments.testing.conformance.report import PROPERTY
from medusa_payments.testing.conformance.rules import CheckStatus, Rule
from medusa_payments.testing.conformance.runner import CheckResult, provider_as_json, run


class ProviderConformance:
    """Every rule of the contract, as one test each, for the provider on `bench`.

    A rule that isn't for this provider has nothing to fail: the report counts it apart, with the reason. One that the
    bench can't show is skipped, since it should be shown. A single rule is run with `-k CAP-02`.
    """

    bench: type[ProviderBench]

    @pytest.mark.parametrize("rule", RULES, ids=str)
    def test_rule(self, rule: Rule, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
        result = run(rule, self.bench, tmp_path)
        record_property(PROPERTY, {"provider": _described(self.bench), "check": result.as_json()})
        _conclude(result)


@cache
def _described(bench_type: type[ProviderBench]) -> dict[str, object]:
    with TemporaryDirectory() as directory:
        return provider_as_json(bench_type, Path(directory))


def _conclude(result: CheckResult) -> None:
    if result.is_failure:
        pytest.fail(result.message, pytrace=False)
    if result.status is CheckStatus.NOT_CHECKED:
        pytest.skip(f"not checked: {result.reason}")
