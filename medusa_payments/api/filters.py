"""Query parameters that many endpoints share."""

from typing import Any, ClassVar

from rest_framework import serializers

from medusa_payments.api.fields import IntegerParameter, StrictSerializer, StringField
from medusa_payments.exceptions import InvalidData

MAX_LIMIT = 1000
MAX_OFFSET = 2**31 - 1
MAX_FIELDS_LENGTH = 4096

FIELDS_HELP = (
    "Comma-separated fields to return. `+field` adds to the default ones, `-field` removes, `*relation` adds all "
    "fields of a relation; names without a prefix replace the default ones."
)


class SelectionQuery(StrictSerializer):
    """`fields`, as every endpoint takes it."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `fields` here: as a class attribute it would hide the serializer's own property for type checkers."""
        selection = StringField(required=False, max_length=MAX_FIELDS_LENGTH, help_text=FIELDS_HELP)
        return {**super().get_fields(), "fields": selection}


class ListQuery(SelectionQuery):
    """`limit`, `offset` and `order` of a list. Subclasses add filters and name the fields in `orderable`."""

    orderable: ClassVar[frozenset[str]] = frozenset({"id"})

    limit = IntegerParameter(
        default=20, min_value=0, max_value=MAX_LIMIT, help_text="How many to return; 0 only counts."
    )
    offset = IntegerParameter(default=0, min_value=0, max_value=MAX_OFFSET, help_text="How many to skip.")
    order = StringField(default="id", help_text="The field to order by; `-field` for descending.")

    def validate_order(self, value: str) -> str:
        if value.removeprefix("-") not in self.orderable:
            raise InvalidData(f"Order field {value[:64]} is not valid")
        return value
