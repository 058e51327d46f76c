from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.parts import columns, display
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.models import AccountHolder, PaymentSession


@admin.register(AccountHolder)
class AccountHolderAdmin(ReadOnlyAdmin[AccountHolder]):
    """A customer's account with a provider. Neither the provider's object nor the request is shown."""

    list_display = ("id", "state_badge", "provider", "customer", "email", "reference", "created_time")
    list_filter = ("provider_id", "created_at", ("forgotten_at", admin.EmptyFieldListFilter))
    search_fields = (
        "id__exact",
        "customer_id__exact",
        "external_id__exact",
        "email__istartswith",
        "payment_sessions__payment_collection__id__exact",
    )
    search_help_text = _(
        "Search by the id of an account holder, customer or collection, by provider reference, or by the beginning of "
        "an email address."
    )
    fieldsets = (
        (None, {"fields": ("id", "state_badge", ("customer", "email"), "metadata_json")}),
        (_("Provider"), {"fields": (("provider", "account", "reference"), ("attempt", "error_message"))}),
        (_("Dates"), {"fields": (("created_time", "updated_time"), ("forgotten_time", "erased_time"))}),
    )
    related = {PaymentSession: "account_holder"}

    provider = columns.identifier("provider_id", _("provider"))
    account = columns.identifier("provider_account", _("provider account"))
    customer = columns.identifier("customer_id", _("customer"))
    reference = columns.identifier("external_id", _("provider reference"))
    metadata_json = columns.json("metadata", _("metadata"))
    updated_time = columns.moment("updated_at", _("updated at"))
    forgotten_time = columns.moment("forgotten_at", _("forgotten at"))
    erased_time = columns.moment("erased_at", _("erased at"))

    @admin.display(description=_("state"))
    def state_badge(self, holder: AccountHolder) -> str:
        if holder.forgotten_at is not None:
            return display.badge("forgotten", _("forgotten"))
        if holder.external_id is not None:
            return display.badge("succeeded", _("open"))
        return display.badge("unknown", _("unknown")) if holder.is_sent else display.badge("waiting", _("not open yet"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountHolder]:
        return super().get_queryset(request).defer("data", "request")
