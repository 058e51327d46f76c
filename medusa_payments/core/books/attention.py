"""When the worker is to look after a collection."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured

from medusa_payments.conf import payments_settings
from medusa_payments.core.books.book import Book
from medusa_payments.core.policy import expiry, surplus
from medusa_payments.core.policy.surplus import CollectionFacts
from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.providers.registry import providers
from medusa_payments.providers.types import Capabilities
from medusa_payments.states import SessionStatus, UndoPolicy

OPEN_STATUSES = frozenset(
    {
        SessionStatus.PENDING,
        SessionStatus.REQUIRES_MORE,
        SessionStatus.PENDING_AUTHORIZATION,
        SessionStatus.ERROR,
    }
)
"""What a customer or a provider may still bring to a payment. An attempt that failed can be followed by another one on
the same object, in the customer's browser, that succeeds.
"""


def ask(book: Book, at: datetime | None = None) -> None:
    """Have the worker look after a collection, now or at a moment. The earliest moment asked for counts."""
    at = at or book.clock()
    if book.collection.attention_at is None or at < book.collection.attention_at:
        book.collection.attention_at = at


def watch(book: Book, session: PaymentSession) -> None:
    """Have the worker ask after a live session that isn't decided, for the customer who never comes back."""
    if session.slot is not None and is_watchable(session):
        ask(book, book.clock() + first_question())


def follow_authorization(book: Book, session: PaymentSession, payment: Payment) -> None:
    """Have the worker return what a new payment makes too much, and watch an authorization that runs out. The totals of
    the collection are still those from before.
    """
    may_follow = surplus.may_follow_authorization(
        collection_facts(book.collection),
        paid=payment.amount,
        currency_code=payment.currency_code,
        asked=session.amount,
        is_live=session.slot is not None,
    )
    if may_follow:
        ask(book)
    watch_expiry(book, payment)


def follow_capture(book: Book, payment: Payment) -> None:
    """Have the worker return what can be, and is too much, now that more of a payment is captured."""
    facts = collection_facts(book.collection)
    may_follow = surplus.may_follow_capture(facts, currency_code=payment.currency_code)
    is_part = surplus.may_be_stray(facts, paid=payment.amount)
    if may_follow or (is_part and payment.payment_session.slot is None):
        ask(book)


def follow_rest(book: Book, payment: Payment) -> None:
    """Have the worker ask what became of the rest, once a part of a payment is captured that is captured once only.

    What an answer doesn't mention is unknown, not zero: the rest of the only capture may be released.
    """
    if payment.captured_amount and payment.capturable_amount and captures_once(payment):
        ask(book)


def captures_once(payment: Payment) -> bool:
    """Return True if a payment's provider captures once only, and can be asked whether it released the rest."""
    # A provider that is configured wrongly can't be asked, and must not keep a capture from being booked.
    with suppress(ImproperlyConfigured):
        return any(each.can_retrieve and not each.supports_multiple_captures for each in _capabilities(payment))
    return False


def watch_expiry(book: Book, payment: Payment) -> None:
    """Have the worker look after an authorization in time. No-op for one that doesn't run out."""
    was_warned = payment.expiry_warned_at is not None
    look = expiry.next_look(payment.capture_before, was_warned=was_warned, warning=expiry_warning())
    if look is not None:
        ask(book, look)


def collection_facts(collection: PaymentCollection) -> CollectionFacts:
    """Return what is to be paid, and the totals of its payments as they were counted last."""
    return CollectionFacts(
        amount=collection.amount,
        currency_code=collection.currency_code,
        authorized=collection.authorized_amount,
        captured=collection.captured_amount,
        is_deleted=collection.deleted_at is not None,
        is_canceled=collection.canceled_at is not None,
        has_failed=collection.failed_at is not None,
        on_failure=UndoPolicy(collection.on_failure),
    )


def expiry_warning() -> timedelta:
    """Return how long before it runs out an authorization is warned of."""
    return timedelta(seconds=payments_settings.EXPIRY_WARNING_SECONDS)


def evidence_warning() -> timedelta:
    """Return how long before evidence for a dispute is due the host is told."""
    return timedelta(seconds=payments_settings.EVIDENCE_WARNING_SECONDS)


def first_question() -> timedelta:
    """Return how long after it was chosen a session's provider is asked for the first time."""
    seconds: int = payments_settings.POLL_SESSIONS_AFTER_SECONDS
    return timedelta(seconds=seconds)


def is_watchable(session: PaymentSession) -> bool:
    """Say whether asking a session's provider can tell more than we know."""
    is_open = session.status in OPEN_STATUSES and session.provider_ref is not None
    return is_open and can_be_asked(session)


def can_be_asked(session: PaymentSession) -> bool:
    """Say whether a session's provider can be asked."""
    return any(each.can_retrieve for each in _capabilities(session))


def is_within_reach(session: PaymentSession) -> bool:
    """Say whether a session's provider can be asked what it has, or tells it by webhook."""
    return any(each.can_retrieve or each.has_webhooks for each in _capabilities(session))


def _capabilities(row: PaymentSession | Payment) -> list[Capabilities]:
    """Another alias on its account stands in for one that is gone (`providers.provider_for`)."""
    if row.provider_id in providers:
        return [providers[row.provider_id].capabilities]
    return [provider.capabilities for provider in providers.on_account(row.provider_account)]
