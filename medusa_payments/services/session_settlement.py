"""What a provider's answer does to a session, and to who held its slot before.

Every function runs inside the collection's lock and opens no transaction.
"""

from collections.abc import Callable

from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.models import Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.providers.types import CancelResult, SessionResult
from medusa_payments.queries.primary import primary
from medusa_payments.services import attention, events, ledger, session_placement
from medusa_payments.services.events import EventName
from medusa_payments.services.operations import Reservation
from medusa_payments.services.retirement import reserve_cancel
from medusa_payments.states import OperationKind, SessionStatus


def book(
    kind: OperationKind, collection: PaymentCollection, operation: Operation, result: SessionResult
) -> tuple[Reservation, ...]:
    """Bring the session to what the provider answered; money that it reports becomes a payment.

    Returns the operations that this makes necessary, to be sent after commit.
    """
    session = session_of(operation)
    follow_ups = _BOOKS[kind](collection, session, operation, result)
    if result.status.holds_money:
        ledger.book_authorization(collection, session, operation, result)
    return follow_ups


def book_observation(collection: PaymentCollection, session: PaymentSession, result: SessionResult) -> None:
    """Bring a session to what was seen at the provider, where no operation of ours asks for an answer.

    No-op when nothing is new: when a session changed last is what says how long nobody has decided about it.
    """
    before = (session.status, session.amount, session.provider_ref)
    if result.status == SessionStatus.CANCELED and session.authorized_at is None:
        book_cancel(collection, session)
        return
    seen = (result.status.value, result.money.minor_units, result.provider_ref)
    if seen == before and session.provider_data == dict(result.data):
        return
    _take_over(session, result)
    if result.status.holds_money:
        ledger.book_authorization(collection, session, None, result)
    elif before != (session.status, session.amount, session.provider_ref):
        events.record(
            collection,
            EventName.SESSION_UPDATED,
            actor=ledger.BY_PROVIDER,
            payment_session_id=session.pk,
            before={"status": before[0], "amount": before[1]},
            after={"status": session.status, "amount": session.amount},
        )


def book_cancel(collection: PaymentCollection, session: PaymentSession, operation: Operation | None = None) -> None:
    """The provider gave the session's object up. No-op when that is known."""
    if session.status == SessionStatus.CANCELED:
        return
    session.status = SessionStatus.CANCELED.value
    _save(session)
    events.record(
        collection,
        EventName.SESSION_CANCELED,
        operation=operation,
        actor="" if operation else ledger.BY_PROVIDER,
        payment_session_id=session.pk,
    )


def book_void(collection: PaymentCollection, operation: Operation, result: CancelResult) -> None:
    """Book what giving up a session's object released of money that was authorized meanwhile. No-op without a payment.

    What another operation is releasing or capturing is left to that one's own answer.
    """
    payment = primary(Payment).filter(payment_session=operation.payment_session_id).first()
    if payment is None:
        return
    told = payment.amount if result.released is None else result.released.minor_units
    amount = min(told - payment.released_amount, payment.capturable_amount)
    if amount > 0:
        ledger.book_release(collection, payment, amount, operation=operation)


def book_failure(operation: Operation) -> None:
    """The attempt failed for good."""
    session = session_of(operation)
    session.status = SessionStatus.ERROR.value
    _save(session)


def _book_initiate(
    collection: PaymentCollection, session: PaymentSession, operation: Operation, result: SessionResult
) -> tuple[Reservation, ...]:
    """The new session becomes live; those whose place it takes are replaced and canceled at their providers.

    An initiate that was given up meanwhile left an orphan: that is canceled, unless it holds money.
    """
    follow_ups = session_placement.settle(collection, operation, session)
    _take_over(session, result)
    attention.watch(collection, session)
    events.record(
        collection,
        EventName.SESSION_INITIATED,
        operation=operation,
        payment_session_id=session.pk,
        provider_id=session.provider_id,
        amount=session.amount,
        status=session.status,
    )
    if follow_ups is None:
        follow_ups = [] if result.status.holds_money else reserve_cancel(session)
    return tuple(follow_ups)


def _book_update(
    collection: PaymentCollection, session: PaymentSession, operation: Operation, result: SessionResult
) -> tuple[Reservation, ...]:
    before = {"amount": session.amount, "status": session.status}
    session.client_data = operation.request.get("data", session.client_data)
    follow_ups = session_placement.settle(collection, operation, session) if "slot" in operation.intent else None
    _take_over(session, result)
    events.record(
        collection,
        EventName.SESSION_UPDATED,
        operation=operation,
        payment_session_id=session.pk,
        before=before,
        after={"amount": session.amount, "status": session.status},
    )
    return tuple(follow_ups or ())


def _book_authorize(
    collection: PaymentCollection, session: PaymentSession, operation: Operation, result: SessionResult
) -> tuple[Reservation, ...]:
    before = session.status
    _take_over(session, result)
    if not result.status.holds_money:
        events.record(
            collection,
            EventName.SESSION_UPDATED,
            operation=operation,
            payment_session_id=session.pk,
            before={"status": before},
            after={"status": session.status},
        )
    return ()


_Book = Callable[[PaymentCollection, PaymentSession, Operation, SessionResult], tuple[Reservation, ...]]

_BOOKS: dict[OperationKind, _Book] = {
    OperationKind.INITIATE: _book_initiate,
    OperationKind.UPDATE: _book_update,
    OperationKind.AUTHORIZE: _book_authorize,
}


def session_of(operation: Operation) -> PaymentSession:
    """Return the session that an operation is about, as it is now."""
    return primary(PaymentSession).get(pk=operation.payment_session_id)


def _take_over(session: PaymentSession, result: SessionResult) -> None:
    """Take over what the provider says. A session that is authorized or canceled keeps its status and amount, unless
    it turns out to hold money.
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
    _save(session)


def _save(session: PaymentSession) -> None:
    session.updated_at = Now()
    session.save(force_update=True)
