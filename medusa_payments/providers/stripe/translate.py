"""Stripe's objects, read: plain dictionaries in, our vocabulary out. The only place that knows what of them is kept."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from medusa_payments.money import Money
from medusa_payments.providers.errors import ProviderOutcomeUnknown
from medusa_payments.providers.facts import (
    CaptureFact,
    DisputeFact,
    DisputeState,
    PaymentSnapshot,
    RefundFact,
    RefundState,
)
from medusa_payments.providers.stripe.amounts import AmountNotRepresentable, from_stripe
from medusa_payments.providers.types import SessionResult
from medusa_payments.states import SessionStatus

SESSION_ID = "session_id"
COLLECTION_ID = "payment_collection_id"
ENVIRONMENT = "environment"
OPERATION_ID = "operation_id"
"""Our keys in the metadata of Stripe's objects; the first is Medusa's."""

_RAN_OUT = "expired"
"""Why an intent is canceled whose authorization ran out, whatever became of its charge."""

_CAPTURED = "captured "
"""How the value of a metadata key that is an operation's id begins; the amount in Stripe's units follows."""

PUBLIC_DATA_KEYS = frozenset({"id", "client_secret", "status", "publishable_key"})
"""What the customer's browser needs to go on with stripe.js. All else it may ask Stripe for, with the client secret."""

_KEPT = (
    "id",
    "object",
    "client_secret",
    "status",
    "created",
    "livemode",
    "customer",
    "capture_method",
    "cancellation_reason",
)

_KEPT_OF_ERROR = ("type", "code", "decline_code", "advice_code")

_STATUSES = {
    "requires_payment_method": SessionStatus.PENDING,
    "requires_confirmation": SessionStatus.PENDING,
    "requires_action": SessionStatus.REQUIRES_MORE,
    "processing": SessionStatus.PENDING,
    "requires_capture": SessionStatus.AUTHORIZED,
    "succeeded": SessionStatus.CAPTURED,
    "canceled": SessionStatus.CANCELED,
}

_PAPERS = frozenset(
    {
        "oxxo_display_details",
        "boleto_display_details",
        "konbini_display_details",
        "multibanco_display_details",
        "display_bank_transfer_instructions",
    }
)
"""Next actions that are a slip to pay elsewhere: the customer is done in the shop."""

_REFUND_STATES = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}

_DISPUTE_STATES = {
    "warning_needs_response": DisputeState.INQUIRY,
    "warning_under_review": DisputeState.INQUIRY,
    "warning_closed": DisputeState.CLOSED,
    "needs_response": DisputeState.NEEDS_RESPONSE,
    "under_review": DisputeState.UNDER_REVIEW,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    "prevented": DisputeState.CLOSED,
    "appeal_needs_response": DisputeState.NEEDS_RESPONSE,
    "appeal_under_review": DisputeState.UNDER_REVIEW,
}
"""An appeal takes up a dispute that was lost; the money stays with the customer meanwhile."""

_NOTHING_DUE = frozenset({"warning_under_review", "appeal_under_review"})
"""In which a dispute may still show until when it could be answered, and nothing is awaited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a payment intent holds, in Stripe's units."""

    captured: int
    released: int


def captured_metadata(operation_id: str, amount: int) -> dict[str, str]:
    """Return the metadata that a capture leaves on its payment intent: an entry of its own for each."""
    return {operation_id: f"{_CAPTURED}{amount}"}


def captured_under(intent: Mapping[str, Any], operation_id: str) -> int | None:
    """Return what an operation captured (Stripe's units); None when nothing was."""
    return _captures_by_operation(intent).get(operation_id)


def session_status(intent: Mapping[str, Any], deferred: Collection[str] = ()) -> SessionStatus:
    """Return a payment intent's status as ours. `deferred`: payment method types whose outcome comes days later.

    A status that Stripe invents later is pending: nothing is known to be held.
    """
    status = intent["status"]
    if status == "requires_payment_method" and intent.get("last_payment_error"):
        return SessionStatus.ERROR
    if payment_method_type(intent) in deferred and _is_done_by_the_customer(intent):
        return SessionStatus.PENDING_AUTHORIZATION
    if status == "requires_capture" and intent["amount_received"] >= intent["amount"]:
        return SessionStatus.CAPTURED
    return _STATUSES.get(status, SessionStatus.PENDING)


def totals(intent: Mapping[str, Any]) -> Totals:
    """Return what a payment intent has captured and given back over its whole life."""
    captured: int = intent["amount_received"]
    is_over = intent["status"] in {"succeeded", "canceled"}
    was_held = (
        captured > 0
        or (_charge(intent) or {}).get("status") == "succeeded"
        or intent.get("cancellation_reason") == _RAN_OUT
    )
    return Totals(captured=captured, released=max(intent["amount"] - captured, 0) if is_over and was_held else 0)


def session_result(
    intent: Mapping[str, Any], *, deferred: Collection[str] = (), publishable_key: str = ""
) -> SessionResult:
    """Return a payment intent as the answer to initiate, update or authorize."""
    status = session_status(intent, deferred)
    is_captured = status is SessionStatus.CAPTURED
    return SessionResult(
        provider_ref=intent["id"],
        status=status,
        money=money(intent["amount"], intent),
        captured=money(intent["amount_received"], intent) if is_captured else None,
        capture_before=capture_before(intent),
        data=kept(intent, publishable_key),
    )


