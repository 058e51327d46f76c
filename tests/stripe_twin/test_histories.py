"""Random histories of a payment: whatever is asked and refused, in whatever order, the twin's books add up."""

import contextlib
import random
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.stripe_twin.conftest import Client
from tests.stripe_twin.contract.intents import RETURN_URL

pytestmark = pytest.mark.any_engine

HISTORIES = 12
STEPS = 25
HOUR = 60 * 60

CARDS = (
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_visa_chargeDeclined",
    "pm_card_threeDSecure2Required",
    "pm_card_refundFail",
    "pm_card_pendingRefund",
)


class History:
    """One payment, and somebody who does things with it at random."""

    def __init__(self, client: Client, twin: StripeTwin, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311
        self.client = client
        self.twin = twin
        capture_method = self.chance.choice(["manual", "automatic_async"])
        self.intent_id = self._create({"amount": 2000, "currency": "eur", "capture_method": capture_method}).id
        self.sent: list[tuple[Callable[..., Any], tuple[Any, ...], Any]] = []
        self.keys = 0

    def step(self) -> None:
        """Do something; being refused or declined is fine."""
        verbs = [self.confirm, self.capture, self.refund, self.refund, self.cancel, self.update]
        verbs += [self.wait, self.authenticate, self.send_refund_back, self.repeat]
        with contextlib.suppress(stripe.StripeError):
            self.chance.choice(verbs)()

    def confirm(self) -> None:
        params = {"payment_method": self.chance.choice(CARDS), "return_url": RETURN_URL, "use_stripe_sdk": True}
        self._send(self.client.v1.payment_intents.confirm, self.intent_id, params)

    def capture(self) -> None:
        self._send(self.client.v1.payment_intents.capture, self.intent_id, {"amount_to_capture": self._amount()})

    def cancel(self) -> None:
        if self.chance.random() < 0.2:
            self._send(self.client.v1.payment_intents.cancel, self.intent_id, {})

    def update(self) -> None:
        self._send(self.client.v1.payment_intents.update, self.intent_id, {"amount": self._amount()})

    def refund(self) -> None:
        self._send(self.client.v1.refunds.create, {"payment_intent": self.intent_id, "amount": self._amount() // 4})

    def wait(self) -> None:
        self.twin.advance(self.chance.randrange(60 * HOUR))

    def authenticate(self) -> None:
        if self.client.v1.payment_intents.retrieve(self.intent_id).status == "requires_action":
            self.twin.dashboard.authenticate(self.intent_id, is_successful=self.chance.random() < 0.8)

    def send_refund_back(self) -> None:
        for refund in self.client.v1.refunds.list({"payment_intent": self.intent_id}).data:
            if self.chance.random() < 0.2:
                self.twin.dashboard.settle_refund(refund.id, is_successful=False)

    def repeat(self) -> None:
        """Send an earlier request again; within the window of its key nothing moves."""
        if not self.sent:
            return
        before = self.books()
        send, args, options = self.chance.choice(self.sent[-3:])
        is_known = self.twin.now() - options["at"] < 24 * HOUR
        with contextlib.suppress(stripe.StripeError):
            send(*args, {"idempotency_key": options["idempotency_key"]})
        if is_known:
            assert self.books() == before

    def books(self) -> Any:
        return (self.twin.payment(self.intent_id), len(self.twin.ledger_entries()), len(self.twin.events()))

    def differences(self) -> list[str]:
        """Return all that doesn't add up."""
        expand = {"expand": ["latest_charge.refunds"]}
        intent = self.client.v1.payment_intents.retrieve(self.intent_id, expand).to_dict()
        charge = intent["latest_charge"] or {}
        refunds = charge.get("refunds", {"data": []})["data"]
        payment = self.twin.payment(self.intent_id)
        released = payment.released if payment else 0
        refunded = sum(row["amount"] for row in refunds if row["status"] != "failed")
        captured = charge.get("amount_captured", 0)
        is_held = bool(charge) and charge["status"] == "succeeded"
        held_or_gone = intent["amount_capturable"] + captured + released
        checks = {
            "received is what was captured": intent["amount_received"] == captured,
            "all that was held is captured, given back, or held still": not is_held or held_or_gone == charge["amount"],
            "no more is refunded than was captured": 0 <= refunded <= captured,
            "the charge counts refunds only": charge.get("amount_refunded", 0) == refunded,
            "nothing is held of what is over": intent["status"] == "requires_capture"
            or not intent["amount_capturable"],
            "what is canceled was not captured": intent["status"] != "canceled" or captured == 0,
        }
        return [name for name, holds in checks.items() if not holds]

    def _send(self, send: Callable[..., Any], *args: Any) -> None:
        self.keys += 1
        options = {"idempotency_key": f"payop_{self.keys}"}
        self.sent.append((send, args, {**options, "at": self.twin.now()}))
        send(*args, options)

    def _amount(self) -> int:
        return self.chance.choice([50, 500, 1999, 2000, 2001])

    def _create(self, params: Any) -> stripe.PaymentIntent:
        return self.client.v1.payment_intents.create(params)


def test_the_books_add_up(client: Client, twin: StripeTwin) -> None:
    for seed in range(HISTORIES):
        history = History(client, twin, seed)
        for number in range(STEPS):
            history.step()
            assert history.differences() == [], f"history {seed}, after step {number}"

    verbs = {entry["verb"] for entry in twin.ledger_entries()}
    types = {event["type"] for event in twin.events()}
    assert verbs == {"initiate", "update", "authorize", "capture", "refund", "cancel"}
    assert {"refund.failed", "payment_intent.payment_failed", "charge.captured", "charge.expired"} <= types
