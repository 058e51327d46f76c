"""When provider and ledger disagree beyond what can be booked: no money moves until a person has looked."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.exceptions import Conflict
from medusa_payments.models import Event, Operation, Payment, PaymentCollection
from medusa_payments.queries.primary import primary
from medusa_payments.services import events
from medusa_payments.services.events import EventName

FROZEN_CODE = "payment_frozen"

BEYOND_THE_LIMITS = "beyond the limits"

_TOTALS = frozenset({"amount", "captured", "released", "refunded"})


def freeze(
    collection: PaymentCollection,
    payment: Payment,
    *,
    reason: str,
    theirs: Mapping[str, Any],
    ours: Mapping[str, Any] = MappingProxyType({}),
    operation: Operation | None = None,
) -> None:
    """Freeze a payment of a locked collection and record both sides (minor units); a frozen one gets the evidence too.

    `ours` says more of our side than its totals do: which of its lines it is about.
    No-op for what was recorded before: a person waits to look at it, or has accepted it by unfreezing the payment.
    """
    data: dict[str, Any] = {
        "payment_id": payment.pk,
        "reason": reason,
        "ours": {**ours, **ledger_side(payment)},
        "theirs": {name: fact for name, fact in theirs.items() if fact is not None},
    }
    earlier = primary(Event).filter(
        payment_collection=collection, name=EventName.PAYMENT_FROZEN.value, operation=operation
    )
    if any(_compared(event.data) == _compared(data) for event in earlier):
        return
    if payment.frozen_at is None:
        payment.frozen_at = timezone.now()
        primary(Payment).filter(pk=payment.pk).update(frozen_at=payment.frozen_at, updated_at=Now())
    events.record(collection, EventName.PAYMENT_FROZEN, operation=operation, **data)


def _compared(data: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what tells one disagreement from another; of our totals only what theirs speaks of."""
    ours = {name: value for name, value in data["ours"].items() if name in data["theirs"] or name not in _TOTALS}
    return data["payment_id"], data["reason"], ours, data["theirs"]


def unfreeze(collection: PaymentCollection, payment: Payment, *, actor: str, note: str) -> None:
    """Let a payment of a locked collection move money again. No-op when it isn't frozen."""
    if payment.frozen_at is None:
        return
    primary(Payment).filter(pk=payment.pk).update(frozen_at=None, updated_at=Now())
    events.record(
        collection, EventName.PAYMENT_UNFROZEN, actor=actor, payment_id=payment.pk, note=note, ours=ledger_side(payment)
    )


def record_discrepancy(
    collection: PaymentCollection, *, reason: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> None:
    """Record facts that belong to no payment and can't be booked. The same facts are recorded once."""
    data: dict[str, Any] = {"reason": reason, "ours": dict(ours), "theirs": dict(theirs)}
    earlier = primary(Event).filter(payment_collection=collection, name=EventName.DISCREPANCY_FOUND.value)
    if any(event.data == data for event in earlier):
        return
    events.record(collection, EventName.DISCREPANCY_FOUND, **data)


def refuse_if_frozen(payment: Payment) -> None:
    """Raise `Conflict` (code `payment_frozen`) for a frozen payment."""
    if payment.frozen_at is not None:
        raise Conflict(
            f"{payment.pk} is frozen: the payment provider reports something that can't be booked. "
            "A person has to look at it first.",
            code=FROZEN_CODE,
            details={"payment_id": payment.pk},
        )


def refuse_to_send_if_frozen(operation: Operation) -> None:
    """Raise `Conflict` (code `payment_frozen`) for an operation on a frozen payment."""
    payment = primary(Payment).filter(pk=operation.payment_id).first()
    if payment is not None:
        refuse_if_frozen(payment)


def ledger_side(payment: Payment) -> dict[str, int]:
    """Return what our ledger says of a payment (minor units)."""
    return {
        "amount": payment.amount,
        "captured": payment.captured_amount,
        "released": payment.released_amount,
        "refunded": payment.refunded_amount,
    }
