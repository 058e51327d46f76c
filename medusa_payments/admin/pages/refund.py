from typing import Any

from django.contrib import admin
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.contrib.admin.utils import quote, unquote
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from medusa_payments.admin.parts import columns, display
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.admin.parts.related_tables import ROW_LIMIT
from medusa_payments.models import Operation, Refund
from medusa_payments.queries import refunds
from medusa_payments.states import OperationKind, RefundState

STATE_LABELS: dict[str, Any] = {
    RefundState.PENDING.value: _("pending"),
    RefundState.SUCCEEDED.value: _("succeeded"),
    RefundState.FAILED.value: _("failed"),
}

STATE = Case(
    When(reversal__isnull=False, then=Value(RefundState.FAILED.value)), default=Value(RefundState.SUCCEEDED.value)
)


class StateFilter(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(state, label) for state, label in STATE_LABELS.items() if state != RefundState.PENDING]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() is None else queryset.filter(state=self.value())


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin[Refund]):
    """Ledger lines: refunded money. The tables on other pages also show refunds that have no line yet.

    The id of a refund without a line leads to the page of its operation.
    """

    list_display = (
        "id",
        "state_badge",
        "amount_money",
        "payment_link",
        "refund_reason",
        "provider",
        "reference",
        "who",
        "created_time",
    )
    list_filter = (StateFilter, "payment__provider_id", "payment__currency_code", "refund_reason", "created_at")
    search_fields = (
        "id__exact",
        "provider_ref__exact",
        "operation__id__exact",
        "payment__id__exact",
        "payment__payment_collection__id__exact",
    )
    search_help_text = _("Search by the id of a refund, operation, payment or collection, or by provider reference.")
    fieldsets = (
        (None, {"fields": ("id", ("state_badge", "amount_money"), "payment_link", "operation_link")}),
        (_("Why"), {"fields": ("refund_reason", "note")}),
        (_("Provider"), {"fields": (("provider", "reference"),)}),
        (_("Origin"), {"fields": (("who", "created_time"), "metadata_json")}),
    )
    change_list_template = "admin/medusa_payments/list.html"
    related_columns = (
        "id",
        "state_badge",
        "amount_money",
        "refund_reason",
        "note",
        "reference",
        "operation_link",
        "who",
        "created_time",
    )
    actor_field = "created_by"

    amount_money = columns.money("amount", _("amount"), currency="payment.currency_code")
    payment_link = columns.link("payment", _("payment"))
    operation_link = columns.link("operation", _("operation"))
    provider = columns.identifier("payment.provider_id", _("provider"))
    reference = columns.identifier("provider_ref", _("provider reference"))
    metadata_json = columns.json("metadata", _("metadata"))

    @admin.display(description=_("status"))
    def state_badge(self, refund: Any) -> str:
        return display.badge(refund.state, STATE_LABELS[refund.state])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        related = super().get_queryset(request).select_related("payment", "refund_reason")
        return related.defer("payment__provider_data").annotate(state=STATE)

    def rows_related_to(self, request: HttpRequest, lookup: str, pk: str) -> list[Refund]:
        """Load the lines, and the refunds that are pending or failed before they were booked."""
        booked = super().rows_related_to(request, lookup, pk)
        without_line = refunds.without_line().select_related("payment").defer("request", "payment__provider_data")
        related = without_line.filter(**{"pk" if lookup == "operation" else lookup: pk})
        latest = related.order_by(*self.latest_first)[: ROW_LIMIT + 1]
        known = {row.pk for row in booked}
        rows = booked + [row for row in map(_as_row, latest) if row.pk not in known]
        return sorted(rows, key=lambda row: (row.created_at, row.pk), reverse=True)[: ROW_LIMIT + 1]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        pending = Operation.objects.filter(kind=OperationKind.REFUND.value, status__in=refunds.PENDING_STATUSES).count()
        told = self._told_of_pending(pending) if pending else {}
        return super().changelist_view(request, {**told, **(extra_context or {})})

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """Lead from the id of a refund without a line to its operation."""
        line_id = unquote(object_id)
        operation = None if "\0" in line_id else refunds.without_line().filter(line_id=line_id).first()
        if operation is not None:
            return HttpResponseRedirect(self._url_of_operations("change", quote(operation.pk)))
        missing: HttpResponse = super()._get_obj_does_not_exist_redirect(request, opts, object_id)  # type: ignore[misc]
        return missing

    def _told_of_pending(self, count: int) -> dict[str, Any]:
        words = ngettext("%(count)d more refund is pending", "%(count)d more refunds are pending", count) % {
            "count": count
        }
        query = urlencode({"kind__exact": OperationKind.REFUND.value, "status__in": ",".join(refunds.PENDING_STATUSES)})
        return {"subtitle": words, "subtitle_url": f"{self._url_of_operations('changelist')}?{query}"}

    def _url_of_operations(self, page: str, *arguments: str) -> str:
        name = admin_urlname(Operation._meta, SafeString(page))
        return reverse(name, args=arguments, current_app=self.admin_site.name)


def _as_row(operation: Operation) -> Refund:
    """Return a refund without a line as a row that is never saved."""
    shown = refunds.without_a_line(operation.payment, operation)  # type: ignore[arg-type]
    row = Refund(
        id=shown.id,
        payment=shown.payment,
        operation=operation,
        amount=shown.asked_amount,
        provider_ref=shown.provider_ref,
        refund_reason=shown.refund_reason,
        note=shown.note,
        metadata=shown.metadata,
        created_by=shown.created_by,
        created_at=shown.created_at,
    )
    row.state = shown.state.value  # type: ignore[attr-defined]
    return row
