from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import DatabaseTimeField, MajorUnits, MinorUnitsField, PrefixedIdField
from medusa_payments.models.payment import Payment
from medusa_payments.states import ENDED_STATES, WITHHOLDING_STATES, DisputeState

STATE_CHOICES = [
    (DisputeState.INQUIRY.value, _("inquiry")),
    (DisputeState.NEEDS_RESPONSE.value, _("needs a response")),
    (DisputeState.UNDER_REVIEW.value, _("under review")),
    (DisputeState.WON.value, _("won")),
    (DisputeState.LOST.value, _("lost")),
    (DisputeState.CLOSED.value, _("closed")),
]

_ENDED = [state.value for state in sorted(ENDED_STATES)]
_WITHHOLDING = [state.value for state in sorted(WITHHOLDING_STATES)]


class Dispute(models.Model):
    """A customer's bank disputes a payment: the state that the provider reports now. The events keep its history.

    `amount` and `currency_code` come from the provider. The amount can be larger than the payment, and the currency
    another one. `withheld_amount` can't be refunded while the dispute lasts, in minor units of the payment's currency.
    It is 0 for an inquiry, and once the dispute was won or closed. `reason` is the word of the provider. Evidence may
    be sent until `evidence_due_by`; `evidence_warned_at` is when the shop was reminded. `event_number` is the number
    of the event with the latest change.
    """

    id = PrefixedIdField(prefix="dp", verbose_name=_("id"))
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="disputes", verbose_name=_("payment"))
    provider_account = models.CharField(_("provider account"), max_length=100)
    provider_ref = models.CharField(_("provider reference"), max_length=255)
    amount = MinorUnitsField(_("amount"))
    currency_code = models.CharField(_("currency"), max_length=3)
    withheld_amount = MinorUnitsField(_("withheld"), default=0)
    state = models.CharField(_("state"), max_length=16, choices=STATE_CHOICES)
    reason = models.CharField(_("reason"), max_length=255, blank=True, default="")
    evidence_due_by = models.DateTimeField(_("evidence due by"), null=True, blank=True)
    evidence_warned_at = models.DateTimeField(_("evidence warned at"), null=True, blank=True, editable=False)
    opened_at = models.DateTimeField(_("opened at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True, editable=False)
    event_number = models.PositiveIntegerField(_("latest event"), editable=False)
    created_at = DatabaseTimeField(verbose_name=_("created at"))
    updated_at = DatabaseTimeField(verbose_name=_("updated at"))

    amount_major = MajorUnits[Decimal]("amount")
    withheld_amount_major = MajorUnits[Decimal]("withheld_amount", currency="payment.currency_code")

    if TYPE_CHECKING:
        payment_id: str

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        indexes = [
            models.Index(fields=["state", "evidence_due_by"], name="mp_dispute_due"),
            models.Index(fields=["-created_at", "id"], name="mp_dispute_created"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["provider_account", "provider_ref"], name="mp_dispute_provider_ref"),
            models.CheckConstraint(
                name="mp_dispute_amounts",
                condition=Q(amount__gte=0, withheld_amount__gte=0),
            ),
            models.CheckConstraint(
                name="mp_dispute_state", condition=Q(state__in=[member.value for member in DisputeState])
            ),
            models.CheckConstraint(
                name="mp_dispute_withholds", condition=Q(withheld_amount=0) | Q(state__in=_WITHHOLDING)
            ),
            models.CheckConstraint(
                name="mp_dispute_closed",
                condition=Q(state__in=_ENDED, closed_at__isnull=False)
                | (~Q(state__in=_ENDED) & Q(closed_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.id
