from django.contrib import admin

from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.models import WebhookRefusal


@admin.register(WebhookRefusal)
class WebhookRefusalAdmin(ReadOnlyAdmin[WebhookRefusal]):
    """How many webhooks were refused; nothing else is kept of them."""

    list_display = ("day", "provider_id", "reason", "count")
    list_filter = ("provider_id", "reason", "day")
    ordering = ("-day", "id")
    latest_first = ("-day",)
    fieldsets = ((None, {"fields": ("day", "provider_id", "reason", "count")}),)
