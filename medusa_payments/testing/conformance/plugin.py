"""The kit's command line: `-p medusa_payments.testing.conformance.plugin`.

`--provider-bench PATH` names the bench (`package.module:Class`) for the tests of `conformance.test_provider`;
`--conformance-json FILE` writes the report of all conformance tests in the run.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from medusa_payments.testing.conformance import report
from medusa_payments.testing.conformance.bench import ProviderBench
from medusa_payments.testing.conformance.report import PROPERTY


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("medusa_payments", "payment provider conformance")
    group.addoption("--provider-bench", metavar="PACKAGE.MODULE:CLASS", help="the bench of the provider to test")
    group.addoption("--conformance-json", metavar="FILE", type=Path, help="write what came out as JSON")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--provider-bench"):
        bench_named(config.getoption("--provider-bench"))
    config.pluginmanager.register(_Reporter(config), "medusa_payments_conformance_reporter")


class _Reporter:
    """Collects the results of conformance tests, also those that other processes of pytest-xdist ran."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._entries: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._entries += [value for name, value in report.user_properties if name == PROPERTY]  # type: ignore[misc]

    def pytest_sessionfinish(self) -> None:
        path = self._config.getoption("--conformance-json")
        if path is not None and not hasattr(self._config, "workerinput"):
            report.write(path, report.merge(self._entries))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        providers = report.merge(self._entries)
        if providers:
            terminalreporter.section("provider conformance")
        for provider in providers:
            terminalreporter.write_line(report.summary(provider))
            for check in provider["checks"]:
                for note in check["notes"]:
                    terminalreporter.write_line(f"  note {check['id']}: {note}")


def bench_named(path: str) -> type[ProviderBench]:
    """Import the bench that `package.module:Class` names. Raises `pytest.UsageError` when there is none."""
    module_name, _, class_name = path.partition(":")
    try:
        bench = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise pytest.UsageError(f"--provider-bench {path}: {error}") from error
    if not (isinstance(bench, type) and issubclass(bench, ProviderBench)):
        raise pytest.UsageError(f"--provider-bench {path} is no ProviderBench")
    return bench
