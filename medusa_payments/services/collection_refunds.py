"""Giving captured money back across the payments of a collection."""

from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import QuerySet

from medusa_payments.exceptions import Conflict, InvalidData, PaymentsError, ProviderNotReachable
from medusa_payments.ids import new_id
from medusa_payments.models import Operation, Payment, PaymentCollection
from medusa_payments.money import to_major_units
from medusa_payments.queries import payment_collections as queries
from medusa_payments.queries.payments import counted
from medusa_payments.queries.primary import primary
from medusa_payments.services import amounts, convergence, disputes, execution, operations, refunds, repeats, texts
from medusa_payments.services.operations import CallerKey, Reservation
from medusa_payments.services.refund_allocation import Source, allocate
from medusa_payments.services.repeats import Caller
from medusa_payments.states import OperationKind, OperationStatus, RefundStrategy


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
    asking = Caller(
        who=created_by,
        began_at=repeats.clock(payment_collection_id),
        key=repeats.caller_key(idempotency_key, **asked),
    )
    with repeats.answering(asking, payment_collection_id):
        reserved = execution.reserve_all(
            payment_collection_id=payment_collection_id,
            reserve=repeats.owing(asking, partial(_reserve_parts, asked=asked, asking=asking)),
        )
        problems: list[PaymentsError] = []
        for reservation in reserved:
            try:
                convergence.conclude(execution.answer(reservation, reopen=_reopened))
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


def _reserve_parts(collection: PaymentCollection, *, asked: dict[str, Any], asking: Caller) -> list[Reservation]:
    """Reserve all parts at once, or go on with those of an earlier request: the amount is divided only once."""
    fingerprint = repeats.fingerprint(**asked | {"note": asked["note"] or None})
    earlier = repeats.find_in_collection(asking, collection=collection, kind=OperationKind.REFUND, asked=fingerprint)
    if earlier:
        return [_resumed(operation) for operation in earlier]
    caller = asking.key or CallerKey(key=new_id(repeats.ACROSS_PAYMENTS), fingerprint=fingerprint)
    reason = refunds.existing_reason(asked["refund_reason_id"])
    return [
        refunds.reserve(
            payment,
            operations.provider_for(payment),
            amount=share,
            reason=reason,
            note=asked["note"],
            intent={"is_part": True},
            caller=caller,
            created_by=asking.who,
        )
        for payment, share in _parts(collection, asked["amount"], RefundStrategy(asked["strategy"]))
    ]


def _parts(collection: PaymentCollection, requested: int | None, strategy: RefundStrategy) -> list[tuple[Payment, int]]:
    payments = list(divisible(collection).select_related("payment_session"))
    refundable = sum(payment.refundable_amount for payment in payments)
    amount = refundable if requested is None else requested
    if not 0 < amount <= refundable:
        _refuse_what_is_disputed(payments, amount)
        limits = {"refundable_amount": refundable, "requested_amount": amount}
        details = {name: to_major_units(value, collection.currency_code) for name, value in limits.items()}
        raise InvalidData(refunds.refusal_text(requested), details=details)
    giving = [payment for payment in payments if payment.refundable_amount > 0]
    shares = allocate(amount, [_source(payment) for payment in giving], strategy)
    return [(payment, share) for payment, share in zip(giving, shares, strict=True) if share]


def _source(payment: Payment) -> Source:
    """A provider that refunds only the whole amount has steps as long as that."""
    provider = operations.provider_for(payment)
    step = provider.amount_step(payment.currency_code)
    if not provider.capabilities.supports_partial_refund:
        step = payment.captured_amount
    return Source(refundable=payment.refundable_amount, step=step)


def _refuse_what_is_disputed(payments: list[Payment], amount: int) -> None:
    disputed = [payment for payment in payments if payment.disputed_amount]
    if disputed and amount <= sum(payment.kept_amount for payment in payments):
        raise disputes.refusal(disputed[0], requested=amount)


def _resumed(operation: Operation) -> Reservation:
    if operation.status != OperationStatus.NOT_EXECUTED:
        return operations.resume(operation)
    return _reopened(None, operation)


def _reopened(_: PaymentCollection | None, operation: Operation) -> Reservation:
    payment = primary(Payment).get(pk=operation.payment_id)
    return refunds.reopen(operation, payment, operations.provider_for(payment))
