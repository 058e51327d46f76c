"""What can happen to a collection, by name, and why, as events and the admin say it."""

from medusa_payments.core.books.events import EventName
from medusa_payments.core.books.freezing import BEYOND_THE_LIMITS
from medusa_payments.core.books.snapshots import CONTRADICTS_ITSELF
from medusa_payments.core.saga.duties import NOT_RESOLVED_IN_TIME
from medusa_payments.core.sessions.cart import NOT_RELEASABLE, ORDER_UNKNOWN
from medusa_payments.core.upkeep.tending import NOT_LOOKED_AFTER

__all__ = [
    "BEYOND_THE_LIMITS",
    "CONTRADICTS_ITSELF",
    "NOT_LOOKED_AFTER",
    "NOT_RELEASABLE",
    "NOT_RESOLVED_IN_TIME",
    "ORDER_UNKNOWN",
    "EventName",
]
