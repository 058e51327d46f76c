"""Turns a serializer's errors into Medusa's validation messages."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from medusa_payments.api.wire.fields import UNRECOGNIZED
from medusa_payments.exceptions import InvalidData

MAX_MESSAGES = 3
MAX_ECHO = 12
MAX_NAMES = 200

_Path = tuple[str, ...]

_DIGITS = re.compile(r"\d{9,}")

_WIRE_TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], str], ...] = (
    (serializers.CharField, "string"),
    (serializers.ChoiceField, "string"),
    (serializers.IntegerField, "number"),
    (serializers.ListField, "array"),
    (serializers.ListSerializer, "array"),
    (serializers.BaseSerializer, "record"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one value of a request."""

    field: Any
    detail: ErrorDetail
    value: Any
    path: _Path

    @property
    def name(self) -> str:
        return safe_names(", ".join(self.path))

    @property
    def code(self) -> str:
        return self.detail.code or ""


Words = Callable[[list[Problem]], str]
"""Puts problems into the words of one API."""


def in_v2_words(problems: list[Problem]) -> str:
    """Return one message about all of them."""
    return f"Invalid request: {'; '.join(_MESSAGES.get(each.code, _custom)(each) for each in problems)}"


def validated(
    serializer_class: type[serializers.Serializer[Any]], data: Mapping[str, Any], words: Words = in_v2_words
) -> dict[str, Any]:
    """Return the validated values of a body or query.

    Raises `InvalidData` with the first three problems in the words of an API.
    """
    serializer = serializer_class(data=data)
    if serializer.is_valid():
        return dict(serializer.validated_data)
    problems = islice(_problems(serializer, serializer.errors, data, ()), MAX_MESSAGES)
    raise InvalidData(words(list(problems)))


def _problems(field: Any, errors: Any, value: Any, path: _Path) -> Iterator[Problem]:
    if isinstance(errors, ErrorDetail):
        yield Problem(field, errors, value, path)
    elif isinstance(errors, Mapping):
        for key, inner in errors.items():
            yield from _problems(*_step(field, key, inner, value, path))
    else:
        for index, inner in enumerate(errors):
            is_leaf = isinstance(inner, ErrorDetail)
            yield from _problems(*((field, inner, value, path) if is_leaf else _step(field, index, inner, value, path)))


def _step(field: Any, key: Any, errors: Any, value: Any, path: _Path) -> tuple[Any, Any, Any, _Path]:
    """Descend to the field that a key of the errors names; a key that names none speaks of the container itself."""
    is_record = isinstance(field, serializers.Serializer)
    child = field.fields.get(key) if is_record else getattr(field, "child", None)
    if child is None or (isinstance(field, serializers.ListSerializer) and not isinstance(key, int)):
        return field, errors, value, path
    return child, errors, _item(value, key), (*path, str(key))


def _item(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        return None


def _required(problem: Problem) -> str:
    return f"Field '{problem.name}' is required"


def _wrong_type(problem: Problem) -> str:
    return f"Expected type: '{_wire_type(problem.field)}' for field '{problem.name}', got: '{echo(problem.value)}'"


def _too_small(problem: Problem) -> str:
    return f"Value for field '{problem.name}' too small, expected at least: '{_limit(problem.field, 'min', 1)}'"


def _too_big(problem: Problem) -> str:
    return f"Value for field '{problem.name}' too big, expected at most: '{_limit(problem.field, 'max', 0)}'"


def _wrong_choice(problem: Problem) -> str:
    choices = ", ".join(str(choice) for choice in problem.field.choices)
    return f"Expected: '{choices}' for field '{problem.name}', but got: '{echo(problem.value)}'"


def _unrecognized(problem: Problem) -> str:
    return f"Unrecognized fields: '{safe_names(problem.detail)}'"


def _custom(problem: Problem) -> str:
    return str(problem.detail)


_MESSAGES: dict[str, Callable[[Problem], str]] = {
    "required": _required,
    "null": _wrong_type,
    "invalid": _wrong_type,
    "not_a_list": _wrong_type,
    "max_string_length": _wrong_type,
    "blank": _too_small,
    "empty": _too_small,
    "min_value": _too_small,
    "min_length": _too_small,
    "max_value": _too_big,
    "max_length": _too_big,
    "invalid_choice": _wrong_choice,
    UNRECOGNIZED: _unrecognized,
}


def echo(value: Any) -> str:
    """Return a caller's value as a message may repeat it: only its type when it is long or may be a card number."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    text = f"{value}" if isinstance(value, (str, int, Decimal)) else ""
    return text if 0 < len(text) <= MAX_ECHO and not _DIGITS.search(text) else _type_name(value)


def safe_names(names: str) -> str:
    """Return a caller's names as a message may repeat them: cut short, and without what may be a card number."""
    return _DIGITS.sub("…", names[:MAX_NAMES])


def _type_name(value: Any) -> str:
    names = {str: "string", int: "number", Decimal: "number", dict: "record", list: "array"}
    return names.get(type(value), "unknown")


def _wire_type(field: Any) -> str:
    own: str | None = getattr(field, "wire_type", None)
    return own or next((name for kind, name in _WIRE_TYPES if isinstance(field, kind)), "unknown")


def _limit(field: Any, kind: str, fallback: int) -> Any:
    for attribute in (f"{kind}_value", f"{kind}_length"):
        if getattr(field, attribute, None) is not None:
            return getattr(field, attribute)
    return fallback
