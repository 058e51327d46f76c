"""What is open at providers that can't be asked any more: read from the database, so only with `--database`."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import DatabaseError, router
from django.db.models import Count, F, QuerySet

from medusa_payments.checks.accounts import usable_providers
from medusa_payments.models import Operation, Payment
from medusa_payments.states import OperationStatus


@register(Tags.database)
def check_stranded_money(*, databases: Iterable[str] | None = None, **_: Any) -> list[CheckMessage]:
    """`medusa_payments.W010` and `W014`: operations are open, or payments hold money, whose account isn't configured
    any more: their provider was removed, or points to another account now.
    """
    if router.db_for_read(Operation) not in (databases or ()):
        return []
    try:
        return [*_open_operations(), *_held_payments()]
    except DatabaseError:  # The tables are about to be made.
        return []


def _open_operations() -> Iterator[CheckMessage]:
    still_open = [OperationStatus.OPEN.value, OperationStatus.ACCEPTED.value]
    for row in _stranded(Operation._default_manager.filter(status__in=still_open)):
        yield Warning(
            f"{row['count']} operations of payment provider {row['provider_id']} are open, and its account "
            f"'{row['provider_account']}' isn't configured.",
            hint="Configure it again until they are resolved, or decide about them in Django admin.",
            id="medusa_payments.W010",
        )


def _held_payments() -> Iterator[CheckMessage]:
    held = Payment._default_manager.filter(amount__gt=F("captured_amount") + F("released_amount"))
    for row in _stranded(held):
        yield Warning(
            f"{row['count']} payments of payment provider {row['provider_id']} hold money that isn't captured, and its "
            f"account '{row['provider_account']}' isn't configured.",
            hint="Configure it again, under any alias, until they are captured or canceled.",
            id="medusa_payments.W014",
        )


def _stranded(rows: QuerySet[Any]) -> list[dict[str, Any]]:
    accounts = {provider.account for provider in usable_providers()}
    counted = rows.values("provider_id", "provider_account").annotate(count=Count("pk"))
    return list(counted.exclude(provider_account__in=accounts).order_by("provider_id", "provider_account"))
