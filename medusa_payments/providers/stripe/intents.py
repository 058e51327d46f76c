"""The parameters of a payment intent: what the shop decides, and what of a storefront's data goes with it."""

from collections.abc import Mapping
from typing import Any

from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.providers.stripe.amounts import AmountNotRepresentable, to_stripe
from medusa_payments.providers.stripe.options import StripeOptions
from medusa_payments.providers.stripe.translate import (
    COLLECTION_ID,
    ENVIRONMENT,
    OPERATION_ID,
    SESSION_ID,
)
from medusa_payments.providers.types import CaptureRequest, InitiateRequest, RefundRequest, UpdateRequest

EXPANDED = ["latest_charge.refunds", "payment_method"]
"""One consistent picture in one answer: the intent, its charge, and the charge's latest refunds."""

ALLOWED_TYPES = "allowed_payment_method_types"
"""What Medusa, as Stripe did until 2026-09-30, calls `payment_method_types`. It excludes the other ways of choosing:
https://docs.stripe.com/changelog/endive/2026-09-30/removes-the-payment-method-types-parameter-from-payment-intents-and-setup-intents
"""

PAYMENT_METHOD = "payment_method"
RETURN_URL = "return_url"
OFF_SESSION = "off_session"
"""What a later confirmation on the server needs, kept in the metadata meanwhile. "" removes an entry."""

_REASONS = frozenset({"duplicate", "fraudulent", "requested_by_customer"})


def create_parameters(
    request: InitiateRequest, options: StripeOptions, *, capture_method: str, fixed: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what creates the payment intent of a session. `fixed` is what the service prescribes."""
    parameters = {
        "amount": stripe_amount(request),
        "currency": request.money.currency_code,
        "capture_method": capture_method,
        "metadata": _metadata(request, options),
        "expand": EXPANDED,
    }
    if request.account_holder_ref:
        parameters["customer"] = request.account_holder_ref
    return parameters | _description(request.data, options) | _ways_to_pay(request.data, options, fixed)


def update_parameters(request: UpdateRequest, options: StripeOptions, *, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what brings a payment intent to a new amount and new data."""
    parameters = {
        "amount": stripe_amount(request),
        "metadata": {OPERATION_ID: request.operation_id} | _memory(request.data),
        "expand": EXPANDED,
    }
    ways = _ways_to_pay(request.data, options, fixed)
    # Stripe takes this one when the intent is created, and not again.
    ways.pop("automatic_payment_methods", None)
    # The customer may not want the card saved any more.
    ways.setdefault("setup_future_usage", "")
    return parameters | _description(request.data, options) | ways


def pays_with_what_was_chosen(intent: Mapping[str, Any]) -> bool:
    """Say whether an intent's method is the saved one that the session asks for. Another one may be on it still: one
    chosen before, or given in the browser for another amount.
    """
    chosen = (intent.get("metadata") or {}).get(PAYMENT_METHOD)
    return bool(chosen) and chosen == intent["payment_method"]["id"]


def is_confirmed_here(data: Mapping[str, Any]) -> bool:
    """Say whether a session's data are of one that the server confirms with nowhere to come back to."""
    return bool(data.get(PAYMENT_METHOD)) and not data.get(RETURN_URL)


def may_lead_away(intent: Mapping[str, Any]) -> bool:
    """Say whether an intent takes kinds of payment that redirect; Stripe confirms it with an address to come back to
    only. It is said when the intent is made, and not again.
    """
    return (intent.get("automatic_payment_methods") or {}).get("allow_redirects") == "always"


def confirm_parameters(intent: Mapping[str, Any]) -> dict[str, Any]:
    """Return how an intent is confirmed on the server."""
    metadata = intent.get("metadata") or {}
    parameters: dict[str, Any] = {"expand": EXPANDED}
    if metadata.get(OFF_SESSION):
        parameters["off_session"] = True
    if metadata.get(RETURN_URL):
        parameters["return_url"] = metadata[RETURN_URL]
    return parameters


def refund_parameters(request: RefundRequest, options: StripeOptions) -> dict[str, Any]:
    """Return what refunds a payment intent."""
    metadata = {SESSION_ID: request.session_id, OPERATION_ID: request.operation_id, ENVIRONMENT: options.environment}
    parameters = {"payment_intent": request.provider_ref, "amount": stripe_amount(request)}
    if request.reason_code in _REASONS:
        parameters["reason"] = request.reason_code
    elif request.reason_code:
        metadata["reason"] = request.reason_code[:500]
    return parameters | {"metadata": _without_empty(metadata)}


def stripe_amount(request: InitiateRequest | UpdateRequest | CaptureRequest | RefundRequest) -> int:
    """Return the amount of a request in Stripe's units. Raises `ProviderRejected` for one that it can't represent."""
    try:
        return to_stripe(request.money)
    except AmountNotRepresentable as error:
        raise ProviderRejected(str(error), code="amount_not_representable") from error


def _metadata(request: InitiateRequest, options: StripeOptions) -> dict[str, str]:
    ours = {
        SESSION_ID: request.session_id,
        COLLECTION_ID: request.payment_collection_id,
        OPERATION_ID: request.operation_id,
        ENVIRONMENT: options.environment,
        OFF_SESSION: "true" if request.is_off_session else "",
    }
    return _without_empty(ours | _memory(request.data))


def _memory(data: Mapping[str, Any]) -> dict[str, str]:
    return {name: data.get(name) or "" for name in (PAYMENT_METHOD, RETURN_URL)}


def _description(data: Mapping[str, Any], options: StripeOptions) -> dict[str, Any]:
    description = data.get("payment_description") or options.payment_description
    return {"description": description} if description else {}


def _ways_to_pay(data: Mapping[str, Any], options: StripeOptions, fixed: Mapping[str, Any]) -> dict[str, Any]:
    names = ("setup_future_usage", "payment_method", "payment_method_options")
    ways = {name: data[name] for name in names if data.get(name) is not None}
    ways |= fixed or _free_choice(data, options)
    prescribed = fixed.get("payment_method_options", {})
    if options.multicapture and not fixed:
        prescribed = {"card": {"request_multicapture": "if_available"}}
    if prescribed or "payment_method_options" in ways:
        ways["payment_method_options"] = _merged(data.get("payment_method_options", {}), prescribed)
    return ways


def _free_choice(data: Mapping[str, Any], options: StripeOptions) -> dict[str, Any]:
    if "payment_method_types" in data:
        return {ALLOWED_TYPES: data["payment_method_types"]}
    found: dict[str, Any] = {}
    configuration = data.get("payment_method_configuration") or options.payment_method_configuration
    if configuration:
        found["payment_method_configuration"] = configuration
    if is_confirmed_here(data):
        # Confirmed on the server with nowhere to come back to, so nothing may lead away.
        found["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
    elif "automatic_payment_methods" in data:
        found["automatic_payment_methods"] = data["automatic_payment_methods"]
    elif options.automatic_payment_methods:
        found["automatic_payment_methods"] = {"enabled": True}
    return found


def _merged(asked: Mapping[str, Any], prescribed: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(asked)
    for name, values in prescribed.items():
        merged[name] = dict(asked.get(name) or {}) | values
    return merged


def _without_empty(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text}
