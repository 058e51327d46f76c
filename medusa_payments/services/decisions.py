"""What only a person can tell, with the provider's books in hand: recorded, and acted upon."""

from decimal import Decimal
from enum import StrEnum

from medusa_payments.core.base import amounts, leases
from medusa_payments.core.books import attention, evidence, failed_refunds, freezing, snapshots
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import EventName
from medusa_payments.core.books.evidence import NotExecuted, Outcome, Succeeded
from medusa_payments.core.saga import comparing, reads
from medusa_payments.core.saga.reads import Found, Reading
from medusa_payments.core.saga.settling import changing
from medusa_payments.exceptions import Conflict, InvalidData, NotAllowed, NotFound
from medusa_payments.models import Event, Operation, Payment, PaymentSession
from medusa_payments.money import Money, to_major_units
from medusa_payments.providers.facts import PaymentSnapshot
from medusa_payments.providers.types import (
    CancelResult,
    CaptureResult,
    ProviderResult,
    RefundResult,
    SessionResult,
)
from medusa_payments.queries.primary import primary
from medusa_payments.services import texts
from medusa_payments.states import OperationKind, OperationStatus, SessionStatus, Settler

__all__ = ["Verdict", "decide", "seen_amount", "unfreeze"]

NO_TRACE = "A person found no trace of it at the payment provider."

_MOVEMENTS = frozenset({OperationKind.CAPTURE, OperationKind.REFUND})


class Verdict(StrEnum):
    """What a person saw in the provider's own books."""

    EXECUTED = "executed"
    NOT_EXECUTED = "not_executed"


def decide(
    *,
    operation_id: str,
    verdict: Verdict,
    note: str,
    provider_ref: str = "",
    amount: Decimal | None = None,
    created_by: str = "",
) -> Operation:
    """Close an open operation as a person says it ended, and record who said so and why.

    `executed` books it as the provider's own answer would have been; for an initiate the provider's reference is
    needed. A capture or refund is booked with `amount` (major units), by default with what the provider has of it, else
    with what was asked; beyond the limits of its payment it is closed and the payment frozen. `not_executed` gives back
    what it had reserved, unless the provider has it: that is booked; a refund that the provider had accepted has failed
    then. Evidence that comes later is still booked, too: whoever repeats the request is told what became of it.

    The provider is asked before and afterwards. Where it can be, nothing is booked that it doesn't have.

    Raises `NotFound`, `NotAllowed` (closed already), `Conflict` (a process works on it), `InvalidData` (no note, no
    reference, or one that stands for something else; an amount that the provider contradicts; a card number in the
    note), `InsideTransaction`.
    """
    operation = primary(Operation).filter(pk=operation_id).first()
    if operation is None:
        raise NotFound(f"Operation id not found: {operation_id}")
    if not note.strip():
        raise InvalidData("A decision needs a note that says where it was looked up.")
    texts.refuse_sensitive(note)
    said = _said_amount(operation, amount)
    reading = reads.read(primary(PaymentSession).get(pk=operation.payment_session_id))
    with changing(operation.payment_collection_id, include_deleted=True) as book:
        current = book.operation(operation_id) or operation
        _refuse_unless_undecided(book, current)
        outcome = _outcome(book, current, verdict, provider_ref, said, reading)
        book.record(
            EventName.OPERATION_DECIDED,
            operation=current,
            actor=created_by,
            kind=current.kind,
            verdict=verdict.value,
            note=note,
        )
        _close(book, current, verdict, outcome)
    comparing.look_at(operation.payment_session_id)
    return primary(Operation).get(pk=operation_id)


def unfreeze(*, payment_id: str, note: str, created_by: str = "") -> Payment:
    """Let a frozen payment move money again, after a person has made provider and ledger agree, or accepts the
    difference. No-op when it isn't frozen.

    The provider is asked for what it couldn't book meanwhile; what was accepted doesn't freeze the payment again. What
    is to be given back of it is given back by the worker then.

    Raises `NotFound`, `InvalidData` (no note, or one with a card number), `InsideTransaction`.
    """
    payment = primary(Payment).filter(pk=payment_id).first()
    if payment is None:
        raise NotFound(f"Payment id not found: {payment_id}")
    if not note.strip():
        raise InvalidData("A decision needs a note that says what was found.")
    texts.refuse_sensitive(note)
    with changing(payment.payment_collection_id, include_deleted=True) as book:
        freezing.unfreeze(book, book.payment(payment_id), actor=created_by, note=note)
        attention.ask(book)
    comparing.look_at(payment.payment_session_id)
    return primary(Payment).get(pk=payment_id)


def _close(book: Book, operation: Operation, verdict: Verdict, outcome: Outcome) -> None:
    # An accepted refund of which staff find no trace was taken by the provider, and came to nothing.
    if isinstance(outcome, NotExecuted) and not operation.is_open:
        failed_refunds.absorb(book, None, operation, reason=outcome.message, settled_by=Settler.PERSON)
        return
    is_disproved = verdict is Verdict.NOT_EXECUTED and isinstance(outcome, Succeeded)
    settled_by = Settler.READ if is_disproved else Settler.PERSON
    evidence.absorb(book, operation.pk, outcome, settled_by=settled_by)


