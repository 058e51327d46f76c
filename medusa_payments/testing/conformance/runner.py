"""Checks a provider against the rules, and tells what came out."""

import traceback
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medusa_payments.testing.conformance.bench import ProviderBench
from medusa_payments.testing.conformance.catalogue import RULES
from medusa_payments.testing.conformance.desk import Desk
from medusa_payments.testing.conformance.rules import (
    Blocked,
    CheckStatus,
    NotApplicable,
    NotChecked,
    Rule,
    Violation,
)

_FAILURE = """{rule.id}: {rule.statement}

Seen:     {reason}
Change:   {rule.change}
At stake: {rule.stake}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What became of one check: `reason` says why it didn't pass, `trace` where an unexpected exception came from."""

    rule: Rule
    status: CheckStatus
    reason: str = ""
    trace: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_failure(self) -> bool:
        return self.status in {CheckStatus.FAILED, CheckStatus.BLOCKED}

    @property
    def message(self) -> str:
        """What the provider's author reads."""
        return _FAILURE.format(rule=self.rule, reason=self.reason) + self.trace

    def as_json(self) -> dict[str, Any]:
        """Return what reports keep of it."""
        return {
            "id": self.rule.id,
            "rule": self.rule.statement,
            "status": self.status.value,
            "reason": self.reason,
            "notes": list(self.notes),
        }


def run(rule: Rule, bench_type: type[ProviderBench], directory: Path) -> CheckResult:
    """Check one rule on a bench of its own. Never raises for what the provider does."""
    with closing(bench_type(directory)) as bench:
        notes: list[str] = []
        try:
            desk = Desk(bench)
            notes = desk.notes
            for need in rule.needs:
                need(desk)
            rule.check(desk)
        except Exception as error:
            return _result(rule, error, notes)
        return CheckResult(rule=rule, status=CheckStatus.PASSED, notes=tuple(notes))


def run_all(bench_type: type[ProviderBench], directory: Path) -> list[CheckResult]:
    """Check every rule, each in a directory of its own."""
    results = []
    for rule in RULES:
        own = directory / rule.id
        own.mkdir()
        results.append(run(rule, bench_type, own))
    return results


def provider_as_json(bench_type: type[ProviderBench], directory: Path) -> dict[str, Any]:
    """Return what reports keep of a provider itself."""
    with closing(bench_type(directory)) as bench:
        provider = Desk(bench).provider
        return {
            "name": name_of(bench_type),
            "backend": f"{bench.backend.__module__}.{bench.backend.__qualname__}",
            "capabilities": asdict(provider.capabilities),
            "customers": sorted(customer.value for customer in bench.customers),
            "currencies": list(bench.currencies),
        }


def name_of(bench_type: type[ProviderBench]) -> str:
    """Return how reports call a bench's provider."""
    return bench_type.name or bench_type.backend.__name__


_STATUSES: dict[type[Exception], CheckStatus] = {
    Violation: CheckStatus.FAILED,
    Blocked: CheckStatus.BLOCKED,
    NotApplicable: CheckStatus.NOT_APPLICABLE,
    NotChecked: CheckStatus.NOT_CHECKED,
}


def _result(rule: Rule, error: Exception, notes: list[str]) -> CheckResult:
    status = _STATUSES.get(type(error), CheckStatus.FAILED)
    is_expected = type(error) in _STATUSES
    reason = str(error) if is_expected else f"{type(error).__name__}: {error}"
    cause = error.__cause__ if is_expected else error
    trace = "".join(traceback.format_exception(cause)) if cause else ""
    return CheckResult(rule=rule, status=status, reason=reason, trace=trace, notes=tuple(notes))
