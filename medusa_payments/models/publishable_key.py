from django.db import models
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import DatabaseTimeField, PrefixedIdField


class PublishableKey(models.Model):
    """A key that a storefront sends in `x-publishable-api-key`. Not a secret."""

    id = PrefixedIdField(prefix="apk", verbose_name=_("id"))
    title = models.CharField(_("title"), max_length=255)
    token = models.CharField(_("token"), max_length=100, unique=True)
    created_at = DatabaseTimeField(verbose_name=_("created at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("publishable key")
        verbose_name_plural = _("publishable keys")

    def __str__(self) -> str:
        return self.title
