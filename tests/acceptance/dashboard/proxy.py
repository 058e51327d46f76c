"""What Medusa's dashboard talks to: our shop, and an order, a store and a few more stubs, which aren't payments.

In `tests/acceptance/dashboard`, `python proxy.py http://127.0.0.1:8000 .medusa/jwt 9000` serves the dashboard at
http://127.0.0.1:9000/app against `make demo`. Every path but those of `STUBS` and `ORDER` is the shop's: requests and
answers pass through as they are, with the headers that logins and money depend on.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any
from urllib.parse import urlsplit

BASE = "/app"
TIMEOUT_SECONDS = 30
GONE_AFTER_SECONDS = 0.1
PASSED_ON = ("accept", "authorization", "content-type", "cookie", "idempotency-key", "origin", "referer", "x-csrftoken")
PASSED_BACK = ("cache-control", "content-type", "retry-after")

LOGIN = ("/admin/users/me", "/admin/stores")
"""Stubs that say whether somebody is logged in; the others are for everybody."""
EMPTY_LISTS = {
    "claims",
    "exchanges",
    "notifications",
    "orders",
    "plugins",
    "regions",
    "reservations",
    "returns",
    "sales-channels",
    "shipping-options",
    "views",
}
USER = {"id": "user_1", "email": "admin@example.com", "first_name": "Ada", "last_name": "Min", "metadata": None}
STORE = {
    "id": "store_1",
    "name": "Demo shop",
    "supported_currencies": [{"currency_code": "eur", "is_default": True}],
    "default_region_id": "reg_eu",
}
STUBS: dict[str, Any] = {
    "/admin/users/me": {"user": USER},
    "/admin/stores": {"stores": [STORE], "count": 1, "offset": 0, "limit": 20},
    "/admin/feature-flags": {"feature_flags": {}},
    "/auth/user/providers": {"providers": [{"id": "emailpass", "type": "credentials"}], "count": 1},
    "/cloud/auth": {"enabled": False},
}
ORDER = re.compile(r"/admin/orders/(order_\w+)(/\w+)?")


class Fault(Enum):
    """How a connection to the shop breaks while the shop works."""

    GATEWAY_TIMEOUT = 1
    """Whoever asks is told so: 504."""
    HANG_UP = 2
    """Their connection breaks too, before any answer. Chromium then sends the same again, by itself."""


@dataclass
class Answer:
    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)


def json_answer(document: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode(), [("content-type", "application/json")])


def whole_order(order: dict[str, Any]) -> dict[str, Any]:
    """Complete the demo's order with what else Medusa's dashboard shows of one. Its payments stay as they are."""
    collections, total = order["payment_collections"], order["total"]
    billed = sum(each["amount"] for each in collections if each["status"] != "canceled")
    paid = sum(each["captured_amount"] - each["refunded_amount"] for each in collections)
    detail = {"fulfilled_quantity": 0, "shipped_quantity": 0, "delivered_quantity": 0, "return_requested_quantity": 0}
    more = {"variant": None, "variant_sku": None, "tax_lines": [], "adjustments": [], "thumbnail": None}
    items = [
        {
            **more,
            **item,
            "subtotal": item["unit_price"] * item["quantity"],
            "created_at": order["created_at"],
            "detail": {**detail, **item},
        }
        for item in order["items"]
    ]
    sums = ("item_subtotal", "item_total", "original_item_total", "subtotal", "original_total")
    nothing = "tax_total original_tax_total item_tax_total original_item_tax_total discount_total discount_subtotal \
        shipping_subtotal shipping_total shipping_tax_total original_shipping_tax_total shipping_discount_total \
        item_discount_total credit_line_total"
    lists = ("fulfillments", "shipping_methods", "credit_lines", "promotions")
    return {
        **dict.fromkeys(sums, total),
        **dict.fromkeys(nothing.split(), 0),
        **{name: [] for name in lists},
        "display_id": 1,
        "version": 1,
        "metadata": None,
        "customer": None,
        "sales_channel": {"id": "sc_1", "name": "Demo shop"},
        "shipping_address": None,
        "billing_address": None,
        "fulfillment_status": "not_fulfilled",
        "region": {"automatic_taxes": True},
        "region_id": "reg_eu",
        "canceled_at": None,
        "order_change": None,
        **order,
        "items": items,
        "summary": {"pending_difference": billed - paid, "paid_total": paid, "current_order_total": total},
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Proxy"

    def do_GET(self) -> None:
        self._respond()

    do_POST = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_about: Any) -> None:
        """The test tells what matters."""

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = urlsplit(self.path).path
        fault = self.server.fault_of(path)
        if fault is not None:
            self._lose_shop(body, fault)
            return
        answer = self._file(path) or self._stub(path) or self._order(path) or self._asked(self.command, self.path, body)
        if answer.status >= 400:
            self.server.refusals.append((self.command, path, answer.status))
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _file(self, path: str) -> Answer | None:
        """A file of the dashboard; its page for every path that its own router knows."""
        if not f"{path}/".startswith(f"{BASE}/"):
            return None
        root = self.server.built
        file = (root / path.removeprefix(f"{BASE}/")).resolve()
        file = file if file.is_file() and file.is_relative_to(root) else root / "index.html"
        return Answer(
            200, file.read_bytes(), [("content-type", guess_type(file.name)[0] or "application/octet-stream")]
        )

    def _stub(self, path: str) -> Answer | None:
        name = path.removeprefix("/admin/")
        if self.command != "GET":
            return None
        if path in LOGIN:
            login = self._asked("GET", "/admin/payments?limit=0", b"")
            return json_answer(STUBS[path]) if login.status == 200 else login
        if path in STUBS:
            return json_answer(STUBS[path])
        if path.startswith("/admin/users/"):
            return json_answer({"user": USER})
        if name.startswith("layouts/"):
            return json_answer({"layout_configuration": None, "layout_configurations": [], "count": 0})
        if name in EMPTY_LISTS:
            return json_answer({name.replace("-", "_"): [], "count": 0, "offset": 0, "limit": 20})
        return None

    def _order(self, path: str) -> Answer | None:
        found = ORDER.fullmatch(path)
        if not found or self.command != "GET":
            return None
        if found[2] == "/changes":
            return json_answer({"order_changes": [], "count": 0})
        answer = self._asked("GET", f"/admin/orders/{found[1]}", b"")
        if answer.status != 200:
            return answer
        return json_answer({"order": whole_order(json.loads(answer.body)["order"])})

    def _lose_shop(self, body: bytes, fault: Fault) -> None:
        """Have the shop do it, but be gone before it answers."""
        connection = self._send("POST", self.path, body)
        sleep(GONE_AFTER_SECONDS)
        connection.close()
        if fault is Fault.GATEWAY_TIMEOUT:
            self.send_error(504)
        self.close_connection = True

    def _send(self, method: str, path: str, body: bytes) -> HTTPConnection:
        connection = HTTPConnection(self.server.shop, timeout=TIMEOUT_SECONDS)
        headers = {name: value for name in PASSED_ON if (value := self.headers.get(name)) is not None}
        connection.request(method, path, body or None, headers)
        return connection

    def _asked(self, method: str, path: str, body: bytes) -> Answer:
        """Ask the shop."""
        connection = self._send(method, path, body)
        try:
            response = connection.getresponse()
            back = [(name, value) for name in PASSED_BACK if (value := response.getheader(name)) is not None]
            back += [("set-cookie", value) for value in response.headers.get_all("set-cookie", [])]
            return Answer(response.status, response.read(), back)
        finally:
            connection.close()


class Proxy(ThreadingHTTPServer):
    """`refusals` are method, path and status of every answer that was an error."""

    daemon_threads = True

    def __init__(self, shop: str, built: Path, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.shop, self.built = urlsplit(shop).netloc, built.resolve()
        self.refusals: list[tuple[str, str, int]] = []
        self.faults: dict[str, Fault] = {}
        """What goes wrong with the next request to a path that ends so."""

    def fault_of(self, path: str) -> Fault | None:
        return self.faults.pop(path.rpartition("/")[2], None)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(shop: str, built: Path) -> Iterator[Proxy]:
    with Proxy(shop, built) as proxy:
        thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield proxy
        proxy.shutdown()
        thread.join()


if __name__ == "__main__":
    with Proxy(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])) as by_hand:
        sys.stdout.write(f"{by_hand.origin}{BASE}\n")
        sys.stdout.flush()
        by_hand.serve_forever()
