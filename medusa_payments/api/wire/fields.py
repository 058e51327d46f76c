"""Serializer fields and the strict serializer that every request goes through: nothing is coerced or ignored."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

UNRECOGNIZED = "unrecognized"

_INTEGER = re.compile(r"-?[0-9]{1,18}")


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown keys, in the order in which they were sent, after the errors of the known ones."""

    def to_internal_value(self, data: Any) -> Any:
        values, errors = self._validated_fields(data)
        unknown = [name for name in data if name not in self.fields] if isinstance(data, Mapping) else []
        if unknown:
            errors[UNRECOGNIZED] = [ErrorDetail(", ".join(unknown), code=UNRECOGNIZED)]
        if errors:
            raise ValidationError(errors)
        return values

    def _validated_fields(self, data: Any) -> tuple[Any, dict[str, Any]]:
        try:
            return super().to_internal_value(data), {}
        except ValidationError as error:
            return None, dict(error.detail) if isinstance(error.detail, dict) else {}


class StringField(serializers.CharField):
    """A string as it is: no number is taken for one and no space is trimmed. Bounded to 255 characters unless told."""

    wire_type = "string"

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 255, "allow_blank": True, "trim_whitespace": False, **options})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class AmountField(serializers.Field[Decimal, Any, Any, Any]):
    """A JSON number as an exact `Decimal` in major units. Greater than 0 unless `positive=False`."""

    wire_type = "number"
    min_value = 0
    default_error_messages = {"invalid": "A number is required.", "min_value": "Must be greater than 0."}

    def __init__(self, *, positive: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self.positive = positive

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, (int, Decimal)):
            self.fail("invalid")
        if self.positive and data <= 0:
            self.fail("min_value")
        return Decimal(data)

    def to_representation(self, value: Any) -> Any:
        return value


class RecordField(serializers.Field[dict[str, Any], Any, Any, Any]):
    """A JSON object, taken as it is."""

    wire_type = "record"
    default_error_messages = {"invalid": "An object is required."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class IntegerParameter(serializers.IntegerField):
    """A whole number in a query string."""

    wire_type = "number"

    def to_internal_value(self, data: Any) -> int:
        if not (isinstance(data, str) and _INTEGER.fullmatch(data)):
            self.fail("invalid")
        return super().to_internal_value(data)


class BooleanParameter(serializers.BooleanField):
    """`true` or `false` in a query string."""

    default_error_messages = {"not_boolean": "Invalid input"}

    def to_internal_value(self, data: Any) -> bool:
        if data not in ("true", "false"):
            self.fail("not_boolean")
        return bool(data == "true")
