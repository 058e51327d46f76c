"""What the state of a collection calls for, as operations to be sent.

What is due is decided by `core.policy.due`; here it is read off a book, and reserved.
"""

from medusa_payments.core.base import leases
from medusa_payments.core.base.providers import provider_for
from medusa_payments.core.books import attention, disputes, facts, placing
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import BY_WORKER, EventName
from medusa_payments.core.policy import due
from medusa_payments.core.policy.due import Duty, What
from medusa_payments.core.policy.facts import Waits
from medusa_payments.core.policy.waits import backoff
from medusa_payments.core.saga import verbs
from medusa_payments.core.saga.operations import Reservation
from medusa_payments.models import Payment, PaymentSession
from medusa_payments.states import OperationKind

NOT_RESOLVED_IN_TIME = "not resolved in time"


def reserve(book: Book) -> list[Reservation]:
    """Reserve everything that is due for a collection (`due.due`), and note when to look at it again.

    The caller sends the reservations after the commit.
    """
    now, waits = book.clock(), _waits(book)
    known = facts.facts_of(book, may_be_paid=book.collection.resolve_by is not None and _may_be_paid(book))
    duties = due.due(known, now, waits)
    reservations = [reservation for duty in duties for reservation in reserved(book, duty)]
    book.collection.attention_at = due.next_look(facts.facts_of(book) if duties else known, now, waits)
    return reservations


def to_be_asked(book: Book) -> list[PaymentSession]:
    """Return the sessions whose provider may know of something that we don't (`due.is_worth_asking`)."""
    now = book.clock()
    return [each for each in book.sessions if due.is_worth_asking(facts.session_facts(book, each), now)]


def fail(book: Book, *, reason: str, actor: str) -> None:
    """Record that what a collection was to be paid for has failed. No-op when that is known."""
    collection = book.collection
    if collection.failed_at is None:
        collection.failed_at = book.clock()
        book.record(EventName.COLLECTION_FAILED, actor=actor, reason=reason, on_failure=collection.on_failure)


def reserved(book: Book, duty: Duty) -> list[Reservation]:
    """Do what needs nobody outside, and reserve what does."""
    match duty.what:
        case What.FAIL:
            fail(book, reason=NOT_RESOLVED_IN_TIME, actor=BY_WORKER)
        case What.GIVE_UP:
            placing.replace(book, book.session(duty.of), actor=BY_WORKER)
        case What.CANCEL:
            return verbs.cancel_object(book, book.session(duty.of))
        case What.WARN_OF_EXPIRY:
            _warn_of_expiry(book, book.payment(duty.of))
        case What.WARN_OF_EVIDENCE:
            dispute = next(each for each in book.disputes if each.pk == duty.of)
            disputes.warn(book, dispute, actor=BY_WORKER)
        case What.RELEASE | What.REFUND | What.CAPTURE:
            return [_moved(book, book.payment(duty.of), duty)]
    return []


def _moved(book: Book, payment: Payment, duty: Duty) -> Reservation:
    provider = provider_for(payment)
    if duty.what is What.RELEASE:
        return verbs.release(book, payment, provider, amount=duty.amount, created_by=BY_WORKER)
    if duty.what is What.CAPTURE:
        return verbs.capture(book, payment, provider, amount=duty.amount, created_by=BY_WORKER)
    return verbs.refund(book, payment, provider, amount=duty.amount, requested=duty.amount, created_by=BY_WORKER)


def _warn_of_expiry(book: Book, payment: Payment) -> None:
    payment.expiry_warned_at = book.clock()
    book.record(
        EventName.AUTHORIZATION_EXPIRING,
        actor=BY_WORKER,
        payment_id=payment.pk,
        capture_before=payment.capture_before.isoformat() if payment.capture_before else None,
        policy=facts.on_expiry(payment).value,
        amount=payment.capturable_amount,
    )


def _waits(book: Book) -> Waits:
    return Waits(
        before_expiry=attention.expiry_warning(),
        before_evidence=attention.evidence_warning(),
        first_question=attention.first_question(),
        again=backoff(book.collection.attention_count),
    )


def _may_be_paid(book: Book) -> bool:
    if facts.awaited_by_order(book) is not None:
        return True
    now = book.clock()
    return any(leases.is_leased(operation, now) for operation in book.open(None, OperationKind.AUTHORIZE))
