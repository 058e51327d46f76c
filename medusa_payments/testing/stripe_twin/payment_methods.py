"""Payment methods. Of a card or a bank account nothing is kept but brand, last digits and a fingerprint."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from medusa_payments.testing.stripe_twin.answers import listed
from medusa_payments.testing.stripe_twin.call import HIDDEN, Call, merged_metadata, new_id
from medusa_payments.testing.stripe_twin.cards import TwinCard, card_of_id, card_of_name, card_of_number, is_card_number
from medusa_payments.testing.stripe_twin.errors import card_error, malformed, missing, refused
from medusa_payments.testing.stripe_twin.method_types import METHOD_TYPES
from medusa_payments.testing.stripe_twin.wire import Document

KIND = "payment_method"

_NO_ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}

_FAILING_IBANS = ("3202", "3001")
"""How the test IBANs end whose debits fail."""


def create(call: Call, params: Document) -> Document:
    """Make a payment method out of what a customer typed in, or of a test token."""
    kind = params.get("type")
    if kind is None:
        raise malformed("Missing required param: type.", code="parameter_missing", param="type")
    if kind not in METHOD_TYPES:
        raise refused(f"The payment method type `{kind}` is not activated on this account.", param="type")
    details, hidden = _DETAILS.get(kind, _no_details)(call, params.get(kind, {}))
    return _saved(call, kind, details, hidden, params)


def retrieve(call: Call, _params: Document, payment_method: str) -> Document:
    return find(call, payment_method)


def update(call: Call, params: Document, payment_method: str) -> Document:
    method = find(call, payment_method)
    method["metadata"] = merged_metadata(method["metadata"], params.get("metadata", {}))
    if "billing_details" in params:
        method["billing_details"] = _billing(params["billing_details"])
    method["allow_redisplay"] = params.get("allow_redisplay", method["allow_redisplay"])
    if method["type"] == "card":
        given = params.get("card", {})
        method["card"] |= {name: given[name] for name in ("exp_month", "exp_year") if name in given}
    call.save(method)
    call.tell("payment_method.updated", method)
    return method


def list_all(call: Call, params: Document) -> Document:
    return _of_customer(call, params, params.get("customer"), url="/v1/payment_methods")


def list_of_customer(call: Call, params: Document, customer: str) -> Document:
    call.living("customer", customer, param="customer")
    return _of_customer(call, params, customer, url=f"/v1/customers/{customer}/payment_methods")


def retrieve_of_customer(call: Call, _params: Document, customer: str, payment_method: str) -> Document:
    call.living("customer", customer, param="customer")
    method = call.get(KIND, payment_method)
    if method["customer"] != customer:
        raise missing(KIND, payment_method)
    return method


def attach(call: Call, params: Document, payment_method: str) -> Document:
    """Save a payment method for a customer. Raises `StripeTwinError` where the bank declines it or another has it."""
    if "customer" not in params:
        raise malformed("Missing required param: customer.", code="parameter_missing", param="customer")
    customer = call.living("customer", params["customer"], param="customer", status=400)["id"]
    method = find(call, payment_method)
    if method["customer"] == customer:
        return method
    if method["customer"]:
        message = "The payment method you provided has already been attached to a customer."
        raise refused(message)
    _check_usable(method)
    check_savable(method)
    return attached(call, method, customer)


def attached(call: Call, method: Document, customer: str) -> Document:
    """Save a payment method for a customer, unless it is that already."""
    if method["customer"] != customer:
        method["customer"] = customer
        call.save(method)
        call.tell("payment_method.attached", method)
    return method


def detach(call: Call, _params: Document, payment_method: str) -> Document:
    """Forget a customer's payment method; it can't be used any more."""
    method = call.get(KIND, payment_method)
    if not method["customer"]:
        raise refused("The payment method you provided is not attached to a customer so detachment is impossible.")
    previous = dict(method)
    method["customer"] = None
    method[HIDDEN]["is_spent"] = True
    call.save(method)
    call.tell("payment_method.detached", method, previous)
    return method


def find(call: Call, payment_method: str, *, param: str = "payment_method", status: int = 404) -> Document:
    """Return a payment method by its id. A test id (`pm_card_visa`) makes a new one."""
    card = card_of_id(payment_method)
    if card is None:
        return call.get(KIND, payment_method, param=param, status=status)
    details = _card_details(card, {"exp_month": 12, "exp_year": 2034})
    return _saved(call, "card", details, {"card": card.name}, {})


def for_intent(call: Call, payment_method: str, customer: str | None) -> Document:
    """Return a payment method to pay with. Raises `StripeTwinError` for one that can't be used by this customer."""
    method = find(call, payment_method, status=400)
    if method["customer"] and method["customer"] != customer:
        message = (
            f"The provided PaymentMethod ({method['id']}) does not belong to the Customer you supplied ({customer})."
            if customer
            else "The provided PaymentMethod was previously attached to a Customer. Supply that Customer to use it."
        )
        raise refused(message, param="payment_method")
    _check_usable(method)
    return method


