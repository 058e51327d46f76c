"""How long to wait until something is tried again: a table of cases, without a database."""

from datetime import timedelta

import pytest

from medusa_payments.core.policy.waits import LONGEST_WAIT, SHORTEST_WAIT, backoff

pytestmark = pytest.mark.any_engine


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 10), (1, 20), (2, 40), (3, 80), (8, 2560), (9, 3600), (10, 3600), (16, 3600), (17, 3600), (1_000_000, 3600)],
)
def test_wait_doubles_with_each_attempt_up_to_an_hour(attempts: int, seconds: int) -> None:
    assert backoff(attempts) == timedelta(seconds=seconds)


def test_waits_lie_between_the_shortest_and_the_longest() -> None:
    assert (backoff(0), backoff(1_000_000)) == (SHORTEST_WAIT, LONGEST_WAIT)
