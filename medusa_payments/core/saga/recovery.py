"""Finding out what became of operations that no process works on: for the worker, and for a caller who repeats.

The provider is read first, and what it has is booked. What is done then stands in one table, `core.policy.verdicts`.
"""

import logging
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.core.base import calls
from medusa_payments.core.base.locks import left_for_later, renew_connection
from medusa_payments.core.base.providers import provider_for
from medusa_payments.core.books import attention, evidence, snapshots
from medusa_payments.core.books.events import BY_WORKER, EventName
from medusa_payments.core.books.evidence import NotExecuted, Succeeded
from medusa_payments.core.policy.verdicts import Facts, Seen, Verdict, decide
from medusa_payments.core.policy.waits import LONGEST_WAIT, SHORTEST_WAIT, backoff
from medusa_payments.core.saga import comparing, operations
from medusa_payments.core.saga.operations import Reservation
from medusa_payments.core.saga.reads import Absent, Found, Reading, Unreadable, read
from medusa_payments.core.saga.settling import changing, complete
from medusa_payments.exceptions import Conflict, PaymentsError
from medusa_payments.models import Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.providers.types import CancelResult
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationKind, OperationStatus, SessionStatus, Settler

logger = logging.getLogger(__name__)

PATIENCE = 9
"""After so many attempts, in more than an hour, what nobody expected or can't be read is taken for what stays so."""

