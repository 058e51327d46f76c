from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.parts import columns
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.models import RefundReversal


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
