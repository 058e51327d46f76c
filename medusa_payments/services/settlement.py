"""What an outcome does to our rows. Request, webhook and recovery all settle through `apply_settlement`."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.models import Operation, PaymentCollection, PaymentSession
from medusa_payments.providers.types import (
    CaptureResult,
    ProviderResult,
    RefundResult,
    RefundStatus,
    SessionResult,
)
from medusa_payments.queries.primary import primary
from medusa_payments.services import events, ledger, operations, projections
from medusa_payments.services.events import EventName
from medusa_payments.services.operations import Reservation
from medusa_payments.services.provider_calls import NotExecuted, Outcome, Refused, Succeeded, Unknown
from medusa_payments.services.retirement import reserve_cancel, retire
from medusa_payments.states import OperationKind, OperationStatus, RefusalKind, SessionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The operation as it is now, and the operations that its success made necessary (to be sent after commit)."""

    operation: Operation
    follow_ups: tuple[Reservation, ...] = ()


def apply_settlement(
    collection: PaymentCollection, operation: Operation, outcome: Outcome, *, is_answer: bool
) -> Settlement:
    """Book an outcome, inside the collection's lock. Opens no transaction.

    Idempotent. Success is booked even on an operation that was closed as refused or not executed. Only the
    holder of the current fence may close an operation without a success. `is_answer`: a caller is waiting for it.
    """
    current = primary(Operation).get(pk=operation.pk)
    if is_answer and not current.is_open:
        operations.mark_answered(current)
    elif is_answer:
        current.answered_at = Now()
    settlement = Settlement(operation=current)
    match outcome:
        case Succeeded(result=result):
            if current.status not in {OperationStatus.SUCCEEDED, OperationStatus.ACCEPTED}:
                settlement = _settle_success(collection, current, result)
        case Refused():
            if current.is_open:
                _settle_refusal(collection, current, outcome)
        case NotExecuted(message=message):
            if current.is_open and current.fence == operation.fence:
                _settle_not_executed(collection, current, message)
        case Unknown(message=message):
            if current.is_open and current.fence == operation.fence:
                _expire_lease(collection, current, message)
    projections.store(collection)
    return settlement


def _settle_success(collection: PaymentCollection, operation: Operation, result: ProviderResult) -> Settlement:
    follow_ups: tuple[Reservation, ...] = ()
    match OperationKind(operation.kind), result:
        case OperationKind.CAPTURE, CaptureResult():
            ledger.book_capture(collection, operation, result)
        case OperationKind.REFUND, RefundResult():
            ledger.book_refund(collection, operation, result)
        case OperationKind.CANCEL, _:
            _settle_cancel(collection, operation)
        case kind, SessionResult():
            follow_ups = _SESSION_SETTLERS[kind](collection, operation, result)
    is_accepted = isinstance(result, RefundResult) and result.status is RefundStatus.ACCEPTED
    _close(operation, OperationStatus.ACCEPTED if is_accepted else OperationStatus.SUCCEEDED)
    return Settlement(operation=operation, follow_ups=follow_ups)


def _settle_initiate(
    collection: PaymentCollection, operation: Operation, result: SessionResult
) -> tuple[Reservation, ...]:
    """The new session takes the slot; who held it before is replaced and canceled at its provider.

    An initiate whose slot was given up meanwhile left an orphan: that is canceled, unless it holds money.
    """
    session = _session_of(operation)
    is_wanted = operation.open_slot is not None or result.status.holds_money
    follow_ups = []
    if is_wanted:
        slot: int = operation.intent["slot"]
        previous = primary(PaymentSession).filter(payment_collection=collection, slot=slot).exclude(pk=session.pk)
        follow_ups = [reservation for row in previous for reservation in retire(collection, row, cause=operation)]
        session.slot = slot
    _update_session(session, result)
    events.record(
        collection,
        EventName.SESSION_INITIATED,
        operation=operation,
        payment_session_id=session.pk,
        provider_id=session.provider_id,
        amount=session.amount,
        status=session.status,
    )
    if result.status.holds_money:
        ledger.book_authorization(collection, session, operation, result)
    if not is_wanted:
        follow_ups = reserve_cancel(session)
    return tuple(follow_ups)


def _settle_update(
    collection: PaymentCollection, operation: Operation, result: SessionResult
) -> tuple[Reservation, ...]:
    session = _session_of(operation)
    before = {"amount": session.amount, "status": session.status}
    session.client_data = operation.request["data"]
    _update_session(session, result)
    events.record(
        collection,
        EventName.SESSION_UPDATED,
        operation=operation,
        payment_session_id=session.pk,
        before=before,
        after={"amount": session.amount, "status": session.status},
    )
    if result.status.holds_money:
        ledger.book_authorization(collection, session, operation, result)
    return ()


