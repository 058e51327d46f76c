"""Reading a document's example line by line: what a value in it says of the value that is sent."""

import re
from collections.abc import Iterator
from typing import Any

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
MAY_BE_NULL = {
    "completed_at",
    "metadata",
    "authorized_at",
    "captured_at",
    "canceled_at",
    "created_by",
    "description",
    "note",
    "payment",
    "refund_reason",
    "refund_reason_id",
}
"""What is null until something happened, or was said: the documents list these fields as optional."""


def problems(example: Any, actual: Any, path: str = "") -> Iterator[str]:
    """Yield what of an example is missing in a document, or of another type. An empty list has nothing to compare."""
    if isinstance(example, dict):
        yield from _record(example, actual, path)
    elif isinstance(example, list):
        if not isinstance(actual, list):
            yield f"{path}: {actual!r} is no list"
            return
        for item in actual:
            yield from problems(example[0], item, f"{path}[]")
    elif not _is_like(example, actual):
        yield f"{path}: {actual!r} is not like {example!r}"


def lines(example: Any, path: str = "") -> Iterator[str]:
    """Yield every field of an example: `payment_collection.payments[].id`."""
    if isinstance(example, dict):
        for name, value in example.items():
            inner = f"{path}.{name}".removeprefix(".")
            yield inner
            yield from lines(value, inner)
    elif isinstance(example, list):
        yield from lines(example[0], f"{path}[]")


def seen(actual: Any, path: str = "") -> Iterator[str]:
    """Yield every field that a document has, in the words of `lines`."""
    if isinstance(actual, dict):
        for name, value in actual.items():
            inner = f"{path}.{name}".removeprefix(".")
            yield inner
            yield from seen(value, inner)
    elif isinstance(actual, list):
        for item in actual:
            yield from seen(item, f"{path}[]")


def _record(example: dict[str, Any], actual: Any, path: str) -> Iterator[str]:
    if not isinstance(actual, dict):
        yield f"{path}: {actual!r} is no object"
        return
    for name, value in example.items():
        inner = f"{path}.{name}".removeprefix(".")
        if name not in actual:
            yield f"{inner}: missing"
        elif actual[name] is not None or name not in MAY_BE_NULL:
            yield from problems(value, actual[name], inner)


def _is_like(example: Any, actual: Any) -> bool:
    if isinstance(example, str):
        return isinstance(actual, str) and bool(TIME.fullmatch(actual)) == bool(TIME.fullmatch(example))
    return isinstance(actual, (int, float)) and not isinstance(actual, bool)