def card_of(method: Document) -> TwinCard | None:
    """Return which test card a payment method is; None for other kinds, and for a number that is no test card's."""
    name = method[HIDDEN].get("card")
    return card_of_name(name) if name else None


def check_savable(method: Document) -> None:
    card = card_of(method)
    if card is not None and card.decline is not None and not card.is_savable:
        raise card_error(dict(card.decline.told()))


def use_up(call: Call, method: Document) -> None:
    """Let a method that belongs to nobody be used once only. A no-op for a customer's."""
    if not method["customer"]:
        method[HIDDEN]["is_spent"] = True
        call.save(method)


def _check_usable(method: Document) -> None:
    if method[HIDDEN].get("is_spent"):
        message = (
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared "
            "with a connected account without Customer attachment, or was detached from a Customer. It may not be used "
            "again. To use a PaymentMethod multiple times, you must attach it to a Customer first."
        )
        raise refused(message)


def _of_customer(call: Call, params: Document, customer: str | None, *, url: str) -> Document:
    if customer is None:
        raise malformed("Missing required param: customer.", code="parameter_missing", param="customer")
    call.living("customer", customer, param="customer")
    return listed(call, KIND, {**params, "customer": customer}, "customer", "type", url=url)


def _saved(call: Call, kind: str, details: Document, hidden: Document, params: Document) -> Document:
    method = {
        "id": new_id("pm"),
        "object": KIND,
        "allow_redisplay": params.get("allow_redisplay", "unspecified"),
        "billing_details": _billing(params.get("billing_details") or {}),
        "created": call.now,
        "customer": None,
        "customer_account": None,
        "livemode": call.account.is_live,
        "metadata": merged_metadata({}, params.get("metadata", {})),
        "type": kind,
        kind: details,
        HIDDEN: hidden,
    }
    call.save(method)
    return method


def _billing(given: Document) -> Document:
    return {
        "address": {**_NO_ADDRESS, **(given.get("address") or {})},
        "email": given.get("email") or None,
        "name": given.get("name") or None,
        "phone": given.get("phone") or None,
        "tax_id": given.get("tax_id") or None,
    }


def _no_details(_call: Call, _given: Any) -> tuple[Document, Document]:
    return {}, {}


def _card(call: Call, given: Document) -> tuple[Document, Document]:
    card = card_of_id(given["token"]) if "token" in given else card_of_number(given.get("number", ""))
    if card is None and "token" in given:
        raise missing("token", given["token"], param="card[token]", status=400)
    if card is None:
        raise _not_a_test_card(given.get("number", ""))
    return _card_details(card, _expiry(call, given)), {"card": card.name}


def _expiry(call: Call, given: Document) -> Document:
    month, year = int(given.get("exp_month", 12)), int(given.get("exp_year", 2034))
    year = year if year >= 100 else 2000 + year
    if not 1 <= month <= 12:
        message = "Your card's expiration month is invalid."
        raise card_error({"code": "invalid_expiry_month", "param": "exp_month", "message": message})
    today = datetime.fromtimestamp(call.now, UTC)
    if (year, month) < (today.year, today.month):
        message = "Your card's expiration year is invalid."
        raise card_error({"code": "invalid_expiry_year", "param": "exp_year", "message": message})
    return {"exp_month": month, "exp_year": year}


def _not_a_test_card(number: str) -> Exception:
    if not is_card_number(number):
        message = "Your card number is incorrect."
        return card_error({"code": "incorrect_number", "param": "number", "message": message})
    message = "Your card was declined. Your request was in test mode, but used a non test card."
    return card_error({"code": "card_declined", "decline_code": "test_mode_live_card", "message": message})


def _card_details(card: TwinCard, expiry: Document) -> Document:
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "unchecked"},
        "country": "US",
        "display_brand": card.brand,
        **expiry,
        "fingerprint": _fingerprint(card.name),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "regulated_status": "unregulated",
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _sepa_debit(_call: Call, given: Document) -> tuple[Document, Document]:
    iban = given.get("iban", "").replace(" ", "")
    if len(iban) < 15:
        raise refused("The IBAN you entered is incomplete.", code="invalid_iban", param="sepa_debit[iban]")
    details = {
        "bank_code": iban[4:12],
        "branch_code": None,
        "country": iban[:2],
        "fingerprint": _fingerprint(iban),
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": iban[-4:],
    }
    return details, {"fails": iban.endswith(_FAILING_IBANS)}


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(f"stripe twin {secret}".encode()).hexdigest()[:16]


_DETAILS = {"card": _card, "sepa_debit": _sepa_debit}
