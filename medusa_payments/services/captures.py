"""Capturing authorized money."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from django.db.models import F

from medusa_payments.core.base import amounts, leases
from medusa_payments.core.base.providers import provider_for
from medusa_payments.core.books import attention
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.freezing import refuse_if_frozen
from medusa_payments.core.policy import due
from medusa_payments.core.saga import callers, comparing, operations, run, verbs
from medusa_payments.core.saga.callers import Caller
from medusa_payments.core.saga.operations import Reservation
from medusa_payments.exceptions import Conflict, InvalidData, NotFound
from medusa_payments.models import Operation, Payment
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationKind, OperationStatus

__all__ = ["capture", "enqueue_capture"]


def capture(
    *, payment_id: str, amount: Decimal | None = None, created_by: str = "", idempotency_key: str | None = None
) -> Payment:
    """Capture `amount` (major units), or all that remains, of an authorized payment; return the payment.

    Guaranteed: never more than the payment's amount in all, whatever else captures at the same time; at most once,
    even when the caller repeats a request whose answer was lost (same payment, same amount). No-op, with no provider
    call, when everything is captured already and no amount is given, or exactly the payment's. Without an amount,
    captured at the provider by somebody else counts too, though it becomes known here by its refusal only.

    `idempotency_key`: the same key with the same parameters is the same request, whenever it comes again, and gets the
    same answer.

    Raises `NotFound` (payment), `InvalidData` (key, amount, limit, canceled payment, provider's rejection),
    `PaymentAuthorizationError` (declined), `Conflict` (another request is in progress), `IdempotencyError` (key used
    for something else), `PaymentOutcomeUnknown`, `ProviderNotReachable`, `InsideTransaction`.
    """
    payment, asking, reserve_it = _prepared(payment_id, amount, created_by, idempotency_key)
    with callers.answering(asking, payment.payment_collection_id):
        operation: Operation | None = run.execute(
            payment_collection_id=payment.payment_collection_id, include_deleted=True, reserve=reserve_it
        )
        done = None if operation is None else _concluded(operation)
        return done or primary(Payment).get(pk=payment_id)


def _concluded(operation: Operation) -> Payment | None:
    """Return the payment of a capture that succeeded, and raise what else became of it. None, without an error, where
    all that remained was captured at the provider by somebody else.
    """
    try:
        comparing.conclude(operation)
    except InvalidData:
        if operation.requested_amount or not _is_captured(operation.payment_id):
            raise
        return None
    return operation.payment


def _is_captured(payment_id: str | None) -> bool:
    return primary(Payment).filter(pk=payment_id, captured_amount=F("amount")).exists()


def _leaves_nothing_to_do(payment: Payment, requested: int | None) -> bool:
    """Return True if a request for `requested`, or for all that remains (None), finds it done.

    An amount is, as in Medusa, if it is the payment's own and all of that is captured; any other asks for more money.
    """
    if requested is None:
        return payment.captured_amount + payment.released_amount == payment.amount
    return requested == payment.amount == payment.captured_amount


def enqueue_capture(
    *, payment_id: str, amount: Decimal | None = None, created_by: str = "", idempotency_key: str | None = None
) -> Operation | None:
    """Reserve a capture inside the caller's own transaction, for the worker to carry out after its commit.

    Guaranteed: captured once if the caller commits, and not at all if it rolls back. Returns the operation, None where
    `capture` is a no-op. Raises what `capture` raises before it calls the provider.
    """
    payment, _, reserve_it = _prepared(payment_id, amount, created_by, idempotency_key)
    return run.enqueue(payment_collection_id=payment.payment_collection_id, reserve=reserve_it)


def _prepared(
    payment_id: str, amount: Decimal | None, created_by: str, idempotency_key: str | None
) -> tuple[Payment, Caller, Callable[..., Reservation | None]]:
    payment = primary(Payment).filter(pk=payment_id).first()
    if payment is None:
        raise NotFound(f"Payment with id: {payment_id} was not found")
    requested = amounts.positive_minor_units(amount, currency_code=payment.currency_code, verb="Capture")
    asking = Caller(who=created_by, key=callers.caller_key(idempotency_key, amount=requested))
    reserve_it = partial(
        _reserve,
        payment_id=payment_id,
        provider=provider_for(payment),
        requested=requested,
        asking=asking,
    )
    return payment, asking, callers.owing(asking, reserve_it)


def _reserve(
    book: Book,
    *,
    payment_id: str,
    provider: PaymentProvider,
    requested: int | None,
    asking: Caller,
    is_deferred: bool = False,
) -> Reservation | None:
    payment = book.payment(payment_id)
    is_done = _leaves_nothing_to_do(payment, requested)
    earlier = callers.find_on_payment(
        book,
        asking,
        payment=payment,
        kind=OperationKind.CAPTURE,
        asked=callers.ask(requested),
        is_deferred=is_deferred,
        can_move=not is_done,
    )
    if earlier is not None and earlier.status != OperationStatus.NOT_EXECUTED:
        return operations.resume(book, earlier, is_deferred=is_deferred)
    refuse_if_frozen(payment)
    if payment.canceled_at is not None:
        raise InvalidData(f"The payment: {payment.pk} has been canceled.")
    if is_done:
        return None
    amount = _checked_amount(book, payment, provider, earlier.amount if earlier else requested)
    if earlier is not None:
        return operations.reopen(book, earlier, is_deferred=is_deferred)
    return verbs.capture(
        book,
        payment,
        provider,
        amount=amount,
        requested=requested,
        caller=asking.key,
        created_by=asking.who,
        is_deferred=is_deferred,
    )


def _checked_amount(book: Book, payment: Payment, provider: PaymentProvider, requested: int | None) -> int:
    capturable = _still_lacking(book, payment, provider)
    if requested is None and capturable == 0:
        raise Conflict(
            f"All that remains of {payment.pk} is being captured or released.",
            retry_after=leases.IN_PROGRESS_RETRY_SECONDS,
        )
    amount = capturable if requested is None else requested
    if not 0 < amount <= capturable:
        raise InvalidData(
            "You cannot capture more than the authorized amount substracted by what is already captured.",
            details=amounts.limits(payment, requested=amount),
        )
    amounts.check_step(amount, provider=provider, currency_code=payment.currency_code)
    _refuse_what_the_provider_cannot(payment, provider, amount)
    return amount


def _still_lacking(book: Book, payment: Payment, provider: PaymentProvider) -> int:
    """Return what may still be captured of a payment (minor units): what it holds, and its collection lacks.

    All payments of the collection count, in the provider's steps.
    """
    collection = book.collection
    return due.lacking(
        attention.collection_facts(collection),
        capturable=payment.capturable_amount,
        wanted=amounts.step_up(collection.amount, provider=provider, currency_code=collection.currency_code),
        taken=sum(each.captured_amount + each.capturing_amount for each in book.counted),
    )


def _refuse_what_the_provider_cannot(payment: Payment, provider: PaymentProvider, amount: int) -> None:
    capabilities = provider.capabilities
    if amount < payment.amount and not capabilities.supports_partial_capture:
        raise InvalidData(f"Payment provider {provider.alias} can only capture the whole amount.")
    if (payment.captured_amount or payment.capturing_amount) and not capabilities.supports_multiple_captures:
        raise InvalidData(f"Payment provider {provider.alias} can capture a payment only once.")
