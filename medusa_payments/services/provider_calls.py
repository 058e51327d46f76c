"""One call to a provider, turned into what is known about the money.

No transaction is open and no lock is held, but for a provider that declares itself local: that one is called inside the
reserving transaction, in a savepoint.
"""

import logging
import time
import traceback
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from medusa_payments.models import Operation
from medusa_payments.money import MAX_MINOR_UNITS, Money
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.providers.types import (
    CancelResult,
    CaptureResult,
    ProviderResult,
    RefundResult,
    SessionResult,
)
from medusa_payments.services import locks, operations
from medusa_payments.states import OperationKind, RefusalKind

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

_RESULT_TYPES: dict[OperationKind, type[ProviderResult]] = {
    OperationKind.INITIATE: SessionResult,
    OperationKind.UPDATE: SessionResult,
    OperationKind.AUTHORIZE: SessionResult,
    OperationKind.CAPTURE: CaptureResult,
    OperationKind.REFUND: RefundResult,
    OperationKind.CANCEL: CancelResult,
}

_LONGEST_TEXT = 255
"""What the columns for references and codes hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    result: ProviderResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider said no; nothing moved."""

    refusal: RefusalKind
    message: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotExecuted:
    """Proven: nothing was sent."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    message: str


Outcome = Succeeded | Refused | NotExecuted | Unknown

_last_sent: ContextVar[Operation | None] = ContextVar("last_sent", default=None)


def last_sent() -> Operation | None:
    """Return the operation that this thread sent last to a provider which isn't local."""
    return _last_sent.get()


def send(provider: PaymentProvider, reservation: operations.Reservation) -> Outcome:
    """Send a reserved request, unless half of its lease is gone already, and say what is known afterwards.

    On a resend only a success or a decline is an answer about this operation; everything else leaves it unknown.
    """
    operation = reservation.operation
    if time.monotonic() - reservation.leased_at > operations.lease_seconds(provider) / 2:
        logger.warning("operation %s was reserved too long ago to be sent", operation.pk)
        outcome: Outcome = NotExecuted(message="The database was too slow to reserve the payment in time.")
    else:
        outcome = _call(provider, operation)
    if reservation.is_resend and not _is_answer_to_a_resend(outcome):
        return Unknown(message=getattr(outcome, "message", ""))
    return outcome


def log_exception(what_failed: str, error: Exception) -> None:
    """Log an exception nobody expected: its type and where it was raised, none of the values in its message."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s raised %s\n%s", what_failed, type(error).__name__, frames)


def _call(provider: PaymentProvider, operation: Operation) -> Outcome:
    kind = OperationKind(operation.kind)
    verb: Callable[[Any], ProviderResult] = getattr(provider, kind.value)
    if not provider.capabilities.is_local:
        _last_sent.set(operation)
    try:
        with locks.undone_when_it_raises() if provider.capabilities.is_local else nullcontext():
            result = verb(operations.request_of(operation))
        misfit = _misfit(operation, kind, result)
    except ProviderDeclined as error:
        return _refused(RefusalKind.DECLINED, error)
    except ProviderRejected as error:
        return _refused(RefusalKind.REJECTED, error)
    except ProviderUnavailable as error:
        return NotExecuted(message=_storable(error.message))
    except ProviderError as error:
        return Unknown(message=_storable(error.message))
    except Exception as error:
        log_exception(f"operation {operation.pk}: provider call", error)
        return Unknown(message=f"{type(error).__name__} in {operation.provider_id}")
    return Unknown(message=f"{operation.provider_id} answered with {misfit}") if misfit else Succeeded(result=result)


def _refused(refusal: RefusalKind, error: ProviderError) -> Refused:
    return Refused(refusal=refusal, message=_storable(error.message), code=_storable(error.code)[:_LONGEST_TEXT])


def _storable(text: object) -> str:
    """PostgreSQL stores no NUL."""
    return str(text).replace("\0", "")


def _misfit(operation: Operation, kind: OperationKind, result: object) -> str:
    """Say what is wrong with an answer that doesn't fit the question; "" when it fits.

    Such an answer is none: what it means for the money is unknown.
    """
    if not isinstance(result, _RESULT_TYPES[kind]):
        return type(result).__name__
    for money in (getattr(result, name, None) for name in ("money", "captured", "released")):
        if money is not None and not _is_an_amount_in(money, operation.currency_code):
            return f"{money.minor_units} {money.currency_code}"
    if isinstance(result, CaptureResult | RefundResult) and result.money.minor_units != operation.amount:
        return f"another amount: {result.money}"
    if isinstance(result, SessionResult):
        return _misfit_of_session(result)
    reference = getattr(result, "capture_ref", None) or getattr(result, "refund_ref", None) or ""
    return f"a reference of {len(reference)} characters" if len(reference) > _LONGEST_TEXT else ""


def _misfit_of_session(result: SessionResult) -> str:
    if not result.provider_ref or len(result.provider_ref) > _LONGEST_TEXT:
        return "no usable reference"
    if result.captured is not None and result.captured.minor_units > result.money.minor_units:
        return f"more captured than authorized: {result.captured}"
    return ""


def _is_an_amount_in(money: Money, currency_code: str) -> bool:
    return money.currency_code == currency_code and 0 <= money.minor_units <= MAX_MINOR_UNITS


def _is_answer_to_a_resend(outcome: Outcome) -> bool:
    if isinstance(outcome, Refused):
        return outcome.refusal is RefusalKind.DECLINED
    return isinstance(outcome, Succeeded)
