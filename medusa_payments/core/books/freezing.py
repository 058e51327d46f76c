"""When provider and ledger disagree beyond what can be booked: no money moves until staff have looked."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import EventName
from medusa_payments.exceptions import Conflict
from medusa_payments.models import Event, Operation, Payment
from medusa_payments.queries.primary import primary

FROZEN_CODE = "payment_frozen"

BEYOND_THE_LIMITS = "beyond the limits"

_TOTALS = frozenset({"amount", "captured", "released", "refunded"})


def freeze(
    book: Book,
    payment: Payment,
    *,
    reason: str,
    theirs: Mapping[str, Any],
    ours: Mapping[str, Any] = MappingProxyType({}),
    operation: Operation | None = None,
) -> None:
    """Freeze a payment and record both sides (minor units); a frozen one gets the evidence too.

    `ours` says more of our side than its totals do: which of its lines it is about.
    No-op for what was recorded before: staff have yet to look at it, or have accepted it by unfreezing the payment.
    """
    data: dict[str, Any] = {
        "payment_id": payment.pk,
        "reason": reason,
        "ours": {**ours, **ledger_side(payment)},
        "theirs": {name: fact for name, fact in theirs.items() if fact is not None},
    }
    earlier = [event for event in _recorded(book, EventName.PAYMENT_FROZEN) if event.operation_id == _id(operation)]
    if any(_compared(event.data) == _compared(data) for event in earlier):
        return
    payment.frozen_at = payment.frozen_at or book.clock()
    book.record(EventName.PAYMENT_FROZEN, operation=operation, **data)


def unfreeze(book: Book, payment: Payment, *, actor: str, note: str) -> None:
    """Let a payment move money again. No-op when it isn't frozen."""
    if payment.frozen_at is None:
        return
    payment.frozen_at = None
    book.record(EventName.PAYMENT_UNFROZEN, actor=actor, payment_id=payment.pk, note=note, ours=ledger_side(payment))


def record_discrepancy(book: Book, *, reason: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """Record facts that belong to no payment and can't be booked. The same facts are recorded once."""
    data: dict[str, Any] = {"reason": reason, "ours": dict(ours), "theirs": dict(theirs)}
    if any(event.data == data for event in _recorded(book, EventName.DISCREPANCY_FOUND)):
        return
    book.record(EventName.DISCREPANCY_FOUND, **data)


def refuse_if_frozen(payment: Payment) -> None:
    """Raise `Conflict` (code `payment_frozen`) for a frozen payment."""
    if payment.frozen_at is not None:
        raise Conflict(
            f"{payment.pk} is frozen: the payment provider reports something that can't be booked. "
            "Staff must look at it first.",
            code=FROZEN_CODE,
            details={"payment_id": payment.pk},
        )


def refuse_to_send_if_frozen(operation: Operation) -> None:
    """Raise `Conflict` (code `payment_frozen`) for an operation on a frozen payment."""
    payment = primary(Payment).filter(pk=operation.payment_id).first() if operation.payment_id else None
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


def _recorded(book: Book, name: EventName) -> list[Event]:
    stored = primary(Event).filter(payment_collection=book.collection, name=name.value)
    return [*stored, *(event for event in book.events if event.name == name)]


def _compared(data: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what tells one disagreement from another; of our totals only what theirs speaks of."""
    ours = {name: value for name, value in data["ours"].items() if name in data["theirs"] or name not in _TOTALS}
    return data["payment_id"], data["reason"], ours, data["theirs"]


def _id(operation: Operation | None) -> str | None:
    return operation.pk if operation else None
