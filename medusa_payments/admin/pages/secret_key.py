from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.pages.key import KeyAdmin
from medusa_payments.admin.parts import columns
from medusa_payments.models import SecretKey
from medusa_payments.services import secret_keys


@admin.register(SecretKey)
class SecretKeyAdmin(KeyAdmin[SecretKey]):
    """The keys of back-office programs. `manage.py payments_secret_key` makes them, because a token is shown once."""

    list_display = ("title", "key", "acts_for", "state_badge", "created_time", "last_used_time", "revoked_time")
    search_fields = ("title__icontains", "id__exact", "redacted__exact")
    fieldsets = (
        (None, {"fields": ("id", "title", "key", "acts_for", "state_badge")}),
        (_("Dates"), {"fields": (("created_time", "last_used_time", "revoked_time"),)}),
    )
    actor_field = "user_id"
    revocation_warning = _("A program that uses one of these keys is refused from now on.")

    key = columns.identifier("redacted", _("key"))
    acts_for = columns.who(_("acts for"))
    last_used_time = columns.moment("last_used_at", _("last used at"))

    def revoke_key(self, key: SecretKey) -> None:
        secret_keys.revoke(secret_key_id=key.pk)
