"""The base of every page. It shows rows; only services change them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.parts import actors, columns
from medusa_payments.admin.parts.display import Text
from medusa_payments.admin.parts.related_tables import RelatedTable, latest_rows, lay_out
from medusa_payments.admin.parts.unavailable import telling_of_trouble
from medusa_payments.sensitive_data import quotes_sensitive_data, without_quoted_data

RowT = TypeVar("RowT", bound=Model)

if TYPE_CHECKING:

    class _TypedAdmin(admin.ModelAdmin[RowT]):
        pass

else:

    class _TypedAdmin(admin.ModelAdmin, Generic[RowT]):
        pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A button at the top of a page, with the address that it leads to."""

    label: Text
    url: str


class ReadOnlyAdmin(_TypedAdmin[RowT]):
    """Shows rows and never adds, changes or deletes one, whatever permissions the user has.

    `related` names the tables below a page: a model, and the lookup from its rows to the object of the page. A table
    has the `related_columns` of the admin of its model. A user who may not view that model doesn't get the table.
    `actor_field` is the database column with the id of who did it; the column `who` shows the name. `search_fields`
    name their lookups (`order_id__exact`).
    """

    related: Mapping[type[Model], str] = {}
    related_columns: tuple[str, ...] = ()
    latest_first: tuple[str, ...] = ("-created_at", "-id")
    actor_field: str | None = None

    change_form_template = "admin/medusa_payments/page.html"
    list_per_page = 50
    # The unfiltered count(*) is slow on large tables, on every search.
    show_full_result_count = False
    ordering = ("-created_at", "id")

    created_time = columns.moment("created_at", _("created at"))
    who = columns.who(_("by"))

    class Media:
        css = {"all": ["medusa_payments/admin.css"]}

    @property
    def urls(self) -> list[URLPattern]:
        return [telling_of_trouble(pattern) for pattern in super().urls]

    def has_view_permission(self, request: HttpRequest, obj: RowT | None = None) -> bool:
        """Ask for `view_…` as the API does. Django would also accept `change_…`, which nobody needs for these rows."""
        return request.user.has_perm(f"{self.opts.app_label}.view_{self.opts.model_name}")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: RowT | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RowT | None = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> RowT | None:
        # PostgreSQL refuses NUL, and no id contains one.
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)

    def message_user(self, request: HttpRequest, message: Any, *arguments: Any, **options: Any) -> None:
        """Hide sensitive data: Django quotes the id from the address, and some projects store messages."""
        shown = without_quoted_data(str(message)) if quotes_sensitive_data(str(message)) else message
        super().message_user(request, shown, *arguments, **options)

    def get_readonly_fields(self, request: HttpRequest, obj: RowT | None = None) -> Any:
        return flatten_fieldsets(self.get_fieldsets(request, obj))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RowT], search_term: str
    ) -> tuple[QuerySet[RowT], bool]:
        """Find the rows in which every word matches one of `search_fields`.

        Each field gets a query of its own, which can use its index. One condition over all fields and joins would
        read whole tables.
        """
        lookups = self.get_search_fields(request)
        for word in search_term.split() if lookups else ():
            matches = [self.model._default_manager.filter(**{lookup: word}).values("pk") for lookup in lookups]
            queryset = queryset.filter(pk__in=matches[0].union(*matches[1:]))
        return queryset, False

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        changelist = super().get_changelist_instance(request)
        actors.put_names(self.acted(changelist.result_list))
        return changelist

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: RowT | None = None,
    ) -> HttpResponse:
        if obj is not None:
            context["tools"] = self.tools(request, obj)
            context["related_tables"] = self.related_tables(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def tools(self, request: HttpRequest, obj: RowT) -> Sequence[Tool]:
        """Return the buttons of the page of an object: the actions that are possible and that this user may take."""
        return ()

    def related_tables(self, request: HttpRequest, obj: RowT) -> list[RelatedTable]:
        """Load the tables below a page that the user may see, and put names to the ids of who did it."""
        loaded = [
            (model_admin, model_admin.rows_related_to(request, lookup, obj.pk))
            for model_admin, lookup in self._related_admins()
            if model_admin.has_view_permission(request)
        ]
        actors.put_names(chain(self.acted([obj]), *(model_admin.acted(rows) for model_admin, rows in loaded)))
        collection_id = getattr(obj, "payment_collection_id", obj.pk)
        return [
            lay_out(model_admin, rows, names=model_admin.related_columns, payment_collection_id=collection_id)
            for model_admin, rows in loaded
        ]

    def rows_related_to(self, request: HttpRequest, lookup: str, pk: str) -> list[RowT]:
        """Load the latest rows whose `lookup` leads to the object of another page."""
        return latest_rows(self.get_queryset(request).filter(**{lookup: pk}), latest_first=self.latest_first)

    def acted(self, rows: Iterable[RowT]) -> Iterator[tuple[RowT, str]]:
        """Yield rows with the id of who did it."""
        if self.actor_field is not None:
            for row in rows:
                yield row, getattr(row, self.actor_field)

    def _related_admins(self) -> Iterator[tuple["ReadOnlyAdmin[Any]", str]]:
        for model, lookup in self.related.items():
            if self.admin_site.is_registered(model):
                model_admin = self.admin_site.get_model_admin(model)
                if isinstance(model_admin, ReadOnlyAdmin):
                    yield model_admin, lookup
