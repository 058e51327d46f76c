from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.parts import columns
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.admin.parts.service_backed import ServiceBackedAdmin
from medusa_payments.models import RefundReason
from medusa_payments.services import refund_reasons


class RefundReasonForm(ModelForm):  # type: ignore[type-arg]
    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if RefundReason.objects.filter(live_code=code).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("There is a refund reason with this code already."))
        return code


@admin.register(RefundReason)
class RefundReasonAdmin(ServiceBackedAdmin[RefundReason]):
    """The reasons that staff choose from when they refund."""

    list_display = ("label", "code", "description", "created_time", "deleted_time")
    search_fields = ("label__icontains", "code__icontains", "id__exact")
    form = RefundReasonForm
    form_fields = ("label", "code", "description")
    fieldsets = (
        (None, {"fields": ("id", "label", "code", "description", "metadata_json")}),
        (_("Dates"), {"fields": (("created_time", "updated_time", "deleted_time"),)}),
    )

    metadata_json = columns.json("metadata", _("metadata"))
    updated_time = columns.moment("updated_at", _("updated at"))
    deleted_time = columns.moment("deleted_at", _("deleted at"))

    def has_change_permission(self, request: HttpRequest, obj: RefundReason | None = None) -> bool:
        is_deleted = obj is not None and obj.deleted_at is not None
        return not is_deleted and super(ReadOnlyAdmin, self).has_change_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: RefundReason | None = None) -> bool:
        """Also accept Django's change permission: the form shows the reason."""
        return super(ReadOnlyAdmin, self).has_view_permission(request, obj)

    def store(self, row: RefundReason, *, is_new: bool) -> RefundReason:
        description = row.description or None
        if is_new:
            return refund_reasons.create(label=row.label, code=row.code, description=description)
        return refund_reasons.update(refund_reason_id=row.pk, label=row.label, code=row.code, description=description)
