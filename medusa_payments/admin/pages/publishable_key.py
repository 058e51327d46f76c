from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.pages.key import KeyAdmin
from medusa_payments.admin.parts import columns, display
from medusa_payments.admin.parts.service_backed import ServiceBackedAdmin
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import PublishableKey
from medusa_payments.services import publishable_keys

HOUR = 60 * 60
DAY = 24 * HOUR


class RotationForm(forms.Form):
    overlap_seconds = forms.TypedChoiceField(
        label=_("How long the old keys stay valid"),
        choices=[(0, _("not at all")), (HOUR, _("one hour")), (DAY, _("one day")), (7 * DAY, _("seven days"))],
        coerce=int,
        initial=DAY,
    )


@admin.register(PublishableKey)
class PublishableKeyAdmin(KeyAdmin[PublishableKey], ServiceBackedAdmin[PublishableKey]):
    """The keys of the storefronts. They are shown in full: every visitor of a storefront sees its key.

    Rotating, which makes keys and revokes others, needs Django's permissions to add and to change.
    """

    list_display = ("title", "key", "state_badge", "created_time", "revoked_time")
    search_fields = ("title__icontains", "token__exact")
    form_fields = ("title",)
    fieldsets = ((None, {"fields": ("title", "key", "state_badge", ("created_time", "revoked_time"))}),)
    revocation_warning = _("A storefront that uses one of these keys can't take payments from now on.")
    actions = ("rotate", "revoke")

    key = columns.identifier("token", _("key"))

    def store(self, row: PublishableKey, *, is_new: bool) -> PublishableKey:
        return publishable_keys.create(title=row.title)

    def revoke_key(self, key: PublishableKey) -> None:
        publishable_keys.revoke(publishable_key_id=key.pk)

    @admin.action(description=_("Rotate the selected keys"), permissions=["rotate"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[PublishableKey]) -> HttpResponse | None:
        form = RotationForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return self.ask(
                request,
                queryset,
                action="rotate",
                title=_("Rotate keys"),
                warning=_("Each gets a successor with the same title, and is revoked when its time is over."),
                button=_("Yes, rotate"),
                form=form,
            )
        for key in list(queryset):
            self._rotate_key(request, key, overlap_seconds=form.cleaned_data["overlap_seconds"])
        return None

    def has_rotate_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) and self.has_revoke_permission(request)

    def _rotate_key(self, request: HttpRequest, key: PublishableKey, *, overlap_seconds: int) -> None:
        try:
            successor = publishable_keys.rotate(publishable_key_id=key.pk, overlap_seconds=overlap_seconds)
        except PaymentsError as error:
            self.message_user(request, f"{key}: {error.message}", messages.ERROR)
            return
        self.log_change(request, key, str(_("Rotated.")))
        text = _("The new key of %(title)s is") % {"title": key.title}
        self.message_user(request, format_html("{} {}", text, display.identifier(successor.token)), messages.SUCCESS)
