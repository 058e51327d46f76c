"""What storefronts can reach: providers that take no money beside those that do, and where customers are sent."""

from collections.abc import Mapping
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register

from medusa_payments.checks.accounts import usable_providers
from medusa_payments.checks.settings import TAG, configured
from medusa_payments.conf import SETTING_NAME
from medusa_payments.core.policy.urls import ALWAYS_URLS
from medusa_payments.providers.base import PaymentProvider

_OPENED = (
    "{owner} takes no money, and every shopper may choose it beside a provider that does: they would get goods for "
    "nothing."
)
_HINT = (
    "Take 'STOREFRONT': True away, or name it in REGION_PROVIDERS for the regions where it is meant. Where every "
    "shopper may pay by other means (cash on delivery), silence this check."
)


def open_beside_money() -> list[str]:
    """Return the aliases that take no money and are open to shoppers everywhere, beside one that takes money and is
    open to them, too.
    """
    usable = list(usable_providers())
    takes_money = [each for each in usable if each.capabilities.takes_outside_money and _key(each.alias) is not False]
    if not takes_money:
        return []
    return [each.alias for each in usable if not each.capabilities.takes_outside_money and _is_open(each.alias)]


def _is_open(alias: str) -> bool:
    """A function of the host's that names the regions' providers can't be asked for all regions."""
    regions = configured("REGION_PROVIDERS")
    lists = list(regions.values()) if isinstance(regions, Mapping) else []
    named_in = [isinstance(named, list | tuple | set | frozenset) and alias in named for named in lists]
    is_in_every_region = bool(lists) and all(named_in)
    return _key(alias) is True or (is_in_every_region and _key(alias) is not False)


def _key(alias: str) -> Any:
    configuration = configured("PROVIDERS")[alias]
    return configuration.get("STOREFRONT") if isinstance(configuration, Mapping) else None


def _owner(alias: str) -> str:
    return f"{SETTING_NAME}['PROVIDERS']['{alias}']"


@register(TAG)
def check_open_storefronts(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.W015`: shoppers may choose between paying and not paying."""
    return [
        Warning(_OPENED.format(owner=_owner(alias)), hint=_HINT, id="medusa_payments.W015")
        for alias in open_beside_money()
    ]


@register(TAG, deploy=True)
def check_deployed_storefronts(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.E012`: the same, in a shop that is about to be deployed."""
    return [
        Error(_OPENED.format(owner=_owner(alias)), hint=_HINT, id="medusa_payments.E012")
        for alias in open_beside_money()
    ]


@register(TAG)
def check_return_urls(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.W016`: a provider sends customers where a shopper says, and nobody said where that may be."""
    if configured("RETURN_URL_ORIGINS") is not None:
        return []
    takers = [provider.alias for provider in usable_providers() if _takes_urls(provider)]
    if not takers:
        return []
    return [
        Warning(
            f"{SETTING_NAME} has no RETURN_URL_ORIGINS, and {', '.join(takers)} send customers to the addresses that "
            "shoppers give: those of ALLOWED_HOSTS, CSRF_TRUSTED_ORIGINS and the CORS_ALLOWED_… settings are accepted.",
            hint="List your storefronts, as in ['https://shop.example'].",
            id="medusa_payments.W016",
        )
    ]


def _takes_urls(provider: PaymentProvider) -> bool:
    accepted = provider.client_data_keys
    urls = ALWAYS_URLS | provider.url_data_keys
    # A provider that takes whatever it gets doesn't send anybody anywhere unless it says so.
    return bool(provider.url_data_keys if accepted is None else accepted & urls)
