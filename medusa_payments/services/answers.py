"""Answers of responses: what their callers are owed is paid when the response was delivered."""

from medusa_payments.core.base.debts import Undelivered, paid_by_response

__all__ = ["Undelivered", "paid_by_response"]
