"""The connection to one Stripe account: its own client, no module globals of the library."""

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import requests
import stripe
from urllib3.exceptions import MaxRetryError, NewConnectionError

from medusa_payments.providers.errors import ProviderUnavailable
from medusa_payments.providers.stripe.errors import REPLAYED, NothingSent, translated
from medusa_payments.providers.stripe.options import StripeOptions
from medusa_payments.sensitive_data import HIDDEN, without_sensitive_data

logger = logging.getLogger(__name__)

API_VERSION = "2026-10-28.endive"
"""That of stripe 16.1, asked for whatever the library's own is: an upgrade doesn't change what we ask for and read."""

CONNECT_SECONDS = 3.0

_IDEMPOTENCY_KEY = "Idempotency-Key"
_CLIENT_SECRET = re.compile(r"(?<=_secret_)\w+")


class WithoutBodies(logging.Filter):
    """Keeps what is said at DEBUG out of the library's log: whole requests and answers, with customers' names and the
    client secrets of payments. Other records pass, without any secret that they quote.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _CLIENT_SECRET.sub(HIDDEN, without_sensitive_data(record.getMessage())), None
        return record.levelno > logging.DEBUG


_WITHOUT_BODIES = WithoutBodies()


def keep_bodies_out_of_logs() -> None:
    """Put `WithoutBodies` on the library's logger. Doing it again changes nothing.

    The library also prints what it logs, past all logging, where `STRIPE_LOG` or `stripe.log` says `debug`: the least
    that it can be brought down to is `info`, which prints no bodies.
    """
    logging.getLogger("stripe").addFilter(_WITHOUT_BODIES)
    if "debug" in {stripe.log, stripe.log or os.environ.get("STRIPE_LOG")}:
        stripe.log = "info"


class CautiousHttpClient(stripe.HTTPClient):
    """Sends by another client, and tells apart what surely never reached Stripe, over all attempts at one request.

    Sends no telemetry: the library's switch for it is a module global, and not ours to turn.
    """

    name = "cautious"

    def __init__(self, sender: stripe.HTTPClient) -> None:
        super().__init__()
        self._sender = sender
        self._in_doubt = threading.local()

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[Any, int, Mapping[str, str]]:
        """Make one attempt.

        Raises `NothingSent` when neither this nor an earlier attempt under the same key can have arrived, and
        `stripe.APIConnectionError` for a lost answer. A refusal after a lost answer says nothing about the attempt
        that it was lost of, unless Stripe replays its first answer: then the answer counts as lost too.
        """
        key = (headers or {}).get(_IDEMPOTENCY_KEY)
        was_in_doubt = key is not None and getattr(self._in_doubt, "key", None) == key
        self._in_doubt.key = key
        try:
            body, status, answered = self._sender.request(method, url, headers, post_data)
        except stripe.APIConnectionError as error:
            if _never_connected(error) and not was_in_doubt:
                self._in_doubt.key = None
                raise _nothing_sent(error.should_retry) from error
            raise
        is_refusal = status in {400, 401, 403, 404} and answered.get(REPLAYED) != "true"
        if was_in_doubt and is_refusal:
            raise _lost("An earlier attempt may have been executed.")
        is_no_answer = status >= 500 or status == 409 or (status == 429 and was_in_doubt)
        if not is_no_answer:
            self._in_doubt.key = None
        return body, status, answered

    def close(self) -> None:
        self._sender.close()  # type: ignore[no-untyped-call]

    def _add_telemetry_header(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        return headers


class StripeConnection:
    """Makes calls with an account's key. Thread-safe; the client is made on first use.

    `is_waiting`: for calls that a customer waits for. They wait less for an answer, and are sent twice at most.
    """

    def __init__(self, options: StripeOptions, *, is_waiting: bool = False) -> None:
        self._options = options
        self._timeout = min(options.waiting_timeout, options.timeout) if is_waiting else options.timeout
        self._retries = min(options.max_network_retries, 1) if is_waiting else options.max_network_retries
        self._lock = threading.Lock()
        self._client: stripe.StripeClient | None = None

    def __repr__(self) -> str:
        return f"<StripeConnection to {self._options.account_name}>"

    @property
    def seconds_per_request(self) -> float:
        """How long one request can take with all its attempts: connecting, waiting for the answer, pausing between.

        The socket's timeouts bound each wait for bytes; an answer that trickles in byte by byte isn't bounded.
        """
        client = stripe.HTTPClient
        pauses: float = sum(min(client.INITIAL_DELAY * 2**number, client.MAX_DELAY) for number in range(self._retries))
        return (1 + self._retries) * (CONNECT_SECONDS + self._timeout) + pauses

    def send(self, call: Callable[[Any], Any]) -> dict[str, Any]:
        """Make one call on the `v1` services and return the object it answers. Raises what `errors` says."""
        try:
            answer: dict[str, Any] = call(self._connected().v1).to_dict()
        except stripe.StripeError as error:
            raise self._told(error) from None
        return answer

    def pages(self, call: Callable[[Any], Any]) -> Iterator[dict[str, Any]]:
        """Make a list call and yield the objects of all its pages. Raises what `errors` says."""
        try:
            for row in call(self._connected().v1).auto_paging_iter():
                yield row.to_dict()
        except stripe.StripeError as error:
            raise self._told(error) from None

    def _told(self, error: stripe.StripeError) -> Exception:
        told = translated(error)
        if isinstance(told, ProviderUnavailable):
            logger.error("Stripe account %s: %s", self._options.account_name, type(error).__name__)
        return told

    def _connected(self) -> stripe.StripeClient:
        keep_bodies_out_of_logs()
        with self._lock:
            if self._client is None:
                self._client = self._made()
            return self._client

    def _made(self) -> stripe.StripeClient:
        options = self._options
        sender = _http_client(options.http_client) if options.http_client else None
        sender = sender or stripe.RequestsClient(timeout=(CONNECT_SECONDS, self._timeout))
        return stripe.StripeClient(
            options.api_key,
            stripe_version=API_VERSION,
            max_network_retries=self._retries,
            http_client=CautiousHttpClient(sender),
            base_addresses={"api": options.api_base} if options.api_base else None,
        )


def _http_client(configured: Any) -> stripe.HTTPClient:
    found = configured
    if isinstance(found, str):
        module, _, name = found.rpartition(".")
        found = getattr(import_module(module), name)
    client = found() if callable(found) else found
    if not isinstance(client, stripe.HTTPClient):
        raise TypeError("The option http_client must lead to a stripe.HTTPClient.")
    return client


def _nothing_sent(should_retry: bool) -> NothingSent:
    return NothingSent("No connection was made.", should_retry=should_retry)  # type: ignore[no-untyped-call]


def _lost(message: str) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(message, should_retry=False)  # type: ignore[no-untyped-call]


def _never_connected(error: stripe.APIConnectionError) -> bool:
    cause = error.__cause__
    if isinstance(cause, requests.exceptions.ConnectTimeout):
        return True
    reason = cause.args[0] if isinstance(cause, requests.exceptions.ConnectionError) and cause.args else None
    return isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)
