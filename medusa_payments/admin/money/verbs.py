"""The verbs on the money of a payment: their texts, and the services that they call."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.money.forms import AmountForm, MoneyForm, RefundForm
from medusa_payments.admin.parts import display
from medusa_payments.admin.parts.display import Text
from medusa_payments.models import Operation, Payment
from medusa_payments.money import to_major_units
from medusa_payments.services import captures, payments, refunds
from medusa_payments.states import OperationKind, OperationStatus


class MoneyVerb(ABC):
    """One of capture, refund and cancel. Amounts are minor units."""

    kind: ClassVar[OperationKind]
    form_class: ClassVar[type[MoneyForm]] = AmountForm
    title: ClassVar[Text]
    available_label: ClassVar[Text]
    nothing_left: ClassVar[Text]
    find_out: ClassVar[Text]
    in_flight_counter: ClassVar[str]

    @property
    def name(self) -> str:
        return self.kind.value

    @property
    def permission(self) -> str:
        return f"medusa_payments.{self.name}_payment"

    @abstractmethod
    def available(self, payment: Payment) -> int:
        """Return the amount that is left for this verb."""

    def why_nothing_is_left(self, payment: Payment) -> Text:
        """Return why no amount is left for this verb."""
        return self.nothing_left

    def in_flight(self, payment: Payment) -> int:
        """Return the amount of this kind that is in flight."""
        amount: int = getattr(payment, self.in_flight_counter)
        return amount

    @abstractmethod
    def amount(self, form: Any) -> int:
        """Return the amount that a valid form asks for."""

    @abstractmethod
    def question(self, form: Any) -> Text:
        """Ask whether to do what a valid form says, and tell what is left afterwards."""

    def details(self, form: Any) -> list[tuple[Text, Text]]:
        """Return the other answers of a form."""
        return []

    @abstractmethod
    def button(self, amount: str) -> Text:
        """Return the text of the button that moves the money."""

    @abstractmethod
    def report(self, operation: Operation, payment: Payment) -> Text:
        """Tell what a finished operation did, and what is left now."""

    @abstractmethod
    def carry_out(self, form: Any, *, created_by: str, idempotency_key: str) -> Payment:
        """Call the service with a valid form. Raises what the service raises."""

    def answers(self, operation: Operation) -> dict[str, Any]:
        """Return the answers of the form that an operation comes from."""
        if not operation.requested_amount:
            return {}
        return {"amount": to_major_units(operation.requested_amount, operation.currency_code)}


class CaptureVerb(MoneyVerb):
    kind = OperationKind.CAPTURE
    title = _("Capture payment")
    available_label = _("Can be captured")
    nothing_left = _("Nothing is left to capture.")
    find_out = _("Find out about the capture")
    in_flight_counter = "capturing_amount"

    def available(self, payment: Payment) -> int:
        return payment.capturable_amount

    def amount(self, form: AmountForm) -> int:
        return form.minor_units

    def question(self, form: AmountForm) -> Text:
        words = _words(form.payment, self.amount(form), self.available(form.payment) - self.amount(form))
        return _("Capture %(amount)s from %(customer)s? %(rest)s can still be captured afterwards.") % words

    def button(self, amount: str) -> Text:
        return _("Capture %(amount)s") % {"amount": amount}

    def report(self, operation: Operation, payment: Payment) -> Text:
        words = _words(payment, operation.amount, self.available(payment))
        return _("%(amount)s was captured. %(rest)s can still be captured.") % words

    def carry_out(self, form: AmountForm, *, created_by: str, idempotency_key: str) -> Payment:
        return captures.capture(
            payment_id=form.payment.pk,
            amount=form.cleaned_data["amount"],
            created_by=created_by,
            idempotency_key=idempotency_key,
        )


class RefundVerb(MoneyVerb):
    kind = OperationKind.REFUND
    form_class = RefundForm
    title = _("Refund payment")
    available_label = _("Can be refunded")
    nothing_left = _("Nothing is left to refund.")
    find_out = _("Find out about the refund")
    in_flight_counter = "refunding_amount"

    def available(self, payment: Payment) -> int:
        return payment.refundable_amount

    def why_nothing_is_left(self, payment: Payment) -> Text:
        if not payment.disputed_amount:
            return self.nothing_left
        disputed = display.money(payment.disputed_amount, payment.currency_code)
        return _("%(amount)s is disputed, and nothing else is left to refund.") % {"amount": disputed}

    def amount(self, form: RefundForm) -> int:
        return form.minor_units

    def question(self, form: RefundForm) -> Text:
        words = _words(form.payment, self.amount(form), self.available(form.payment) - self.amount(form))
        return _("Refund %(amount)s to %(customer)s? %(rest)s can still be refunded afterwards.") % words

    def button(self, amount: str) -> Text:
        return _("Refund %(amount)s") % {"amount": amount}

    def report(self, operation: Operation, payment: Payment) -> Text:
        words = _words(payment, operation.amount, self.available(payment))
        if operation.status == OperationStatus.ACCEPTED:
            return _("The provider accepted a refund of %(amount)s and will report the outcome later.") % words
        return _("%(amount)s was refunded. %(rest)s can still be refunded.") % words

    def carry_out(self, form: RefundForm, *, created_by: str, idempotency_key: str) -> Payment:
        reason = form.cleaned_data["refund_reason"]
        return refunds.refund(
            payment_id=form.payment.pk,
            amount=form.cleaned_data["amount"],
            refund_reason_id=reason.pk if reason else None,
            note=form.cleaned_data["note"] or None,
            created_by=created_by,
            idempotency_key=idempotency_key,
        )

    def details(self, form: RefundForm) -> list[tuple[Text, Text]]:
        return form.details()

    def answers(self, operation: Operation) -> dict[str, Any]:
        reason_id, note = operation.intent.get("refund_reason_id"), operation.intent.get("note")
        return super().answers(operation) | {"refund_reason": reason_id or "", "note": note or ""}


class CancelVerb(MoneyVerb):
    kind = OperationKind.CANCEL
    form_class = MoneyForm
    title = _("Cancel payment")
    available_label = _("Can be released")
    nothing_left = _("Nothing is left to release.")
    find_out = _("Find out about the cancellation")
    in_flight_counter = "releasing_amount"

    def available(self, payment: Payment) -> int:
        # The amount of an open cancel counts too, so that staff can resume one that another client began.
        return payment.capturable_amount + payment.releasing_amount

    def amount(self, form: MoneyForm) -> int:
        return self.available(form.payment)

    def question(self, form: MoneyForm) -> Text:
        words = _words(form.payment, self.amount(form), form.payment.captured_amount)
        if form.payment.captured_amount:
            return _("Release %(amount)s to %(customer)s? The captured %(rest)s stays captured.") % words
        return _("Cancel the payment and release %(amount)s to %(customer)s? Nothing was captured.") % words

    def button(self, amount: str) -> Text:
        return _("Release %(amount)s") % {"amount": amount}

    def report(self, operation: Operation, payment: Payment) -> Text:
        return _("%(amount)s was released.") % _words(payment, operation.amount, 0)

    def carry_out(self, form: MoneyForm, *, created_by: str, idempotency_key: str) -> Payment:
        return payments.cancel(payment_id=form.payment.pk, created_by=created_by, idempotency_key=idempotency_key)


VERBS: tuple[MoneyVerb, ...] = (CaptureVerb(), RefundVerb(), CancelVerb())


def _words(payment: Payment, amount: int | None, rest: int) -> dict[str, Text]:
    collection = payment.payment_collection
    return {
        "amount": display.money(amount or 0, payment.currency_code),
        "rest": display.money(rest, payment.currency_code),
        "customer": collection.email or collection.customer_id or _("the customer"),
    }
