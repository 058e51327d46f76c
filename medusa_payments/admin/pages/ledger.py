from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.parts import columns
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.models import Capture, RefundReversal, Release


@admin.register(Capture)
class CaptureAdmin(ReadOnlyAdmin[Capture]):
    """Ledger lines: captured money."""

    list_display = ("id", "amount_money", "payment_link", "provider", "reference", "who", "created_time")
    list_filter = ("payment__provider_id", "payment__currency_code", "created_at")
    search_fields = (
        "id__exact",
        "provider_ref__exact",
        "operation__id__exact",
        "payment__id__exact",
        "payment__payment_collection__id__exact",
    )
    search_help_text = _("Search by the id of a capture, operation, payment or collection, or by provider reference.")
    fieldsets = (
        (None, {"fields": ("id", "amount_money", "payment_link", "operation_link")}),
        (_("Provider"), {"fields": (("provider", "reference"),)}),
        (_("Origin"), {"fields": (("who", "created_time"), "metadata_json")}),
    )
    related_columns = ("id", "amount_money", "reference", "operation_link", "who", "created_time")
    actor_field = "created_by"

    amount_money = columns.money("amount", _("amount"), currency="payment.currency_code")
    payment_link = columns.link("payment", _("payment"))
    operation_link = columns.link("operation", _("operation"))
    provider = columns.identifier("payment.provider_id", _("provider"))
    reference = columns.identifier("provider_ref", _("provider reference"))
    metadata_json = columns.json("metadata", _("metadata"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Capture]:
        return super().get_queryset(request).select_related("payment").defer("payment__provider_data")


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin[Release]):
    """Ledger lines: released money, which went back to the customer without a capture."""

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


@admin.register(RefundReversal)
class RefundReversalAdmin(ReadOnlyAdmin[RefundReversal]):
    """Ledger lines: refunds that failed after they had been booked."""

    list_display = ("id", "amount_money", "refund_link", "payment_link", "reason", "created_time")
    list_filter = ("payment__provider_id", "payment__currency_code", "created_at")
    search_fields = ("id__exact", "refund__id__exact", "payment__id__exact")
    search_help_text = _("Search by the id of a reversal, refund or payment.")
    fieldsets = ((None, {"fields": ("id", "amount_money", "refund_link", "payment_link", "reason", "created_time")}),)
    related_columns = ("id", "amount_money", "refund_link", "reason", "created_time")

    amount_money = columns.money("amount", _("amount"), currency="payment.currency_code")
    refund_link = columns.link("refund", _("refund"))
    payment_link = columns.link("payment", _("payment"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[RefundReversal]:
        return super().get_queryset(request).select_related("payment").defer("payment__provider_data")
