"""A clerk at the pages that move money, and what became of it."""

from decimal import Decimal
from typing import Any

from django.contrib.admin.utils import quote
from django.urls import reverse

from medusa_payments.models import Capture, Event, Operation, Payment, PaymentCollection, Refund
from medusa_payments.testing import factories

VERBS = ("capture", "refund", "cancel")
EUR_60 = Decimal("59.97")


def verb_url(payment: Payment, verb: str) -> str:
    return reverse(f"admin:medusa_payments_payment_{verb}", args=[quote(payment.pk)])


def lost(verb: str, outcome: str = "timeout_after") -> Payment:
    """Return a payment whose provider answers the first call of a verb with the outcome."""
    make = factories.captured_payment if verb == "refund" else factories.authorized_payment
    return make(amount=EUR_60, data={"outcome": outcome, "on": verb})


def rows() -> list[Any]:
    models = (Payment, Capture, Refund, Operation, Event, PaymentCollection)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def moved(fake_provider: Any, verb: str) -> list[int]:
    return [entry["amount"] for entry in fake_provider.ledger_entries() if entry["verb"] == verb]
