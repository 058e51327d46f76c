"""The keys of documents: each says its name, its type on the wire, where its value comes from, and an example."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from operator import attrgetter
from typing import Any

from rest_framework import serializers

from medusa_payments.api.documents.selection import Tree
from medusa_payments.api.wire.fields import AmountField, RecordField
from medusa_payments.money import to_major_units

AnyField = serializers.Field[Any, Any, Any, Any]
Getter = Callable[[Any], Any]

RAW_PRECISION = 20
"""What Medusa writes beside the value of every `raw_…` amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads a document. A storefront never learns who on the staff did something, nor who another customer is."""

    is_staff: bool = False
    customer_id: str = ""


GUEST = Reader()
STAFF = Reader(is_staff=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a document.

    `value` takes a row, who reads it, and the keys that are wanted beneath. `make_field` makes the serializer field
    that OpenAPI describes. `default` and `available` are the keys beneath: those shown unasked, and those that `fields`
    can ask for; a plain key has none. A key `on_request` is shown only where `fields` asks for it.
    """

    name: str
    example: Any
    value: Callable[[Any, Reader, Tree], Any]
    make_field: Callable[..., AnyField]
    default: Tree = field(default_factory=dict)
    available: Tree = field(default_factory=dict)
    on_request: bool = False


class RawAmountSerializer(serializers.Serializer[Any]):
    value = serializers.CharField(help_text="The amount in major units, as text.")
    precision = serializers.IntegerField()


def key(
    name: str,
    example: Any,
    field_class: Callable[..., AnyField],
    *,
    of: Getter | None = None,
    on_request: bool = False,
    **options: Any,
) -> Key:
    """Return a plain key. Its value is `of(row)`, by default the attribute of that name; `options` are the field's."""
    getter = of or attrgetter(name)
    return Key(
        name=name,
        example=example,
        value=lambda row, _reader, _beneath: getter(row),
        make_field=lambda **more: field_class(**options, **more),
        on_request=on_request,
    )


def text(name: str, example: str | None, *, of: Getter | None = None, **options: Any) -> Key:
    return key(name, example, serializers.CharField, of=of, **options)


def time(name: str, example: str | None, *, of: Getter | None = None, **options: Any) -> Key:
    return key(name, example, serializers.DateTimeField, of=of, **options)


def record(name: str, example: dict[str, Any] | None, *, of: Getter | None = None, **options: Any) -> Key:
    return key(name, example, RecordField, of=of, **options)


def flag(name: str, example: bool | None, *, of: Getter | None = None, **options: Any) -> Key:
    return key(name, example, serializers.BooleanField, of=of, **options)


def choice(name: str, example: str, choices: list[str], *, of: Getter | None = None, **options: Any) -> Key:
    return key(name, example, serializers.ChoiceField, of=of, choices=choices, **options)


def amount(
    name: str, example: float, *, of: Getter | None = None, currency: str = "currency_code", **options: Any
) -> Key:
    """Return a key with an amount in major units, from a column or function in minor units."""
    in_major_units = _in_major_units(of or attrgetter(name), attrgetter(currency))
    return key(name, example, AmountField, of=in_major_units, positive=False, **options)


def raw_amount(name: str, example: str, *, currency: str = "currency_code", **options: Any) -> Key:
    """Return the key `raw_…` that Medusa shows beside an amount."""
    in_major_units = _in_major_units(attrgetter(name), attrgetter(currency))
    return key(
        f"raw_{name}",
        _raw(example),
        RawAmountSerializer,
        of=lambda row: _raw(f"{in_major_units(row):f}"),
        **options,
    )


def never_deleted(**options: Any) -> Key:
    """Return the key `deleted_at` of rows that carried money: they are never deleted."""
    return time("deleted_at", None, of=nothing, allow_null=True, **options)


def for_staff(plain: Key) -> Key:
    """Return the key as one that is null for everyone but staff."""

    def value(row: Any, reader: Reader, beneath: Tree) -> Any:
        return plain.value(row, reader, beneath) if reader.is_staff else None

    return replace(plain, value=value)


def hidden_from(is_hidden: Callable[[Any, str], bool], plain: Key) -> Key:
    """Return the key as one that is empty for the customers ("" is a guest) of whom `is_hidden` says so."""

    def value(row: Any, reader: Reader, beneath: Tree) -> Any:
        if not reader.is_staff and is_hidden(row, reader.customer_id):
            return {}
        return plain.value(row, reader, beneath)

    return replace(plain, value=value)


def nothing(row: object) -> None:
    """Return null, for a key that Medusa has and we never fill."""


def _in_major_units(minor_units_of: Getter, currency_of: Getter) -> Callable[[Any], Decimal]:
    return lambda row: to_major_units(minor_units_of(row), currency_of(row))


def _raw(value: str) -> dict[str, Any]:
    return {"value": value, "precision": RAW_PRECISION}
