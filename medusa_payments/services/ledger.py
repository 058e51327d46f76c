"""Books what a provider did: the only code that writes payments, captures, refunds and their counters.

Every function runs inside the collection's lock and opens no transaction. Amounts are minor units. What doesn't fit the
limits of a payment is not booked: the payment is frozen, with the evidence in its event.
"""

from datetime import datetime

from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.core.policy import expiry
from medusa_payments.ids import new_id
from medusa_payments.models import (
    Capture,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
    RefundReversal,
    Release,
)
from medusa_payments.providers import cleaning
from medusa_payments.providers.types import CancelResult, CaptureResult, RefundResult, RefundStatus, SessionResult
from medusa_payments.queries.primary import primary
from medusa_payments.services import attention, events, split_policy
from medusa_payments.services.events import EventName
from medusa_payments.services.freezing import BEYOND_THE_LIMITS, freeze
from medusa_payments.states import OperationKind, OperationStatus, SessionStatus

BY_PROVIDER = "provider"
"""The actor of what happened at the provider without us."""

_RESERVED_IN = {
    OperationKind.CAPTURE: "capturing_amount",
    OperationKind.REFUND: "refunding_amount",
    OperationKind.CANCEL: "releasing_amount",
}

_Facts = dict[str, int | str | None]


def book_authorization(
    collection: PaymentCollection, session: PaymentSession, operation: Operation | None, result: SessionResult
) -> None:
    """Create the session's payment, and its capture when the provider captured at once. No-op when it exists."""
    if primary(Payment).filter(payment_session=session).exists():
        return
    payment = primary(Payment).create(
        payment_collection=collection,
        payment_session=session,
        provider_id=session.provider_id,
        provider_account=session.provider_account,
        provider_ref=result.provider_ref,
        amount=result.money.minor_units,
        currency_code=result.money.currency_code,
        provider_data=dict(result.data),
        capture_before=result.capture_before,
    )
    events.record(
        collection,
        EventName.PAYMENT_AUTHORIZED,
        operation=operation,
        actor="" if operation else BY_PROVIDER,
        payment_id=payment.pk,
        payment_session_id=session.pk,
        amount=payment.amount,
    )
    attention.follow_authorization(collection, session, payment)
    split_policy.note_authorization(collection, payment)
    if operation is not None and result.status == SessionStatus.CAPTURED:
        captured = result.captured or result.money
        _append_capture(collection, payment, operation, captured.minor_units, provider_ref=None)
        attention.follow_rest(collection, payment)


def book_capture(collection: PaymentCollection, operation: Operation, result: CaptureResult) -> None:
    """Turn an operation's reservation into a capture."""
    payment = _payment_of(operation)
    if operation.is_open:
        payment.capturing_amount -= operation.amount or 0
    payment.provider_data = payment.provider_data | dict(result.data)
    _append_capture(collection, payment, operation, result.money.minor_units, provider_ref=result.capture_ref)
    if result.released is not None and result.released.minor_units:
        book_release(collection, payment, result.released.minor_units, operation=operation)
    # What an answer doesn't mention is unknown, not zero: the rest of the only capture may be released.
    attention.follow_rest(collection, payment)


def book_external_capture(collection: PaymentCollection, payment: Payment, amount: int, *, provider_ref: str) -> None:
    """Book a capture that somebody else caused at the provider. No-op for one that is booked already."""
    if not primary(Capture).filter(payment=payment, provider_ref=provider_ref).exists():
        _append_capture(collection, payment, None, amount, provider_ref=provider_ref)


def book_refund(collection: PaymentCollection, operation: Operation, result: RefundResult) -> bool:
    """Turn an operation's reservation into a refund; one that the provider only accepted stays reserved.

    False for one that was accepted late, when the limits have no room left to reserve it.
    """
    payment = _payment_of(operation)
    amount = result.money.minor_units
    if operation.is_open or operation.status == OperationStatus.ACCEPTED:
        payment.refunding_amount -= operation.amount or 0
    payment.provider_data = payment.provider_data | dict(result.data)
    if result.status is RefundStatus.ACCEPTED:
        operation.line_ref = result.refund_ref or operation.line_ref
        return _book_acceptance(collection, payment, operation, amount)
    _append_refund(collection, payment, operation, amount, provider_ref=result.refund_ref or operation.line_ref)
    return True


