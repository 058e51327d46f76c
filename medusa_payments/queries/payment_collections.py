"""A collection with everything its document shows."""

from collections.abc import Collection

from django.db.models import Prefetch, Q, QuerySet

from medusa_payments.exceptions import NotFound
from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.queries import payments
from medusa_payments.queries.primary import primary


def existing(payment_collection_id: str) -> PaymentCollection:
    """Return a collection as it is now (one statement). Raises `NotFound` for an unknown or deleted one."""
    collection = primary(PaymentCollection).filter(pk=payment_collection_id, deleted_at__isnull=True).first()
    if collection is None:
        raise NotFound(f"PaymentCollection id not found: {payment_collection_id}")
    return collection


def detailed(payment_collection_id: str) -> PaymentCollection:
    """Return a collection with its live sessions, payments, captures and refunds (six statements).

    Raises `NotFound` for an unknown or deleted collection.
    """
    collection = _detailed().filter(pk=payment_collection_id).first()
    if collection is None:
        raise NotFound(f"PaymentCollection id not found: {payment_collection_id}")
    return collection


def exists(payment_collection_id: str) -> bool:
    """Say whether `detailed` would find a collection."""
    return primary(PaymentCollection).filter(pk=payment_collection_id, deleted_at__isnull=True).exists()


def of_cart(cart_id: str) -> PaymentCollection | None:
    """Return the live collection of a cart, as `detailed` does; None when the cart has none yet."""
    return _detailed().filter(live_cart_id=cart_id).first()


def of_orders(order_ids: Collection[str], *, ids: Collection[str] = ()) -> list[PaymentCollection]:
    """Return the collections of orders, and those that `ids` names, as `detailed` does, oldest first.

    `ids` is for a host that stores a collection's id with its order: it is found even before the order was attached.
    """
    wanted = Q(order_id__in=order_ids) | Q(pk__in=ids)
    return list(_detailed().filter(wanted).order_by("created_at", "id"))


def provider_ids(collection: PaymentCollection) -> list[str]:
    """Return the distinct providers of the live sessions and payments of a detailed collection."""
    of_sessions = [session.provider_id for session in collection.payment_sessions.all()]
    of_payments = [payment.provider_id for payment in collection.payments.all()]
    return list(dict.fromkeys(of_sessions + of_payments))


def refunding_amount(collection: PaymentCollection) -> int:
    """Return what is on its way back of a collection's payments in its currency (minor units)."""
    return sum(payment.refunding_amount for payment in _counted(collection))


def refundable_amount(collection: PaymentCollection) -> int:
    """Return the most that a refund across a collection's payments would be accepted for now (minor units)."""
    return sum(payments.refundable_amount(payment) for payment in _counted(collection))


def _counted(collection: PaymentCollection) -> list[Payment]:
    """As `payments.counted`, without asking the database again."""
    return [each for each in collection.payments.all() if each.currency_code == collection.currency_code]


def _detailed() -> QuerySet[PaymentCollection]:
    live_sessions = primary(PaymentSession).filter(slot__isnull=False).order_by("slot")
    return (
        primary(PaymentCollection)
        .filter(deleted_at__isnull=True)
        .prefetch_related(
            Prefetch("payment_sessions", live_sessions),
            Prefetch("payments", payments.with_ledger().select_related("payment_session").order_by("created_at", "id")),
        )
    )
