"""Errors that nobody expected: whether the database is to blame, and how to log them without what they quote."""

from medusa_payments.core.books.locks import is_database_unavailable
from medusa_payments.core.saga.calls import log_exception

__all__ = ["is_database_unavailable", "log_exception"]
