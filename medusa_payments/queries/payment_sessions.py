"""What a session's document shows beyond its own columns, and to whom."""

from collections.abc import Mapping
from typing import Any

from medusa_payments.models import Payment, PaymentSession
from medusa_payments.queries.primary import primary
from medusa_payments.queries.public_data import public_keys

SAVED_METHOD = "payment_method"
"""The key of a session's `data` that names a saved payment method."""


def public_data(session: PaymentSession) -> dict[str, Any]:
    """Return what the storefront sent, with what its provider lets it see. Never the provider's whole object."""
    return {**session.client_data, **public_keys(session.provider_id, session.provider_data)}


def names_saved_method(client_data: Mapping[str, Any]) -> bool:
    """Return True if a storefront's data for a session asks for a payment method that the customer has saved."""
    return bool(client_data.get(SAVED_METHOD))


def is_of_another_customer(session: PaymentSession, customer_id: str) -> bool:
    """Return True if a session pays with a saved payment method of somebody else than this customer ("" is a guest).

    What customers pay in another way, and what guests do, is open to whoever knows the collection's id.
    """
    if not names_saved_method(session.client_data):
        return False
    # A customer who was forgotten leaves the account holder alone: nobody is that customer any more.
    is_of_a_customer = bool(session.customer_id or session.account_holder_id)
    return is_of_a_customer and (not customer_id or session.customer_id != customer_id)


def payment_of(session: PaymentSession) -> Payment | None:
    """Return the payment of a session of a detailed collection, without asking the database again."""
    payments = session.payment_collection.payments.all()
    return next((payment for payment in payments if payment.payment_session_id == session.pk), None)


def collection_id_of(payment_session_id: str) -> str | None:
    """Return the id of the collection that a session, live or not, belongs to; None for an unknown one."""
    found = primary(PaymentSession).filter(pk=payment_session_id)
    return found.values_list("payment_collection_id", flat=True).first()
