"""How a session's `data` steers the fake provider."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.states import OperationKind

STEERING_KEYS = frozenset({"outcome", "on", "delay_ms"})

LONGEST_DELAY_MS = 60_000

RETRIEVE = "retrieve"
"""Reads can be made to fail like verbs."""

EnumT = TypeVar("EnumT", bound=StrEnum)


class Outcome(StrEnum):
    """What becomes of a call. The first seven are the status that a verb with a status answers."""

    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    REQUIRES_MORE = "requires_more"
    PENDING = "pending"
    PENDING_AUTHORIZATION = "pending_authorization"
    ERROR = "error"
    CANCELED = "canceled"
    DECLINED = "declined"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    CRASH_BEFORE = "crash_before"
    CRASH_AFTER = "crash_after"


CRASHES = frozenset({Outcome.CRASH_BEFORE, Outcome.CRASH_AFTER})
WITHOUT_EFFECT = frozenset({Outcome.TIMEOUT_BEFORE, Outcome.CRASH_BEFORE})
ERRORS = frozenset({Outcome.ERROR_BEFORE, Outcome.ERROR_AFTER})
WITHOUT_ANSWER = frozenset({Outcome.TIMEOUT_BEFORE, Outcome.TIMEOUT_AFTER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """`outcome` None leaves the verb to what it does by itself; `delay_ms` makes its calls slow."""

    outcome: Outcome | None = None
    on: str = OperationKind.AUTHORIZE.value
    delay_ms: int = 0

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Steering":
        """Read session data. Raises `ProviderRejected` naming what a value may be."""
        return cls(
            outcome=_member(Outcome, "outcome", data["outcome"]) if "outcome" in data else None,
            on=_verb(data.get("on", OperationKind.AUTHORIZE.value)),
            delay_ms=_milliseconds(data.get("delay_ms", 0)),
        )

    def for_verb(self, verb: str) -> "Steering":
        return self if self.on == verb else Steering(on=verb)


def _verb(value: object) -> str:
    allowed = [*(kind.value for kind in OperationKind), RETRIEVE]
    if value in allowed:
        return str(value)
    raise ProviderRejected(f"Data key 'on' must be one of: {', '.join(allowed)}", code="invalid_data")


def _member(enumeration: type[EnumT], key: str, value: object) -> EnumT:
    for member in enumeration:
        if value == member:
            return member
    allowed = ", ".join(enumeration)
    raise ProviderRejected(f"Data key '{key}' must be one of: {allowed}", code="invalid_data")


def _milliseconds(value: object) -> int:
    number = Decimal("NaN")
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
    if not number.is_finite() or not 0 <= number <= LONGEST_DELAY_MS or number % 1:
        raise ProviderRejected(
            f"Data key 'delay_ms' must be a whole number from 0 to {LONGEST_DELAY_MS}", code="invalid_data"
        )
    return int(number)
