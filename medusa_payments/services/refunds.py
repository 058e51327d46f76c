"""Giving captured money back."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from medusa_payments.core.base import amounts
from medusa_payments.core.base.providers import provider_for
from medusa_payments.core.books import disputes
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.freezing import refuse_if_frozen
from medusa_payments.core.saga import callers, comparing, operations, run, verbs
from medusa_payments.core.saga.callers import Caller
from medusa_payments.core.saga.operations import Reservation
from medusa_payments.exceptions import InvalidData, NotFound
from medusa_payments.models import Operation, Payment, RefundReason
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.queries.primary import primary
from medusa_payments.services import texts
from medusa_payments.states import OperationKind, OperationStatus

__all__ = ["enqueue_refund", "refund", "refund_operation"]


def refund(
    *,
    payment_id: str,
    amount: Decimal | None = None,
    refund_reason_id: str | None = None,
    note: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    created_by: str = "",
    idempotency_key: str | None = None,
) -> Payment:
    """Refund `amount` (major units), or all that remains, of what was captured; return the payment.

    Guaranteed: never more than was captured in all, whatever else refunds at the same time, and never what is known to
    be disputed; at most once, even when the caller repeats a request whose answer was lost (same payment, same amount).
    `note` is visible to the customer; `metadata` are kept with the refund.

    `idempotency_key`: the same key with the same parameters is the same request, whenever it comes again, and gets the
    same answer.

    Raises `NotFound` (payment, reason), `InvalidData` (key, amount, limit, nothing captured, provider's rejection),
    `NotAllowed` (code `payment_disputed`, with the numbers and the disputes in its details),
    `PaymentAuthorizationError` (declined), `Conflict` (another request is in progress), `IdempotencyError` (key used
    for something else), `PaymentOutcomeUnknown`, `ProviderNotReachable`, `InsideTransaction`.
    """
    payment, asking, reserve_it = _prepared(
        payment_id, amount, refund_reason_id, note, created_by, idempotency_key, metadata
    )
    with callers.answering(asking, payment.payment_collection_id):
        return _refunded(payment, reserve_it).payment or primary(Payment).get(pk=payment_id)


def refund_operation(
    *,
    payment_id: str,
    amount: Decimal | None = None,
    refund_reason_id: str | None = None,
    note: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    created_by: str = "",
    idempotency_key: str | None = None,
    refund_reason_code: str | None = None,
) -> Operation:
    """As `refund`, but return the operation: its `refund` is the ledger line, once the provider has done it.

    `refund_reason_code` names the shop's reason in place of its id; a code that the shop hasn't names none.
    """
    payment, asking, reserve_it = _prepared(
        payment_id, amount, refund_reason_id, note, created_by, idempotency_key, metadata, refund_reason_code
    )
    with callers.answering(asking, payment.payment_collection_id):
        return _refunded(payment, reserve_it)


def _refunded(payment: Payment, reserve_it: Callable[..., Reservation]) -> Operation:
    operation: Operation = run.execute(
        payment_collection_id=payment.payment_collection_id, include_deleted=True, reserve=reserve_it
    )
    comparing.conclude(operation)
    return operation


def enqueue_refund(
    *,
    payment_id: str,
    amount: Decimal | None = None,
    refund_reason_id: str | None = None,
    note: str | None = None,
    created_by: str = "",
    idempotency_key: str | None = None,
) -> Operation | None:
    """Reserve a refund inside the caller's own transaction, for the worker to carry out after its commit.

    Guaranteed: refunded once if the caller commits, and not at all if it rolls back. Returns the operation. Raises what
    `refund` raises before it calls the provider.
    """
    payment, _, reserve_it = _prepared(payment_id, amount, refund_reason_id, note, created_by, idempotency_key)
    return run.enqueue(payment_collection_id=payment.payment_collection_id, reserve=reserve_it)


def _prepared(
    payment_id: str,
    amount: Decimal | None,
    refund_reason_id: str | None,
    note: str | None,
    created_by: str,
    idempotency_key: str | None,
    metadata: Mapping[str, Any] | None = None,
    refund_reason_code: str | None = None,
) -> tuple[Payment, Caller, Callable[..., Reservation]]:
    payment = primary(Payment).filter(pk=payment_id).first()
    if payment is None:
        raise NotFound(f"Payment id not found: {payment_id}")
    texts.refuse_sensitive(note)
    provider = provider_for(payment)
    requested = amounts.positive_minor_units(amount, currency_code=payment.currency_code, verb="Refund")
    key = callers.caller_key(
        idempotency_key,
        amount=requested,
        refund_reason_id=refund_reason_id,
        refund_reason_code=refund_reason_code,
        note=note,
        metadata=metadata,
    )
    asking = Caller(who=created_by, key=key)
    reserve_it = partial(
        _reserve,
        payment_id=payment_id,
        provider=provider,
        requested=requested,
        refund_reason_id=refund_reason_id,
        refund_reason_code=refund_reason_code,
        note=note,
        metadata=metadata,
        asking=asking,
    )
    return payment, asking, callers.owing(asking, reserve_it)


def existing_reason(refund_reason_id: str | None) -> RefundReason | None:
    """Return the reason of a refund, None for None. Raises `NotFound`."""
    if refund_reason_id is None:
        return None
    reason = primary(RefundReason).filter(pk=refund_reason_id, deleted_at__isnull=True).first()
    if reason is None:
        raise NotFound(f"RefundReason id not found: {refund_reason_id}")
    return reason


def _reason_of_code(code: str | None) -> RefundReason | None:
    return primary(RefundReason).filter(code=code, deleted_at__isnull=True).first() if code else None


def _reserve(
    book: Book,
    *,
    payment_id: str,
    provider: PaymentProvider,
    requested: int | None,
    refund_reason_id: str | None,
    refund_reason_code: str | None,
    note: str | None,
    metadata: Mapping[str, Any] | None,
    asking: Caller,
    is_deferred: bool = False,
) -> Reservation:
    payment = book.payment(payment_id)
    earlier = callers.find_on_payment(
        book,
        asking,
        payment=payment,
        kind=OperationKind.REFUND,
        asked=callers.ask(requested, reason=refund_reason_code or refund_reason_id, note=note, metadata=metadata),
        is_deferred=is_deferred,
    )
    if earlier is not None and earlier.status != OperationStatus.NOT_EXECUTED:
        return operations.resume(book, earlier, is_deferred=is_deferred)
    if earlier is not None:
        return reopen(book, earlier, is_deferred=is_deferred)
    refuse_if_frozen(payment)
    amount, reason = _checked(book, payment, provider, requested, refund_reason_id)
    return verbs.refund(
        book,
        payment,
        provider,
        amount=amount,
        requested=requested,
        reason=reason or _reason_of_code(refund_reason_code),
        note=note,
        metadata=metadata,
        intent={"refund_reason_code": refund_reason_code} if refund_reason_code else {},
        caller=asking.key,
        created_by=asking.who,
        is_deferred=is_deferred,
    )


def reopen(book: Book, operation: Operation, *, is_deferred: bool = False) -> Reservation:
    """Go on with a refund that was proven not to have been executed, if it can still be refunded."""
    payment = book.payment(operation.payment_id)
    refuse_if_frozen(payment)
    _checked_amount(book, payment, provider_for(payment), operation.amount)
    return operations.reopen(book, operation, is_deferred=is_deferred)


def _checked(
    book: Book, payment: Payment, provider: PaymentProvider, requested: int | None, refund_reason_id: str | None
) -> tuple[int, RefundReason | None]:
    """As in Medusa, an amount that is asked for is checked before the reason, one that is left open after it."""
    if requested is None:
        reason = existing_reason(refund_reason_id)
        return _checked_amount(book, payment, provider, requested), reason
    return _checked_amount(book, payment, provider, requested), existing_reason(refund_reason_id)


def _checked_amount(book: Book, payment: Payment, provider: PaymentProvider, requested: int | None) -> int:
    refundable = payment.refundable_amount
    amount = refundable if requested is None else requested
    if not 0 < amount <= refundable:
        if payment.disputed_amount and amount <= payment.kept_amount:
            raise disputes.refusal(book, payment, requested=amount)
        raise InvalidData(refusal_text(requested), details=amounts.limits(payment, requested=amount))
    amounts.check_step(amount, provider=provider, currency_code=payment.currency_code)
    if amount < payment.captured_amount and not provider.capabilities.supports_partial_refund:
        raise InvalidData(f"Payment provider {provider.alias} can only refund the whole amount.")
    return amount


def refusal_text(requested: int | None) -> str:
    """Return Medusa's words for more than can be given back."""
    if requested is None:
        return "You cannot refund more than what is captured on the payment."
    return "You are not allowed to refund more than the captured amount"
