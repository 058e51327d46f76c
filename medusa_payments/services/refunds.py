"""Giving captured money back."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Any

from django.db.models.functions import Now

from medusa_payments.exceptions import InvalidData, NotFound
from medusa_payments.ids import new_id
from medusa_payments.models import Operation, Payment, PaymentCollection, RefundReason
from medusa_payments.money import Money
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.types import RefundRequest
from medusa_payments.queries.primary import primary
from medusa_payments.services import amounts, convergence, disputes, execution, operations, repeats, texts
from medusa_payments.services.freezing import refuse_if_frozen
from medusa_payments.services.operations import CallerKey, Reservation
from medusa_payments.services.repeats import Caller
from medusa_payments.states import OperationKind, OperationStatus


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
    `PaymentAuthorizationError` (declined), `Conflict` (another request is at work), `IdempotencyError` (key used for
    something else), `PaymentOutcomeUnknown`, `ProviderNotReachable`, `InsideTransaction`.
    """
    payment, asking, reserve_it = _prepared(
        payment_id, amount, refund_reason_id, note, created_by, idempotency_key, metadata
    )
    with repeats.answering(asking, payment.payment_collection_id):
        _refunded(payment, reserve_it)
        return primary(Payment).get(pk=payment_id)


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
    with repeats.answering(asking, payment.payment_collection_id):
        return _refunded(payment, reserve_it)


def _refunded(payment: Payment, reserve_it: Callable[..., Reservation]) -> Operation:
    operation: Operation = execution.execute(
        payment_collection_id=payment.payment_collection_id, include_deleted=True, reserve=reserve_it
    )
    convergence.conclude(operation)
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
    return execution.enqueue(payment_collection_id=payment.payment_collection_id, reserve=reserve_it)


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
    payment = primary(Payment).filter(pk=payment_id).annotate(now=Now()).first()
    if payment is None:
        raise NotFound(f"Payment id not found: {payment_id}")
    texts.refuse_sensitive(note)
    provider = operations.provider_for(payment)
    requested = amounts.positive_minor_units(amount, currency_code=payment.currency_code, verb="Refund")
    key = repeats.caller_key(
        idempotency_key,
        amount=requested,
        refund_reason_id=refund_reason_id,
        refund_reason_code=refund_reason_code,
        note=note,
        metadata=metadata,
    )
    asking = Caller(who=created_by, began_at=payment.now, key=key)
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
    return payment, asking, repeats.owing(asking, reserve_it)


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
    collection: PaymentCollection,  # noqa: ARG001
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
    payment = primary(Payment).select_related("payment_session").get(pk=payment_id)
    earlier = repeats.find_on_payment(
        asking,
        payment=payment,
        kind=OperationKind.REFUND,
        asked=repeats.ask(requested, reason=refund_reason_code or refund_reason_id, note=note, metadata=metadata),
        is_deferred=is_deferred,
    )
    if earlier is not None and earlier.status != OperationStatus.NOT_EXECUTED:
        return operations.resume(earlier, is_deferred=is_deferred)
    if earlier is not None:
        return reopen(earlier, payment, provider, is_deferred=is_deferred)
    refuse_if_frozen(payment)
    amount, reason = _checked(payment, provider, requested, refund_reason_id)
    return reserve(
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


def reserve(
    payment: Payment,
    provider: PaymentProvider,
    *,
    amount: int,
    requested: int | None = None,
    reason: RefundReason | None = None,
    note: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    intent: Mapping[str, Any] = MappingProxyType({}),
    caller: CallerKey | None = None,
    created_by: str = "",
    is_deferred: bool = False,
) -> Reservation:
    """Reserve the refund of `amount` (minor units), which the caller has checked, inside the collection's lock.

    `intent`: what else tells it from other refunds. The refund has its final id from now on.
    """
    _raise_counter(payment, amount)
    request = RefundRequest(
        idempotency_key=new_id("payop"),
        session_id=payment.payment_session_id,
        payment_id=payment.pk,
        provider_ref=payment.provider_ref,
        money=Money(minor_units=amount, currency_code=payment.currency_code),
        reason_code=reason.code if reason else None,
    )
    intent = {
        **intent,
        "refund_reason_id": reason.pk if reason else None,
        "note": note,
        **({"metadata": dict(metadata)} if metadata is not None else {}),
    }
    return operations.reserve(
        request=request,
        provider=provider,
        session=payment.payment_session,
        payment=payment,
        target=payment.pk,
        caller=caller,
        amount=amount,
        requested_amount=requested,
        intent=intent,
        line_id=new_id("ref"),
        refund_reason=reason,
        created_by=created_by,
        is_deferred=is_deferred,
    )


def reopen(
    operation: Operation, payment: Payment, provider: PaymentProvider, *, is_deferred: bool = False
) -> Reservation:
    """Go on with a refund that was proven not to have been executed, if it can still be given back."""
    refuse_if_frozen(payment)
    _raise_counter(payment, _checked_amount(payment, provider, operation.amount))
    return operations.reopen(operation, is_deferred=is_deferred)


def _raise_counter(payment: Payment, amount: int) -> None:
    payment.refunding_amount += amount
    payment.updated_at = Now()
    payment.save(update_fields=["refunding_amount", "updated_at"])


def _checked(
    payment: Payment, provider: PaymentProvider, requested: int | None, refund_reason_id: str | None
) -> tuple[int, RefundReason | None]:
    """As in Medusa, an amount that is asked for is checked before the reason, one that is left open after it."""
    if requested is None:
        reason = existing_reason(refund_reason_id)
        return _checked_amount(payment, provider, requested), reason
    return _checked_amount(payment, provider, requested), existing_reason(refund_reason_id)


def _checked_amount(payment: Payment, provider: PaymentProvider, requested: int | None) -> int:
    refundable = payment.refundable_amount
    amount = refundable if requested is None else requested
    if not 0 < amount <= refundable:
        if payment.disputed_amount and amount <= payment.kept_amount:
            raise disputes.refusal(payment, requested=amount)
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
