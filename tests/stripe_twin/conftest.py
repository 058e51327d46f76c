"""The twin, and the unmodified `stripe` library in front of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import stripe
from django.core.wsgi import get_wsgi_application

from medusa_payments.testing.stripe_twin.twin import SECRET_KEY, StripeTwin

stripe.enable_telemetry = False

Client = stripe.StripeClient


@pytest.fixture
def twin_path(tmp_path: Path) -> str:
    return str(tmp_path / "stripe.sqlite3")


@pytest.fixture
def twin(twin_path: str) -> StripeTwin:
    return StripeTwin(twin_path)


@pytest.fixture
def client_with(twin: StripeTwin) -> Callable[..., Client]:
    """Make clients of the twin: `client_with("sk_test_other", max_network_retries=2)`."""

    def make(api_key: str = SECRET_KEY, *, max_network_retries: int = 0) -> Client:
        return Client(api_key, http_client=twin.http_client(), max_network_retries=max_network_retries)

    return make


@pytest.fixture
def client(client_with: Callable[..., Client]) -> Client:
    return client_with()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def twin_url(twin_path: str, settings: Any) -> Iterator[str]:
    """The same twin behind a server of its own, as the demo has it."""
    settings.STRIPE_TWIN_PATH = twin_path
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=_Quiet) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/stripe-twin"
        server.shutdown()
        thread.join()
