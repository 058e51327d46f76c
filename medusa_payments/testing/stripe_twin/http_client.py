"""The twin as the `stripe` library's own transport: everything of the library runs, but no socket is opened."""

import errno
import json
from collections.abc import Callable
from typing import Any

import requests
import stripe
from requests.adapters import BaseAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from medusa_payments.testing.stripe_twin.faults import ConnectionLost, Fault
from medusa_payments.testing.stripe_twin.wire import TwinRequest, TwinResponse, read_request

Handle = Callable[[TwinRequest], TwinResponse]


class TwinAdapter(BaseAdapter):
    """Answers what `requests` sends, and fails as a network does."""

    def __init__(self, handle: Handle, base_url: str) -> None:
        super().__init__()
        self._handle = handle
        self._base_url = base_url

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        asked = read_request(
            request.method or "GET",
            request.url or "",
            {name: str(value) for name, value in request.headers.items()},
            request.body if isinstance(request.body, str | bytes) else None,
            base_url=self._base_url,
        )
        try:
            answer = self._handle(asked)
        except ConnectionLost as lost:
            raise _network_error(lost.fault, request) from lost
        response = requests.Response()
        response.status_code = answer.status
        response.headers.update({"Content-Type": "application/json", **answer.headers})
        response._content = json.dumps(answer.body).encode()
        response.request = request
        response.url = request.url or ""
        return response

    def close(self) -> None:
        """Nothing is open."""


class TwinHTTPClient(stripe.RequestsClient):
    """What `StripeClient(key, http_client=…)` takes."""

    def __init__(self, handle: Handle, *, base_url: str, timeout: float) -> None:
        session = requests.Session()
        session.trust_env = False
        for scheme in ("https://", "http://"):
            session.mount(scheme, TwinAdapter(handle, base_url))
        super().__init__(timeout=timeout, session=session)


def _network_error(fault: Fault, request: requests.PreparedRequest) -> Exception:
    if fault is Fault.UNREACHABLE:
        refused = NewConnectionError(None, "Connection refused")  # type: ignore[arg-type]
        reason = MaxRetryError(None, request.url or "", refused)  # type: ignore[arg-type]
        return requests.exceptions.ConnectionError(reason, request=request)
    if fault in {Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER}:
        return requests.exceptions.ReadTimeout("The twin did not answer in time.", request=request)
    reset = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
    return requests.exceptions.ConnectionError(ProtocolError("Connection aborted.", reset), request=request)
