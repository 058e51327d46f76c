"""Posts what moved: the only code that makes payments, ledger lines and their counters.

Amounts are minor units. What doesn't fit the limits of a payment is not posted: the payment is frozen, with both sides
in its event, and the rest of the collection goes on. A line is posted once: by its operation, and by the provider's
reference.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from medusa_payments.core.books import attention, placing
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import BY_PROVIDER, EventName
from medusa_payments.core.books.freezing import BEYOND_THE_LIMITS, freeze
from medusa_payments.core.policy import expiry
from medusa_payments.core.policy.waits import LONGEST_WAIT
from medusa_payments.ids import new_id
from medusa_payments.models import Capture, Operation, Payment, PaymentSession, Refund, RefundReversal, Release
from medusa_payments.providers import cleaning
from medusa_payments.providers.types import CancelResult, CaptureResult, RefundResult, RefundStatus, SessionResult
from medusa_payments.states import OperationStatus, SessionStatus


def post_authorization(book: Book, session: PaymentSession, operation: Operation | None, result: SessionResult) -> None:
    """Make the session's payment, and its capture when the provider captured at once. No-op when it exists."""
    if book.payment_of(session) is not None:
        return
    payment = book.add(
        Payment(
            payment_collection=book.collection,
            payment_session=session,
            provider_id=session.provider_id,
            provider_account=session.provider_account,
            provider_ref=result.provider_ref,
            amount=result.money.minor_units,
            currency_code=result.money.currency_code,
            provider_data=dict(result.data),
            capture_before=result.capture_before,
            created_at=book.clock(),
        )
    )
    book.record(
        EventName.PAYMENT_AUTHORIZED,
        operation=operation,
        actor="" if operation else BY_PROVIDER,
        payment_id=payment.pk,
        payment_session_id=session.pk,
        amount=payment.amount,
    )
    attention.follow_authorization(book, session, payment)
    placing.note_authorization(book)
    if operation is not None and result.status == SessionStatus.CAPTURED:
        captured = result.captured or result.money
        post_capture(book, payment, captured.minor_units, operation=operation)
        attention.follow_rest(book, payment)


def post_capture_result(book: Book, operation: Operation, result: CaptureResult) -> None:
    """Post the capture that an operation, closed by now, has caused."""
    payment = book.payment(operation.payment_id)
    payment.provider_data = payment.provider_data | dict(result.data)
    post_capture(book, payment, result.money.minor_units, operation=operation, provider_ref=result.capture_ref)
    if result.released is not None and result.released.minor_units:
        post_release(book, payment, result.released.minor_units, operation=operation)
    attention.follow_rest(book, payment)


def post_capture(
    book: Book, payment: Payment, amount: int, *, operation: Operation | None = None, provider_ref: str | None = None
) -> None:
    """Post a capture; without an operation somebody else caused it at the provider. No-op for one of 0, and for an
    external one that is known by its reference.
    """
    if operation is None and any(_is(line, payment, provider_ref) for line in book.captures):
        return
    if not _counted(book, payment, operation, captured=amount, theirs={"provider_ref": provider_ref}) or not amount:
        return
    line = Capture(
        payment=payment,
        operation=operation,
        amount=amount,
        provider_ref=provider_ref,
        created_by=operation.created_by if operation else BY_PROVIDER,
    )
    book.add(line)
    book.collection.captured_amount += amount
    attention.follow_capture(book, payment)
    book.record(
        EventName.PAYMENT_CAPTURED,
        operation=operation,
        actor="" if operation else BY_PROVIDER,
        payment_id=payment.pk,
        capture_id=line.pk,
        amount=amount,
        captured_amount=payment.captured_amount,
    )


def post_refund_result(book: Book, operation: Operation, result: RefundResult) -> bool:
    """Post the refund that an operation, closed by now, has caused; one that the provider only accepted stays in
    flight.

    False for one that was accepted late, when the limits have no room left to reserve it.
    """
    payment = book.payment(operation.payment_id)
    payment.provider_data = payment.provider_data | dict(result.data)
    if result.status is RefundStatus.ACCEPTED:
        return _note_acceptance(book, payment, operation, result)
    ref = result.refund_ref or operation.line_ref
    post_refund(book, payment, result.money.minor_units, operation=operation, provider_ref=ref)
    return True


