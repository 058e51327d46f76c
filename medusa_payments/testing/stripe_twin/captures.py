"""Capturing what is authorized, and giving back what isn't captured.

What is given back is no refund, and the charge doesn't count it:
https://docs.stripe.com/changelog/basil/2025-03-31/remove-refund-from-partial-capture-and-payment-cancellation-flow .
See also https://docs.stripe.com/payments/place-a-hold-on-a-payment-method and
https://docs.stripe.com/payments/multicapture .
"""

from medusa_payments.testing.stripe_twin import amounts, charges, disputes
from medusa_payments.testing.stripe_twin.call import HIDDEN, Call, merged_metadata, shown
from medusa_payments.testing.stripe_twin.errors import StripeTwinError, refused, unexpected_state
from medusa_payments.testing.stripe_twin.wire import Document

KIND = "payment_intent"

EXPIRED = "expired"
"""Why an intent is canceled whose authorization ran out."""

_CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing")


def capture(call: Call, params: Document, intent: str) -> Document:
    """Take an amount of what is authorized. Without `final_capture=false` the rest is given back."""
    found = call.get(KIND, intent, param="intent")
    if found["status"] != "requires_capture":
        raise _not_capturable(found)
    charge = call.get("charge", found["latest_charge"])
    is_final = params.get("final_capture", True)
    _check_multicapture(charge, params)
    amount = int({"amount_to_capture": found["amount_capturable"], **params}["amount_to_capture"])
    _check_amount(found, charge, amount, is_final=is_final)
    found["metadata"] = merged_metadata(found["metadata"], params.get("metadata", {}))
    take(call, found, charge, amount, is_final=is_final)
    return found


def take(call: Call, intent: Document, charge: Document, amount: int, *, is_final: bool) -> None:
    """Capture an amount that was checked. Capturing nothing, finally, is giving back what is left."""
    if amount:
        call.enter("capture", intent, amount)
    else:
        call.enter("cancel", intent, intent["amount_capturable"])
    intent["amount_capturable"] -= amount
    intent["amount_received"] += amount
    charge["amount_captured"] += amount
    charges.book(call, charge, amount)
    is_over = is_final or not intent["amount_capturable"]
    if is_over:
        _finish(intent, charge)
    call.save(charge)
    call.save(intent)
    if is_over:
        call.tell("charge.captured", charge)
    if _has_multicapture(charge):
        call.tell("charge.updated", charge)
        call.tell("payment_intent.amount_capturable_updated", intent)
    if is_over:
        call.tell("payment_intent.succeeded", intent)
    disputes.dispute_if_card_says_so(call, charge)


def cancel(call: Call, params: Document, intent: str) -> Document:
    """Give a payment up; what is authorized and not captured is given back."""
    found = call.get(KIND, intent, param="intent")
    if found["status"] not in _CANCELABLE:
        raise unexpected_state(
            f"You cannot cancel this PaymentIntent because it has a status of {found['status']}. Only a PaymentIntent "
            f"with one of the following statuses may be canceled: {', '.join(_CANCELABLE)}.",
            shown(found),
        )
    give_up(call, found, reason=params.get("cancellation_reason"))
    return found


def give_up(call: Call, intent: Document, *, reason: str | None) -> None:
    """Cancel an intent whatever its status."""
    released = intent["amount_capturable"]
    charge = call.get("charge", intent["latest_charge"]) if released else None
    if charge is not None:
        _release(intent, charge)
        charge["captured"] = charge["amount_captured"] > 0
        call.save(charge)
    intent.update(status="canceled", canceled_at=call.now, cancellation_reason=reason, next_action=None)
    call.save(intent)
    call.enter("cancel", intent, released)
    if charge is not None and reason == EXPIRED:
        call.tell("charge.expired", charge)
    call.tell("payment_intent.canceled", intent)


def expire(call: Call, intent: Document) -> None:
    """The customer's bank holds the money no longer. A no-op for what isn't held."""
    if intent["status"] != "requires_capture":
        return
    if not intent["amount_received"]:
        give_up(call, intent, reason=EXPIRED)
        return
    charge = call.get("charge", intent["latest_charge"])
    call.enter("cancel", intent, intent["amount_capturable"])
    _finish(intent, charge)
    call.save(charge)
    call.save(intent)
    call.tell("charge.updated", charge)
    call.tell("payment_intent.succeeded", intent)


def _finish(intent: Document, charge: Document) -> None:
    """Nothing more will be captured."""
    _release(intent, charge)
    charge["captured"] = True
    intent["status"] = "succeeded"


def _release(intent: Document, charge: Document) -> None:
    """Give back what is authorized and not captured."""
    charge[HIDDEN]["released"] += intent["amount_capturable"]
    intent["amount_capturable"] = 0


def _check_multicapture(charge: Document, params: Document) -> None:
    if "final_capture" not in params:
        return
    if not _has_multicapture(charge):
        message = "This PaymentIntent does not support multicapture; final_capture can't be set."
        raise refused(message, param="final_capture")


def _has_multicapture(charge: Document) -> bool:
    details = charge["payment_method_details"].get("card", {})
    return bool(details.get("multicapture", {}).get("status") == "available")


def _check_amount(intent: Document, charge: Document, amount: int, *, is_final: bool) -> None:
    is_release = amount == 0 and is_final and charge["amount_captured"]
    if not is_release:
        amounts.check_positive(amount, param="amount_to_capture")
        amounts.check_step(amount, intent["currency"], param="amount_to_capture")
    if amount > intent["amount_capturable"]:
        message = (
            f"The amount to capture, {amount}, is greater than the amount that can be captured, "
            f"{intent['amount_capturable']}."
        )
        raise refused(message, code="amount_too_large", param="amount_to_capture")


def _not_capturable(intent: Document) -> StripeTwinError:
    if intent["status"] == "succeeded":
        message = "This PaymentIntent could not be captured because it has already been captured."
    else:
        message = (
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a "
            "PaymentIntent with one of the following statuses may be captured: requires_capture."
        )
    return unexpected_state(message, shown(intent))
