"""A shop over HTTP, as a storefront and its back office see it: ours, or any other that speaks the contract."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Barrier
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

FAKE = "pp_fake_fake"
SYSTEM = "pp_system_default"
TIMEOUT_SECONDS = 60
CROWD = 10

Document = dict[str, Any]
Call = Callable[[], "Answer"]


@dataclass(frozen=True)
class Address:
    """Where a shop is, how to get in, and what can be bought: `quantity` pieces of a variant come to `total`."""

    base_url: str
    publishable_key: str = "pk_demo"
    email: str = "admin@example.com"
    password: str = "admin"
    secret_key: str = ""
    region_id: str = "reg_eu"
    variant_id: str = "variant_mug"
    quantity: int = 10
    provider_id: str = FAKE


@dataclass(frozen=True)
class Answer:
    """`body` is the parsed JSON, its numbers exact; the text where it is none."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.body[key]


@dataclass(frozen=True)
class Begun:
    """A checkout that has come to its payment session."""

    cart_id: str
    collection_id: str
    session: Document

    @property
    def sessions_path(self) -> str:
        return f"/store/payment-collections/{self.collection_id}/payment-sessions"

    @property
    def completion_path(self) -> str:
        return f"/store/carts/{self.cart_id}/complete"


class Shop:
    """Sends JSON and returns `Answer`s of any status. Amounts are in major units, exact."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.login_of_customer: str | None = None
        self._login = self._log_in()

    # Talking

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        content = raw if raw is not None else None if body is None else json.dumps(body, default=float).encode()
        sent = {**self._headers(path), **(headers or {})}
        request = Request(self.address.base_url + path, content, sent, method=method)  # noqa: S310
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                return _answer(response)
        except HTTPError as error:
            with error:
                return _answer(error)

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """Post a body; keywords are headers, with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", path, {} if body is None else body, headers=named)

    def good(self, method: str, path: str, body: Any = None) -> Any:
        """Send what has to succeed, and return its body."""
        answer = self.send(method, path, body)
        assert answer.status == 200, f"{method} {path}: {answer.status} {answer.body}"
        return answer.body

    # A storefront

    def cart(self, *, quantity: int | None = None, variant_id: str = "", region_id: str = "") -> Document:
        item = {"variant_id": variant_id or self.address.variant_id, "quantity": quantity or self.address.quantity}
        body = {"region_id": region_id or self.address.region_id, "email": "ada@example.com", "items": [item]}
        return self.good("POST", "/store/carts", body)["cart"]  # type: ignore[no-any-return]

    def add(self, cart_id: str, variant_id: str, quantity: int = 1) -> None:
        self.good("POST", f"/store/carts/{cart_id}/line-items", {"variant_id": variant_id, "quantity": quantity})

    def collection(self, cart: Document) -> Document:
        return self.good("POST", "/store/payment-collections", {"cart_id": cart["id"]})["payment_collection"]  # type: ignore[no-any-return]

    def choose(self, collection_id: str, provider_id: str = "", **data: Any) -> Answer:
        """Choose how to pay. `data` steers a provider that can be told what to do."""
        body: Document = {"provider_id": provider_id or self.address.provider_id} | ({"data": data} if data else {})
        return self.post(f"/store/payment-collections/{collection_id}/payment-sessions", body)

    def begun(self, cart: Document | None = None, provider_id: str = "", **data: Any) -> Begun:
        cart = cart or self.cart()
        collection_id = self.collection(cart)["id"]
        chosen = self.choose(collection_id, provider_id, **data)
        assert chosen.status == 200, chosen.body
        [session] = chosen["payment_collection"]["payment_sessions"]
        return Begun(cart["id"], collection_id, session)

    def complete(self, begun: Begun) -> Answer:
        return self.post(begun.completion_path)

    def order(self, begun: Begun | None = None, **data: Any) -> Document:
        """An order whose payment is authorized, or captured if its provider captures at once."""
        completed = self.complete(begun or self.begun(**data))
        assert (completed.status, completed["type"]) == (200, "order"), completed.body
        return completed["order"]  # type: ignore[no-any-return]

    # A back office

    def payment_of(self, begun: Begun) -> Document:
        """The one payment of a session."""
        path = f"/admin/payments?payment_session_id={begun.session['id']}"
        [payment] = self.good("GET", path)["payments"]
        return self.payment(payment["id"])

    def payment(self, payment_id: str) -> Document:
        return self.good("GET", f"/admin/payments/{payment_id}")["payment"]  # type: ignore[no-any-return]

    def authorized(self, cart: Document | None = None, **data: Any) -> Document:
        """The authorized payment of an order."""
        begun = self.begun(cart, **data)
        self.order(begun)
        return self.payment_of(begun)

    def captured(self, cart: Document | None = None, **data: Any) -> Document:
        payment = self.authorized(cart, **data)
        return self.good("POST", f"/admin/payments/{payment['id']}/capture", {})["payment"]  # type: ignore[no-any-return]

    def capture(self, payment: Document, amount: Any = None, **headers: str) -> Answer:
        return self.post(f"/admin/payments/{payment['id']}/capture", _amount(amount), **headers)

    def refund(self, payment: Document, amount: Any = None, **headers: str) -> Answer:
        return self.post(f"/admin/payments/{payment['id']}/refund", _amount(amount), **headers)

    def collection_of(self, begun: Begun) -> Document:
        """The collection of a checkout, through its cart, where every shop shows it."""
        return self.good("GET", f"/store/carts/{begun.cart_id}")["cart"]["payment_collection"]  # type: ignore[no-any-return]

    # What became of the money

    def moved(self, payment: Document, verb: str) -> list[Decimal]:
        """Return the amounts that moved: by the provider's own books where they can be read, else by the shop's."""
        if payment["provider_id"] == FAKE:
            return [self.major(entry) for entry in self.ledger(payment["payment_session_id"], verb)]
        lines = {"capture": "captures", "refund": "refunds"}[verb]
        return [Decimal(line["amount"]) for line in self.payment(payment["id"])[lines]]

    def ledger(self, session_id: str, *verbs: str) -> list[Document]:
        """Return what the fake provider did for a session, oldest first; of some verbs only, if they are given."""
        entries = self.good("GET", "/fake-provider/ledger")["entries"]
        mine = [entry for entry in entries if entry["session_id"] == session_id]
        return [entry for entry in mine if not verbs or entry["verb"] in verbs]

    def major(self, entry: Document) -> Decimal:
        return Decimal(entry["amount"]).scaleb(-DIGITS.get(entry["currency_code"], 2))

    # Many callers

    def at_once(self, *calls: Call) -> list[Answer]:
        """Make all calls at the same moment."""
        barrier = Barrier(len(calls))

        def run(call: Call) -> Answer:
            barrier.wait()
            return call()

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(run, calls))

    def crowd(self, call: Call) -> list[Answer]:
        """Make one call ten times at the same moment."""
        return self.at_once(*[call] * CROWD)

    def _headers(self, path: str) -> dict[str, str]:
        headers = {"content-type": "application/json", "accept": "application/json"}
        if path.startswith("/admin"):
            headers["authorization"] = self._login
        elif path.startswith("/store"):
            headers["x-publishable-api-key"] = self.address.publishable_key
            headers |= {"authorization": self.login_of_customer} if self.login_of_customer else {}
        return headers

    def _log_in(self) -> str:
        if self.address.secret_key:
            return f"Basic {b64encode(f'{self.address.secret_key}:'.encode()).decode()}"
        credentials = {"email": self.address.email, "password": self.address.password}
        return f"Bearer {self.good('POST', '/auth/user/emailpass', credentials)['token']}"


DIGITS = {"jpy": 0, "kwd": 3}


def statuses(answers: Iterable[Answer]) -> list[int]:
    return sorted(answer.status for answer in answers)


def total(amounts: Iterable[Any]) -> Decimal:
    return sum(map(Decimal, amounts), Decimal())


def _amount(amount: Any) -> Document:
    return {} if amount is None else {"amount": amount}


def _answer(response: Any) -> Answer:
    content = response.read()
    headers = {name.lower(): value for name, value in response.headers.items()}
    try:
        return Answer(response.status, json.loads(content, parse_float=Decimal), headers)
    except ValueError:
        return Answer(response.status, content.decode(errors="replace"), headers)
