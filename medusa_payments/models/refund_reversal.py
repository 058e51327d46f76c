from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import DatabaseTimeField, MajorUnits, MinorUnitsField, PrefixedIdField
from medusa_payments.models.payment import Payment
from medusa_payments.models.refund import Refund


class RefundReversal(models.Model):
    """A ledger line: a booked refund failed later, and its money is back. Appended once, never changed."""

    id = PrefixedIdField(prefix="refrev", verbose_name=_("id"))
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refund_reversals", verbose_name=_("payment"))
    refund = models.OneToOneField(Refund, models.PROTECT, related_name="reversal", verbose_name=_("refund"))
    amount = MinorUnitsField(_("amount"))
    reason = models.CharField(_("reason"), max_length=255, blank=True, default="")
    created_at = DatabaseTimeField(verbose_name=_("created at"))

    amount_major = MajorUnits[Decimal]("amount", currency="payment.currency_code")

    if TYPE_CHECKING:
        payment_id: str
        refund_id: str

    class Meta:
        verbose_name = _("refund reversal")
        verbose_name_plural = _("refund reversals")
        constraints = [models.CheckConstraint(name="mp_refund_reversal_amount", condition=Q(amount__gt=0))]

    def __str__(self) -> str:
        return self.id
