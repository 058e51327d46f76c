"""Capturing authorized money."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from django.db.models import F, Sum
from django.db.models.functions import Now

from medusa_payments.core import debts
from medusa_payments.core.facts import collection_facts
from medusa_payments.core.policy import due
from medusa_payments.core.saga import leases
from medusa_payments.exceptions import Conflict, InvalidData, NotFound
from medusa_payments.ids import new_id
from medusa_payments.models import Operation, Payment, PaymentCollection
from medusa_payments.money import Money
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.types import CaptureRequest
from medusa_payments.queries import payments
from medusa_payments.queries.primary import primary
from medusa_payments.services import amounts, convergence, execution, operations, repeats
from medusa_payments.services.freezing import refuse_if_frozen
from medusa_payments.services.operations import CallerKey, Reservation
from medusa_payments.services.repeats import Caller
from medusa_payments.states import OperationKind, OperationStatus


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
    `PaymentAuthorizationError` (declined), `Conflict` (another request is at work), `IdempotencyError` (key used for
    something else), `PaymentOutcomeUnknown`, `ProviderNotReachable`, `InsideTransaction`.
    """
    payment, asking, reserve_it = _prepared(payment_id, amount, created_by, idempotency_key)
    with repeats.answering(asking, payment.payment_collection_id):
        operation: Operation | None = execution.execute(
            payment_collection_id=payment.payment_collection_id, include_deleted=True, reserve=reserve_it
        )
        if operation is not None:
            _conclude(operation)
        return primary(Payment).get(pk=payment_id)


def _conclude(operation: Operation) -> None:
    """Tell the caller what became of it. All that remained is captured, too, when somebody else captured it there."""
    try:
        convergence.conclude(operation)
    except InvalidData:
        if operation.requested_amount or not _is_captured(operation.payment_id):
            raise


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
    return execution.enqueue(payment_collection_id=payment.payment_collection_id, reserve=reserve_it)


def _prepared(
    payment_id: str, amount: Decimal | None, created_by: str, idempotency_key: str | None
) -> tuple[Payment, Caller, Callable[..., Reservation | None]]:
    waited = debts.elapsed()
    payment = primary(Payment).filter(pk=payment_id).annotate(now=Now()).first()
    if payment is None:
        raise NotFound(f"Payment with id: {payment_id} was not found")
    requested = amounts.positive_minor_units(amount, currency_code=payment.currency_code, verb="Capture")
    asking = Caller(
        who=created_by,
        began_at=payment.now - waited,
        key=repeats.caller_key(idempotency_key, amount=requested),
    )
    reserve_it = partial(
        _reserve,
        payment_id=payment_id,
        provider=operations.provider_for(payment),
        requested=requested,
        asking=asking,
    )
    return payment, asking, repeats.owing(asking, reserve_it)


def _reserve(
    collection: PaymentCollection,
    *,
    payment_id: str,
    provider: PaymentProvider,
    requested: int | None,
    asking: Caller,
    is_deferred: bool = False,
) -> Reservation | None:
    payment = primary(Payment).select_related("payment_session").get(pk=payment_id)
    is_done = _leaves_nothing_to_do(payment, requested)
    earlier = repeats.find_on_payment(
        asking,
        payment=payment,
        kind=OperationKind.CAPTURE,
        asked=repeats.ask(requested),
        is_deferred=is_deferred,
        can_move=not is_done,
    )
    if earlier is not None and earlier.status != OperationStatus.NOT_EXECUTED:
        return operations.resume(earlier, is_deferred=is_deferred)
    refuse_if_frozen(payment)
    if payment.canceled_at is not None:
        raise InvalidData(f"The payment: {payment.pk} has been canceled.")
    if is_done:
        return None
    amount = _checked_amount(collection, payment, provider, earlier.amount if earlier else requested)
    if earlier is not None:
        _raise_counter(payment, amount)
        return operations.reopen(earlier, is_deferred=is_deferred)
    return reserve(
        payment,
        provider,
        amount=amount,
        requested=requested,
        caller=asking.key,
        created_by=asking.who,
        is_deferred=is_deferred,
    )


def reserve(
    payment: Payment,
    provider: PaymentProvider,
    *,
    amount: int,
    requested: int | None = None,
    caller: CallerKey | None = None,
    created_by: str = "",
    is_deferred: bool = False,
) -> Reservation:
    """Reserve the capture of `amount` (minor units), which the caller has checked, inside the collection's lock."""
    _raise_counter(payment, amount)
    request = CaptureRequest(
        idempotency_key=new_id("payop"),
        session_id=payment.payment_session_id,
        payment_id=payment.pk,
        provider_ref=payment.provider_ref,
        money=Money(minor_units=amount, currency_code=payment.currency_code),
        # While another capture is in flight this one isn't the end: that one may fail.
        is_final=payment.capturable_amount == 0 and payment.capturing_amount == amount,
    )
    return operations.reserve(
        request=request,
        provider=provider,
        session=payment.payment_session,
        payment=payment,
        target=payment.pk,
        caller=caller,
        amount=amount,
        requested_amount=requested,
        created_by=created_by,
        is_deferred=is_deferred,
    )


def _raise_counter(payment: Payment, amount: int) -> None:
    payment.capturing_amount += amount
    payment.updated_at = Now()
    payment.save(update_fields=["capturing_amount", "updated_at"])


def _checked_amount(
    collection: PaymentCollection, payment: Payment, provider: PaymentProvider, requested: int | None
) -> int:
    capturable = still_lacking(collection, payment, provider)
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


def still_lacking(collection: PaymentCollection, payment: Payment, provider: PaymentProvider) -> int:
    """Return what may still be captured of a payment (minor units): what it holds, and its collection lacks.

    All payments of the collection count, in the provider's steps.
    """
    wanted = amounts.step_up(collection.amount, provider=provider, currency_code=collection.currency_code)
    return due.lacking(
        collection_facts(collection),
        capturable=payment.capturable_amount,
        wanted=wanted,
        # Mostly no more than that is authorized, and then the others needn't be looked at.
        taken=_taken(collection) if collection.authorized_amount > wanted else 0,
    )


def _taken(collection: PaymentCollection) -> int:
    taken = payments.counted(collection).aggregate(total=Sum(F("captured_amount") + F("capturing_amount")))["total"]
    return taken or 0


def _refuse_what_the_provider_cannot(payment: Payment, provider: PaymentProvider, amount: int) -> None:
    capabilities = provider.capabilities
    if amount < payment.amount and not capabilities.supports_partial_capture:
        raise InvalidData(f"Payment provider {provider.alias} can only capture the whole amount.")
    if (payment.captured_amount or payment.capturing_amount) and not capabilities.supports_multiple_captures:
        raise InvalidData(f"Payment provider {provider.alias} can capture a payment only once.")
