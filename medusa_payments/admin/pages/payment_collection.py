from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.money import collection_refund
from medusa_payments.admin.parts import columns, display
from medusa_payments.admin.parts.question_page import url_of
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin, Tool
from medusa_payments.models import (
    Capture,
    Event,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
    Release,
)
from medusa_payments.queries import payment_collections
from medusa_payments.states import RefundState


class PendingRefundFilter(admin.SimpleListFilter):
    """Finds collections with a pending refund, which their status and totals don't show."""

    title = _("refund")
    parameter_name = "refund"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(RefundState.PENDING.value, _("pending"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        refunding = Payment.objects.filter(refunding_amount__gt=0).values("payment_collection")
        return queryset if self.value() is None else queryset.filter(pk__in=refunding)


@admin.register(PaymentCollection)
class PaymentCollectionAdmin(ReadOnlyAdmin[PaymentCollection]):
    """What a customer is to pay and has paid, with everything that happened."""

    list_display = (
        "id",
        "status_badge",
        "amount_money",
        "captured_money",
        "refunded_money",
        "created_time",
        "email",
        "order",
        "cart",
    )
    list_filter = (
        "status",
        PendingRefundFilter,
        "currency_code",
        "created_at",
        ("deleted_at", admin.EmptyFieldListFilter),
    )
    date_hierarchy = "created_at"
    search_fields = (
        "id__exact",
        "cart_id__exact",
        "order_id__exact",
        "customer_id__exact",
        "email__istartswith",
        "payment_sessions__id__exact",
        "payment_sessions__provider_ref__exact",
        "payments__id__exact",
    )
    search_help_text = _(
        "Search by the id of a collection, session, payment, cart, order or customer, by provider reference, "
        "or by the beginning of an email address."
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "id",
                    "status_badge",
                    ("amount_money", "authorized_money", "captured_money", "refunded_money"),
                    ("refunding_money", "refundable_money"),
                )
            },
        ),
        (_("Shop"), {"fields": (("cart", "order", "region"), ("customer", "email"), "metadata_json")}),
        (
            _("Dates"),
            {"fields": (("created_time", "updated_time"), ("completed_time", "canceled_time", "deleted_time"))},
        ),
    )
    related = {
        PaymentSession: "payment_collection",
        Payment: "payment_collection",
        Capture: "payment__payment_collection",
        Refund: "payment__payment_collection",
        Release: "payment__payment_collection",
        Operation: "payment_collection",
        Event: "payment_collection",
    }

    amount_money = columns.money("amount", _("amount"))
    authorized_money = columns.money("authorized_amount", _("authorized"))
    captured_money = columns.money("captured_amount", _("captured"))
    refunded_money = columns.money("refunded_amount", _("refunded"))
    refunding_money = columns.computed_money(payment_collections.refunding_amount, _("refund pending"))
    refundable_money = columns.computed_money(payment_collections.refundable_amount, _("can be refunded"))
    cart = columns.identifier("cart_id", _("cart"))
    order = columns.identifier("order_id", _("order"))
    region = columns.identifier("region_id", _("region"))
    customer = columns.identifier("customer_id", _("customer"))
    metadata_json = columns.json("metadata", _("metadata"))
    updated_time = columns.moment("updated_at", _("updated at"))
    completed_time = columns.moment("completed_at", _("completed at"))
    canceled_time = columns.moment("canceled_at", _("canceled at"))
    deleted_time = columns.moment("deleted_at", _("deleted at"))

    @admin.display(description=_("status"), ordering="status")
    def status_badge(self, collection: PaymentCollection) -> str:
        status = display.badge(collection.status, collection.get_status_display())
        if collection.deleted_at is None:
            return status
        return format_html("{} {}", status, display.badge("deleted", _("deleted")))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> PaymentCollection | None:
        collection = super().get_object(request, object_id, from_field)
        if collection is not None:
            payments = Payment.objects.defer("provider_data", "metadata")
            prefetch_related_objects([collection], Prefetch("payments", payments))
        return collection

    def get_urls(self) -> list[URLPattern]:
        return [*collection_refund.refund_urls(self), *super().get_urls()]

    def tools(self, request: HttpRequest, obj: PaymentCollection) -> Sequence[Tool]:
        """Offer the refund across payments only if there are several. A single one has a refund page of its own."""
        if not collection_refund.may_refund(self, request):
            return ()
        if len(collection_refund.refundable_payments(obj)) < 2:
            return ()
        url = url_of(self, collection_refund.NAME, obj.pk)
        return [Tool(label=collection_refund.TITLE, url=url)]
