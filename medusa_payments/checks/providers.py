"""The configured payment providers: they exist, can be made, and are meant for where they run."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from medusa_payments.checks.settings import TAG, Unusable, configured, imported, unknown_keys
from medusa_payments.checks.storefronts import open_beside_money
from medusa_payments.conf import SETTING_NAME
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.registry import providers

TESTING_PACKAGE = "medusa_payments.testing."
_ALIAS = re.compile(r"pp_[A-Za-z0-9_-]{1,97}")
_LIVE_SECRET = re.compile(r"(sk|rk)_live_")
_WORD = re.compile(r"[^\s'\",:;()\[\]{}]{4,}")
_TELLING_LENGTH = 6


@register(TAG)
def check_providers(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.E005`, `E006` and `E007`: a provider's alias, backend and options."""
    return [
        message
        for alias, configuration in _configurations()
        for message in [*_faults_of_alias(alias), *_faults_of_configuration(alias, configuration)]
    ]


def _configurations() -> Iterable[tuple[Any, Any]]:
    configurations = configured("PROVIDERS")
    return configurations.items() if isinstance(configurations, Mapping) else ()


def _owner(alias: Any) -> str:
    return f"{SETTING_NAME}['PROVIDERS']['{alias}']"


def _faults_of_alias(alias: Any) -> Iterator[CheckMessage]:
    if not (isinstance(alias, str) and _ALIAS.fullmatch(alias)):
        yield Error(
            f"'{alias}' is no provider id.",
            hint="Clients know providers as pp_{identifier}_{id}: letters, digits, - and _, at most 100 in all.",
            id="medusa_payments.E005",
        )


def _faults_of_configuration(alias: Any, configuration: Any) -> Iterator[CheckMessage]:
    if isinstance(configuration, Mapping):
        yield from unknown_keys(configuration, ("BACKEND", "OPTIONS", "ON_EXPIRY", "STOREFRONT"), _owner(alias))
    try:
        _backend(configuration)
    except Unusable as error:
        yield Error(
            f"{_owner(alias)}: {error}.",
            hint="BACKEND is the dotted path of a medusa_payments.providers.base.PaymentProvider whose library is "
            "installed (for Stripe: pip install medusa-payments[stripe]).",
            id="medusa_payments.E006",
        )
        return
    yield from _faults_of_options(alias, configuration.get("OPTIONS"))


def _backend(configuration: Any) -> type[PaymentProvider]:
    """Return a provider's class. Raises `Unusable`."""
    if not (isinstance(configuration, Mapping) and isinstance(configuration.get("BACKEND"), str)):
        raise Unusable("it must be a dictionary with a BACKEND")
    backend = imported(configuration["BACKEND"])
    if not (isinstance(backend, type) and issubclass(backend, PaymentProvider)):
        raise Unusable(f"'{configuration['BACKEND']}' is no PaymentProvider")
    return backend


def _faults_of_options(alias: str, options: Any) -> Iterator[CheckMessage]:
    try:
        # Made as it will be used, so that what its constructor refuses is known now.
        _ = providers[alias]
    except Exception as error:
        cause = error.__cause__ if isinstance(error, ImproperlyConfigured) else error
        yield Error(
            f"{_owner(alias)} can't be used: {type(cause).__name__}: {_without_values(str(cause), options)}.",
            hint="Correct its OPTIONS. What the message may have quoted from them is left out (***).",
            id="medusa_payments.E007",
        )


def _without_values(text: str, options: Any) -> str:
    """Return a text without any word that shares a few characters in a row with an option's value: mostly secrets."""
    values = list(_texts(options))

    def is_quoted(word: str) -> bool:
        ends = range(_TELLING_LENGTH, max(_TELLING_LENGTH, len(word)) + 1)
        return any(word[end - _TELLING_LENGTH : end] in value for end in ends for value in values)

    return _WORD.sub(lambda match: "***" if is_quoted(match[0]) else match[0], text)


def _texts(options: Any) -> Iterator[str]:
    if isinstance(options, Mapping):
        options = options.values()
    elif not isinstance(options, list | tuple | set):
        yield str(options)
        return
    for option in options:
        yield from _texts(option)


@register(TAG)
def check_live_secrets(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.W005`: a developer's shop that moves real money."""
    if not settings.DEBUG:
        return []
    return [
        Warning(
            f"{_owner(alias)} has a live secret key while DEBUG is on: real money would move.",
            hint="Use the test key of the account (sk_test_…) outside production.",
            id="medusa_payments.W005",
        )
        for alias, configuration in _configurations()
        if any(map(_LIVE_SECRET.match, _texts(configuration)))
    ]


@register(TAG, deploy=True)
def check_fake_providers(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.W007`: a deployed shop whose customers only seem to pay."""
    if settings.DEBUG:
        return []
    return [
        Warning(
            f"{_owner(alias)} is a provider for tests: orders would be paid with nothing.",
            hint="Remove it from this deployment; where paying is played on purpose, silence this check.",
            id="medusa_payments.W007",
        )
        for alias, configuration in _configurations()
        if _is_for_tests(configuration) and alias not in open_beside_money()
    ]


def _is_for_tests(configuration: Any) -> bool:
    try:
        classes = _backend(configuration).__mro__
    except Unusable:
        return False
    return any(base.__module__.startswith(TESTING_PACKAGE) for base in classes)


@register(TAG)
def check_region_providers(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.E010` and `W008`: a region enables no list, or a provider that doesn't exist."""
    regions = configured("REGION_PROVIDERS")
    items = regions.items() if isinstance(regions, Mapping) else ()
    return [message for region_id, enabled in items for message in _faults_of_region(region_id, enabled)]


def _faults_of_region(region_id: Any, enabled: Any) -> Iterator[CheckMessage]:
    owner = f"{SETTING_NAME}['REGION_PROVIDERS']['{region_id}']"
    if not isinstance(enabled, list | tuple | set | frozenset):
        hint = "As in {'reg_eu': ['pp_system_default']}."
        yield Error(f"{owner} must be a list of provider ids.", hint=hint, id="medusa_payments.E010")
        return
    aliases = dict(_configurations()).keys()
    for alias in enabled:
        if alias not in aliases:
            yield Warning(
                f"{owner} enables '{alias}', which isn't configured.",
                hint=f"Configured providers: {', '.join(map(str, aliases)) or 'none'}.",
                id="medusa_payments.W008",
            )
