"""Each of these tests says something of Stripe: it must hold for the twin, whatever carries it, and for Stripe itself.

With a key of a Stripe test account in `STRIPE_TEST_API_KEY` they run there as well.
"""

import os
import uuid
from collections.abc import Callable, Iterator

import pytest
import stripe

from medusa_payments.testing.stripe_twin.twin import SECRET_KEY, StripeTwin

REAL_KEY = os.environ.get("STRIPE_TEST_API_KEY", "")


@pytest.fixture(
    params=[
        "in_process",
        "http",
        pytest.param("stripe", marks=[pytest.mark.stripe_sandbox, pytest.mark.enable_socket]),
    ]
)
def api(request: pytest.FixtureRequest) -> Iterator[stripe.StripeClient]:
    """The library, in front of the twin or of Stripe."""
    if request.param == "stripe":
        assert REAL_KEY.startswith(("sk_test_", "rk_test_")), "STRIPE_TEST_API_KEY must be a key of the test mode"
        yield stripe.StripeClient(REAL_KEY, max_network_retries=2)
        return
    if request.param == "http":
        addresses = {"api": request.getfixturevalue("twin_url")}
        yield stripe.StripeClient(SECRET_KEY, base_addresses=addresses)
        return
    twin: StripeTwin = request.getfixturevalue("twin")
    yield stripe.StripeClient(SECRET_KEY, http_client=twin.http_client())


@pytest.fixture
def new_key() -> Callable[[], str]:
    """Make idempotency keys that nobody has used."""
    return lambda: f"contract-{uuid.uuid4()}"
