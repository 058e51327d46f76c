from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin import columns
from medusa_payments.admin.key import KeyAdmin
from medusa_payments.admin.service_backed import ServiceBackedAdmin
from medusa_payments.models import PublishableKey
from medusa_payments.services import publishable_keys


@admin.register(PublishableKey)
class PublishableKeyAdmin(KeyAdmin[PublishableKey], ServiceBackedAdmin[PublishableKey]):
    """The keys of the storefronts. They are shown in full: every visitor of a storefront sees its key."""

    list_display = ("title", "key", "state_badge", "created_time", "revoked_time")
    search_fields = ("title__icontains", "token__exact")
    form_fields = ("title",)
    fieldsets = ((None, {"fields": ("title", "key", "state_badge", ("created_time", "revoked_time"))}),)
    revocation_warning = _("A storefront that uses one of these keys can't take payments from now on.")

    key = columns.identifier("token", _("key"))

    def store(self, row: PublishableKey, *, is_new: bool) -> PublishableKey:
        return publishable_keys.create(title=row.title)

    def revoke_key(self, key: PublishableKey) -> None:
        publishable_keys.revoke(publishable_key_id=key.pk)
