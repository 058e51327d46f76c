"""Finding payments again at the twin: by session, by what changed, with all their refunds."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import stripe

from medusa_payments.core.saga import comparing
from medusa_payments.providers.facts import RetrieveRequest
from medusa_payments.providers.registry import providers
from medusa_payments.services import captures, refunds
from medusa_payments.testing.stripe_twin.twin import SECRET_KEY, StripeTwin
from tests.scripted import authorize
from tests.till import Till

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

STRIPE = "pp_stripe_stripe"


def others(twin: StripeTwin, count: int) -> None:
    """Other systems of the shop make payment intents on the same account."""
    client = stripe.StripeClient(SECRET_KEY, http_client=twin.http_client())
    for _ in range(count):
        client.v1.payment_intents.create({"amount": 1000, "currency": "eur"})


def test_a_payment_is_found_by_its_session_among_many(till: Till, stripe_twin: StripeTwin) -> None:
    others(stripe_twin, 60)
    session = till.session(STRIPE)
    others(stripe_twin, 60)

    found = providers[STRIPE].retrieve(RetrieveRequest(session_id=session.pk))

    assert found is not None
    assert (found.provider_ref, found.session_id) == (session.provider_ref, session.pk)


def test_one_made_long_after_its_session_is_found_too(till: Till, stripe_twin: StripeTwin) -> None:
    stripe_twin.advance(3 * 60 * 60)
    session = till.session(STRIPE)
    assert providers[STRIPE].retrieve(RetrieveRequest(session_id=session.pk)) is not None


def test_what_is_not_there_is_not_found(till: Till, stripe_twin: StripeTwin) -> None:
    session = till.session(STRIPE)
    assert providers[STRIPE].retrieve(RetrieveRequest(session_id="payses_01M87NJ55R7B2EKS0B76JJX91R")) is None
    assert providers[STRIPE].retrieve(RetrieveRequest(session_id=session.pk, provider_ref="pi_missing")) is None


def test_more_refunds_than_one_answer_shows(till: Till, stripe_twin: StripeTwin) -> None:
    session = till.session(STRIPE)
    stripe_twin.dashboard.pay(session.provider_ref or "")
    payment = captures.capture(payment_id=authorize(session).payment.pk)
    for _ in range(12):
        refunds.refund(payment_id=payment.pk, amount=Decimal(1), idempotency_key=f"k{_}")

    snapshot = providers[STRIPE].retrieve(RetrieveRequest(session_id=session.pk, provider_ref=session.provider_ref))

    assert snapshot is not None
    assert len(snapshot.refunds) == 12
    assert not comparing.look_at(session.pk).changes


def test_what_was_made_or_changed_since_is_listed(till: Till, stripe_twin: StripeTwin) -> None:
    session = till.session(STRIPE)
    others(stripe_twin, 2)
    stripe_twin.advance(24 * 60 * 60)
    lately = datetime.now(UTC) + timedelta(hours=23)
    assert list(providers[STRIPE].list_payments(lately)) == []

    stripe_twin.dashboard.pay(session.provider_ref or "")

    changed = list(providers[STRIPE].list_payments(lately))
    assert [(row.provider_ref, row.status) for row in changed] == [(session.provider_ref, "authorized")]
    assert [row.provider_ref for row in providers[STRIPE].list_payments()] == [session.provider_ref]


def test_disputes_are_told_of(till: Till, stripe_twin: StripeTwin) -> None:
    session = till.session(STRIPE)
    stripe_twin.dashboard.pay(session.provider_ref or "")
    captures.capture(payment_id=authorize(session).payment.pk)
    stripe_twin.dashboard.dispute(session.provider_ref or "", 4000, reason="fraudulent")

    snapshot = providers[STRIPE].retrieve(RetrieveRequest(session_id=session.pk, provider_ref=session.provider_ref))

    assert snapshot is not None
    [dispute] = snapshot.disputes
    assert (dispute.money.minor_units, dispute.state, dispute.reason) == (4000, "needs_response", "fraudulent")
    assert dispute.evidence_due_by is not None
