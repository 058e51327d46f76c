"""Bringing a payment to the provider's totals: authorized, captured, released, refunded, in this order.

Every function runs inside the collection's lock. They return True for what has to wait until an operation of ours that
may have caused it is closed. What a frozen payment can't take is looked for when it is unfrozen.
"""

from dataclasses import replace

from django.db.models import QuerySet

from medusa_payments.models import Capture, Operation, Payment, PaymentCollection, Refund
from medusa_payments.providers import cleaning
from medusa_payments.providers.facts import CaptureFact, PaymentSnapshot, RefundFact, RefundState
from medusa_payments.providers.types import CancelResult, CaptureResult, RefundResult, RefundStatus
from medusa_payments.queries.primary import primary
from medusa_payments.services import failed_refunds, freezing, ledger
from medusa_payments.services.provider_calls import Succeeded
from medusa_payments.services.settlement import apply_settlement
from medusa_payments.states import OperationKind, OperationStatus, SessionStatus, Settler

CONTRADICTS_ITSELF = "more captured one by one than in all"


def contradiction(snapshot: PaymentSnapshot) -> str:
    """Say why a snapshot can't be right, whatever the ledger has; "" when it can."""
    return CONTRADICTS_ITSELF if _told_apart(snapshot) > snapshot.captured.minor_units else ""


def leave_captures_to_a_person(
    collection: PaymentCollection, payment: Payment, snapshot: PaymentSnapshot, *, reason: str
) -> PaymentSnapshot:
    """Freeze the payment of a snapshot that contradicts itself; return the snapshot without its single captures."""
    theirs = {"captured": snapshot.captured.minor_units, "captures": _told_apart(snapshot)}
    freezing.freeze(collection, payment, reason=reason, theirs=theirs)
    return replace(snapshot, captures=())


def converge(
    collection: PaymentCollection, payment: Payment, snapshot: PaymentSnapshot, *, as_of: int | None = None
) -> bool:
    """Book what a snapshot has beyond the ledger. Of what the ledger has only failed refunds are ever taken back.

    `as_of` is how many events the collection had before the provider was asked; None when that isn't known.
    """
    if snapshot.status.holds_money:
        ledger.raise_amount(collection, payment, snapshot.money.minor_units)
        ledger.note_capture_before(collection, payment, snapshot.capture_before)
    captures_wait = _converge_captures(collection, payment.pk, snapshot)
    waits = _converge_releases(collection, payment.pk, snapshot) or captures_wait
    for fact in snapshot.refunds:
        waits |= _converge_refund(collection, payment.pk, fact, captures_wait=captures_wait, as_of=as_of)
    return waits


def amount_of(operation: Operation, snapshot: PaymentSnapshot) -> int | None:
    """Return what the provider has of a capture or refund (minor units); None when no movement is this operation's."""
    is_capture = operation.kind == OperationKind.CAPTURE
    facts: tuple[CaptureFact | RefundFact, ...] = snapshot.captures if is_capture else snapshot.refunds
    ours = [fact for fact in facts if fact.operation_id == operation.pk]
    found = [fact.money.minor_units for fact in ours if getattr(fact, "state", None) is not RefundState.FAILED]
    return sum(found) if found else None


def missing_of(operation: Operation, snapshot: PaymentSnapshot) -> int:
    """Return what the provider captured, released or refunded beyond the ledger (minor units), by what a verb does."""
    payment = _payment(operation.payment_id or "")
    if operation.kind == OperationKind.CAPTURE:
        return snapshot.captured.minor_units - payment.captured_amount
    if operation.kind == OperationKind.CANCEL:
        return snapshot.released.minor_units - payment.released_amount
    given = sum(fact.money.minor_units for fact in snapshot.refunds if fact.state is not RefundState.FAILED)
    return given - payment.refunded_amount


def _told_apart(snapshot: PaymentSnapshot) -> int:
    return sum(fact.money.minor_units for fact in snapshot.captures)


def _converge_captures(collection: PaymentCollection, payment_id: str, snapshot: PaymentSnapshot) -> bool:
    unknown = [fact for fact in snapshot.captures if not _settle_capture(collection, payment_id, fact)]
    payment = _payment(payment_id)
    missing = snapshot.captured.minor_units - payment.captured_amount
    if missing <= 0 or payment.frozen_at is not None:
        return False
    if _is_open(payment_id, OperationKind.CAPTURE) or payment.releasing_amount:
        return True
    for fact in unknown:
        amount = min(fact.money.minor_units, missing)
        if amount > 0 and fact.capture_ref:
            ledger.book_external_capture(collection, _payment(payment_id), amount, provider_ref=fact.capture_ref)
            missing -= amount
    if missing > 0:
        total = cleaning.reference(f"{snapshot.provider_ref}:captured:{snapshot.captured.minor_units}")
        ledger.book_external_capture(collection, _payment(payment_id), missing, provider_ref=total)
    return False


