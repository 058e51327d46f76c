"""What reconciliation asks for: all that was made since a moment, and all that something has happened to since."""

from datetime import UTC, datetime

import pytest

from medusa_payments.providers.registry import providers
from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.till import Till

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

STRIPE = "pp_stripe_stripe"
DAY = 24 * 60 * 60


def test_an_old_payment_is_listed_when_something_happened_to_it(till: Till, stripe_twin: StripeTwin) -> None:
    old, untouched = (str(till.session(STRIPE).provider_ref) for _ in range(2))
    stripe_twin.dashboard.pay(old)
    stripe_twin.advance(2 * DAY)
    since = datetime.fromtimestamp(stripe_twin.now() - DAY, UTC)

    before = [snapshot.provider_ref for snapshot in providers[STRIPE].list_payments(since)]
    stripe_twin.dashboard.capture(old, 4000)
    after = list(providers[STRIPE].list_payments(since))

    assert before == []
    assert [(snapshot.provider_ref, snapshot.captured.minor_units) for snapshot in after] == [(old, 4000)]
    assert {row.provider_ref for row in providers[STRIPE].list_payments()} == {old, untouched}
