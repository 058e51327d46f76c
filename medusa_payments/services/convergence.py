"""Reality wins: what the provider has and the ledger doesn't is booked, whoever caused it and however we learnt of it.

A webhook, the worker, reconciliation and a person all look at a payment in this one way. It only ever adds what the
provider's totals prove. What doesn't fit freezes the payment.
"""

from dataclasses import dataclass, field
from typing import Any

from medusa_payments.core.books import locks
from medusa_payments.models import Event, Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.providers.facts import PaymentSnapshot
from medusa_payments.providers.types import SessionResult
from medusa_payments.queries.primary import primary
from medusa_payments.services import (
    attention,
    disputes,
    freezing,
    observed_payments,
    operations,
    projections,
    session_settlement,
)
from medusa_payments.services.operations import Reservation
from medusa_payments.services.provider_calls import Succeeded
from medusa_payments.services.provider_reads import Absent, Found, Reading, read
from medusa_payments.services.settlement import apply_settlement, carry_out, raise_unless_succeeded
from medusa_payments.states import OperationKind, OperationStatus, RefusalKind, SessionStatus, Settler

NO_SUCH_OBJECT = "The payment provider has no such object."


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event that was, or in a dry run would be, recorded; amounts in minor units."""

    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """What became of a look at the provider.

    `waits`: something could not be applied yet; look again later. `problem` says why nothing could be seen or booked.
    """

    waits: bool = False
    problem: str = ""
    changes: tuple[Change, ...] = ()
    follow_ups: tuple[Reservation, ...] = field(default=(), repr=False)


def look_at(payment_session_id: str, *, is_dry_run: bool = False) -> Convergence:
    """Ask a session's provider what it has, book what is new, and carry out what follows from it.

    No lock is held while the provider is asked. Idempotent; a dry run books nothing and tells what would be booked.
    Raises `InsideTransaction`, and `PaymentSession.DoesNotExist`.
    """
    session = primary(PaymentSession).get(pk=payment_session_id)
    reading = read(session)
    if not isinstance(reading, Found):
        return _unseen(reading)
    return take_in(session, reading.snapshot, as_of=reading.as_of, is_dry_run=is_dry_run)


def look_at_open_sessions(payment_collection_id: str) -> bool:
    """Ask the providers of a collection's live sessions, before something is done that would lose money there: those
    that aren't decided, and those with money that isn't captured, which may be gone.

    What can't be asked is left as it is. An object that isn't there any more counts as canceled. Returns True if a
    session may hold money by now.
    """
    may_hold_money = False
    live = primary(PaymentSession).filter(payment_collection_id=payment_collection_id, slot__isnull=False)
    for session in live.select_related("payment"):
        payment = getattr(session, "payment", None)
        if payment is not None:
            may_hold_money = True
            if payment.capturable_amount and attention.can_be_asked(session):
                look_at(session.pk)
        elif attention.is_watchable(session):
            converged = look_at(session.pk)
            may_hold_money |= bool(converged.changes)
            if converged.problem == NO_SUCH_OBJECT:
                _book_absence(session)
    return may_hold_money


def _book_absence(session: PaymentSession) -> None:
    """A session without its object can't be paid, so the next choice makes another one. No-op when it has changed."""
    with locks.locked_collection(session.payment_collection_id, include_deleted=True) as collection:
        now = primary(PaymentSession).get(pk=session.pk)
        if now.updated_at == session.updated_at and not operations.is_in_doubt(now):
            session_settlement.book_cancel(collection, now)
            projections.store(collection)


def conclude(operation: Operation) -> None:
    """Tell the caller of a money verb what became of it, as `settlement.raise_unless_succeeded` does.

    A provider that rejects what our ledger allows knows something that we don't: it is asked, so that the next request
    starts from the truth.
    """
    if operation.refusal == RefusalKind.REJECTED:
        look_at(operation.payment_session_id)
    raise_unless_succeeded(operation)


def take_in(
    session: PaymentSession, snapshot: PaymentSnapshot, *, as_of: int | None = None, is_dry_run: bool = False
) -> Convergence:
    """Book what is new in a snapshot of a session's object, and carry out what follows from it.

    `as_of` is how many events the collection had before the provider was asked; None when that isn't known.
    """
    with locks.locked_collection(
        session.payment_collection_id, include_deleted=True, is_dry_run=is_dry_run
    ) as collection:
        converged = converge(collection, primary(PaymentSession).get(pk=session.pk), snapshot, as_of=as_of)
    if not is_dry_run:
        carry_out(converged.follow_ups)
    return converged


