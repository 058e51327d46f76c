"""Payments with their ledger lines."""

from collections.abc import Collection
from typing import Any

from django.db.models import Prefetch, QuerySet

from medusa_payments.exceptions import NotFound
from medusa_payments.models import Capture, Payment, Refund
from medusa_payments.queries.primary import primary
from medusa_payments.queries.public_data import public_keys


def detailed(payment_id: str) -> Payment:
    """Return a payment with its collection, session, captures and refunds (three statements).

    Raises `NotFound`.
    """
    payment = listed(ids=[payment_id]).first()
    if payment is None:
        raise NotFound(f"Payment with id: {payment_id} was not found")
    return payment


def listed(
    *, ids: Collection[str] | None = None, payment_session_ids: Collection[str] | None = None
) -> QuerySet[Payment]:
    """Return payments as `detailed` does, unordered; a filter that is None lets everything pass."""
    filters = {"pk__in": ids, "payment_session_id__in": payment_session_ids}
    return (
        with_ledger()
        .filter(**{name: values for name, values in filters.items() if values is not None})
        .select_related("payment_collection", "payment_session")
    )


def with_ledger() -> QuerySet[Payment]:
    """Return payments with their captures and refunds, oldest first."""
    captures = primary(Capture).order_by("created_at", "id")
    refunds = primary(Refund).select_related("refund_reason").order_by("created_at", "id")
    return primary(Payment).prefetch_related(Prefetch("captures", captures), Prefetch("refunds", refunds))


def public_data(payment: Payment) -> dict[str, Any]:
    """Return what the provider lets outsiders see of its payment object."""
    return public_keys(payment.provider_id, payment.provider_data)
