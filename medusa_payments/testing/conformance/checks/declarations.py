"""What a provider says about itself: the core trusts it, so it must be true in both directions."""

import math

from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.types import Capabilities
from medusa_payments.testing.conformance.desk import Desk
from medusa_payments.testing.conformance.expectations import describe, expect
from medusa_payments.testing.conformance.rules import rule

_METHODS = {
    "supports_update": ("update",),
    "can_retrieve": ("retrieve",),
    "can_list": ("list_payments",),
    "has_webhooks": ("read_webhook",),
    "has_account_holders": ("create_account_holder", "find_account_holder", "delete_account_holder"),
    "has_saved_methods": ("list_payment_methods", "save_payment_method", "delete_payment_method"),
}

_BUILDS_ON = (
    ("finds_by_session", "can_retrieve"),
    ("reports_keys", "can_retrieve"),
    ("has_saved_methods", "has_account_holders"),
    ("supports_multiple_captures", "supports_partial_capture"),
    ("has_unsigned_webhooks", "has_webhooks"),
    ("has_unsigned_webhooks", "can_retrieve"),
)


@rule(
    "DEC-01",
    "`capabilities` is a `Capabilities`, the same at every read, and doesn't contradict itself.",
    change="Set it once, as a class attribute or in `__init__`; declare what a capability builds on, too.",
    stake="The core decides by it whether a lost payment may be sent again: a wrong word pays twice.",
)
def capabilities_are_consistent(desk: Desk) -> None:
    capabilities = desk.provider.capabilities
    expect(isinstance(capabilities, Capabilities), f"capabilities is {describe(capabilities)}")
    expect(desk.provider.capabilities == capabilities, "two reads differ")
    for name, base in _BUILDS_ON:
        expect(not getattr(capabilities, name) or getattr(capabilities, base), f"{name} without {base}")
    window = capabilities.key_window_seconds
    expect(window is None or (type(window) is int and window >= 0), f"key_window_seconds is {describe(window)}")


@rule(
    "DEC-02",
    "What is declared exists: a capability's methods are the provider's own.",
    change="Write the method, or take the capability back.",
    stake="Recovery would rely on a read that raises `NotImplementedError`, and wait for a person.",
)
def what_is_declared_exists(desk: Desk) -> None:
    missing = [method for name in _METHODS if _declares(desk, name) for method in _missing(desk, name)]
    expect(not missing, f"declared and not written: {', '.join(missing)}")


@rule(
    "DEC-03",
    "A provider behind which nobody counts money says that it is local.",
    change="Declare `is_local` if its verbs touch nothing outside the process; else let it refuse what it can't cover.",
    stake="Limits that neither side checks let a shop refund money that it never got.",
)
def who_keeps_no_books_is_local(desk: Desk) -> None:
    expect(desk.bench.keeps_books or desk.provider.capabilities.is_local, "it keeps no books and isn't local")


@rule(
    "DEC-04",
    "`timeout_seconds` is a positive number of seconds, `waiting_timeout_seconds` no larger one, `api_version` a text.",
    change="Set `timeout_seconds` to the longest that one verb can take, its own retries included.",
    stake="How long one process has an operation for itself is derived from it: too short, and two send at once.",
)
def says_how_long_it_may_take(desk: Desk) -> None:
    seconds, waiting = desk.provider.timeout_seconds, desk.provider.waiting_timeout_seconds
    expect(_is_duration(seconds), f"timeout_seconds is {describe(seconds)}")
    is_shorter = waiting is None or (_is_duration(waiting) and waiting <= seconds)
    expect(is_shorter, f"waiting_timeout_seconds is {describe(waiting)}, timeout_seconds {describe(seconds)}")
    expect(isinstance(desk.provider.api_version, str), f"api_version is {describe(desk.provider.api_version)}")


@rule(
    "DEC-05",
    "What works is declared.",
    change="Declare the capability: the core never uses what isn't.",
    stake="Without it a lost answer may need a person where the provider could have told.",
)
def what_works_is_declared(desk: Desk) -> None:
    for name in _METHODS:
        if not _declares(desk, name) and not _missing(desk, name):
            desk.note(f"has the methods of {name} and doesn't declare it")


def _is_duration(seconds: object) -> bool:
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and math.isfinite(seconds) and seconds > 0


def _declares(desk: Desk, name: str) -> bool:
    return bool(getattr(desk.provider.capabilities, name))


def _missing(desk: Desk, name: str) -> list[str]:
    own = type(desk.provider)
    return [method for method in _METHODS[name] if getattr(own, method) is getattr(PaymentProvider, method)]
