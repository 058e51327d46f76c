"""What the plain keys hold: policies, numbers and switches.

The database or the worker would refuse a wrong one, for every customer or at night.
"""

from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from medusa_payments.checks.settings import TAG, configured
from medusa_payments.conf import SETTING_NAME
from medusa_payments.core.policy.urls import is_exact_origin, is_origin
from medusa_payments.states import ExpiryPolicy, UndoPolicy

LARGEST_NUMBER = 10**9
"""More seconds or days than this, and no date is left to count to."""


_Expected = tuple[Callable[[Any], bool], str]
"""Whether a value is fine, and what people are told that it must be."""


def _is_number(value: Any, least: int = 0) -> bool:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and isfinite(value) and least <= value <= LARGEST_NUMBER


def _one_of(policies: type[UndoPolicy] | type[ExpiryPolicy]) -> _Expected:
    values = [policy.value for policy in policies]
    return lambda value: value in values, f"one of {', '.join(map(repr, values))}"


def _is_count(value: Any) -> bool:
    return value is None or (type(value) is int and _is_number(value, 1))


def _are_origins(value: Any) -> bool:
    listed = [value] if isinstance(value, str) else value
    return value is None or (isinstance(listed, list | tuple | set | frozenset) and all(map(is_origin, listed)))


def _are_exact_origins(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset) and all(map(is_exact_origin, value))


_COUNT = (_is_count, "a whole number, at least 1, or None")
_SECONDS = (_is_number, "a number of seconds")
_OF_PROVIDERS: dict[str, _Expected] = {
    "ON_EXPIRY": _one_of(ExpiryPolicy),
    "STOREFRONT": (lambda value: isinstance(value, bool), "True or False"),
}
_EXPECTED: dict[str, _Expected] = {
    "ON_FAILURE": _one_of(UndoPolicy),
    "SPLIT_ON_FAILURE": _one_of(UndoPolicy),
    "SPLIT_RESOLVE_SECONDS": _SECONDS,
    "EXPIRY_WARNING_SECONDS": _SECONDS,
    "EVIDENCE_WARNING_SECONDS": _SECONDS,
    "POLL_SESSIONS_AFTER_SECONDS": _SECONDS,
    "POSSIBLE_REPEAT_SECONDS": _SECONDS,
    "EVENT_ATTEMPTS": (lambda value: _is_number(value, 1), "a number, at least 1"),
    "RETENTION_DAYS": (lambda value: value is None or _is_number(value), "a number of days, or None"),
    "MAX_PROVIDER_CALLS": (
        lambda value: value is None or (type(value) is int and _is_number(value, 1)),
        "a whole number, at least 1, or None",
    ),
    "MAX_PROVIDER_OBJECTS_PER_COLLECTION": _COUNT,
    "MAX_FAILED_AUTHORIZATIONS_PER_HOUR": _COUNT,
    "RETURN_URL_ORIGINS": (
        _are_origins,
        "a list of origins ('https://shop.example', 'https://*.shop.example', 'myapp://'), '*', or None",
    ),
    "ADMIN_COOKIE_ORIGINS": (
        _are_exact_origins,
        "a list of origins as browsers send them ('https://dashboard.example', 'http://localhost:9000')",
    ),
    "WEBHOOK_MAX_BYTES": (lambda value: type(value) is int and _is_number(value, 1), "a whole number of bytes"),
    "REQUIRE_IDEMPOTENCY_KEY_FOR_REFUNDS": (lambda value: isinstance(value, bool), "True or False"),
}


@register(TAG)
def check_values(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.E011`: a key holds what can't be used."""
    return [
        Error(
            f"{owner} must be {expected}, not {value!r}.",
            hint="See docs/reference.md, Settings. What comes from the environment is text until it is converted.",
            id="medusa_payments.E011",
        )
        for owner, value, (is_fine, expected) in _values()
        if not is_fine(value)
    ]


def _values() -> Iterator[tuple[str, Any, _Expected]]:
    """Yield the name and the value of each key that is set, and what is expected of it."""
    setting = getattr(settings, SETTING_NAME, {})
    for key in _EXPECTED.keys() & setting.keys() if isinstance(setting, Mapping) else ():
        yield f"{SETTING_NAME}['{key}']", setting[key], _EXPECTED[key]
    providers = configured("PROVIDERS")
    for alias, configuration in providers.items() if isinstance(providers, Mapping) else ():
        for key, expected in _OF_PROVIDERS.items() if isinstance(configuration, Mapping) else ():
            if key in configuration:
                yield f"{SETTING_NAME}['PROVIDERS']['{alias}']['{key}']", configuration[key], expected
