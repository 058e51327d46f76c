"""Several providers in one shop: whether aliases that name one account mean one, and the other way round."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from django.core.checks import CheckMessage, Warning, register

from medusa_payments.checks.settings import TAG, configured
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.registry import providers


@register(TAG)
def check_accounts(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.W012` and `W013`: options and account of two aliases contradict each other."""
    telling = [provider for provider in usable_providers() if provider.account_digest]
    return [message for pair in combinations(telling, 2) for message in _contradictions(*pair)]


def usable_providers() -> Iterator[PaymentProvider]:
    """Yield the configured providers that can be made; `E002`, `E006` and `E007` are about the others."""
    configurations = configured("PROVIDERS")
    for alias in configurations if isinstance(configurations, Mapping) else ():
        try:
            provider = providers[alias]
        except Exception:  # noqa: S112
            continue
        if isinstance(provider, PaymentProvider):
            yield provider


def _contradictions(one: PaymentProvider, other: PaymentProvider) -> Iterator[CheckMessage]:
    says_the_same, is_the_same = one.account == other.account, one.account_digest == other.account_digest
    if says_the_same and not is_the_same:
        yield Warning(
            f"{one.alias} and {other.alias} say they are on one account ('{one.account}'), and their keys differ.",
            hint="Give each account a name of its own (OPTIONS['account']), else their payments get mixed up. "
            "While a key is rotated, configure the new one for all aliases of its account at once.",
            id="medusa_payments.W012",
        )
    if is_the_same and not says_the_same:
        yield Warning(
            f"{one.alias} and {other.alias} have the same key, and say they are on different accounts "
            f"('{one.account}', '{other.account}').",
            hint="Name the account alike for all aliases on it, else one payment could be counted twice.",
            id="medusa_payments.W013",
        )
