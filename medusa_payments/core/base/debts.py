"""Answers that callers of captures and refunds without a key are owed: written down, and paid when they were given."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models.functions import Now

from medusa_payments.core.policy.retries import Owed
from medusa_payments.models import Debt
from medusa_payments.queries.primary import primary

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Undelivered:
    """Debts whose answers are in a response that isn't delivered yet, each with the error that it says, if any.

    `began_at`: when the request came in, by this process's clock (seconds).
    """

    debts: list[tuple[int, Exception | None]] = field(default_factory=list)
    began_at: float = field(default_factory=time.monotonic)

    def only_of(self, error: Exception) -> None:
        """Forget what a response that says this error doesn't tell."""
        told = {error, error.__cause__}
        self.debts = [(debt, said) for debt, said in self.debts if said is not None and said in told]

    def pay(self) -> None:
        """Record that the response was delivered. Never raises."""
        for debt, _ in self.debts:
            pay(debt)
        self.debts = []


_undelivered: ContextVar[Undelivered | None] = ContextVar("medusa_payments_undelivered", default=None)


@contextmanager
def paid_by_response() -> Iterator[Undelivered]:
    """A block whose callers are answered by a response: what they are owed is paid when that was delivered."""
    undelivered = Undelivered()
    token = _undelivered.set(undelivered)
    try:
        yield undelivered
    finally:
        _undelivered.reset(token)


@contextmanager
def paid_on_return() -> Iterator[None]:
    """A block of the host's own code inside a request: its calls of services are answered when they return."""
    token = _undelivered.set(None)
    try:
        yield
    finally:
        _undelivered.reset(token)


def came_at() -> float:
    """Return when the request came in that is being answered, by this process's clock (seconds): now for who calls from
    Python.
    """
    undelivered = _undelivered.get()
    return undelivered.began_at if undelivered else time.monotonic()


def of(operation_ids: Sequence[str]) -> dict[str, tuple[Owed, ...]]:
    """Return the debts of operations, by operation, in the order in which they were incurred."""
    found: dict[str, tuple[Owed, ...]] = {}
    if operation_ids:
        for debt in primary(Debt).filter(operation__in=operation_ids).order_by("id"):
            owed = Owed(
                id=debt.pk,
                who=debt.who,
                incurred_at=debt.incurred_at,
                back_at=debt.back_at,
                handed_at=debt.handed_at,
                paid_at=debt.paid_at,
                is_doubtful=debt.is_doubtful,
            )
            found[debt.operation_id] = (*found.get(debt.operation_id, ()), owed)
    return found


def incur(operation_id: str, who: str, *, wait_seconds: int | None = None, is_paid: bool = False) -> int:
    """Write down that `who` is owed an operation's outcome; one who is sent away is to wait for so long."""
    debt = primary(Debt).create(
        operation_id=operation_id,
        who=who,
        back_at=None if wait_seconds is None else Now() + timedelta(seconds=wait_seconds),
        paid_at=Now() if is_paid else None,
    )
    return int(debt.pk)


def hand_out(debt_id: int) -> int:
    """Let a debt be the last that the next caller of the same name is given: this one is being answered."""
    primary(Debt).filter(pk=debt_id).update(handed_at=Now())
    return debt_id


def doubt(debt_id: int) -> None:
    """Record that a caller of that name was sent away once more."""
    primary(Debt).filter(pk=debt_id).update(is_doubtful=True)


def given(debt_id: int, error: Exception | None = None) -> None:
    """Record that the answer was given, as a result or as an error: now, or when the response was delivered."""
    undelivered = _undelivered.get()
    if undelivered is None:
        pay(debt_id)
    else:
        undelivered.debts.append((debt_id, error))


def pay(debt_id: int) -> None:
    """Record that the answer was given. Never raises: the answer stands, and is given once more when in doubt."""
    try:
        primary(Debt).filter(pk=debt_id, paid_at=None).update(paid_at=Now())
    except Exception as error:
        logger.warning("debt %s could not be recorded as paid: %s", debt_id, type(error).__name__)
