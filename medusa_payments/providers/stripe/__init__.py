"""The Stripe provider: one class per service, `StripeProvider` for cards and all that Stripe chooses by itself.

The classes are looked up when they are first used, so that `configuration` can be imported by a settings module, and
without the `stripe` library.
"""

from importlib import import_module
from typing import Any

from medusa_payments.providers.stripe.configuration import SERVICES

_CLASS_NAMES = frozenset(service.class_name for service in SERVICES)


def __getattr__(name: str) -> Any:
    if name not in _CLASS_NAMES:
        raise AttributeError(name)
    return getattr(import_module("medusa_payments.providers.stripe.methods"), name)
