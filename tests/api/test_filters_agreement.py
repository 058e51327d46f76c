"""A condition finds the same rows in the database, on either engine, as in plain Python."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medusa_payments.api.lists.filters import TIMESTAMPS, BooleanFilter, DateFilter, ListQuery, TextFilter
from medusa_payments.api.lists.pagination import paginate, paginate_rows
from medusa_payments.api.lists.patterns import is_safe
from medusa_payments.api.wire.brackets import nested
from medusa_payments.api.wire.validation import validated
from medusa_payments.models import RefundReason
from medusa_payments.queries.conditions import AllOf, AnyOf, Comparison, Condition, Operator, as_q, matches

MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
LABELS = ["", "a", "A", "ab", "aB_%", "a\\%", "*?[a]", "[", "%", "_", "\\", "b a.", "aab", "12-b", "'\"", "é"]
ALPHABET = "abAB_%\\*?[].-1 '^"

texts = st.sampled_from(LABELS) | st.text(ALPHABET, max_size=5)
moments = st.integers(-3, len(LABELS) + 2).map(lambda index: MOMENT + timedelta(milliseconds=index))
PARTS = [*"aAbB_%.^$()| -'", r"\\", r"\[", r"\*", r"\d", r"\w", r"\s", "[ab]", "[^a]", "[A-Z-]"]
QUANTIFIED = ["a*", ".+", "b?", "a{2}", ".{1,3}", "[ab]{2,}"]
expressions = st.lists(st.sampled_from(PARTS + QUANTIFIED), max_size=6).map("".join).filter(is_safe)


def compared(
    columns: list[str], operators: set[Operator], values: st.SearchStrategy[Any], most: int = 1
) -> st.SearchStrategy[Condition]:
    several = st.lists(values, min_size=1, max_size=most).map(tuple)
    operator = st.sampled_from(sorted(operators, key=lambda each: each.name))
    return st.builds(Comparison, st.sampled_from(columns), operator, several)


TEXTS, TIMES = ["label", "description"], ["created_at", "deleted_at"]
SETS = {Operator.IN, Operator.NIN}
comparisons = st.one_of(
    compared(TEXTS, SETS, texts, most=3),
    compared(TEXTS, {Operator.LIKE, Operator.ILIKE, Operator.CONTAINS}, texts),
    compared(TEXTS, {Operator.RE}, expressions),
    compared(TIMES, SETS, moments, most=3),
    compared(TIMES, {Operator.GT, Operator.GTE, Operator.LT, Operator.LTE}, moments),
)


def groups(members: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    lists = st.lists(members, max_size=3).map(tuple)
    return st.builds(AllOf, lists) | st.builds(AnyOf, lists)


conditions: st.SearchStrategy[Condition] = st.recursive(comparisons, groups, max_leaves=6)


@pytest.fixture
def reasons(db: None) -> list[RefundReason]:
    """Return rows with odd labels, every third without a description, every fourth deleted, a millisecond apart."""
    made = []
    for index, label in enumerate(LABELS):
        created_at = MOMENT + timedelta(milliseconds=index, microseconds=index * 37)
        deleted_at = None if index % 4 else created_at
        reason = RefundReason(
            label=label,
            code=f"code_{index}",
            live_code=None if deleted_at else f"code_{index}",
            description=f"{label}{label[::-1]}" if index % 3 else None,
            created_at=created_at,
            deleted_at=deleted_at,
        )
        reason.save(force_insert=True)
        made.append(reason)
    return made


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(conditions)
@pytest.mark.proof
def test_both_find_the_same(reasons: list[RefundReason], condition: Condition) -> None:
    found = {reason.code for reason in RefundReason.objects.filter(as_q(condition))}

    assert found == {reason.code for reason in reasons if matches(condition, reason)}


@pytest.mark.parametrize(
    ("pattern", "like", "ilike"),
    [
        ("a", ["a"], ["a", "A"]),
        ("a%", ["a", "ab", "aB_%", "a\\%", "aab"], ["a", "A", "ab", "aB_%", "a\\%", "aab"]),
        ("%b", ["ab", "aab", "12-b"], ["ab", "aab", "12-b"]),
        ("_", ["a", "A", "[", "%", "_", "\\", "é"], ["a", "A", "[", "%", "_", "\\", "é"]),
        ("\\%", ["%"], ["%"]),
        ("%\\%", ["aB_%", "a\\%", "%"], ["aB_%", "a\\%", "%"]),
        ("\\\\", ["\\"], ["\\"]),
        ("\\", ["\\"], ["\\"]),
        ("*?[_]", ["*?[a]"], ["*?[a]"]),
        ("", [""], [""]),
        ("%", LABELS, LABELS),
    ],
)
def test_like(reasons: list[RefundReason], pattern: str, like: list[str], ilike: list[str]) -> None:
    for operator, expected in ((Operator.LIKE, like), (Operator.ILIKE, ilike)):
        condition = Comparison("label", operator, (pattern,))
        in_database = RefundReason.objects.filter(as_q(condition)).order_by("code").values_list("label", flat=True)
        assert (
            sorted(in_database) == sorted(expected) == sorted(row.label for row in reasons if matches(condition, row))
        )


class ReasonListQuery(ListQuery):
    default_limit = 15
    filterable = {"title": TextFilter(column="label"), **TIMESTAMPS}
    searchable = ("label", "description")
    orderable = frozenset({"code"})


class ProviderListQuery(ListQuery):
    filterable = {"id": TextFilter(), "is_enabled": BooleanFilter(), "deleted_at": DateFilter(is_always_null=True)}
    orderable = frozenset({"id", "is_enabled"})
    has_groups = True


def read(query_class: type[ListQuery], query: str) -> dict[str, Any]:
    return validated(query_class, nested(QueryDict(query)))


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("title=a", ["a"]),
        ("q=aB", ["ab", "aB_%", "aab"]),
        ("q=%25", ["aB_%", "a\\%", "%"]),
        ("q=\\", ["a\\%", "\\"]),
        ("q=_&title[$ne]=_", ["aB_%"]),
        ("title[$in][0]=a&title[$in][1]=b a.&q=a", ["a", "b a."]),
    ],
)
def test_a_list_declares_its_columns(reasons: list[RefundReason], query: str, labels: list[str]) -> None:
    page = paginate(RefundReason.objects.all(), read(ReasonListQuery, f"{query}&order=code"))

    assert sorted(reason.label for reason in page.items) == sorted(labels)
    assert (page.count, page.limit) == (len(labels), 15)


PROVIDERS = [
    SimpleNamespace(id="pp_b", is_enabled=True),
    SimpleNamespace(id="pp_a", is_enabled=False),
    SimpleNamespace(id="pp_c", is_enabled=True),
]


@pytest.mark.parametrize(
    ("query", "found", "count"),
    [
        ("", "abc", 3),
        ("order=-id", "cba", 3),
        ("order=-is_enabled", "bca", 3),
        ("order=is_enabled&limit=2", "ab", 3),
        ("limit=1&offset=1", "b", 3),
        ("limit=0", "", 3),
        ("is_enabled=true", "bc", 2),
        ("is_enabled[$ne]=true", "a", 1),
        ("id[$like]=pp\\_%25&is_enabled=false", "a", 1),
        ("id[$ilike]=PP_A", "a", 1),
        ("id[$re]=[ab]$", "ab", 2),
        ("id[$gt]=pp_a&id[$lte]=pp_c", "bc", 2),
        ("$or[0][id]=pp_a&$or[1][is_enabled]=true&$or[1][id][$contains]=c", "ac", 2),
        ("deleted_at[$lt]=2100-01-01", "", 0),
    ],
)
def test_a_list_of_what_is_not_in_the_database(query: str, found: str, count: int) -> None:
    page = paginate_rows(PROVIDERS, read(ProviderListQuery, query))

    assert "".join(provider.id.removeprefix("pp_") for provider in page.items) == found
    assert page.count == count
