"""Disputes: https://docs.stripe.com/disputes/how-disputes-work ."""

from medusa_payments.testing.stripe_twin import payment_methods
from medusa_payments.testing.stripe_twin.answers import listed
from medusa_payments.testing.stripe_twin.call import HIDDEN, Call, merged_metadata, new_id
from medusa_payments.testing.stripe_twin.errors import refused
from medusa_payments.testing.stripe_twin.wire import Document

KIND = "dispute"

_ANSWER_SECONDS = 7 * 24 * 60 * 60

_OPEN = ("needs_response", "under_review", "appeal_needs_response", "appeal_under_review")
"""In which the bank has the money, and may give it back."""


def retrieve(call: Call, _params: Document, dispute: str) -> Document:
    return call.get(KIND, dispute)


def list_all(call: Call, params: Document) -> Document:
    return listed(call, KIND, params, "charge", "payment_intent", url="/v1/disputes")


def update(call: Call, params: Document, dispute: str) -> Document:
    """Answer a dispute; with `submit` (as by default) the bank looks at it."""
    found = call.get(KIND, dispute)
    found["metadata"] = merged_metadata(found["metadata"], params.get("metadata", {}))
    if "evidence" in params:
        found["evidence"].update(params["evidence"] or {})
        found["evidence_details"]["has_evidence"] = True
    if params.get("submit", "evidence" in params):
        submit(call, found)
    call.save(found)
    call.tell("charge.dispute.updated", found)
    return found


def close(call: Call, _params: Document, dispute: str) -> Document:
    """Give a dispute up."""
    found = call.get(KIND, dispute)
    if found["status"] not in {"needs_response", "warning_needs_response"}:
        raise refused("This dispute is already closed.")
    conclude(call, found, "lost")
    return found


def submit(_call: Call, dispute: Document) -> None:
    """Hand the evidence in; what was to be answered is under review."""
    dispute["status"] = dispute["status"].replace("needs_response", "under_review")
    dispute["evidence_details"]["submission_count"] += 1
    dispute["evidence_details"]["submission_method"] = "manual"


def dispute_if_card_says_so(call: Call, charge: Document) -> None:
    """Dispute a captured charge, once, when it was paid with the test card for it."""
    card = payment_methods.card_of(call.get("payment_method", charge["payment_method"]))
    if card is not None and card.dispute_reason and not charge["disputed"]:
        begin(call, charge, charge["amount_captured"], reason=card.dispute_reason, is_inquiry=card.is_inquiry)


def begin(call: Call, charge: Document, amount: int, *, reason: str, is_inquiry: bool) -> Document:
    """The customer disputes a charge at the bank. Unless it only asks, the bank takes the money back for now."""
    dispute = {
        "id": new_id("du"),
        "object": KIND,
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": call.now + _ANSWER_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": is_inquiry,
        "livemode": call.account.is_live,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"card": {"brand": "visa", "case_type": "chargeback"}, "type": "card"},
        "reason": reason,
        "status": "warning_needs_response" if is_inquiry else "needs_response",
    }
    charge["disputed"] = True
    charge[HIDDEN]["is_refundable"] = is_inquiry
    call.save(charge)
    call.save(dispute)
    call.tell("charge.dispute.created", dispute)
    if not is_inquiry:
        move_funds(call, dispute, "withdrawn")
    return dispute


def move_funds(call: Call, dispute: Document, direction: str) -> None:
    """Take the disputed money from the merchant (`withdrawn`), or give it back (`reinstated`)."""
    amount = dispute["amount"] if direction == "reinstated" else -dispute["amount"]
    transaction = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "created": call.now,
        "currency": dispute["currency"],
        "net": amount,
        "source": dispute["id"],
        "type": "adjustment",
    }
    dispute["balance_transactions"].append(transaction)
    call.save(dispute)
    call.tell(f"charge.dispute.funds_{direction}", dispute)


def conclude(call: Call, dispute: Document, status: str) -> None:
    """The bank decides: `won`, `lost`, or (an inquiry that came to nothing) `warning_closed`."""
    had_funds = dispute["status"] in _OPEN
    dispute.update(status=status, is_charge_refundable=status == "warning_closed")
    call.save(dispute)
    call.tell("charge.dispute.closed", dispute)
    if status == "won" and had_funds:
        move_funds(call, dispute, "reinstated")


def appeal(call: Call, dispute: Document) -> None:
    """Take up a dispute that was lost. Raises `StripeTwinError` for any other."""
    if dispute["status"] != "lost":
        raise refused("Only a dispute that was lost can be appealed.")
    dispute["status"] = "appeal_needs_response"
    dispute["evidence_details"]["due_by"] = call.now + _ANSWER_SECONDS
    call.save(dispute)
    call.tell("charge.dispute.updated", dispute)


def escalate(call: Call, dispute: Document) -> None:
    """Make a dispute of an inquiry: the bank takes the money back for now. A no-op for a dispute."""
    if not dispute["status"].startswith("warning_"):
        return
    dispute.update(status="needs_response", is_charge_refundable=False)
    charge = call.get("charge", dispute["charge"])
    charge[HIDDEN]["is_refundable"] = False
    call.save(charge)
    call.save(dispute)
    call.tell("charge.dispute.updated", dispute)
    move_funds(call, dispute, "withdrawn")
