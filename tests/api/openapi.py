"""The published schema as a judge of requests and answers."""

import re
from copy import deepcopy
from functools import reduce
from operator import getitem
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from rest_framework.test import APIClient

OPEN_COMPONENTS = {"ObjectReference", "PaymentError"}
"""`fields` can widen a reference; an error's details are free."""

_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time")
def _is_wire_time(text: object) -> bool:
    return not isinstance(text, str) or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text) is not None


class OpenAPI:
    """One OpenAPI 3.1 document, whose schemas are JSON Schema. Undeclared keys count as errors."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        closed = deepcopy(document)
        for name, component in closed["components"]["schemas"].items():
            if "properties" in component and name not in OPEN_COMPONENTS:
                component["additionalProperties"] = False
        resource = Resource.from_contents(closed, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource("urn:api", resource)

    @classmethod
    def of_the_demo(cls) -> "OpenAPI":
        return cls(SchemaGenerator().get_schema(request=None, public=True))

    def operation(self, route: str, method: str) -> dict[str, Any]:
        """Return the operation of a Django route, whatever its trailing slash."""
        path = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route).rstrip("/")
        operation: dict[str, Any] = self.document["paths"][path][method.lower()]
        return operation

    def resolve(self, part: dict[str, Any]) -> dict[str, Any]:
        """Return what a part of the document refers to; the part itself when it is no reference."""
        if "$ref" not in part:
            return part
        resolved: dict[str, Any] = reduce(getitem, part["$ref"].removeprefix("#/").split("/"), self.document)
        return resolved

    def validate(self, schema: dict[str, Any], value: Any) -> None:
        """Raise jsonschema's `ValidationError` unless the value is as the schema says."""
        absolute = {"$ref": f"urn:api{schema['$ref']}"} if "$ref" in schema else schema
        Draft202012Validator(absolute, registry=self._registry, format_checker=_FORMATS).validate(value)


class ValidatedClient(APIClient):
    """Sends JSON. Raises when an answer, or a request that was accepted, isn't as the schema says."""

    def __init__(self, openapi: OpenAPI, **options: Any) -> None:
        super().__init__(**options)
        self.openapi = openapi

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        self._validate(response, request)
        return response

    def post(self, path: str, data: Any = None, **options: Any) -> Any:
        return super().post(path, {} if data is None else data, format="json", **options)

    def _validate(self, response: Any, request: dict[str, Any]) -> None:
        operation = self.openapi.operation(response.resolver_match.route, request["REQUEST_METHOD"])
        answer = self.openapi.resolve(operation["responses"][str(response.status_code)])
        self.openapi.validate(answer["content"]["application/json"]["schema"], response.json())
        if response.status_code == 200 and "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            self.openapi.validate(schema, _body(response))


def _body(response: HttpResponse) -> Any:
    return response.renderer_context["request"].data  # type: ignore[attr-defined]
