"""The base of pages that ask staff before anything changes on a row."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views import View

from medusa_payments.admin.parts.display import Text
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin

RowT = TypeVar("RowT", bound=Model)

Lines = Sequence[tuple[Text, Text]]
"""Pairs of label and value."""


class QuestionPage(View, Generic[RowT]):
    """Fills the templates of these pages. Subclasses find the row, ask and carry out."""

    http_method_names = ["get", "head", "post"]
    model_admin: ReadOnlyAdmin[RowT] = None  # type: ignore[assignment]
    row: RowT

    def missing(self, request: HttpRequest, row_id: str) -> HttpResponse:
        """Redirect from the page of a row that doesn't exist."""
        response: HttpResponse = self.model_admin._get_obj_does_not_exist_redirect(  # type: ignore[attr-defined]
            request, self.model_admin.opts, row_id
        )
        return response

    def leave(self, level: int, text: Text) -> HttpResponse:
        """Redirect to the page of the row, with a message."""
        self.model_admin.message_user(self.request, text, level)
        return HttpResponseRedirect(url_of(self.model_admin, "change", self.row.pk))

    def page(
        self,
        name: str,
        form: Form,
        *,
        title: Text,
        action_url: str,
        summary: Sequence[Lines],
        **content: Any,
    ) -> HttpResponse:
        """Render the template `name` with the form, which is sent to `action_url`.

        The summary of the row is shown above the form. Each of its groups begins a new line.
        """
        self.request.current_app = self.model_admin.admin_site.name
        context = {
            **self.model_admin.admin_site.each_context(self.request),
            "title": title,
            "subtitle": str(self.row),
            "opts": self.model_admin.opts,
            "media": self.model_admin.media,
            "original": self.row,
            "page_url": url_of(self.model_admin, "change", self.row.pk),
            "action_url": action_url,
            "summary": summary,
            "form": form,
            **content,
        }
        return TemplateResponse(self.request, f"admin/medusa_payments/{name}.html", context)


def laid_out(form: Form) -> AdminForm:
    """Return the form with all its fields in the layout of Django admin."""
    return AdminForm(form, [(None, {"fields": list(form.fields)})], {})  # type: ignore[arg-type]


def url_of(model_admin: ReadOnlyAdmin[Any], name: str, row_id: str, *token: UUID) -> str:
    """Return the address of the page `name` of a row. `change` is its main page."""
    view_name = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_{name}"
    return reverse(view_name, args=[quote(row_id), *token], current_app=model_admin.admin_site.name)
