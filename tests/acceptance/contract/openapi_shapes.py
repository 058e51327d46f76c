"""Parts of OpenAPI documents of version 3.0 or 3.1, brought to one form so that they can be compared."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
LIMITS = ("default", "exclusiveMinimum", "maxItems", "maxLength", "maximum", "minimum")

Schema = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """What a schema says of a value, whatever words it uses."""

    name: str
    types: tuple[str, ...]
    enum: tuple[str, ...]
    limits: dict[str, Any]
    properties: dict[str, Schema]
    required: frozenset[str]
    is_closed: bool
    item: Schema | None


class Document:
    """An OpenAPI document, read part by part."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @classmethod
    def read(cls, path: Path) -> "Document":
        return cls(json.loads(path.read_text()))

    def operations(self) -> dict[str, dict[str, Any]]:
        """Return the operations by name: `GET /admin/payments/{}`. The names of path parameters never travel."""
        return {
            f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}": methods[method]
            for path, methods in self.document["paths"].items()
            for method in METHODS
            if method in methods
        }

    def resolve(self, part: Schema) -> Schema:
        """Return what a part refers to; the part itself when it is no reference."""
        while "$ref" in part:
            part = reduce(getitem, part["$ref"].removeprefix("#/").split("/"), self.document)
        return part

    def parameters(self, operation: dict[str, Any]) -> dict[tuple[str, str], Schema]:
        """Return the parameters by place and name; a key that is always needed in a header is one of them."""
        found = {
            (each["in"], each["name"].lower() if each["in"] == "header" else each["name"]): each
            for each in map(self.resolve, operation.get("parameters", []))
            if each["in"] != "path"
        }
        return found | {
            ("header", name): {"required": True, "schema": {"type": "string"}} for name in self._keys(operation)
        }

    def logins(self, operation: dict[str, Any]) -> str:
        """Return the ways to log in, as one word each."""
        ways = [
            " and ".join(sorted(filter(None, map(self._login, alternative)))) or "nobody"
            for alternative in self._security(operation)
        ]
        return ", ".join(sorted(set(ways))) or "nobody"

    def shape(self, schema: Schema) -> Shape:
        name = schema.get("$ref", "").rpartition("/")[2]
        parts = [self.resolve(part) for part in self._alternatives(schema)]
        known = [part for part in parts if not _is_null(part)]
        first: Schema = next(
            (part for part in known if "properties" in part or "items" in part), known[0] if known else {}
        )
        return Shape(
            name=name or self._only_name(schema),
            types=tuple(sorted({kind for part in parts for kind in _types(part)})),
            enum=tuple(sorted(str(value) for part in known for value in part.get("enum", ()))),
            limits={key: part[key] for part in known for key in LIMITS if key in part},
            properties={key: value for part in known for key, value in part.get("properties", {}).items()},
            required=frozenset(key for part in known for key in part.get("required", ())),
            is_closed=first.get("additionalProperties") is False,
            item=next((part["items"] for part in known if "items" in part), None),
        )

    def _alternatives(self, schema: Schema) -> Iterator[Schema]:
        resolved = self.resolve(schema)
        nested = [*resolved.get("oneOf", ()), *resolved.get("anyOf", ()), *resolved.get("allOf", ())]
        if not nested or "type" in resolved:
            yield resolved
        for part in nested:
            yield from self._alternatives(part)

    def _only_name(self, schema: Schema) -> str:
        names = [
            part["$ref"].rpartition("/")[2]
            for key in ("oneOf", "anyOf", "allOf")
            for part in schema.get(key, ())
            if "$ref" in part
        ]
        return names[0] if len(names) == 1 else ""

    def _security(self, operation: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = operation.get("security", self.document.get("security", []))
        return found

    def _scheme(self, name: str) -> dict[str, Any]:
        scheme: dict[str, Any] = self.document["components"]["securitySchemes"][name]
        return scheme

    def _keys(self, operation: dict[str, Any]) -> set[str]:
        alternatives = [
            {scheme["name"].lower() for scheme in map(self._scheme, alternative) if scheme.get("in") == "header"}
            for alternative in self._security(operation)
        ]
        return set.intersection(*alternatives) if alternatives else set()

    def _login(self, name: str) -> str:
        scheme = self._scheme(name)
        if scheme["type"] == "http":
            return str(scheme["scheme"])
        return "" if scheme["in"] == "header" else str(scheme["in"])


def _is_null(part: Schema) -> bool:
    return part.get("type") == "null" or part.get("enum") == [None]


def _types(part: Schema) -> list[str]:
    if _is_null(part):
        return ["null"]
    kind = part.get("type", "anything")
    kinds = list(kind) if isinstance(kind, list) else [kind]
    named = [f"{each} {part['format']}" if "format" in part and each == "string" else each for each in kinds]
    return [*named, "null"] if part.get("nullable") else named
