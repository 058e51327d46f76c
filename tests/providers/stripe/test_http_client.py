"""What of a request surely never reached Stripe, over all attempts at it."""

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stripe

from medusa_payments.money import Money
from medusa_payments.providers.errors import ProviderOutcomeUnknown, ProviderRejected, ProviderUnavailable
from medusa_payments.providers.stripe import StripeProvider
from medusa_payments.providers.stripe.client import API_VERSION
from medusa_payments.providers.types import RefundRequest
from tests.providers.stripe.test_errors import REQUEST

pytestmark = pytest.mark.any_engine

Answer = tuple[int, bytes, dict[str, str]] | None
REFUND = RefundRequest(
    idempotency_key="payop_2",
    session_id="payses_1",
    payment_id="pay_1",
    provider_ref="pi_1",
    money=Money(minor_units=100, currency_code="eur"),
)
REFUSAL = b'{"error": {"type": "invalid_request_error", "message": "No."}}'


class Server:
    """Gives prepared answers, one an attempt; None closes the connection without one."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server.asked.append({name.lower(): value for name, value in self.headers.items()})
                self.rfile.read(int(self.headers["Content-Length"]))
                answer = server.answers.pop(0)
                if answer is None:
                    self.close_connection = True
                    return
                status, body, headers = answer
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.001)
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


@pytest.fixture
def initiate(server: Server) -> Callable[..., Any]:
    def make(retries: int = 1) -> Any:
        options = {"api_key": "sk_test_1", "api_base": server.url, "max_network_retries": retries, "timeout": 5}
        return StripeProvider("pp_stripe_stripe", options).initiate(REQUEST)

    return make


def test_a_port_that_nobody_listens_on_got_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.001)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        options = {"api_key": "sk_test_1", "api_base": f"http://127.0.0.1:{bound.getsockname()[1]}"}
        with pytest.raises(ProviderUnavailable):
            StripeProvider("pp_stripe_stripe", options).initiate(REQUEST)


def test_a_connection_that_breaks_may_have_got_everything(server: Server, initiate: Callable[..., Any]) -> None:
    server.answers = [None, None]
    with pytest.raises(ProviderOutcomeUnknown):
        initiate()
    assert len(server.asked) == 2


def test_a_refusal_after_a_lost_answer_says_nothing(server: Server, initiate: Callable[..., Any]) -> None:
    server.answers = [None, (400, REFUSAL, {})]
    with pytest.raises(ProviderOutcomeUnknown):
        initiate()


def test_a_refusal_after_a_server_error_says_nothing(server: Server, initiate: Callable[..., Any]) -> None:
    server.answers = [(500, b"{}", {}), (400, REFUSAL, {})]
    with pytest.raises(ProviderOutcomeUnknown):
        initiate()


BUSY = (429, b'{"error": {"type": "invalid_request_error", "code": "lock_timeout"}}', {"Stripe-Should-Retry": "true"})


@pytest.mark.parametrize("refusal", [400, 401])
def test_a_busy_stripe_in_between_settles_nothing(server: Server, refusal: int) -> None:
    """A refund: what a customer waits for is sent twice at most."""
    server.answers = [None, BUSY, (refusal, REFUSAL, {})]
    options = {"api_key": "sk_test_1", "api_base": server.url, "max_network_retries": 2, "timeout": 5}
    with pytest.raises(ProviderOutcomeUnknown):
        StripeProvider("pp_stripe_stripe", options).refund(REFUND)
    assert server.answers == []


def test_what_a_customer_waits_for_is_sent_twice_at_most(server: Server, initiate: Callable[..., Any]) -> None:
    server.answers = [None, None, None]
    with pytest.raises(ProviderOutcomeUnknown):
        initiate(retries=2)
    assert len(server.asked) == 2


IN_USE = (409, b'{"error": {"type": "idempotency_error", "code": "idempotency_key_in_use"}}', {})


@pytest.mark.parametrize("refusal", [400, 401, 404])
def test_a_key_that_is_in_use_leaves_it_in_doubt(server: Server, initiate: Callable[..., Any], refusal: int) -> None:
    """Stripe's 409: another request is at work under this key, so a refusal that follows says nothing of that one."""
    server.answers = [IN_USE, (refusal, REFUSAL, {})]
    with pytest.raises(ProviderOutcomeUnknown):
        initiate()
    assert server.answers == []


def test_a_refusal_after_a_busy_stripe_is_one(server: Server, initiate: Callable[..., Any]) -> None:
    server.answers = [BUSY, (400, REFUSAL, {})]
    with pytest.raises(ProviderRejected):
        initiate()


def test_but_a_replayed_one_is_the_answer(server: Server, initiate: Callable[..., Any]) -> None:
    server.answers = [None, (400, REFUSAL, {"Idempotent-Replayed": "true"})]
    with pytest.raises(ProviderRejected):
        initiate()


def test_a_later_call_is_in_no_doubt_for_an_earlier_one(server: Server, initiate: Callable[..., Any]) -> None:
    server.answers = [(400, REFUSAL, {}), (400, REFUSAL, {})]
    for _ in range(2):
        with pytest.raises(ProviderRejected):
            initiate()


def test_every_attempt_has_our_key_and_version_and_no_telemetry(server: Server, initiate: Callable[..., Any]) -> None:
    server.answers = [None, (400, REFUSAL, {"Idempotent-Replayed": "true", "Request-Id": "req_1"})] * 2
    for _ in range(2):
        with pytest.raises(ProviderRejected):
            initiate()
    assert {headers["idempotency-key"] for headers in server.asked} == {"payop_1"}
    assert {headers["stripe-version"] for headers in server.asked} == {API_VERSION}
    assert not any("x-stripe-client-telemetry" in headers for headers in server.asked)


def test_the_version_is_that_of_the_library() -> None:
    """When this fails the library was upgraded: read Stripe's changelog, then move along. An older one does as well."""
    assert (stripe.StripeClient("sk_test_1")._requestor._options.stripe_version or "") <= API_VERSION
