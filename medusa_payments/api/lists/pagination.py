"""One page of a list, as Medusa's list envelope needs it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from django.db.models import F, Model, QuerySet
from django.db.models.expressions import OrderBy

from medusa_payments.queries.conditions import EVERYTHING, as_q, matches

ItemT = TypeVar("ItemT")
ModelT = TypeVar("ModelT", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """The items of a page, and the count of all that match."""

    items: list[ItemT]
    count: int
    offset: int
    limit: int

    def envelope(self, name: str, documents: list[Any]) -> dict[str, Any]:
        """Return `{name: documents, count, offset, limit}`."""
        return {name: documents, "count": self.count, "offset": self.offset, "limit": self.limit}


def paginate(queryset: QuerySet[ModelT], query: Mapping[str, Any]) -> Page[ModelT]:
    """Return the page that validated `ListQuery` values ask for; ties are broken by id, so pages never overlap.

    Rows that are skipped are neither joined nor read. What comes first without an order is the lowest id; null comes
    last, and first in descending order. The count is exact; a page that ends the list needs no statement for it.
    """
    offset, limit, order = query["offset"], query["limit"], _order(queryset, query["order"])
    matching = queryset.filter(as_q(query["where"])) if "where" in query else queryset
    page = matching.order_by(*order).values("pk")[offset : offset + limit]
    items = list(queryset.filter(pk__in=page).order_by(*order)) if limit else []
    is_last = len(items) < limit and (items or not offset)
    return Page(items, count=offset + len(items) if is_last else matching.count(), offset=offset, limit=limit)


def paginate_rows(rows: Iterable[ItemT], query: Mapping[str, Any]) -> Page[ItemT]:
    """Return the same of objects that aren't in the database: their attributes are the columns, none of them null."""
    offset, limit = query["offset"], query["limit"]
    found = [row for row in rows if matches(query.get("where", EVERYTHING), row)]
    found.sort(key=attrgetter("id"))
    found.sort(key=attrgetter(query["order"].removeprefix("-")), reverse=query["order"].startswith("-"))
    return Page(found[offset : offset + limit], count=len(found), offset=offset, limit=limit)


def _order(queryset: QuerySet[Any], order: str) -> list[str | OrderBy]:
    """Say where null goes only for columns that have it: SQLite would pass by the index of the others."""
    name = order.removeprefix("-")
    if not queryset.model._meta.get_field(name).null:
        return [order, "id"]
    ordered = F(name).asc(nulls_last=True) if name == order else F(name).desc(nulls_first=True)
    return [ordered, "id"]