NEVER_ARRIVED = "The payment provider was asked and has no trace of it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of looking for an operation: `to_send` is what is to be sent for it, None when nothing is, because
    it is closed, or stays open and was let go of. `waits`: something else was seen that can be booked once it is
    closed, so look again then.
    """

    to_send: Reservation | None
    waits: bool = False


def resolve(operation: Operation) -> bool:
    """Find out what became of an open operation; say whether it is closed now.

    Safe however many try at once: one claims it. An error is written down on the operation, which is tried again later,
    and keeps nothing else from being resolved. One that nobody expected and that stays is left to a person; so is what
    was sent to a provider that isn't configured any more, or that can't be read for so long.
    """
    try:
        if calls.is_busy(provider_for(operation)):
            _wait_for_a_place(operation)
            return False
        reservation = operations.claim(operation)
        if reservation is None:
            return False
        finding = _find_out(reservation) if reservation.is_resend else Finding(to_send=reservation)
        if finding.to_send is not None:
            _send(finding.to_send)
        if finding.waits:
            comparing.look_at(operation.payment_session_id)
    except (PaymentsError, ImproperlyConfigured) as error:
        logger.warning("operation %s can't be resolved now: %s", operation.pk, type(error).__name__)
        _try_later(operation, str(error))
        # Staff know of a frozen payment. What was never sent waits for its provider.
        is_silent = not isinstance(error, Conflict) and operations.was_sent(operation)
        if is_silent and operation.attempts >= PATIENCE:
            with left_for_later(f"operation {operation.pk}: telling staff"):
                _hand_to_a_person(operation, str(error), goes_on=True)
    except Exception as error:
        calls.log_exception(f"operation {operation.pk}: resolving it", error)
        renew_connection()
        why = f"It could not be resolved: {type(error).__name__}."
        _try_later(operation, why)
        if operation.attempts >= PATIENCE:
            with left_for_later(f"operation {operation.pk}: telling staff"):
                _hand_to_a_person(operation, why)
    return not _is_open(operation)


def find_out_for_caller(reservation: Reservation) -> Finding:
    """Find out what became of an operation whose request is repeated, and prepare to send what is to be sent.

    Raises `Conflict` while its payment is frozen and it would have to be sent, `PaymentOutcomeUnknown` when it could
    not be found out.
    """
    operation = reservation.operation
    try:
        finding = _find_out(reservation, is_awaited=True)
        if finding.to_send is not None:
            operations.prepare_to_send(finding.to_send)
    except PaymentsError as error:
        _let_go(operation, str(error))
        raise
    except Exception as error:
        calls.log_exception(f"operation {operation.pk}: finding out about it", error)
        renew_connection()
        _let_go(operation, f"It could not be resolved: {type(error).__name__}.")
        raise operations.outcome_unknown(operation) from error
    return finding


def _find_out(reservation: Reservation, *, is_awaited: bool = False) -> Finding:
    """Read the provider, book what it has, and do what the table says."""
    operation = reservation.operation
    session = primary(PaymentSession).get(pk=operation.payment_session_id)
    reading = read(session)
    waits, problem = False, ""
    if isinstance(reading, Found):
        converged = comparing.take_in(session, reading.snapshot, as_of=reading.as_of)
        waits, problem = converged.waits, converged.problem
        if not _is_open(operation):
            return Finding(to_send=None, waits=waits)
    seen = Seen.CONTRADICTION if problem else _seen(operation, session, reading)
    facts = Facts(
        seen=seen,
        is_awaited=is_awaited,
        has_arrived=reservation.proves_absence,
        is_key_spent=operation.is_key_spent,
        key_number=operation.key_number,
        is_key_known=operations.is_remembered(operation),
        is_wanted=_is_wanted(operation),
        is_left_to_the_worker=_is_left_to_the_worker(operation),
        adds_up=not waits,
        is_overdue=operation.attempts >= PATIENCE,
        is_with_staff=operation.needs_person_at is not None,
    )
    to_send = _done(reservation, facts, reading, problem or _why(facts, reading))
    return Finding(to_send=to_send, waits=waits)


_WHY = {
    Seen.MOVEMENT: "What the payment provider has of it can't be booked yet.",
    Seen.OTHER_AMOUNT: "The payment provider executed it with another amount.",
    Seen.NOTHING: "It may still be on its way to the payment provider.",
}


def _why(facts: Facts, reading: Reading) -> str:
    """Say why an operation stays open."""
    if isinstance(reading, Unreadable) and reading.is_temporary:
        return reading.message
    if facts.seen is Seen.NOTHING and facts.has_arrived:
        return "The payment provider has no trace of it, and answered with an error of its own more than once."
    if facts.seen is not Seen.CANT_TELL:
        return _WHY.get(facts.seen, "")
    why = "The payment provider can't tell whether it was executed."
    if facts.is_key_spent:
        return f"{why} It answered with an error of its own, which it may repeat."
    if not facts.is_key_known:
        return f"{why} Its idempotency key may be forgotten there."
    return why if facts.is_wanted else f"{why} It isn't wanted any more, so it isn't sent again."


def _done(reservation: Reservation, facts: Facts, reading: Reading, why: str) -> Reservation | None:
    """Do what is decided; return what is to be sent, if anything is."""
    operation = reservation.operation
    match decide(facts):
        case Verdict.RESEND:
            return reservation
        case Verdict.SEND:
            # As far as the provider is concerned it is the first time: a refusal is an answer.
            return replace(reservation, is_resend=False)
        case Verdict.BOOK if isinstance(reading, Found) and not _moves_by_line(operation):
            _settle_as_seen(operation, reading)
        case Verdict.NOT_EXECUTED:
            _close(operation)
        case Verdict.STAFF | Verdict.STAFF_WITH_AMOUNT:
            _hand_to_a_person(operation, why, _amount_of(operation, reading), goes_on=facts.seen is Seen.NOT_NOW)
        case _ if facts.is_awaited:
            _let_go(operation, why)
        case _:
            _try_later(operation, why)
    return None


def _seen(operation: Operation, session: PaymentSession, reading: Reading) -> Seen:
    """Say what reading the provider showed of an operation that is still open."""
    capabilities = provider_for(operation).capabilities
    if isinstance(reading, Unreadable):
        return Seen.NOT_NOW if reading.is_temporary else Seen.CANT_TELL
    if isinstance(reading, Absent):
        is_told = operation.kind == OperationKind.INITIATE and capabilities.finds_by_session
        return Seen.NOTHING if is_told else Seen.CANT_TELL
    if _moves_by_line(operation):
        amount = _amount_of(operation, reading)
        if amount is not None:
            return Seen.MOVEMENT if amount == operation.amount else Seen.OTHER_AMOUNT
        return Seen.NOTHING if capabilities.reports_keys else Seen.CANT_TELL
    if not _shows_the_effect(operation, reading):
        return Seen.NOTHING
    return Seen.SAME_AMOUNT if _hides_its_data(operation, session, reading) else Seen.EFFECT


def _moves_by_line(operation: Operation) -> bool:
    return operation.kind in {OperationKind.CAPTURE, OperationKind.REFUND}


def _amount_of(operation: Operation, reading: Reading) -> int | None:
    is_movement = isinstance(reading, Found) and _moves_by_line(operation)
    return snapshots.amount_of(operation, reading.snapshot) if is_movement else None  # type: ignore[union-attr]


def _hides_its_data(operation: Operation, session: PaymentSession, reading: Found) -> bool:
    """Say whether an update's amount tells nothing, because the object had it before, and its data may be lost.

    Nobody pays by one of an object that is paid or canceled by now.
    """
    if operation.kind != OperationKind.UPDATE or reading.snapshot.status not in attention.OPEN_STATUSES:
        return False
    return operation.amount == session.amount and operation.request["data"] != session.client_data


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
    result = CancelResult(released=snapshot.released) if is_cancel else snapshots.session_result(snapshot)
    with changing(operation.payment_collection_id, include_deleted=True) as book:
        evidence.absorb(book, operation.pk, Succeeded(result=result), settled_by=Settler.READ)


def _close(operation: Operation) -> None:
    outcome = NotExecuted(message=NEVER_ARRIVED)
    with changing(operation.payment_collection_id, include_deleted=True) as book:
        evidence.absorb(book, operation.pk, outcome, fence=operation.fence, settled_by=Settler.READ)


def _is_left_to_the_worker(operation: Operation) -> bool:
    """What was enqueued, what the worker wants itself, and giving up an object that nobody has paid."""
    if operation.is_deferred or operation.created_by == BY_WORKER:
        return True
    is_paid = primary(Payment).filter(payment_session_id=operation.payment_session_id).exists()
    return operation.kind == OperationKind.CANCEL and not operation.payment_id and not is_paid


def _send(reservation: Reservation) -> None:
    """Send an operation and book its outcome; one that is still open has its next attempt later.

    Raises `Conflict` while its payment is frozen.
    """
    operations.prepare_to_send(reservation)
    operation = complete(reservation)
    if operation.is_open:
        _try_later(operation, operation.error_message)


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
    wait, until = backoff(operation.attempts), operation.in_flight_until
    if until is not None and until > timezone.now():
        # What was sent has arrived by then, so the next attempt tells.
        wait = min(wait, until - timezone.now())
    _held(operation).update(
        attempts=operation.attempts + 1,
        next_attempt_at=Now() + wait,
        lease_expires_at=operation.lease_expires_at,
        leased_by=operation.leased_by,
        error_message=why,
    )


def _let_go(operation: Operation, why: str) -> None:
    """Leave an operation to whoever asks next. When the worker tries again doesn't change: however often callers
    repeat, they postpone nothing.
    """
    _held(operation).update(lease_expires_at=Now(), leased_by="", error_message=why)


def _wait_for_a_place(operation: Operation) -> None:
    """Leave an operation to a later run: its account is busy or hangs, which says nothing about the operation."""
    _held(operation).update(next_attempt_at=Now() + SHORTEST_WAIT)


def _hand_to_a_person(operation: Operation, why: str, seen_amount: int | None = None, *, goes_on: bool = False) -> None:
    """Nobody but a person can tell any more. Recorded once, with what is known; `seen_amount` (minor units) is what the
    provider has of it. `goes_on`: the worker goes on asking, as the provider may be back before staff have looked.
    """
    told: dict[str, Any] = {"kind": operation.kind, "amount": operation.amount, "reason": why}
    again = Now() + LONGEST_WAIT if goes_on else None
    with changing(operation.payment_collection_id, include_deleted=True) as book:
        held = _held(operation)
        held.update(error_message=why, lease_expires_at=Now(), leased_by="", next_attempt_at=again)
        if not held.filter(needs_person_at=None).update(needs_person_at=Now()):
            return
        told |= {} if seen_amount is None else {"seen_amount": seen_amount}
        book.record(EventName.OPERATION_NEEDS_PERSON, operation=operation, **told)


def _held(operation: Operation) -> QuerySet[Operation]:
    """What is still to be let go of: it is none if somebody else took the operation meanwhile, or closed it."""
    return _open().filter(pk=operation.pk, fence=operation.fence)


def _is_open(operation: Operation) -> bool:
    return primary(Operation).filter(pk=operation.pk, status=OperationStatus.OPEN.value).exists()


def _open() -> QuerySet[Operation]:
    return primary(Operation).filter(status=OperationStatus.OPEN.value)
