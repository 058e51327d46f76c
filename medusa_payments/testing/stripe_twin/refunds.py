"""Refunds of what was captured."""

from medusa_payments.testing.stripe_twin import amounts, payment_methods, transactions
from medusa_payments.testing.stripe_twin.answers import listed
from medusa_payments.testing.stripe_twin.call import HIDDEN, Call, merged_metadata, new_id
from medusa_payments.testing.stripe_twin.errors import malformed, refused
from medusa_payments.testing.stripe_twin.wire import Document

KIND = "refund"

DECIDED_SECONDS = "refund_seconds"
"""After how long a refund that doesn't succeed at once is decided."""

_ONE_HOUR = 60 * 60


def create(call: Call, params: Document) -> Document:
    """Return captured money. Raises `StripeTwinError` for more than there is."""
    charge = _charge(call, params)
    if charge["disputed"] and not charge[HIDDEN].get("is_refundable", True):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise refused(message, code="charge_disputed", charge=charge["id"])
    left = refundable(charge)
    if not left:
        message = f"Charge {charge['id']} has already been refunded."
        raise refused(message, code="charge_already_refunded", charge=charge["id"])
    amount = params.get("amount", left)
    amounts.check_positive(amount, param="amount")
    amounts.check_step(amount, charge["currency"], param="amount")
    if amount > left:
        of_what = "unrefunded amount on charge" if charge["amount_refunded"] else "charge amount"
        asked, there_is = (amounts.written(each, charge["currency"]) for each in (amount, left))
        message = f"Refund amount ({asked}) is greater than {of_what} ({there_is})"
        raise refused(message, param="amount")
    return make(call, charge, amount, params)


def make(call: Call, charge: Document, amount: int, params: Document) -> Document:
    """Make a refund of an amount that was checked."""
    method = call.get("payment_method", charge["payment_method"])
    card = payment_methods.card_of(method)
    later = card.refund if card is not None else "succeeds"
    refund = _new(call, charge, amount) | {
        "metadata": merged_metadata({}, params.get("metadata", {})),
        "reason": params.get("reason"),
        "status": "pending" if later == "succeeds_later" else "succeeded",
    }
    if refund["status"] == "pending":
        refund["pending_reason"] = "processing"
    if later != "succeeds":
        change = "fail_refund" if later == "fails_later" else "settle_refund"
        call.schedule(change, refund["id"], seconds=float(call.books.setting(DECIDED_SECONDS, str(_ONE_HOUR))))
    refund["balance_transaction"] = transactions.record(call, refund, -amount, kind="refund")
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    call.save(refund)
    call.save(charge)
    call.enter("refund", call.get("payment_intent", charge["payment_intent"]), amount)
    call.tell("refund.created", refund)
    call.tell("charge.refunded", charge)
    return refund


def retrieve(call: Call, _params: Document, refund: str) -> Document:
    return call.get(KIND, refund)


def update(call: Call, params: Document, refund: str) -> Document:
    found = call.get(KIND, refund)
    found["metadata"] = merged_metadata(found["metadata"], params.get("metadata", {}))
    call.save(found)
    call.tell("refund.updated", found)
    return found


def list_all(call: Call, params: Document) -> Document:
    return listed(call, KIND, params, "charge", "payment_intent", url="/v1/refunds")


def settle(call: Call, refund: Document) -> None:
    """The bank has paid a refund out. A no-op unless it was pending."""
    if refund["status"] != "pending":
        return
    refund["status"] = "succeeded"
    refund.pop("pending_reason", None)
    call.save(refund)
    _tell_update(call, refund)


def fail(call: Call, refund: Document) -> None:
    """The bank has sent a refund back, even one that had succeeded; its money is the merchant's again."""
    if refund["status"] == "failed":
        return
    refund.update(
        status="failed",
        failure_reason="unknown",
        failure_balance_transaction=transactions.record(call, refund, refund["amount"], kind="refund_failure"),
    )
    call.save(refund)
    charge = call.get("charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    call.save(charge)
    _tell_update(call, refund)
    call.tell("refund.failed", refund)


def refundable(charge: Document) -> int:
    """Return what of a charge was captured and not refunded yet."""
    return int(charge["amount_captured"] - charge["amount_refunded"])


def _charge(call: Call, params: Document) -> Document:
    if "charge" in params:
        charge = call.get("charge", params["charge"], param="charge")
        if not charge["amount_captured"] or charge["status"] != "succeeded":
            raise refused(f"Charge {charge['id']} can't be refunded.", param="charge")
        return charge
    if "payment_intent" not in params:
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise malformed(message, code="parameter_missing", param="payment_intent")
    intent = call.get("payment_intent", params["payment_intent"], param="payment_intent")
    if not intent["amount_received"]:
        message = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        raise refused(message, param="payment_intent")
    return call.get("charge", intent["latest_charge"])


def _new(call: Call, charge: Document, amount: int) -> Document:
    return {
        "id": new_id("re"),
        "object": KIND,
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def _tell_update(call: Call, refund: Document) -> None:
    call.tell("refund.updated", refund)
    call.tell("charge.refund.updated", refund)
