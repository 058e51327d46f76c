"""When the worker is to look after a collection."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from medusa_payments.conf import payments_settings
from medusa_payments.core.facts import collection_facts
from medusa_payments.core.policy import expiry, surplus
from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.providers.registry import providers
from medusa_payments.providers.types import Capabilities
from medusa_payments.states import SessionStatus

SHORTEST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)

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


def ask(collection: PaymentCollection, at: datetime | None = None) -> None:
    """Have the worker look after a locked collection, now or at a moment. The earliest moment asked for counts.

    The caller stores it together with the change (`projections.store`).
    """
    at = at or timezone.now()
    if collection.attention_at is None or at < collection.attention_at:
        collection.attention_at = at


def watch(collection: PaymentCollection, session: PaymentSession) -> None:
    """Have the worker ask after a live session that isn't decided, for the customer who never comes back."""
    if session.slot is not None and is_watchable(session):
        ask(collection, timezone.now() + first_question())


def follow_authorization(collection: PaymentCollection, session: PaymentSession, payment: Payment) -> None:
    """Have the worker give back what a new payment makes too much, and watch an authorization that runs out."""
    may_follow = surplus.may_follow_authorization(
        collection_facts(collection),
        paid=payment.amount,
        currency_code=payment.currency_code,
        asked=session.amount,
        is_live=session.slot is not None,
    )
    if may_follow:
        ask(collection)
    watch_expiry(collection, payment)


def follow_capture(collection: PaymentCollection, payment: Payment) -> None:
    """Have the worker give back what can be, and is too much, now that more of a payment is captured."""
    facts = collection_facts(collection)
    may_follow = surplus.may_follow_capture(facts, currency_code=payment.currency_code)
    # Whether its session was replaced is read only where it matters.
    is_part = surplus.may_be_stray(facts, paid=payment.amount)
    if may_follow or (is_part and payment.payment_session.slot is None):
        ask(collection)


def follow_rest(collection: PaymentCollection, payment: Payment) -> None:
    """Have the worker ask what became of the rest, once a part of a payment is captured that is captured once only."""
    if payment.captured_amount and payment.capturable_amount and captures_once(payment):
        ask(collection)


def captures_once(payment: Payment) -> bool:
    """Return True if a payment's provider captures once only, and can be asked whether it released the rest."""
    # A provider that is configured wrongly can't be asked, and must not keep a capture from being booked.
    with suppress(ImproperlyConfigured):
        return any(each.can_retrieve and not each.supports_multiple_captures for each in _capabilities(payment))
    return False


def watch_expiry(collection: PaymentCollection, payment: Payment) -> None:
    """Have the worker look after an authorization in time. No-op for one that doesn't run out."""
    was_warned = payment.expiry_warned_at is not None
    look = expiry.next_look(payment.capture_before, was_warned=was_warned, warning=expiry_warning())
    if look is not None:
        ask(collection, look)


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


def _capabilities(of: PaymentSession | Payment) -> list[Capabilities]:
    """Another alias on its account stands in for one that is gone (`operations.provider_for`)."""
    if of.provider_id in providers:
        return [providers[of.provider_id].capabilities]
    return [provider.capabilities for provider in providers.on_account(of.provider_account)]


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts in vain: longer each time, at most `LONGEST_WAIT`."""
    wait: timedelta = SHORTEST_WAIT * 2 ** min(attempts, 16)
    return min(wait, LONGEST_WAIT)
