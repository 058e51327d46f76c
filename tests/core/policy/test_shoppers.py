"""What a shopper may choose, and how often: the rules as tables."""

import pytest

from medusa_payments.core.policy.shoppers import (
    Attempt,
    ProviderFacts,
    may_be_offered,
    may_pay,
    wait_after_failures,
    wait_for_objects,
)

HOUR, DAY = 3600, 24 * 3600


@pytest.mark.parametrize(
    ("takes_money", "storefront", "is_in_region", "is_offered"),
    [
        # A provider that takes money is offered unless somebody says no.
        (True, None, None, True),
        (True, None, True, True),
        (True, None, False, False),
        (True, True, None, True),
        (True, True, False, False),
        (True, False, None, False),
        (True, False, True, False),
        # One that takes none is offered only where somebody says yes.
        (False, None, None, False),
        (False, None, True, True),
        (False, None, False, False),
        (False, True, None, True),
        (False, True, True, True),
        (False, True, False, False),
        (False, False, None, False),
        (False, False, True, False),
    ],
)
def test_which_providers_are_offered(
    takes_money: bool, storefront: bool | None, is_in_region: bool | None, is_offered: bool
) -> None:
    facts = ProviderFacts(takes_outside_money=takes_money, storefront=storefront, is_in_region=is_in_region)

    assert may_be_offered(facts) is is_offered
    assert may_pay(facts, minor_units=1) is is_offered
    assert may_pay(facts, minor_units=0) is (is_offered or not takes_money)


def initiate(age: float, status: str = "succeeded", refusal: str = "") -> Attempt:
    return Attempt(kind="initiate", status=status, refusal=refusal, age_seconds=age)


def authorize(age: float, status: str, session_status: str = "error") -> Attempt:
    return Attempt(kind="authorize", status=status, session_status=session_status, age_seconds=age)


@pytest.mark.parametrize(
    ("attempts", "adding", "limit", "seconds"),
    [
        ([], 1, 3, 0),
        ([initiate(10), initiate(20)], 1, 3, 0),
        ([initiate(10), initiate(20), initiate(30)], 1, 3, DAY - 30),
        ([initiate(10), initiate(20), initiate(30)], 2, 3, DAY - 20),
        ([initiate(10), initiate(20), initiate(DAY)], 1, 3, 0),
        ([initiate(DAY - 0.5)] * 3, 1, 3, 1),
        ([initiate(10, status="not_executed")] * 9, 1, 3, 0),
        ([initiate(10, status="open")] * 3, 1, 3, DAY - 10),
        ([initiate(10, status="refused", refusal="declined")] * 3, 1, 3, DAY - 10),
        ([authorize(10, "refused")] * 9, 1, 3, 0),
        ([], 3, 3, 0),
        ([], 4, 3, DAY),
        ([initiate(10)] * 99, 1, None, 0),
    ],
)
def test_how_many_objects_a_collection_may_have(
    attempts: list[Attempt], adding: int, limit: int | None, seconds: int
) -> None:
    assert wait_for_objects(attempts, limit=limit, adding=adding) == seconds


@pytest.mark.parametrize(
    ("attempts", "limit", "seconds"),
    [
        ([], 2, 0),
        ([authorize(10, "refused")], 2, 0),
        ([authorize(10, "refused"), authorize(60, "refused")], 2, HOUR - 60),
        ([authorize(10, "refused"), authorize(60, "refused"), authorize(90, "refused")], 2, HOUR - 60),
        ([authorize(10, "refused"), authorize(HOUR, "refused")], 2, 0),
        ([authorize(10, "succeeded", "error")] * 2, 2, HOUR - 10),
        ([authorize(10, "succeeded", "requires_more")] * 9, 2, 0),
        ([authorize(10, "succeeded", "authorized")] * 9, 2, 0),
        ([authorize(10, "not_executed"), authorize(10, "open")] * 9, 2, 0),
        ([initiate(10, "refused", "declined")] * 2, 2, HOUR - 10),
        ([initiate(10, "refused", "rejected")] * 9, 2, 0),
        ([initiate(10)] * 9, 2, 0),
        ([authorize(10, "refused")] * 99, None, 0),
    ],
)
def test_how_often_paying_may_fail(attempts: list[Attempt], limit: int | None, seconds: int) -> None:
    assert wait_after_failures(attempts, limit=limit) == seconds
