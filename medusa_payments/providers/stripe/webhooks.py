"""Stripe's webhooks, verified and read: https://docs.stripe.com/webhooks/signature."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import stripe

from medusa_payments.providers.notices import WebhookNotice, WebhookRefused, WebhookRequest
from medusa_payments.providers.stripe.options import StripeOptions
from medusa_payments.providers.stripe.translate import ENVIRONMENT, SESSION_ID, at

HEADER = "stripe-signature"

TOLERANCE_SECONDS = 300
"""How far Stripe's clock may be off ours, in either direction. The library alone accepts any moment to come."""

_FAMILIES = ("payment_intent.", "charge.", "refund.")
"""What tells of a payment: intents; charges with their captures, refunds and disputes; refunds."""

_KEPT_OF_EVENT = ("id", "object", "type", "created", "livemode", "api_version", "request")
_KEPT_OF_SUBJECT = (
    "id",
    "object",
    "status",
    "amount",
    "amount_capturable",
    "amount_received",
    "amount_captured",
    "amount_refunded",
    "currency",
    "reason",
    "failure_reason",
    "payment_intent",
    "charge",
)


def read(request: WebhookRequest, options: StripeOptions) -> WebhookNotice:
    """Verify and read a webhook. Any of the secrets may have signed it. Raises `WebhookRefused`."""
    _verify(request, options)
    try:
        event = json.loads(request.body)
        return _notice(event, options)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise WebhookRefused("The webhook can't be read.", code="unreadable") from error


def _verify(request: WebhookRequest, options: StripeOptions) -> None:
    header = request.headers.get(HEADER, "")
    if not options.webhook_secrets:
        raise WebhookRefused("The option webhook_secret is missing.", code="no_secret")
    if not header:
        raise WebhookRefused("The signature is missing.", code="no_signature")
    if not any(_is_signed(request.body, header, secret) for secret in options.webhook_secrets):
        raise WebhookRefused("The signature doesn't fit.", code="bad_signature")
    if abs(request.received_at.timestamp() - _timestamp(header)) > TOLERANCE_SECONDS:
        raise WebhookRefused("The webhook is too old, or from the future.", code="bad_timestamp")


def _is_signed(body: bytes, header: str, secret: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(body, header, secret))
    except (stripe.SignatureVerificationError, UnicodeDecodeError, TypeError):
        # A TypeError: the library compares signatures of ASCII only.
        return False


def _timestamp(header: str) -> int:
    """Return when a header says that it was signed; the signature covers it, so it has one.

    It is read as the library reads it, which has checked it by then.
    """
    return next(int(part.split("=", 2)[1]) for part in header.split(",") if part.startswith("t="))


def _notice(event: Mapping[str, Any], options: StripeOptions) -> WebhookNotice:
    event_id, event_type = event["id"], event["type"]
    if not (isinstance(event_id, str) and isinstance(event_type, str)):
        raise TypeError("It has no id, or no type.")
    subject = _subject(event)
    is_about_a_payment = event_type.startswith(_FAMILIES)
    return WebhookNotice(
        event_id=event_id,
        event_type=event_type,
        occurred_at=_moment(event.get("created")),
        provider_ref=_provider_ref(subject) if is_about_a_payment else None,
        session_id=_metadata(subject).get(SESSION_ID) if is_about_a_payment else None,
        is_foreign=_is_foreign(event, subject, options),
        kept_body=json.dumps(_kept(event, subject)).encode(),
    )


def _subject(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object that an event is about; an empty one where it shows none that can be read, as Stripe's thin
    events do: https://docs.stripe.com/webhooks#thin-payload. Such an event isn't ours.
    """
    data = event.get("data")
    subject = data.get("object") if isinstance(data, Mapping) else None
    return subject if isinstance(subject, Mapping) else {}


def _moment(seconds: object) -> datetime | None:
    """Return when an event was made; None for the texts of the second API version, which are about nothing of ours."""
    return at(seconds) if type(seconds) is int else None


def _kept(event: Mapping[str, Any], subject: Mapping[str, Any]) -> dict[str, Any]:
    """Names, addresses and cards stay with Stripe: what happened can be read there again, by its ids."""
    about = {name: event[name] for name in _KEPT_OF_EVENT if event.get(name) is not None}
    return about | {
        "data": {
            "object": {name: subject[name] for name in _KEPT_OF_SUBJECT if isinstance(subject.get(name), str | int)}
        }
    }


def _provider_ref(subject: Mapping[str, Any]) -> str | None:
    """Return the payment intent that an object is, or belongs to. One without our metadata was never ours."""
    if subject.get("object") == "payment_intent":
        intent = subject.get("id") if SESSION_ID in _metadata(subject) else None
    else:
        intent = subject.get("payment_intent")
        intent = intent.get("id") if isinstance(intent, Mapping) else intent
    return intent if isinstance(intent, str) and intent else None


def _is_foreign(event: Mapping[str, Any], subject: Mapping[str, Any], options: StripeOptions) -> bool:
    """Test and live mode mixed up, an account connected to ours, or another shop on the same account."""
    is_of_another_shop = (
        SESSION_ID in _metadata(subject) and _metadata(subject).get(ENVIRONMENT, "") != options.environment
    )
    return event.get("livemode") is not options.is_live or bool(event.get("account")) or is_of_another_shop


def _metadata(subject: Mapping[str, Any]) -> Mapping[str, str]:
    metadata = subject.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}
