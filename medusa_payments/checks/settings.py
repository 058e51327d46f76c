"""The keys of `MEDUSA_PAYMENTS` and what they name, and the one setting of Django's that payments depend on."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.utils.module_loading import import_string

from medusa_payments.conf import DEFAULTS, SETTING_NAME

TAG = "medusa_payments"
HOOKS = ("CART_RESOLVER", "ORDER_RESOLVER", "CUSTOMER_RESOLVER", "REGION_PROVIDERS")
AUTHENTICATION_KEYS = ("ADMIN_AUTHENTICATION_CLASSES", "STORE_AUTHENTICATION_CLASSES")
THROTTLE_KEYS = ("STORE_THROTTLE_CLASSES", "ADMIN_THROTTLE_CLASSES", "HOOKS_THROTTLE_CLASSES")


class Unusable(Exception):
    """What a setting names can't be used; the text says why."""


def configured(key: str) -> Any:
    """Return a key of `MEDUSA_PAYMENTS`, or its default; None where the whole setting is unusable."""
    setting = getattr(settings, SETTING_NAME, {})
    return setting.get(key, DEFAULTS[key]) if isinstance(setting, Mapping) else None


def imported(path: str) -> Any:
    """Return what a dotted path names. Raises `Unusable`, whatever the import raises."""
    try:
        return import_string(path)
    except ImportError as error:
        raise Unusable(f"'{path}' can't be imported: {error}") from error
    except Exception as error:
        raise Unusable(f"importing '{path}' raises {type(error).__name__}") from error


def unknown_keys(keys: Iterable[str], known: Iterable[str], owner: str) -> Iterator[CheckMessage]:
    """`medusa_payments.E001`: a key that this package doesn't know."""
    for key in sorted(set(map(str, keys)) - set(known)):
        yield Error(f"{owner} has an unknown key '{key}'.", hint=_suggestion(key, known), id="medusa_payments.E001")


def _suggestion(key: str, known: Iterable[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known keys: {', '.join(sorted(known))}."


@register(TAG)
def check_keys(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.E001`, and `medusa_payments.E002`: the setting isn't made the way it must be."""
    setting = getattr(settings, SETTING_NAME, {})
    if not isinstance(setting, Mapping):
        return [_malformed(SETTING_NAME, "a dictionary")]
    found = list(unknown_keys(setting, DEFAULTS, SETTING_NAME))
    if not isinstance(configured("PROVIDERS"), Mapping):
        found.append(_malformed(f"{SETTING_NAME}['PROVIDERS']", "a dictionary of provider ids and configurations"))
    found += [
        _malformed(f"{SETTING_NAME}['{key}']", "a list of dotted paths, or None")
        for key in AUTHENTICATION_KEYS
        if not isinstance(configured(key), list | tuple | None)
    ]
    found += [
        _malformed(f"{SETTING_NAME}['{key}']", "a list of dotted paths")
        for key in THROTTLE_KEYS
        if not isinstance(configured(key), list | tuple)
    ]
    return found


def _malformed(owner: str, expected: str) -> CheckMessage:
    return Error(f"{owner} must be {expected}.", hint="See docs/reference.md, Settings.", id="medusa_payments.E002")


@register(TAG)
def check_hooks(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.E003`: a hook that can't be imported or called."""
    return [
        Error(
            f"{SETTING_NAME}['{key}']: {reason}.",
            hint="Name a function by its dotted path, as in 'shop.payments.resolve_cart'.",
            id="medusa_payments.E003",
        )
        for key in HOOKS
        if (reason := _fault_of_hook(key))
    ]


def _fault_of_hook(key: str) -> str:
    hook = configured(key)
    try:
        hook = imported(hook) if isinstance(hook, str) else hook
    except Unusable as error:
        return str(error)
    accepted = (Mapping,) if key == "REGION_PROVIDERS" else ()
    return "" if hook is None or callable(hook) or isinstance(hook, accepted) else f"{hook!r} can't be called"


@register(TAG)
def check_authentication_classes(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.E004`: an authentication class that can't be imported, or is none."""
    return [
        Error(
            f"{SETTING_NAME}['{key}']: {reason}.",
            hint="Name REST framework authentication classes by their dotted paths.",
            id="medusa_payments.E004",
        )
        for key in AUTHENTICATION_KEYS
        if isinstance(configured(key), list | tuple)
        for entry in configured(key)
        if (reason := _fault_of_authentication_class(entry))
    ]


def _fault_of_authentication_class(entry: Any) -> str:
    try:
        named = imported(entry) if isinstance(entry, str) else entry
    except Unusable as error:
        return str(error)
    is_one = isinstance(named, type) and hasattr(named, "authenticate")
    return "" if is_one else f"{entry!r} is no authentication class"


@register(TAG)
def check_throttle_classes(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.E004`: a throttle class that can't be imported, is none, or has no rate."""
    return [
        Error(
            f"{SETTING_NAME}['{key}']: {reason}.",
            hint="Name REST framework throttle classes by their dotted paths, and their rates in "
            "REST_FRAMEWORK['DEFAULT_THROTTLE_RATES'].",
            id="medusa_payments.E004",
        )
        for key in THROTTLE_KEYS
        if isinstance(configured(key), list | tuple)
        for entry in configured(key)
        if (reason := _fault_of_throttle_class(entry))
    ]


def _fault_of_throttle_class(entry: Any) -> str:
    try:
        named = imported(entry) if isinstance(entry, str) else entry
    except Unusable as error:
        return str(error)
    if not (isinstance(named, type) and hasattr(named, "allow_request")):
        return f"{entry!r} is no throttle class"
    try:
        named()
    except Exception as error:
        # A rate that is missing or can't be read would be a 500 at every request.
        return f"{entry!r} can't be used: {error}"
    return ""


@register(TAG)
def check_cart_resolver(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.W001`: nobody says what a cart costs."""
    if configured("CART_RESOLVER") is not None:
        return []
    return [
        Warning(
            f"{SETTING_NAME} has no CART_RESOLVER: the store API can't make payment collections for carts.",
            hint="Name a function resolve_cart(cart_id, request) that returns a medusa_payments.carts.CartSnapshot.",
            id="medusa_payments.W001",
        )
    ]


@register(TAG)
def check_time_zone_support(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.E009`: `USE_TZ` is off."""
    if settings.USE_TZ:
        return []
    return [
        Error(
            "USE_TZ is off: leases and the times on the wire would shift with the server's time zone.",
            hint="Set USE_TZ = True.",
            id="medusa_payments.E009",
        )
    ]
