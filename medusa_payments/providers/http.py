"""For a provider's HTTP client: what an exception of `requests` or `httpx` says about the money.

Neither library is imported here: their exceptions are known by the names of their classes.
"""

from collections.abc import Iterator

from medusa_payments.providers.errors import ProviderOutcomeUnknown, ProviderUnavailable

NOT_SENT = "The payment provider can't be reached."
NO_ANSWER = "The payment provider gave no answer that says what it did."

_NOT_SENT = frozenset(
    {
        # No connection was made, so no byte of the request left.
        "requests.exceptions.ConnectTimeout",
        "requests.exceptions.MissingSchema",
        "requests.exceptions.InvalidSchema",
        "requests.exceptions.InvalidURL",
        "urllib3.exceptions.NewConnectionError",
        "urllib3.exceptions.NameResolutionError",
        "urllib3.exceptions.ConnectTimeoutError",
        "httpx.ConnectError",
        "httpx.ConnectTimeout",
        "httpx.UnsupportedProtocol",
        "httpx.InvalidURL",
        # It waited for a free connection of the client's own.
        "httpx.PoolTimeout",
        "urllib3.exceptions.EmptyPoolError",
        "builtins.ConnectionRefusedError",
        "socket.gaierror",
    }
)


def outcome_of(error: BaseException) -> ProviderUnavailable | ProviderOutcomeUnknown:
    """Return the provider error to raise for an exception of the HTTP client, from a single attempt at a request.

    `ProviderUnavailable` where no connection was made: refused, unknown host, connect timeout, no free connection in
    the client's pool. Anything else is `ProviderOutcomeUnknown`: a read timeout, a reset, an answer that breaks off.
    Not for a client that repeats requests by itself: the last attempt says nothing about the first.
    """
    is_unsent = any(_names(cause) & _NOT_SENT for cause in _causes(error))
    return ProviderUnavailable(NOT_SENT) if is_unsent else ProviderOutcomeUnknown(NO_ANSWER)


def _names(error: BaseException) -> set[str]:
    return {f"{base.__module__}.{base.__name__}" for base in type(error).__mro__}


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what it wraps: `requests` wraps those of urllib3, some as an argument or a `reason`."""
    reached: list[BaseException] = [error]
    for cause in reached:
        yield cause
        wrapped = (getattr(cause, "reason", None), *cause.args)
        reached += [inner for inner in wrapped if isinstance(inner, BaseException) and inner not in reached]
