"""What one request visits of the package: files, functions, statements and Python function calls.

    DEBUG=1 python manage.py migrate && DEBUG=1 python manage.py seed_demo
    DEBUG=1 python -m tests.benchmarks.visits [provider, pp_system_default unless told]

Sends the requests of one purchase to the demo in this process and prints a table. Everything between the first byte of
the request and the closed response counts, so login and publishable key do as well. Statements are counted without
BEGIN, COMMIT and savepoints. Core files and functions are those of `services` and `core`. The shipped fake provider
runs in this process too: its calls count among the function calls, its files and functions do not.

`test_visits.py` holds the same numbers against bounds.
"""

# ruff: noqa: T201 -- it is there to print

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from types import FrameType
from typing import Any
from wsgiref.util import setup_testing_defaults

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storefront_project.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.core.signals import request_finished, request_started  # noqa: E402 -- after django.setup
from django.db import close_old_connections, connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

import medusa_payments  # noqa: E402
from medusa_payments.models import Payment  # noqa: E402
from medusa_payments.providers.registry import providers  # noqa: E402
from medusa_payments.testing.fake_provider import FakeProvider  # noqa: E402

PACKAGE = Path(medusa_payments.__file__).parent
CORE_ROOMS = frozenset({"services", "core"})
TRANSACTION_WORDS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
PAGE = 20

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What one request cost."""

    files: int
    functions: int
    core_files: int
    core_functions: int
    statements: int
    calls: int


@dataclass(slots=True)
class Trace:
    """The functions of the package that ran, each with its file, and the number of all function calls."""

    visited: set[tuple[Path, str]] = field(default_factory=set)
    calls: int = 0

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        if event not in {"call", "c_call"}:
            return
        self.calls += 1
        file = frame.f_code.co_filename
        # A call into C happens in the frame of its caller, which was visited when it was entered.
        if event == "call" and file.startswith(_PREFIX) and not file.startswith(_TESTING):
            self.visited.add((Path(file).relative_to(PACKAGE), frame.f_code.co_qualname))

    def counts(self, statements: int) -> Counts:
        core = {(file, function) for file, function in self.visited if file.parts[0] in CORE_ROOMS}
        return Counts(
            files=len({file for file, _ in self.visited}),
            functions=len(self.visited),
            core_files=len({file for file, _ in core}),
            core_functions=len(core),
            statements=statements,
            calls=self.calls,
        )


_PREFIX = f"{PACKAGE}{os.sep}"
_TESTING = f"{PACKAGE / 'testing'}{os.sep}"


class Caller:
    """Sends requests to the demo as its server does."""

    def __init__(self, **headers: str) -> None:
        self._headers = headers

    def get(self, path: str) -> Document:
        return self._send("GET", path, b"", {})

    def post(self, path: str, body: Document | None = None) -> Document:
        return self._send("POST", path, json.dumps(body or {}).encode(), {})

    def deliver(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send the bytes of a webhook as they are."""
        self._send("POST", path, body, headers)

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Document:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1",
            "wsgi.input": BytesIO(body),
        }
        for name, value in {**self._headers, **headers}.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        setup_testing_defaults(environ)
        statuses: list[str] = []
        response = application(environ, lambda status, _headers: statuses.append(status))
        content = b"".join(response)
        response.close()
        if not statuses[0].startswith("200 "):
            raise RuntimeError(f"{method} {path}: {statuses[0]} {content[:300]!r}")
        document: Document = json.loads(content) if content.startswith(b"{") else {}
        return document


