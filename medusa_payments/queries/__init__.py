"""The read side: named queries with exactly the joins that a response or a page needs.

They read from the database that is written to, so that a caller sees its own payment at once.
"""

from medusa_payments.models import (
    AccountHolder,
    Capture,
    Dispute,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
    RefundReason,
    SecretKey,
)

__all__ = [
    "AccountHolder",
    "Capture",
    "Dispute",
    "Operation",
    "Payment",
    "PaymentCollection",
    "PaymentSession",
    "Refund",
    "RefundReason",
    "SecretKey",
]
