"""Books what a provider did: the only code that writes payments, captures, refunds and their counters.

Every function runs inside the collection's lock and opens no transaction. Amounts are minor units.
"""

from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.models import Capture, Operation, Payment, PaymentCollection, PaymentSession, Refund
from medusa_payments.providers.types import CaptureResult, RefundResult, RefundStatus, SessionResult
from medusa_payments.queries.primary import primary
from medusa_payments.services import events
from medusa_payments.services.events import EventName
from medusa_payments.states import OperationStatus, SessionStatus


def book_authorization(
    collection: PaymentCollection, session: PaymentSession, operation: Operation, result: SessionResult
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
    )
    events.record(
        collection,
        EventName.PAYMENT_AUTHORIZED,
        operation=operation,
        payment_id=payment.pk,
        payment_session_id=session.pk,
        amount=payment.amount,
    )
    if result.status == SessionStatus.CAPTURED:
        captured = result.captured or result.money
        _append_capture(collection, payment, operation, captured.minor_units, provider_ref=None)


def book_capture(collection: PaymentCollection, operation: Operation, result: CaptureResult) -> None:
    """Turn an operation's reservation into a capture."""
    payment = _payment_of(operation)
    if operation.is_open:
        payment.capturing_amount -= operation.amount or 0
    payment.provider_data = payment.provider_data | dict(result.data)
    _append_capture(collection, payment, operation, result.money.minor_units, provider_ref=result.capture_ref)


def book_refund(collection: PaymentCollection, operation: Operation, result: RefundResult) -> None:
    """Turn an operation's reservation into a refund; one that the provider only accepted stays reserved."""
    payment = _payment_of(operation)
    amount = result.money.minor_units
    if operation.is_open or operation.status == OperationStatus.ACCEPTED:
        payment.refunding_amount -= operation.amount or 0
    if result.status is RefundStatus.ACCEPTED:
        payment.refunding_amount += amount
        _save(payment)
        return
    payment.refunded_amount += amount
    payment.provider_data = payment.provider_data | dict(result.data)
    _save(payment)
    refund = primary(Refund).create(
        payment=payment,
        operation=operation,
        amount=amount,
        provider_ref=result.refund_ref,
        refund_reason_id=operation.intent.get("refund_reason_id"),
        note=operation.intent.get("note"),
        created_by=operation.created_by,
    )
    events.record(
        collection,
        EventName.PAYMENT_REFUNDED,
        operation=operation,
        payment_id=payment.pk,
        refund_id=refund.pk,
        amount=amount,
        refunded_amount=payment.refunded_amount,
    )


def release_capture(operation: Operation) -> None:
    """Give a capture's reservation back: nothing moved."""
    payment = _payment_of(operation)
    payment.capturing_amount -= operation.amount or 0
    _save(payment)


def release_refund(operation: Operation) -> None:
    """Give a refund's reservation back: nothing moved."""
    payment = _payment_of(operation)
    payment.refunding_amount -= operation.amount or 0
    _save(payment)


def book_cancel(collection: PaymentCollection, operation: Operation) -> None:
    """Turn an operation's reservation into a release. With nothing captured, the payment is canceled."""
    payment = _payment_of(operation)
    amount = operation.amount or 0
    if operation.is_open:
        payment.releasing_amount -= amount
    payment.released_amount += amount
    if payment.captured_amount:
        payment.captured_at = timezone.now()
    else:
        payment.canceled_at = timezone.now()
        primary(PaymentSession).filter(pk=payment.payment_session_id).update(
            status=SessionStatus.CANCELED.value, updated_at=Now()
        )
    _save(payment)
    events.record(
        collection,
        EventName.PAYMENT_CANCELED,
        operation=operation,
        payment_id=payment.pk,
        amount=amount,
        captured_amount=payment.captured_amount,
    )


def release_cancel(operation: Operation) -> None:
    """Take a cancel's reservation back: the money is still held."""
    payment = _payment_of(operation)
    payment.releasing_amount -= operation.amount or 0
    _save(payment)


def _append_capture(
    collection: PaymentCollection,
    payment: Payment,
    operation: Operation,
    amount: int,
    *,
    provider_ref: str | None,
) -> None:
    payment.captured_amount += amount
    if payment.captured_amount and payment.captured_amount + payment.released_amount == payment.amount:
        payment.captured_at = timezone.now()
    _save(payment)
    if not amount:
        return
    capture = primary(Capture).create(
        payment=payment,
        operation=operation,
        amount=amount,
        provider_ref=provider_ref,
        created_by=operation.created_by,
    )
    events.record(
        collection,
        EventName.PAYMENT_CAPTURED,
        operation=operation,
        payment_id=payment.pk,
        capture_id=capture.pk,
        amount=amount,
        captured_amount=payment.captured_amount,
    )


def _payment_of(operation: Operation) -> Payment:
    return primary(Payment).get(pk=operation.payment_id)


def _save(payment: Payment) -> None:
    payment.updated_at = Now()
    payment.save(force_update=True)
