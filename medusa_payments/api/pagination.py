"""One page of a list, as Medusa's list envelope needs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

ModelT = TypeVar("ModelT", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[ModelT]):
    """The items of a page, and the count of all that match."""

    items: list[ModelT]
    count: int
    offset: int
    limit: int

    def envelope(self, name: str, documents: list[Any]) -> dict[str, Any]:
        """Return `{name: documents, count, offset, limit}`."""
        return {name: documents, "count": self.count, "offset": self.offset, "limit": self.limit}


def paginate(queryset: QuerySet[ModelT], query: Mapping[str, Any]) -> Page[ModelT]:
    """Return the page that validated `ListQuery` values ask for; ties are broken by id, so pages never overlap."""
    offset, limit = query["offset"], query["limit"]
    ordered = queryset.order_by(query["order"], "id")
    items = list(ordered[offset : offset + limit]) if limit else []
    return Page(items=items, count=queryset.count(), offset=offset, limit=limit)
