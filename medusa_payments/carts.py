"""What the app needs to know of the host's carts, asked through the `CART_RESOLVER` hook."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from medusa_payments.conf import payments_settings
from medusa_payments.exceptions import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class CartSnapshot:
    """A cart as it stands now. `amount` is what is to be paid, in major units; it may carry sub-minor digits.

    `has_order` says whether an order was placed for it: money that doesn't fit the cart any more is released by itself
    only while the host says False. None means that the host can't tell: then it is kept, and staff are told.
    """

    amount: Decimal
    currency_code: str
    region_id: str | None = None
    customer_id: str | None = None
    email: str | None = None
    has_order: bool | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def resolve_cart(cart_id: str, request: object | None = None) -> CartSnapshot:
    """Ask the host for a cart.

    Raises `NotFound` when the host doesn't know it (the hook returns None) and Django's `ImproperlyConfigured`
    when no `CART_RESOLVER` is set.
    """
    resolver = payments_settings.hook("CART_RESOLVER")
    if resolver is None:
        raise ImproperlyConfigured("MEDUSA_PAYMENTS['CART_RESOLVER'] must name a callable to pay for carts")
    snapshot: CartSnapshot | None = resolver(cart_id, request)
    if snapshot is None:
        raise NotFound(f"Cart id not found: {cart_id}")
    return snapshot


def providers_of_region(region_id: str) -> list[str] | None:
    """Return the ids of the providers that the host enables in a region; None when the host doesn't restrict them."""
    value: Callable[[str], Iterable[str]] | Mapping[str, Iterable[str]] | None = payments_settings.hook(
        "REGION_PROVIDERS"
    )
    if value is None:
        return None
    return list(value(region_id) if callable(value) else value.get(region_id, ()))
