"""Giving captured money back across the payments of a collection."""

from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import QuerySet

from medusa_payments.core.base import amounts
from medusa_payments.core.base.providers import provider_for
from medusa_payments.core.books import disputes
from medusa_payments.core.books.book import Book
from medusa_payments.core.policy.allocation import Source, allocate
from medusa_payments.core.saga import callers, comparing, operations, run, verbs
from medusa_payments.core.saga.callers import Caller
from medusa_payments.core.saga.operations import CallerKey, Reservation
from medusa_payments.exceptions import Conflict, InvalidData, PaymentsError, ProviderNotReachable
from medusa_payments.ids import new_id
from medusa_payments.models import Operation, Payment, PaymentCollection
from medusa_payments.money import to_major_units
from medusa_payments.queries import payment_collections as queries
from medusa_payments.queries.payments import counted
from medusa_payments.services import refunds, texts
from medusa_payments.states import OperationKind, OperationStatus, RefundStrategy

__all__ = ["divisible", "refund"]


def refund(
    *,
    payment_collection_id: str,
    amount: Decimal | None = None,
    strategy: str = RefundStrategy.PROPORTIONAL,
    refund_reason_id: str | None = None,
    note: str | None = None,
    created_by: str = "",
    idempotency_key: str | None = None,
) -> PaymentCollection:
    """Refund `amount` (major units), or all that remains, across the payments of a collection; return it.

    `proportional` divides the amount by what each payment can still give back, exact to the minor unit; `in_order`
    takes all of the oldest payment before the next, where the steps of the providers allow it. Guaranteed: divided
    once, and never more of a payment than it can give back; each part is refunded at most once. A repeat of a request
    whose answer was lost, or of which a part could not be sent, or one with the same `idempotency_key`, goes on with
    the same parts. Where one provider refuses, the other parts stand.

    Raises `NotFound` (collection, reason), `InvalidData` (key, amount, limit, strategy, steps of the providers, a
    provider's rejection), and what `refund` raises; of several problems one whose outcome isn't known.
    """
    texts.refuse_sensitive(note)
    asked = {
        "amount": amounts.positive_minor_units(
            amount, currency_code=queries.existing(payment_collection_id).currency_code, verb="Refund"
        ),
        "strategy": _strategy(strategy).value,
        "refund_reason_id": refund_reason_id,
        "note": note,
    }
    asking = Caller(who=created_by, key=callers.caller_key(idempotency_key, **asked))
    with callers.answering(asking, payment_collection_id):
        reserved = run.reserve_all(
            payment_collection_id=payment_collection_id,
            reserve=callers.owing(asking, partial(_reserve_parts, asked=asked, asking=asking)),
        )
        problems: list[PaymentsError] = []
        for reservation in reserved:
            try:
                comparing.conclude(run.answer(reservation, reopen=refunds.reopen))
            except PaymentsError as error:
                problems.append(error)
        for problem in sorted(problems, key=_certainty):
            raise problem
        return queries.existing(payment_collection_id)


def _certainty(problem: PaymentsError) -> int:
    """What isn't known is told first, then what was not sent: after both, the same request goes on."""
    return 0 if isinstance(problem, Conflict) else 1 if isinstance(problem, ProviderNotReachable) else 2


def divisible(collection: PaymentCollection) -> QuerySet[Payment]:
    """Return the payments that a refund is divided among, oldest first. Nothing moves on a frozen one."""
    return counted(collection).filter(frozen_at=None).order_by("created_at", "id")


def _strategy(strategy: str) -> RefundStrategy:
    try:
        return RefundStrategy(strategy)
    except ValueError:
        raise InvalidData(f"The strategy of a refund must be one of: {', '.join(RefundStrategy)}") from None


def _reserve_parts(book: Book, *, asked: dict[str, Any], asking: Caller) -> list[Reservation]:
    """Reserve all parts at once, or go on with those of an earlier request: the amount is divided only once."""
    fingerprint = callers.fingerprint(**asked | {"note": asked["note"] or None})
    earlier = callers.find_in_collection(book, asking, kind=OperationKind.REFUND, asked=fingerprint)
    if earlier:
        return [_resumed(book, operation) for operation in earlier]
    caller = asking.key or CallerKey(key=new_id(callers.ACROSS_PAYMENTS), fingerprint=fingerprint)
    reason = refunds.existing_reason(asked["refund_reason_id"])
    return [
        verbs.refund(
            book,
            payment,
            provider_for(payment),
            amount=share,
            reason=reason,
            note=asked["note"],
            intent={"is_part": True},
            caller=caller,
            created_by=asking.who,
        )
        for payment, share in _parts(book, asked["amount"], RefundStrategy(asked["strategy"]))
    ]


def _parts(book: Book, requested: int | None, strategy: RefundStrategy) -> list[tuple[Payment, int]]:
    """Divide among the payments, oldest first. Nothing moves on a frozen one."""
    payments = [payment for payment in book.counted if payment.frozen_at is None]
    payments.sort(key=lambda payment: (payment.created_at, payment.pk))
    refundable = sum(payment.refundable_amount for payment in payments)
    amount = refundable if requested is None else requested
    if not 0 < amount <= refundable:
        _refuse_what_is_disputed(book, payments, amount)
        limits = {"refundable_amount": refundable, "requested_amount": amount}
        details = {name: to_major_units(value, book.collection.currency_code) for name, value in limits.items()}
        raise InvalidData(refunds.refusal_text(requested), details=details)
    giving = [payment for payment in payments if payment.refundable_amount > 0]
    shares = allocate(amount, [_source(payment) for payment in giving], strategy)
    return [(payment, share) for payment, share in zip(giving, shares, strict=True) if share]


def _source(payment: Payment) -> Source:
    """A provider that refunds only the whole amount has steps as long as that."""
    provider = provider_for(payment)
    step = provider.amount_step(payment.currency_code)
    if not provider.capabilities.supports_partial_refund:
        step = payment.captured_amount
    return Source(refundable=payment.refundable_amount, step=step)


def _refuse_what_is_disputed(book: Book, payments: list[Payment], amount: int) -> None:
    disputed = [payment for payment in payments if payment.disputed_amount]
    if disputed and amount <= sum(payment.kept_amount for payment in payments):
        raise disputes.refusal(book, disputed[0], requested=amount)


def _resumed(book: Book, operation: Operation) -> Reservation:
    if operation.status != OperationStatus.NOT_EXECUTED:
        return operations.resume(book, operation)
    return refunds.reopen(book, operation)
