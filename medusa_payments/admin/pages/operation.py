from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.money.decision_view import decision_urls
from medusa_payments.admin.money.decisions import DECIDE
from medusa_payments.admin.parts import columns, display
from medusa_payments.admin.parts.question_page import url_of
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin, Tool
from medusa_payments.models import Capture, Debt, Event, Operation, Refund, Release
from medusa_payments.models.operation import SETTLER_CHOICES, STATUS_CHOICES
from medusa_payments.services import comparing
from medusa_payments.states import OperationStatus, Settler

UNKNOWN = "unknown"
NEEDS_PERSON = "needs_person"

SHOWN_STATUS_LABELS: dict[str, Any] = {
    **dict(STATUS_CHOICES),
    UNKNOWN: _("unknown"),
    NEEDS_PERSON: _("needs staff"),
}

SETTLER_LABELS: dict[str, Any] = {**dict(SETTLER_CHOICES), Settler.PERSON.value: _("decision of staff")}

SHOWN_REQUEST_KEYS = (
    "payment_collection_id",
    "session_id",
    "payment_id",
    "provider_ref",
    "customer_id",
    "reason_code",
)
"""The keys of a provider request that are shown. The data of storefront and provider never is."""


def is_unknown() -> Q:
    """Return the condition of unknown operations: open, with a lease that ran out by the clock of the database."""
    return Q(status=OperationStatus.OPEN.value, lease_expires_at__lte=Now())


class ShownStatusFilter(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(SHOWN_STATUS_LABELS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Operation]) -> QuerySet[Operation]:
        if self.value() is None:
            return queryset
        if self.value() == NEEDS_PERSON:
            return queryset.filter(needs_person_at__isnull=False)
        if self.value() == UNKNOWN:
            return queryset.filter(is_unknown(), needs_person_at=None)
        return queryset.filter(status=self.value()).exclude(is_unknown())


@admin.register(Operation)
class OperationAdmin(ReadOnlyAdmin[Operation]):
    """What a provider was asked to do, who asked, and what the provider answered."""

    list_display = (
        "id",
        "kind",
        "shown_status",
        "amount_money",
        "created_time",
        "error",
        "who",
        "provider",
        "collection_link",
    )
    list_filter = (ShownStatusFilter, "kind", "provider_id", "currency_code", "created_at")
    search_fields = (
        "id__exact",
        "payment__id__exact",
        "payment_session__id__exact",
        "payment_collection__id__exact",
        "payment_session__provider_ref__exact",
        "line_id__exact",
        "line_ref__exact",
    )
    search_help_text = _(
        "Search by the id of an operation, payment, session, collection or refund, or by provider reference."
    )
    fieldsets = (
        (None, {"fields": ("id", ("kind", "shown_status"), ("amount_money", "requested_money"), "error")}),
        (_("Belongs to"), {"fields": ("collection_link", "session_link", "payment_link", "refund_link")}),
        (_("Provider"), {"fields": (("provider", "account", "api_version"), "request_json")}),
        (
            _("Progress"),
            {
                "fields": (
                    ("who", "created_time"),
                    ("settled_time", "settled_through"),
                    ("attempts", "next_attempt_time", "needs_person_time"),
                    ("lease_expires_time", "fence"),
                    "caller_key",
                )
            },
        ),
    )
    related = {Capture: "operation", Refund: "operation", Release: "operation", Debt: "operation", Event: "operation"}
    related_columns = ("id", "kind", "shown_status", "amount_money", "who", "created_time", "settled_time", "error")
    actor_field = "created_by"

    amount_money = columns.money("amount", _("amount"))
    requested_money = columns.money("requested_amount", _("requested amount"))
    collection_link = columns.link("payment_collection", _("payment collection"))
    session_link = columns.link("payment_session", _("payment session"))
    payment_link = columns.link("payment", _("payment"))
    provider = columns.identifier("provider_id", _("provider"))
    account = columns.identifier("provider_account", _("provider account"))
    caller_key = columns.identifier("idempotency_key", _("caller's idempotency key"))
    settled_time = columns.moment("settled_at", _("settled at"))
    next_attempt_time = columns.moment("next_attempt_at", _("next attempt at"))
    needs_person_time = columns.moment("needs_person_at", _("needs staff since"))
    lease_expires_time = columns.moment("lease_expires_at", _("lease expires at"))

    @admin.display(description=_("status"), ordering="status")
    def shown_status(self, operation: Any) -> str:
        return display.badge(operation.shown_status, SHOWN_STATUS_LABELS[operation.shown_status])

    @admin.display(description=_("settled by"), ordering="settled_by")
    def settled_through(self, operation: Operation) -> Any:
        return SETTLER_LABELS.get(operation.settled_by) or self.get_empty_value_display()

    @admin.display(description=_("refund"))
    def refund_link(self, operation: Operation) -> str:
        if operation.line_id is None:
            return self.get_empty_value_display()
        return display.object_link(self.admin_site, Refund, operation.line_id)

    @admin.display(description=_("error"))
    def error(self, operation: Operation) -> str:
        parts = (operation.get_refusal_display(), operation.error_code, operation.error_message)
        return ": ".join(dict.fromkeys(part for part in parts if part)) or self.get_empty_value_display()

    @admin.display(description=_("request"))
    def request_json(self, operation: Operation) -> str:
        known = {key: operation.request[key] for key in SHOWN_REQUEST_KEYS if operation.request.get(key)}
        money = operation.request.get("money")
        amount = {"money": display.money(**money)} if money else {}
        return display.json({"idempotency_key": comparing.provider_key(operation), **known, **amount})

    def get_urls(self) -> list[URLPattern]:
        return [*decision_urls(self, [DECIDE]), *super().get_urls()]

    def tools(self, request: HttpRequest, obj: Operation) -> Sequence[Tool]:
        if not request.user.has_perm(DECIDE.permission) or not DECIDE.is_due(obj):
            return ()
        return [Tool(label=DECIDE.title, url=url_of(self, DECIDE.name, obj.pk))]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Operation]:
        status = Case(
            When(needs_person_at__isnull=False, then=Value(NEEDS_PERSON)),
            When(is_unknown(), then=Value(UNKNOWN)),
            default=F("status"),
        )
        return super().get_queryset(request).annotate(shown_status=status)


@admin.register(Debt)
class DebtAdmin(ReadOnlyAdmin[Debt]):
    """Callers without an idempotency key who are owed the outcome of a capture or refund."""

    list_display = ("id", "operation_link", "owed_to", "incurred_time", "paid_time", "is_doubtful")
    list_filter = (("paid_at", admin.EmptyFieldListFilter), "is_doubtful", "incurred_at")
    search_fields = ("operation__id__exact", "operation__payment__id__exact")
    search_help_text = _("Search by the id of an operation or payment.")
    fieldsets = ((None, {"fields": ("operation_link", "owed_to", ("incurred_time", "paid_time"), "is_doubtful")}),)
    ordering = ("-incurred_at", "id")
    latest_first = ("-id",)
    related_columns = ("owed_to", "incurred_time", "paid_time", "is_doubtful")
    actor_field = "who"

    # Not `who`: Django would show the field of that name, which holds an id.
    owed_to = columns.who(_("owed to"))
    operation_link = columns.link("operation", _("operation"))
    incurred_time = columns.moment("incurred_at", _("since"))
    paid_time = columns.moment("paid_at", _("answered at"))

    def has_module_permission(self, request: Any) -> bool:
        """Hide the list: debts are shown on the page of their operation."""
        return False
