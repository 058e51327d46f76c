"""The fake provider's webhooks: an HMAC over time and body, in one header, as most payment services do it."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from medusa_payments.providers.notices import WebhookNotice, WebhookRefused, WebhookRequest
from medusa_payments.testing.fake_ledger import FakeEvent

HEADER = "fake-signature"

TOLERANCE_SECONDS = 300
"""How far the sender's clock may be off, in either direction."""


class _Body(msgspec.Struct, kw_only=True):
    id: str
    type: str
    account: str
    created_at: datetime
    payment: str = ""
    session_id: str = ""


def body_of(event: FakeEvent, *, account: str) -> bytes:
    """Return what is sent for an event."""
    body: dict[str, Any] = {
        "id": event.id,
        "type": event.type,
        "account": account,
        "created_at": event.created_at,
        "payment": event.payment_ref,
        "session_id": event.session_id,
    }
    return msgspec.json.encode(body)


def sign(body: bytes, *, secret: str, timestamp: int) -> dict[str, str]:
    """Return the header that proves a body."""
    return {HEADER: f"t={timestamp},v1={_digest(body, secret, timestamp)}"}


def read(request: WebhookRequest, *, secrets: Sequence[str], account: str) -> WebhookNotice:
    """Verify and read a webhook. Any of the secrets may have signed it. Raises `WebhookRefused`."""
    if not secrets:
        raise WebhookRefused("The option webhook_secrets is missing.", code="no_secret")
    timestamp, signature = _parts(request.headers.get(HEADER, ""))
    genuine = [_digest(request.body, secret, timestamp) for secret in secrets]
    if not any(hmac.compare_digest(signature.encode(), digest.encode()) for digest in genuine):
        raise WebhookRefused("The signature doesn't fit.", code="bad_signature")
    if abs(request.received_at.timestamp() - timestamp) > TOLERANCE_SECONDS:
        raise WebhookRefused("The webhook is too old, or from the future.", code="bad_timestamp")
    try:
        body = msgspec.json.decode(request.body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WebhookRefused("The webhook can't be read.", code="unreadable") from error
    return WebhookNotice(
        event_id=body.id,
        event_type=body.type,
        occurred_at=body.created_at,
        provider_ref=body.payment,
        session_id=body.session_id,
        is_foreign=body.account != account,
    )


def _parts(header: str) -> tuple[int, str]:
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    timestamp = parts.get("t", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        raise WebhookRefused("The signature is missing.", code="no_signature")
    return int(timestamp), parts.get("v1", "")


def _digest(body: bytes, secret: str, timestamp: int) -> str:
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
