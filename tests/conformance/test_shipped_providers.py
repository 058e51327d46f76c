"""The providers that ship with the package keep the contract."""

import pytest

from medusa_payments.testing.conformance import ProviderConformance
from medusa_payments.testing.conformance.benches.fake import FakeBench
from medusa_payments.testing.conformance.benches.system import SystemBench

pytestmark = pytest.mark.any_engine

BENCHES = [FakeBench, SystemBench]


class TestSystem(ProviderConformance):
    bench = SystemBench


class TestFake(ProviderConformance):
    bench = FakeBench
