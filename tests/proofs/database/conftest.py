"""One row of every model."""

import hashlib
from typing import Any

import pytest
from django.utils import timezone

from medusa_payments.models import (
    AccountHolder,
    Capture,
    Dispute,
    Event,
    EventDelivery,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    PublishableKey,
    Refund,
    RefundReason,
    RefundReversal,
    Release,
    SecretKey,
    WebhookEvent,
    WebhookRefusal,
)
from medusa_payments.testing.factories import UserFactory
from tests.proofs.database.guarantees import Rows


def make_rows(name: str = "a") -> Rows:
    """Make a whole story whose keys begin with a name of its own."""
    provider: dict[str, Any] = {"provider_id": "pp_x", "provider_account": name}
    money: dict[str, Any] = {"amount": 100, "currency_code": "eur"}
    collection = PaymentCollection.objects.create(
        **money, cart_id=name, live_cart_id=name, order_id=name, idempotency_key=name
    )
    session = PaymentSession.objects.create(
        payment_collection=collection, slot=0, provider_ref=name, **provider, **money
    )
    payment = Payment.objects.create(
        payment_collection=collection,
        payment_session=session,
        provider_ref=name,
        captured_amount=2,
        refunded_amount=1,
        **provider,
        **money,
    )
    operations = [_operation(payment, kind, name) for kind in ("capture", "refund", "cancel")]
    capture = Capture.objects.create(payment=payment, operation=operations[0], amount=2, provider_ref=name)
    reason = RefundReason.objects.create(label=name, code=name, live_code=name)
    refund = Refund.objects.create(payment=payment, operation=operations[1], amount=2, provider_ref=name)
    event = Event.objects.create(payment_collection=collection, number=1, name="payment.captured")
    rows = [
        collection,
        session,
        payment,
        operations[0],
        capture,
        reason,
        refund,
        RefundReversal.objects.create(payment=payment, refund=refund, amount=1),
        Release.objects.create(payment=payment, operation=operations[2], amount=2, provider_ref=name),
        Dispute.objects.create(
            payment=payment,
            provider_account=name,
            provider_ref=name,
            amount=1,
            currency_code="eur",
            state="won",
            closed_at=timezone.now(),
            event_number=1,
        ),
        event,
        EventDelivery.objects.create(event=event),
        AccountHolder.objects.create(**provider, customer_id=name, external_id=name),
        WebhookEvent.objects.create(**provider, event_id=name, event_type="x"),
        WebhookRefusal.objects.create(provider_id=name, reason="x", day=timezone.now().date()),
        PublishableKey.objects.create(title=name, token=f"pk_{name}"),
        SecretKey.objects.create(
            user_id=str(UserFactory().pk),
            title=name,
            redacted="sk_",
            token_digest=hashlib.sha256(name.encode()).hexdigest(),
        ),
    ]
    return {type(row): row for row in rows}


def _operation(payment: Payment, kind: str, name: str) -> Operation:
    return Operation.objects.create(
        kind=kind,
        status="succeeded",
        settled_at=timezone.now(),
        payment_collection=payment.payment_collection,
        payment_session=payment.payment_session,
        payment=payment,
        provider_id="pp_x",
        provider_account=name,
        amount=1,
        requested_amount=1,
        currency_code="eur",
        request={},
        lease_expires_at=timezone.now(),
        target=payment.pk,
        idempotency_key=name,
        line_id=f"{name}_{kind}",
    )


@pytest.fixture
def rows(db: None) -> Rows:
    return make_rows()