def book_external_refund(collection: PaymentCollection, payment: Payment, amount: int, *, provider_ref: str) -> None:
    """Book a refund that somebody else caused at the provider. No-op for one that is booked already."""
    if not primary(Refund).filter(payment=payment, provider_ref=provider_ref).exists():
        _append_refund(collection, payment, None, amount, provider_ref=provider_ref)


def reverse_refund(refund: Refund, *, reason: str) -> bool:
    """Take a booked refund back: it failed later, and its amount can be refunded again. False when it was before."""
    if primary(RefundReversal).filter(refund=refund).exists():
        return False
    payment = primary(Payment).get(pk=refund.payment_id)
    payment.refunded_amount -= refund.amount
    _save(payment)
    primary(RefundReversal).create(payment=payment, refund=refund, amount=refund.amount, reason=reason[:255])
    return True


def release_reservation(operation: Operation) -> None:
    """Give back what a capture, refund or cancel had reserved: nothing moved."""
    payment = _payment_of(operation)
    counter = _RESERVED_IN[OperationKind(operation.kind)]
    setattr(payment, counter, getattr(payment, counter) - (operation.amount or 0))
    _save(payment)


def book_cancel(collection: PaymentCollection, operation: Operation, result: CancelResult) -> None:
    """Turn an operation's reservation into a release. With nothing captured, the payment is canceled.

    Less was released when somebody else had captured a part at the provider: the worker looks for it.
    """
    payment = _payment_of(operation)
    amount = operation.amount or 0
    if operation.is_open:
        payment.releasing_amount -= amount
    if result.released is not None and result.released.minor_units - payment.released_amount < amount:
        amount = max(result.released.minor_units - payment.released_amount, 0)
        attention.ask(collection)
    payment.released_amount += amount
    if not payment.amount:
        _cancel(payment)
    if not _saved_within_limits(collection, payment, operation, {"released": payment.released_amount}):
        return
    _append_release(payment, operation, amount)
    events.record(
        collection,
        EventName.PAYMENT_CANCELED,
        operation=operation,
        payment_id=payment.pk,
        amount=amount,
        captured_amount=payment.captured_amount,
    )


def book_release(
    collection: PaymentCollection, payment: Payment, amount: int, *, operation: Operation | None = None
) -> None:
    """Book what the provider gave back by itself: the rest of a final capture, an expiry, a cancel from outside."""
    payment.released_amount += amount
    if not _saved_within_limits(collection, payment, operation, {"released": payment.released_amount}):
        return
    _append_release(payment, operation, amount)
    has_expired = operation is None and expiry.is_over(payment.capture_before, timezone.now())
    events.record(
        collection,
        EventName.AUTHORIZATION_EXPIRED if has_expired else EventName.PAYMENT_RELEASED,
        operation=operation,
        actor="" if operation else BY_PROVIDER,
        payment_id=payment.pk,
        amount=amount,
        released_amount=payment.released_amount,
    )


def raise_amount(collection: PaymentCollection, payment: Payment, amount: int) -> None:
    """Take over a higher authorized amount from the provider. No-op for one that isn't higher."""
    if amount <= payment.amount:
        return
    before = payment.amount
    payment.amount = amount
    _save(payment)
    events.record(
        collection,
        EventName.PAYMENT_AMOUNT_RAISED,
        actor=BY_PROVIDER,
        payment_id=payment.pk,
        before={"amount": before},
        after={"amount": amount},
    )


def note_capture_before(collection: PaymentCollection, payment: Payment, capture_before: datetime | None) -> None:
    """Take over when the authorization runs out."""
    if capture_before is not None and capture_before != payment.capture_before:
        payment.capture_before = capture_before
        primary(Payment).filter(pk=payment.pk).update(capture_before=capture_before, updated_at=Now())
        attention.watch_expiry(collection, payment)


def _append_capture(
    collection: PaymentCollection,
    payment: Payment,
    operation: Operation | None,
    amount: int,
    *,
    provider_ref: str | None,
) -> None:
    payment.captured_amount += amount
    theirs: _Facts = {"captured": payment.captured_amount, "provider_ref": provider_ref}
    if not _saved_within_limits(collection, payment, operation, theirs) or not amount:
        return
    capture = primary(Capture).create(
        payment=payment,
        operation=operation,
        amount=amount,
        provider_ref=provider_ref,
        created_by=operation.created_by if operation else BY_PROVIDER,
    )
    collection.captured_amount += amount
    attention.follow_capture(collection, payment)
    events.record(
        collection,
        EventName.PAYMENT_CAPTURED,
        operation=operation,
        actor="" if operation else BY_PROVIDER,
        payment_id=payment.pk,
        capture_id=capture.pk,
        amount=amount,
        captured_amount=payment.captured_amount,
    )


