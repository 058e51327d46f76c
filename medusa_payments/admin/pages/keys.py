"""The keys of storefronts and of back-office programs."""

from typing import Any, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from medusa_payments.admin.parts import columns, display
from medusa_payments.admin.parts.display import Text
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.admin.parts.service_backed import ServiceBackedAdmin
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import PublishableKey, SecretKey
from medusa_payments.queries import keys
from medusa_payments.services import publishable_keys, secret_keys

KeyT = TypeVar("KeyT", PublishableKey, SecretKey)


class KeyAdmin(ReadOnlyAdmin[KeyT]):
    """The base of both. Users with Django's change permission may revoke keys, after a question."""

    revocation_warning: Text = ""
    actions: tuple[str, ...] = ("revoke",)

    revoked_time = columns.moment("revoked_at", _("valid until"))

    def revoke_key(self, key: KeyT) -> None:
        """Revoke a key through its service."""
        raise NotImplementedError

    @admin.display(description=_("state"), ordering="revoked_at")
    def state_badge(self, key: Any) -> str:
        return display.badge("valid", _("valid")) if key.is_live else display.badge("revoked", _("revoked"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[KeyT]:
        return keys.listed(self.model)

    @admin.action(description=_("Revoke the selected keys"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[KeyT]) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return self.ask(
                request,
                queryset,
                action="revoke",
                title=_("Revoke keys"),
                warning=format_lazy("{} {}", self.revocation_warning, _("This can't be undone.")),
                button=_("Yes, revoke"),
            )
        revoked = list(queryset)
        for key in revoked:
            self.revoke_key(key)
            self.log_change(request, key, str(_("Revoked.")))
        text = ngettext("%(count)d key was revoked.", "%(count)d keys were revoked.", len(revoked))
        self.message_user(request, text % {"count": len(revoked)}, messages.SUCCESS)
        return None

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"medusa_payments.change_{self.opts.model_name}")

    def ask(self, request: HttpRequest, queryset: QuerySet[KeyT], **question: Any) -> HttpResponse:
        """Return the page that asks for confirmation before an action on keys.

        `question` holds the `action`, the `title` and `warning` of the page, the text of its `button`, and the `form`
        if there is one.
        """
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "keys": queryset,
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "media": self.media,
            **question,
        }
        return TemplateResponse(request, "admin/medusa_payments/key_question.html", context)


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

    Rotating makes keys and revokes others, so it needs Django's permissions to add and to change.
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
                warning=_("Each key gets a successor with the same title and is revoked after the chosen time."),
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


@admin.register(SecretKey)
class SecretKeyAdmin(KeyAdmin[SecretKey]):
    """The keys of back-office programs. `manage.py payments_secret_key` makes them and shows the token once."""

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
