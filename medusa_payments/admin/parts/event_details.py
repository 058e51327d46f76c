"""Show the data of an event: amounts with their currency, ids as links, changes as before and after."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Model
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from medusa_payments.admin.parts import display
from medusa_payments.admin.parts.display import Text
from medusa_payments.models import (
    Capture,
    Dispute,
    Event,
    Payment,
    PaymentSession,
    Refund,
    dispute,
    operation,
    payment_collection,
)
from medusa_payments.models import payment_session as session
from medusa_payments.services import events as reasons
from medusa_payments.services.decisions import Verdict
from medusa_payments.services.reconciliation import DriftKind

LABELS = {
    "kind": _("operation"),
    "refusal": _("refusal"),
    "code": _("code"),
    "message": _("message"),
    "status": _("status"),
    "state": _("state"),
    "amount": _("amount"),
    "captured_amount": _("captured in total"),
    "refunded_amount": _("refunded in total"),
    "released_amount": _("released in total"),
    "withheld_amount": _("withheld"),
    "disputed_amount": _("disputed in total"),
    "evidence_due_by": _("evidence due by"),
    "reason": _("reason"),
    "ours": _("ledger"),
    "theirs": _("provider"),
    "verdict": _("verdict"),
    "note": _("note"),
    "policy": _("policy"),
    "on_failure": _("policy"),
    "capture_before": _("capture before"),
    "currency_code": _("currency"),
    "rounding_remainder": _("rounded off"),
    "provider_id": _("provider"),
    "payment_session_id": _("session"),
    "replaced_by": _("replaced by"),
    "payment_id": _("payment"),
    "capture_id": _("capture"),
    "refund_id": _("refund"),
    "dispute_id": _("dispute"),
    "cart_id": _("cart"),
    "order_id": _("order"),
    "captured": _("captured"),
    "refunded": _("refunded"),
    "released": _("released"),
    "captures": _("captures"),
    "provider_ref": _("provider reference"),
    "dispute_ref": _("dispute"),
    "session_id": _("session"),
    "error": _("error"),
    DriftKind.FOREIGN_SESSION.value: _("session"),
    DriftKind.CURRENCY.value: _("currency"),
    DriftKind.CAPTURE_MISSING_THERE.value: _("captured"),
    DriftKind.RELEASE_MISSING_THERE.value: _("released"),
    DriftKind.REFUND_MISSING_THERE.value: _("refund"),
    DriftKind.REFUND_AMOUNT.value: _("refund"),
    DriftKind.DISPUTE_MISSING_THERE.value: _("dispute"),
}
"""Labels, in the order in which they are shown: databases don't keep the order of JSON keys."""

SIDES = {"ours", "theirs"}

MOMENTS = {"evidence_due_by", "capture_before"}

LINKED: dict[str, type[Model]] = {
    "capture_id": Capture,
    "dispute_id": Dispute,
    "payment_id": Payment,
    "payment_session_id": PaymentSession,
    "refund_id": Refund,
    "replaced_by": PaymentSession,
}

WORDS: dict[str, Text] = {
    **dict(payment_collection.ON_FAILURE_CHOICES),
    **dict(operation.KIND_CHOICES),
    **dict(operation.REFUSAL_CHOICES),
    **dict(operation.STATUS_CHOICES),
    **dict(payment_collection.STATUS_CHOICES),
    **dict(session.STATUS_CHOICES),
    **dict(dispute.STATE_CHOICES),
    Verdict.EXECUTED.value: _("executed"),
}

