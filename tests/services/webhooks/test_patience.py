"""How long an event waits: for ever, when what it waits for can't stay as it is."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from medusa_payments.exceptions import PaymentOutcomeUnknown
from medusa_payments.models import Operation, Payment, WebhookEvent
from medusa_payments.services import captures, decisions, webhooks
from medusa_payments.services.decisions import Verdict
from medusa_payments.testing.fake_provider import FakeProvider
from tests.scripted import Script, lost, run_out
from tests.till import Till

pytestmark = pytest.mark.django_db


@pytest.fixture
def arrive(fake_provider: FakeProvider) -> Callable[[], None]:
    """Let the provider's latest event arrive, and wait in the inbox for four days."""

    def receive() -> None:
        body, headers = fake_provider.webhooks()[-1]
        named = {name.lower(): value for name, value in headers.items()}
        webhooks.receive(provider_id="pp_fake_fake", body=body, headers=named)
        WebhookEvent.objects.update(received_at=F("received_at") - timedelta(days=4), next_attempt_at=None)
        webhooks.drain()

    return receive


def test_one_that_waits_for_an_open_operation_is_applied_when_that_is_closed(
    till: Till, script: Script, configure: Any, arrive: Callable[[], None], fake_provider: FakeProvider
) -> None:
    configure("pp_fake_fake", "Keyless")
    payment = till.authorized()
    script["capture"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
    fake_provider.dashboard.capture(payment.provider_ref, 5000)
    arrive()
    assert WebhookEvent.objects.get().status == "waiting"

    operation = Operation.objects.get(kind="capture")
    run_out(operation)
    decisions.decide(operation_id=operation.pk, verdict=Verdict.NOT_EXECUTED, note="Not in the dashboard.")
    WebhookEvent.objects.update(next_attempt_at=None)
    webhooks.drain()

    assert WebhookEvent.objects.get().status == "applied"
    assert Payment.objects.get().captured_amount == 5000


def test_one_whose_provider_cannot_be_asked_waits_for_it(
    till: Till, arrive: Callable[[], None], fake_provider: FakeProvider
) -> None:
    session = till.session(outcome="unavailable", on="retrieve")
    fake_provider.dashboard.authorize(session.provider_ref or "")
    arrive()
    assert WebhookEvent.objects.get().status == "waiting"
