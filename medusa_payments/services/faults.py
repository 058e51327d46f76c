"""Errors that nobody expected: whether the database is to blame, what was sent before, and how to log them without what
they quote.
"""

from medusa_payments.core.base.calls import log_exception
from medusa_payments.core.base.locks import is_database_unavailable
from medusa_payments.core.saga.operations import outcome_unknown
from medusa_payments.core.saga.sending import last_sent

__all__ = ["is_database_unavailable", "last_sent", "log_exception", "outcome_unknown"]
