"""What a browser may do with a publishable key: look at an intent and confirm it, if it knows the client secret."""

from medusa_payments.testing.stripe_twin import attempts, params, setup_intents
from medusa_payments.testing.stripe_twin.call import Call
from medusa_payments.testing.stripe_twin.endpoints import Endpoint
from medusa_payments.testing.stripe_twin.errors import StripeTwinError, refused
from medusa_payments.testing.stripe_twin.wire import Document

_ALSO = frozenset({"client_secret", "expected_payment_method_type", "key"})
"""What Stripe's script sends beside the documented parameters."""

_CONFIRM = frozenset(
    {
        "expand", "mandate_data", "payment_method", "payment_method_data", "payment_method_options", "receipt_email",
        "return_url", "setup_future_usage", "shipping", "use_stripe_sdk",
    }
)  # fmt: skip

_KINDS = {
    "payment_intents.confirm": "payment_intent",
    "payment_intents.retrieve": "payment_intent",
    "setup_intents.confirm": "setup_intent",
    "setup_intents.retrieve": "setup_intent",
}

_SHOWN = {
    "payment_intent": (
        "id", "object", "amount", "amount_details", "automatic_payment_methods", "canceled_at", "cancellation_reason",
        "capture_method", "client_secret", "confirmation_method", "created", "currency", "description",
        "last_payment_error", "livemode", "next_action", "payment_method", "payment_method_configuration_details",
        "payment_method_types", "processing", "receipt_email", "setup_future_usage", "shipping", "status",
    ),
    "setup_intent": (
        "id", "object", "automatic_payment_methods", "cancellation_reason", "client_secret", "created", "description",
        "last_setup_error", "livemode", "next_action", "payment_method", "payment_method_configuration_details",
        "payment_method_types", "status", "usage",
    ),
}  # fmt: skip
"""https://docs.stripe.com/api/payment_intents/object: the fields that can be had with a publishable key."""


def answer(call: Call, endpoint: Endpoint, form: Document, intent_id: str) -> Document:
    """Carry out a browser's call. Raises `StripeTwinError` for all that a browser may not do."""
    kind = _KINDS.get(endpoint.name)
    if kind is None:
        raise _secret_key_required()
    intent = find(call, kind, intent_id, form.get("client_secret", ""))
    if not endpoint.name.endswith("confirm"):
        params.read(endpoint.definition, form, also=_ALSO)
        return only_public(intent)
    given = _confirmation(endpoint, form)
    confirm = attempts.confirm_intent if kind == "payment_intent" else setup_intents.confirm_intent
    try:
        return only_public(confirm(call, intent, given, is_in_browser=True))
    except StripeTwinError as error:
        if kind in error.error:
            error.error[kind] = only_public(error.error[kind])
        raise


def find(call: Call, kind: str, intent_id: str, client_secret: object) -> Document:
    """Return an intent to who knows its secret. Raises `StripeTwinError`."""
    intent = call.get(kind, intent_id, param="intent")
    if client_secret != intent["client_secret"]:
        message = f"The client_secret provided does not match the client_secret associated with this {kind}."
        raise refused(message, code=f"{kind}_invalid_parameter", param="client_secret")
    return intent


def only_public(intent: Document) -> Document:
    """Return of an intent what a browser may see."""
    return {name: intent[name] for name in _SHOWN[intent["object"]] if name in intent}


def _confirmation(endpoint: Endpoint, form: Document) -> Document:
    method = form.get("payment_method_data")
    is_card = isinstance(method, dict) and method.get("type") == "card"
    rest = {name: value for name, value in form.items() if not (is_card and name == "payment_method_data")}
    given = params.read(endpoint.definition, rest, also=_ALSO)
    for name in sorted(given.keys() - _ALSO - _CONFIRM):
        raise refused(f"The parameter {name} can't be used with a publishable key.", param=name, is_remembered=False)
    if isinstance(method, dict) and is_card:
        # Only a browser sends cards here, so the definitions for servers know none.
        given["payment_method_data"] = params.read("PaymentMethodCreateParams", method)
    return {name: value for name, value in given.items() if name not in _ALSO}


def _secret_key_required() -> StripeTwinError:
    message = "This API call cannot be made with a publishable API key. Please use a secret API key."
    return refused(message, code="secret_key_required", status=401, is_remembered=False)
