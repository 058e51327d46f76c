"""What the filters of a list accept: a value, a list of values, or a record of Medusa's operators."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from medusa_payments.api.lists.patterns import WHAT_IS_SAFE, is_safe
from medusa_payments.api.wire.validation import echo, safe_names
from medusa_payments.exceptions import InvalidData
from medusa_payments.queries.conditions import (
    MILLISECOND,
    NOTHING,
    AllOf,
    AnyOf,
    Comparable,
    Comparison,
    Condition,
    Operator,
)

MAX_TEXT_LENGTH = 255

Path = tuple[str, ...]

OPERATORS: dict[str, Operator] = {
    "$eq": Operator.IN,
    "$ne": Operator.NIN,
    "$in": Operator.IN,
    "$nin": Operator.NIN,
    "$gt": Operator.GT,
    "$gte": Operator.GTE,
    "$lt": Operator.LT,
    "$lte": Operator.LTE,
    "$like": Operator.LIKE,
    "$ilike": Operator.ILIKE,
    "$re": Operator.RE,
    "$contains": Operator.CONTAINS,
}
GROUPS: dict[str, type[AllOf] | type[AnyOf]] = {"$and": AllOf, "$or": AnyOf}

_FOR_MANY_VALUES = {Operator.IN, Operator.NIN}
_FOR_TEXT = {Operator.LIKE, Operator.ILIKE, Operator.RE, Operator.CONTAINS}


@dataclass(frozen=True, kw_only=True)
class Filter(ABC):
    """A field that a list can be filtered by. Use one of the three subclasses.

    `column` is needed where the column isn't called as on the wire. A filter that `is_always_null` stands for a field
    that Medusa stores and we never set: nothing matches it.
    """

    help_text: str = ""
    column: str | None = None
    is_always_null: bool = False

    wire_type: ClassVar[str]
    schema: ClassVar[dict[str, Any]] = {"type": "string", "maxLength": MAX_TEXT_LENGTH}
    operators: ClassVar[frozenset[str]] = frozenset(OPERATORS)
    drops_unknown_operators: ClassVar[bool] = False

    def column_of(self, name: str) -> str | None:
        """Return the column behind the field; None when there is none."""
        return None if self.is_always_null else self.column or name

    @abstractmethod
    def value(self, text: str) -> Comparable:
        """Return what a parameter says.

        Raises `ValueError` or `OverflowError` when it isn't of this type, `InvalidData` where Medusa says that in
        other words.
        """


class TextFilter(Filter):
    """Text, compared as it is: letter case counts in everything but `$ilike`."""

    wire_type = "string"

    def value(self, text: str) -> str:
        return text


class DateFilter(Filter):
    """A time: ISO 8601, date alone or with time, in UTC unless it says otherwise. It stands for its whole millisecond.

    Keys that are no operators filter nothing, as in Medusa.
    """

    wire_type = "date"
    operators = frozenset(name for name, operator in OPERATORS.items() if operator not in _FOR_TEXT)
    drops_unknown_operators = True

    def value(self, text: str) -> datetime:
        # The plus sign of an offset that wasn't escaped in the URL arrives as a space.
        moment = datetime.fromisoformat(text[:11] + text[11:].replace(" ", "+"))
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        _ = moment + MILLISECOND
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class BooleanFilter(Filter):
    """`true` or `false`."""

    wire_type = "boolean"
    schema: ClassVar = {"type": "boolean"}
    operators = frozenset({"$eq", "$ne", "$in", "$nin"})

    def value(self, text: str) -> bool:
        if text not in {"true", "false"}:
            raise InvalidData("Invalid request: Invalid input")
        return text == "true"


def takes_many(name: str) -> bool:
    """Say whether an operator takes a list."""
    return OPERATORS[name] in _FOR_MANY_VALUES


def parse_filter(path: Path, accepted: Filter, given: Any) -> Condition:
    """Return the condition that a parameter states; its path ends with the field. Raises `InvalidData`, naming it."""
    column = accepted.column_of(path[-1])
    if not isinstance(given, Mapping):
        return _comparison(column, Operator.IN, _values(path, accepted, Operator.IN, given))
    comparisons = []
    for name in _operator_names(path, accepted, given):
        operator = OPERATORS[name]
        comparisons.append(_comparison(column, operator, _values((*path, name), accepted, operator, given[name])))
    return AllOf(tuple(comparisons))


def parse_group(path: Path, filters: Mapping[str, Filter], given: Any) -> Condition:
    """Return the condition that a list of conditions states; its path ends with `$and` or `$or`.

    Groups may lie within groups. Raises `InvalidData`, naming what is wrong.
    """
    if not isinstance(given, list):
        raise _wrong_type(path, "array", given)
    members = [_member((*path, str(index)), filters, member) for index, member in enumerate(given)]
    return GROUPS[path[-1]](tuple(members))


def _member(path: Path, filters: Mapping[str, Filter], given: Any) -> Condition:
    if not isinstance(given, Mapping):
        raise _wrong_type(path, "record", given)
    unknown = [name for name in given if name not in filters and name not in GROUPS]
    if unknown:
        raise _unrecognized(path, unknown)
    return AllOf(tuple(_member_condition((*path, name), filters, inner) for name, inner in given.items()))


def _member_condition(path: Path, filters: Mapping[str, Filter], given: Any) -> Condition:
    name = path[-1]
    return parse_group(path, filters, given) if name in GROUPS else parse_filter(path, filters[name], given)


def _operator_names(path: Path, accepted: Filter, given: Mapping[str, Any]) -> list[str]:
    unknown = [name for name in given if name not in accepted.operators]
    if unknown and not (accepted.drops_unknown_operators and OPERATORS.keys().isdisjoint(unknown)):
        raise _unrecognized(path, unknown)
    return [name for name in given if name in accepted.operators]


def _comparison(column: str | None, operator: Operator, values: tuple[Comparable, ...]) -> Condition:
    return NOTHING if column is None else Comparison(column, operator, values)


def _values(path: Path, accepted: Filter, operator: Operator, given: Any) -> tuple[Comparable, ...]:
    if not isinstance(given, list):
        return (_value(path, accepted, operator, given),)
    if operator not in _FOR_MANY_VALUES:
        raise _wrong_type(path, accepted.wire_type, given)
    return tuple(_value((*path, str(index)), accepted, operator, each) for index, each in enumerate(given))


def _value(path: Path, accepted: Filter, operator: Operator, given: Any) -> Comparable:
    if not isinstance(given, str):
        raise _wrong_type(path, accepted.wire_type, given)
    name = ", ".join(path)
    if len(given) > MAX_TEXT_LENGTH:
        raise InvalidData(f"Invalid request: Value for field '{name}' too big, expected at most: '{MAX_TEXT_LENGTH}'")
    if operator is Operator.RE and not is_safe(given):
        raise InvalidData(f"Invalid request: The expression for field '{name}' {WHAT_IS_SAFE}")
    try:
        return accepted.value(given)
    except (ValueError, OverflowError):
        raise _wrong_type(path, accepted.wire_type, given) from None


def _wrong_type(path: Path, expected: str, given: Any) -> InvalidData:
    name = ", ".join(path)
    return InvalidData(f"Invalid request: Expected type: '{expected}' for field '{name}', got: '{echo(given)}'")


def _unrecognized(path: Path, names: Iterable[str]) -> InvalidData:
    paths = ", ".join(", ".join((*path, name)) for name in names)
    return InvalidData(f"Invalid request: Unrecognized fields: '{safe_names(paths)}'")
