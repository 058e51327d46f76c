"""What one call told, or staff, becomes facts: the one way in which an operation is closed.

A successful answer is a partial snapshot that names its operation: what it doesn't mention is unknown, not zero.
"""

import math
from dataclasses import dataclass
from datetime import timedelta

from medusa_payments.core.base.locks import A_TICK
from medusa_payments.core.base.providers import provider_if_any
from medusa_payments.core.books import attention, posting, sessions
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import EventName
from medusa_payments.core.policy.waits import backoff
from medusa_payments.models import Operation
from medusa_payments.providers.errors import OBJECT_GONE
from medusa_payments.providers.types import (
    CancelResult,
    CaptureResult,
    ProviderResult,
    RefundResult,
    RefundStatus,
    SessionResult,
)
from medusa_payments.states import OperationKind, OperationStatus, RefusalKind, Settler


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    result: ProviderResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider said no; nothing moved."""

    refusal: RefusalKind
    message: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotExecuted:
    """Proven: nothing was sent. `was_turned_away`: by our own bound on calls to the account."""

    message: str
    was_turned_away: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody knows how the call ended. `was_answered`: the provider did answer, and may repeat that answer under the
    same key.
    """

    message: str
    was_answered: bool = False


Outcome = Succeeded | Refused | NotExecuted | Unknown


def absorb(
    book: Book,
    operation_id: str,
    outcome: Outcome,
    *,
    fence: int | None = None,
    settled_by: Settler = Settler.ANSWER,
) -> Operation:
    """Book how an operation ended, and return it.

    Idempotent. A success is booked even on an operation that was closed as refused or not executed, or that was only
    accepted. Only the holder of the current fence may close an operation without a success; None is who read the
    operation in this book.
    """
    operation = book.operation(operation_id)
    if operation is None:
        raise Operation.DoesNotExist(operation_id)
    is_holder = fence is None or operation.fence == fence
    match outcome:
        case Succeeded(result=result):
            if not _adds_nothing(operation, result):
                _absorb_success(book, operation, result, settled_by)
        case Refused() if is_holder and _can_fail(operation):
            _absorb_refusal(book, operation, outcome, settled_by)
        case NotExecuted(message=message) if is_holder and operation.is_open:
            # What was enqueued is carried out all the same, later; unless staff have decided.
            if operation.is_deferred and settled_by is not Settler.PERSON:
                _leave_to_the_worker(book, operation, message)
            else:
                _absorb_nothing(book, operation, message, settled_by)
        case Unknown() if is_holder and operation.is_open:
            _note_unknown(book, operation, outcome)
    book.total()
    return operation


def _absorb_success(book: Book, operation: Operation, result: ProviderResult, settled_by: Settler) -> None:
    if isinstance(result, SessionResult):
        # Whether the session is still wanted is seen by the slot that its operation holds while it is open.
        sessions.absorb(book, operation, result)
        _close(book, operation, OperationStatus.SUCCEEDED, settled_by)
        return
    is_accepted = _is_accepted(result)
    if not is_accepted:
        # Closed first, so that its amount isn't in flight any more when the movement is counted.
        _close(book, operation, OperationStatus.SUCCEEDED, settled_by)
    match OperationKind(operation.kind), result:
        case OperationKind.CAPTURE, CaptureResult():
            posting.post_capture_result(book, operation, result)
        case OperationKind.REFUND, RefundResult():
            if posting.post_refund_result(book, operation, result) and is_accepted:
                _close(book, operation, OperationStatus.ACCEPTED, settled_by)
        case OperationKind.CANCEL, CancelResult() if operation.payment_id:
            posting.post_cancel_result(book, operation, result)
        case OperationKind.CANCEL, CancelResult():
            sessions.absorb_cancel(book, operation, result)


def _absorb_refusal(book: Book, operation: Operation, outcome: Refused, settled_by: Settler) -> None:
    is_decline = outcome.refusal is RefusalKind.DECLINED
    if operation.kind == OperationKind.INITIATE or (operation.kind == OperationKind.AUTHORIZE and is_decline):
        sessions.note_failure(book, operation)
    if operation.kind == OperationKind.AUTHORIZE and outcome.code == OBJECT_GONE:
        sessions.note_canceled(book, book.session(operation.payment_session_id), operation)
    operation.refusal = outcome.refusal.value
    operation.error_code = outcome.code
    operation.error_message = outcome.message
    _close_without_success(book, operation, OperationStatus.REFUSED, settled_by)
    book.record(
        EventName.OPERATION_REFUSED,
        operation=operation,
        kind=operation.kind,
        refusal=operation.refusal,
        code=operation.error_code,
        message=operation.error_message,
    )


def _absorb_nothing(book: Book, operation: Operation, message: str, settled_by: Settler) -> None:
    if operation.kind == OperationKind.INITIATE:
        sessions.note_failure(book, operation)
    operation.error_message = message
    _close_without_success(book, operation, OperationStatus.NOT_EXECUTED, settled_by)
    book.record(EventName.OPERATION_NOT_EXECUTED, operation=operation, kind=operation.kind, message=message)


def _leave_to_the_worker(book: Book, operation: Operation, message: str) -> None:
    """Nothing was executed and nothing is on its way."""
    book.hold_fence(operation)
    operation.error_message = message
    operation.lease_expires_at = book.asked_at - A_TICK
    operation.in_flight_until = None


def _note_unknown(book: Book, operation: Operation, outcome: Unknown) -> None:
    """The answer was lost, or says nothing about the money: the next caller may find out.

    Nobody works on it, and nothing is sent any more, so what was sent arrives within the provider's timeout or never.
    """
    book.hold_fence(operation)
    operation.error_message = outcome.message
    operation.lease_expires_at = book.asked_at - A_TICK
    operation.is_key_spent = operation.is_key_spent or outcome.was_answered
    provider = provider_if_any(operation)
    if provider is not None and operation.in_flight_until is not None:
        arrives = book.clock() + timedelta(seconds=math.ceil(provider.timeout_seconds))
        operation.in_flight_until = min(operation.in_flight_until, arrives)
    book.record(EventName.OPERATION_UNKNOWN, operation=operation, kind=operation.kind, message=outcome.message)


def _close_without_success(book: Book, operation: Operation, status: OperationStatus, settled_by: Settler) -> None:
    """What was not done may still be called for, perhaps with another amount."""
    _close(book, operation, status, settled_by)
    book.hold_fence(operation)
    book.recount_of(operation)
    attention.ask(book, book.clock() + backoff(book.collection.attention_count))


def _close(book: Book, operation: Operation, status: OperationStatus, settled_by: Settler) -> None:
    operation.status = status.value
    if status in {OperationStatus.SUCCEEDED, OperationStatus.ACCEPTED}:
        operation.refusal = operation.error_code = operation.error_message = ""
    operation.open_slot = None
    operation.needs_person_at = None
    operation.settled_at = book.clock()
    operation.settled_by = settled_by.value


def _adds_nothing(operation: Operation, result: ProviderResult) -> bool:
    """Say whether a success adds nothing; an accepted refund that succeeds does."""
    if operation.status == OperationStatus.ACCEPTED:
        return _is_accepted(result)
    return operation.status == OperationStatus.SUCCEEDED


def _can_fail(operation: Operation) -> bool:
    """An accepted refund still can."""
    return operation.is_open or operation.status == OperationStatus.ACCEPTED


def _is_accepted(result: ProviderResult) -> bool:
    return isinstance(result, RefundResult) and result.status is RefundStatus.ACCEPTED
