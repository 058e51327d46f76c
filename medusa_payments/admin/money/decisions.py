"""Decisions of staff: how an unknown operation ended, to unfreeze a payment, to replay a webhook."""

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from medusa_payments.admin.money.decision_view import Decision, Evidence
from medusa_payments.admin.parts import display, event_details
from medusa_payments.admin.parts.display import Text
from medusa_payments.admin.parts.event_titles import TITLES
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin
from medusa_payments.models import Event, Operation, Payment, PaymentSession, WebhookEvent
from medusa_payments.queries.primary import primary
from medusa_payments.services import comparing, decisions, webhooks
from medusa_payments.services.comparing import Convergence, Found, Unreadable
from medusa_payments.services.decisions import Verdict
from medusa_payments.services.events import EventName
from medusa_payments.states import OperationStatus

LONGEST_NOTE = 2000

UNDECIDED = {OperationStatus.OPEN.value, OperationStatus.ACCEPTED.value}
"""The statuses in which staff can decide how an operation ended."""


class NoteForm(forms.Form):
    note = forms.CharField(
        label=_("Note"),
        help_text=_("Write what you found and where you found it. The timeline keeps this note."),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
    )


class VerdictForm(NoteForm):
    verdict = forms.ChoiceField(
        label=_("What the provider's dashboard shows"),
        choices=[
            (Verdict.EXECUTED.value, _("it was executed")),
            (Verdict.NOT_EXECUTED.value, _("it was not executed")),
        ],
        widget=forms.RadioSelect,
    )
    provider_ref = forms.CharField(
        label=_("Provider reference"),
        help_text=_("The provider's id of the capture, refund or payment, if the dashboard shows one."),
        max_length=255,
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    amount = forms.DecimalField(
        label=_("Amount that moved"),
        help_text=_("Only for a capture or refund that moved another amount than the requested one."),
        required=False,
    )
    field_order = ["verdict", "provider_ref", "amount", "note"]


class NothingToFill(forms.Form):
    """A form that only has a button."""


def _provider_side(session: PaymentSession) -> Iterator[tuple[Text, Text]]:
    """Read the provider now, and yield what it shows."""
    reading = comparing.read(session)
    if isinstance(reading, Found):
        seen = reading.snapshot
        yield _("Provider: status"), event_details.describe_state(seen.status)
        for label, money in (
            (_("Provider: amount"), seen.money),
            (_("Provider: captured"), seen.captured),
            (_("Provider: released"), seen.released),
        ):
            yield label, display.money(money.minor_units, money.currency_code)
        for refund in seen.refunds:
            shown = display.money(refund.money.minor_units, refund.money.currency_code)
            yield _("Provider: refund"), f"{shown} {event_details.describe_state(refund.state)} {refund.refund_ref}"
        for dispute in seen.disputes:
            shown = display.money(dispute.money.minor_units, dispute.money.currency_code)
            yield _("Provider: dispute"), f"{shown} {event_details.describe_state(dispute.state)} {dispute.dispute_ref}"
    elif isinstance(reading, Unreadable):
        yield _("Provider"), reading.message
    else:
        yield _("Provider"), _("has no such payment")


def _our_side(payment: Payment) -> Iterator[tuple[Text, Text]]:
    names = {
        "amount": _("Ledger: amount"),
        "captured": _("Ledger: captured"),
        "released": _("Ledger: released"),
        "refunded": _("Ledger: refunded"),
    }
    for name, minor_units in comparing.ledger_side(payment).items():
        yield names[name], display.money(minor_units, payment.currency_code)


def _evidence_of_operation(operation: Operation, model_admin: ReadOnlyAdmin[Any]) -> Evidence:
    session = primary(PaymentSession).get(pk=operation.payment_session_id)
    rows: list[tuple[Text, Text]] = [
        (_("Operation"), f"{operation.get_kind_display()}"),
        (_("Amount"), display.money(operation.amount or 0, operation.currency_code)),
        (_("Idempotency key at the provider"), display.identifier(comparing.provider_key(operation))),
        *([(_("Refund"), display.identifier(operation.line_id))] if operation.line_id else []),
        *([(_("Provider reference"), display.identifier(operation.line_ref))] if operation.line_ref else []),
        (_("Last error"), operation.error_message or "-"),
    ]
    seen = decisions.seen_amount(operation)
    if seen is not None:
        rows.append((_("Amount at the provider"), f"{seen} {operation.currency_code.upper()}"))
    payment = primary(Payment).filter(pk=operation.payment_id).first()
    return [rows, *([[*_our_side(payment)]] if payment else []), [*_provider_side(session)]]


def _evidence_of_payment(payment: Payment, model_admin: ReadOnlyAdmin[Any]) -> Evidence:
    course = primary(Event).filter(
        payment_collection_id=payment.payment_collection_id,
        name__in=[EventName.PAYMENT_FROZEN.value, EventName.PAYMENT_UNFROZEN.value],
        data__payment_id=payment.pk,
    )
    rows: list[tuple[Text, Text]] = []
    since_it_moved = takewhile(lambda event: event.name == EventName.PAYMENT_FROZEN.value, course.order_by("-number"))
    for event in since_it_moved:
        rows.append((_("Frozen because"), event_details.describe_reason(event.data.get("reason", ""))))
        told = event_details.describe_side(event.data.get("theirs", {}), payment.currency_code)
        rows.append((_("Provider at that time"), told))
    theirs = [*_provider_side(primary(PaymentSession).get(pk=payment.payment_session_id))]
    return [rows, [*_our_side(payment)], theirs]


def _decide(operation: Operation, answers: Mapping[str, Any], user_id: str) -> Text:
    closed = decisions.decide(
        operation_id=operation.pk,
        verdict=Verdict(answers["verdict"]),
        note=answers["note"],
        provider_ref=answers["provider_ref"],
        amount=answers["amount"],
        created_by=user_id,
    )
    return _("Recorded. The operation is closed: %(status)s.") % {"status": closed.get_status_display()}


def _unfreeze(payment: Payment, answers: Mapping[str, Any], user_id: str) -> Text:
    unfrozen = decisions.unfreeze(payment_id=payment.pk, note=answers["note"], created_by=user_id)
    if unfrozen.frozen_at is not None:
        return _("Recorded. The provider reports something new that can't be booked, so the payment is frozen again.")
    return _("Recorded. The payment can move money again.")


def _evidence_of_look(payment: Payment, model_admin: ReadOnlyAdmin[Any]) -> Evidence:
    planned = comparing.look_at(payment.payment_session_id, is_dry_run=True)
    theirs = [*_provider_side(primary(PaymentSession).get(pk=payment.payment_session_id))]
    return [[*_our_side(payment)], theirs, [*_differences(planned, payment.currency_code, model_admin)]]


def _look(payment: Payment, answers: Mapping[str, Any], user_id: str) -> Text:
    return _told(comparing.look_at(payment.payment_session_id))


def _evidence_of_webhook(event: WebhookEvent, model_admin: ReadOnlyAdmin[Any]) -> Evidence:
    of_account = primary(PaymentSession).filter(provider_account=event.provider_account)
    session = of_account.filter(provider_ref=event.provider_ref).first()
    currency_code = session.currency_code if session else ""
    planned = webhooks.replay(event.pk, is_dry_run=True)
    return [[(_("Event"), event.event_type)], [*_differences(planned, currency_code, model_admin)]]


def _replay(event: WebhookEvent, answers: Mapping[str, Any], user_id: str) -> Text:
    return _told(webhooks.replay(event.pk))


def _differences(
    planned: Convergence, currency_code: str, model_admin: ReadOnlyAdmin[Any]
) -> Iterator[tuple[Text, Text]]:
    if planned.problem:
        yield _("Problem"), planned.problem
    for change in planned.changes:
        # A dry run makes up ids that nothing will have, so leave them out.
        known = {name: value for name, value in change.data.items() if not name.endswith("_id")}
        described = event_details.describe_data(known, currency_code, model_admin.admin_site)
        yield _("Would record"), format_html("{}{}", TITLES.get(change.name, change.name), described)
    if not planned.changes and not planned.problem:
        yield _("Would record"), _("nothing new")


def _told(done: Convergence) -> Text:
    if done.problem:
        return _("Nothing was recorded: %(problem)s") % {"problem": done.problem}
    count = len(done.changes)
    return ngettext("%(count)d event was recorded.", "%(count)d events were recorded.", count) % {"count": count}


DECIDE = Decision(
    name="decide",
    title=_("Decide the outcome"),
    button=_("Record this decision"),
    permission="medusa_payments.resolve_payment",
    form_class=VerdictForm,
    is_due=lambda operation: operation.needs_person_at is not None and operation.status in UNDECIDED,
    evidence=_evidence_of_operation,
    carry_out=_decide,
    not_due=_("This operation needs no decision."),
    initial=lambda operation: {"amount": decisions.seen_amount(operation)},
)

UNFREEZE = Decision(
    name="unfreeze",
    title=_("Unfreeze payment"),
    button=_("Unfreeze"),
    permission="medusa_payments.resolve_payment",
    form_class=NoteForm,
    is_due=lambda payment: payment.frozen_at is not None,
    evidence=_evidence_of_payment,
    carry_out=_unfreeze,
    not_due=_("This payment is not frozen."),
)

LOOK = Decision(
    name="look",
    title=_("Compare with the provider"),
    button=_("Record what the provider has"),
    permission="medusa_payments.resolve_payment",
    form_class=NothingToFill,
    is_due=bool,
    evidence=_evidence_of_look,
    carry_out=_look,
    not_due="",
)

REPLAY = Decision(
    name="replay",
    title=_("Replay webhook event"),
    button=_("Replay"),
    permission="medusa_payments.replay_webhookevent",
    form_class=NothingToFill,
    is_due=lambda event: bool(event.provider_ref or event.session_id),
    evidence=_evidence_of_webhook,
    carry_out=_replay,
    not_due=_("This event names no payment."),
)
