"""How an order stands, in Medusa's words, from the payment collections it was placed with or got later."""

from collections.abc import Sequence
from enum import StrEnum

from medusa_payments.models import PaymentCollection
from medusa_payments.states import CollectionStatus


class PaymentStatus(StrEnum):
    NOT_PAID = "not_paid"
    AWAITING = "awaiting"
    PARTIALLY_AUTHORIZED = "partially_authorized"
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    CANCELED = "canceled"


def payment_status(total: int, collections: Sequence[PaymentCollection]) -> PaymentStatus:
    """Decide the status of an order of `total` minor units.

    Never authorized or captured with less than the order's total, whatever its collections are for.
    """
    live = [collection for collection in collections if collection.status != CollectionStatus.CANCELED]
    due = max(total, sum(collection.amount for collection in live))
    refunded = sum(collection.refunded_amount for collection in live)
    captured = sum(collection.captured_amount for collection in live)
    authorized = sum(collection.authorized_amount for collection in live)
    if refunded:
        return PaymentStatus.REFUNDED if refunded >= captured else PaymentStatus.PARTIALLY_REFUNDED
    if captured or (live and not due):
        return PaymentStatus.CAPTURED if captured >= due else PaymentStatus.PARTIALLY_CAPTURED
    if authorized:
        return PaymentStatus.AUTHORIZED if authorized >= due else PaymentStatus.PARTIALLY_AUTHORIZED
    if collections and not live:
        return PaymentStatus.CANCELED
    is_awaiting = any(collection.status == CollectionStatus.AWAITING for collection in live)
    return PaymentStatus.AWAITING if is_awaiting else PaymentStatus.NOT_PAID
