"""Which kinds of payment method an intent takes."""

from medusa_payments.testing.stripe_twin.errors import refused
from medusa_payments.testing.stripe_twin.method_types import METHOD_TYPES, Flow, types_for_payment
from medusa_payments.testing.stripe_twin.wire import Document

_EXCLUSIVE = (
    "allowed_payment_method_types",
    "automatic_payment_methods",
    "excluded_payment_method_types",
    "payment_method_configuration",
)
"""https://docs.stripe.com/changelog/dahlia/2026-07-29/allowed-payment-method-types-parameter"""


_NAMES = {"payment_intent": "PaymentIntent", "setup_intent": "SetupIntent"}

_CARD_OPTIONS = {
    "installments": None,
    "mandate_options": None,
    "network": None,
    "request_three_d_secure": "automatic",
}
"""What an intent that takes cards shows where nothing else was asked for."""


def chosen_types(intent: Document, params: Document) -> None:
    """Write down which kinds of payment method an intent takes. Raises `StripeTwinError` when none is left."""
    check_choice(params)
    for name in ("allowed_payment_method_types", "excluded_payment_method_types"):
        if name in params:
            intent[name] = params[name] or None
    if "automatic_payment_methods" in params:
        intent["automatic_payment_methods"] = {"allow_redirects": "always", **params["automatic_payment_methods"]}
    if intent["allowed_payment_method_types"]:
        intent["automatic_payment_methods"] = None
    elif intent["automatic_payment_methods"] is None:
        intent["automatic_payment_methods"] = {"allow_redirects": "always", "enabled": True}
    intent["payment_method_types"] = _fitting(intent)
    if "card" in intent["payment_method_types"]:
        options = intent["payment_method_options"]
        options["card"] = {**_CARD_OPTIONS, **options.get("card", {})}


def check_choice(params: Document) -> None:
    """Raise `StripeTwinError` where kinds are chosen in two ways at once."""
    if "allowed_payment_method_types" not in params:
        return
    for name in _EXCLUSIVE[1:]:
        if name in params:
            message = f"You may only specify one of these parameters: allowed_payment_method_types, {name}."
            raise refused(message, param=name)


def check_return_url(intent: Document, params: Document) -> None:
    """Raise `StripeTwinError` for a confirmation that doesn't say where a customer who is led away comes back to."""
    if not may_redirect(intent) or params.get("off_session") or params.get("return_url"):
        return
    message = (
        f"This {_NAMES[intent['object']]} is configured to accept payment methods enabled in your Dashboard. Because "
        "some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. "
        "If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to "
        "`true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment "
        "Intents."
    )
    raise refused(message)


def may_redirect(intent: Document) -> bool:
    """Say whether the account's own choice of methods decides, and some of those redirect."""
    automatic = intent["automatic_payment_methods"]
    return automatic is not None and automatic["allow_redirects"] != "never"


def _fitting(intent: Document) -> list[str]:
    types = types_for_payment(
        intent["currency"],
        is_manual=intent["capture_method"] == "manual",
        is_saved=bool(intent["setup_future_usage"]),
        allowed=intent["allowed_payment_method_types"] or [],
        excluded=intent["excluded_payment_method_types"] or [],
    )
    if intent["automatic_payment_methods"] and not may_redirect(intent):
        types = [name for name in types if METHOD_TYPES[name].flow is not Flow.REDIRECT]
    if not types:
        message = (
            "No valid payment method types for this Payment Intent. Please ensure that you have activated payment "
            "methods compatible with your chosen currency in your dashboard or specify compatible "
            "allowed_payment_method_types."
        )
        raise refused(message)
    return types
