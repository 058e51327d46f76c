"""Setup intents: saving a payment method without paying."""

from typing import Any

from medusa_payments.testing.stripe_twin import next_actions, payment_methods
from medusa_payments.testing.stripe_twin.answers import listed
from medusa_payments.testing.stripe_twin.call import HIDDEN, Call, merged_metadata, new_id, shown
from medusa_payments.testing.stripe_twin.cards import Challenge
from medusa_payments.testing.stripe_twin.errors import StripeTwinError, card_error, refused, unexpected_state
from medusa_payments.testing.stripe_twin.intent_types import check_choice, check_return_url
from medusa_payments.testing.stripe_twin.method_types import METHOD_TYPES, Flow, types_for_setup
from medusa_payments.testing.stripe_twin.wire import Document

KIND = "setup_intent"

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")

_METHOD = ("payment_method", "payment_method_data")

_TYPES = ("allowed_payment_method_types", "excluded_payment_method_types")


def create(call: Call, params: Document) -> Document:
    """Begin to save a payment method, and confirm it when asked to."""
    intent = _new(call)
    _write(call, intent, params)
    call.save(intent)
    call.tell("setup_intent.created", intent)
    if params.get("confirm"):
        # The method is on the intent already.
        rest = {name: value for name, value in params.items() if name not in _METHOD}
        return confirm_intent(call, intent, rest, is_in_browser=False)
    return intent


def retrieve(call: Call, _params: Document, intent: str) -> Document:
    return call.get(KIND, intent, param="intent")


def update(call: Call, params: Document, intent: str) -> Document:
    found = call.get(KIND, intent, param="intent")
    _write(call, found, params)
    call.save(found)
    return found


def list_all(call: Call, params: Document) -> Document:
    return listed(call, KIND, params, "customer", url="/v1/setup_intents")


def confirm(call: Call, params: Document, intent: str) -> Document:
    return confirm_intent(call, call.get(KIND, intent, param="intent"), params, is_in_browser=False)


def confirm_intent(call: Call, intent: Document, params: Document, *, is_in_browser: bool) -> Document:
    """Save what the customer pays with. Raises `StripeTwinError`: 402 when the bank declines."""
    if intent["status"] not in _OPEN:
        raise _unexpected(intent, "confirm")
    method = _method(call, intent, params)
    check_return_url(intent, params)
    intent.update(payment_method=method["id"], last_setup_error=None, next_action=None)
    intent[HIDDEN]["return_url"] = params.get("return_url")
    card = payment_methods.card_of(method)
    if card is not None and card.challenge is not Challenge.NEVER:
        return next_actions.require(call, intent, next_actions.challenge(call, intent, params, is_in_browser))
    flow = METHOD_TYPES[method["type"]].flow
    if flow is Flow.REDIRECT:
        return next_actions.require(call, intent, next_actions.for_flow(call, intent, method, flow))
    return _succeed(call, intent, method)


def cancel(call: Call, params: Document, intent: str) -> Document:
    found = call.get(KIND, intent, param="intent")
    if found["status"] not in _OPEN:
        raise _unexpected(found, "cancel")
    found.update(status="canceled", cancellation_reason=params.get("cancellation_reason"), next_action=None)
    call.save(found)
    call.tell("setup_intent.canceled", found)
    return found


def finish_action(call: Call, intent: Document, *, is_successful: bool) -> None:
    """The customer has authenticated, or has not."""
    if intent["status"] != "requires_action":
        raise unexpected_state(f"This SetupIntent has a status of {intent['status']}.", shown(intent))
    method = call.get("payment_method", intent["payment_method"])
    intent["next_action"] = None
    if not is_successful:
        message = (
            "The latest attempt to set up the payment method has failed because authentication failed. You can provide "
            "payment_method_data or a new PaymentMethod to attempt to fulfill this SetupIntent again."
        )
        _fail(call, intent, method, {"code": "setup_intent_authentication_failure", "message": message})
        return
    try:
        _succeed(call, intent, method)
    except StripeTwinError as error:
        if not error.keeps_effects:
            raise


def _succeed(call: Call, intent: Document, method: Document) -> Document:
    try:
        payment_methods.check_savable(method)
    except StripeTwinError as error:
        told = {name: error.error[name] for name in ("code", "decline_code", "message")}
        _fail(call, intent, method, told)
        raise card_error(intent["last_setup_error"], setup_intent=shown(intent)) from None
    method[HIDDEN]["is_set_up"] = intent["usage"] == "off_session"
    call.save(method)
    if intent["customer"]:
        payment_methods.attached(call, method, intent["customer"])
    intent["status"] = "succeeded"
    call.save(intent)
    call.tell("setup_intent.succeeded", intent)
    return intent


def _fail(call: Call, intent: Document, method: Document, error: Document) -> None:
    told: dict[str, Any] = {name: value for name, value in error.items() if value is not None}
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        last_setup_error={"type": "card_error", **told, "payment_method": shown(method)},
    )
    call.save(intent)
    call.tell("setup_intent.setup_failed", intent)


def _new(call: Call) -> Document:
    intent_id = new_id("seti")
    return {
        "id": intent_id,
        "object": KIND,
        "allowed_payment_method_types": None,
        "application": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "cancellation_reason": None,
        "client_secret": f"{intent_id}_secret_{new_id('')[1:]}",
        "created": call.now,
        "customer": None,
        "description": None,
        "excluded_payment_method_types": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": call.account.is_live,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": [],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": "off_session",
        HIDDEN: {},
    }


def _write(call: Call, intent: Document, params: Document) -> None:
    check_choice(params)
    intent.update({name: params[name] or None for name in ("description", *_TYPES) if name in params})
    intent["usage"] = params.get("usage", intent["usage"])
    intent["metadata"] = merged_metadata(intent["metadata"], params.get("metadata", {}))
    if "customer" in params:
        intent["customer"] = call.living("customer", params["customer"], param="customer", status=400)["id"]
    if "automatic_payment_methods" in params:
        intent["automatic_payment_methods"] = {"allow_redirects": "always", **params["automatic_payment_methods"]}
    intent["payment_method_options"] |= params.get("payment_method_options") or {}
    if intent["allowed_payment_method_types"]:
        intent["automatic_payment_methods"] = None
    allowed, excluded = (intent[name] or [] for name in _TYPES)
    intent["payment_method_types"] = types_for_setup(allowed=allowed, excluded=excluded)
    if "payment_method" in params or "payment_method_data" in params:
        intent.update(payment_method=_method(call, intent, params)["id"], status="requires_confirmation")


def _method(call: Call, intent: Document, params: Document) -> Document:
    if "payment_method_data" in params:
        method = payment_methods.create(call, params["payment_method_data"])
    elif params.get("payment_method") or intent["payment_method"]:
        wanted = params.get("payment_method") or intent["payment_method"]
        method = payment_methods.for_intent(call, wanted, intent["customer"])
    else:
        message = "You cannot confirm this SetupIntent because it's missing a payment method."
        raise unexpected_state(message, shown(intent))
    if method["type"] not in intent["payment_method_types"]:
        message = f"The PaymentMethod provided ({method['type']}) is not allowed for this SetupIntent."
        raise refused(message, param="payment_method")
    return method


def _unexpected(intent: Document, verb: str) -> StripeTwinError:
    message = f"You cannot {verb} this SetupIntent because it has a status of {intent['status']}."
    return unexpected_state(message, shown(intent))
