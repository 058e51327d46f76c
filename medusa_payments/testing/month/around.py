"""What a shop has beside its payments: keys, refund reasons, customers at the provider, an inbox of webhooks."""

import hashlib
from datetime import datetime, timedelta

from medusa_payments.states import WebhookStatus
from medusa_payments.testing.month.story import FAKE
from medusa_payments.testing.month.writer import Writer

REASONS = ("damaged", "wrong_size", "late")


def add_surroundings(writer: Writer, at: datetime) -> None:
    """Add a row of each kind and state that no payment needs."""
    writer.add("PublishableKey", id=writer.new_id("apk", at), title="Storefront", token=writer.token("pk"))
    # Names of their own, so that a month can be added to a shop that has reasons, or a month, already.
    for label in REASONS:
        code = writer.token(label)
        writer.add("RefundReason", id=writer.new_id("refr", at), label=label, code=code, live_code=code, created_at=at)
    deleted = writer.token("reason")
    writer.add("RefundReason", id=writer.new_id("refr", at), label=deleted, code=deleted, deleted_at=at)
    _add_customers(writer, at)
    for status in WebhookStatus:
        _add_webhook(writer, at, status)
    writer.add(
        "WebhookRefusal", provider_id=FAKE.provider_id, reason=writer.token("bad_signature"), day=at.date(), count=3
    )


def _add_customers(writer: Writer, at: datetime) -> None:
    for number, forgotten_at in enumerate((None, at)):
        writer.add(
            "AccountHolder",
            id=writer.new_id("acchld", at),
            provider_id=FAKE.provider_id,
            provider_account=FAKE.account,
            customer_id=None if forgotten_at else writer.token("customer"),
            external_id=None if forgotten_at else writer.token("fake_cus"),
            email=None if forgotten_at else f"customer{number}@example.com",
            created_at=at,
            forgotten_at=forgotten_at,
            erased_at=forgotten_at,
        )


def _add_webhook(writer: Writer, at: datetime, status: WebhookStatus) -> None:
    """One that was received and not applied yet tells of a payment that isn't ours, and stays harmless."""
    event_id = writer.token("fake_evt")
    is_foreign = status is WebhookStatus.FOREIGN
    body = None if is_foreign else f'{{"id":"{event_id}"}}'.encode()
    writer.add(
        "WebhookEvent",
        id=writer.new_id("whevt", at),
        provider_id=FAKE.provider_id,
        provider_account=FAKE.account,
        event_id=event_id,
        event_type="payment.captured",
        provider_ref="" if is_foreign else writer.token("fake_pay"),
        body=body,
        body_sha256=hashlib.sha256(body).hexdigest() if body else "",
        status=status.value,
        attempts=0 if status is WebhookStatus.RECEIVED else 1,
        next_attempt_at=at + timedelta(hours=1) if status is WebhookStatus.WAITING else None,
        received_at=at,
        applied_at=at if status is WebhookStatus.APPLIED else None,
    )
