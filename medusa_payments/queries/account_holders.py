"""A customer's accounts with providers."""

from medusa_payments.exceptions import NotFound
from medusa_payments.models import AccountHolder
from medusa_payments.queries.primary import primary


def of_customer(customer_id: str) -> list[AccountHolder]:
    """Return the open accounts of a customer, one per provider account, oldest first."""
    opened = primary(AccountHolder).filter(customer_id=customer_id, external_id__isnull=False)
    return list(opened.order_by("created_at", "id"))


def owned(account_holder_id: str, customer_id: str) -> AccountHolder:
    """Return an open account of this customer. Raises `NotFound`, also for what is another customer's."""
    opened = primary(AccountHolder).filter(pk=account_holder_id, external_id__isnull=False)
    holder = opened.filter(customer_id=customer_id).first() if customer_id else None
    if holder is None:
        raise NotFound(f"AccountHolder id not found: {account_holder_id}")
    return holder


def at(provider_account: str, customer_id: str) -> AccountHolder | None:
    """Return a customer's account with a provider account, open or not."""
    return primary(AccountHolder).filter(provider_account=provider_account, customer_id=customer_id).first()