def converge(
    collection: PaymentCollection, session: PaymentSession, snapshot: PaymentSnapshot, *, as_of: int | None = None
) -> Convergence:
    """Book what is new in a snapshot, inside the collection's lock. Opens no transaction.

    A movement that names the key of one of our operations settles that operation. Others are booked as external, but
    wait while an operation of their kind is open: it may be theirs.
    """
    known_events, known_look = collection.event_count, collection.attention_at
    problem = _mismatch(session, snapshot)
    follow_ups: tuple[Reservation, ...] = ()
    waits = False
    if problem:
        _record_mismatch(collection, session, snapshot, problem)
    else:
        follow_ups, waits = _converge_session(collection, session, snapshot, as_of=as_of)
        payment = primary(Payment).filter(payment_session=session).first()
        if payment is not None:
            problem = observed_payments.contradiction(snapshot)
            if problem:
                snapshot = observed_payments.leave_captures_to_a_person(collection, payment, snapshot, reason=problem)
            waits |= observed_payments.converge(collection, payment, snapshot, as_of=as_of)
            waits |= disputes.converge(collection, payment.pk, snapshot, as_of=as_of)
        else:
            disputes.record_unattached(collection, session, snapshot)
    if (collection.event_count, collection.attention_at) != (known_events, known_look):
        projections.store(collection)
    return Convergence(waits=waits, problem=problem, changes=_changes(collection, known_events), follow_ups=follow_ups)


def session_result(snapshot: PaymentSnapshot) -> SessionResult:
    """Return a snapshot in the shape of an answer to initiate, update or authorize."""
    return SessionResult(
        provider_ref=snapshot.provider_ref,
        status=snapshot.status,
        money=snapshot.money,
        captured=snapshot.captured if snapshot.status == SessionStatus.CAPTURED else None,
        capture_before=snapshot.capture_before,
        data=snapshot.data,
    )


def _unseen(reading: Reading) -> Convergence:
    if isinstance(reading, Absent):
        return Convergence(waits=True, problem=NO_SUCH_OBJECT)
    return Convergence(waits=getattr(reading, "is_temporary", False), problem=getattr(reading, "message", ""))


def _mismatch(session: PaymentSession, snapshot: PaymentSnapshot) -> str:
    """Say why an object can't be this session's; "" when it can. One paid object never counts for two sessions."""
    if session.provider_ref not in {None, snapshot.provider_ref}:
        return "another reference"
    if snapshot.session_id not in {None, session.pk} or (snapshot.session_id is None and session.provider_ref is None):
        return "another payment session"
    return "another currency" if _foreign_currency(session, snapshot) else ""


def _foreign_currency(session: PaymentSession, snapshot: PaymentSnapshot) -> str | None:
    totals = (snapshot.money, snapshot.captured, snapshot.released)
    lines = (*(fact.money for fact in snapshot.captures), *(fact.money for fact in snapshot.refunds))
    codes = (money.currency_code for money in (*totals, *lines))
    return next((code for code in codes if code != session.currency_code), None)


def _record_mismatch(
    collection: PaymentCollection, session: PaymentSession, snapshot: PaymentSnapshot, problem: str
) -> None:
    freezing.record_discrepancy(
        collection,
        reason=f"The provider's object belongs to {problem}.",
        ours={
            "payment_session_id": session.pk,
            "provider_ref": session.provider_ref,
            "currency_code": session.currency_code,
        },
        theirs={
            "payment_session_id": snapshot.session_id,
            "provider_ref": snapshot.provider_ref,
            "currency_code": _foreign_currency(session, snapshot) or session.currency_code,
        },
    )


def _converge_session(
    collection: PaymentCollection, session: PaymentSession, snapshot: PaymentSnapshot, *, as_of: int | None
) -> tuple[tuple[Reservation, ...], bool]:
    """Return what follows, and whether to look again: without money, what was read before a change here is outdated."""
    result = session_result(snapshot)
    operation = _operation_that_explains(session, snapshot)
    if operation is not None:
        settlement = apply_settlement(collection, operation, Succeeded(result=result), settled_by=Settler.READ)
        return settlement.follow_ups, False
    is_in_flight = operations.is_in_doubt(session)
    has_payment = primary(Payment).filter(payment_session=session).exists()
    if has_payment or (is_in_flight and not snapshot.status.holds_money):
        return (), False
    if not snapshot.status.holds_money and as_of is not None and collection.event_count > as_of:
        return (), True
    session_settlement.book_observation(collection, session, result)
    return (), False


def _operation_that_explains(session: PaymentSession, snapshot: PaymentSnapshot) -> Operation | None:
    """Return the operation whose lost success a snapshot proves: the session's initiate, or its authorize."""
    asked = primary(Operation).filter(payment_session=session)
    if session.provider_ref is None:
        lost = asked.filter(kind=OperationKind.INITIATE.value)
        return lost.exclude(status=OperationStatus.SUCCEEDED.value).first()
    if not snapshot.status.holds_money or session.authorized_at is not None:
        return None
    return asked.filter(kind=OperationKind.AUTHORIZE.value, status=OperationStatus.OPEN.value).first()


def _changes(collection: PaymentCollection, known_events: int) -> tuple[Change, ...]:
    new = primary(Event).filter(payment_collection=collection, number__gt=known_events).order_by("number")
    return tuple(Change(name=event.name, data=event.data) for event in new)
