from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import DatabaseTimeField, PrefixedIdField
from medusa_payments.states import WebhookStatus

STATUS_CHOICES = [
    (WebhookStatus.RECEIVED.value, _("received")),
    (WebhookStatus.WAITING.value, _("waiting")),
    (WebhookStatus.APPLIED.value, _("applied")),
    (WebhookStatus.IGNORED.value, _("ignored")),
    (WebhookStatus.FOREIGN.value, _("foreign")),
]


class WebhookEvent(models.Model):
    """The inbox: one row per event of a provider account, stored before the event is applied.

    `body` holds the signed bytes, or the part of them that may be stored, until retention erases it. `body_sha256` is
    the hash of the signed bytes and stays. `attempts` counts the attempts to apply the event, the next one at
    `next_attempt_at`. Of a foreign event only id, type and time are stored.
    """

    id = PrefixedIdField(prefix="whevt", verbose_name=_("id"))
    provider_id = models.CharField(_("provider"), max_length=100)
    provider_account = models.CharField(_("provider account"), max_length=100)
    event_id = models.CharField(_("event"), max_length=255)
    event_type = models.CharField(_("type"), max_length=255)
    provider_ref = models.CharField(_("provider reference"), max_length=255, blank=True, default="", db_index=True)
    session_id = models.CharField(_("payment session"), max_length=64, blank=True, default="")
    occurred_at = models.DateTimeField(_("occurred at"), null=True, blank=True)
    body = models.BinaryField(_("body"), null=True, blank=True)
    body_sha256 = models.CharField(_("hash of the body"), max_length=64, blank=True, default="")
    status = models.CharField(_("status"), max_length=16, choices=STATUS_CHOICES, default=WebhookStatus.RECEIVED.value)
    duplicates = models.PositiveIntegerField(_("duplicates"), default=0)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    error_message = models.TextField(_("error message"), blank=True, default="")
    received_at = DatabaseTimeField(verbose_name=_("received at"))
    applied_at = models.DateTimeField(_("applied at"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        permissions = [("replay_webhookevent", _("Can replay webhook events"))]
        indexes = [
            models.Index(fields=["status", "next_attempt_at"], name="mp_webhook_due"),
            models.Index(fields=["-received_at", "id"], name="mp_webhook_received"),
            models.Index(fields=["received_at"], name="mp_webhook_erasable", condition=Q(body__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["provider_account", "event_id"], name="mp_webhook_event"),
            models.CheckConstraint(
                name="mp_webhook_status", condition=Q(status__in=[member.value for member in WebhookStatus])
            ),
        ]

    def __str__(self) -> str:
        return self.event_id
