"""The bench of the fake provider, which is steered by session data and by its own books."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from medusa_payments.money import Money
from medusa_payments.providers.facts import RefundState
from medusa_payments.testing import fake_webhooks
from medusa_payments.testing.conformance.bench import Books, Customer, Fault, ProviderBench, SentWebhook
from medusa_payments.testing.fake_ledger import FakeBooks, FakeEvent, FakeLedger, FakePayment
from medusa_payments.testing.fake_provider import FakeProvider
from medusa_payments.testing.fake_steering import Outcome, Steering

_OUTCOMES = {
    Customer.PAYS: Outcome.CAPTURED,
    Customer.HESITATES: Outcome.REQUIRES_MORE,
    Customer.IS_DECLINED: Outcome.DECLINED,
    Customer.PAYS_LATER: Outcome.PENDING_AUTHORIZATION,
}

_FAULTS = {
    Fault.UNREACHABLE: Outcome.UNAVAILABLE,
    Fault.REQUEST_LOST: Outcome.TIMEOUT_BEFORE,
    Fault.ANSWER_LOST: Outcome.TIMEOUT_AFTER,
    Fault.SERVER_ERROR: Outcome.TIMEOUT_AFTER,
}

_DAY = 24 * 60 * 60


class FakeBench(ProviderBench):
    """Every bench has an SQLite file of its own."""

    backend = FakeProvider
    name = "Fake (for tests)"
    customers = frozenset(Customer)
    secret_options = frozenset({"webhook_secrets"})

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._steering: Steering | None = None

    def options(self) -> dict[str, Any]:
        return {
            "ledger_path": str(self.directory / "ledger.sqlite3"),
            "authorization_seconds": 7 * _DAY,
            "webhook_secrets": ["whsec_of_the_fake_bench"],
        }

    def wrong_options(self) -> Mapping[str, Mapping[str, Any]]:
        return {"ledger_path": {**self.options(), "ledger_path": ""}}

    def other_options(self) -> dict[str, Any]:
        return {**self.options(), "account": "another"}

    def client_data(self, customer: Customer) -> dict[str, Any]:
        if self._steering is not None:
            return {"outcome": str(self._steering.outcome), "on": self._steering.on}
        outcome = _OUTCOMES.get(customer)
        return {"outcome": outcome.value} if outcome else {}

    def books(self, session_id: str) -> Books:
        with self._ledger().transaction() as books:
            payments = [payment for payment in _payments(books) if payment.session_id == session_id]
            captures = [(payment, row) for payment in payments for row in books.captures(payment.ref)]
            refunds = [(payment, row) for payment in payments for row in books.refunds(payment.ref)]
        held = sum(payment.authorized - payment.captured for payment in payments)
        return Books(
            objects=tuple(_money(payment, payment.amount) for payment in payments),
            captures=tuple(_money(payment, row.amount) for payment, row in captures),
            refunds=tuple(_money(payment, row.amount) for payment, row in refunds if row.state != RefundState.FAILED),
            held=_money(payments[0], held) if held else None,
        )

    @contextmanager
    def fault(self, fault: Fault, verb: str) -> Iterator[None]:
        with self._steered(_FAULTS[fault], verb):
            yield

    def webhooks(self, session_id: str) -> Sequence[SentWebhook]:
        return [SentWebhook(body=body, headers=headers) for body, headers in self._provider().webhooks(session_id)]

    def sign(self, body: bytes) -> Mapping[str, str]:
        return self._provider().sign(body)

    def foreign_webhook(self, session_id: str) -> SentWebhook:
        now = datetime.now(UTC).isoformat()
        event = FakeEvent(id="fake_evt_1", type="payment.captured", payment_ref="", session_id="", created_at=now)
        body = fake_webhooks.body_of(event, account="another")
        return SentWebhook(body=body, headers=self.sign(body))

    def unknown_webhook(self) -> SentWebhook:
        now = datetime.now(UTC).isoformat()
        event = FakeEvent(id="fake_evt_2", type="payout.paid", payment_ref="", session_id="", created_at=now)
        body = fake_webhooks.body_of(event, account=self._provider().account)
        return SentWebhook(body=body, headers=self.sign(body))

    @contextmanager
    def slow_refunds(self) -> Iterator[None]:
        with self._steered(Outcome.PENDING, "refund"):
            yield

    def settle_refund(self, refund_ref: str, state: RefundState) -> None:
        self._provider().dashboard.settle_refund(refund_ref, state)

    def save_method(self, account_holder_ref: str) -> str:
        return self._provider().dashboard.save_payment_method(account_holder_ref)

    def let_authorization_run_out(self, provider_ref: str) -> None:
        self._provider().dashboard.advance(8 * _DAY)

    def dispute(self, provider_ref: str) -> str:
        return self._provider().dashboard.open_dispute(provider_ref)

    @contextmanager
    def _steered(self, outcome: Outcome, verb: str) -> Iterator[None]:
        """Payments that exist are steered in the books, new ones by the data that they bring."""
        self._steering = Steering(outcome=outcome, on=verb)
        before = self._steer(self._steering)
        yield
        self._steering = None
        self._steer(before)

    def _steer(self, steering: Steering | None) -> Steering | None:
        """Steer the payments in the books; return how the last of them was steered before."""
        before = None
        with self._ledger().transaction() as books:
            for payment in _payments(books):
                before = msgspec.json.decode(payment.steering, type=Steering)
                payment.steering = msgspec.json.encode(steering or before).decode()
                books.save(payment)
        return before

    def _provider(self) -> FakeProvider:
        return FakeProvider("pp_fake_fake", self.options())

    def _ledger(self) -> FakeLedger:
        return FakeLedger(str(self.directory / "ledger.sqlite3"), timeout_seconds=30)


def _payments(books: FakeBooks) -> list[FakePayment]:
    return books.payments_changed_since(None, after="", most=1_000)


def _money(payment: FakePayment, minor_units: int) -> Money:
    return Money(minor_units=minor_units, currency_code=payment.currency_code)
