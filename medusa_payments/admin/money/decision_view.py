"""Pages on which staff decide: the evidence of both sides, a short form, then the call of the service."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path

from medusa_payments.admin.parts.display import Text
from medusa_payments.admin.parts.question_page import Lines, QuestionPage, laid_out, url_of
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.admin.parts.transactions import without_transactions
from medusa_payments.exceptions import PaymentsError

Evidence = Sequence[Lines]
"""Groups of lines: what the ledger has, what the provider has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision about a row. `evidence` may ask the provider. `carry_out` returns the message for the user.

    `initial` fills in the form.
    """

    name: str
    title: Text
    button: Text
    permission: str
    form_class: type[forms.Form]
    is_due: Callable[[Any], bool]
    evidence: Callable[[Any, ReadOnlyAdmin[Any]], Evidence]
    carry_out: Callable[[Any, Mapping[str, Any], str], Text]
    not_due: Text
    initial: Callable[[Any], dict[str, Any]] = lambda _: {}


class DecisionView(QuestionPage[Model]):
    """Shows the evidence and the form, then carries out. Nothing changes before the form is sent."""

    decision: Decision = None  # type: ignore[assignment]

    def dispatch(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        may_look = self.model_admin.has_view_permission(request)
        if not may_look or not request.user.has_perm(self.decision.permission):
            raise PermissionDenied
        row = self.model_admin.get_object(request, unquote(object_id))
        if row is None:
            return self.missing(request, object_id)
        self.row = row
        if not self.decision.is_due(row):
            return self.leave(messages.INFO, self.decision.not_due)
        return super().dispatch(request)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(self.decision.form_class(initial=self.decision.initial(self.row)))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.decision.form_class(request.POST)
        if not form.is_valid():
            return self._page(form)
        try:
            told = self.decision.carry_out(self.row, form.cleaned_data, str(request.user.pk))
        except PaymentsError as error:
            return self._page(form, notice=error.message)
        return self.leave(messages.SUCCESS, told)

    def _page(self, form: forms.Form, *, notice: Text = "") -> HttpResponse:
        return self.page(
            "decision",
            form,
            title=self.decision.title,
            action_url=url_of(self.model_admin, self.decision.name, self.row.pk),
            summary=self.decision.evidence(self.row, self.model_admin),
            adminform=laid_out(form),
            notice=notice,
            button=self.decision.button,
        )


def decision_urls(model_admin: ReadOnlyAdmin[Any], decisions: Sequence[Decision]) -> list[URLPattern]:
    """Return the paths of an admin's decisions, outside any transaction of the host."""
    names = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}"
    return without_transactions(
        [
            path(
                f"<path:object_id>/{decision.name}/",
                model_admin.admin_site.admin_view(DecisionView.as_view(model_admin=model_admin, decision=decision)),
                name=f"{names}_{decision.name}",
            )
            for decision in decisions
        ]
    )
