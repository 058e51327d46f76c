"""A payment service in memory that does everything the contract knows of: what the kit's own tests break."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any

from medusa_payments.ids import new_id
from medusa_payments.testing.conformance import Customer, Fault

AUTHORIZATION = timedelta(days=7)


class Refusal(Exception):
    """The service says no; nothing moved."""

    def __init__(self, message: str, code: str, *, is_decline: bool = False) -> None:
        super().__init__(message)
        self.message, self.code, self.is_decline = message, code, is_decline


class BrokenAnswer(Exception):
    """A server error, or something that can't be read."""


@dataclass
class Movement:
    ref: str
    amount: int
    key: str
    state: str = "succeeded"


@dataclass
class Entry:
    """A payment object. Amounts are minor units; `authorized` includes what is captured."""

    ref: str
    session_id: str
    amount: int
    currency_code: str
    token: str = ""
    method: str = ""
    status: str = "open"
    authorized: int = 0
    released: int = 0
    captures: list[Movement] = field(default_factory=list)
    refunds: list[Movement] = field(default_factory=list)
    disputes: list[Movement] = field(default_factory=list)
    capture_before: datetime | None = None

    @property
    def captured(self) -> int:
        return sum(movement.amount for movement in self.captures)

    @property
    def refunded(self) -> int:
        return sum(movement.amount for movement in self.refunds if movement.state != "failed")

    @property
    def held(self) -> int:
        return self.authorized - self.captured

    def copy(self) -> "Entry":
        lists = {name: [replace(row) for row in getattr(self, name)] for name in ("captures", "refunds", "disputes")}
        return replace(self, **lists)


class PocketService:
    """Of several calls under one key one is executed; all get its answer."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.entries: dict[str, Entry] = {}
        self.answers: dict[str, tuple[Any, Any]] = {}
        self.faults: dict[str, Fault] = {}
        self.events: list[dict[str, Any]] = []
        self.holders: dict[str, str] = {}
        self.methods: dict[str, str] = {}
        self.refund_state = "succeeded"
        self.ahead = timedelta()

    def call(self, verb: str, key: str, request: Any, execute: Callable[[], Any]) -> Any:
        fault = self.faults.get(verb)
        if fault is Fault.UNREACHABLE:
            raise ConnectionRefusedError
        if fault is Fault.REQUEST_LOST:
            raise TimeoutError
        with self.lock:
            answer = self._answer(key, request, execute) if key else _tried(execute)
        if fault is Fault.ANSWER_LOST:
            raise TimeoutError
        if fault is Fault.SERVER_ERROR:
            raise BrokenAnswer
        if isinstance(answer, Refusal):
            raise answer
        return answer

    def create(
        self, session_id: str, amount: int, currency_code: str, token: str = "", method: str = "", holder: str = ""
    ) -> Entry:
        if method and self.methods.get(method) != holder:
            raise Refusal("It isn't this customer's.", "method")
        entry = Entry(new_id("pocket"), session_id, amount, currency_code, token, method)
        self.entries[entry.ref] = entry
        return self._told("created", entry)

    def change(self, ref: str, amount: int, token: str = "") -> Entry:
        entry = self.existing(ref)
        if entry.status != "open":
            raise Refusal(f"It is {entry.status}.", "not_open")
        entry.amount, entry.token = amount, token
        return self._told("changed", entry)

    def read(self, ref: str) -> Entry:
        return self.existing(ref).copy()

    def capture(self, ref: str, amount: int, currency_code: str, key: str, *, is_final: bool) -> tuple[Entry, str]:
        entry = self._in_currency(ref, currency_code)
        if entry.status != "authorized" or amount > entry.held:
            raise Refusal(f"{amount} can't be captured.", "not_capturable")
        ref = new_id("pcapt")
        entry.captures.append(Movement(ref=ref, amount=amount, key=key))
        if is_final:
            entry.released += entry.held
            entry.authorized = entry.captured
        if not entry.held:
            entry.status = "captured"
        return self._told("captured", entry), ref

    def refund(self, ref: str, amount: int, currency_code: str, key: str) -> tuple[Entry, Movement]:
        entry = self._in_currency(ref, currency_code)
        if amount > entry.captured - entry.refunded:
            raise Refusal(f"{amount} can't be refunded.", "not_refundable")
        movement = Movement(ref=new_id("pref"), amount=amount, key=key, state=self.refund_state)
        entry.refunds.append(movement)
        return self._told("refunded", entry), replace(movement)

    def cancel(self, ref: str) -> Entry:
        entry = self.existing(ref)
        if entry.status == "captured":
            raise Refusal("It is captured.", "captured")
        self._release(entry)
        return self._told("canceled", entry)

    def existing(self, ref: str) -> Entry:
        entry = self.entries.get(ref)
        if entry is None:
            raise Refusal("There is no such payment.", "unknown")
        has_end = entry.status == "authorized" and entry.capture_before is not None
        if has_end and entry.capture_before < datetime.now(UTC) + self.ahead:
            self._release(entry)
        return entry

    def act(self, ref: str, customer: Customer) -> None:
        entry = self.existing(ref)
        if entry.status != "open":
            raise Refusal(f"It is {entry.status}.", "not_open")
        is_declined = entry.token == f"tok_{Customer.IS_DECLINED}"
        entry.status = "failed" if is_declined else _AFTER[customer]
        if entry.status in {"authorized", "captured"}:
            entry.authorized = entry.amount
            entry.capture_before = datetime.now(UTC) + AUTHORIZATION
        if entry.status == "captured":
            entry.captures.append(Movement(ref=new_id("pcapt"), amount=entry.amount, key=""))
        self._told(entry.status, entry)

    def of_session(self, session_id: str) -> list[Entry]:
        return [entry for entry in self.entries.values() if entry.session_id == session_id]

    def hold(self, holder_id: str) -> str:
        ref = new_id("pcus")
        self.holders[ref] = holder_id
        return ref

    def _in_currency(self, ref: str, currency_code: str) -> Entry:
        entry = self.existing(ref)
        if entry.currency_code != currency_code:
            raise Refusal("It is in another currency.", "currency")
        return entry

    def _release(self, entry: Entry) -> None:
        entry.released += entry.held
        entry.authorized = entry.captured
        entry.status = "canceled"

    def _told(self, what: str, entry: Entry) -> Entry:
        self.events.append({"id": new_id("pevt"), "type": what, "ref": entry.ref, "session": entry.session_id})
        return entry.copy()

    def _answer(self, key: str, request: Any, execute: Callable[[], Any]) -> Any:
        if key not in self.answers:
            self.answers[key] = (request, _tried(execute))
        known, answer = self.answers[key]
        return answer if known == request else Refusal("The key was used for something else.", "key")


_AFTER = {
    Customer.AUTHORIZES: "authorized",
    Customer.PAYS: "captured",
    Customer.HESITATES: "open",
    Customer.IS_DECLINED: "failed",
    Customer.PAYS_LATER: "processing",
}


def sign(body: bytes, secret: str, at: int) -> dict[str, str]:
    return {"pocket-signature": f"{at}.{digest(body, secret, at)}"}


def digest(body: bytes, secret: str, at: int) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def body_of(event: dict[str, Any], account: str) -> bytes:
    return json.dumps({**event, "account": account}).encode()


def _tried(execute: Callable[[], Any]) -> Any:
    try:
        return execute()
    except Refusal as refusal:
        return refusal
