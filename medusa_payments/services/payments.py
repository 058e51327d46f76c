"""Giving up what a payment still holds."""

from collections.abc import Callable
from functools import partial

from medusa_payments.core.base import amounts, leases
from medusa_payments.core.base.providers import provider_for
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.freezing import refuse_if_frozen
from medusa_payments.core.saga import callers, comparing, operations, run, slots, verbs
from medusa_payments.core.saga.operations import CallerKey, Reservation
from medusa_payments.exceptions import Conflict, InvalidData, NotFound
from medusa_payments.models import Operation, Payment
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationKind, OperationStatus

__all__ = ["cancel", "enqueue_cancel"]


def cancel(*, payment_id: str, created_by: str = "", idempotency_key: str | None = None) -> Payment:
    """Release what a payment holds and hasn't captured; return the payment.

    With nothing captured the payment is canceled, and its collection can be paid again. With a part captured the rest
    is released and the payment counts as captured. No-op, with no provider call, when nothing is left to release.

    `idempotency_key`: the same key is the same request, whenever it comes again, and gets the same answer.

    Raises `NotFound` (payment), `InvalidData` (captured in full, key, provider's rejection),
    `PaymentAuthorizationError` (declined), `Conflict` (a capture or another cancel is in progress),
    `PaymentOutcomeUnknown`, `ProviderNotReachable`, `InsideTransaction`.
    """
    payment, reserve_it = _prepared(payment_id, created_by, idempotency_key)
    operation = run.execute(
        payment_collection_id=payment.payment_collection_id, include_deleted=True, reserve=reserve_it
    )
    if operation is not None:
        comparing.conclude(operation)
    return (operation and operation.payment) or primary(Payment).get(pk=payment_id)


def enqueue_cancel(*, payment_id: str, created_by: str = "", idempotency_key: str | None = None) -> Operation | None:
    """Reserve a cancel inside the caller's own transaction, for the worker to carry out after its commit.

    Guaranteed: released if the caller commits, and not at all if it rolls back. Returns the operation, None when
    nothing is left to release. Raises what `cancel` raises before it calls the provider.
    """
    payment, reserve_it = _prepared(payment_id, created_by, idempotency_key)
    return run.enqueue(payment_collection_id=payment.payment_collection_id, reserve=reserve_it)


def _prepared(
    payment_id: str, created_by: str, idempotency_key: str | None
) -> tuple[Payment, Callable[..., Reservation | None]]:
    payment = primary(Payment).filter(pk=payment_id).first()
    if payment is None:
        raise NotFound(f"Payment with id: {payment_id} was not found")
    return payment, partial(
        _reserve,
        payment_id=payment_id,
        provider=provider_for(payment),
        caller=callers.caller_key(idempotency_key),
        created_by=created_by,
    )


def _reserve(
    book: Book,
    *,
    payment_id: str,
    provider: PaymentProvider,
    caller: CallerKey | None,
    created_by: str,
    is_deferred: bool = False,
) -> Reservation | None:
    payment = book.payment(payment_id)
    earlier = callers.find_by_key(book, caller, kinds=[OperationKind.CANCEL], target=payment.pk)
    if earlier is not None and earlier.status != OperationStatus.NOT_EXECUTED:
        return operations.resume(book, earlier, is_deferred=is_deferred)
    unfinished = slots.holder(book, payment.pk)
    if unfinished is not None:
        return operations.resume(book, unfinished, is_deferred=is_deferred)
    if payment.canceled_at is not None or (payment.released_amount and not payment.capturable_amount):
        return None
    refuse_if_frozen(payment)
    releasing = _releasable(payment)
    if earlier is not None:
        earlier.amount = releasing
        return operations.reopen(book, earlier, open_slot=payment.pk, is_deferred=is_deferred)
    return verbs.release(
        book, payment, provider, amount=releasing, caller=caller, created_by=created_by, is_deferred=is_deferred
    )


def _releasable(payment: Payment) -> int:
    if payment.capturing_amount:
        raise Conflict(
            f"{payment.pk} is being captured.",
            details=amounts.limits(payment, requested=0),
            retry_after=leases.IN_PROGRESS_RETRY_SECONDS,
        )
    if payment.captured_at is not None:
        raise InvalidData(f"Payment {payment.pk} is captured in full. Refund it instead.")
    return payment.capturable_amount
