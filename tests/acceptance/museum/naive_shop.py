"""A shop as one might write it in an afternoon: in memory, without locks, keys or cents. Every scenario fails here.

`python -m tests.acceptance.museum.naive_shop [port]` serves it. It answers the paths that the museum visits, and does
what the threads complain of: it is the proof that the scenarios can fail, and is good for nothing else.
"""

import itertools
import json
import re
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

Record = dict[str, Any]

PRICES = {"variant_mug": 10.0, "variant_tshirt_m": 19.99, "variant_sticker": 0.01, "variant_sample": 0.0}
CURRENCIES = {"reg_jp": ("jpy", 100), "reg_kw": ("kwd", 1)}
A_MOMENT = 0.02
"""Between reading and writing, so that races are lost."""


class Failed(Exception):
    """An answer that isn't 200."""

    def __init__(self, status: int, message: str, kind: str = "unknown_error") -> None:
        super().__init__(message)
        self.status, self.body = status, {"type": kind, "message": message}


class NaiveShop:
    """Everything in dictionaries; ids are counted."""

    def __init__(self) -> None:
        self.rows: dict[str, Record] = {}
        self.entries: list[Record] = []
        self._numbers = itertools.count(1)

    def new(self, prefix: str, **fields: Any) -> Record:
        row = {"id": f"{prefix}_{next(self._numbers)}", **fields}
        self.rows[row["id"]] = row
        return row

    def find(self, prefix: str, **fields: Any) -> list[Record]:
        rows = [row for row in self.rows.copy().values() if row["id"].startswith(f"{prefix}_")]
        return [row for row in rows if all(row.get(name) == value for name, value in fields.items())]

    def log_in(self, _body: Record) -> Record:
        return {"token": "token"}

    # The storefront

    def create_cart(self, body: Record) -> Record:
        currency, _ = CURRENCIES.get(body["region_id"], ("eur", 1))
        cart = self.new("cart", region_id=body["region_id"], currency_code=currency, items=[], completed_at=None)
        for item in body["items"]:
            self._add(cart, item)
        return self.get_cart(cart["id"])

    def get_cart(self, cart_id: str) -> Record:
        cart = self.rows[cart_id]
        total = sum(PRICES[item["variant_id"]] * item["quantity"] for item in cart["items"])
        collections = self.find("pay_col", cart_id=cart_id)
        return {"cart": {**cart, "total": total, "payment_collection": collections[0] if collections else None}}

    def add_item(self, cart_id: str, body: Record) -> Record:
        self._add(self.rows[cart_id], body)
        return self.get_cart(cart_id)

    def remove_item(self, cart_id: str, item_id: str) -> Record:
        cart = self.rows[cart_id]
        cart["items"] = [item for item in cart["items"] if item["id"] != item_id]
        return {"parent": cart}

    def create_collection(self, body: Record) -> Record:
        cart = self.get_cart(body["cart_id"])["cart"]
        if cart["payment_collection"] is None:
            time.sleep(A_MOMENT)
            self._collection(cart["total"], cart["currency_code"], cart_id=cart["id"])
            if len(self.find("pay_col", cart_id=cart["id"])) > 1:
                raise Failed(500, "An unknown error occurred.")
        return {"payment_collection": self.get_cart(cart["id"])["cart"]["payment_collection"]}

    def create_session(self, collection_id: str, body: Record) -> Record:
        collection = self.rows.get(collection_id) or self._collection(0, "eur")
        data = body.get("data", {})
        others = list(collection["payment_sessions"])
        session = self.new("payses", amount=self._total(collection), provider_id=body["provider_id"], status="pending")
        session |= {"currency_code": collection["currency_code"], "data": {**data, "client_secret": session["id"]}}
        self._provider("initiate", session)
        time.sleep(A_MOMENT)
        if any("outcome" in other["data"] for other in others):
            raise Failed(500, "Could not delete all payment sessions", "unexpected_state")
        for other in others:
            self._provider("cancel", other)
            collection["payment_sessions"] = [each for each in collection["payment_sessions"] if each is not other]
        collection["payment_sessions"].append(session)
        return {"payment_collection": collection}

    def authorize(self, collection_id: str, session_id: str, _body: Record) -> Record:
        collection, session = self.rows[collection_id], self.rows[session_id]
        self._provider("authorize", session)
        payment = self.new("pay", payment_session_id=session_id, captures=[], refunds=[], captured_amount=0)
        for name in ("amount", "currency_code", "provider_id", "data"):
            payment[name] = session[name]
        payment |= {"collection": collection_id, "refunded_amount": 0, "captured_at": None, "canceled_at": None}
        session["status"] = "authorized"
        collection["payments"].append(payment)
        return {"payment_collection": collection}

    def complete(self, cart_id: str, _body: Record) -> Record:
        order = self.new("order", cart_id=cart_id, total=self.get_cart(cart_id)["cart"]["total"])
        collection = self.find("pay_col", cart_id=cart_id)[0]
        order |= {"payment_collections": [collection], "payment_status": "authorized"}
        time.sleep(A_MOMENT)
        for session in collection["payment_sessions"]:
            self.authorize(collection["id"], session["id"], {})
        return {"type": "order", "order": order}

    # The back office

    def list_payments(self, payment_session_id: str) -> Record:
        return {"payments": self.find("pay", payment_session_id=payment_session_id)}

    def get_payment(self, payment_id: str) -> Record:
        return {"payment": self.rows[payment_id]}

    def capture(self, payment_id: str, body: Record) -> Record:
        return self._move(payment_id, body, "capture", "captured_amount", "captures")

    def refund(self, payment_id: str, body: Record) -> Record:
        if self.rows[payment_id]["refunds"]:
            raise Failed(400, "The order owes nothing.", "invalid_data")
        return self._move(payment_id, body, "refund", "refunded_amount", "refunds")

    def cancel(self, payment_id: str, _body: Record) -> Record:
        payment = self.rows[payment_id]
        payment["canceled_at"] = "now"
        return {"payment": payment}

    def list_orders(self) -> Record:
        return {"orders": self.find("order")}

    def get_order(self, order_id: str) -> Record:
        return {"order": self.rows[order_id]}

    def ask_for_more(self, body: Record) -> Record:
        collection = self._collection(body["amount"], "eur")
        self.rows[body["order_id"]]["payment_collections"].append(collection)
        return {"payment_collection": collection}

    def mark_as_paid(self, collection_id: str, _body: Record) -> Record:
        collection = self.rows[collection_id]
        time.sleep(A_MOMENT)
        collection["captured_amount"] += collection["amount"]
        collection["payments"].append({})
        return {"payment_collection": collection}

    def list_reasons(self) -> Record:
        return {"refund_reasons": [{"id": "refr_1", "code": "dented"}]}

    def hook(self, _provider: str, _body: Record) -> Record:
        return {}

    def ledger(self) -> Record:
        return {"entries": self.entries}

    def schema(self) -> Record:
        operation = {"operationId": "create", "summary": "", "description": ""}
        return {"paths": {"/a": {"post": operation}, "/b": {"post": operation}}, "components": {"schemas": {}}}

    # What goes wrong

    def _add(self, cart: Record, item: Record) -> None:
        cart["items"].append({"id": f"item_{next(self._numbers)}", **item})

    def _collection(self, amount: float, currency_code: str, **fields: Any) -> Record:
        totals = {"amount": amount, "captured_amount": 0, "status": "not_paid", "currency_code": currency_code}
        return self.new("pay_col", payment_sessions=[], payments=[], **totals, **fields)

    def _total(self, collection: Record) -> float:
        cart_id = collection.get("cart_id")
        return float(self.get_cart(cart_id)["cart"]["total"] if cart_id else collection["amount"])

    def _move(self, payment_id: str, body: Record, verb: str, counter: str, lines: str) -> Record:
        payment = self.rows[payment_id]
        amount = float(body.get("amount", payment["amount"]))
        limit = payment["amount"] if verb == "capture" else payment["captured_amount"]
        if payment[counter] + amount > limit + 0.01:
            raise Failed(400, "Too much.", "invalid_data")
        time.sleep(A_MOMENT)
        self._provider(verb, {**self.rows[payment["payment_session_id"]], "amount": amount})
        payment[counter] += amount
        payment[lines].append(self.new("line", amount=amount))
        return {"payment": payment}

    def _provider(self, verb: str, session: Record) -> None:
        """Carry out, and charge a cent less than is shown; steered calls fail, and a repeat is carried out again."""
        data = session["data"]
        outcome = data.get("outcome") if data.get("on", "authorize") == verb else None
        if outcome in {None, "timeout_after", "captured"}:
            cents = int(session["amount"] * 100 - 0.5)
            entry = {"verb": verb, "session_id": session["id"], "idempotency_key": "", "amount": cents}
            self.entries.append(entry | {"currency_code": session["currency_code"]})
        time.sleep(float(data.get("delay_ms", 0)) / 1000)
        if outcome not in {None, "captured"}:
            raise Failed(500, "An unknown error occurred.")


