"""Capturing authorized money."""

from decimal import Decimal
from functools import partial

from django.db.models.functions import Now

from medusa_payments.exceptions import Conflict, InvalidData, NotFound
from medusa_payments.ids import new_id
from medusa_payments.models import Payment, PaymentCollection
from medusa_payments.money import Money
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.types import CaptureRequest
from medusa_payments.queries.primary import primary
from medusa_payments.services import amounts, execution, operations, repeats
from medusa_payments.services.operations import CallerKey, Reservation
from medusa_payments.states import OperationKind, OperationStatus


def capture(
    *, payment_id: str, amount: Decimal | None = None, created_by: str = "", idempotency_key: str | None = None
) -> Payment:
    """Capture `amount` (major units), or all that remains, of an authorized payment; return the payment.

    Guaranteed: never more than the payment's amount in all, whatever else captures at the same time; at most once,
    even when the caller repeats a request whose answer was lost (same payment, same amount). No-op, with no provider
    call, when everything is captured already and no amount is given.

    `idempotency_key`: the same key with the same parameters is the same request, whenever it comes again, and gets the
    same answer.

    Raises `NotFound` (payment), `InvalidData` (key, amount, limit, canceled payment, provider's rejection),
    `PaymentAuthorizationError` (declined), `Conflict` (another request is at work), `IdempotencyError` (key used for
    something else), `PaymentOutcomeUnknown`, `ProviderNotReachable`, `InsideTransaction`.
    """
    payment = primary(Payment).filter(pk=payment_id).first()
    if payment is None:
        raise NotFound(f"Payment with id: {payment_id} was not found")
    provider = operations.provider_for(payment)
    requested = amounts.positive_minor_units(amount, currency_code=payment.currency_code, verb="Capture")
    caller = repeats.caller_key(idempotency_key, amount=requested)
    operation = execution.execute(
        payment_collection_id=payment.payment_collection_id,
        include_deleted=True,
        reserve=partial(
            _reserve,
            payment_id=payment_id,
            provider=provider,
            requested=requested,
            caller=caller,
            created_by=created_by,
        ),
    )
    if operation is not None:
        execution.raise_unless_succeeded(operation)
    return primary(Payment).get(pk=payment_id)


def _reserve(
    collection: PaymentCollection,  # noqa: ARG001
    *,
    payment_id: str,
    provider: PaymentProvider,
    requested: int | None,
    caller: CallerKey | None,
    created_by: str,
) -> Reservation | None:
    payment = primary(Payment).select_related("payment_session").get(pk=payment_id)
    earlier = repeats.find_on_payment(caller, payment=payment, kind=OperationKind.CAPTURE, requested_amount=requested)
    if earlier is not None and earlier.status != OperationStatus.NOT_EXECUTED:
        return operations.resume(earlier)
    if payment.canceled_at is not None:
        raise InvalidData(f"The payment: {payment.pk} has been canceled.")
    if requested is None and payment.captured_amount + payment.released_amount == payment.amount:
        return None
    amount = _checked_amount(payment, provider, earlier.amount if earlier else requested)
    payment.capturing_amount += amount
    payment.updated_at = Now()
    payment.save(update_fields=["capturing_amount", "updated_at"])
    if earlier is not None:
        return operations.reopen(earlier)
    request = CaptureRequest(
        idempotency_key=new_id("payop"),
        session_id=payment.payment_session_id,
        payment_id=payment.pk,
        provider_ref=payment.provider_ref,
        money=Money(minor_units=amount, currency_code=payment.currency_code),
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
    )


def _checked_amount(payment: Payment, provider: PaymentProvider, requested: int | None) -> int:
    capturable = payment.capturable_amount
    if requested is None and capturable == 0:
        raise Conflict(
            f"All that remains of {payment.pk} is being captured or released.",
            retry_after=operations.IN_PROGRESS_RETRY_SECONDS,
        )
    amount = capturable if requested is None else requested
    if not 0 < amount <= capturable:
        raise InvalidData(
            "You cannot capture more than the authorized amount substracted by what is already captured.",
            details=amounts.limits(payment, requested=amount),
        )
    amounts.check_step(amount, provider=provider, currency_code=payment.currency_code)
    capabilities = provider.capabilities
    if amount < payment.amount and not capabilities.supports_partial_capture:
        raise InvalidData(f"Payment provider {provider.alias} can only capture the whole amount.")
    if (payment.captured_amount or payment.capturing_amount) and not capabilities.supports_multiple_captures:
        raise InvalidData(f"Payment provider {provider.alias} can capture a payment only once.")
    return amount
