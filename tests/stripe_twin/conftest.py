"""The twin, and the unmodified `stripe` library in front of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import stripe

from medusa_payments.testing.stripe_twin.twin import SECRET_KEY, StripeTwin

stripe.enable_telemetry = False

Client = stripe.StripeClient


@pytest.fixture
def twin(tmp_path: Path) -> StripeTwin:
    return StripeTwin(str(tmp_path / "stripe.sqlite3"))


@pytest.fixture
def client_with(twin: StripeTwin) -> Callable[..., Client]:
    """Make clients of the twin: `client_with("sk_test_other", max_network_retries=2)`."""

    def make(api_key: str = SECRET_KEY, *, max_network_retries: int = 0) -> Client:
        return Client(api_key, http_client=twin.http_client(), max_network_retries=max_network_retries)

    return make


@pytest.fixture
def client(client_with: Callable[..., Client]) -> Client:
    return client_with()
