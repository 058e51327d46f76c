"""Payment intents: how they begin, change and are found."""

import re
from typing import Any

from medusa_payments.testing.stripe_twin import amounts, attempts, payment_methods
from medusa_payments.testing.stripe_twin.answers import listed
from medusa_payments.testing.stripe_twin.call import HIDDEN, Call, merged_metadata, new_id, shown
from medusa_payments.testing.stripe_twin.errors import malformed, refused, unexpected_state
from medusa_payments.testing.stripe_twin.intent_types import chosen_types
from medusa_payments.testing.stripe_twin.wire import Document

KIND = "payment_intent"

SEARCH_LAG = "search_lag_seconds"
"""How long a new intent can't be found by a search: https://docs.stripe.com/search#data-freshness ."""

_UPDATABLE = ("requires_payment_method", "requires_confirmation", "requires_action")

_ONLY_WITH_CONFIRM = ("error_on_requires_action", "mandate", "mandate_data", "off_session", "return_url")

_PLAIN = (
    "capture_method",
    "description",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)

_MONEY = ("amount", "currency")

_METHOD = ("payment_method", "payment_method_data")

_METADATA_QUERY = re.compile(r"""metadata\[(["'])(?P<name>[^"']+)\1\]\s*:\s*(["'])(?P<value>[^"']*)\3""")


def create(call: Call, params: Document) -> Document:
    """Begin a payment, and confirm it when asked to."""
    if not params.get("confirm"):
        for name in _ONLY_WITH_CONFIRM:
            if name in params:
                raise refused(f"The parameter {name} can only be used with confirm=true.", param=name)
    intent = _new(call, params)
    _write(call, intent, params)
    call.save(intent)
    call.tell("payment_intent.created", intent)
    call.enter("initiate", intent, intent["amount"])
    if params.get("confirm"):
        # The method is on the intent already.
        rest = {name: value for name, value in params.items() if name not in _METHOD}
        return attempts.confirm_intent(call, intent, rest, is_in_browser=False)
    return intent


def retrieve(call: Call, _params: Document, intent: str) -> Document:
    return call.get(KIND, intent, param="intent")


def update(call: Call, params: Document, intent: str) -> Document:
    """Change a payment that wasn't made yet. What isn't about money can be changed at any time."""
    found = call.get(KIND, intent, param="intent")
    if found["status"] not in _UPDATABLE:
        for name in (*_MONEY, "capture_method", "payment_method", "payment_method_data", "customer"):
            if name in params and params[name] != found.get(name):
                raise _not_updatable(name, found)
    _write(call, found, params)
    if found["status"] in _UPDATABLE:
        _step_back(found)
    call.save(found)
    if "amount" in params:
        call.enter("update", found, found["amount"])
    return found


def list_all(call: Call, params: Document) -> Document:
    return listed(call, KIND, params, "customer", url="/v1/payment_intents")


def search(call: Call, params: Document) -> Document:
    """Find intents by one piece of metadata. Very new ones aren't found yet, as at Stripe."""
    query = _METADATA_QUERY.fullmatch(params["query"].strip())
    if query is None:
        raise malformed("The twin only searches for metadata['name']:'value'.", param="query")
    newest = call.now - float(call.books.setting(SEARCH_LAG, "60"))
    data = [
        intent
        for intent in reversed(call.find(KIND))
        if intent["metadata"].get(query["name"]) == query["value"] and intent["created"] <= newest
    ]
    limit = params.get("limit", 10)
    return {
        "object": "search_result",
        "data": data[:limit],
        "has_more": len(data) > limit,
        "next_page": None,
        "url": "/v1/payment_intents/search",
    }


def _new(call: Call, params: Document) -> Document:
    intent_id = new_id("pi")
    return {
        "id": intent_id,
        "object": KIND,
        "allowed_payment_method_types": None,
        "amount": 0,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{new_id('')[1:]}",
        "confirmation_method": params.get("confirmation_method", "automatic"),
        "created": call.now,
        "currency": "",
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": call.account.is_live,
        "managed_payments": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": [],
        "payment_record": None,
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        HIDDEN: {},
    }


def _write(call: Call, intent: Document, params: Document) -> None:
    intent.update({name: params[name] or None for name in _PLAIN if name in params})
    intent["metadata"] = merged_metadata(intent["metadata"], params.get("metadata", {}))
    if "customer" in params:
        intent["customer"] = call.living("customer", params["customer"], param="customer", status=400)["id"]
    if any(name in params for name in _MONEY):
        intent["currency"] = amounts.check_currency(str(params.get("currency", intent["currency"])))
        intent["amount"] = params.get("amount", intent["amount"])
        amounts.check_charge(intent["amount"], intent["currency"])
    attempts.write_options(intent, params)
    chosen_types(intent, params)
    _write_method(call, intent, params)


def _write_method(call: Call, intent: Document, params: Document) -> None:
    if "payment_method_data" in params:
        intent["payment_method"] = payment_methods.create(call, params["payment_method_data"])["id"]
    elif params.get("payment_method"):
        method = payment_methods.for_intent(call, params["payment_method"], intent["customer"])
        intent["payment_method"] = method["id"]
    if intent["payment_method"] and intent["status"] == "requires_payment_method":
        intent["status"] = "requires_confirmation"


def _step_back(intent: Document) -> None:
    """What the customer was to authenticate isn't what will be charged any more."""
    if intent["status"] == "requires_action":
        intent.update(status="requires_confirmation", next_action=None)


def _not_updatable(name: str, intent: Document) -> Any:
    return unexpected_state(
        f"This PaymentIntent's {name} could not be updated because it has a status of {intent['status']}. You may only "
        f"update the {name} of a PaymentIntent with one of the following statuses: {', '.join(_UPDATABLE)}.",
        shown(intent),
    )
