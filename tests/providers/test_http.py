"""What the exceptions of HTTP clients say about the money, with the libraries' own exceptions on real sockets."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

import httpx
import pytest
import requests
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError

from medusa_payments.providers.errors import ProviderError, ProviderOutcomeUnknown, ProviderUnavailable
from medusa_payments.providers.http import outcome_of

pytestmark = pytest.mark.any_engine

Client = Callable[[str], Any]


def by_requests(url: str) -> Any:
    return requests.post(url, data={"amount": "1"}, timeout=(2, 0.3))


def by_httpx(url: str) -> Any:
    return httpx.post(url, data={"amount": "1"}, timeout=0.3)


@contextmanager
def server(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that takes one connection, reads what comes, and then behaves."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            behave(connection)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/refunds"
    thread.join(timeout=10)
    listener.close()


def stays_silent(connection: socket.socket) -> None:
    connection.settimeout(2)
    with suppress(OSError):
        connection.recv(1)


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def talks_nonsense(connection: socket.socket) -> None:
    connection.sendall(b"nonsense\r\n\r\n")


def breaks_off(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")


def told(client: Client, url: str) -> ProviderError:
    with pytest.raises(Exception) as raised:  # noqa: PT011
        client(url)
    return outcome_of(raised.value)


@pytest.fixture(params=[by_requests, by_httpx])
def client(request: pytest.FixtureRequest) -> Client:
    sender: Client = request.param
    return sender


def test_a_refused_connection_sent_nothing(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert isinstance(told(client, f"http://127.0.0.1:{port}/"), ProviderUnavailable)


@pytest.mark.parametrize("behave", [stays_silent, resets, talks_nonsense, breaks_off])
def test_what_may_have_arrived_is_unknown(client: Client, behave: Callable[[socket.socket], None]) -> None:
    with server(behave) as url:
        assert isinstance(told(client, url), ProviderOutcomeUnknown)


def test_the_pool_of_the_client_is_empty() -> None:
    with server(stays_silent) as url, httpx.Client(limits=httpx.Limits(max_connections=1), timeout=5) as client:
        first = Thread(target=lambda: suppressed(client, url), daemon=True)
        first.start()
        time.sleep(0.2)
        error = told(lambda to: client.post(to, timeout=httpx.Timeout(5, pool=0.05)), url)
        first.join(timeout=10)

    assert isinstance(error, ProviderUnavailable)


def suppressed(client: httpx.Client, url: str) -> None:
    with suppress(httpx.HTTPError):
        client.post(url)


def wrapped(reason: Exception) -> requests.ConnectionError:
    return requests.ConnectionError(MaxRetryError(None, "/refunds", reason))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (requests.ConnectTimeout("slow"), ProviderUnavailable),
        (requests.exceptions.InvalidURL("no host"), ProviderUnavailable),
        (wrapped(NewConnectionError(None, "refused")), ProviderUnavailable),  # type: ignore[arg-type]
        (wrapped(NameResolutionError("host", None, socket.gaierror())), ProviderUnavailable),  # type: ignore[arg-type]
        (wrapped(ProtocolError("aborted", ConnectionResetError())), ProviderOutcomeUnknown),
        (requests.ReadTimeout("slow"), ProviderOutcomeUnknown),
        (requests.exceptions.ProxyError("?"), ProviderOutcomeUnknown),
        (requests.exceptions.ChunkedEncodingError("?"), ProviderOutcomeUnknown),
        (requests.exceptions.SSLError("?"), ProviderOutcomeUnknown),
        (httpx.ConnectTimeout("slow"), ProviderUnavailable),
        (httpx.ConnectError("no such host"), ProviderUnavailable),
        (httpx.PoolTimeout("full"), ProviderUnavailable),
        (httpx.UnsupportedProtocol("ftp"), ProviderUnavailable),
        (httpx.ReadTimeout("slow"), ProviderOutcomeUnknown),
        (httpx.WriteTimeout("slow"), ProviderOutcomeUnknown),
        (httpx.WriteError("broken"), ProviderOutcomeUnknown),
        (httpx.RemoteProtocolError("?"), ProviderOutcomeUnknown),
        (ConnectionRefusedError(), ProviderUnavailable),
        (socket.gaierror(), ProviderUnavailable),
        (ConnectionResetError(), ProviderOutcomeUnknown),
        (TimeoutError(), ProviderOutcomeUnknown),
        (ValueError("not JSON"), ProviderOutcomeUnknown),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_an_exception_says(error: Exception, outcome: type[ProviderError]) -> None:
    assert type(outcome_of(error)) is outcome


def test_nothing_of_the_exception_is_shown() -> None:
    assert "key" not in outcome_of(requests.ConnectTimeout("https://provider.example/?key=sk_1")).message