Route = tuple[str, str, Callable[..., Record]]


def routes(shop: NaiveShop) -> list[Route]:
    collections = "/store/payment-collections"
    return [
        ("POST", "/auth/user/emailpass", shop.log_in),
        ("POST", "/store/carts", shop.create_cart),
        ("GET", "/store/carts/([^/]+)", shop.get_cart),
        ("POST", "/store/carts/([^/]+)/line-items", shop.add_item),
        ("DELETE", "/store/carts/([^/]+)/line-items/([^/]+)", shop.remove_item),
        ("POST", "/store/carts/([^/]+)/complete", shop.complete),
        ("POST", collections, shop.create_collection),
        ("POST", f"{collections}/([^/]+)/payment-sessions", shop.create_session),
        ("POST", f"{collections}/([^/]+)/payment-sessions/([^/]+)/authorize", shop.authorize),
        ("GET", "/admin/payments/([^/]+)", shop.get_payment),
        ("POST", "/admin/payments/([^/]+)/capture", shop.capture),
        ("POST", "/admin/payments/([^/]+)/refund", shop.refund),
        ("POST", "/admin/payments/([^/]+)/cancel", shop.cancel),
        ("GET", "/admin/orders", shop.list_orders),
        ("GET", "/admin/orders/([^/]+)", shop.get_order),
        ("POST", "/admin/payment-collections", shop.ask_for_more),
        ("POST", "/admin/payment-collections/([^/]+)/mark-as-paid", shop.mark_as_paid),
        ("GET", "/admin/refund-reasons", shop.list_reasons),
        ("POST", "/hooks/payment/([^/]+)", shop.hook),
        ("GET", "/fake-provider/ledger", shop.ledger),
        ("GET", "/openapi.json", shop.schema),
    ]