def snapshot(
    intent: Mapping[str, Any],
    *,
    refunds: Iterable[Mapping[str, Any]],
    disputes: Iterable[Mapping[str, Any]],
    deferred: Collection[str] = (),
    publishable_key: str = "",
) -> PaymentSnapshot:
    """Return a payment intent with all that happened to it."""
    held = totals(intent)
    return PaymentSnapshot(
        provider_ref=intent["id"],
        session_id=(intent.get("metadata") or {}).get(SESSION_ID),
        status=session_status(intent, deferred),
        money=money(intent["amount"], intent),
        captured=money(held.captured, intent),
        released=money(held.released, intent),
        captures=_capture_facts(intent),
        refunds=tuple(_refund_fact(refund) for refund in refunds if not _is_a_release(refund, held)),
        disputes=tuple(_dispute_fact(dispute) for dispute in disputes),
        capture_before=capture_before(intent),
        is_live=intent["livemode"],
        data=kept(intent, publishable_key),
    )


def kept(intent: Mapping[str, Any], publishable_key: str = "") -> dict[str, Any]:
    """Return what is stored of a payment intent: nothing about a person, of a card its brand and last digits."""
    found = {key: intent[key] for key in _KEPT if intent.get(key) is not None}
    method = intent.get("payment_method")
    if isinstance(method, Mapping):
        found["payment_method"] = {"id": method["id"], "type": method["type"]} | _card(method)
    charge = _charge(intent)
    if charge is not None:
        found["latest_charge"] = charge["id"]
    error = intent.get("last_payment_error")
    if error:
        found["last_payment_error"] = {key: error[key] for key in _KEPT_OF_ERROR if error.get(key)}
    if publishable_key:
        found["publishable_key"] = publishable_key
    return found


def payment_method_type(intent: Mapping[str, Any]) -> str:
    """Return the type of the payment method that is being paid with; "" when none is chosen, or it isn't expanded."""
    method = intent.get("payment_method")
    return str(method["type"]) if isinstance(method, Mapping) else ""


def capture_before(intent: Mapping[str, Any]) -> datetime | None:
    """Return when an authorization runs out, where Stripe tells."""
    details = (_charge(intent) or {}).get("payment_method_details") or {}
    moment = (details.get("card") or {}).get("capture_before")
    return at(moment) if moment and intent["status"] == "requires_capture" else None


def refund_state(refund: Mapping[str, Any]) -> RefundState:
    """Return where a refund stands; a status that Stripe invents later is pending."""
    return _REFUND_STATES.get(refund["status"], RefundState.PENDING)


def money(amount: int, intent: Mapping[str, Any]) -> Money:
    """Return an amount of Stripe's as money. Raises `ProviderOutcomeUnknown` for one that can't be."""
    try:
        return from_stripe(amount, intent["currency"])
    except AmountNotRepresentable as error:
        raise ProviderOutcomeUnknown(str(error)) from error


def at(seconds: int) -> datetime:
    """Return a moment of Stripe's."""
    return datetime.fromtimestamp(seconds, UTC)


def _is_done_by_the_customer(intent: Mapping[str, Any]) -> bool:
    action = (intent.get("next_action") or {}).get("type")
    return intent["status"] == "processing" or (intent["status"] == "requires_action" and action in _PAPERS)


def _charge(intent: Mapping[str, Any]) -> Mapping[str, Any] | None:
    charge = intent.get("latest_charge")
    return charge if isinstance(charge, Mapping) else None


def _card(method: Mapping[str, Any]) -> dict[str, Any]:
    card = method.get("card")
    return {"card": {"brand": card["brand"], "last4": card["last4"]}} if card else {}


def _captures_by_operation(intent: Mapping[str, Any]) -> dict[str, int]:
    """A trace of more than was captured in all is of a capture that failed, or isn't ours."""
    metadata: Mapping[str, str] = intent.get("metadata") or {}
    texts = {key: value.removeprefix(_CAPTURED) for key, value in metadata.items() if value.startswith(_CAPTURED)}
    amounts = {key: int(text) for key, text in texts.items() if text.isascii() and text.isdigit()}
    return {key: amount for key, amount in amounts.items() if amount <= intent["amount_received"]}


def _capture_facts(intent: Mapping[str, Any]) -> tuple[CaptureFact, ...]:
    captured = _captures_by_operation(intent).items()
    return tuple(CaptureFact(money=money(amount, intent), idempotency_key=operation) for operation, amount in captured)


def _is_a_release(refund: Mapping[str, Any], held: Totals) -> bool:
    """Until 2025-03-31 what was authorized and never captured was given back as a refund, one that moved no balance: in
    payments of that time, and where the account's own version is as old and something ended without us.
    """
    is_ours = OPERATION_ID in (refund.get("metadata") or {})
    moved_nothing = refund["status"] == "succeeded" and refund.get("balance_transaction") is None
    return moved_nothing and not is_ours and 0 < refund["amount"] <= held.released


def _refund_fact(refund: Mapping[str, Any]) -> RefundFact:
    return RefundFact(
        money=money(refund["amount"], refund),
        refund_ref=refund["id"],
        state=refund_state(refund),
        idempotency_key=(refund.get("metadata") or {}).get(OPERATION_ID),
        reason=refund.get("failure_reason") or "",
    )


def _dispute_fact(dispute: Mapping[str, Any]) -> DisputeFact:
    due_by = (dispute.get("evidence_details") or {}).get("due_by")
    return DisputeFact(
        money=money(dispute["amount"], dispute),
        dispute_ref=dispute["id"],
        state=_DISPUTE_STATES.get(dispute["status"], DisputeState.NEEDS_RESPONSE),
        reason=dispute.get("reason") or "",
        evidence_due_by=at(due_by) if due_by and dispute["status"] not in _NOTHING_DUE else None,
        opened_at=at(dispute["created"]),
    )
