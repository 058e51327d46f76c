"""Finding out what became of operations that nobody is at work on any more.

The provider is read first. What it has settles the operation; what it is sure not to have was never executed. Only
where reading can't tell is the same request sent again, under the same key, and only while it is still wanted. What
neither can tell waits for a person.
"""

import logging
from dataclasses import replace

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from medusa_payments.core.saga import calls
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.providers.types import CancelResult
from medusa_payments.queries.primary import primary
from medusa_payments.services import (
    attention,
    convergence,
    events,
    execution,
    locks,
    operations,
    projections,
    provider_calls,
    workers,
)
from medusa_payments.services.events import EventName
from medusa_payments.services.freezing import refuse_to_send_if_frozen
from medusa_payments.services.locks import locked_collection
from medusa_payments.services.operations import Reservation
from medusa_payments.services.provider_calls import NotExecuted, Succeeded
from medusa_payments.services.provider_reads import Absent, Found, Reading, Unreadable, read
from medusa_payments.services.settlement import apply_settlement
from medusa_payments.services.stages import BATCH, StageReport
from medusa_payments.states import OperationKind, OperationStatus, SessionStatus, Settler

logger = logging.getLogger(__name__)

PATIENCE = 9
"""After how many attempts an error that nobody expected is taken for one that stays; they last more than an hour."""

NEVER_ARRIVED = "The payment provider was asked and has no trace of it."


def resolve_due(limit: int = BATCH, is_dry_run: bool = False) -> StageReport:
    """Resolve the open operations that nobody is at work on, those that were deferred to the worker included."""
    due = _due()
    found = list(due.order_by("next_attempt_at", "created_at")[:limit])
    notes = tuple(f"{operation.pk}: {operation.kind} of {operation.target} is to be resolved" for operation in found)
    done = 0 if is_dry_run else sum(resolve(operation) for operation in found)
    waiting = _open().filter(needs_person_at__isnull=False).count()
    left = _open().filter(needs_person_at__isnull=True).exclude(_in_hand()).count()
    return StageReport(name="recovery", done=done, left=left, waiting=waiting, notes=notes if is_dry_run else ())


def resolve(operation: Operation) -> bool:
    """Find out what became of an open operation; say whether it is closed now.

    Safe however many try at once: one claims it. An error is written down on the operation, which is tried again later,
    and keeps nothing else from being resolved. One that nobody expected and that stays is left to a person.
    """
    try:
        if calls.is_busy(operations.provider_for(operation)):
            _wait_for_a_place(operation)
            return False
        reservation = operations.claim(operation)
        if reservation is None:
            return False
        if not reservation.is_resend:
            _complete(reservation, "It could not be carried out yet.")
        else:
            _resolve(reservation)
    except (PaymentsError, ImproperlyConfigured) as error:
        logger.warning("operation %s can't be resolved now: %s", operation.pk, type(error).__name__)
        _try_later(operation, str(error))
    except Exception as error:
        provider_calls.log_exception(f"operation {operation.pk}: resolving it", error)
        locks.renew_connection()
        why = f"It could not be resolved: {type(error).__name__}."
        _try_later(operation, why)
        if operation.attempts >= PATIENCE:
            _hand_to_a_person(operation, why)
    return not primary(Operation).filter(pk=operation.pk, status=OperationStatus.OPEN.value).exists()


def _resolve(reservation: Reservation) -> None:
    operation = reservation.operation
    session = primary(PaymentSession).get(pk=operation.payment_session_id)
    reading = read(session)
    if isinstance(reading, Found):
        converged = convergence.take_in(session, reading.snapshot, as_of=reading.as_of)
        if not _is_open(operation):
            return
        if converged.problem:
            _hand_to_a_person(operation, converged.problem)
        elif _is_named(operation, reading):
            _hand_to_a_person(operation, "The payment provider executed it with another amount.")
        elif _can_only_be_sent_again(operation, session, reading):
            _send_again(reservation, "The payment provider can't tell whether it was executed.")
        elif _shows_the_effect(operation, reading):
            _settle_as_seen(operation, reading)
        else:
            _conclude_from_absence(reservation, reading)
        if converged.waits:
            # What somebody else caused had to wait until it was known not to be this operation's.
            convergence.look_at(session.pk)
    elif isinstance(reading, Unreadable) and reading.is_temporary:
        _try_later(operation, reading.message)
    else:
        _conclude_from_absence(reservation, reading)


