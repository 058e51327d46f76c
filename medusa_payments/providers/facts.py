"""What a provider says that it has: totals and single movements, read back after the fact.

Amounts are `Money` (minor units). `idempotency_key` is the key of the call that caused a movement, or the id of its
operation; None where the provider doesn't tell, or where somebody else caused it (the provider's dashboard).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from medusa_payments.money import Money
from medusa_payments.providers.types import operation_of
from medusa_payments.states import DisputeState as DisputeState
from medusa_payments.states import RefundState as RefundState
from medusa_payments.states import SessionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveRequest:
    """Which payment object is meant: the one with this reference or, without one, the one made for this session."""

    session_id: str
    provider_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureFact:
    """One capture. `capture_ref` is the provider's id of it, if it has one."""

    money: Money
    capture_ref: str | None = None
    idempotency_key: str | None = None

    @property
    def operation_id(self) -> str | None:
        """The operation that caused it, whichever of its keys the provider tells."""
        return operation_of(self.idempotency_key) if self.idempotency_key else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFact:
    """One refund, in the state that it is in now."""

    money: Money
    refund_ref: str
    state: RefundState
    idempotency_key: str | None = None
    reason: str = ""

    @property
    def operation_id(self) -> str | None:
        """The operation that caused it, whichever of its keys the provider tells."""
        return operation_of(self.idempotency_key) if self.idempotency_key else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFact:
    """One dispute (chargeback), in the state that it is in now. `reason` is the provider's own word.

    `evidence_due_by` is until when the merchant may answer.
    """

    money: Money
    dispute_ref: str
    state: DisputeState
    reason: str = ""
    evidence_due_by: datetime | None = None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSnapshot:
    """A payment object as the provider has it now.

    `session_id` is what our metadata on the object says, None when it has none. `money` is what it is for; with a
    status that holds money, what was authorized. `captured` and `released` are totals over its whole life; `captures`
    lists single captures as far as the provider tells them apart, `refunds` all refunds, `disputes` all disputes.
    `capture_before` is when an authorization runs out. `is_live` is False in a provider's test mode.
    """

    provider_ref: str
    session_id: str | None
    status: SessionStatus
    money: Money
    captured: Money
    released: Money
    captures: tuple[CaptureFact, ...] = ()
    refunds: tuple[RefundFact, ...] = ()
    disputes: tuple[DisputeFact, ...] = ()
    capture_before: datetime | None = None
    is_live: bool | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
