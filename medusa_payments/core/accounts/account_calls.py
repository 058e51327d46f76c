"""Calls to a provider about a customer's account. None moves money; no transaction is open and no lock is held."""

from collections.abc import Callable
from typing import TypeVar

from medusa_payments.core.base import calls, leases
from medusa_payments.exceptions import InvalidData, PaymentOutcomeUnknown, ProviderNotReachable, RejectedByProvider
from medusa_payments.models import AccountHolder
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.errors import ProviderDeclined, ProviderError, ProviderRejected, ProviderUnavailable
from medusa_payments.providers.registry import providers

ResultT = TypeVar("ResultT")

RETRY_SECONDS = 5


def ask(provider: PaymentProvider, about: str, call: Callable[[], ResultT]) -> ResultT:
    """Make one call and return its answer, cleaned; `about` is the id of what it is about, for messages and the log.

    Raises `InvalidData` (the provider refused and nothing was done; `RejectedByProvider` when it spoke to developers),
    `ProviderNotReachable` (nothing was sent) or `PaymentOutcomeUnknown` (anything else: the same call may be made
    again).
    """
    try:
        return calls.call(provider, call)
    except ProviderDeclined as error:
        raise InvalidData(error.message, code=error.code) from error
    except ProviderRejected as error:
        raise RejectedByProvider(error.message, code=error.code) from error
    except ProviderUnavailable as error:
        raise not_reachable(provider) from error
    except ProviderError as error:
        raise outcome_unknown(provider, about) from error
    except Exception as error:
        calls.log_exception(f"{about}: call of {provider.alias}", error)
        raise outcome_unknown(provider, about) from error


def not_reachable(provider: PaymentProvider) -> ProviderNotReachable:
    """Return the error that says: nothing was sent."""
    return ProviderNotReachable(
        f"Payment provider {provider.alias} can't be reached; nothing was done. Try again later.",
        retry_after=RETRY_SECONDS,
    )


def outcome_unknown(provider: PaymentProvider, about: str) -> PaymentOutcomeUnknown:
    """Return the error that says: it may have been done; the same request finds out."""
    return PaymentOutcomeUnknown(
        f"Payment provider {provider.alias} did not answer about {about}. No money moved. Repeat the same request to "
        "find out; nothing will be done twice.",
        retry_after=leases.UNKNOWN_RETRY_SECONDS,
    )


def providers_of(holder: AccountHolder) -> list[PaymentProvider]:
    """Return the configured providers on an account holder's account; the one it was opened through comes first.

    One that can't be made is left out, whatever its account: a typo in its settings is its own.
    """
    on_account = providers.on_account(holder.provider_account)
    return sorted(on_account, key=lambda provider: provider.alias != holder.provider_id)
