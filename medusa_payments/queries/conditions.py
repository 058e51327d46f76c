"""Conditions on rows of the database (`as_q`) and on other objects (`matches`): the database decides on both.

No comparison holds for null, `NIN` included. Times are compared by the millisecond, which is all that a caller ever
sees of them: the time that a response showed finds its row again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import BooleanField, Case, DateTimeField, F, Field, Q, TextField, Value, When
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan, Regex

from medusa_payments.queries.like import Like, LikeIgnoringCase

Comparable = str | datetime | bool

MILLISECOND = timedelta(milliseconds=1)
MICROSECOND = timedelta(microseconds=1)
_FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)


class Operator(Enum):
    """What a column may be held against."""

    IN = auto()
    NIN = auto()
    GT = auto()
    GTE = auto()
    LT = auto()
    LTE = auto()
    LIKE = auto()
    ILIKE = auto()
    RE = auto()
    CONTAINS = auto()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column against values of one type: one or more for `IN` and `NIN`, exactly one for the others.

    `LIKE`, `ILIKE`, `RE` and `CONTAINS` are for text. A `RE` has to be one that every engine understands and runs
    quickly; a time is a whole millisecond of UTC.
    """

    column: str
    operator: Operator
    values: tuple[Comparable, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of the conditions; without any, everything."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the conditions; without any, nothing."""

    conditions: tuple["Condition", ...]


Condition = Comparison | AllOf | AnyOf

EVERYTHING = AllOf(())
NOTHING = AnyOf(())

_NO_ROW = Q(pk__in=())


def as_q(condition: Condition) -> Q:
    """Return the condition for `QuerySet.filter`."""
    match condition:
        case AllOf(conditions):
            return reduce(and_, map(as_q, conditions), ~_NO_ROW)
        case AnyOf(conditions):
            return reduce(or_, map(as_q, conditions), _NO_ROW)
        case Comparison(column, operator, values):
            is_time = isinstance(values[0], datetime)
            return (_TIME_LOOKUPS if is_time else _LOOKUPS)[operator](column, values)


def matches(condition: Condition, row: object) -> bool:
    """Return True if the attributes of an object that isn't in the database fulfil the condition.

    The database is asked, by one statement: there is no second meaning of an operator that would have to agree.
    """
    columns = {
        comparison.column: Value(getattr(row, comparison.column), output_field=_field_for(comparison.values[0]))
        for comparison in comparisons(condition)
    }
    # A comparison with null is neither true nor false, and `Q.check` takes that for true.
    holds = Case(When(as_q(condition), then=Value(True)), default=Value(False))
    return Q(holds).check({"pk": Value(""), **columns})


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Yield the comparisons that a condition consists of."""
    if isinstance(condition, Comparison):
        yield condition
    else:
        for each in condition.conditions:
            yield from comparisons(each)


def _field_for(value: Comparable) -> "Field[Any, Any]":
    if isinstance(value, bool):
        return BooleanField()
    return DateTimeField() if isinstance(value, datetime) else TextField()


_Values = tuple[Any, ...]
_Lookup = Callable[[str, _Values], Q]


def _lookup(name: str) -> _Lookup:
    return lambda column, values: Q(**{f"{column}__{name}": values[0]})


def _is_in(column: str, values: _Values) -> Q:
    return Q(**{f"{column}__in": values})


def _is_not_in(column: str, values: _Values) -> Q:
    return Q(**{f"{column}__isnull": False}) & ~_is_in(column, values)


def _contains(column: str, values: _Values) -> Q:
    # The `contains` lookup ignores letter case on SQLite.
    return Q(GreaterThan(StrIndex(F(column), Value(values[0])), 0))


_LOOKUPS: dict[Operator, _Lookup] = {
    Operator.IN: _is_in,
    Operator.NIN: _is_not_in,
    Operator.GT: _lookup("gt"),
    Operator.GTE: _lookup("gte"),
    Operator.LT: _lookup("lt"),
    Operator.LTE: _lookup("lte"),
    Operator.LIKE: lambda column, values: Q(Like(F(column), values[0])),
    Operator.ILIKE: lambda column, values: Q(LikeIgnoringCase(F(column), values[0])),
    # As an expression, because a foreign key has no such lookup.
    Operator.RE: lambda column, values: Q(Regex(F(column), values[0])),
    Operator.CONTAINS: _contains,
}


def _from(column: str, moment: datetime) -> Q:
    return Q(**{f"{column}__gt": _just_before(moment)})


def _before(column: str, moment: datetime) -> Q:
    return Q(**{f"{column}__lte": _just_before(moment)})


def _just_before(moment: datetime) -> datetime:
    """SQLite compares times as text and writes its own ones with three digits: `.257` sorts before `.257000`."""
    return max(moment, _FIRST_MOMENT + MICROSECOND) - MICROSECOND


def _within(column: str, values: _Values) -> Q:
    return reduce(or_, [_from(column, each) & _before(column, each + MILLISECOND) for each in values])


def _outside(column: str, values: _Values) -> Q:
    return reduce(and_, [_before(column, each) | _from(column, each + MILLISECOND) for each in values])


_TIME_LOOKUPS: dict[Operator, _Lookup] = {
    Operator.IN: _within,
    Operator.NIN: _outside,
    Operator.GT: lambda column, values: _from(column, values[0] + MILLISECOND),
    Operator.GTE: lambda column, values: _from(column, values[0]),
    Operator.LT: lambda column, values: _before(column, values[0]),
    Operator.LTE: lambda column, values: _before(column, values[0] + MILLISECOND),
}
