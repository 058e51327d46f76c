from typing import Any

from django.contrib import admin
from django.db.models import Case, F, QuerySet, TextChoices, Value, When
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.money.admin import MoneyAdmin
from medusa_payments.admin.parts import columns, display
from medusa_payments.models import (
    Capture,
    Dispute,
    Event,
    Operation,
    Payment,
    PaymentSession,
    Refund,
    RefundReversal,
    Release,
)
from medusa_payments.queries import payments


class PaymentState(TextChoices):
    """The state of a payment in one word, derived from its counters. The first that applies counts."""

    FROZEN = "frozen", _("frozen")
    DISPUTED = "disputed", _("disputed")
    CANCELED = "canceled", _("canceled")
    REFUNDING = "refunding", _("refund pending")
    REFUNDED = "refunded", _("refunded")
    PARTIALLY_REFUNDED = "partially_refunded", _("partially refunded")
    CAPTURED = "captured", _("captured")
    PARTIALLY_CAPTURED = "partially_captured", _("partially captured")
    AUTHORIZED = "authorized", _("authorized")


STATE = Case(
    When(frozen_at__isnull=False, then=Value(PaymentState.FROZEN)),
    When(withheld_amount__gt=0, then=Value(PaymentState.DISPUTED)),
    When(canceled_at__isnull=False, captured_amount=0, then=Value(PaymentState.CANCELED)),
    When(refunding_amount__gt=0, then=Value(PaymentState.REFUNDING)),
    When(refunded_amount__gt=0, refunded_amount=F("captured_amount"), then=Value(PaymentState.REFUNDED)),
    When(refunded_amount__gt=0, then=Value(PaymentState.PARTIALLY_REFUNDED)),
    When(captured_at__isnull=False, then=Value(PaymentState.CAPTURED)),
    When(captured_amount__gt=0, then=Value(PaymentState.PARTIALLY_CAPTURED)),
    default=Value(PaymentState.AUTHORIZED),
)


IN_FLIGHT = (
    _("In flight"),
    {
        "description": _("Amounts of operations that are in flight or unknown."),
        "fields": (("capturing_money", "releasing_money", "refunding_money"),),
    },
)


DISPUTED = (
    _("Disputed"),
    {
        "description": _("Withheld by the disputes below. Disputed money can't be refunded."),
        "fields": (("disputed_money", "withheld_money"),),
    },
)


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return PaymentState.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() is None else queryset.filter(state=self.value())


@admin.register(Payment)
class PaymentAdmin(MoneyAdmin):
    """Authorized money, and how much of it was captured, released and refunded."""

    list_display = (
        "id",
        "state_badge",
        "amount_money",
        "captured_money",
        "refunded_money",
        "created_time",
        "order",
        "email",
        "provider",
        "reference",
    )
    list_filter = (StateFilter, "provider_id", "currency_code", "created_at")
    date_hierarchy = "created_at"
    search_fields = (
        "id__exact",
        "provider_ref__exact",
        "payment_session__id__exact",
        "payment_collection__id__exact",
        "payment_collection__cart_id__exact",
        "payment_collection__order_id__exact",
        "payment_collection__email__istartswith",
    )
    search_help_text = _(
        "Search by the id of a payment, session, collection, cart or order, by provider reference, "
        "or by the beginning of an email address."
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "id",
                    "state_badge",
                    ("amount_money", "captured_money", "released_money", "refunded_money"),
                    ("capturable_money", "refundable_money"),
                    "collection_link",
                    "session_link",
                )
            },
        ),
        (_("Provider"), {"fields": (("provider", "account", "reference"),)}),
        (_("Shop"), {"fields": (("order", "email"), "metadata_json")}),
        (
            _("Dates"),
            {
                "fields": (
                    ("created_time", "updated_time"),
                    ("captured_time", "canceled_time"),
                    ("capture_before_time", "frozen_time"),
                )
            },
        ),
    )
    related = {
        PaymentSession: "payment",
        Capture: "payment",
        Refund: "payment",
        Release: "payment",
        RefundReversal: "payment",
        Dispute: "payment",
        Operation: "payment_session__payment",
        Event: "payment_collection__payments",
    }
    related_columns = (
        "id",
        "state_badge",
        "provider",
        "amount_money",
        "captured_money",
        "refunded_money",
        "created_time",
    )

    amount_money = columns.money("amount", _("amount"))
    captured_money = columns.money("captured_amount", _("captured"))
    released_money = columns.money("released_amount", _("released"))
    refunded_money = columns.money("refunded_amount", _("refunded"))
    capturable_money = columns.money("capturable_amount", _("can be captured"), is_sortable=False)
    refundable_money = columns.computed_money(payments.refundable_amount, _("can be refunded"))
    capturing_money = columns.money("capturing_amount", _("capturing"))
    releasing_money = columns.money("releasing_amount", _("releasing"))
    refunding_money = columns.money("refunding_amount", _("refunding"))
    disputed_money = columns.money("disputed_amount", _("can't be refunded"))
    withheld_money = columns.money("withheld_amount", _("withheld in total"))
    collection_link = columns.link("payment_collection", _("payment collection"))
    session_link = columns.link("payment_session", _("payment session"))
    provider = columns.identifier("provider_id", _("provider"))
    account = columns.identifier("provider_account", _("provider account"))
    reference = columns.identifier("provider_ref", _("provider reference"))
    order = columns.identifier("payment_collection.order_id", _("order"))
    metadata_json = columns.json("metadata", _("metadata"))
    updated_time = columns.moment("updated_at", _("updated at"))
    captured_time = columns.moment("captured_at", _("captured at"))
    capture_before_time = columns.moment("capture_before", _("capture before"))
    frozen_time = columns.moment("frozen_at", _("frozen at"))
    canceled_time = columns.moment("canceled_at", _("canceled at"))

    @admin.display(description=_("state"))
    def state_badge(self, payment: Any) -> str:
        return display.badge(payment.state, PaymentState(payment.state).label)

    @admin.display(description=_("email"), ordering="payment_collection__email")
    def email(self, payment: Payment) -> str:
        return payment.payment_collection.email or self.get_empty_value_display()

    def get_fieldsets(self, request: HttpRequest, obj: Payment | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        shown = []
        if obj and obj.withheld_amount:
            shown.append(DISPUTED)
        if obj and (obj.capturing_amount or obj.releasing_amount or obj.refunding_amount):
            shown.append(IN_FLIGHT)
        return (*fieldsets[:1], *shown, *fieldsets[1:])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payment]:
        with_shop = super().get_queryset(request).select_related("payment_collection")
        return with_shop.defer("provider_data", "payment_collection__metadata").annotate(state=STATE)
