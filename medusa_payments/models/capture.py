from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import (
    DatabaseTimeField,
    ExactJSONField,
    MajorUnits,
    MinorUnitsField,
    PrefixedIdField,
)
from medusa_payments.models.operation import Operation
from medusa_payments.models.payment import Payment


class Capture(models.Model):
    """A ledger line: the provider captured this amount. Appended once, never changed.

    Unique on its operation, and on payment and provider reference.
    """

    id = PrefixedIdField(prefix="capt", verbose_name=_("id"))
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="captures", verbose_name=_("payment"))
    operation = models.OneToOneField(
        Operation, models.PROTECT, related_name="capture", verbose_name=_("operation"), null=True, blank=True
    )
    amount = MinorUnitsField(_("amount"))
    provider_ref = models.CharField(_("provider reference"), max_length=255, null=True, blank=True)
    created_by = models.CharField(_("created by"), max_length=255, blank=True, default="")
    metadata = ExactJSONField(verbose_name=_("metadata"), null=True, blank=True)
    created_at = DatabaseTimeField(verbose_name=_("created at"))

    amount_major = MajorUnits[Decimal]("amount", currency="payment.currency_code")

    if TYPE_CHECKING:
        payment_id: str
        operation_id: str | None

    class Meta:
        verbose_name = _("capture")
        verbose_name_plural = _("captures")
        constraints = [
            models.UniqueConstraint(fields=["payment", "provider_ref"], name="mp_capture_provider_ref"),
            models.CheckConstraint(name="mp_capture_amount", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="mp_capture_has_a_cause",
                condition=Q(operation__isnull=False) | Q(provider_ref__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.id
