"""Webhooks: events as they are sent, signed as Stripe signs them: https://docs.stripe.com/webhooks ."""

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import stripe

from medusa_payments.testing.stripe_twin.wire import Document

T = TypeVar("T")

Webhook = tuple[bytes, dict[str, str]]
"""Body and headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mischief:
    """What happens to webhooks on their way. The same `seed` does the same again.

    `copies`: how often each arrives. `is_shuffled`: in any order. `lost`: which share of them never arrives.
    """

    copies: int = 1
    is_shuffled: bool = False
    lost: float = 0
    seed: int = 0

    def apply(self, events: Sequence[T]) -> list[T]:
        """Return what was sent as it arrives."""
        chance = random.Random(self.seed)  # noqa: S311
        arriving = [event for event in events for _ in range(self.copies) if chance.random() >= self.lost]
        if self.is_shuffled:
            chance.shuffle(arriving)
        return arriving


def body_of(event: Document) -> bytes:
    """Return what is sent for an event."""
    return json.dumps(event, indent=2).encode()


def sign(body: bytes, *, secret: str, timestamp: int | None = None) -> dict[str, str]:
    """Return the headers that prove a body, by default as of now."""
    at = int(time.time()) if timestamp is None else timestamp
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, at)
    return {"content-type": "application/json; charset=utf-8", "stripe-signature": header}
