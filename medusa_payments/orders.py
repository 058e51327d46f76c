"""What the app needs to know of the host's orders, asked through the `ORDER_RESOLVER` hook."""

from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

from medusa_payments.conf import payments_settings
from medusa_payments.exceptions import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSnapshot:
    """An order as it stands now."""

    currency_code: str
    customer_id: str | None = None
    email: str | None = None


def resolve_order(order_id: str, request: object | None = None) -> OrderSnapshot:
    """Ask the host for an order.

    Raises `NotFound` when the host doesn't know it (the hook returns None) and Django's `ImproperlyConfigured` when no
    `ORDER_RESOLVER` is set.
    """
    resolver = payments_settings.hook("ORDER_RESOLVER")
    if resolver is None:
        raise ImproperlyConfigured("MEDUSA_PAYMENTS['ORDER_RESOLVER'] must name a callable to pay for orders")
    snapshot: OrderSnapshot | None = resolver(order_id, request)
    if snapshot is None:
        raise NotFound(f"Order id not found: {order_id}")
    return snapshot
