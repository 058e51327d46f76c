from django.db import models
from django.utils.translation import gettext_lazy as _

from medusa_payments.models.fields import HOST_ID_LENGTH, DatabaseTimeField, PrefixedIdField


class SecretKey(models.Model):
    """A key that a back-office program sends instead of logging in. It acts with the permissions of one user.

    The token is shown once and not stored. `token_digest` is its SHA-256; a random token needs no slower hash.
    `redacted` is the part by which staff recognize a key.
    """

    id = PrefixedIdField(prefix="apk", verbose_name=_("id"))
    title = models.CharField(_("title"), max_length=255)
    token_digest = models.CharField(_("digest of the token"), max_length=64, unique=True, editable=False)
    redacted = models.CharField(_("key"), max_length=16, editable=False)
    user_id = models.CharField(_("user"), max_length=HOST_ID_LENGTH, db_index=True)
    created_at = DatabaseTimeField(verbose_name=_("created at"))
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("secret key")
        verbose_name_plural = _("secret keys")

    def __str__(self) -> str:
        return f"{self.title} ({self.redacted})"
