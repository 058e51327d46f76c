"""The page that refunds across the payments of a collection: a form, a question, then the call of the service."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.money.errors import explain
from medusa_payments.admin.money.forms import CollectionRefundForm
from medusa_payments.admin.money.view import KEY_PREFIX, WAS_SENT, warned
from medusa_payments.admin.parts import display
from medusa_payments.admin.parts.display import Text
from medusa_payments.admin.parts.question_page import QuestionPage, laid_out, url_of
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.admin.parts.transactions import without_transactions
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import Operation, Payment, PaymentCollection
from medusa_payments.queries.primary import primary
from medusa_payments.services import collection_refunds
from medusa_payments.states import OperationKind, OperationStatus

PERMISSION = "medusa_payments.refund_payment"
TITLE = _("Refund across payments")
NAME = "refund"


class CollectionRefundView(QuestionPage[PaymentCollection]):
    """Like `MoneyView`: nothing changes before staff confirm, and the token is the idempotency key of all parts."""

    token: UUID

    def dispatch(self, request: HttpRequest, object_id: str, token: UUID | None = None) -> HttpResponseBase:
        if not may_refund(self.model_admin, request):
            raise PermissionDenied
        collection = self.model_admin.get_object(request, unquote(object_id))
        if collection is None:
            return self.missing(request, unquote(object_id))
        if token is None:
            return HttpResponseRedirect(url_of(self.model_admin, NAME, collection.pk, uuid4()))
        self.row, self.token = collection, token
        return super().dispatch(request)

    def get(self, request: HttpRequest) -> HttpResponse:
        if self._parts():
            return self.leave(messages.INFO, _("This was sent before and was not sent again: %s") % self._report())
        if not self.available:
            return self.leave(messages.WARNING, _("Nothing is left to refund."))
        return self._ask(self._form())

    def post(self, request: HttpRequest) -> HttpResponse:
        parts, is_confirmed = self._parts(), "confirmed" in request.POST
        if parts and not is_confirmed:
            return self.get(request)
        form = self._form(request.POST, parts)
        has_changed = is_confirmed and not parts and request.POST.get("available") != str(self.available)
        notice = _("The payments have changed since you were asked.") if has_changed else ""
        if "change" in request.POST or not form.is_valid():
            return self._ask(form, notice=notice)
        if not is_confirmed or has_changed:
            others = primary(Operation).filter(payment_collection=self.row, kind=OperationKind.REFUND.value)
            return self._ask_in_words(form, notice=warned(notice, others))
        return self._carry_out(form)

    @cached_property
    def available(self) -> int:
        """How much can be refunded from all payments together (minor units)."""
        return sum(payment.refundable_amount for payment in refundable_payments(self.row))

    def _parts(self) -> Sequence[Operation]:
        """Return the operations of this token."""
        refunds = primary(Operation).filter(payment_collection=self.row, kind=OperationKind.REFUND.value)
        return list(refunds.filter(idempotency_key=self._key))

    @property
    def _key(self) -> str:
        return f"{KEY_PREFIX}{self.token}"

    def _form(self, answers: QueryDict | None = None, parts: Sequence[Operation] = ()) -> CollectionRefundForm:
        limit = sum(part.amount or 0 for part in parts) or self.available
        return CollectionRefundForm(answers, currency_code=self.row.currency_code, limit=limit, is_repeat=bool(parts))

    def _carry_out(self, form: CollectionRefundForm) -> HttpResponse:
        reason = form.cleaned_data["refund_reason"]
        try:
            collection_refunds.refund(
                payment_collection_id=self.row.pk,
                amount=form.cleaned_data["amount"],
                strategy=form.cleaned_data["strategy"],
                refund_reason_id=reason.pk if reason else None,
                note=form.cleaned_data["note"] or None,
                created_by=str(self.request.user.pk),
                idempotency_key=self._key,
            )
        except PaymentsError as error:
            return self._tell(error, form)
        return self.leave(messages.SUCCESS, self._report())

    def _tell(self, error: PaymentsError, form: CollectionRefundForm) -> HttpResponse:
        notice, parts = explain(error, self.model_admin.admin_site), self._parts()
        if not parts:
            return self._ask(form, notice=notice)
        if any(part.status in WAS_SENT for part in parts):
            return self._ask_in_words(form, notice=notice, button=_("Submit again"), is_sent=True)
        return self.leave(messages.ERROR, f"{notice} {self._report()}")

    def _report(self) -> Text:
        done = dict.fromkeys(OperationStatus, 0)
        for part in self._parts():
            done[OperationStatus(part.status)] += part.amount or 0
        told = [
            (OperationStatus.SUCCEEDED, _("%s was refunded.")),
            (OperationStatus.ACCEPTED, _("The provider will report the outcome of %s later.")),
            (OperationStatus.OPEN, _("The outcome of %s is unknown.")),
            (OperationStatus.NOT_EXECUTED, _("%s was not sent.")),
            (OperationStatus.REFUSED, _("%s was refused.")),
        ]
        return " ".join(text % self._money(done[status]) for status, text in told if done[status])

    def _ask(self, form: CollectionRefundForm, *, notice: Text = "") -> HttpResponse:
        return self._page("form", form, notice=notice, adminform=laid_out(form))

    def _ask_in_words(self, form: CollectionRefundForm, **content: Any) -> HttpResponse:
        amount = self._money(form.minor_units)
        customer = self.row.email or self.row.customer_id or _("the customer")
        return self._page(
            "question",
            form,
            question=_("Refund %(amount)s to %(customer)s, across the payments of the collection?")
            % {"amount": amount, "customer": customer},
            details=form.details(),
            **{"button": _("Refund %(amount)s") % {"amount": amount}, **content},
        )

    def _page(self, name: str, form: CollectionRefundForm, **content: Any) -> HttpResponse:
        return self.page(
            f"money_{name}",
            form,
            title=TITLE,
            action_url=url_of(self.model_admin, NAME, self.row.pk, self.token),
            summary=[self._summary()],
            available=self.available,
            **content,
        )

    def _summary(self) -> list[tuple[Text, Text]]:
        of_payments = [
            (f"{payment.pk} ({payment.provider_id})", self._money(payment.refundable_amount))
            for payment in refundable_payments(self.row)
        ]
        return [
            (_("Customer"), self.row.email or self.row.customer_id or "-"),
            (_("Order"), self.row.order_id or "-"),
            *of_payments,
            (_("Can be refunded"), self._money(self.available)),
        ]

    def _money(self, minor_units: int) -> str:
        return display.money(minor_units, self.row.currency_code)


def may_refund(model_admin: ReadOnlyAdmin[PaymentCollection], request: HttpRequest) -> bool:
    """Return True if a user may see collections and refund payments."""
    return model_admin.has_view_permission(request) and request.user.has_perm(PERMISSION)


def refundable_payments(collection: PaymentCollection) -> list[Payment]:
    """Return the payments of a collection that can be refunded, the oldest first."""
    payments = collection_refunds.divisible(collection).defer("provider_data", "metadata")
    return [payment for payment in payments if payment.refundable_amount]


def refund_urls(model_admin: ReadOnlyAdmin[PaymentCollection]) -> list[URLPattern]:
    """Return the paths of the page, outside any transaction of the host."""
    view = model_admin.admin_site.admin_view(CollectionRefundView.as_view(model_admin=model_admin))
    name = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_{NAME}"
    routes = (f"<path:object_id>/{NAME}/", f"<path:object_id>/{NAME}/<uuid:token>/")
    return without_transactions([path(route, view, name=name) for route in routes])