def _settle_authorize(
    collection: PaymentCollection, operation: Operation, result: SessionResult
) -> tuple[Reservation, ...]:
    session = _session_of(operation)
    before = session.status
    _update_session(session, result)
    if result.status.holds_money:
        ledger.book_authorization(collection, session, operation, result)
    else:
        events.record(
            collection,
            EventName.SESSION_UPDATED,
            operation=operation,
            payment_session_id=session.pk,
            before={"status": before},
            after={"status": session.status},
        )
    return ()


_SessionSettler = Callable[[PaymentCollection, Operation, SessionResult], tuple[Reservation, ...]]

_SESSION_SETTLERS: dict[OperationKind, _SessionSettler] = {
    OperationKind.INITIATE: _settle_initiate,
    OperationKind.UPDATE: _settle_update,
    OperationKind.AUTHORIZE: _settle_authorize,
}


def _settle_cancel(collection: PaymentCollection, operation: Operation) -> None:
    if operation.payment_id:
        ledger.book_cancel(collection, operation)
        return
    session = _session_of(operation)
    session.status = SessionStatus.CANCELED.value
    _save_session(session)
    events.record(collection, EventName.SESSION_CANCELED, operation=operation, payment_session_id=session.pk)


def _settle_refusal(collection: PaymentCollection, operation: Operation, outcome: Refused) -> None:
    _release(operation)
    if operation.kind == OperationKind.INITIATE or (
        operation.kind == OperationKind.AUTHORIZE and outcome.refusal is RefusalKind.DECLINED
    ):
        _fail_session(operation)
    operation.refusal = outcome.refusal.value
    operation.error_code = outcome.code
    operation.error_message = outcome.message
    _close(operation, OperationStatus.REFUSED)
    events.record(
        collection,
        EventName.OPERATION_REFUSED,
        operation=operation,
        kind=operation.kind,
        refusal=operation.refusal,
        code=operation.error_code,
        message=operation.error_message,
    )


def _settle_not_executed(collection: PaymentCollection, operation: Operation, message: str) -> None:
    _release(operation)
    if operation.kind == OperationKind.INITIATE:
        _fail_session(operation)
    operation.error_message = message
    _close(operation, OperationStatus.NOT_EXECUTED)
    events.record(
        collection,
        EventName.OPERATION_NOT_EXECUTED,
        operation=operation,
        kind=operation.kind,
        message=message,
    )


def _expire_lease(collection: PaymentCollection, operation: Operation, message: str) -> None:
    """The answer was lost: nobody is at work on it any more, so that the next caller may find out."""
    operation.error_message = message
    operation.lease_expires_at = Now()
    operation.save(update_fields=["error_message", "lease_expires_at"])
    events.record(collection, EventName.OPERATION_UNKNOWN, operation=operation, kind=operation.kind, message=message)


def _release(operation: Operation) -> None:
    if operation.kind == OperationKind.CAPTURE:
        ledger.release_capture(operation)
    elif operation.kind == OperationKind.REFUND:
        ledger.release_refund(operation)
    elif operation.kind == OperationKind.CANCEL and operation.payment_id:
        ledger.release_cancel(operation)


def _close(operation: Operation, status: OperationStatus) -> None:
    operation.status = status.value
    if status is OperationStatus.SUCCEEDED:
        operation.refusal = operation.error_code = operation.error_message = ""
    operation.open_slot = None
    operation.settled_at = Now()
    operation.save(
        update_fields=[
            "status",
            "refusal",
            "error_code",
            "error_message",
            "open_slot",
            "settled_at",
            "answered_at",
        ]
    )


def _session_of(operation: Operation) -> PaymentSession:
    return primary(PaymentSession).get(pk=operation.payment_session_id)


def _update_session(session: PaymentSession, result: SessionResult) -> None:
    """Take over what the provider says. A session that is authorized or canceled keeps its status and amount,
    unless it turns out to hold money.
    """
    session.provider_ref = result.provider_ref
    session.provider_data = dict(result.data)
    if session.authorized_at is None and session.status != SessionStatus.CANCELED:
        session.amount = result.money.minor_units
        session.status = result.status.value
    if result.status.holds_money:
        session.amount = result.money.minor_units
        session.status = SessionStatus.AUTHORIZED.value
        session.authorized_at = session.authorized_at or timezone.now()
    _save_session(session)


def _fail_session(operation: Operation) -> None:
    session = _session_of(operation)
    session.status = SessionStatus.ERROR.value
    _save_session(session)


def _save_session(session: PaymentSession) -> None:
    session.updated_at = Now()
    session.save(force_update=True)
