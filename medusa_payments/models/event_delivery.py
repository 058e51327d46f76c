from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.event import Event


class EventDelivery(models.Model):
    """The delivery of an event to the signal receivers of the host. Created with the event if there are receivers.

    The first attempt follows the commit. The worker repeats it at `next_attempt_at`, until every receiver returned
    (`delivered_at`) or no attempt is left (`dead_at`).
    """

    event = models.OneToOneField(
        Event, models.PROTECT, related_name="delivery", verbose_name=_("event"), primary_key=True
    )
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True, db_index=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)
    dead_at = models.DateTimeField(_("given up at"), null=True, blank=True)
    error_message = models.TextField(_("error message"), blank=True, default="")

    if TYPE_CHECKING:
        event_id: str

    class Meta:
        verbose_name = _("event delivery")
        verbose_name_plural = _("event deliveries")
        indexes = [
            models.Index(fields=["dead_at"], name="mp_delivery_dead", condition=models.Q(dead_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.event_id
