"""How v1 words a wrong request: as class-validator does."""

from typing import Any

from rest_framework import serializers

from medusa_payments.api.wire.fields import UNRECOGNIZED
from medusa_payments.api.wire.validation import Problem, safe_names

_KINDS: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], str], ...] = (
    (serializers.CharField, "a string"),
    (serializers.IntegerField, "an integer number"),
    (serializers.ListField, "an array"),
    (serializers.ListSerializer, "an array"),
)


class InV1Words:
    """A viewset that words a wrong request as v1 does."""

    def worded(self, problems: list[Problem]) -> str:
        """Return one message about all of them; unknown keys come first."""
        ordered = sorted(problems, key=lambda problem: problem.code != UNRECOGNIZED)
        return ", ".join(dict.fromkeys(message for problem in ordered for message in _messages(problem)))


def _messages(problem: Problem) -> list[str]:
    if problem.code == UNRECOGNIZED:
        return [f"property {name} should not exist" for name in safe_names(problem.detail).split(", ")]
    subject = _subject(problem)
    if problem.code == "max_length":
        return [f"{subject} {_not_longer(problem.field)}"]
    first = _first_of_missing(problem.field, subject) if problem.code in {"required", "null"} else []
    return [*first, f"{subject} must be {_kind(problem.field)}"]


def _subject(problem: Problem) -> str:
    if isinstance(problem.field.parent, serializers.ListField):
        return f"each value in {safe_names('.'.join(problem.path[:-1]))}"
    return safe_names(".".join(problem.path))


def _first_of_missing(field: Any, subject: str) -> list[str]:
    """Where Medusa checks a value twice, what the other check says of none."""
    if isinstance(field, serializers.IntegerField | serializers.ChoiceField):
        return [f"{subject} should not be empty"]
    if isinstance(field, serializers.ListField):
        return [f"each value in {subject} must be {_kind(field.child)}"]
    return []


def _kind(field: Any) -> str:
    if isinstance(field, serializers.ChoiceField):
        return f"one of the following values: {', '.join(field.choices)}"
    return next((words for kind, words in _KINDS if isinstance(field, kind)), "an object")


def _not_longer(field: Any) -> str:
    if isinstance(field, serializers.CharField):
        return f"must be shorter than or equal to {field.max_length} characters"
    return f"must contain no more than {field.max_length} elements"
