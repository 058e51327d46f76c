"""Query parameters that many endpoints share, and how a list declares what it can be filtered and ordered by.

A list is a subclass of `ListQuery` and a call of `paginate` (a queryset) or `paginate_rows` (anything else):

    class AdminRefundReasonListQuery(ListQuery):
        default_limit = 15
        filterable = {"id": TextFilter(help_text="…"), **TIMESTAMPS}
        searchable = ("label", "code", "description")
        orderable = frozenset({"id", "label", "code", "created_at", "updated_at"})

    query = self.validated_query(AdminRefundReasonListQuery)
    page = paginate(refund_reasons.listed(), query)
    return Response(page.envelope("refund_reasons", [document(reason, query.get("fields")) for reason in page.items]))

That list takes `fields`, `limit`, `offset`, `order`, `with_deleted`, `q`, `id`, `created_at`, `updated_at`,
`deleted_at`; `has_groups = True` adds `$and` and `$or`. A filter takes a value, a list (`id[0]=a&id[1]=b`) or
operators (`created_at[$gt]=2026-01-01`). All filters of a query end up as one condition under `where`.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.fields import empty

from medusa_payments.api.lists.operators import (
    BooleanFilter,
    DateFilter,
    Filter,
    TextFilter,
    parse_filter,
    parse_group,
)
from medusa_payments.api.wire.fields import BooleanParameter, IntegerParameter, StrictSerializer, StringField
from medusa_payments.exceptions import InvalidData
from medusa_payments.queries.conditions import EVERYTHING, AllOf, AnyOf, Comparison, Condition, Operator
from medusa_payments.queries.like import containing

__all__ = [
    "TIMESTAMPS",
    "BooleanFilter",
    "DateFilter",
    "Filter",
    "ListQuery",
    "PagelessQuery",
    "SelectionQuery",
    "TextFilter",
]

AnyField = serializers.Field[Any, Any, Any, Any]
ANY_CONDITION = (Comparison, AllOf, AnyOf)

MAX_LIMIT = 1000
MAX_OFFSET = 2**31 - 1
MAX_FIELDS_LENGTH = 4096
MAX_COMPARISONS = 50
MAX_VALUES = 1000
MAX_TIMES = 100
"""Times are compared as ranges, and engines bound how deep an expression may be."""

FIELDS_HELP = (
    "Comma-separated fields to return. `+field` adds to the default ones, `-field` removes, `*relation` adds all "
    "fields of a relation; names without a prefix replace the default ones."
)

TIMESTAMPS: Mapping[str, Filter] = {
    "created_at": DateFilter(help_text="When it was created, as in `created_at[$gte]=2026-01-31`."),
    "updated_at": DateFilter(help_text="When it last changed."),
    "deleted_at": DateFilter(help_text="When it was deleted."),
}


class SelectionQuery(StrictSerializer):
    """`fields`, as every endpoint takes it."""

    def get_fields(self) -> dict[str, AnyField]:
        """Add `fields` here: as a class attribute it would hide the serializer's own property for type checkers."""
        selection = StringField(required=False, max_length=MAX_FIELDS_LENGTH, help_text=FIELDS_HELP)
        return {**super().get_fields(), "fields": selection}


class PagelessQuery(SelectionQuery):
    """For one object, where Medusa takes what pages a list."""

    def get_fields(self) -> dict[str, AnyField]:
        ignored = "Taken as Medusa takes it; it changes nothing."
        numbers = {name: IntegerParameter(required=False, help_text=ignored) for name in ("limit", "offset")}
        order = StringField(required=False, help_text=ignored)
        with_deleted = BooleanParameter(required=False, help_text=ignored)
        return {**super().get_fields(), **numbers, "order": order, "with_deleted": with_deleted}


class FilterField(serializers.Field[Condition, Any, Any, Any]):
    """A parameter that one column is filtered by."""

    def __init__(self, accepted: Filter, **options: Any) -> None:
        super().__init__(required=False, help_text=accepted.help_text, **options)
        self.accepted = accepted

    def to_internal_value(self, data: Any) -> Condition:
        return parse_filter((str(self.field_name),), self.accepted, data)


