"""Every point of a piece of work at which a process can die: around each statement, commit and provider call.

Points are numbered in the order in which they are passed. Work that begins from the same rows passes the same points,
so a number taken from one run means the same moment in the next.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.db import connection

from medusa_payments.providers.stripe.client import StripeConnection
from medusa_payments.testing.fake_ledger import FakeLedger
from medusa_payments.testing.fake_provider import FakeProvider
from medusa_payments.testing.stripe_twin.store import Store

Passed = Callable[[str], None]

FOR_GOOD = ", for good"
AFTER_COMMIT = "after commit"
AFTER_EFFECT = "after the provider's effect"


def leaves_a_mark(name: str) -> bool:
    """Say whether the shop's books or the provider's are others after a point than they were before it."""
    return name in {AFTER_COMMIT, AFTER_EFFECT} or name.endswith(FOR_GOOD)


class Recorder:
    """Writes down which points are passed."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, name: str) -> None:
        self.names.append(name)


class Killer:
    """Kills this process at a point: no handler, no cleaning up, no answer."""

    def __init__(self, number: int) -> None:
        self._left = number

    def __call__(self, name: str) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


@contextmanager
def watched(passed: Passed) -> Iterator[None]:
    """Have all points of what runs inside reported as they are passed."""

    def around_statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        name = " ".join(sql.split()[:3])
        passed(f"before {name}")
        result = execute(sql, params, many, context)
        is_for_good = not connection.in_atomic_block and not name.startswith("SELECT")
        passed(f"after {name}{FOR_GOOD if is_for_good else ''}")
        return result

    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        stack.enter_context(connection.execute_wrapper(around_statement))
        patch.setattr(connection, "_commit", _around(connection._commit, passed, "commit"))
        callers = [(FakeProvider, verb) for verb in ("_call", "retrieve", "find_account_holder")]
        for caller, name in (*callers, (StripeConnection, "send")):
            patch.setattr(caller, name, _around(getattr(caller, name), passed, f"provider {name}"))
        patch.setattr(FakeLedger, "transaction", _around_block(FakeLedger.transaction, passed))
        patch.setattr(Store, "transaction", _around_block(Store.transaction, passed))
        yield


def _around(call: Callable[..., Any], passed: Passed, name: str) -> Callable[..., Any]:
    def wrapped(*args: Any, **options: Any) -> Any:
        passed(f"before {name}")
        result = call(*args, **options)
        passed(f"after {name}")
        return result

    return wrapped


def _around_block(block: Callable[..., Any], passed: Passed) -> Callable[..., Any]:
    """The end of the provider's own transaction is the moment between its effect and its answer."""

    @contextmanager
    def wrapped(*args: Any) -> Iterator[Any]:
        with block(*args) as books:
            yield books
        passed(AFTER_EFFECT)

    return wrapped
