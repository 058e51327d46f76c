"""The base of every page: rows are looked at here; what changes them goes through the services."""

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
    """A button at the top of a page that leads to where something is done about its object."""

    label: Text
    url: str


class ReadOnlyAdmin(_TypedAdmin[RowT]):
    """Shows rows and never adds, changes or deletes one, whatever permissions the user has.

    `related` are the tables below a page: each model with the lookup that leads from its rows to the page's object.
    A table has the `related_columns` of its model's own admin, and is left out for a user who may not view that model.
    `actor_field` is the database column that says who did it; the column `who` shows the name. `search_fields` spell
    out their lookups (`order_id__exact`).
    """

    related: Mapping[type[Model], str] = {}
    related_columns: tuple[str, ...] = ()
    latest_first: tuple[str, ...] = ("-created_at", "-id")
    actor_field: str | None = None

    change_form_template = "admin/medusa_payments/page.html"
    list_per_page = 50
    # A second, unfiltered count(*) on every search costs more than it tells.
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
        """Django lets those look who may change; nobody changes these rows, and the API asks for `view_…` as well."""
        return request.user.has_perm(f"{self.opts.app_label}.view_{self.opts.model_name}")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: RowT | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RowT | None = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> RowT | None:
        # PostgreSQL takes no NUL, and no id has one.
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)

    def message_user(self, request: HttpRequest, message: Any, *arguments: Any, **options: Any) -> None:
        """Django quotes the id it was asked for, and some projects keep messages in the database."""
        shown = without_quoted_data(str(message)) if quotes_sensitive_data(str(message)) else message
        super().message_user(request, shown, *arguments, **options)

    def get_readonly_fields(self, request: HttpRequest, obj: RowT | None = None) -> Any:
        return flatten_fieldsets(self.get_fieldsets(request, obj))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RowT], search_term: str
    ) -> tuple[QuerySet[RowT], bool]:
        """Find the rows in which every word matches one of `search_fields`, by a query of its own for each field.

        So each can use its index; one condition over all fields and their joins would read whole tables.
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
        """Return the buttons of an object's page: what there is to do and this user may do."""
        return ()

    def related_tables(self, request: HttpRequest, obj: RowT) -> list[RelatedTable]:
        """Load the tables below a page, as far as the user may see them, and name who did what on it."""
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
        """Load the rows of another page's table: the latest ones that `lookup` leads from to its object."""
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
