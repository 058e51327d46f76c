"""Bracketed keys of queries and form bodies as nested values, the way Medusa's clients write them.

`id[]=a&id[]=b`, `id[0]=a&id[1]=b`, `id=a&id=b` and a single `id[]=a,b` are lists; `created_at[$gte]=x` is a record.
"""

import re
from typing import Any

from django.http import QueryDict

from medusa_payments.exceptions import InvalidData

MAX_DEPTH = 9
"""Room for a list of values within three nested groups: `$or[0][$and][0][$or][0][id][$in][0]`."""

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")


def nested(parameters: QueryDict) -> dict[str, Any]:
    """Return the parameters as nested records, lists and strings.

    Raises `InvalidData` for keys nested deeper than `MAX_DEPTH`, keys given both as value and as container, and NUL.
    """
    tree: dict[str, Any] = {}
    for key, values in parameters.lists():
        if "\0" in key or any("\0" in value for value in values):
            raise InvalidData("Invalid request: NUL characters are not allowed")
        _insert(tree, key, values)
    return {key: _with_lists(value) for key, value in tree.items()}


def _insert(tree: dict[str, Any], key: str, values: list[str]) -> None:
    path = _path(key)
    is_list = path[-1] == "" and len(path) > 1
    if is_list:
        path.pop()
    for segment in path[:-1]:
        tree = tree.setdefault(segment, {})
        if not isinstance(tree, dict):
            raise _two_ways(path)
    if path[-1] in tree:
        raise _two_ways(path)
    tree[path[-1]] = _listed(values) if is_list else _plain(values)


def _path(key: str) -> list[str]:
    match = _KEY.fullmatch(key)
    path = [match[1], *_SEGMENT.findall(match[2])] if match else [key]
    if len(path) > MAX_DEPTH:
        raise InvalidData("Invalid request: a parameter is nested too deeply")
    return path


def _listed(values: list[str]) -> list[str]:
    return values[0].split(",") if len(values) == 1 else values


def _plain(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = {key: _with_lists(inner) for key, inner in value.items()}
    if all(key.isascii() and key.isdigit() and len(key) <= 4 for key in items):
        return [items[key] for key in sorted(items, key=int)]
    return items


def _two_ways(path: list[str]) -> InvalidData:
    return InvalidData(f"Invalid request: Field '{path[0][:64]}' is given in two different ways")
