from django.db import models
from django.utils.translation import gettext_lazy as _


class WebhookRefusal(models.Model):
    """The number of refused webhooks per day, provider and reason. Nothing else of them is stored."""

    provider_id = models.CharField(_("provider"), max_length=100)
    reason = models.CharField(_("reason"), max_length=64)
    day = models.DateField(_("day"))
    count = models.PositiveIntegerField(_("count"), default=0)

    class Meta:
        verbose_name = _("refused webhooks")
        verbose_name_plural = _("refused webhooks")
        constraints = [models.UniqueConstraint(fields=["provider_id", "reason", "day"], name="mp_webhook_refusal")]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.day} {self.reason}"
