"""How the shop's own endpoints are described."""

from collections.abc import Callable, Sequence
from inspect import getdoc
from typing import Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer, inline_serializer
from rest_framework.serializers import Field as SerializerField
from rest_framework.serializers import IntegerField, Serializer

from medusa_payments.api.openapi.schema import ActionT, PaymentsAutoSchema, UnkeyedAutoSchema, operation
from storefront_project.shop.api.queries import WholeDocumentQuery

Field = SerializerField[Any, Any, Any, Any]


class BearerScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]
    target_class = "storefront_project.shop.api.bearer.BearerAuthentication"


def shop_operation(
    operation_id: str,
    *,
    parameters: Sequence[Any] = (WholeDocumentQuery,),
    schema: type[PaymentsAutoSchema] = UnkeyedAutoSchema,
    **description: Any,
) -> Callable[[ActionT], ActionT]:
    """Describe an action: its docstring has the summary and, after an empty line, the description.

    Takes what `operation` takes besides. An idempotency key is documented only where `schema` says so.
    """

    def describe(action: ActionT) -> ActionT:
        summary, _, text = (getdoc(action) or "").partition("\n\n")
        return operation(
            operation_id=operation_id,
            summary=summary.removesuffix("."),
            description=" ".join(text.split()),
            tags=["Demo shop"],
            parameters=parameters,
            schema=schema,
            **description,
        )(action)

    return describe


def example(value: Any) -> Callable[[type], type]:
    """Show what a serializer takes or gives by this document."""
    return extend_schema_serializer(examples=[OpenApiExample("Example", value=value)])


def document(name: str, value: Any, **fields: Field) -> Serializer[Any]:
    """Return a serializer of that name with these fields, shown by the document `value`."""
    serializer = inline_serializer(name, fields)
    example(value)(type(serializer))
    return serializer


def page(name: str, value: Any, **rows: Field) -> Serializer[Any]:
    """Return a serializer of a page of rows."""
    count = IntegerField(help_text="How many there are in all.")
    return document(name, value, **rows, count=count, offset=IntegerField(), limit=IntegerField())