def post_refund(
    book: Book, payment: Payment, amount: int, *, operation: Operation | None = None, provider_ref: str | None
) -> None:
    """Post a refund; without an operation somebody else caused it at the provider. No-op for an external one that is
    known by its reference.
    """
    if operation is None and any(_is(line, payment, provider_ref) for line in book.refunds):
        return
    if not _counted(book, payment, operation, refunded=amount, theirs={"provider_ref": provider_ref}):
        return
    intent = operation.intent if operation else {}
    line = Refund(
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
    line._state.fields_cache["reversal"] = None
    book.add(line)
    book.record(
        EventName.PAYMENT_REFUNDED,
        operation=operation,
        actor="" if operation else BY_PROVIDER,
        payment_id=payment.pk,
        refund_id=line.pk,
        amount=amount,
        refunded_amount=payment.refunded_amount,
    )


def reverse_refund(book: Book, refund: Refund, *, reason: str) -> bool:
    """Take a posted refund back: it failed later, and its amount can be refunded again. False when it was before."""
    if refund._state.fields_cache.get("reversal") is not None:
        return False
    payment = book.payment(refund.payment_id)
    reversal = RefundReversal(payment=payment, refund=refund, amount=refund.amount, reason=reason[:255])
    refund._state.fields_cache["reversal"] = book.add(reversal)
    operation = book.operation(refund.operation_id)
    if operation is not None:
        operation.is_reversed = True  # type: ignore[attr-defined]
    payment.refunded_amount -= refund.amount
    book.recount(payment)
    return True


def post_cancel_result(book: Book, operation: Operation, result: CancelResult) -> None:
    """Post the release that a cancel, closed by now, has caused. With nothing captured, the payment is canceled.

    Less was released when somebody else had captured a part at the provider: the worker looks for it.
    """
    payment = book.payment(operation.payment_id)
    amount = operation.amount or 0
    if result.released is not None and result.released.minor_units - payment.released_amount < amount:
        amount = max(result.released.minor_units - payment.released_amount, 0)
        attention.ask(book)
    if not payment.amount:
        _cancel(book, payment)
    if not _counted(book, payment, operation, released=amount):
        return
    _append_release(book, payment, operation, amount)
    book.record(
        EventName.PAYMENT_CANCELED,
        operation=operation,
        payment_id=payment.pk,
        amount=amount,
        captured_amount=payment.captured_amount,
    )


def post_release(book: Book, payment: Payment, amount: int, *, operation: Operation | None = None) -> None:
    """Post what the provider released by itself: the rest of a final capture, an expiry, a cancel from outside."""
    if not _counted(book, payment, operation, released=amount):
        return
    _append_release(book, payment, operation, amount)
    has_expired = operation is None and expiry.is_over(payment.capture_before, book.clock())
    book.record(
        EventName.AUTHORIZATION_EXPIRED if has_expired else EventName.PAYMENT_RELEASED,
        operation=operation,
        actor="" if operation else BY_PROVIDER,
        payment_id=payment.pk,
        amount=amount,
        released_amount=payment.released_amount,
    )


def raise_amount(book: Book, payment: Payment, amount: int) -> None:
    """Take over a higher authorized amount from the provider. No-op for one that isn't higher."""
    if amount <= payment.amount:
        return
    before, payment.amount = payment.amount, amount
    book.record(
        EventName.PAYMENT_AMOUNT_RAISED,
        actor=BY_PROVIDER,
        payment_id=payment.pk,
        before={"amount": before},
        after={"amount": amount},
    )


def note_capture_before(book: Book, payment: Payment, capture_before: datetime | None) -> None:
    """Take over when the authorization runs out."""
    if capture_before is not None and capture_before != payment.capture_before:
        payment.capture_before = capture_before
        attention.watch_expiry(book, payment)


def _append_release(book: Book, payment: Payment, operation: Operation | None, amount: int) -> None:
    """Providers have no reference for a release: without an operation the total after it tells it from others."""
    if not amount:
        return
    total = cleaning.reference(f"{payment.provider_ref}:released:{payment.released_amount}")
    line = Release(
        payment=payment,
        operation=operation,
        amount=amount,
        provider_ref=None if operation else total,
        created_by=operation.created_by if operation else BY_PROVIDER,
    )
    book.add(line)


def _note_acceptance(book: Book, payment: Payment, operation: Operation, result: RefundResult) -> bool:
    amount = result.money.minor_units
    before, operation.status = operation.status, OperationStatus.ACCEPTED.value
    book.recount(payment)
    if not payment.is_within_limits:
        operation.status = before
        book.recount(payment)
        freeze(book, payment, reason=BEYOND_THE_LIMITS, theirs={"refunding": amount}, operation=operation)
        return False
    # Not sooner: what was frozen is found as nobody's refund, and booked when there is room for it.
    operation.line_ref = result.refund_ref or operation.line_ref
    attention.ask(book, book.clock() + LONGEST_WAIT)
    book.record(
        EventName.REFUND_ACCEPTED,
        operation=operation,
        payment_id=payment.pk,
        refund_id=operation.line_id,
        amount=amount,
    )
    return True


def _counted(
    book: Book, payment: Payment, operation: Operation | None, *, theirs: Mapping[str, Any] | None = None, **moved: int
) -> bool:
    """Count a movement if the limits allow it; else freeze the payment as it was, less what isn't in flight any more.

    `moved` is one of captured, released and refunded.
    """
    ((name, amount),) = moved.items()
    counter = f"{name}_amount"
    book.recount(payment)
    setattr(payment, counter, getattr(payment, counter) + amount)
    payment.count_disputes()
    if payment.is_within_limits:
        _stamp_if_used_up(book, payment)
        return True
    total = getattr(payment, counter)
    setattr(payment, counter, total - amount)
    payment.count_disputes()
    freeze(book, payment, reason=BEYOND_THE_LIMITS, theirs={name: total, **(theirs or {})}, operation=operation)
    return False


def _stamp_if_used_up(book: Book, payment: Payment) -> None:
    """Set `captured_at` once nothing is left to capture, or `canceled_at` when all of it was released."""
    if payment.captured_amount + payment.released_amount != payment.amount:
        return
    if payment.captured_amount:
        payment.captured_at = payment.captured_at or book.clock()
    elif payment.released_amount and payment.canceled_at is None:
        _cancel(book, payment)


def _cancel(book: Book, payment: Payment) -> None:
    payment.canceled_at = book.clock()
    payment.payment_session.status = SessionStatus.CANCELED.value


def _is(line: Capture | Refund, payment: Payment, provider_ref: str | None) -> bool:
    return line.payment_id == payment.pk and line.provider_ref == provider_ref
