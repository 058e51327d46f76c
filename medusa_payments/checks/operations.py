"""Money at providers that can't be asked any more, or not for it: read from the database, so only on demand."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import DatabaseError, router
from django.db.models import Count, F, QuerySet

from medusa_payments.checks.accounts import usable_providers
from medusa_payments.checks.settings import TAG
from medusa_payments.models import Operation, Payment
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.facts import RetrieveRequest
from medusa_payments.states import OperationStatus


@register(TAG, deploy=True)
def check_accounts_of_keys(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.W025`: a key belongs to another account than the one whose payments are stored under its name.

    Reads the newest payments and asks their provider for them, so only with `--deploy`. None of them there: another
    account's key, or test data that was deleted.
    """
    try:
        return [message for provider in _asked_once() for message in _unknown_payments(provider)]
    except Exception:
        # No database where the deployment is built, or a provider that can't be asked now: neither tells about keys.
        return []


def _asked_once() -> Iterable[PaymentProvider]:
    return {
        provider.account: provider for provider in usable_providers() if provider.capabilities.can_retrieve
    }.values()


def _unknown_payments(provider: PaymentProvider) -> Iterator[CheckMessage]:
    newest = Payment._default_manager.filter(provider_account=provider.account).order_by("-created_at")[:_A_FEW]
    asked = [RetrieveRequest(session_id=each.payment_session_id, provider_ref=each.provider_ref) for each in newest]
    if asked and all(provider.retrieve(request) is None for request in asked):
        yield Warning(
            f"{provider.alias} knows none of the newest payments that are stored under its account "
            f"'{provider.account}': its key seems to belong to another one.",
            hint="Configure the key of the account that these payments were made with, or give this one a name of its "
            "own (OPTIONS['account']), so that both can be asked.",
            id="medusa_payments.W025",
        )


_A_FEW = 3


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
