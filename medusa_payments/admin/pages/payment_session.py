from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.parts import columns, display
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.models import Event, Operation, Payment, PaymentSession


class LiveFilter(admin.SimpleListFilter):
    title = _("live")
    parameter_name = "live"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("live", _("live")), ("history", _("history"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PaymentSession]) -> QuerySet[PaymentSession]:
        if self.value() is None:
            return queryset
        return queryset.filter(slot__isnull=self.value() == "history")


@admin.register(PaymentSession)
class PaymentSessionAdmin(ReadOnlyAdmin[PaymentSession]):
    """One attempt to pay. The data of storefront and provider isn't shown: it may hold secrets."""

    list_display = (
        "id",
        "status_badge",
        "live_badge",
        "provider",
        "amount_money",
        "reference",
        "collection_link",
        "created_time",
    )
    list_filter = ("status", LiveFilter, "provider_id", "currency_code", "created_at")
    search_fields = (
        "id__exact",
        "provider_ref__exact",
        "payment__id__exact",
        "payment_collection__id__exact",
        "payment_collection__cart_id__exact",
        "payment_collection__order_id__exact",
        "payment_collection__email__istartswith",
        "account_holder__id__exact",
    )
    search_help_text = _(
        "Search by the id of a payment, session, collection, cart, order or account holder, by provider reference, "
        "or by the beginning of an email address."
    )
    fieldsets = (
        (None, {"fields": ("id", ("status_badge", "live_badge"), "amount_money", "collection_link")}),
        (_("Provider"), {"fields": (("provider", "account", "reference"),)}),
        (_("Customer"), {"fields": (("customer", "account_holder_link"), "metadata_json")}),
        (_("Dates"), {"fields": (("created_time", "updated_time"), ("authorized_time", "replaced_time"))}),
    )
    related = {
        Payment: "payment_session",
        Operation: "payment_session",
        Event: "payment_collection__payment_sessions",
    }
    related_columns = (
        "id",
        "status_badge",
        "live_badge",
        "provider",
        "amount_money",
        "reference",
        "account_holder_link",
        "created_time",
    )

    status_badge = columns.status(_("status"))
    amount_money = columns.money("amount", _("amount"))
    account_holder_link = columns.link("account_holder", _("account holder"))
    collection_link = columns.link("payment_collection", _("payment collection"))
    provider = columns.identifier("provider_id", _("provider"))
    account = columns.identifier("provider_account", _("provider account"))
    reference = columns.identifier("provider_ref", _("provider reference"))
    customer = columns.identifier("customer_id", _("customer"))
    metadata_json = columns.json("metadata", _("metadata"))
    updated_time = columns.moment("updated_at", _("updated at"))
    authorized_time = columns.moment("authorized_at", _("authorized at"))
    replaced_time = columns.moment("replaced_at", _("replaced at"))

    @admin.display(description=_("live"), ordering="slot")
    def live_badge(self, session: PaymentSession) -> str:
        return display.badge("live", _("live")) if session.is_live else display.badge("history", _("history"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[PaymentSession]:
        return super().get_queryset(request).defer("client_data", "provider_data")
