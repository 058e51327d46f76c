"""What is done about a drift. Money moves by operations only, every correction is an event."""

from medusa_payments.core.base.locks import durable_transaction
from medusa_payments.core.books import book as books
from medusa_payments.core.books import freezing
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import EventName
from medusa_payments.core.reconciliation import run
from medusa_payments.core.reconciliation.drift import (
    ABOUT_DISPUTES,
    BOOKED_BY_LOOKING,
    FROZEN_FOR_A_PERSON,
    Drift,
    DriftKind,
)
from medusa_payments.core.saga import comparing, recovery
from medusa_payments.core.upkeep.tending import tend
from medusa_payments.models import Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.providers.errors import ProviderError
from medusa_payments.providers.facts import PaymentSnapshot, RetrieveRequest
from medusa_payments.providers.registry import providers
from medusa_payments.queries.primary import primary
from medusa_payments.states import SessionStatus

RECONCILIATION = "reconciliation"
"""The actor of what is done here."""

FROZEN = "frozen until a person has looked"
SEEN_BY_A_PERSON = "left as it is: a person has seen it and unfrozen the payment"


def fix(drift: Drift) -> str:
    """Do what can be done about a drift and say what that was, or why nothing was. Idempotent."""
    if drift.kind in BOOKED_BY_LOOKING:
        return comparing.look_at(drift.session_id).problem or _what_looking_did(drift)
    if drift.kind in FROZEN_FOR_A_PERSON:
        return _freeze(drift)
    if drift.kind is DriftKind.UNRESOLVED_OPERATION:
        recovery.resolve(primary(Operation).get(pk=drift.operation_id))
        return "asked the provider what became of it"
    if drift.kind is DriftKind.REPLACED_OBJECT_OPEN:
        tend(primary(PaymentSession).get(pk=drift.session_id).payment_collection_id)
        return "gave the object up"
    if drift.kind is DriftKind.DUPLICATE_OBJECT:
        return _record(drift)
    return _adopt(drift)


def _what_looking_did(drift: Drift) -> str:
    """What goes beyond our limits isn't booked but freezes the payment, once: a person may have accepted it since."""
    if drift.kind in ABOUT_DISPUTES or not _is_frozen(drift):
        return SEEN_BY_A_PERSON if run.persists(drift) else "booked what the provider has"
    return FROZEN


def _is_frozen(drift: Drift) -> bool:
    return primary(Payment).filter(payment_session=drift.session_id, frozen_at__isnull=False).exists()


def _record(drift: Drift) -> str:
    """Which of two objects counts is for a person to say: the session has one already."""
    session = primary(PaymentSession).get(pk=drift.session_id)
    with books.opened(session.payment_collection_id, include_deleted=True) as book:
        ours = {"payment_session_id": session.pk, "provider_ref": session.provider_ref}
        freezing.record_discrepancy(book, reason=drift.kind.value, ours=ours, theirs=drift.theirs)
    return "recorded for a person"


def _freeze(drift: Drift) -> str:
    known = primary(PaymentSession).get(pk=drift.session_id)
    with books.opened(known.payment_collection_id, include_deleted=True) as book:
        session = book.session(known.pk)
        payment = book.payment_of(session)
        if payment is not None:
            freezing.freeze(book, payment, reason=drift.kind.value, ours=drift.ours, theirs=drift.theirs)
        else:
            freezing.record_discrepancy(book, reason=drift.kind.value, ours=drift.ours, theirs=drift.theirs)
            _take_its_object(book, session)
    if payment is None:
        return "recorded; the session can't be paid with"
    return FROZEN if payment.frozen_at else SEEN_BY_A_PERSON


def _take_its_object(book: Book, session: PaymentSession) -> None:
    """A session whose object isn't the provider's, or isn't this session's, is none."""
    session.status = SessionStatus.ERROR.value
    session.slot = session.provider_ref = None
    session.replaced_at = book.clock()


def _adopt(drift: Drift) -> str:
    """Book an object that has our metadata: for its session, or for a new one of a collection without a cart."""
    request = RetrieveRequest(session_id=str(drift.theirs["session_id"]), provider_ref=drift.provider_ref)
    try:
        snapshot = providers[drift.provider_id].retrieve(request)
    except ProviderError as error:
        return error.message
    if snapshot is None:
        return "gone meanwhile"
    session = primary(PaymentSession).filter(pk=drift.session_id).first() if drift.session_id else None
    comparing.take_in(session or _make_room(drift, snapshot), snapshot)
    return "adopted"


def _make_room(drift: Drift, snapshot: PaymentSnapshot) -> PaymentSession:
    """Nobody here knows what was paid for, so nothing is given back or captured: it is there to be seen."""
    money = snapshot.money
    collection = PaymentCollection(
        amount=money.minor_units, currency_code=money.currency_code, metadata={"found_by": RECONCILIATION}
    )
    session = PaymentSession(
        id=str(snapshot.session_id),
        payment_collection=collection,
        provider_id=drift.provider_id,
        provider_account=providers[drift.provider_id].account,
        amount=money.minor_units,
        currency_code=money.currency_code,
        slot=0,
    )
    with durable_transaction():
        primary(PaymentCollection).bulk_create([collection])
        book = books.begun(collection)
        book.add(session)
        book.record(
            EventName.COLLECTION_CREATED,
            actor=RECONCILIATION,
            amount=money.minor_units,
            currency_code=money.currency_code,
        )
        book.save()
    return session
