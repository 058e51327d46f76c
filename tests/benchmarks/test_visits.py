"""Statements and Python function calls of each request, as bounds that may only fall.

`visits.py` says what counts. Which statements they are, in which order, `tests/api/test_statements.py` pins.
"""

from typing import Any, NamedTuple

import pytest
from django.core.management import call_command

from tests.benchmarks import visits
from tests.benchmarks.visits import Counts

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]


class Bound(NamedTuple):
    """The most that a request may cost."""

    statements: int
    calls: int


# Statements are the same on both engines. Function calls are those of PostgreSQL's driver, which makes more of them
# than SQLite's, on Python 3.11 and Django 5.2, rounded up: newer versions may make a few more or less.
BOUNDS: dict[str, tuple[Bound | None, Bound]] = {
    # request               local provider       provider outside
    "create collection": (Bound(11, 23_000), Bound(11, 23_000)),
    "session first": (Bound(15, 36_000), Bound(20, 47_000)),
    "session again": (Bound(16, 38_500), Bound(25, 62_000)),
    "authorize": (Bound(19, 46_000), Bound(23, 58_000)),
    "capture": (Bound(16, 39_500), Bound(21, 51_500)),
    "refund": (Bound(16, 40_000), Bound(21, 52_000)),
    "get payment": (Bound(5, 19_500), Bound(5, 19_500)),
    "list payments": (Bound(6, 38_500), Bound(6, 38_500)),
    "webhook that books": (None, Bound(16, 30_000)),
    "complete": (Bound(44, 103_000), Bound(48, 114_000)),
}


@pytest.mark.parametrize("provider_id", ["pp_system_default", "pp_fake_fake"])
def test_requests_of_a_purchase_stay_within_their_bounds(provider_id: str, seeded: None) -> None:
    counted = visits.measure(provider_id)

    bounds = {name: bound for name, bound in of_provider(provider_id).items() if bound is not None}
    assert counted.keys() == bounds.keys()
    over = [each for name, counts in counted.items() for each in beyond(name, counts, bounds[name])]
    assert not over, "\n".join(over)


def of_provider(provider_id: str) -> dict[str, Bound | None]:
    is_outside = provider_id == "pp_fake_fake"
    return {name: pair[is_outside] for name, pair in BOUNDS.items()}


def beyond(name: str, counts: Counts, bound: Bound) -> list[str]:
    measured = Bound(counts.statements, counts.calls)
    return [
        f"{name}: {cost} {what}, bound {most}"
        for what, cost, most in zip(Bound._fields, measured, bound, strict=True)
        if cost > most
    ]


@pytest.fixture
def seeded(fake_provider: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("seed_demo")