def _append_refund(
    collection: PaymentCollection,
    payment: Payment,
    operation: Operation | None,
    amount: int,
    *,
    provider_ref: str | None,
) -> None:
    payment.refunded_amount += amount
    theirs: _Facts = {"refunded": payment.refunded_amount, "provider_ref": provider_ref}
    if not _saved_within_limits(collection, payment, operation, theirs):
        return
    intent = operation.intent if operation else {}
    refund = primary(Refund).create(
        id=(operation and operation.line_id) or new_id("ref"),
        payment=payment,
        operation=operation,
        amount=amount,
        provider_ref=provider_ref,
        refund_reason_id=intent.get("refund_reason_id"),
        note=intent.get("note"),
        metadata=intent.get("metadata"),
        created_by=operation.created_by if operation else BY_PROVIDER,
    )
    events.record(
        collection,
        EventName.PAYMENT_REFUNDED,
        operation=operation,
        actor="" if operation else BY_PROVIDER,
        payment_id=payment.pk,
        refund_id=refund.pk,
        amount=amount,
        refunded_amount=payment.refunded_amount,
    )


def _append_release(payment: Payment, operation: Operation | None, amount: int) -> None:
    """Append the line of what `released_amount` counts already; none for nothing.

    No provider names a release, so one without an operation is known by what was released in all after it.
    """
    if not amount:
        return
    total = cleaning.reference(f"{payment.provider_ref}:released:{payment.released_amount}")
    primary(Release).create(
        payment=payment,
        operation=operation,
        amount=amount,
        provider_ref=None if operation else total,
        created_by=operation.created_by if operation else BY_PROVIDER,
    )


def _book_acceptance(collection: PaymentCollection, payment: Payment, operation: Operation, amount: int) -> bool:
    payment.refunding_amount += amount
    if not _saved_within_limits(collection, payment, operation, {"refunding": amount}):
        return False
    attention.ask(collection, timezone.now() + attention.LONGEST_WAIT)
    primary(Operation).filter(pk=operation.pk).update(line_ref=operation.line_ref)
    events.record(
        collection,
        EventName.REFUND_ACCEPTED,
        operation=operation,
        payment_id=payment.pk,
        refund_id=operation.line_id,
        amount=amount,
    )
    return True


def _saved_within_limits(
    collection: PaymentCollection, payment: Payment, operation: Operation | None, theirs: _Facts
) -> bool:
    """Save the counters if the limits allow them; else freeze the payment as it was, less what isn't in flight now."""
    if payment.is_within_limits:
        _stamp_if_used_up(payment)
        _save(payment)
        return True
    stored = _stored_without_reservation(payment, operation)
    _save(stored)
    freeze(collection, stored, reason=BEYOND_THE_LIMITS, theirs=theirs, operation=operation)
    return False


def _stored_without_reservation(payment: Payment, operation: Operation | None) -> Payment:
    stored = primary(Payment).get(pk=payment.pk)
    stored.capturing_amount = payment.capturing_amount
    stored.releasing_amount = payment.releasing_amount
    if operation is None or operation.status != OperationStatus.ACCEPTED:
        stored.refunding_amount = min(payment.refunding_amount, stored.refunding_amount)
    return stored


def _stamp_if_used_up(payment: Payment) -> None:
    """Of which nothing is left to capture is captured in full, or canceled when all of it was given back."""
    if payment.captured_amount + payment.released_amount != payment.amount:
        return
    if payment.captured_amount:
        payment.captured_at = payment.captured_at or timezone.now()
    elif payment.released_amount and payment.canceled_at is None:
        _cancel(payment)


def _cancel(payment: Payment) -> None:
    payment.canceled_at = timezone.now()
    primary(PaymentSession).filter(pk=payment.payment_session_id).update(
        status=SessionStatus.CANCELED.value, updated_at=Now()
    )


def _payment_of(operation: Operation) -> Payment:
    return primary(Payment).get(pk=operation.payment_id)


def _save(payment: Payment) -> None:
    payment.count_disputes()
    payment.updated_at = Now()
    payment.save(force_update=True)
