from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import DatabaseTimeField, ExactJSONField, PrefixedIdField
from medusa_payments.models.operation import Operation
from medusa_payments.models.payment_collection import PaymentCollection


class Event(models.Model):
    """What happened to a collection, when, who did it and through which operation. Amounts are in minor units.

    Written in the transaction of the change and numbered per collection. Never changed.
    """

    id = PrefixedIdField(prefix="payevt", verbose_name=_("id"))
    payment_collection = models.ForeignKey(
        PaymentCollection, models.PROTECT, related_name="events", verbose_name=_("payment collection")
    )
    number = models.PositiveIntegerField(_("number"))
    name = models.CharField(_("name"), max_length=64)
    operation = models.ForeignKey(
        Operation, models.PROTECT, related_name="events", verbose_name=_("operation"), null=True, blank=True
    )
    actor = models.CharField(_("actor"), max_length=255, blank=True, default="")
    data = ExactJSONField(verbose_name=_("data"), default=dict, blank=True)
    created_at = DatabaseTimeField(verbose_name=_("created at"))

    if TYPE_CHECKING:
        payment_collection_id: str
        operation_id: str | None

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [models.Index(fields=["-created_at", "id"], name="mp_event_created")]
        constraints = [
            models.UniqueConstraint(fields=["payment_collection", "number"], name="mp_event_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"
