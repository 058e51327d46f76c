"""Payments with their ledger lines."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Prefetch, QuerySet

from medusa_payments.exceptions import InvalidData, NotFound
from medusa_payments.models import Capture, Dispute, Payment, PaymentCollection
from medusa_payments.providers.registry import providers
from medusa_payments.queries import payment_sessions, refunds
from medusa_payments.queries.primary import primary
from medusa_payments.queries.public_data import public_keys


def detailed(payment_id: str) -> Payment:
    """Return a payment with its collection, session, captures and refunds (four statements).

    Raises `NotFound`.
    """
    payment = listed().filter(pk=payment_id).first()
    if payment is None:
        raise NotFound(f"Payment with id: {payment_id} was not found")
    return payment


def listed(*, with_parents: bool = True, with_disputes: bool = False, with_siblings: bool = False) -> QuerySet[Payment]:
    """Return all payments as `detailed` does, unordered; without parents when only their ids are to be shown.

    Disputes, and the other payments of their collections, which its totals are made of, are loaded with them when they
    are to be shown, else when they are asked for.
    """
    payments = with_ledger()
    if with_siblings:
        siblings = primary(Payment).defer("provider_data", "metadata")
        payments = payments.prefetch_related(Prefetch("payment_collection__payments", siblings))
    if with_disputes:
        payments = payments.prefetch_related(Prefetch("disputes", primary(Dispute)))
    return payments.select_related("payment_collection", "payment_session") if with_parents else payments


def counted(collection: PaymentCollection) -> QuerySet[Payment]:
    """Return the payments of a collection in its currency, unordered: those in another, that its cart had before, count
    for nothing.
    """
    return primary(Payment).filter(payment_collection=collection, currency_code=collection.currency_code)


def with_ledger() -> QuerySet[Payment]:
    """Return payments with their captures and refunds, oldest first.

    What isn't booked is read before what is: a refund that is booked meanwhile is found at least once.
    """
    return primary(Payment).prefetch_related(
        Prefetch("captures", primary(Capture).order_by("created_at", "id")),
        Prefetch("operations", refunds.without_line(), to_attr=refunds.UNBOOKED),
        Prefetch("refunds", refunds.lines()),
    )


def refundable_amount(payment: Payment) -> int:
    """Return the most that a refund of this payment would be accepted for now (minor units).

    Nothing while it is frozen. Else what is captured and neither refunded, nor being refunded, nor disputed, as far as
    its provider's step allows.
    """
    if payment.frozen_at is not None:
        return 0
    step = _step(payment)
    return max(payment.refundable_amount, 0) // step * step


def _step(payment: Payment) -> int:
    """A provider that refunds only the whole amount has a step as long as that. One that can't be made has none."""
    try:
        provider = providers[payment.provider_id]
    except (InvalidData, ImproperlyConfigured):
        return 1
    if not provider.capabilities.supports_partial_refund:
        return max(payment.captured_amount, 1)
    return provider.amount_step(payment.currency_code)


def is_of_another_customer(payment: Payment, customer_id: str) -> bool:
    """Return True if a payment was made with a saved payment method of somebody else than this customer."""
    return payment_sessions.is_of_another_customer(payment.payment_session, customer_id)


def public_data(payment: Payment) -> dict[str, Any]:
    """Return what the provider lets outsiders see of its payment object."""
    return public_keys(payment.provider_id, payment.provider_data)
