"""Ledger lines of money that was given back."""

from medusa_payments.models import Operation, Refund
from medusa_payments.queries.primary import primary


def of_operation(operation: Operation) -> Refund | None:
    """Return the refund that an operation has caused; None while the provider has only accepted it."""
    return primary(Refund).filter(operation=operation).select_related("refund_reason").first()
