"""Pages that move money: first a form, then a question, then the call of the service."""

from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import router
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.money.errors import explain
from medusa_payments.admin.money.forms import MoneyForm
from medusa_payments.admin.parts import display
from medusa_payments.admin.parts.display import Text
from medusa_payments.admin.parts.question_page import QuestionPage, laid_out, url_of
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import Operation, Payment
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationStatus

if TYPE_CHECKING:
    from medusa_payments.admin.money.verbs import MoneyVerb

KEY_PREFIX = "admin-"
"""The start of the idempotency keys of these pages. The token follows."""

WAS_SENT = {
    OperationStatus.OPEN.value: _(
        "This was sent before, and its outcome is in flight or unknown. "
        "Submit again to find out. The money moves only once."
    ),
    OperationStatus.NOT_EXECUTED.value: _(
        "This was tried before, but the provider couldn't be reached. No money was moved. Submit again."
    ),
}
"""Notices about an operation that is resumed when the form is sent again, by its status."""


def warned(notice: Text, operations: QuerySet[Operation]) -> str:
    """Add a warning to the notice that lists those of the operations that are open.

    These pages make new idempotency keys, and a new key always means a new operation. The warning keeps staff from
    repeating an operation by hand whose answer another client didn't get.
    """
    found = operations.filter(status=OperationStatus.OPEN.value).order_by("created_at", "id")
    of_which = "; ".join(
        _("%(amount)s, requested at %(time)s")
        % {"amount": display.money(each.amount or 0, each.currency_code), "time": _when(each)}
        for each in found
    )
    warning = _(
        "Already in progress, outcome unknown: %s. Continue only if you want another one: both will be carried out."
    )
    return " ".join(str(each) for each in (notice, warning % of_which if of_which else "") if each)


def _when(operation: Operation) -> str:
    return f"{timezone.localtime(operation.created_at):%Y-%m-%d %H:%M:%S}"


def token_of(idempotency_key: str | None) -> UUID | None:
    """Return the token in an idempotency key; None for a key that these pages didn't make."""
    text = (idempotency_key or "").removeprefix(KEY_PREFIX)
    try:
        token = UUID(text)
    except ValueError:
        return None
    return token if idempotency_key == f"{KEY_PREFIX}{token}" else None


