"""How the endpoints describe themselves in OpenAPI, whatever schema class the host has chosen."""

from collections.abc import Callable, Sequence
from inspect import getdoc
from typing import Any, TypeVar

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from medusa_payments.api.lists.operators import takes_many
from medusa_payments.api.openapi.error_responses import (
    ERRORS,
    READ_STATUSES,
    RETRY_AFTER,
    STORE_ERRORS,
    ErrorResponse,
)
from medusa_payments.api.permissions import (
    PUBLISHABLE_KEY_HEADER,
    HasPublishableKey,
    IsCustomer,
    IsStaffWithPermission,
    PublishableKeyIfSent,
)

ActionT = TypeVar("ActionT", bound=Callable[..., Any])


def operation(
    *,
    operation_id: str,
    summary: str,
    description: str,
    tags: Sequence[str],
    response: Any,
    request: Any = None,
    parameters: Sequence[Any] = (),
    schema: type[AutoSchema] | None = None,
    request_example: Any = None,
    response_example: Any = None,
) -> Callable[[ActionT], ActionT]:
    """Describe an action of one of our viewsets: the 200 response and its example; the errors come by themselves.

    `parameters` takes `OpenApiParameter`s and query serializers; `schema` is `PaymentsAutoSchema` unless told. Stands
    above `@action`.
    """
    examples = [
        OpenApiExample(summary, value=request_example, request_only=True),
        OpenApiExample(summary, value=response_example, response_only=True),
    ]
    extend = extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description,
        tags=list(tags),
        request=request,
        responses={200: OpenApiResponse(response, description="OK")},
        parameters=list(parameters),
        examples=[example for example in examples if example.value is not None],
    )

    def describe(action: ActionT) -> ActionT:
        # Without a base of its own, extend_schema would build on the host's DEFAULT_SCHEMA_CLASS.
        action.__dict__.setdefault("kwargs", {}).setdefault("schema", schema or PaymentsAutoSchema)
        return extend(action)

    return describe


class PaymentsAutoSchema(AutoSchema):
    """Adds what all our operations share: key header, optional customer login, error responses."""

    takes_idempotency_key = True

    def get_override_parameters(self) -> list[Any]:
        return self._publishable_key() + self._idempotency_key()

    def get_auth(self) -> list[Any]:
        needs_login = self._has_permission(IsStaffWithPermission) or self._has_permission(IsCustomer)
        return super().get_auth() if needs_login else [{}, *super().get_auth()]

    def map_parsers(self) -> list[Any]:
        return ["application/json"]

    def _is_list_view(self, serializer: Any = None) -> bool:
        """Envelopes are declared; nothing is to be wrapped in a list or paginated for us."""
        return False

    def _get_response_bodies(self, direction: Direction = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for status in self._error_statuses():
            bodies.setdefault(str(status), self._error_reference(self._error(status)))
        return bodies

    def _error_statuses(self) -> list[int]:
        possible = READ_STATUSES if self.method == "GET" else ERRORS
        may_be_forbidden = self._has_permission(IsStaffWithPermission) or self._may_be_anothers()
        return [status for status in possible if status != 403 or may_be_forbidden]

    def _may_be_anothers(self) -> bool:
        """What storefronts write under a key is about sessions, which may pay with what another customer has saved, or
        about what is the customer's own.
        """
        is_keyed_write = self.method != "GET" and self.takes_idempotency_key
        return self._is_for_shoppers() and is_keyed_write and not self._has_permission(IsCustomer)

    def _error(self, status: int) -> ErrorResponse:
        if not self._is_for_shoppers() or (status == 401 and not self._may_be_anothers()):
            return ERRORS[status]
        return STORE_ERRORS[status]

    def _error_reference(self, error: ErrorResponse) -> Any:
        envelope = self.resolve_serializer(error.envelope, "response").ref
        examples = {name: {"value": value} for name, value in error.examples.items()}
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name=error.name,
            type=ResolvedComponent.RESPONSE,
            object=error.name,
            schema={
                "description": error.description,
                **({"headers": {"Retry-After": RETRY_AFTER}} if error.may_retry else {}),
                "content": {"application/json": {"schema": envelope, "examples": examples}},
            },
        )
        self.registry.register_on_missing(component)
        return component.ref

    def _publishable_key(self) -> list[OpenApiParameter]:
        if not self._has_permission(PublishableKeyIfSent):
            return []
        return [
            OpenApiParameter(
                PUBLISHABLE_KEY_HEADER,
                str,
                OpenApiParameter.HEADER,
                required=self._has_permission(HasPublishableKey),
                description="The storefront's publishable key, made in Django admin.",
                examples=[OpenApiExample("Key of the demo shop", value="pk_demo")],
            )
        ]

    def _idempotency_key(self) -> list[OpenApiParameter]:
        if self.method == "GET" or not self.takes_idempotency_key:
            return []
        return [
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description=(
                    "1 to 255 visible ASCII characters that name this request. The same key with the same parameters "
                    "is the same request, whenever it comes again: it is carried out once and gets the same answer. "
                    "With other parameters it is refused (422 `idempotency_error`)."
                ),
                examples=[OpenApiExample("A UUID", value="0f9e2a52-6a5c-4a8e-9f5e-3c1c1f7b7c5d")],
            )
        ]

    def _is_for_shoppers(self) -> bool:
        return getattr(self.view, "is_for_shoppers", False)

    def _has_permission(self, permission: type) -> bool:
        return any(isinstance(used, permission) for used in self.view.get_permissions())


