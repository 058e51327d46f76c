"""The providers that can be paid with."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

from medusa_payments.carts import providers_of_region
from medusa_payments.providers.registry import providers


@dataclass(frozen=True, slots=True)
class ConfiguredProvider:
    """A provider of `MEDUSA_PAYMENTS["PROVIDERS"]`. Being configured enables it."""

    id: str
    is_enabled: bool = True


def configured() -> list[ConfiguredProvider]:
    """Return all configured providers."""
    return _rows(providers)


def of_region(region_id: str) -> list[ConfiguredProvider]:
    """Return the configured providers that the host enables in a region: all where it doesn't restrict them."""
    enabled = providers_of_region(region_id)
    return configured() if enabled is None else _rows(alias for alias in providers if alias in enabled)


def nameable_in(region_id: str) -> list[str]:
    """Return the ids of the providers that a client can name in a region; "" is none.

    Those that are enabled there come first, then those that take no money: they serve an amount of 0 everywhere.
    """
    enabled = of_region(region_id) if region_id else configured()
    ids = [provider.id for provider in enabled]
    return ids + [alias for alias in providers if alias not in ids and _takes_no_money(alias)]


def _takes_no_money(alias: str) -> bool:
    try:
        return not providers[alias].capabilities.takes_outside_money
    except ImproperlyConfigured:
        return False


def _rows(aliases: Iterable[str]) -> list[ConfiguredProvider]:
    return [ConfiguredProvider(alias) for alias in aliases]
