"""What was read at the provider becomes facts: every movement that it reports and our ledger lacks is booked, whoever
caused it and however we learnt of it.

Movements are booked at any age: authorized, captured, released, refunded, in this order. Levels (a session's status and
amount, disputes, failed refunds) count only if nothing was recorded since the provider was asked. What doesn't fit
freezes the payment. Nothing but failed refunds is ever taken back.
"""

from dataclasses import dataclass, replace
from typing import Any

from medusa_payments.core.books import disputes, evidence, failed_refunds, freezing, posting, sessions
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.evidence import Succeeded
from medusa_payments.models import Operation, Payment, PaymentSession
from medusa_payments.providers import cleaning
from medusa_payments.providers.facts import CaptureFact, PaymentSnapshot, RefundFact, RefundState
from medusa_payments.providers.types import CancelResult, CaptureResult, RefundResult, RefundStatus, SessionResult
from medusa_payments.states import OperationKind, OperationStatus, SessionStatus, Settler

CONTRADICTS_ITSELF = "more captured one by one than in all"

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


def absorb(book: Book, session: PaymentSession, snapshot: PaymentSnapshot, *, as_of: int | None = None) -> Convergence:
    """Book what is new in a snapshot of a session's object. Idempotent.

    A movement that names the key of one of our operations closes that operation. Others are booked as external, but
    wait while an operation of their kind is open: it may be theirs. `as_of` is how many events the collection had
    before the provider was asked; None when that isn't known.
    """
    known_events = len(book.events)
    problem = _mismatch(session, snapshot)
    waits = False
    if problem:
        _record_mismatch(book, session, snapshot, problem)
    else:
        waits = _absorb_session(book, session, snapshot, as_of=as_of)
        payment = book.payment_of(session)
        if payment is not None:
            problem = contradiction(snapshot)
            if problem:
                snapshot = _leave_captures_to_staff(book, payment, snapshot, reason=problem)
            waits |= _absorb_movements(book, payment, snapshot, as_of=as_of)
            waits |= disputes.absorb(book, payment, snapshot, as_of=as_of)
        else:
            disputes.record_unattached(book, session, snapshot)
    book.total()
    changes = tuple(Change(name=event.name, data=event.data) for event in book.events[known_events:])
    return Convergence(waits=waits, problem=problem, changes=changes)


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


def contradiction(snapshot: PaymentSnapshot) -> str:
    """Say why a snapshot can't be right, whatever the ledger has; "" when it can."""
    return CONTRADICTS_ITSELF if _told_apart(snapshot) > snapshot.captured.minor_units else ""


def amount_of(operation: Operation, snapshot: PaymentSnapshot) -> int | None:
    """Return what the provider has of a capture or refund (minor units); None when no movement is this operation's."""
    is_capture = operation.kind == OperationKind.CAPTURE
    facts: tuple[CaptureFact | RefundFact, ...] = snapshot.captures if is_capture else snapshot.refunds
    ours = [fact for fact in facts if fact.operation_id == operation.pk]
    found = [fact.money.minor_units for fact in ours if getattr(fact, "state", None) is not RefundState.FAILED]
    return sum(found) if found else None


def missing_of(book: Book, operation: Operation, snapshot: PaymentSnapshot) -> int:
    """Return what the provider captured, released or refunded beyond the ledger (minor units), by what a verb does."""
    payment = book.payment(operation.payment_id)
    if operation.kind == OperationKind.CAPTURE:
        return snapshot.captured.minor_units - payment.captured_amount
    if operation.kind == OperationKind.CANCEL:
        return snapshot.released.minor_units - payment.released_amount
    given = sum(fact.money.minor_units for fact in snapshot.refunds if fact.state is not RefundState.FAILED)
    return given - payment.refunded_amount


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


