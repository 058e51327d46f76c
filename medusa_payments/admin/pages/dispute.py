from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Case, F, Q, QuerySet, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from medusa_payments.admin.parts import columns, display
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.models import Dispute
from medusa_payments.states import ANSWERABLE_STATES

SOON = timedelta(days=3)
"""A deadline that is this near is shown in the colour of an error."""

ANSWERABLE = Q(state__in=[state.value for state in ANSWERABLE_STATES], evidence_due_by__isnull=False)

URGENCY = Case(When(ANSWERABLE, then=F("evidence_due_by")), default=None)
"""When evidence is due; None for disputes that can't be answered any more."""


class DeadlineFilter(admin.SimpleListFilter):
    title = _("evidence")
    parameter_name = "evidence"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("open", _("due")),
            ("soon", _("due within 3 days")),
            ("overdue", _("overdue")),
            ("none", _("not due")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dispute]) -> QuerySet[Dispute]:
        now = timezone.now()
        match self.value():
            case "open":
                return queryset.filter(ANSWERABLE)
            case "soon":
                return queryset.filter(ANSWERABLE, evidence_due_by__range=(now, now + SOON))
            case "overdue":
                return queryset.filter(ANSWERABLE, evidence_due_by__lt=now)
            case "none":
                return queryset.exclude(ANSWERABLE)
        return queryset


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin[Dispute]):
    """Disputes of customers' banks, the most urgent first. The shop answers them at the provider's dashboard."""

    list_display = (
        "id",
        "deadline",
        "state_badge",
        "amount_money",
        "reason",
        "payment_link",
        "order",
        "email",
        "opened_time",
        "provider",
    )
    list_filter = (DeadlineFilter, "state", "payment__provider_id", "currency_code", "created_at")
    search_fields = (
        "id__exact",
        "provider_ref__exact",
        "payment__id__exact",
        "payment__provider_ref__exact",
        "payment__payment_collection__id__exact",
        "payment__payment_collection__order_id__exact",
        "payment__payment_collection__email__istartswith",
    )
    search_help_text = _(
        "Search by the id of a dispute, payment, collection or order, by provider reference, "
        "or by the beginning of an email address."
    )
    fieldsets = (
        (None, {"fields": ("id", ("state_badge", "deadline"), ("amount_money", "withheld_money"), "reason")}),
        (_("Belongs to"), {"fields": ("payment_link", ("order", "email"))}),
        (_("Provider"), {"fields": (("provider", "account", "reference"),)}),
        (_("Dates"), {"fields": (("opened_time", "due_time", "closed_time"), ("created_time", "updated_time"))}),
    )
    related_columns = (
        "id",
        "deadline",
        "state_badge",
        "amount_money",
        "withheld_money",
        "reason",
        "reference",
        "opened_time",
        "closed_time",
    )

    amount_money = columns.money("amount", _("amount"))
    withheld_money = columns.money("withheld_amount", _("withheld"), currency="payment.currency_code")
    payment_link = columns.link("payment", _("payment"))
    order = columns.identifier("payment.payment_collection.order_id", _("order"))
    provider = columns.identifier("payment.provider_id", _("provider"))
    account = columns.identifier("provider_account", _("provider account"))
    reference = columns.identifier("provider_ref", _("provider reference"))
    opened_time = columns.moment("opened_at", _("opened at"))
    due_time = columns.moment("evidence_due_by", _("evidence due by"))
    closed_time = columns.moment("closed_at", _("closed at"))
    updated_time = columns.moment("updated_at", _("updated at"))

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, dispute: Dispute) -> str:
        return display.badge(dispute.state, dispute.get_state_display())

    @admin.display(description=_("evidence due"), ordering="urgency")
    def deadline(self, dispute: Any) -> str:
        if dispute.urgency is None:
            return self.get_empty_value_display()
        tone = "failed" if dispute.urgency < timezone.now() + SOON else "requires_more"
        return format_html("{} {}", display.badge(tone, _time_left(dispute.urgency)), display.moment(dispute.urgency))

    @admin.display(description=_("email"), ordering="payment__payment_collection__email")
    def email(self, dispute: Dispute) -> str:
        return dispute.payment.payment_collection.email or self.get_empty_value_display()

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [F("urgency").asc(nulls_last=True), *self.ordering]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispute]:
        with_shop = super().get_queryset(request).select_related("payment__payment_collection")
        return with_shop.defer(
            "payment__provider_data", "payment__metadata", "payment__payment_collection__metadata"
        ).annotate(urgency=URGENCY)


def _time_left(due_by: datetime) -> str:
    left = due_by - timezone.now()
    if left < timedelta(0):
        return str(_("overdue"))
    if left < timedelta(days=1):
        return str(_("due today"))
    return ngettext("%(days)d day left", "%(days)d days left", left.days) % {"days": left.days}
