"""The stand-in for Stripe that the tests' shop is connected to: one file for each worker, empty for each test."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from django.conf import settings

from medusa_payments.providers.registry import providers
from medusa_payments.providers.stripe.configuration import stripe_providers
from medusa_payments.testing.stripe_twin.twin import ACCOUNT, PUBLISHABLE_KEY, SECRET_KEY, WEBHOOK_SECRET, StripeTwin

MULTICAPTURE_KEY = "sk_test_multicapture"
MULTICAPTURE_ACCOUNT = "acct_multicapture"

# Answers that are lost on purpose are to stay lost: the library's own retries have tests of their own.
OPTIONS = {
    "api_key": SECRET_KEY,
    "publishable_key": PUBLISHABLE_KEY,
    "webhook_secret": [WEBHOOK_SECRET],
    "max_network_retries": 0,
    "http_client": "tests.twin.http_client",
}
MULTICAPTURE_OPTIONS = OPTIONS | {"api_key": MULTICAPTURE_KEY, "account": "multicapture", "multicapture": True}


def open_twin() -> StripeTwin:
    return StripeTwin(settings.STRIPE_TWIN_PATH)


def http_client() -> stripe.HTTPClient:
    """What the option `http_client` names."""
    return open_twin().http_client()


@pytest.fixture
def stripe_twin(settings: Any) -> Iterator[StripeTwin]:
    """The twin behind `pp_stripe_stripe` and Stripe's other services, configured for the test, and behind
    `pp_stripe_multicapture`, an account with multicapture.
    """
    configured = settings.MEDUSA_PAYMENTS["PROVIDERS"] | stripe_providers(OPTIONS)
    configured |= stripe_providers(MULTICAPTURE_OPTIONS, id="multicapture", services=["stripe"])
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": configured}
    twin = open_twin()
    twin.reset()
    twin.open_account(ACCOUNT, SECRET_KEY, PUBLISHABLE_KEY)
    twin.open_account(MULTICAPTURE_ACCOUNT, MULTICAPTURE_KEY, has_multicapture=True)
    yield twin
    providers.clear()
