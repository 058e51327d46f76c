"""Opening a customer's account with a provider, once, whatever crashes, repeats or races.

Like an operation it is claimed and committed, called without a transaction, and settled; it belongs to no collection,
so the account holder's own row is the intent. An attempt whose outcome isn't known is repeated under its key at first;
later, when the provider may have forgotten that or keeps answering with the same failure, it is looked up there. Only
what is proven to have opened nothing is followed by another.
"""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from django.db import Error as DatabaseError
from django.db import IntegrityError
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from medusa_payments.core.accounts import account_calls
from medusa_payments.core.base import calls, leases, locks, turns, workers
from medusa_payments.core.base.turns import LEASES
from medusa_payments.customers import Customer
from medusa_payments.exceptions import (
    Conflict,
    InvalidData,
    NotAllowed,
    PaymentsError,
    ProviderNotReachable,
)
from medusa_payments.ids import new_id
from medusa_payments.models import AccountHolder
from medusa_payments.providers import cleaning
from medusa_payments.providers.account_holders import (
    AccountHolderResult,
    CreateAccountHolderRequest,
    FindAccountHolderRequest,
)
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.queries import account_holders as queries
from medusa_payments.queries.primary import primary

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 5
"""For how long others are told to come again while one opens the account. Then they go on without it."""

_SETTLED = timedelta(hours=1)
"""After how long a provider that looks accounts up in an index is sure to find one."""

