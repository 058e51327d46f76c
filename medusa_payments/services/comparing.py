"""Comparing a session with its object at the provider: what is new there is booked."""

from medusa_payments.core.base.requests import provider_key
from medusa_payments.core.books.freezing import FROZEN_CODE, ledger_side
from medusa_payments.core.books.snapshots import Convergence
from medusa_payments.core.saga.comparing import look_at
from medusa_payments.core.saga.reads import Found, Unreadable, read

__all__ = ["FROZEN_CODE", "Convergence", "Found", "Unreadable", "ledger_side", "look_at", "provider_key", "read"]
