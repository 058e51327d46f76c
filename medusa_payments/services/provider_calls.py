"""One call to a provider, turned into what is known about the money. No transaction is open, no lock is held."""

import logging
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from medusa_payments.models import Operation
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
from medusa_payments.services import operations
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


def send(provider: PaymentProvider, reservation: operations.Reservation, *, seconds_since_reserve: float) -> Outcome:
    """Send a reserved request, unless half of its lease is gone already, and say what is known afterwards.

    On a resend only a success or a decline is an answer about this operation; everything else leaves it unknown.
    """
    operation = reservation.operation
    if seconds_since_reserve > operations.lease_seconds(provider) / 2:
        logger.warning("operation %s was reserved too long ago to be sent", operation.pk)
        outcome: Outcome = NotExecuted(message="The database was too slow to reserve the payment in time.")
    else:
        outcome = _call(provider, operation)
    if reservation.is_resend and not _is_answer_to_a_resend(outcome):
        return Unknown(message=getattr(outcome, "message", ""))
    return outcome


def _call(provider: PaymentProvider, operation: Operation) -> Outcome:
    kind = OperationKind(operation.kind)
    verb: Callable[[Any], ProviderResult] = getattr(provider, kind.value)
    request = operations.request_of(operation)
    try:
        result = verb(request)
    except ProviderDeclined as error:
        return Refused(refusal=RefusalKind.DECLINED, message=error.message, code=error.code)
    except ProviderRejected as error:
        return Refused(refusal=RefusalKind.REJECTED, message=error.message, code=error.code)
    except ProviderUnavailable as error:
        return NotExecuted(message=error.message)
    except ProviderError as error:
        return Unknown(message=error.message)
    except Exception as error:
        _log_without_values(operation, error)
        return Unknown(message=f"{type(error).__name__} in {operation.provider_id}")
    return _checked(operation, kind, result)


def _checked(operation: Operation, kind: OperationKind, result: object) -> Outcome:
    """An answer that doesn't fit the question is no answer: what it means for the money is unknown."""
    if not isinstance(result, _RESULT_TYPES[kind]):
        return Unknown(message=f"{operation.provider_id} answered with {type(result).__name__}")
    money = getattr(result, "money", None)
    if money is not None and money.currency_code != operation.currency_code:
        return Unknown(message=f"{operation.provider_id} answered in {money.currency_code}")
    if isinstance(result, CaptureResult | RefundResult) and result.money.minor_units != operation.amount:
        return Unknown(message=f"{operation.provider_id} answered with another amount: {result.money}")
    return Succeeded(result=result)


def _is_answer_to_a_resend(outcome: Outcome) -> bool:
    if isinstance(outcome, Refused):
        return outcome.refusal is RefusalKind.DECLINED
    return isinstance(outcome, Succeeded)


def _log_without_values(operation: Operation, error: Exception) -> None:
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("operation %s: provider call raised %s\n%s", operation.pk, type(error).__name__, frames)
