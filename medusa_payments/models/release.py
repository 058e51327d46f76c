from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import DatabaseTimeField, MajorUnits, MinorUnitsField, PrefixedIdField
from medusa_payments.models.operation import Operation
from medusa_payments.models.payment import Payment


class Release(models.Model):
    """A ledger line: this amount went back to the customer without a capture. Appended once, never changed.

    The cause is a cancel, a final capture that left a rest, or the provider (an expiry, staff on its dashboard).
    Unique on its operation. Providers have no reference for a release. So a release without an operation is known by
    the reference of the payment object and the total that was released after it (`reference:released:total`).
    """

    id = PrefixedIdField(prefix="rel", verbose_name=_("id"))
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="releases", verbose_name=_("payment"))
    operation = models.OneToOneField(
        Operation, models.PROTECT, related_name="release", verbose_name=_("operation"), null=True, blank=True
    )
    amount = MinorUnitsField(_("amount"))
    provider_ref = models.CharField(_("provider reference"), max_length=255, null=True, blank=True)
    created_by = models.CharField(_("created by"), max_length=255, blank=True, default="")
    created_at = DatabaseTimeField(verbose_name=_("created at"))

    amount_major = MajorUnits[Decimal]("amount", currency="payment.currency_code")

    if TYPE_CHECKING:
        payment_id: str
        operation_id: str | None

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        constraints = [
            models.UniqueConstraint(fields=["payment", "provider_ref"], name="mp_release_provider_ref"),
            models.CheckConstraint(name="mp_release_amount", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="mp_release_has_a_cause",
                condition=Q(operation__isnull=False) | Q(provider_ref__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.id
