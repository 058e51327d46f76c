"""The options of a Stripe provider: `MEDUSA_PAYMENTS["PROVIDERS"][alias]["OPTIONS"]`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_SECRET_KEY = re.compile(r"(?:sk|rk)_(live|test)_\w+")

_ORGANIZATION_KEY = re.compile(r"(?:sk|rk)_org_\w+")
"""Opens all accounts of an organization, and says with each request which is meant; ours don't."""
_CAMEL_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeOptions:
    """What is configured. Its repr holds no secret.

    `account` names the Stripe account: the same for all aliases on it, and the same after its key was rotated.
    `environment` tells shops apart that share an account: events of another one are foreign.
    `timeout` is in seconds for one attempt at one request, of which there are up to 1 + `max_network_retries`; for a
    request that a customer waits for it is `waiting_timeout`, and there are two attempts at most.
    `http_client` is a `stripe.HTTPClient`, something that returns one, or a dotted path of either.
    """

    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    account: str = "stripe"
    environment: str = ""
    publishable_key: str = ""
    capture: bool = False
    multicapture: bool = False
    automatic_payment_methods: bool = False
    payment_method_configuration: str = ""
    payment_description: str = ""
    oxxo_expires_days: int = 3
    async_payment_method_types: tuple[str, ...] | None = None
    max_network_retries: int = 2
    timeout: float = 10
    waiting_timeout: float = 6
    api_base: str = ""
    http_client: Any = field(default=None, repr=False)

    @property
    def is_live(self) -> bool:
        return _mode(self.api_key) == "live"

    @property
    def account_name(self) -> str:
        """The account and its mode: test money and real money never mix."""
        return f"{self.account}:{_mode(self.api_key)}"


def read_options(options: Mapping[str, Any]) -> StripeOptions:
    """Read options in snake_case, or in Medusa's camelCase.

    Raises `ValueError` naming the options that are unknown, missing or wrong, never their values.
    """
    named = {_CAMEL_HUMP.sub("_", name).lower(): value for name, value in options.items()}
    unknown = named.keys() - _READERS.keys()
    if unknown:
        raise ValueError(f"unknown options: {', '.join(sorted(unknown))}")
    if not named.get("api_key"):
        raise ValueError("the option api_key is missing")
    read = {_FIELDS.get(name, name): _read(name, value) for name, value in named.items() if value is not None}
    return StripeOptions(**read)


def _read(name: str, value: Any) -> Any:
    try:
        return _READERS[name](value)
    except (TypeError, ValueError) as error:
        # The error that says why may quote the value.
        raise ValueError(f"the option {name} is wrong: it must be {error.args[0] if error.args else 'right'}") from None


def _mode(api_key: str) -> str:
    match = _SECRET_KEY.fullmatch(api_key)
    return match[1] if match else ""


def _secret_key(value: Any) -> str:
    if isinstance(value, str) and _ORGANIZATION_KEY.fullmatch(value):
        raise ValueError("a key of one account, not of an organization")
    if not (isinstance(value, str) and _mode(value)):
        raise ValueError("a secret or restricted key (sk_test_…, sk_live_…, rk_test_…, rk_live_…)")
    return value


def _publishable_key(value: Any) -> str:
    if not (isinstance(value, str) and value.startswith("pk_")):
        raise ValueError("a publishable key (pk_test_…, pk_live_…)")
    return value


def _secrets(value: Any) -> tuple[str, ...]:
    secrets = [value] if isinstance(value, str) else value
    if not (isinstance(secrets, Sequence) and all(isinstance(secret, str) and secret.strip() for secret in secrets)):
        raise ValueError("a signing secret, or a list of them")
    return tuple(secrets)


def _name(value: Any) -> str:
    if not (isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.-]{0,64}", value)):
        raise ValueError("a name of up to 64 letters, digits, '-', '_' and '.'")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("True or False")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(entry, str) for entry in value):
        raise ValueError("a list of texts")
    return tuple(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 30:
        raise ValueError("a whole number from 0 to 30")
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 120:
        raise ValueError("a number of seconds, up to 120")
    return value


def _anything(value: Any) -> Any:
    return value


_FIELDS = {"webhook_secret": "webhook_secrets"}

_READERS: dict[str, Callable[[Any], Any]] = {
    "api_key": _secret_key,
    "webhook_secret": _secrets,
    "account": _name,
    "environment": _name,
    "publishable_key": _publishable_key,
    "capture": _truth,
    "multicapture": _truth,
    "automatic_payment_methods": _truth,
    "payment_method_configuration": _text,
    "payment_description": _text,
    "oxxo_expires_days": _count,
    "async_payment_method_types": _texts,
    "max_network_retries": _count,
    "timeout": _seconds,
    "waiting_timeout": _seconds,
    "api_base": _text,
    "http_client": _anything,
}