def _refuse_unless_undecided(book: Book, operation: Operation) -> None:
    if operation.status == OperationStatus.ACCEPTED and operation.needs_person_at is not None:
        return
    if not operation.is_open:
        raise NotAllowed(f"Operation {operation.pk} is closed: {operation.status}.")
    if leases.is_leased(operation, book.clock()):
        raise Conflict(
            f"Another request for operation {operation.pk} is in progress.",
            retry_after=leases.IN_PROGRESS_RETRY_SECONDS,
        )


def seen_amount(operation: Operation) -> Decimal | None:
    """Return what the provider had of an operation (major units) when it was handed to staff, if not what was asked."""
    told = primary(Event).filter(operation=operation, name=EventName.OPERATION_NEEDS_PERSON.value)
    seen = told.order_by("-number").values_list("data__seen_amount", flat=True).first()
    return None if seen is None else to_major_units(seen, operation.currency_code)


def _said_amount(operation: Operation, amount: Decimal | None) -> int | None:
    if amount is not None and operation.kind not in _MOVEMENTS:
        raise InvalidData("Only a capture or a refund can have been executed with another amount.")
    return amounts.positive_minor_units(amount, currency_code=operation.currency_code, verb=operation.kind.capitalize())


def _outcome(
    book: Book, operation: Operation, verdict: Verdict, provider_ref: str, said: int | None, reading: Reading
) -> Outcome:
    """Return what is booked: what moved, whoever decides it.

    Raises `InvalidData` when the provider, which was read, hasn't what is said to be executed, and for a reference that
    stands for something else.
    """
    snapshot = reading.snapshot if isinstance(reading, Found) else None
    seen = None
    if snapshot is not None and operation.kind in _MOVEMENTS:
        seen = snapshots.amount_of(operation, snapshot)
    if verdict is Verdict.NOT_EXECUTED and seen is None:
        return NotExecuted(message=NO_TRACE)
    if provider_ref and _is_taken(book, operation, provider_ref):
        raise InvalidData(f"{provider_ref} is booked already, as something else.")
    amount = next(each for each in (said, seen, operation.amount, 0) if each is not None)
    if snapshot is not None:
        has_moved = _moved(book, operation, snapshot) if seen is None else seen
        if amount > has_moved or (seen is not None and amount != seen):
            raise _contradicted(operation, max(has_moved, 0))
    return Succeeded(result=_result(book, operation, provider_ref, amount))


def _moved(book: Book, operation: Operation, snapshot: PaymentSnapshot) -> int:
    """Return the most that an operation can have moved, by what the provider has beyond the ledger (minor units)."""
    match OperationKind(operation.kind):
        case OperationKind.CAPTURE | OperationKind.REFUND:
            return snapshots.missing_of(book, operation, snapshot)
        case OperationKind.CANCEL if operation.payment_id and snapshot.status != SessionStatus.CANCELED:
            return snapshots.missing_of(book, operation, snapshot)
        case OperationKind.AUTHORIZE if not snapshot.status.holds_money:
            return 0
    return operation.amount or 0


def _contradicted(operation: Operation, minor_units: int) -> InvalidData:
    amount = to_major_units(minor_units, operation.currency_code)
    return InvalidData(
        f"The payment provider was asked: of {operation.kind} {operation.pk} it has {amount} "
        f"{operation.currency_code.upper()} that isn't booked. Decide by that amount.",
        details={"operation_id": operation.pk, "amount": amount},
    )


def _is_taken(book: Book, operation: Operation, provider_ref: str) -> bool:
    """Say whether a reference stands for another capture or refund of the payment, or another session's object."""
    if operation.kind in _MOVEMENTS:
        lines = book.captures if operation.kind == OperationKind.CAPTURE else book.refunds
        return any(line.payment_id == operation.payment_id and line.provider_ref == provider_ref for line in lines)
    sessions = primary(PaymentSession).filter(provider_account=operation.provider_account, provider_ref=provider_ref)
    return sessions.exclude(pk=operation.payment_session_id).exists()


def _result(book: Book, operation: Operation, provider_ref: str, amount: int) -> ProviderResult:
    money = Money(minor_units=amount, currency_code=operation.currency_code)
    match OperationKind(operation.kind):
        case OperationKind.CAPTURE:
            return CaptureResult(money=money, capture_ref=provider_ref or None)
        case OperationKind.REFUND:
            return RefundResult(money=money, refund_ref=provider_ref or None)
        case OperationKind.CANCEL:
            return CancelResult()
    session = book.session(operation.payment_session_id)
    reference = session.provider_ref or provider_ref
    if not reference:
        raise InvalidData("The provider's reference of the payment is needed.")
    is_authorized = operation.kind == OperationKind.AUTHORIZE
    status = SessionStatus.AUTHORIZED if is_authorized else SessionStatus.PENDING
    return SessionResult(provider_ref=reference, status=status, money=money, data=session.provider_data)
