"""What the keys of storefronts and of back-office programs have in common."""

from typing import Any, TypeVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from medusa_payments.admin.parts import columns, display
from medusa_payments.admin.parts.display import Text
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.models import PublishableKey, SecretKey
from medusa_payments.queries import keys

KeyT = TypeVar("KeyT", PublishableKey, SecretKey)


class KeyAdmin(ReadOnlyAdmin[KeyT]):
    """Keys can be revoked, after a question, by users with Django's change permission."""

    revocation_warning: Text = ""
    actions: tuple[str, ...] = ("revoke",)

    revoked_time = columns.moment("revoked_at", _("valid until"))

    def revoke_key(self, key: KeyT) -> None:
        """Have a service revoke a key."""
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
        """Return the page that asks before an action is carried out on keys.

        `question` is the `action`, the page's `title` and `warning`, the words on its `button`, and perhaps a `form`.
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
