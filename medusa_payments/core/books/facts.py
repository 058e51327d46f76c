"""What the rules of `core.policy` are asked about, read off a book."""

from datetime import datetime

from medusa_payments.conf import payments_settings
from medusa_payments.core.base import amounts
from medusa_payments.core.base.providers import provider_if_any
from medusa_payments.core.books import attention, disputes
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import BY_WORKER
from medusa_payments.core.policy import due
from medusa_payments.core.policy.facts import Facts, PaymentFacts, Refusal, SessionFacts
from medusa_payments.core.policy.surplus import MoneyFacts
from medusa_payments.models import Operation, Payment, PaymentSession
from medusa_payments.states import DisputeState, ExpiryPolicy, OperationKind, OperationStatus, SessionStatus


def facts_of(book: Book, *, may_be_paid: bool = False) -> Facts:
    """Return what `due` is asked about. `may_be_paid`: somebody is authorizing the rest, or an order waits for it."""
    return Facts(
        collection=attention.collection_facts(book.collection),
        sessions=tuple(session_facts(book, session) for session in book.sessions),
        disputes=tuple(disputes.facts_of(dispute) for dispute in book.disputes),
        resolve_by=book.collection.resolve_by,
        may_be_paid=may_be_paid,
    )


def staying(book: Book) -> list[Payment]:
    """Return the payments that aren't canceled, and of which nothing is to be returned anyway, oldest first."""
    leaving = {undo.payment_id for undo in due.unwanted(facts_of(book))}
    return [payment for payment in not_canceled(book) if payment.pk not in leaving]


def not_canceled(book: Book) -> list[Payment]:
    """Return the payments that aren't canceled, oldest first."""
    found = [payment for payment in book.payments if payment.canceled_at is None]
    return sorted(found, key=lambda payment: (payment.created_at, payment.pk))


def awaited_by_order(book: Book) -> PaymentSession | None:
    """Return a session that a placed order waits for: its provider has yet to decide."""
    awaited = [session for session in book.live if session.status == SessionStatus.PENDING_AUTHORIZATION]
    return awaited[0] if awaited and book.collection.order_id else None


def awaits_others(book: Book, session: PaymentSession) -> bool:
    """Say whether a session that isn't live is part of a set that may still come to be."""
    own = [each for each in operations_on(book, session) if each.kind == OperationKind.INITIATE]
    if not own or "plan" not in own[0].intent:
        return False
    plan, together = own[0].intent["plan"], own[0].intent["set"]
    of_set = [each for each in book.operations if each.payment_session_id in plan]
    return any(each.is_open and each.open_slot for each in of_set if each.intent.get("set") == together)


def operations_on(book: Book, session: PaymentSession) -> list[Operation]:
    """Return all operations on a session, oldest first."""
    return [operation for operation in book.operations if operation.payment_session_id == session.pk]


def on_expiry(payment: Payment) -> ExpiryPolicy:
    """Return what the shop wants done with an authorization that runs out."""
    policy = payments_settings.PROVIDERS.get(payment.provider_id, {}).get("ON_EXPIRY", "nothing")
    # A policy that there isn't is an error of the system check, which a production server never runs: nobody's
    # checkout breaks for it.
    return ExpiryPolicy(policy) if policy in set(ExpiryPolicy) else ExpiryPolicy.NOTHING


def session_facts(book: Book, session: PaymentSession) -> SessionFacts:
    """Return what is known of a session, and of what was tried with its object."""
    payment = book.payment_of(session)
    cancels = [each.status for each in operations_on(book, session) if each.kind == OperationKind.CANCEL]
    return SessionFacts(
        session_id=session.pk,
        updated_at=session.updated_at,
        is_live=session.slot is not None,
        has_object=session.provider_ref is not None,
        is_canceled=session.status == SessionStatus.CANCELED,
        is_being_canceled=OperationStatus.OPEN in cancels,
        cancel_was_refused=OperationStatus.REFUSED in cancels,
        is_watchable=payment is None and attention.is_watchable(session),
        awaits_others=session.slot is None and awaits_others(book, session),
        payment=None if payment is None else _payment_facts(book, payment),
    )


def _payment_facts(book: Book, payment: Payment) -> PaymentFacts:
    on_session = operations_on(book, payment.payment_session)
    own = [operation for operation in on_session if operation.payment_id == payment.pk]
    canceled = [each for each in on_session if each.kind == OperationKind.CANCEL and not each.payment_id]
    return PaymentFacts(
        money=_money(book, payment),
        wanted=_wanted(book, payment),
        refusals=tuple(_refusal(each) for each in own if each.created_by == BY_WORKER and _was_refused(each)),
        freed_at=_freed_at(book, payment),
        capture_before=payment.capture_before,
        on_expiry=on_expiry(payment) if payment.capture_before else ExpiryPolicy.NOTHING,
        was_warned=payment.expiry_warned_at is not None,
        is_used_up=payment.captured_at is not None or payment.canceled_at is not None,
        has_released=payment.released_amount > 0,
        was_given_up=any(each.status == OperationStatus.SUCCEEDED for each in canceled),
        awaits_refund=any(
            each.kind == OperationKind.REFUND and each.status == OperationStatus.ACCEPTED for each in own
        ),
        captures_once=attention.captures_once(payment),
    )


def _wanted(book: Book, payment: Payment) -> int | None:
    """Return the collection's amount in the steps of the payment's provider; None where that isn't configured."""
    provider, collection = provider_if_any(payment), book.collection
    if provider is None:
        return None
    return amounts.step_up(collection.amount, provider=provider, currency_code=collection.currency_code)


def _money(book: Book, payment: Payment) -> MoneyFacts:
    """A session of a set that may still come to be is preferred, too."""
    session = payment.payment_session
    return MoneyFacts(
        payment_id=payment.pk,
        amount=payment.amount,
        currency_code=payment.currency_code,
        created_at=payment.created_at,
        canceled_at=payment.canceled_at,
        held=payment.held_amount,
        captured=payment.captured_amount,
        kept=payment.kept_amount,
        capturing=payment.capturing_amount,
        releasing=payment.releasing_amount,
        capturable=payment.capturable_amount,
        refundable=payment.refundable_amount,
        is_preferred=session.slot is not None or awaits_others(book, session),
        is_frozen=payment.frozen_at is not None,
    )


def _was_refused(operation: Operation) -> bool:
    """A refund that failed after it was booked counts, too."""
    return operation.status == OperationStatus.REFUSED or operation.is_reversed  # type: ignore[attr-defined,no-any-return]


def _refusal(operation: Operation) -> Refusal:
    return Refusal(kind=OperationKind(operation.kind), amount=operation.amount or 0, at=operation.created_at)


def _freed_at(book: Book, payment: Payment) -> datetime | None:
    """Return when a dispute last freed money of a payment."""
    ended = [each for each in book.disputes if each.state in {DisputeState.WON, DisputeState.CLOSED}]
    of_payment = [each.closed_at for each in ended if each.payment_id == payment.pk and each.closed_at is not None]
    return max(of_payment, default=None)