class Purchase:
    """Buys once at the demo with one provider, and counts what each request costs."""

    def __init__(self, provider_id: str) -> None:
        self.provider_id = provider_id
        self.counted: dict[str, Counts] = {}
        self._shopper = Caller(x_publishable_api_key="pk_demo")
        login = {"email": "admin@example.com", "password": "admin"}
        token = Caller().post("/auth/user/emailpass", login)["token"]
        self._staff = Caller(authorization=f"Bearer {token}")

    def fill_a_page(self) -> None:
        """Make as many payments as a page of the list shows, each with a capture."""
        for _ in range(PAGE - Payment.objects.count()):
            collection_id = self._collection(self._cart())
            payment_id = self._authorized(collection_id, self._session(collection_id))
            self._staff.post(f"/admin/payments/{payment_id}/capture", {"amount": 10})

    def run(self) -> dict[str, Counts]:
        """Return the counts of each request by its name."""
        cart_id = self._cart()
        with self._counting("create collection"):
            collection_id = self._collection(cart_id)
        with self._counting("session first"):
            session_id = self._session(collection_id)
        with self._counting("session again"):
            self._session(collection_id)
        with self._counting("authorize"):
            payment_id = self._authorized(collection_id, session_id)
        with self._counting("capture"):
            self._staff.post(f"/admin/payments/{payment_id}/capture", {"amount": 10})
        with self._counting("refund"):
            self._staff.post(f"/admin/payments/{payment_id}/refund", {"amount": 5})
        with self._counting("get payment"):
            self._staff.get(f"/admin/payments/{payment_id}")
        with self._counting("list payments"):
            page = self._staff.get("/admin/payments")
        if len(page["payments"]) != PAGE:
            raise RuntimeError(f"The page shows {len(page['payments'])} payments.")
        provider = providers[self.provider_id]
        if isinstance(provider, FakeProvider):
            self._hear_of_a_capture(provider, payment_id, session_id)
        self._complete()
        return self.counted

    def _hear_of_a_capture(self, provider: FakeProvider, payment_id: str, session_id: str) -> None:
        """Somebody captures at the provider by hand, and its webhook makes us book it."""
        payment = Payment.objects.get(pk=payment_id)
        provider.dashboard.capture(payment.provider_ref, 700)
        body, headers = provider.webhooks(session_id)[-1]
        with self._counting("webhook that books"):
            Caller().deliver("/hooks/payment/fake_fake", body, headers)
        if Payment.objects.get(pk=payment_id).captured_amount != payment.captured_amount + 700:
            raise RuntimeError("The webhook booked nothing.")

    def _complete(self) -> None:
        cart_id = self._cart()
        self._session(self._collection(cart_id))
        with self._counting("complete"):
            answer = self._shopper.post(f"/store/carts/{cart_id}/complete")
        if answer["type"] != "order":
            raise RuntimeError(f"No order was placed: {answer}")

    def _cart(self) -> str:
        items = [{"variant_id": "variant_tshirt_m", "quantity": 3}]
        cart: str = self._shopper.post("/store/carts", {"region_id": "reg_eu", "items": items})["cart"]["id"]
        return cart

    def _collection(self, cart_id: str) -> str:
        made: str = self._shopper.post("/store/payment-collections", {"cart_id": cart_id})["payment_collection"]["id"]
        return made

    def _session(self, collection_id: str) -> str:
        path = f"/store/payment-collections/{collection_id}/payment-sessions"
        answer = self._shopper.post(path, {"provider_id": self.provider_id})
        session: str = answer["payment_collection"]["payment_sessions"][0]["id"]
        return session

    def _authorized(self, collection_id: str, session_id: str) -> str:
        path = f"/store/payment-collections/{collection_id}/payment-sessions/{session_id}/authorize"
        payment: str = self._shopper.post(path)["payment_collection"]["payments"][0]["id"]
        return payment

    @contextmanager
    def _counting(self, name: str) -> Iterator[None]:
        trace, before = Trace(), sys.getprofile()
        with CaptureQueriesContext(connection) as queries:
            sys.setprofile(trace)
            try:
                yield
            finally:
                sys.setprofile(before)
        sent = [query["sql"] for query in queries if not query["sql"].startswith(TRANSACTION_WORDS)]
        self.counted[name] = trace.counts(len(sent))


@contextmanager
def connection_kept_open() -> Iterator[None]:
    """Keep the connection between requests, as a server does, and the queries that were captured on it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def measure(provider_id: str) -> dict[str, Counts]:
    """Return what each request of a purchase costs once everything that is made once has been made."""
    with connection_kept_open():
        purchase = Purchase(provider_id)
        purchase.fill_a_page()
        purchase.run()
        return purchase.run()


def main(provider_id: str = "pp_system_default") -> None:
    counted = measure(provider_id)
    columns = list(asdict(counted["capture"]))
    print(f"{provider_id:20}" + "".join(f"{column.replace('_', ' '):>16}" for column in columns))
    for name, counts in counted.items():
        print(f"{name:20}" + "".join(f"{number:>16}" for number in asdict(counts).values()))


if __name__ == "__main__":
    main(*sys.argv[1:])
