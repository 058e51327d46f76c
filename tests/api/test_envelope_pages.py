"""A page of a list and its envelope."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from medusa_payments.api.lists.pagination import paginate

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def names() -> list[str]:
    names = ["ada", "bea", "cem", "dan", "eve"]
    for name in names:
        User.objects.create(username=name, last_name="same")
    return names


def page_of(**query: Any) -> Any:
    return paginate(User.objects.all(), {"limit": 20, "offset": 0, "order": "id", **query})


def test_a_page_counts_all_that_match(names: list[str]) -> None:
    page = page_of(limit=2, offset=1)

    assert [user.username for user in page.items] == ["bea", "cem"]
    assert page.envelope("users", ["b", "c"]) == {"users": ["b", "c"], "count": 5, "offset": 1, "limit": 2}


@pytest.mark.parametrize("order", ["username", "-username"])
def test_order(names: list[str], order: str) -> None:
    expected = sorted(names, reverse=order.startswith("-"))

    assert [user.username for user in page_of(order=order).items] == expected


def test_ties_are_broken_by_id_so_that_pages_never_overlap(names: list[str]) -> None:
    with CaptureQueriesContext(connection) as queries:
        page_of(order="last_name")

    assert '"last_name" ASC, "auth_user"."id" ASC' in queries[0]["sql"]


def test_limit_0_only_counts(names: list[str], django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        page = page_of(limit=0)

    assert (page.items, page.count) == ([], 5)
