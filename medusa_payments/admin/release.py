from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin import columns
from medusa_payments.admin.read_only import ReadOnlyAdmin
from medusa_payments.models import Release


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin[Release]):
    """Ledger lines: what was never captured, and the customer has again."""

    list_display = ("id", "amount_money", "payment_link", "provider", "reference", "who", "created_time")
    list_filter = ("payment__provider_id", "payment__currency_code", "created_at")
    search_fields = (
        "id__exact",
        "provider_ref__exact",
        "operation__id__exact",
        "payment__id__exact",
        "payment__payment_collection__id__exact",
    )
    search_help_text = _("Search by the id of a release, operation, payment or collection, or by provider reference.")
    fieldsets = (
        (None, {"fields": ("id", "amount_money", "payment_link", "operation_link")}),
        (_("Provider"), {"fields": (("provider", "reference"),)}),
        (_("Origin"), {"fields": (("who", "created_time"),)}),
    )
    related_columns = ("id", "amount_money", "reference", "operation_link", "who", "created_time")
    actor_field = "created_by"

    amount_money = columns.money("amount", _("amount"), currency="payment.currency_code")
    payment_link = columns.link("payment", _("payment"))
    operation_link = columns.link("operation", _("operation"))
    provider = columns.identifier("payment.provider_id", _("provider"))
    reference = columns.identifier("provider_ref", _("provider reference"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Release]:
        return super().get_queryset(request).select_related("payment").defer("payment__provider_data")