_IDLE = turns.let_go(LEASES)
_NOTHING_SENT: dict[str, Any] = {**_IDLE, "request": {}, "sent_at": None, "in_flight_until": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An account that this process alone may open now. `is_resend`: somebody may have sent the request before.

    `asks_first`: the provider may have forgotten its key, or is sure to find by now what it opened. `has_arrived`: what
    was sent before has arrived by now, or never will. `leased_at` is this process's clock (seconds) just before the
    lease began.
    """

    holder: AccountHolder
    request: CreateAccountHolderRequest
    is_resend: bool
    asks_first: bool
    has_arrived: bool
    leased_at: float


def open_account(provider: PaymentProvider, customer: Customer) -> AccountHolder:
    """Return the customer's account, opened now where it wasn't yet.

    Raises `Conflict` (another request is opening it), `InvalidData` (the provider refused), `ProviderNotReachable`,
    `PaymentOutcomeUnknown`, `NotAllowed` (the customer was forgotten meanwhile), `InsideTransaction`.
    """
    earlier = queries.at(provider.account, customer.id)
    if earlier is not None and earlier.external_id is not None:
        return earlier
    claim = _insert(provider, customer) if earlier is None else _take_over(provider, customer, earlier)
    holder = _carry_out(provider, customer, claim) if isinstance(claim, Claim) else claim
    if holder.forgotten_at is not None:
        raise NotAllowed(f"The customer of {holder.pk} was forgotten.")
    return holder


def find_at_provider(provider: PaymentProvider, holder: AccountHolder) -> AccountHolderResult | None:
    """Ask the provider for the account that was opened for a row; None when there is none (any more).

    Raises `ProviderNotReachable` or `PaymentOutcomeUnknown` when it can't be asked now, `InvalidData` when it refuses.
    """
    request = FindAccountHolderRequest(
        account_holder_id=holder.pk, email=holder.email, account_holder_ref=holder.external_id
    )
    found = account_calls.ask(provider, holder.pk, lambda: provider.find_account_holder(request))
    return None if found is None else _usable(provider, holder, found)


def reopen_if_gone(provider: PaymentProvider, holder: AccountHolder) -> bool:
    """Have the next payment open another account where somebody has closed this one at the provider; say whether that
    is so. No-op when it is there, or the provider can't be asked.
    """
    known = primary(AccountHolder).filter(pk=holder.pk, external_id=holder.external_id)
    try:
        if not known.exists():
            return True  # Another request has seen to it.
        if find_at_provider(provider, holder) is not None:
            return False
    except PaymentsError:
        return False
    logger.warning("account holder %s is gone at %s", holder.pk, provider.alias)
    known.update(external_id=None, data={}, attempt=F("attempt") + 1, updated_at=Now())
    return True


def _insert(provider: PaymentProvider, customer: Customer) -> Claim | AccountHolder:
    leased_at = time.monotonic()
    request = _request_for(new_id("acchld"), 0, customer)
    try:
        with locks.durable_transaction():
            holder = primary(AccountHolder).create(
                id=request.account_holder_id,
                provider_id=provider.alias,
                provider_account=provider.account,
                customer_id=customer.id,
                email=customer.email,
                **leases.taken(provider),
                **_sending(provider, request),
            )
    except IntegrityError:
        return _take_over(provider, customer, _another_was_faster(provider, customer))
    return Claim(
        holder=holder, request=request, is_resend=False, asks_first=False, has_arrived=True, leased_at=leased_at
    )


def _another_was_faster(provider: PaymentProvider, customer: Customer) -> AccountHolder:
    holder = queries.at(provider.account, customer.id)
    if holder is None:
        raise NotAllowed(f"Customer {customer.id} is being forgotten.")
    return holder


def _take_over(provider: PaymentProvider, customer: Customer, earlier: AccountHolder) -> Claim | AccountHolder:
    """Claim an account that isn't open, or return it if it is by now.

    Raises `Conflict` while another request for it is in progress, `PaymentOutcomeUnknown` when that takes too long.
    """
    leased_at = time.monotonic()
    recently = timedelta(seconds=leases.lease_seconds(provider) - PATIENCE_SECONDS)
    row = (
        primary(AccountHolder)
        .annotate(
            is_leased=Q(lease_expires_at__gt=Now()),
            is_recent=Q(lease_expires_at__gt=Now() + recently),
            has_arrived=Q(in_flight_until__isnull=True) | Q(in_flight_until__lte=Now()),
            is_old=_is_old(provider),
        )
        .get(pk=earlier.pk)
    )
    if row.external_id is not None:
        return row
    if row.is_leased and not workers.is_gone(row.leased_by):
        raise _in_progress(row) if row.is_recent else account_calls.outcome_unknown(provider, row.pk)
    is_resend = row.is_sent
    asks_first = is_resend and (bool(row.is_old) or not row.request)
    request = _request_to_send(row, customer)
    values: dict[str, Any] = {"updated_at": Now()}
    if not is_resend:
        values |= {"email": customer.email, **_sending(provider, request)}
    elif not asks_first:
        values |= leases.sending(provider)
    with locks.durable_transaction():
        to_open = primary(AccountHolder).filter(external_id=None, forgotten_at=None)
        if not turns.take(to_open, row, LEASES, timedelta(seconds=leases.lease_seconds(provider)), **values):
            raise _in_progress(row)
    return Claim(
        holder=row,
        request=request,
        is_resend=is_resend,
        asks_first=asks_first,
        has_arrived=bool(row.has_arrived),
        leased_at=leased_at,
    )


def _carry_out(provider: PaymentProvider, customer: Customer, claim: Claim) -> AccountHolder:
    """Send a claimed request and settle it. A repeat that doesn't succeed is followed by a look: providers answer a key
    with the same failure again, whatever had become of the first request.
    """
    if claim.asks_first:
        return _found_or_opened_anew(provider, customer, claim)
    try:
        return _settle(provider, claim, _created(provider, claim))
    except PaymentsError as error:
        found = _found_after(error, provider, claim)
        if found is None:
            raise
    return _settle(provider, claim, found)


def _created(provider: PaymentProvider, claim: Claim) -> AccountHolderResult:
    """Send the request, unless half of its lease is gone already.

    An answer without a reference that can be kept is none: what it means isn't known.
    """
    if time.monotonic() - claim.leased_at > leases.lease_seconds(provider) / 2:
        logger.warning("account holder %s was claimed too long ago to be sent", claim.holder.pk)
        raise account_calls.not_reachable(provider)
    result = account_calls.ask(provider, claim.holder.pk, lambda: provider.create_account_holder(claim.request))
    return _usable(provider, claim.holder, result)


def _usable(provider: PaymentProvider, holder: AccountHolder, result: object) -> AccountHolderResult:
    if not isinstance(result, AccountHolderResult) or not cleaning.is_usable(result.account_holder_ref):
        logger.error("%s answered about %s with no usable reference", provider.alias, holder.pk)
        raise account_calls.outcome_unknown(provider, holder.pk)
    return result


def _found_after(error: PaymentsError, provider: PaymentProvider, claim: Claim) -> AccountHolderResult | None:
    """Return what an earlier sending opened, whatever a later one was answered with; None once the claim is let go."""
    if not claim.is_resend and isinstance(error, InvalidData):
        _give_up(claim, error.message)
        return None
    found = None
    if claim.is_resend:
        with suppress(PaymentsError):
            found = find_at_provider(provider, claim.holder)
    if found is None:
        _let_go(claim, is_sent=claim.is_resend or not isinstance(error, ProviderNotReachable))
    return found


def _found_or_opened_anew(provider: PaymentProvider, customer: Customer, claim: Claim) -> AccountHolder:
    """Sending it again could open a second account, or go on failing in the same way."""
    try:
        found = find_at_provider(provider, claim.holder)
        if found is None and not claim.has_arrived:
            raise account_calls.outcome_unknown(provider, claim.holder.pk)
    except PaymentsError:
        _let_go(claim, is_sent=True)
        raise
    if found is not None:
        return _settle(provider, claim, found)
    _give_up(claim, "The payment provider was asked and has no trace of it.")
    anew = _take_over(provider, customer, claim.holder)
    return _carry_out(provider, customer, anew) if isinstance(anew, Claim) else anew


def _settle(provider: PaymentProvider, claim: Claim, result: AccountHolderResult) -> AccountHolder:
    """Book what the provider opened, whoever has the row by now.

    Raises `PaymentOutcomeUnknown` for what can't be booked: the next attempt finds it again.
    """
    holder = claim.holder
    try:
        with locks.durable_transaction():
            primary(AccountHolder).filter(pk=holder.pk, external_id=None).update(
                external_id=result.account_holder_ref,
                data=dict(result.data),
                error_message="",
                updated_at=Now(),
                **_NOTHING_SENT,
            )
        settled = primary(AccountHolder).get(pk=holder.pk)
    except DatabaseError as error:
        calls.log_exception(f"account holder {holder.pk}: booking what was opened", error)
        locks.renew_connection()
        raise account_calls.outcome_unknown(provider, holder.pk) from error
    if settled.external_id != result.account_holder_ref:
        logger.error("account holder %s was opened twice at %s", holder.pk, provider.alias)
    return settled


def _give_up(claim: Claim, why: str) -> None:
    """Nothing was opened, for certain. The next attempt is a request of its own, under a key of its own."""
    _mine(claim).update(attempt=F("attempt") + 1, error_message=why, updated_at=Now(), **_NOTHING_SENT)


def _let_go(claim: Claim, *, is_sent: bool) -> None:
    """Leave it to the next caller, to find out what became of what was sent."""
    _mine(claim).update(updated_at=Now(), **(_IDLE if is_sent else _NOTHING_SENT))


def _mine(claim: Claim) -> QuerySet[AccountHolder]:
    return turns.held(primary(AccountHolder).filter(external_id=None), claim.holder, LEASES)


def _request_to_send(row: AccountHolder, customer: Customer) -> CreateAccountHolderRequest:
    """Return what was sent before, to the letter; a new request where nothing was, or it was erased."""
    if row.request:
        return msgspec.convert(row.request, CreateAccountHolderRequest)
    return _request_for(row.pk, row.attempt, customer)


def _request_for(account_holder_id: str, attempt: int, customer: Customer) -> CreateAccountHolderRequest:
    return CreateAccountHolderRequest(
        idempotency_key=f"{account_holder_id}-{attempt}" if attempt else account_holder_id,
        account_holder_id=account_holder_id,
        customer_id=customer.id,
        email=customer.email,
        name=customer.name,
        phone=customer.phone,
    )


def _sending(provider: PaymentProvider, request: CreateAccountHolderRequest) -> dict[str, Any]:
    return {"request": msgspec.to_builtins(request), "sent_at": Now(), **leases.sending(provider)}


def _is_old(provider: PaymentProvider) -> Q:
    """Say whether a request was first sent so long ago that looking for what it opened tells more than repeating it."""
    window = provider.capabilities.key_window_seconds
    may_be_forgotten = timedelta.max if window is None else timedelta(seconds=window) - leases.KEY_WINDOW_MARGIN
    return Q(sent_at__lte=Now() - min(may_be_forgotten, _SETTLED))


def _in_progress(holder: AccountHolder) -> Conflict:
    return Conflict(
        f"Another request is opening {holder.pk}.",
        details={"account_holder_id": holder.pk},
        retry_after=leases.IN_PROGRESS_RETRY_SECONDS,
    )
