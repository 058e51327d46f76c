"""What v1 calls things: statuses, refund reasons, and providers (without `pp_`, those that Medusa ships as its v1
plugins call them).
"""

from collections.abc import Iterable

from medusa_payments.queries import PaymentCollection, PaymentSession
from medusa_payments.states import CollectionStatus, SessionStatus

ORDER_EDIT = "order_edit"
"""The one type that v1's collections have."""

REFUND_REASONS = ["discount", "return", "swap", "claim", "other"]
SESSION_STATUSES = [
    SessionStatus.AUTHORIZED.value,
    SessionStatus.PENDING.value,
    SessionStatus.REQUIRES_MORE.value,
    SessionStatus.ERROR.value,
    SessionStatus.CANCELED.value,
]
COLLECTION_STATUSES = [
    CollectionStatus.NOT_PAID.value,
    CollectionStatus.AWAITING.value,
    CollectionStatus.AUTHORIZED.value,
    CollectionStatus.PARTIALLY_AUTHORIZED.value,
    CollectionStatus.CANCELED.value,
]

_SESSION_STATUSES = {
    SessionStatus.CAPTURED.value: SessionStatus.AUTHORIZED.value,
    SessionStatus.PENDING_AUTHORIZATION.value: SessionStatus.PENDING.value,
}
_COLLECTION_STATUSES = {
    CollectionStatus.COMPLETED.value: CollectionStatus.AUTHORIZED.value,
    CollectionStatus.PARTIALLY_CAPTURED.value: CollectionStatus.CANCELED.value,
    CollectionStatus.FAILED.value: CollectionStatus.NOT_PAID.value,
}


def collection_status(collection: PaymentCollection) -> str:
    """Return the one of v1's five statuses that says the most of a collection's."""
    return _COLLECTION_STATUSES.get(collection.status, collection.status)


def session_status(session: PaymentSession) -> str:
    """Return the one of v1's five statuses that says the most of a session's."""
    return _SESSION_STATUSES.get(session.status, session.status)


def provider_name(provider_id: str) -> str:
    """Return v1's name of a provider (`pp_stripe-ideal_stripe` -> `stripe-ideal`)."""
    if provider_id == "pp_system_default":
        return "manual"
    name = provider_id.removeprefix("pp_")
    return name.removesuffix("_stripe") if name.startswith("stripe") else name


def named(name: str, provider_ids: Iterable[str]) -> str | None:
    """Return which of several providers v1 calls so, None for none; ids are understood too, with or without `pp_`."""
    return next((each for each in provider_ids if name in {each, each.removeprefix("pp_"), provider_name(each)}), None)
