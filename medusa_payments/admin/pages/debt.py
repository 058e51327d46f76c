from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.parts import columns
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.models import Debt


@admin.register(Debt)
class DebtAdmin(ReadOnlyAdmin[Debt]):
    """Who was promised the outcome of a capture or refund that was asked for without an idempotency key."""

    list_display = ("id", "operation_link", "owed_to", "incurred_time", "paid_time", "is_doubtful")
    list_filter = (("paid_at", admin.EmptyFieldListFilter), "is_doubtful", "incurred_at")
    search_fields = ("operation__id__exact", "operation__payment__id__exact")
    search_help_text = _("Search by the id of an operation or payment.")
    fieldsets = ((None, {"fields": ("operation_link", "owed_to", ("incurred_time", "paid_time"), "is_doubtful")}),)
    ordering = ("-incurred_at", "id")
    latest_first = ("-id",)
    related_columns = ("owed_to", "incurred_time", "paid_time", "is_doubtful")
    actor_field = "who"

    # Not `who`: Django shows a field of that name instead, which holds an id.
    owed_to = columns.who(_("owed to"))
    operation_link = columns.link("operation", _("operation"))
    incurred_time = columns.moment("incurred_at", _("since"))
    paid_time = columns.moment("paid_at", _("answered at"))

    def has_module_permission(self, request: Any) -> bool:
        """It is looked at below its operation."""
        return False
