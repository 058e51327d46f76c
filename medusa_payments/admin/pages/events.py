from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from medusa_payments.admin.parts import columns, event_details
from medusa_payments.admin.parts.event_titles import TITLES
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.models import Event, EventDelivery
from medusa_payments.services import worker


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin[Event]):
    """The timeline: what happened, when, who did it, through which operation."""

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


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("waiting")), ("delivered", _("delivered")), ("dead", _("failed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[EventDelivery]) -> QuerySet[EventDelivery]:
        states = {
            "waiting": Q(next_attempt_at__isnull=False),
            "delivered": Q(delivered_at__isnull=False),
            "dead": Q(dead_at__isnull=False),
        }
        return queryset.filter(states.get(self.value() or "", Q()))


@admin.register(EventDelivery)
class EventDeliveryAdmin(ReadOnlyAdmin[EventDelivery]):
    """The delivery of events to the signal receivers of the shop."""

    list_display = ("event_link", "title", "attempts", "delivered_time", "next_time", "dead_time", "error_message")
    list_filter = (StateFilter, "event__name")
    search_fields = ("event__id__exact", "event__payment_collection__id__exact")
    search_help_text = _("Search by the id of an event or collection.")
    ordering = ("next_attempt_at", "event_id")
    latest_first = ("-event_id",)
    actions = ("deliver_again",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "event_link",
                    "title",
                    "attempts",
                    ("delivered_time", "next_time", "dead_time"),
                    "error_message",
                )
            },
        ),
    )
    related_columns = ("event_link", "title", "attempts", "delivered_time", "next_time", "dead_time", "error_message")

    event_link = columns.link("event", _("event"))
    delivered_time = columns.moment("delivered_at", _("delivered at"))
    next_time = columns.moment("next_attempt_at", _("next attempt at"))
    dead_time = columns.moment("dead_at", _("failed at"))

    @admin.display(description=_("what"))
    def title(self, delivery: EventDelivery) -> Any:
        return TITLES.get(delivery.event.name, delivery.event.name)

    @admin.action(description=_("Deliver the selected events again"), permissions=["deliver"])
    def deliver_again(self, request: HttpRequest, queryset: QuerySet[EventDelivery]) -> None:
        count = sum(worker.deliver_again(delivery.pk) for delivery in queryset)
        text = ngettext(
            "%(count)d event will be delivered again by the worker.",
            "%(count)d events will be delivered again by the worker.",
            count,
        )
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    def has_deliver_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("medusa_payments.change_eventdelivery")

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventDelivery]:
        return super().get_queryset(request).select_related("event")
