"""Whom a storefront request comes from, asked through the `CUSTOMER_RESOLVER` hook."""

from dataclasses import dataclass
from typing import Any

from medusa_payments.conf import payments_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer who is logged in. `id` is the host's own; payment sessions record it.

    The rest is what a provider is told when it opens an account for this customer; only `email` is kept here.
    """

    id: str
    email: str | None = None
    name: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """Somebody in a storefront, who may do less than staff and the host's own code (for which services take None).

    `customer_id` is empty for a guest.
    """

    customer_id: str = ""


def resolve_customer(request: object) -> Customer | None:
    """Ask the host who is logged in; None for a guest, and for everyone when `CUSTOMER_RESOLVER` is None.

    What the hook raises is not caught: a host that can't say who somebody is must not have them pay as a guest.
    """
    resolver = payments_settings.hook("CUSTOMER_RESOLVER")
    if resolver is None:
        return None
    customer: Customer | None = resolver(request)
    return customer


def customer_of_user(request: Any) -> Customer | None:
    """The default hook: the request's user, unless that is nobody or staff, who are guests in a storefront."""
    user: Any = getattr(request, "user", None)
    if not getattr(user, "is_authenticated", False) or getattr(user, "is_staff", False):
        return None
    email = getattr(user, getattr(user, "EMAIL_FIELD", "email"), None)
    name = user.get_full_name() if hasattr(user, "get_full_name") else None
    return Customer(id=str(user.pk), email=email or None, name=name or None)


def known(customer: Customer | None, customer_id: str) -> Customer | None:
    """Return a customer of whom perhaps the id alone is known; None for a guest."""
    return customer or (Customer(id=customer_id) if customer_id else None)