class MoneyView(QuestionPage[Payment]):
    """Carry out one verb on one payment. Nothing changes before staff confirm the question.

    The token in the address stands for one intent and is the idempotency key of its operation. A double click, a
    reload or an entry of the browser's history sends the same token and so means the same operation. An address
    without a token redirects to one with a new token.
    """

    verb: "MoneyVerb" = None  # type: ignore[assignment]
    token: UUID

    def dispatch(self, request: HttpRequest, object_id: str, token: UUID | None = None) -> HttpResponseBase:
        if not may_move_money(self.model_admin, request, self.verb):
            raise PermissionDenied
        payment_id = unquote(object_id)
        if token is None:
            return HttpResponseRedirect(url_of(self.model_admin, self.verb.name, payment_id, uuid4()))
        payment = current(self.model_admin, request, payment_id)
        if payment is None:
            return self.missing(request, payment_id)
        self.row, self.token = payment, token
        return super().dispatch(request)

    def get(self, request: HttpRequest) -> HttpResponse:
        if self.operation is not None:
            return self._go_on_with(self.operation)
        if not self.verb.available(self.row):
            return self.leave(messages.WARNING, self.verb.why_nothing_is_left(self.row))
        form = self._form()
        return self._ask_in_words(self._form({})) if not form.fields else self._ask(form)

    def post(self, request: HttpRequest) -> HttpResponse:
        is_confirmed = "confirmed" in request.POST
        if self.operation is not None and not is_confirmed:
            return self._go_on_with(self.operation)
        if self.operation is None and not self.verb.available(self.row):
            return self.leave(messages.WARNING, self.verb.why_nothing_is_left(self.row))
        form = self._form(request.POST)
        notice = _("The payment has changed since you were asked.") if is_confirmed and self._has_changed() else ""
        if "change" in request.POST or not form.is_valid():
            return self._ask(form, notice=notice)
        if not is_confirmed or notice:
            return self._ask_in_words(form, notice=notice)
        return self._carry_out(form)

    @cached_property
    def operation(self) -> Operation | None:
        """The operation of this token; None if the token wasn't used yet."""
        by_key = primary(Operation).filter(idempotency_key=self.key, kind=self.verb.kind.value, target=self.row.pk)
        return by_key.first()

    @property
    def key(self) -> str:
        return f"{KEY_PREFIX}{self.token}"

    def _form(self, answers: QueryDict | dict[str, Any] | None = None) -> MoneyForm:
        limit = None if self.operation else self.verb.available(self.row)
        return self.verb.form_class(answers, payment=self.row, limit=limit)

    def _has_changed(self) -> bool:
        return self.operation is None and self.request.POST.get("available") != str(self.verb.available(self.row))

    def _carry_out(self, form: MoneyForm) -> HttpResponse:
        try:
            self.verb.carry_out(form, created_by=str(self.request.user.pk), idempotency_key=self.key)
        except PaymentsError as error:
            return self._tell(error)
        self._read_again()
        return self.leave(messages.SUCCESS, self._report())

    def _tell(self, error: PaymentsError) -> HttpResponse:
        self._read_again()
        notice = explain(error, self.model_admin.admin_site)
        if self.operation is not None and self.operation.status in WAS_SENT:
            return self._ask_again(self.operation, notice=notice)
        if self.operation is not None:
            # A closed operation answers its token, so the next attempt needs a token of its own.
            self.token = uuid4()
            del self.operation
        if not self.verb.available(self.row):
            return self.leave(messages.ERROR, notice)
        form = self._form(self.request.POST)
        return self._ask(form, notice=notice) if form.fields else self._ask_in_words(form, notice=notice)

    def _go_on_with(self, operation: Operation) -> HttpResponse:
        if operation.status in WAS_SENT:
            return self._ask_again(operation, notice=WAS_SENT[operation.status])
        if operation.status == OperationStatus.REFUSED:
            return self.leave(messages.ERROR, _("The payment provider refused this before. No money was moved."))
        return self.leave(messages.INFO, _("This was sent before and was not sent again: %s") % self._report())

    def _report(self) -> Text:
        return self.verb.report(self.operation, self.row) if self.operation else self.verb.why_nothing_is_left(self.row)

    def _read_again(self) -> None:
        payment = current(self.model_admin, self.request, self.row.pk)
        self.row = payment or self.row
        self.__dict__.pop("operation", None)

    def _ask(self, form: MoneyForm, *, notice: Text = "") -> HttpResponse:
        return self._page("form", form, notice=notice, adminform=laid_out(form))

    def _ask_in_words(self, form: MoneyForm, *, notice: Text = "") -> HttpResponse:
        form.is_valid()
        of_this_kind = primary(Operation).filter(payment=self.row, kind=self.verb.kind.value)
        amount = display.money(self.verb.amount(form), self.row.currency_code)
        return self._page(
            "question",
            form,
            notice=warned(notice, of_this_kind),
            question=self.verb.question(form),
            details=self.verb.details(form),
            button=self.verb.button(amount),
        )

    def _ask_again(self, operation: Operation, *, notice: Text) -> HttpResponse:
        form = self._form(self.verb.answers(operation))
        form.is_valid()
        amount = display.money(operation.amount or 0, operation.currency_code)
        return self._page(
            "question",
            form,
            notice=notice,
            question=self.verb.button(amount),
            details=self.verb.details(form),
            button=_("Submit again"),
            is_sent=True,
        )

    def _page(self, name: str, form: MoneyForm, **content: Any) -> HttpResponse:
        return self.page(
            f"money_{name}",
            form,
            title=self.verb.title,
            action_url=url_of(self.model_admin, self.verb.name, self.row.pk, self.token),
            summary=[self._summary()],
            available=self.verb.available(self.row),
            **content,
        )

    def _summary(self) -> list[tuple[Text, Text]]:
        payment, collection = self.row, self.row.payment_collection
        amounts = [
            (_("Authorized"), payment.authorized_amount),
            (_("Captured"), payment.captured_amount),
            (_("Refunded"), payment.refunded_amount),
            (_("In flight"), self.verb.in_flight(payment)),
            *([(_("Disputed, not refundable"), payment.disputed_amount)] if payment.disputed_amount else []),
            (self.verb.available_label, self.verb.available(payment)),
        ]
        return [
            (_("Customer"), collection.email or collection.customer_id or "-"),
            (_("Order"), collection.order_id or "-"),
            (_("Provider"), payment.provider_id),
            *((label, display.money(amount, payment.currency_code)) for label, amount in amounts),
        ]


def may_move_money(model_admin: ReadOnlyAdmin[Payment], request: HttpRequest, verb: "MoneyVerb") -> bool:
    """Return True if a user may see payments and use this verb on them."""
    return model_admin.has_view_permission(request) and request.user.has_perm(verb.permission)


def current(model_admin: ReadOnlyAdmin[Payment], request: HttpRequest, payment_id: str) -> Payment | None:
    """Return a payment that this user may see, from the database that is written to."""
    payments = model_admin.get_queryset(request).using(router.db_for_write(Payment))
    return None if "\0" in payment_id else payments.filter(pk=payment_id).first()
