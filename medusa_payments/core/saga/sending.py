"""One call to a provider, turned into what is known about the money.

No transaction is open and no lock is held, but for a provider that declares itself local: that one is called inside the
reserving transaction, in a savepoint.
"""

import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import Error as DatabaseError

from medusa_payments.core.base import calls, leases
from medusa_payments.core.base.locks import renew_connection, undone_when_it_raises, was_rolled_back
from medusa_payments.core.books.evidence import NotExecuted, Outcome, Refused, Succeeded, Unknown
from medusa_payments.core.saga import operations
from medusa_payments.models import Operation
from medusa_payments.providers import cleaning
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderError,
    ProviderOutcomeUnknown,
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
from medusa_payments.states import OperationKind, RefusalKind

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_RESULT_TYPES: dict[OperationKind, type[ProviderResult]] = {
    OperationKind.INITIATE: SessionResult,
    OperationKind.UPDATE: SessionResult,
    OperationKind.AUTHORIZE: SessionResult,
    OperationKind.CAPTURE: CaptureResult,
    OperationKind.REFUND: RefundResult,
    OperationKind.CANCEL: CancelResult,
}


_last_sent: ContextVar[Operation | None] = ContextVar("last_sent", default=None)


def last_sent() -> Operation | None:
    """Return the operation that this thread sent last to a provider which isn't local."""
    return _last_sent.get()


_MOST_ATTEMPTS = 8


def retried(function: Callable[P, T]) -> Callable[P, T]:
    """Repeat a function whose transaction the database undid for another one's sake (serialization failure, deadlock).

    Only where nothing was sent meanwhile: a local provider was undone with the transaction.
    """

    @wraps(function)
    def retry(*args: P.args, **kwargs: P.kwargs) -> T:
        sent = last_sent()
        for _ in range(_MOST_ATTEMPTS - 1):
            try:
                return function(*args, **kwargs)
            except DatabaseError as error:
                if not was_rolled_back(error) or last_sent() is not sent:
                    raise
            renew_connection()
        return function(*args, **kwargs)

    return retry


def send(provider: PaymentProvider, reservation: operations.Reservation) -> Outcome:
    """Send a reserved request, unless half of its lease is gone already, and say what is known afterwards.

    On a resend only a success or a decline is an answer about this operation; everything else leaves it unknown.
    """
    operation = reservation.operation
    if time.monotonic() - reservation.leased_at > leases.lease_seconds(provider) / 2:
        logger.warning("operation %s was reserved too long ago to be sent", operation.pk)
        outcome: Outcome = NotExecuted(message="The database was too slow to reserve the payment in time.")
    else:
        outcome = _call(provider, operation)
    if reservation.is_resend and not _is_answer_to_a_resend(outcome):
        was_answered = isinstance(outcome, Refused) or getattr(outcome, "was_answered", False)
        return Unknown(message=getattr(outcome, "message", ""), was_answered=was_answered)
    return outcome


def _call(provider: PaymentProvider, operation: Operation) -> Outcome:
    kind = OperationKind(operation.kind)
    verb: Callable[[Any], ProviderResult] = getattr(provider, kind.value)
    if not provider.capabilities.is_local:
        _last_sent.set(operation)
    try:
        with undone_when_it_raises() if provider.capabilities.is_local else nullcontext():
            result = calls.call(provider, lambda: verb(operations.request_of(operation)))
        misfit = _misfit(operation, kind, result)
    except ProviderDeclined as error:
        return _refused(RefusalKind.DECLINED, error)
    except ProviderRejected as error:
        return _refused(RefusalKind.REJECTED, error)
    except ProviderUnavailable as error:
        return NotExecuted(message=error.message, was_turned_away=isinstance(error, calls.Busy))
    except ProviderError as error:
        was_answered = isinstance(error, ProviderOutcomeUnknown) and error.was_answered
        return Unknown(message=error.message, was_answered=was_answered)
    except Exception as error:
        calls.log_exception(f"operation {operation.pk}: provider call", error)
        return Unknown(message=f"{type(error).__name__} in {operation.provider_id}")
    if misfit:
        return Unknown(message=f"{operation.provider_id} answered with {misfit}", was_answered=True)
    return Succeeded(result=result)


def _refused(refusal: RefusalKind, error: ProviderError) -> Refused:
    return Refused(refusal=refusal, message=error.message, code=error.code)


def _misfit(operation: Operation, kind: OperationKind, result: object) -> str:
    """Say what is wrong with an answer that doesn't fit the question; "" when it fits.

    Such an answer is none: what it means for the money is unknown.
    """
    if not isinstance(result, _RESULT_TYPES[kind]):
        return type(result).__name__
    odd = cleaning.misfit(result)
    if odd:
        return odd
    for money in (getattr(result, name, None) for name in ("money", "captured", "released")):
        if money is not None and money.currency_code != operation.currency_code:
            return f"{money.minor_units} {money.currency_code}"
    if isinstance(result, CaptureResult | RefundResult) and result.money.minor_units != operation.amount:
        return f"another amount: {result.money}"
    if isinstance(result, SessionResult):
        return _misfit_of_session(result)
    return ""


def _misfit_of_session(result: SessionResult) -> str:
    if not cleaning.is_usable(result.provider_ref):
        return "no usable reference"
    if result.captured is not None and result.captured.minor_units > result.money.minor_units:
        return f"more captured than authorized: {result.captured}"
    return ""


def _is_answer_to_a_resend(outcome: Outcome) -> bool:
    if isinstance(outcome, Refused):
        return outcome.refusal is RefusalKind.DECLINED
    return isinstance(outcome, Succeeded)