REASONS: dict[str, Text] = {
    reasons.NOT_RESOLVED_IN_TIME: _("not resolved in time"),
    reasons.BEYOND_THE_LIMITS: _("the provider reports more than the payment allows"),
    reasons.CONTRADICTS_ITSELF: _("its captures add up to more than its captured total"),
    reasons.ORDER_UNKNOWN: _("the shop doesn't say whether an order exists; the money is kept"),
    reasons.NOT_RELEASABLE: _("the money is captured, or the provider can't release it; it is kept"),
    reasons.NOT_LOOKED_AFTER: _("its follow-ups failed"),
    DriftKind.MISSING_THERE.value: _("the provider has no such payment"),
    DriftKind.FOREIGN_SESSION.value: _("the provider's object names another session"),
    DriftKind.CURRENCY.value: _("the currencies differ"),
    DriftKind.AMOUNT.value: _("the provider authorized less than the ledger says"),
    DriftKind.CAPTURE_MISSING_THERE.value: _("the ledger has a capture that the provider doesn't have"),
    DriftKind.RELEASE_MISSING_THERE.value: _("the ledger has a release that the provider doesn't have"),
    DriftKind.REFUND_MISSING_THERE.value: _("the ledger has a refund that the provider doesn't have"),
    DriftKind.REFUND_AMOUNT.value: _("ledger and provider have different amounts for one refund"),
    DriftKind.DISPUTE_MISSING_THERE.value: _("a dispute is stored here that the provider doesn't have"),
    DriftKind.DUPLICATE_OBJECT.value: _("the provider has a second object for this session"),
}

IN_THE_PAYMENTS_CURRENCY = {"withheld_amount", "disputed_amount"}
"""Amounts of a dispute that are in the currency of the payment, not of the dispute."""


def describe(event: Event, site: AdminSite) -> SafeString:
    """Return a description list, empty for an event without data."""
    row = event.operation or event.payment_collection
    return describe_data(event.data, row.currency_code, site)


def describe_data(data: Mapping[str, Any], currency_code: str, site: AdminSite) -> SafeString:
    """Return the data of an event as a description list, empty without data."""
    lines = list(_lines(data, _Writer(site=site, currency_code=currency_code)))
    if not lines:
        return SafeString()
    items = format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", lines)
    return format_html('<dl class="payments-details">{}</dl>', items)


def describe_state(state: str) -> Text:
    """Return the label of a status or state."""
    return WORDS.get(state, state)


def describe_reason(reason: str) -> Text:
    """Return the label of a reason. Return a reason that staff or a provider wrote unchanged."""
    return REASONS.get(reason, reason)


def describe_side(facts: Mapping[str, Any], currency_code: str) -> str:
    """Return the side of the ledger or the provider in a discrepancy. Whole numbers are amounts in minor units."""
    currency_code = facts.get("currency_code", currency_code)
    said = {
        name: display.money(fact, currency_code) if isinstance(fact, int) else describe_state(str(fact))
        for name, fact in facts.items()
        if fact is not None
    }
    return ", ".join(f"{_label(name)} {said[name]}" for name in _in_order(said))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    site: AdminSite
    currency_code: str

    def write(self, name: str, values: Mapping[str, Any]) -> Text:
        value = values.get(name)
        if name in LINKED and value:
            return display.object_link(self.site, LINKED[name], value)
        if name.endswith(("amount", "_minor")) and isinstance(value, int):
            currency_code = values.get("currency_code", self.currency_code)
            return display.money(value, self.currency_code if name in IN_THE_PAYMENTS_CURRENCY else currency_code)
        if name in SIDES and isinstance(value, dict):
            return describe_side(value, self.currency_code)
        if name in MOMENTS and (moment := parse_datetime(str(value))):
            return display.moment(moment)
        if isinstance(value, dict | list):
            return display.json(value)
        return describe_reason(str(value)) if name == "reason" else describe_state(str(value))


def _lines(data: Mapping[str, Any], writer: _Writer) -> Iterator[tuple[Text, Text]]:
    before, after = data.get("before", {}), data.get("after", {})
    for name in _in_order(before | after):
        if not _is_said_elsewhere(name, after):
            yield _label(name), _change(writer.write(name, before), writer.write(name, after))
    for name in _in_order(data):
        if name not in {"before", "after"} and not _is_said_elsewhere(name, data):
            yield _label(name), writer.write(name, data)


def _in_order(values: Mapping[str, Any]) -> list[str]:
    return [name for name in LABELS if name in values] + sorted(values.keys() - LABELS.keys())


def _label(name: str) -> Text:
    return LABELS.get(name, name.replace("_", " "))


def _change(before: Text, after: Text) -> Text:
    return after if before == after else format_html("{} → {}", before, after)


def _is_said_elsewhere(name: str, values: Mapping[str, Any]) -> bool:
    """An amount names its currency; rounding matters only where it took something."""
    return (name == "currency_code" and "amount" in values) or (name == "rounding_remainder" and values[name] == "0")
