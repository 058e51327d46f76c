"""Every call to a provider is made here: so many at a time, and what comes back is cleaned.

One account that hangs keeps at most `MAX_PROVIDER_CALLS` threads of a process. Callers beyond that are turned away at
once; nothing is sent for them. The worker, for whom nobody waits, leaves an account in peace after a call that hung.
"""

import logging
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TypeVar

from medusa_payments.conf import payments_settings
from medusa_payments.providers import cleaning
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.errors import ProviderDeclined, ProviderError, ProviderRejected, ProviderUnavailable

logger = logging.getLogger(__name__)

AnswerT = TypeVar("AnswerT")

HANGS_AFTER_SECONDS = 5.0
"""A call that took longer and brought no answer has hung."""

PEACE_SECONDS = 60.0
"""For how long the worker leaves an account in peace after a call that hung, unless one is answered meanwhile."""

_lock = Lock()
_under_way: Counter[str] = Counter()
_hung_at: dict[str, float] = {}
_nobody_waits: ContextVar[bool] = ContextVar("medusa_payments_nobody_waits", default=False)


class Busy(ProviderUnavailable):
    """Nothing was sent: too many calls to the account are under way in this process, or it hangs."""


def call(provider: PaymentProvider, verb: Callable[[], AnswerT]) -> AnswerT:
    """Make one call and return its answer, cleaned.

    Raises `Busy` at once where the account has no place left, and what the verb raises: a `ProviderError` with its
    message and code cleaned.
    """
    if provider.capabilities.is_local:
        # Nothing leaves the process, so nothing can hang.
        return _cleaned(verb)
    with _place(provider.account):
        started = time.monotonic()
        try:
            said = _cleaned(verb)
        except Exception as error:
            is_answer = isinstance(error, ProviderDeclined | ProviderRejected)
            _note(provider.account, hung=not is_answer and time.monotonic() - started >= HANGS_AFTER_SECONDS)
            raise
        _note(provider.account, hung=False)
        return said


def each(provider: PaymentProvider, listing: Callable[[], Iterator[AnswerT]]) -> Iterator[AnswerT]:
    """Yield what a provider lists, cleaned. A place is held while the next object is fetched, not in between."""
    found = iter(call(provider, listing))
    end = object()
    while (said := call(provider, lambda: next(found, end))) is not end:
        yield said  # type: ignore[misc]


def is_busy(provider: PaymentProvider) -> bool:
    """Return True if a call would be turned away now."""
    with _lock:
        return not provider.capabilities.is_local and not _has_place(provider.account)


@contextmanager
def nobody_waits() -> Iterator[None]:
    """Mark calls in this context as the worker's: they keep away from an account that hangs."""
    token = _nobody_waits.set(True)
    try:
        yield
    finally:
        _nobody_waits.reset(token)


def log_exception(what_failed: str, error: Exception) -> None:
    """Log an unexpected exception: its type and where it was raised, none of the values in its message."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s raised %s\n%s", what_failed, type(error).__name__, frames)


def _cleaned(verb: Callable[[], AnswerT]) -> AnswerT:
    try:
        return cleaning.answer(verb())
    except ProviderError as error:
        cleaning.clean_error(error)
        raise


@contextmanager
def _place(account: str) -> Iterator[None]:
    with _lock:
        if not _has_place(account):
            raise Busy("The payment provider is busy; nothing was sent.")
        _under_way[account] += 1
    try:
        yield
    finally:
        with _lock:
            _under_way[account] -= 1


def _has_place(account: str) -> bool:
    most: int | None = payments_settings.MAX_PROVIDER_CALLS
    is_full = most is not None and _under_way[account] >= most
    return not is_full and not (_nobody_waits.get() and _hangs(account))


def _hangs(account: str) -> bool:
    return account in _hung_at and time.monotonic() - _hung_at[account] < PEACE_SECONDS


def _note(account: str, *, hung: bool) -> None:
    with _lock:
        if hung:
            _hung_at[account] = time.monotonic()
        else:
            _hung_at.pop(account, None)
