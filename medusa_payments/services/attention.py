"""When the worker is to look after a collection."""

from datetime import datetime, timedelta

from django.utils import timezone

from medusa_payments.conf import payments_settings
from medusa_payments.models import PaymentCollection, PaymentSession
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


def _capabilities(session: PaymentSession) -> list[Capabilities]:
    """Another alias on its account stands in for one that is gone (`operations.provider_for`)."""
    if session.provider_id in providers:
        return [providers[session.provider_id].capabilities]
    return [provider.capabilities for provider in providers.on_account(session.provider_account)]


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts in vain: longer each time, at most `LONGEST_WAIT`."""
    wait: timedelta = SHORTEST_WAIT * 2 ** min(attempts, 16)
    return min(wait, LONGEST_WAIT)
