"""Talks to the fake provider as the services would, with a new idempotency key per request unless told.

It imports no Django, and so none of the services: child processes run it without any.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from itertools import count
from typing import Any

from medusa_payments.money import Money
from medusa_payments.providers.types import (
    AuthorizeRequest,
    CancelRequest,
    CaptureRequest,
    InitiateRequest,
    ProviderRequest,
    RefundRequest,
    UpdateRequest,
)
from medusa_payments.states import OperationKind
from medusa_payments.testing.fake_provider import FakeProvider

REQUEST_TYPES: dict[OperationKind, type[ProviderRequest]] = {
    OperationKind.INITIATE: InitiateRequest,
    OperationKind.UPDATE: UpdateRequest,
    OperationKind.AUTHORIZE: AuthorizeRequest,
    OperationKind.CAPTURE: CaptureRequest,
    OperationKind.REFUND: RefundRequest,
    OperationKind.CANCEL: CancelRequest,
}
VERBS = [verb.value for verb in OperationKind]
BRINGING_DATA = {"initiate", "update"}


@dataclass
class Desk:
    """One session and its provider."""

    provider: FakeProvider
    session_id: str = "payses_1"
    keys: Iterator[int] = field(default_factory=count)

    def request(
        self,
        verb: str,
        ref: str = "",
        amount: int = 10_000,
        *,
        key: str | None = None,
        currency_code: str = "eur",
        **data: Any,
    ) -> ProviderRequest:
        known = {
            "idempotency_key": key or f"payop_{next(self.keys)}",
            "session_id": self.session_id,
            "payment_collection_id": "pay_col_1",
            "payment_id": "pay_1",
            "provider_ref": ref,
            "money": Money(minor_units=amount, currency_code=currency_code),
            "data": data,
        }
        request_type = REQUEST_TYPES[OperationKind(verb)]
        names = {each.name for each in fields(request_type)}
        return request_type(**{name: value for name, value in known.items() if name in names})

    def call(self, verb: str, request: ProviderRequest) -> Any:
        return getattr(self.provider, verb)(request)

    def send(self, verb: str, ref: str = "", amount: int = 10_000, **details: Any) -> Any:
        return self.call(verb, self.request(verb, ref, amount, **details))

    def ready_for(self, verb: str, **data: Any) -> str:
        """Bring a new payment, steered by `data`, to where `verb` can be sent; return its reference."""
        if verb == "initiate":
            return ""
        ref: str = self.send("initiate", **data).provider_ref
        if verb in {"capture", "refund"}:
            self.send("authorize", ref)
        if verb == "refund":
            self.send("capture", ref)
        return ref

    def first_call(self, verb: str, **data: Any) -> ProviderRequest:
        """Return a verb's first request, steered by `data`, for a payment that is ready for it."""
        steering = {"on": verb, **data}
        if verb in BRINGING_DATA:
            return self.request(verb, self.ready_for(verb), **steering)
        return self.request(verb, self.ready_for(verb, **steering))

    def moved(self, verb: str | None = None) -> list[int]:
        """Return the amounts of the ledger's entries for a verb, or of all."""
        return [entry["amount"] for entry in self.provider.ledger_entries() if verb in {None, entry["verb"]}]
