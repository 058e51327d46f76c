"""The kit for the provider that `--provider-bench` names."""

import pytest

from medusa_payments.testing.conformance.plugin import bench_named
from medusa_payments.testing.conformance.suite import ProviderConformance


class TestProvider(ProviderConformance):
    @pytest.fixture(autouse=True)
    def named_bench(self, request: pytest.FixtureRequest) -> None:
        path = request.config.getoption("--provider-bench", default=None)
        if not path:
            pytest.fail("name the bench: --provider-bench package.module:Class", pytrace=False)
        self.bench = bench_named(path)