def _settle_capture(collection: PaymentCollection, payment_id: str, fact: CaptureFact) -> bool:
    """Settle the operation that a capture names; say whether the ledger has the capture now."""
    if _is_booked(payment_id, fact):
        return True
    operation = _operation(payment_id, fact.operation_id)
    if operation is None or operation.kind != OperationKind.CAPTURE or operation.amount != fact.money.minor_units:
        return False
    result = CaptureResult(money=fact.money, capture_ref=fact.capture_ref)
    apply_settlement(collection, operation, Succeeded(result=result), settled_by=Settler.READ)
    return True


def _is_booked(payment_id: str, fact: CaptureFact) -> bool:
    """Say whether the ledger has a capture: by its reference, by its operation (an authorize may have captured) or, of
    one that names no operation, by the amount of a line that no reference tells apart.
    """
    lines = primary(Capture).filter(payment_id=payment_id)
    if fact.capture_ref and lines.filter(provider_ref=fact.capture_ref).exists():
        return True
    if fact.operation_id:
        return lines.filter(operation=fact.operation_id).exists()
    return lines.filter(provider_ref=None, amount=fact.money.minor_units).exists()


def _converge_releases(collection: PaymentCollection, payment_id: str, snapshot: PaymentSnapshot) -> bool:
    payment = _payment(payment_id)
    missing = snapshot.released.minor_units - payment.released_amount
    if missing <= 0:
        return False
    cancel = _open(payment_id, OperationKind.CANCEL).first()
    if cancel is not None and (snapshot.status == SessionStatus.CANCELED or missing >= (cancel.amount or 0)):
        outcome = Succeeded(result=CancelResult(released=snapshot.released, data=snapshot.data))
        apply_settlement(collection, cancel, outcome, settled_by=Settler.READ)
        payment = _payment(payment_id)
        missing = snapshot.released.minor_units - payment.released_amount
    if missing <= 0 or payment.frozen_at is not None:
        return False
    if payment.capturing_amount or payment.releasing_amount:
        return True
    ledger.book_release(collection, payment, missing)
    return False


def _converge_refund(
    collection: PaymentCollection, payment_id: str, fact: RefundFact, *, captures_wait: bool, as_of: int | None
) -> bool:
    """What was refunded can't be booked before what was captured is."""
    operation = _operation(payment_id, fact.operation_id) or _accepted_as(payment_id, fact.refund_ref)
    booked = primary(Refund).filter(payment_id=payment_id, provider_ref=fact.refund_ref).first()
    if booked is None and operation is not None:
        booked = primary(Refund).filter(operation=operation).first()
    if fact.state is RefundState.FAILED:
        failed_refunds.book(collection, booked, operation, reason=fact.reason)
        return False
    if operation is not None and operation.kind == OperationKind.REFUND and operation.amount == fact.money.minor_units:
        if failed_refunds.has_failed_since(operation, as_of):
            return True
        _settle_refund(collection, operation, fact)
        return False
    if booked is not None or _payment(payment_id).frozen_at is not None:
        return False
    if captures_wait or _is_open(payment_id, OperationKind.REFUND):
        return True
    ledger.book_external_refund(collection, _payment(payment_id), fact.money.minor_units, provider_ref=fact.refund_ref)
    return False


def _settle_refund(collection: PaymentCollection, operation: Operation, fact: RefundFact) -> None:
    is_pending = fact.state is RefundState.PENDING
    status = RefundStatus.ACCEPTED if is_pending else RefundStatus.SUCCEEDED
    result = RefundResult(money=fact.money, status=status, refund_ref=fact.refund_ref)
    apply_settlement(collection, operation, Succeeded(result=result), settled_by=Settler.READ)


def _payment(payment_id: str) -> Payment:
    return primary(Payment).get(pk=payment_id)


def _operation(payment_id: str, operation_id: str | None) -> Operation | None:
    if not operation_id:
        return None
    return primary(Operation).filter(pk=operation_id, payment_id=payment_id).first()


def _accepted_as(payment_id: str, refund_ref: str) -> Operation | None:
    """Return the refund that the provider accepted under this reference: not every provider reports our keys."""
    return primary(Operation).filter(payment_id=payment_id, line_ref=refund_ref).first()


def _open(payment_id: str, kind: OperationKind) -> QuerySet[Operation]:
    return primary(Operation).filter(payment_id=payment_id, kind=kind.value, status=OperationStatus.OPEN.value)


def _is_open(payment_id: str, kind: OperationKind) -> bool:
    return _open(payment_id, kind).exists()
