"""Forgetting customers: their accounts are closed at the providers, then what is known of them is erased here.

A forgotten row stays marked until that is done, so a provider that can't be reached only means that it is done later.
"""

import logging
from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from medusa_payments.core.accounts import account_calls, opening
from medusa_payments.core.base import locks
from medusa_payments.core.base import turns
from medusa_payments.core.base.stages import BATCH, StageReport
from medusa_payments.core.base.turns import LEASES
from medusa_payments.exceptions import InvalidData, PaymentsError
from medusa_payments.models import AccountHolder
from medusa_payments.providers.account_holders import DeleteAccountHolderRequest
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.queries.primary import primary

logger = logging.getLogger(__name__)

TURN = timedelta(minutes=10)
"""How long one process has a row for itself, and how long a provider that failed is left in peace."""


def mark_forgotten(customer_id: str) -> list[AccountHolder]:
    """Mark the accounts of a customer and return them. From now on the id is that of somebody new.

    Raises `InsideTransaction`.
    """
    with locks.durable_transaction():
        known = primary(AccountHolder).filter(customer_id=customer_id)
        ids = list(known.values_list("pk", flat=True)) if customer_id else []
        primary(AccountHolder).filter(pk__in=ids).update(customer_id=None, forgotten_at=Now(), updated_at=Now())
    return list(primary(AccountHolder).filter(pk__in=ids))


def erase_due(limit: int = BATCH, is_dry_run: bool = False) -> StageReport:
    """Erase what was marked and is nobody's turn."""
    due = _marked().filter(turns.is_free(LEASES))
    holders = list(due.order_by("forgotten_at")[:limit])
    notes = tuple(f"{holder.pk} is to be forgotten" for holder in holders) if is_dry_run else ()
    done = 0 if is_dry_run else sum(erase(holder) for holder in holders)
    return StageReport(name="forgetting", done=done, left=_marked().count(), notes=notes)


def erase(holder: AccountHolder) -> bool:
    """Close a marked account at its provider and erase the person here; say whether that is done.

    Never raises for what the provider does. An account whose provider isn't configured any more, or refuses to close
    it, is erased here alone.
    """
    if not _take(holder):
        return False
    provider = _provider_of(holder)
    try:
        if provider is not None:
            _close(provider, holder)
    except InvalidData as error:
        logger.warning("account holder %s is erased here alone: %s", holder.pk, type(error).__name__)
    except PaymentsError as error:
        logger.warning("account holder %s can't be closed now: %s", holder.pk, type(error).__name__)
        return False
    primary(AccountHolder).filter(pk=holder.pk).update(
        email=None,
        data={},
        metadata=None,
        request={},
        error_message="",
        erased_at=Now(),
        updated_at=Now(),
        **turns.let_go(LEASES),
    )
    return True


def _close(provider: PaymentProvider, holder: AccountHolder) -> None:
    ref = holder.external_id or _ref_of_what_was_sent(provider, holder)
    if ref:
        key = f"{holder.pk}-delete-{holder.fence}"
        request = DeleteAccountHolderRequest(idempotency_key=key, account_holder_ref=ref)
        account_calls.ask(provider, holder.pk, lambda: provider.delete_account_holder(request))


def _ref_of_what_was_sent(provider: PaymentProvider, holder: AccountHolder) -> str | None:
    """Return what an attempt opened whose outcome isn't known; None when nothing was opened.

    Raises `PaymentOutcomeUnknown` while what was sent may still arrive.
    """
    if not holder.is_sent:
        return None
    found = opening.find_at_provider(provider, holder)
    arrived = primary(AccountHolder).filter(pk=holder.pk, in_flight_until__lte=Now())
    if found is None and not arrived.exists():
        raise account_calls.outcome_unknown(provider, holder.pk)
    return found.account_holder_ref if found else None


def _provider_of(holder: AccountHolder) -> PaymentProvider | None:
    able = [provider for provider in account_calls.providers_of(holder) if provider.capabilities.has_account_holders]
    return able[0] if able else None


def _take(holder: AccountHolder) -> bool:
    """Take a marked row for one turn, unless a living process has it; read what it has become."""
    if not turns.take(_marked(), holder, LEASES, TURN):
        return False
    holder.refresh_from_db(from_queryset=primary(AccountHolder))
    return True


def _marked() -> QuerySet[AccountHolder]:
    return primary(AccountHolder).filter(forgotten_at__isnull=False, erased_at__isnull=True)
