from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import DatabaseTimeField, ExactJSONField, PrefixedIdField


class RefundReason(models.Model):
    """Why money is refunded. `live_code` equals `code` until deletion, so each code has one live reason."""

    id = PrefixedIdField(prefix="refr", verbose_name=_("id"))
    label = models.CharField(_("label"), max_length=255)
    code = models.CharField(_("code"), max_length=255)
    live_code = models.CharField(_("live code"), max_length=255, null=True, blank=True, unique=True, editable=False)
    description = models.TextField(_("description"), null=True, blank=True)
    metadata = ExactJSONField(verbose_name=_("metadata"), null=True, blank=True)
    created_at = DatabaseTimeField(verbose_name=_("created at"))
    updated_at = DatabaseTimeField(verbose_name=_("updated at"))
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("refund reason")
        verbose_name_plural = _("refund reasons")
        constraints = [
            models.CheckConstraint(
                name="mp_refund_reason_live_code",
                condition=Q(live_code=F("code"), deleted_at__isnull=True)
                | Q(live_code__isnull=True, deleted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.label