class HookAutoSchema(PaymentsAutoSchema):
    """For what providers call: no key, no login."""

    def get_override_parameters(self) -> list[Any]:
        return []

    def get_auth(self) -> list[Any]:
        return [{}]

    def _error_statuses(self) -> list[int]:
        return [400, 404, 413, 429, 500, 503]


class SecretKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "medusa_payments.api.authentication.SecretKeyAuthentication"
    name = "secretKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        return {
            "type": "http",
            "scheme": "basic",
            "description": "A secret key `sk_…` as the user name, no password. It acts with its user's permissions.",
        }


class UnkeyedAutoSchema(PaymentsAutoSchema):
    """Without the idempotency key: for what can be repeated without one."""

    takes_idempotency_key = False


class AmountFieldExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "medusa_payments.api.wire.fields.AmountField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> Any:
        number: dict[str, Any] = {"type": "number"}
        if self.target.positive:
            is_3_1 = str(spectacular_settings.OAS_VERSION).startswith("3.1")
            number |= {"exclusiveMinimum": 0} if is_3_1 else {"minimum": 0, "exclusiveMinimum": True}
        return number


class RecordFieldExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "medusa_payments.api.wire.fields.RecordField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> Any:
        return _record(auto_schema)


class FilterFieldExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Every list has several filters of each kind, so the document says once what a kind takes."""

    target_class = "medusa_payments.api.lists.filters.FilterField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> Any:
        accepted = self.target.accepted
        kind = type(accepted).__name__.removesuffix("Filter")
        one, many = accepted.schema, {"type": "array", "items": accepted.schema}
        operators = {each: {"oneOf": [one, many]} if takes_many(each) else one for each in sorted(accepted.operators)}
        compared = _component(
            auto_schema,
            f"Payments{kind}Operators",
            {"type": "object", "description": "All that are given have to hold.", "properties": operators},
        )
        variants = {"description": getdoc(type(accepted)), "oneOf": [one, many, compared]}
        return _component(auto_schema, f"Payments{kind}Filter", variants)


class GroupFieldExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "medusa_payments.api.lists.filters.GroupField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> Any:
        return {"type": "array", "items": _record(auto_schema)}


class StrictSerializerExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = "medusa_payments.api.wire.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> Any:
        """Say that unknown keys are refused; don't repeat the base class's docstring as every body's description."""
        schema: dict[str, Any] = auto_schema._map_serializer(  # type: ignore[no-untyped-call]
            self.target, direction, bypass_extensions=True
        )
        if not type(self.target).__doc__:
            schema.pop("description", None)
        return {**schema, "additionalProperties": False}


def _record(auto_schema: AutoSchema) -> Any:
    """One component for all records: generated clients get one class for them, not one for each place."""
    schema = {"type": "object", "description": "Keys and values as they come.", "additionalProperties": {}}
    return _component(auto_schema, "PaymentsRecord", schema)


def _component(auto_schema: AutoSchema, name: str, schema: dict[str, Any]) -> Any:
    component = ResolvedComponent(  # type: ignore[no-untyped-call]
        name=name, type=ResolvedComponent.SCHEMA, object=name, schema=schema
    )
    auto_schema.registry.register_on_missing(component)
    return component.ref