class GroupField(serializers.Field[Condition, Any, Any, Any]):
    """`$and` or `$or`: a list of records, each with filters of its own."""

    def __init__(self, filters: Mapping[str, Filter], **options: Any) -> None:
        super().__init__(required=False, **options)
        self.filters = filters

    def to_internal_value(self, data: Any) -> Condition:
        return parse_group((str(self.field_name),), self.filters, data)


class SearchField(StringField):
    """Text to be found in any of the columns, whatever its letter case."""

    def __init__(self, columns: tuple[str, ...], **options: Any) -> None:
        super().__init__(required=False, **options)
        self.columns = columns

    def run_validation(self, data: Any = empty) -> Any:
        pattern = containing(super().run_validation(data))
        if not self.columns:
            return EVERYTHING
        return AnyOf(tuple(Comparison(column, Operator.ILIKE, (pattern,)) for column in self.columns))


class ListQuery(SelectionQuery):
    """What every list takes. Subclasses say what theirs can be filtered, searched and ordered by.

    `searchable` names the columns in which `q` is looked for; of none, it finds everything; left out, there is no `q`.
    """

    filterable: ClassVar[Mapping[str, Filter]] = {}
    searchable: ClassVar[tuple[str, ...] | None] = None
    orderable: ClassVar[frozenset[str]] = frozenset({"id"})
    has_groups: ClassVar[bool] = False
    default_limit: ClassVar[int] = 20

    offset = IntegerParameter(default=0, min_value=0, max_value=MAX_OFFSET, help_text="How many to skip.")
    with_deleted = BooleanParameter(required=False, help_text="Taken as Medusa takes it; it changes nothing.")

    def get_fields(self) -> dict[str, AnyField]:
        limit = IntegerParameter(
            default=self.default_limit, min_value=0, max_value=MAX_LIMIT, help_text="How many to return; 0 only counts."
        )
        columns = ", ".join(f"`{column}`" for column in sorted(self.orderable))
        order = StringField(default="id", help_text=f"The field to order by, `-field` for descending: {columns}.")
        filters = {name: FilterField(accepted) for name, accepted in self.filterable.items()}
        return {"limit": limit, "order": order, **filters, **self._search(), **self._groups(), **super().get_fields()}

    def to_internal_value(self, data: Any) -> Any:
        """Put all filters into one condition, `where`; there is none without filters."""
        values = super().to_internal_value(data)
        conditions = [values.pop(name) for name in self.fields if isinstance(values.get(name), ANY_CONDITION)]
        if conditions:
            values["where"] = _bounded(AllOf(tuple(conditions)))
        return values

    def validate_order(self, value: str) -> str:
        if value.removeprefix("-") not in self.orderable:
            raise InvalidData(f"Order field {value[:64]} is not valid")
        return value

    def _search(self) -> dict[str, AnyField]:
        if self.searchable is None:
            return {}
        where = ", ".join(f"`{column}`" for column in self.searchable) or "no column: it finds everything"
        return {"q": SearchField(self.searchable, help_text=f"Text to look for in {where}.")}

    def _groups(self) -> dict[str, AnyField]:
        if not self.has_groups:
            return {}
        return {
            "$and": GroupField(self.filterable, help_text="Filters of which every one has to match."),
            "$or": GroupField(self.filterable, help_text="Filters of which one has to match: `$or[0][id]=…`."),
        }


def _bounded(where: Condition) -> Condition:
    comparisons = list(_comparisons(where))
    values = [value for comparison in comparisons for value in comparison.values]
    times = [value for value in values if isinstance(value, datetime)]
    for kind, found, most in (
        ("conditions", comparisons, MAX_COMPARISONS),
        ("values", values, MAX_VALUES),
        ("times", times, MAX_TIMES),
    ):
        if len(found) > most:
            raise InvalidData(f"Invalid request: More than {most} {kind} in one query are not allowed")
    return where


def _comparisons(condition: Condition) -> Iterator[Comparison]:
    if isinstance(condition, Comparison):
        yield condition
    else:
        for each in condition.conditions:
            yield from _comparisons(each)
