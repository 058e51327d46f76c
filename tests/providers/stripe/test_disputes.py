"""Disputes at the twin, told by webhooks, booked, and never refunded."""

from decimal import Decimal
from typing import Any

import pytest

from medusa_payments.core.reconciliation import run
from medusa_payments.exceptions import InvalidData, NotAllowed
from medusa_payments.models import Dispute, Event, Payment, WebhookEvent
from medusa_payments.services import captures, refunds, webhooks
from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.scripted import authorize
from tests.till import Till

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

STRIPE = "pp_stripe_stripe"


@pytest.fixture
def paid(till: Till, stripe_twin: StripeTwin) -> Payment:
    """100 EUR, captured."""
    session = till.session(STRIPE)
    stripe_twin.dashboard.pay(session.provider_ref or "")
    return captures.capture(payment_id=authorize(session).payment.pk)


def tell(twin: StripeTwin, payment: Payment) -> list[str]:
    """Deliver every event so far; return what is said of disputes then, in order."""
    for body, headers in twin.webhooks():
        webhooks.receive(provider_id=STRIPE, body=body, headers=headers)
    payment.refresh_from_db()
    assert not WebhookEvent.objects.filter(status__in=["received", "waiting"]).exists()
    return list(Event.objects.filter(name__startswith="dispute").order_by("number").values_list("name", flat=True))


@pytest.mark.parametrize(("end", "refundable"), [("won", 10000), ("lost", 0)])
def test_from_the_first_event_to_the_last(paid: Payment, stripe_twin: StripeTwin, end: str, refundable: int) -> None:
    dispute_id = stripe_twin.dashboard.dispute(paid.provider_ref)
    assert tell(stripe_twin, paid) == ["dispute.opened"]
    booked = Dispute.objects.get()
    assert (booked.provider_ref, booked.state, booked.amount, booked.reason) == (
        dispute_id,
        "needs_response",
        10000,
        "fraudulent",
    )
    assert (booked.evidence_due_by is None, booked.provider_account) == (False, "stripe:test")
    with pytest.raises(NotAllowed):
        refunds.refund(payment_id=paid.pk)

    stripe_twin.dashboard.answer_dispute(dispute_id)
    assert tell(stripe_twin, paid) == ["dispute.opened", "dispute.updated"]
    stripe_twin.dashboard.close_dispute(dispute_id, end)
    assert tell(stripe_twin, paid) == ["dispute.opened", "dispute.updated", f"dispute.{end}"]
    assert (Dispute.objects.get().state, paid.refundable_amount) == (end, refundable)
    assert paid.frozen_at is None


def test_an_inquiry_becomes_a_dispute(paid: Payment, stripe_twin: StripeTwin) -> None:
    dispute_id = stripe_twin.dashboard.dispute(paid.provider_ref, is_inquiry=True)
    tell(stripe_twin, paid)
    assert (Dispute.objects.get().state, paid.refundable_amount) == ("inquiry", 10000)
    stripe_twin.dashboard.escalate_dispute(dispute_id)
    tell(stripe_twin, paid)
    assert (Dispute.objects.get().state, paid.refundable_amount) == ("needs_response", 0)


def test_an_answered_inquiry_waits_for_nobody(paid: Payment, stripe_twin: StripeTwin) -> None:
    dispute_id = stripe_twin.dashboard.dispute(paid.provider_ref, is_inquiry=True)
    tell(stripe_twin, paid)
    assert Dispute.objects.get().evidence_due_by is not None
    stripe_twin.dashboard.answer_dispute(dispute_id)
    tell(stripe_twin, paid)
    assert (Dispute.objects.get().state, Dispute.objects.get().evidence_due_by) == ("inquiry", None)
    stripe_twin.dashboard.close_dispute(dispute_id, "warning_closed")
    tell(stripe_twin, paid)
    assert Dispute.objects.get().state == "closed"


@pytest.mark.parametrize(("end", "refundable"), [("won", 10000), ("lost", 0)])
def test_one_that_was_lost_is_appealed(paid: Payment, stripe_twin: StripeTwin, end: str, refundable: int) -> None:
    """The money stays withheld, and while the bank looks at it nothing is awaited."""
    dispute_id = stripe_twin.dashboard.dispute(paid.provider_ref)
    stripe_twin.dashboard.close_dispute(dispute_id, "lost")
    tell(stripe_twin, paid)

    stripe_twin.dashboard.appeal_dispute(dispute_id)
    tell(stripe_twin, paid)
    booked = Dispute.objects.get()
    assert (booked.state, booked.evidence_due_by is None, paid.refundable_amount) == ("needs_response", False, 0)
    stripe_twin.dashboard.answer_dispute(dispute_id)
    tell(stripe_twin, paid)
    booked = Dispute.objects.get()
    assert (booked.state, booked.evidence_due_by, paid.refundable_amount) == ("under_review", None, 0)
    stripe_twin.dashboard.close_dispute(dispute_id, end)
    tell(stripe_twin, paid)
    assert (Dispute.objects.get().state, paid.refundable_amount, paid.frozen_at) == (end, refundable, None)


def test_one_that_no_webhook_told_of_is_learnt_from_the_refusal(paid: Payment, stripe_twin: StripeTwin) -> None:
    stripe_twin.dashboard.dispute(paid.provider_ref)
    with pytest.raises(InvalidData):
        refunds.refund(payment_id=paid.pk)
    with pytest.raises(NotAllowed):
        refunds.refund(payment_id=paid.pk)
    assert Dispute.objects.get().state == "needs_response"


def test_one_of_a_refunded_payment(paid: Payment, stripe_twin: StripeTwin) -> None:
    refunds.refund(payment_id=paid.pk, amount=Decimal(100))
    stripe_twin.dashboard.dispute(paid.provider_ref, 10000)
    tell(stripe_twin, paid)
    assert (paid.withheld_amount, paid.disputed_amount, paid.frozen_at) == (10000, 0, None)


def test_reconciliation_agrees_while_it_is_open_and_when_it_is_over(paid: Payment, stripe_twin: StripeTwin) -> None:
    def drift() -> list[Any]:
        return [found.kind for found in run.reconcile(run.Scope(provider_id=STRIPE))]

    dispute_id = stripe_twin.dashboard.dispute(paid.provider_ref)
    assert drift() == ["dispute_missing_here"]
    tell(stripe_twin, paid)
    assert drift() == []
    stripe_twin.dashboard.close_dispute(dispute_id, "won")
    assert drift() == ["dispute_state"]
    tell(stripe_twin, paid)
    assert drift() == []
