"""The providers that ship with the package keep the contract, and the committed report says how."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from medusa_payments.testing.conformance import ProviderConformance, report
from medusa_payments.testing.conformance.benches.fake import FakeBench
from medusa_payments.testing.conformance.benches.stripe import (
    StripeCardBench,
    StripeIdealBench,
    StripeMulticaptureBench,
    StripeSepaBench,
)
from medusa_payments.testing.conformance.benches.system import SystemBench

pytestmark = pytest.mark.any_engine

REPORT = Path(__file__).resolve().parents[2] / "docs" / "providers.json"
STALE = "run make providers"

BENCHES = [
    FakeBench,
    SystemBench,
    StripeCardBench,
    StripeMulticaptureBench,
    StripeIdealBench,
    StripeSepaBench,
]


@cache
def committed() -> dict[str, Any]:
    return {provider["name"]: provider for provider in report.read(REPORT)}


class Shipped(ProviderConformance):
    @pytest.fixture(autouse=True)
    def is_in_the_report(self, request: pytest.FixtureRequest) -> Iterator[None]:
        """Compare what the kit says with the committed report, unless that is being written."""
        yield
        if request.config.getoption("--conformance-json", default=None) is None:
            said = dict(request.node.user_properties)[report.PROPERTY]
            provider = committed()[said["provider"]["name"]]
            assert said["check"] in provider["checks"], STALE
            assert said["provider"].items() <= provider.items(), STALE


class TestSystem(Shipped):
    bench = SystemBench


class TestFake(Shipped):
    bench = FakeBench


class TestStripeCards(Shipped):
    bench = StripeCardBench


class TestStripeMulticapture(Shipped):
    bench = StripeMulticaptureBench


class TestStripeIdeal(Shipped):
    bench = StripeIdealBench


class TestStripeSepa(Shipped):
    bench = StripeSepaBench
