"""What a provider's answer, or what was seen there, does to a session and its place."""

from medusa_payments.core.books import attention, placing, posting
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import BY_PROVIDER, EventName
from medusa_payments.models import Operation, PaymentSession
from medusa_payments.providers.types import CancelResult, SessionResult
from medusa_payments.states import OperationKind, SessionStatus


def absorb(book: Book, operation: Operation, result: SessionResult) -> None:
    """Bring the session to what the provider answered; money that it reports becomes a payment."""
    session = book.session(operation.payment_session_id)
    match OperationKind(operation.kind):
        case OperationKind.INITIATE:
            _absorb_initiate(book, session, operation, result)
        case OperationKind.UPDATE:
            _absorb_update(book, session, operation, result)
        case _:
            _absorb_authorize(book, session, operation, result)
    if result.status.holds_money:
        posting.post_authorization(book, session, operation, result)


def absorb_observation(book: Book, session: PaymentSession, result: SessionResult) -> None:
    """Bring a session to what was seen at the provider, where no operation of ours asks for an answer.

    No-op when nothing is new: when a session changed last is what says how long nobody has decided about it.
    """
    before = (session.status, session.amount, session.provider_ref)
    if result.status == SessionStatus.CANCELED and session.authorized_at is None:
        note_canceled(book, session)
        return
    seen = (result.status.value, result.money.minor_units, result.provider_ref)
    if seen == before and session.provider_data == dict(result.data):
        return
    _take_over(book, session, result)
    if result.status.holds_money:
        posting.post_authorization(book, session, None, result)
    elif before != (session.status, session.amount, session.provider_ref):
        book.record(
            EventName.SESSION_UPDATED,
            actor=BY_PROVIDER,
            payment_session_id=session.pk,
            before={"status": before[0], "amount": before[1]},
            after={"status": session.status, "amount": session.amount},
        )


def note_canceled(book: Book, session: PaymentSession, operation: Operation | None = None) -> None:
    """The provider canceled the session's object. No-op when that is known."""
    if session.status == SessionStatus.CANCELED:
        return
    session.status = SessionStatus.CANCELED.value
    book.record(
        EventName.SESSION_CANCELED,
        operation=operation,
        actor="" if operation else BY_PROVIDER,
        payment_session_id=session.pk,
    )


def absorb_cancel(book: Book, operation: Operation, result: CancelResult) -> None:
    """A session's object is canceled. What that released of money that was authorized meanwhile is posted.

    What another operation is releasing or capturing is left to that one's own answer.
    """
    session = book.session(operation.payment_session_id)
    note_canceled(book, session, operation)
    payment = book.payment_of(session)
    if payment is None:
        return
    told = payment.amount if result.released is None else result.released.minor_units
    amount = min(told - payment.released_amount, payment.capturable_amount)
    if amount > 0:
        posting.post_release(book, payment, amount, operation=operation)


def note_failure(book: Book, operation: Operation) -> None:
    """The attempt failed for good."""
    book.session(operation.payment_session_id).status = SessionStatus.ERROR.value


def _absorb_initiate(book: Book, session: PaymentSession, operation: Operation, result: SessionResult) -> None:
    """The new session becomes live; those whose place it takes are replaced.

    An initiate that was replaced meanwhile left an orphan: that is canceled, unless it holds money.
    """
    is_wanted = placing.settle(book, operation, session)
    _take_over(book, session, result)
    attention.watch(book, session)
    book.record(
        EventName.SESSION_INITIATED,
        operation=operation,
        payment_session_id=session.pk,
        provider_id=session.provider_id,
        amount=session.amount,
        status=session.status,
    )
    if not is_wanted and not result.status.holds_money:
        book.freed.append(session)


def _absorb_update(book: Book, session: PaymentSession, operation: Operation, result: SessionResult) -> None:
    before = {"amount": session.amount, "status": session.status}
    session.client_data = operation.request.get("data", session.client_data)
    # Without a place of its own it changes the live session where it is.
    if "slot" in operation.intent:
        placing.settle(book, operation, session)
    _take_over(book, session, result)
    book.record(
        EventName.SESSION_UPDATED,
        operation=operation,
        payment_session_id=session.pk,
        before=before,
        after={"amount": session.amount, "status": session.status},
    )


def _absorb_authorize(book: Book, session: PaymentSession, operation: Operation, result: SessionResult) -> None:
    before = session.status
    _take_over(book, session, result)
    if not result.status.holds_money:
        book.record(
            EventName.SESSION_UPDATED,
            operation=operation,
            payment_session_id=session.pk,
            before={"status": before},
            after={"status": session.status},
        )


def _take_over(book: Book, session: PaymentSession, result: SessionResult) -> None:
    """Take over what the provider says. A session that is authorized or canceled keeps its status and amount, unless
    it turns out to hold money.
    """
    session.provider_ref = result.provider_ref
    session.provider_data = dict(result.data)
    session.updated_at = book.clock()
    if session.authorized_at is None and session.status != SessionStatus.CANCELED:
        session.amount = result.money.minor_units
        session.status = result.status.value
    if result.status.holds_money:
        session.amount = result.money.minor_units
        session.status = SessionStatus.AUTHORIZED.value
        session.authorized_at = session.authorized_at or book.clock()
