"""What conditions mean, told once more in plain Python: the oracle that the database is compared with."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from medusa_payments.queries.conditions import AllOf, AnyOf, Comparison, Condition, Operator

_CHARACTER = re.compile(r"\\(?P<literal>.)|(?P<plain>.)", re.DOTALL)
_WILDCARDS = {"%": ".*", "_": "."}


def fulfils(row: object, condition: Condition) -> bool:
    """Return True if the attributes of a row fulfil the condition."""
    match condition:
        case AllOf(conditions):
            return all(fulfils(row, each) for each in conditions)
        case AnyOf(conditions):
            return any(fulfils(row, each) for each in conditions)
        case Comparison(column, operator, values):
            value = getattr(row, column)
            return value is not None and _TESTS[operator](_in_milliseconds(value), values)


def _is_like(value: str, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> bool:
    parts = (_WILDCARDS.get(each["plain"] or "", re.escape(each[0][-1])) for each in _CHARACTER.finditer(pattern))
    return re.fullmatch("".join(parts), value, flags | re.DOTALL) is not None


_TESTS: dict[Operator, Callable[[Any, tuple[Any, ...]], bool]] = {
    Operator.IN: lambda value, values: value in values,
    Operator.NIN: lambda value, values: value not in values,
    Operator.GT: lambda value, values: bool(value > values[0]),
    Operator.GTE: lambda value, values: bool(value >= values[0]),
    Operator.LT: lambda value, values: bool(value < values[0]),
    Operator.LTE: lambda value, values: bool(value <= values[0]),
    Operator.LIKE: lambda value, values: _is_like(value, values[0]),
    Operator.ILIKE: lambda value, values: _is_like(value, values[0], re.IGNORECASE),
    Operator.RE: lambda value, values: re.search(values[0], value) is not None,
    Operator.CONTAINS: lambda value, values: values[0] in value,
}


def _in_milliseconds(value: Any) -> Any:
    is_time = isinstance(value, datetime)
    return value.replace(microsecond=value.microsecond // 1000 * 1000) if is_time else value
