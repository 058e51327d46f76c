"""Forms that staff fill in before money moves."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.parts import display
from medusa_payments.admin.parts.display import Text
from medusa_payments.models import Payment, RefundReason
from medusa_payments.money import exponent, to_major_units, to_minor_units
from medusa_payments.queries import refund_reasons
from medusa_payments.states import RefundStrategy

LONGEST_NOTE = 5000


class MoneyForm(forms.Form):
    """A form without fields. `limit` is the largest amount (minor units); None repeats an earlier request."""

    def __init__(self, answers: Mapping[str, Any] | None, *, payment: Payment, limit: int | None) -> None:
        super().__init__(answers)
        self.payment = payment
        self.limit = limit


class AmountForm(MoneyForm):
    """Asks for an amount in major units. All that is left is filled in."""

    def __init__(self, answers: Mapping[str, Any] | None, *, payment: Payment, limit: int | None) -> None:
        super().__init__(answers, payment=payment, limit=limit)
        limit = self.payment.amount if self.limit is None else self.limit
        self.fields = {"amount": _amount_field(self.payment.currency_code, limit), **self.fields}

    @property
    def minor_units(self) -> int:
        return to_minor_units(self.cleaned_data["amount"], self.payment.currency_code)


class RefundDetails(forms.Form):
    """Asks why money is refunded."""

    refund_reason = forms.ModelChoiceField(RefundReason._default_manager.none(), label=_("Reason"), required=False)
    note = forms.CharField(
        label=_("Note"),
        help_text=_("Visible to the customer."),
        max_length=LONGEST_NOTE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
    )

    def offer_reasons(self, *, is_repeat: bool) -> None:
        """Offer the reasons of the shop. A repeat also offers reasons that were deleted since."""
        reasons = RefundReason._default_manager.all() if is_repeat else refund_reasons.listed()
        self.fields["refund_reason"].queryset = reasons.order_by("label", "id")  # type: ignore[attr-defined]

    def clean_note(self) -> str:
        # Browsers end lines differently in a text area and in a hidden field.
        note: str = self.cleaned_data["note"]
        return note.replace("\r\n", "\n").replace("\r", "\n")

    def details(self) -> list[tuple[Text, Text]]:
        """Return the answers of a valid form other than the amount."""
        said = [
            (_("Reason"), self.cleaned_data["refund_reason"]),
            (_("Note, visible to the customer"), self.cleaned_data["note"]),
        ]
        return [(label, str(value)) for label, value in said if value]


class RefundForm(RefundDetails, AmountForm):
    def __init__(self, answers: Mapping[str, Any] | None, *, payment: Payment, limit: int | None) -> None:
        super().__init__(answers, payment=payment, limit=limit)
        self.offer_reasons(is_repeat=self.limit is None)


class CollectionRefundForm(RefundDetails):
    """Asks how much is refunded across the payments of a collection, and how it is divided."""

    strategy = forms.ChoiceField(
        label=_("Divided"),
        choices=[
            (RefundStrategy.PROPORTIONAL.value, _("in proportion to what can be refunded from each payment")),
            (RefundStrategy.IN_ORDER.value, _("from the oldest payment first")),
        ],
        initial=RefundStrategy.PROPORTIONAL.value,
    )
    field_order = ["amount", "strategy", "refund_reason", "note"]

    def __init__(
        self, answers: Mapping[str, Any] | None, *, currency_code: str, limit: int, is_repeat: bool = False
    ) -> None:
        super().__init__(answers)
        self.currency_code = currency_code
        self.fields["amount"] = _amount_field(currency_code, limit)
        self.order_fields(self.field_order)
        self.offer_reasons(is_repeat=is_repeat)

    @property
    def minor_units(self) -> int:
        return to_minor_units(self.cleaned_data["amount"], self.currency_code)

    def details(self) -> list[tuple[Text, Text]]:
        strategies = dict(self.fields["strategy"].choices)  # type: ignore[attr-defined]
        return [(_("Divided"), strategies[self.cleaned_data["strategy"]]), *super().details()]


def _amount_field(currency_code: str, limit: int) -> forms.DecimalField:
    places = exponent(currency_code)
    most = to_major_units(limit, currency_code)
    return forms.DecimalField(
        label=_("Amount in %(currency)s") % {"currency": currency_code.upper()},
        initial=f"{most:.{places}f}",
        min_value=to_major_units(1, currency_code),
        max_value=most,
        decimal_places=places,
        error_messages={
            "min_value": _("The amount must be greater than 0."),
            "max_value": _("At most %(amount)s is left.") % {"amount": display.money(limit, currency_code)},
        },
        widget=forms.NumberInput(attrs={"autofocus": True, "class": "vTextField", "inputmode": "decimal"}),
    )
