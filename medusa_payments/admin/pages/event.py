from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.parts import columns, event_details
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.models import Event
from medusa_payments.services.events import EventName

TITLES: dict[str, Any] = {
    EventName.COLLECTION_CREATED: _("Payment collection created"),
    EventName.COLLECTION_UPDATED: _("Payment collection updated"),
    EventName.COLLECTION_DELETED: _("Payment collection deleted"),
    EventName.SESSION_INITIATED: _("Session initiated"),
    EventName.SESSION_UPDATED: _("Session updated"),
    EventName.SESSION_REPLACED: _("Session replaced"),
    EventName.SESSION_CANCELED: _("Session canceled"),
    EventName.PAYMENT_AUTHORIZED: _("Payment authorized"),
    EventName.PAYMENT_CAPTURED: _("Payment captured"),
    EventName.PAYMENT_REFUNDED: _("Payment refunded"),
    EventName.PAYMENT_CANCELED: _("Payment canceled"),
    EventName.COLLECTION_FAILED: _("Order failed"),
    EventName.COLLECTION_CANCELED: _("Payment collection canceled"),
    EventName.REFUND_ACCEPTED: _("Refund accepted, outcome follows"),
    EventName.REFUND_FAILED: _("Refund failed"),
    EventName.PAYMENT_RELEASED: _("Released by the provider"),
    EventName.PAYMENT_AMOUNT_RAISED: _("Authorized amount raised"),
    EventName.PAYMENT_FROZEN: _("Payment frozen"),
    EventName.PAYMENT_UNFROZEN: _("Payment unfrozen"),
    EventName.DISCREPANCY_FOUND: _("Discrepancy found"),
    EventName.MONEY_KEPT: _("Kept money that doesn't fit the cart"),
    EventName.AUTHORIZATION_EXPIRING: _("Authorization runs out soon"),
    EventName.AUTHORIZATION_EXPIRED: _("Authorization ran out"),
    EventName.DISPUTE_OPENED: _("Dispute opened"),
    EventName.DISPUTE_UPDATED: _("Dispute updated"),
    EventName.DISPUTE_WON: _("Dispute won"),
    EventName.DISPUTE_LOST: _("Dispute lost"),
    EventName.DISPUTE_CLOSED: _("Dispute closed"),
    EventName.DISPUTE_EVIDENCE_DUE: _("Evidence for a dispute is due soon"),
    EventName.OPERATION_DECIDED: _("Decided by a person"),
    EventName.OPERATION_NEEDS_PERSON: _("Waits for a person"),
    EventName.OPERATION_REFUSED: _("Refused by the provider"),
    EventName.OPERATION_NOT_EXECUTED: _("Not executed"),
    EventName.OPERATION_UNKNOWN: _("Answer lost, outcome unknown"),
}


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin[Event]):
    """The timeline: what happened, when, by whom, through which operation."""

    list_display = ("title", "collection_link", "details", "operation_link", "who", "created_time")
    list_filter = ("name", "created_at")
    search_fields = ("id__exact", "operation__id__exact", "payment_collection__id__exact")
    search_help_text = _("Search by the id of an event, operation or collection.")
    fieldsets = (
        (None, {"fields": ("id", "title", "name", "number", "details")}),
        (_("Belongs to"), {"fields": ("collection_link", "operation_link")}),
        (_("Origin"), {"fields": (("who", "created_time"),)}),
    )
    related_columns = ("number", "created_time", "story", "who", "operation_link")
    latest_first = ("-number",)
    actor_field = "actor"

    collection_link = columns.link("payment_collection", _("payment collection"))
    operation_link = columns.link("operation", _("operation"))

    @admin.display(description=_("what"), ordering="name")
    def title(self, event: Event) -> Any:
        return TITLES.get(event.name, event.name)

    @admin.display(description=_("details"))
    def details(self, event: Event) -> str:
        return event_details.describe(event, self.admin_site) or self.get_empty_value_display()

    @admin.display(description=_("what happened"))
    def story(self, event: Event) -> str:
        return format_html("<strong>{}</strong>{}", self.title(event), event_details.describe(event, self.admin_site))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        related = super().get_queryset(request).select_related("payment_collection", "operation")
        return related.only(
            *(field.attname for field in Event._meta.concrete_fields),
            "payment_collection__currency_code",
            "operation__currency_code",
        )
