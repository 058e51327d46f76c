"""What of a storefront's session data goes to Stripe."""

import re
from collections.abc import Mapping
from typing import Any

from medusa_payments.providers.base import RESERVED_DATA_KEYS
from medusa_payments.providers.errors import ProviderRejected

CLIENT_DATA_KEYS = frozenset(
    {
        "payment_description",
        "setup_future_usage",
        "payment_method_types",
        "payment_method_options",
        "payment_method_configuration",
        "automatic_payment_methods",
        "payment_method",
        "return_url",
    }
)
"""Of Medusa's list without `capture_method`, `metadata`, `confirm` and `off_session`, which only the server decides,
and without `payment_method_data`, which a browser gives to Stripe itself.
"""

URL_DATA_KEYS = frozenset({"return_url"})
"""Also within `payment_method_options`, where a bank's app is told where to come back to."""

_CHOOSING_KEYS = frozenset({"payment_method_types", "payment_method_configuration", "automatic_payment_methods"})
"""With these a storefront chooses among the ways to pay; a service that is one way accepts none of them."""

_ABOUT_CAPTURING = frozenset(
    {
        "request_multicapture",
        "request_overcapture",
        "request_extended_authorization",
        "request_incremental_authorization",
    }
)
"""Parts of `payment_method_options` that decide how much is captured, and when: not the storefront's business."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+")
"""Names are sent as `options[card][name]`: one with brackets of its own would say more than it seems to."""


def check(data: Mapping[str, Any], *, alias: str, is_one_way: bool) -> None:
    """Raise `ProviderRejected` for data whose names or options, however deep, aren't the storefront's business.

    `is_one_way`: there is nothing to choose among the ways to pay.
    """
    names_within = _nested_keys(data)
    forbidden = names_within & (RESERVED_DATA_KEYS | _ABOUT_CAPTURING)
    forbidden |= {name for name in names_within if not _PLAIN_NAME.fullmatch(name)}
    if is_one_way:
        forbidden |= data.keys() & _CHOOSING_KEYS
    if forbidden:
        names = ", ".join(sorted(forbidden))
        raise ProviderRejected(f"Payment provider {alias} doesn't accept these data keys: '{names}'")
    options = data.get("payment_method_options", {})
    if not (isinstance(options, Mapping) and all(isinstance(values, Mapping) for values in options.values())):
        raise ProviderRejected("payment_method_options must hold an object for each type of payment method.")


def _nested_keys(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return {str(key) for key in value}.union(*map(_nested_keys, value.values()))
    if isinstance(value, list | tuple):
        return set().union(*map(_nested_keys, value))
    return set()