class Handler(BaseHTTPRequestHandler):
    shop: ClassVar[NaiveShop]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/admin/payments":
            [session_id] = parse_qs(parts.query)["payment_session_id"]
            self._answer(lambda: self.shop.list_payments(session_id))
        else:
            self._route(parts.path)

    def do_DELETE(self) -> None:
        self._route(self.path)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        self._route(urlsplit(self.path).path, json.loads(content or b"{}"))

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _route(self, path: str, *body: Any) -> None:
        for method, pattern, act in routes(self.shop):
            match = re.fullmatch(pattern, path)
            if match and method == self.command:
                self._answer(lambda act=act, match=match: act(*match.groups(), *body))  # type: ignore[misc]
                return
        self._send(404, {"type": "not_found", "message": "Not found"})

    def _answer(self, act: Callable[[], Record]) -> None:
        try:
            self._send(200, act())
        except Failed as failure:
            self._send(failure.status, failure.body)
        except Exception as error:
            self._send(500, {"type": "unknown_error", "message": repr(error)})

    def _send(self, status: int, body: Any) -> None:
        content = json.dumps(body, default=str).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class NaiveServer(ThreadingHTTPServer):
    request_queue_size = 64


def serve(port: int = 0) -> ThreadingHTTPServer:
    """Return a server of a new naive shop, bound and not yet serving."""
    handler = type("NaiveHandler", (Handler,), {"shop": NaiveShop()})
    return NaiveServer(("127.0.0.1", port), handler)


if __name__ == "__main__":
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else 9000).serve_forever()
