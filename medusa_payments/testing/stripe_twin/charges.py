"""Charges: what was really taken, or is held, by a payment intent."""

from medusa_payments.testing.stripe_twin import payment_methods, transactions
from medusa_payments.testing.stripe_twin.answers import listed
from medusa_payments.testing.stripe_twin.call import HIDDEN, Call, merged_metadata, new_id
from medusa_payments.testing.stripe_twin.cards import Decline
from medusa_payments.testing.stripe_twin.wire import Document

KIND = "charge"

AUTHORIZATION_SECONDS = 7 * 24 * 60 * 60
"""How long a card's authorization is held: https://docs.stripe.com/payments/place-a-hold-on-a-payment-method ."""

_NO_ADVICE = {"advice_code": None, "network_advice_code": None, "network_decline_code": None}

_MULTICAPTURE_BRANDS = frozenset({"amex", "discover", "mastercard", "visa"})
"""https://docs.stripe.com/payments/multicapture: with Cartes Bancaires, which have no test card here."""


def retrieve(call: Call, _params: Document, charge: str) -> Document:
    return call.get(KIND, charge)


def list_all(call: Call, params: Document) -> Document:
    return listed(call, KIND, params, "customer", "payment_intent", url="/v1/charges")


def update(call: Call, params: Document, charge: str) -> Document:
    found = call.get(KIND, charge)
    found["metadata"] = merged_metadata(found["metadata"], params.get("metadata", {}))
    found["description"] = params.get("description", found["description"]) or None
    call.save(found)
    call.tell("charge.updated", found)
    return found


def succeed(call: Call, intent: Document, method: Document, *, is_captured: bool) -> Document:
    """Charge an intent's whole amount, or hold it."""
    charge = _new(call, intent, method) | {
        "amount_captured": intent["amount"] if is_captured else 0,
        "captured": is_captured,
        "paid": True,
        "status": "succeeded",
    }
    charge["outcome"] = {
        **_NO_ADVICE,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": "normal",
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if is_captured:
        book(call, charge, charge["amount"])
    _hold(call, intent, charge, method)
    call.save(charge)
    call.tell("charge.succeeded", charge)
    return charge


def wait(call: Call, intent: Document, method: Document) -> Document:
    """Begin a charge that the bank decides about later."""
    charge = _new(call, intent, method) | {"status": "pending", "captured": True}
    call.save(charge)
    call.tell("charge.pending", charge)
    return charge


def settle(call: Call, charge: Document) -> None:
    """The bank has paid a charge that was waiting."""
    charge.update(amount_captured=charge["amount"], paid=True, status="succeeded")
    book(call, charge, charge["amount"])
    call.save(charge)
    call.tell("charge.succeeded", charge)


def book(call: Call, charge: Document, amount: int) -> None:
    """Put what was captured on the merchant's balance: one transaction, however many parts. A no-op for nothing."""
    if amount and charge["balance_transaction"]:
        transactions.add(call, charge["balance_transaction"], amount)
    elif amount:
        charge["balance_transaction"] = transactions.record(call, charge, amount, kind="charge")


def fail(call: Call, charge: Document, decline: Decline) -> None:
    """The bank has declined."""
    charge.update(status="failed", paid=False, captured=False, failure_code=decline.code)
    charge["failure_message"] = decline.message
    charge["outcome"] = {
        "advice_code": decline.advice_code,
        "network_advice_code": decline.network_advice_code,
        "network_decline_code": decline.network_decline_code,
        "network_status": "declined_by_network",
        "reason": decline.decline_code or decline.code,
        "risk_level": "normal",
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }
    call.save(charge)
    call.tell("charge.failed", charge)


def decline(call: Call, intent: Document, method: Document, why: Decline) -> Document:
    """Try to charge an intent in vain."""
    charge = _new(call, intent, method)
    fail(call, charge, why)
    return charge


def _new(call: Call, intent: Document, method: Document) -> Document:
    return {
        "id": new_id("ch"),
        "object": KIND,
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "STRIPE TWIN",
        "captured": False,
        "created": call.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": call.account.is_live,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _details(method),
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "pending",
        "transfer_data": None,
        "transfer_group": None,
        HIDDEN: {"released": 0},
    }


def _details(method: Document) -> Document:
    kind = method["type"]
    details = dict(method[kind])
    if kind == "card":
        for name in ("display_brand", "generated_from", "networks", "three_d_secure_usage"):
            details.pop(name, None)
        details |= {
            "amount_authorized": None,
            "authorization_code": None,
            "extended_authorization": {"status": "disabled"},
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "mandate": None,
            "multicapture": {"status": "unavailable"},
            "network": details["brand"],
            "network_token": {"used": False},
            "overcapture": {"maximum_amount_capturable": None, "status": "unavailable"},
            "three_d_secure": None,
        }
    return {"type": kind, kind: details}


def _hold(call: Call, intent: Document, charge: Document, method: Document) -> None:
    details = charge["payment_method_details"][method["type"]]
    if method["type"] == "card":
        details["amount_authorized"] = charge["amount"]
        details["overcapture"]["maximum_amount_capturable"] = charge["amount"]
    if charge["captured"]:
        return
    details["capture_before"] = call.now + AUTHORIZATION_SECONDS
    call.schedule("expire_authorization", intent["id"], seconds=AUTHORIZATION_SECONDS)
    if _wants_multicapture(intent) and call.account.has_multicapture:
        card = payment_methods.card_of(method)
        if card is not None and card.brand in _MULTICAPTURE_BRANDS:
            details["multicapture"] = {"status": "available"}


def _wants_multicapture(intent: Document) -> bool:
    options = intent["payment_method_options"].get("card", {})
    return bool(options.get("request_multicapture") == "if_available")
