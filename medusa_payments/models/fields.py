"""Column types that the tables share."""

import json
from decimal import Decimal
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

import msgspec
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from medusa_payments.ids import new_id
from medusa_payments.money import to_major_units

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models.expressions import Combinable

    _TextColumn = models.CharField[str | Combinable, str]
    _IntegerColumn = models.BigIntegerField[int | Combinable, int]
    _TimeColumn = models.DateTimeField[datetime | Combinable, datetime]
else:
    _TextColumn, _IntegerColumn, _TimeColumn = models.CharField, models.BigIntegerField, models.DateTimeField

MajorT = TypeVar("MajorT", Decimal, Decimal | None)

HOST_ID_LENGTH = 255
"""The length of ids of the host (cart, order, region, customer)."""


class PrefixedIdField(_TextColumn):
    """Primary key of the form `{prefix}_{ULID}`."""

    def __init__(self, *, prefix: str, **options: Any) -> None:
        self.prefix = prefix
        options |= {
            "primary_key": True,
            "max_length": 64,
            "editable": False,
            "default": partial(new_id, prefix),
        }
        super().__init__(**options)

    def deconstruct(self) -> Any:
        name, path, arguments, options = super().deconstruct()
        for derived in ("primary_key", "max_length", "editable", "default"):
            options.pop(derived, None)
        return name, path, arguments, options | {"prefix": self.prefix}


class MinorUnitsField(_IntegerColumn):
    """An amount in minor units. Refuses a number that isn't whole, and never truncates it."""

    description = _("Amount in minor units")

    def to_python(self, value: Any) -> int | None:
        return None if value is None else _whole_number(value)

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return super().get_prep_value(value)
        return _whole_number(value)


class MajorUnits(property, Generic[MajorT]):
    """An amount of a row in major units (5997 cents -> `Decimal("59.97")`), beside the one in minor units.

    `name` is the attribute that holds minor units, `currency` the dotted path to its currency code. Read-only. None
    where the other one is None.
    """

    def __init__(self, name: str, *, currency: str = "currency_code") -> None:
        super().__init__(doc=f"`{name}` in major units.")
        self.minor_units_of = attrgetter(name)
        self.currency_of = attrgetter(currency)

    @overload
    def __get__(self, row: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(self, row: models.Model, owner: type | None = None) -> MajorT: ...

    def __get__(self, row: models.Model | None, owner: type | None = None) -> Any:
        if row is None:
            return self
        minor_units = self.minor_units_of(row)
        return None if minor_units is None else to_major_units(minor_units, self.currency_of(row))


class ExactJSONEncoder(json.JSONEncoder):
    """Writes decimals as exact numbers. The standard encoder can only write floats."""

    def encode(self, o: Any) -> str:
        return msgspec.json.Encoder(decimal_format="number").encode(o).decode()


class ExactJSONDecoder(json.JSONDecoder):
    """Reads numbers with a fraction as `Decimal`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"parse_float": Decimal})


class ExactJSONField(models.JSONField):
    """JSON with exact numbers: they are read as they were written."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"encoder": ExactJSONEncoder, "decoder": ExactJSONDecoder})

    def deconstruct(self) -> Any:
        name, path, arguments, options = super().deconstruct()
        options.pop("encoder", None)
        options.pop("decoder", None)
        return name, path, arguments, options


class DatabaseTimeField(_TimeColumn):
    """A moment that the clock of the database sets on insert."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"db_default": Now(), "editable": False})

    def deconstruct(self) -> Any:
        name, path, arguments, options = super().deconstruct()
        options.pop("db_default", None)
        options.pop("editable", None)
        return name, path, arguments, options


def _whole_number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValidationError(_("%(value)r is not a whole number of minor units"), params={"value": value})
    return value
