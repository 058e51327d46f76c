"""Fields that many of the shop's bodies and documents have."""

from typing import Any

from django.core.validators import EmailValidator
from rest_framework import serializers

from medusa_payments.api.wire.fields import AmountField, StringField
from storefront_project.shop.carts import MAX_QUANTITY


def amount_from(source: str, **options: Any) -> AmountField:
    """Return a field for a property of a model that is an amount in major units."""
    return AmountField(positive=False, read_only=True, source=source, **options)


def no_amount(**options: Any) -> AmountField:
    """Return a field for an amount that the demo doesn't have."""
    return AmountField(positive=False, read_only=True, default=0, **options)


def no_text() -> serializers.CharField:
    """Return a field for a text that the demo doesn't have."""
    return serializers.CharField(read_only=True, allow_null=True, default=None)


def no_rows() -> serializers.ListField:
    """Return a field for a list of what the demo doesn't have."""
    return serializers.ListField(child=serializers.DictField(), read_only=True, default=list)


class TimeField(serializers.DateTimeField):
    """A time that the renderer writes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format=None, read_only=True, **options)


class QuantityField(serializers.IntegerField):
    """A JSON integer; no text is taken for one."""

    def __init__(self, *, at_least: int = 1) -> None:
        super().__init__(min_value=at_least, max_value=MAX_QUANTITY, help_text="How many pieces.")

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class EmailField(StringField):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 254, "validators": [EmailValidator(code="email")], **options})