def _conclude_from_absence(reservation: Reservation, reading: Reading) -> None:
    operation = reservation.operation
    if not _would_show(operation, reading):
        _send_again(reservation, "The payment provider can't tell whether it was executed.")
    elif reservation.proves_absence:
        _close_or_send(reservation)
    else:
        _try_later(operation, "It may still be on its way to the payment provider.")


def _is_named(operation: Operation, reading: Found) -> bool:
    """Say whether a movement has the key of a capture or refund. One that leaves it open has another amount."""
    keys = {fact.idempotency_key for fact in reading.snapshot.captures}
    keys |= {fact.idempotency_key for fact in reading.snapshot.refunds}
    return operation.kind in {OperationKind.CAPTURE, OperationKind.REFUND} and operation.pk in keys


def _can_only_be_sent_again(operation: Operation, session: PaymentSession, reading: Found) -> bool:
    """Say whether an update's amount tells nothing, because the object had it before, and its data may be lost.

    One that can't be sent again, or isn't wanted any more, is taken for executed: nobody pays by it. Nor does anybody
    by one of an object that is paid or canceled by now.
    """
    if operation.kind != OperationKind.UPDATE or reading.snapshot.money.minor_units != operation.amount:
        return False
    if reading.snapshot.status not in attention.OPEN_STATUSES:
        return False
    is_told = operation.amount != session.amount or operation.request["data"] == session.client_data
    return not is_told and _is_wanted(operation) and operations.is_remembered(operation)


def _shows_the_effect(operation: Operation, reading: Found) -> bool:
    """Say whether the object itself shows that a verb without a ledger line was executed."""
    snapshot = reading.snapshot
    match OperationKind(operation.kind):
        case OperationKind.UPDATE:
            return snapshot.money.minor_units == operation.amount
        case OperationKind.AUTHORIZE:
            return snapshot.status not in {SessionStatus.PENDING, SessionStatus.ERROR, SessionStatus.CANCELED}
        case OperationKind.CANCEL:
            return snapshot.status == SessionStatus.CANCELED
    return False


def _settle_as_seen(operation: Operation, reading: Found) -> None:
    snapshot = reading.snapshot
    is_cancel = operation.kind == OperationKind.CANCEL
    result = CancelResult(released=snapshot.released) if is_cancel else convergence.session_result(snapshot)
    with locked_collection(operation.payment_collection_id, include_deleted=True) as collection:
        settlement = apply_settlement(
            collection, operation, Succeeded(result=result), is_answer=False, settled_by=Settler.READ
        )
    execution.carry_out(settlement.follow_ups)


def _would_show(operation: Operation, reading: Reading) -> bool:
    """Say whether what a provider answers would show an executed operation: an object made for the session, a status,
    or a movement with the operation's key. Then its absence proves that nothing happened, once nothing that was sent
    can still be on its way.
    """
    capabilities = operations.provider_for(operation).capabilities
    if isinstance(reading, Found):
        is_movement = operation.kind in {OperationKind.CAPTURE, OperationKind.REFUND}
        return capabilities.reports_keys or not is_movement
    return operation.kind == OperationKind.INITIATE and isinstance(reading, Absent) and capabilities.finds_by_session


def _close_or_send(reservation: Reservation) -> None:
    """Nothing happened. What was left to the worker is carried out now; for the rest nobody waits any more."""
    operation = reservation.operation
    if _is_left_to_the_worker(operation):
        # It is sent for the first time, as far as the provider is concerned: a refusal is an answer.
        _complete(replace(reservation, is_resend=False), NEVER_ARRIVED)
        return
    with locked_collection(operation.payment_collection_id, include_deleted=True) as collection:
        apply_settlement(
            collection, operation, NotExecuted(message=NEVER_ARRIVED), is_answer=False, settled_by=Settler.READ
        )