def _record_mismatch(book: Book, session: PaymentSession, snapshot: PaymentSnapshot, problem: str) -> None:
    freezing.record_discrepancy(
        book,
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


def _absorb_session(book: Book, session: PaymentSession, snapshot: PaymentSnapshot, *, as_of: int | None) -> bool:
    """Return whether to look again: without money, what was read before a change here is outdated."""
    known_events = book.collection.event_count
    result = session_result(snapshot)
    operation = _operation_that_explains(book, session, snapshot)
    if operation is not None:
        evidence.absorb(book, operation.pk, Succeeded(result=result), settled_by=Settler.READ)
        return False
    is_in_flight = book.is_in_doubt(session)
    has_payment = book.payment_of(session) is not None
    if has_payment or (is_in_flight and not snapshot.status.holds_money):
        return False
    if not snapshot.status.holds_money and as_of is not None and known_events > as_of:
        return True
    sessions.absorb_observation(book, session, result)
    return False


def _operation_that_explains(book: Book, session: PaymentSession, snapshot: PaymentSnapshot) -> Operation | None:
    """Return the operation whose lost success a snapshot proves: the session's initiate, or its authorize."""
    asked = [operation for operation in book.operations if operation.payment_session_id == session.pk]
    if session.provider_ref is None:
        lost = [each for each in asked if each.kind == OperationKind.INITIATE]
        return next((each for each in lost if each.status != OperationStatus.SUCCEEDED), None)
    if not snapshot.status.holds_money or session.authorized_at is not None:
        return None
    return next((each for each in asked if each.kind == OperationKind.AUTHORIZE and each.is_open), None)


def _leave_captures_to_staff(
    book: Book, payment: Payment, snapshot: PaymentSnapshot, *, reason: str
) -> PaymentSnapshot:
    """Freeze the payment of a snapshot that contradicts itself; return the snapshot without its single captures."""
    theirs = {"captured": snapshot.captured.minor_units, "captures": _told_apart(snapshot)}
    freezing.freeze(book, payment, reason=reason, theirs=theirs)
    return replace(snapshot, captures=())


def _told_apart(snapshot: PaymentSnapshot) -> int:
    return sum(fact.money.minor_units for fact in snapshot.captures)


def _absorb_movements(book: Book, payment: Payment, snapshot: PaymentSnapshot, *, as_of: int | None) -> bool:
    """Return whether something has to wait until an operation of ours that may have caused it is closed."""
    if snapshot.status.holds_money:
        posting.raise_amount(book, payment, snapshot.money.minor_units)
        posting.note_capture_before(book, payment, snapshot.capture_before)
    captures_wait = _absorb_captures(book, payment, snapshot)
    waits = _absorb_releases(book, payment, snapshot) or captures_wait
    for fact in snapshot.refunds:
        waits |= _absorb_refund(book, payment, fact, captures_wait=captures_wait, as_of=as_of)
    return waits


def _absorb_captures(book: Book, payment: Payment, snapshot: PaymentSnapshot) -> bool:
    unknown = [fact for fact in snapshot.captures if not _is_known_capture(book, payment, fact)]
    missing = snapshot.captured.minor_units - payment.captured_amount
    # What a frozen payment can't take is looked for when it is unfrozen.
    if missing <= 0 or payment.frozen_at is not None:
        return False
    if book.open(payment.payment_session, OperationKind.CAPTURE) or payment.releasing_amount:
        return True
    for fact in unknown:
        amount = min(fact.money.minor_units, missing)
        if amount > 0 and fact.capture_ref:
            posting.post_capture(book, payment, amount, provider_ref=fact.capture_ref)
            missing -= amount
    if missing > 0:
        total = cleaning.reference(f"{snapshot.provider_ref}:captured:{snapshot.captured.minor_units}")
        posting.post_capture(book, payment, missing, provider_ref=total)
    return False


def _is_known_capture(book: Book, payment: Payment, fact: CaptureFact) -> bool:
    """Close the operation that a capture names; say whether the ledger has the capture now."""
    if _is_booked(book, payment, fact):
        return True
    operation = _operation_on(book, payment, fact.operation_id)
    if operation is None or operation.kind != OperationKind.CAPTURE or operation.amount != fact.money.minor_units:
        return False
    result = CaptureResult(money=fact.money, capture_ref=fact.capture_ref)
    evidence.absorb(book, operation.pk, Succeeded(result=result), settled_by=Settler.READ)
    return True


def _is_booked(book: Book, payment: Payment, fact: CaptureFact) -> bool:
    """Say whether the ledger has a capture: by its reference, by its operation (an authorize may have captured) or, of
    one that names no operation, by the amount of a line that no reference tells apart.
    """
    lines = [line for line in book.captures if line.payment_id == payment.pk]
    if fact.capture_ref and any(line.provider_ref == fact.capture_ref for line in lines):
        return True
    if fact.operation_id:
        return any(line.operation_id == fact.operation_id for line in lines)
    return any(line.provider_ref is None and line.amount == fact.money.minor_units for line in lines)


def _absorb_releases(book: Book, payment: Payment, snapshot: PaymentSnapshot) -> bool:
    missing = snapshot.released.minor_units - payment.released_amount
    if missing <= 0:
        return False
    cancels = [each for each in book.open(payment.payment_session, OperationKind.CANCEL) if each.payment_id]
    cancel = cancels[0] if cancels else None
    if cancel is not None and (snapshot.status == SessionStatus.CANCELED or missing >= (cancel.amount or 0)):
        outcome = Succeeded(result=CancelResult(released=snapshot.released, data=snapshot.data))
        evidence.absorb(book, cancel.pk, outcome, settled_by=Settler.READ)
        missing = snapshot.released.minor_units - payment.released_amount
    if missing <= 0 or payment.frozen_at is not None:
        return False
    if payment.capturing_amount or payment.releasing_amount:
        return True
    posting.post_release(book, payment, missing)
    return False


def _absorb_refund(book: Book, payment: Payment, fact: RefundFact, *, captures_wait: bool, as_of: int | None) -> bool:
    """What was refunded can't be booked before what was captured is."""
    operation = _operation_on(book, payment, fact.operation_id) or _accepted_as(book, payment, fact.refund_ref)
    lines = [line for line in book.refunds if line.payment_id == payment.pk]
    booked = next((line for line in lines if line.provider_ref == fact.refund_ref), None)
    if booked is None and operation is not None:
        booked = next((line for line in lines if line.operation_id == operation.pk), None)
    if fact.state is RefundState.FAILED:
        failed_refunds.absorb(book, booked, operation, reason=fact.reason)
        return False
    if operation is not None and operation.kind == OperationKind.REFUND and operation.amount == fact.money.minor_units:
        if failed_refunds.has_failed_since(book, operation, as_of):
            return True
        _absorb_own_refund(book, operation, fact)
        return False
    if booked is not None or payment.frozen_at is not None:
        return False
    if captures_wait or book.open(payment.payment_session, OperationKind.REFUND):
        return True
    posting.post_refund(book, payment, fact.money.minor_units, provider_ref=fact.refund_ref)
    return False


def _absorb_own_refund(book: Book, operation: Operation, fact: RefundFact) -> None:
    is_pending = fact.state is RefundState.PENDING
    status = RefundStatus.ACCEPTED if is_pending else RefundStatus.SUCCEEDED
    result = RefundResult(money=fact.money, status=status, refund_ref=fact.refund_ref)
    evidence.absorb(book, operation.pk, Succeeded(result=result), settled_by=Settler.READ)


def _operation_on(book: Book, payment: Payment, operation_id: str | None) -> Operation | None:
    operation = book.operation(operation_id) if operation_id else None
    return operation if operation is not None and operation.payment_id == payment.pk else None


def _accepted_as(book: Book, payment: Payment, refund_ref: str) -> Operation | None:
    """Return the refund that the provider accepted under this reference: not every provider reports our keys."""
    own = [operation for operation in book.operations if operation.payment_id == payment.pk]
    return next((operation for operation in own if operation.line_ref == refund_ref), None)
