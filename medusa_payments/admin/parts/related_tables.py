"""Tables of related rows below an object's page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.contrib.admin.utils import display_for_field, label_for_field, lookup_field
from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from medusa_payments.admin.parts import display

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

RowT = TypeVar("RowT", bound=Model)

ROW_LIMIT = 200
"""A table shows this many of the latest rows, so that a long history doesn't make the page slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedTable:
    """The data of the template. `rows` hold cells of (column, content). `search_url` leads to all rows."""

    name: str
    title: str
    headers: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[tuple[str, Any]]]
    is_cut: bool
    search_url: str


def latest_rows(related: QuerySet[RowT], *, latest_first: Sequence[str]) -> list[RowT]:
    """Load the rows that a table shows, the newest first, and one more if there are more."""
    return list(related.order_by(*latest_first)[: ROW_LIMIT + 1])


def lay_out(
    model_admin: "ModelAdmin[Any]", latest: list[Any], *, names: Sequence[str], payment_collection_id: str
) -> RelatedTable:
    """Lay rows out as they happened, the oldest first, in the columns `names` of their own admin."""
    rows = latest[:ROW_LIMIT][::-1]
    options = model_admin.opts
    return RelatedTable(
        name=str(options.model_name),
        title=capfirst(str(options.verbose_name_plural)),
        headers=[(name, _header(name, model_admin)) for name in names],
        rows=[[(name, _cell(name, row, model_admin)) for name in names] for row in rows],
        is_cut=len(latest) > ROW_LIMIT,
        search_url=_search_url(model_admin, payment_collection_id),
    )


def _header(name: str, model_admin: "ModelAdmin[Any]") -> str:
    return capfirst(str(label_for_field(name, model_admin.model, model_admin)))


def _cell(name: str, row: Model, model_admin: "ModelAdmin[Any]") -> Any:
    if name == "id":
        return display.object_link(model_admin.admin_site, model_admin.model, row.pk)
    empty = model_admin.get_empty_value_display()
    field, _, value = lookup_field(name, row, model_admin)
    shown = value if field is None else display_for_field(value, field, empty)
    return shown or empty


def _search_url(model_admin: "ModelAdmin[Any]", payment_collection_id: str) -> str:
    """Return the address of the list, searched by the id of the collection."""
    url = reverse(admin_urlname(model_admin.opts, SafeString("changelist")), current_app=model_admin.admin_site.name)
    return f"{url}?{urlencode({'q': payment_collection_id})}"