def _is_left_to_the_worker(operation: Operation) -> bool:
    """What was enqueued, what the worker wants itself, and giving up an object that nobody has paid."""
    if operation.is_deferred or operation.created_by == workers.ACTOR:
        return True
    is_paid = primary(Payment).filter(payment_session_id=operation.payment_session_id).exists()
    return operation.kind == OperationKind.CANCEL and not operation.payment_id and not is_paid


def _send_again(reservation: Reservation, why: str) -> None:
    operation = reservation.operation
    if not operations.is_remembered(operation):
        _hand_to_a_person(operation, f"{why} Its idempotency key may be forgotten there.")
    elif not _is_wanted(operation):
        _hand_to_a_person(operation, f"{why} It isn't wanted any more, so it isn't sent again.")
    else:
        _complete(reservation, why)


def _complete(reservation: Reservation, why: str) -> None:
    """Send an operation and book its outcome; one that is still open has its next attempt later, because of `why`.

    Raises `Conflict` while its payment is frozen.
    """
    operation = reservation.operation
    refuse_to_send_if_frozen(operation)
    operations.prepare_to_send(reservation)
    execution.carry_out(execution.complete(reservation).follow_ups)
    if _is_open(operation):
        _try_later(operation, why)


def _is_wanted(operation: Operation) -> bool:
    """What moves reserved money is wanted until it is closed. A session's verbs are as long as it is the live one."""
    if operation.payment_id or operation.kind == OperationKind.CANCEL:
        return True
    collection = primary(PaymentCollection).get(pk=operation.payment_collection_id)
    is_over = any((collection.deleted_at, collection.canceled_at, collection.failed_at))
    is_covered = collection.authorized_amount >= collection.amount > 0
    return operation.open_slot is not None and not is_over and not is_covered


def _try_later(operation: Operation, why: str) -> None:
    """Let go of an operation until its next attempt, later each time. Its lease is again what it was before."""
    wait = attention.backoff(operation.attempts)
    held = primary(Operation).filter(pk=operation.pk, status=OperationStatus.OPEN.value, fence=operation.fence)
    held.update(
        attempts=operation.attempts + 1,
        next_attempt_at=Now() + wait,
        lease_expires_at=operation.lease_expires_at,
        leased_by=operation.leased_by,
        error_message=why,
    )


def _wait_for_a_place(operation: Operation) -> None:
    """Leave an operation to a later run: its account is busy or hangs, which says nothing about the operation."""
    waiting = primary(Operation).filter(pk=operation.pk, status=OperationStatus.OPEN.value, fence=operation.fence)
    waiting.update(next_attempt_at=Now() + attention.SHORTEST_WAIT)


def _hand_to_a_person(operation: Operation, why: str) -> None:
    """Nobody but a person can tell any more. Recorded once, with what is known."""
    with locked_collection(operation.payment_collection_id, include_deleted=True) as collection:
        waiting = primary(Operation).filter(
            pk=operation.pk, status=OperationStatus.OPEN.value, fence=operation.fence, needs_person_at=None
        )
        if not waiting.update(needs_person_at=Now(), error_message=why, lease_expires_at=Now(), leased_by=""):
            return
        events.record(
            collection,
            EventName.OPERATION_NEEDS_PERSON,
            operation=operation,
            kind=operation.kind,
            amount=operation.amount,
            reason=why,
        )
        projections.store(collection)


def _is_open(operation: Operation) -> bool:
    return primary(Operation).filter(pk=operation.pk, status=OperationStatus.OPEN.value).exists()


def _open() -> QuerySet[Operation]:
    return primary(Operation).filter(status=OperationStatus.OPEN.value)


def _in_hand() -> Q:
    """A living process has it."""
    holders = _open().filter(lease_expires_at__gt=Now()).values_list("leased_by", flat=True).distinct()
    gone = [worker for worker in holders if workers.is_gone(worker)]
    return Q(lease_expires_at__gt=Now()) & ~Q(leased_by__in=gone)


def _due() -> QuerySet[Operation]:
    its_time = Q(next_attempt_at=None) | Q(next_attempt_at__lte=Now())
    return _open().filter(its_time, needs_person_at=None).exclude(_in_hand())
