from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.money.decision_view import decision_urls
from medusa_payments.admin.money.decisions import REPLAY
from medusa_payments.admin.parts import columns, display
from medusa_payments.admin.parts.question_page import url_of
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin, Tool
from medusa_payments.models import WebhookEvent, WebhookRefusal


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin[WebhookEvent]):
    """The inbox: events of providers, and whether they were applied. Only users who may replay see bodies."""

    list_display = (
        "id",
        "event_type",
        "status_badge",
        "received_time",
        "reference",
        "attempts",
        "duplicates",
        "error_message",
        "provider",
    )
    list_filter = ("status", "provider_id", "event_type", "received_at")
    search_fields = ("id__exact", "event_id__exact", "provider_ref__exact", "session_id__exact")
    search_help_text = _("Search by the id of an event or session, or by provider reference.")
    ordering = ("-received_at", "id")
    latest_first = ("-received_at", "-id")
    fieldsets = (
        (None, {"fields": ("id", "event_type", "status_badge", "error_message")}),
        (_("Provider"), {"fields": (("provider", "account"), "event", "reference", "session")}),
        (
            _("Progress"),
            {"fields": (("received_time", "occurred_time", "applied_time"), ("attempts", "duplicates", "next_time"))},
        ),
        (_("Body"), {"fields": ("body_sha256",)}),
    )

    status_badge = columns.status(_("status"))
    provider = columns.identifier("provider_id", _("provider"))
    account = columns.identifier("provider_account", _("provider account"))
    event = columns.identifier("event_id", _("event"))
    reference = columns.identifier("provider_ref", _("provider reference"))
    session = columns.identifier("session_id", _("payment session"))
    received_time = columns.moment("received_at", _("received at"))
    occurred_time = columns.moment("occurred_at", _("occurred at"))
    applied_time = columns.moment("applied_at", _("applied at"))
    next_time = columns.moment("next_attempt_at", _("next attempt at"))

    @admin.display(description=_("body"))
    def body_text(self, event: WebhookEvent) -> str:
        if event.body is None:
            return self.get_empty_value_display()
        return display.document(bytes(event.body).decode("utf-8", errors="replace"))

    def get_fieldsets(self, request: HttpRequest, obj: WebhookEvent | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if request.user.has_perm(REPLAY.permission):
            return (*fieldsets[:-1], (_("Body"), {"fields": ("body_text", "body_sha256")}))
        return fieldsets

    def get_urls(self) -> list[URLPattern]:
        return [*decision_urls(self, [REPLAY]), *super().get_urls()]

    def tools(self, request: HttpRequest, obj: WebhookEvent) -> Sequence[Tool]:
        if not request.user.has_perm(REPLAY.permission) or not REPLAY.is_due(obj):
            return ()
        return [Tool(label=_("Replay"), url=url_of(self, REPLAY.name, obj.pk))]


@admin.register(WebhookRefusal)
class WebhookRefusalAdmin(ReadOnlyAdmin[WebhookRefusal]):
    """The number of refused webhooks. Nothing else of them is stored."""

    list_display = ("day", "provider_id", "reason", "count")
    list_filter = ("provider_id", "reason", "day")
    ordering = ("-day", "id")
    latest_first = ("-day",)
    fieldsets = ((None, {"fields": ("day", "provider_id", "reason", "count")}),)
