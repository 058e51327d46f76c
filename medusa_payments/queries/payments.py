"""Payments with their ledger lines."""

from typing import Any

from django.db.models import Prefetch, QuerySet

from medusa_payments.exceptions import NotFound
from medusa_payments.models import Capture, Dispute, Payment, PaymentCollection, Refund
from medusa_payments.queries import payment_sessions
from medusa_payments.queries.primary import primary
from medusa_payments.queries.public_data import public_keys


def detailed(payment_id: str) -> Payment:
    """Return a payment with its collection, session, captures and refunds (three statements).

    Raises `NotFound`.
    """
    payment = listed().filter(pk=payment_id).first()
    if payment is None:
        raise NotFound(f"Payment with id: {payment_id} was not found")
    return payment


def listed(*, with_parents: bool = True, with_disputes: bool = False) -> QuerySet[Payment]:
    """Return all payments as `detailed` does, unordered; without parents when only their ids are to be shown.

    Disputes are loaded with them when they are to be shown, else when they are asked for.
    """
    payments = with_ledger()
    if with_disputes:
        payments = payments.prefetch_related(Prefetch("disputes", primary(Dispute)))
    return payments.select_related("payment_collection", "payment_session") if with_parents else payments


def counted(collection: PaymentCollection) -> QuerySet[Payment]:
    """Return the payments of a collection in its currency, unordered: those in another, that its cart had before, count
    for nothing.
    """
    return primary(Payment).filter(payment_collection=collection, currency_code=collection.currency_code)


def with_ledger() -> QuerySet[Payment]:
    """Return payments with their captures and refunds, oldest first."""
    captures = primary(Capture).order_by("created_at", "id")
    refunds = primary(Refund).select_related("refund_reason").order_by("created_at", "id")
    return primary(Payment).prefetch_related(Prefetch("captures", captures), Prefetch("refunds", refunds))


def is_of_another_customer(payment: Payment, customer_id: str) -> bool:
    """Return True if a payment was made with a saved payment method of somebody else than this customer."""
    return payment_sessions.is_of_another_customer(payment.payment_session, customer_id)


def public_data(payment: Payment) -> dict[str, Any]:
    """Return what the provider lets outsiders see of its payment object."""
    return public_keys(payment.provider_id, payment.provider_data)
