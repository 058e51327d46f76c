"""What can be wrong between a provider's books and ours, each by its name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class DriftKind(StrEnum):
    """The value of each member says what is wrong."""

    ORPHAN_OBJECT = "orphan_object"
    DUPLICATE_OBJECT = "duplicate_object"
    LOST_REFERENCE = "lost_reference"
    FOREIGN_SESSION = "foreign_session"
    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    CURRENCY = "currency"
    AMOUNT = "amount"
    AMOUNT_RAISED = "amount_raised"
    STATUS = "status"
    REPLACED_OBJECT_OPEN = "replaced_object_open"
    EXTERNAL_CAPTURE = "external_capture"
    CAPTURE_MISSING_THERE = "capture_missing_there"
    EXTERNAL_RELEASE = "external_release"
    EXPIRED_AUTHORIZATION = "expired_authorization"
    RELEASE_MISSING_THERE = "release_missing_there"
    EXTERNAL_REFUND = "external_refund"
    REFUND_MISSING_THERE = "refund_missing_there"
    REFUND_AMOUNT = "refund_amount"
    REFUND_FAILED = "refund_failed"
    REFUND_SETTLED = "refund_settled"
    DISPUTE_MISSING_HERE = "dispute_missing_here"
    DISPUTE_STATE = "dispute_state"
    DISPUTE_AMOUNT = "dispute_amount"
    DISPUTE_DEADLINE = "dispute_deadline"
    DISPUTE_MISSING_THERE = "dispute_missing_there"
    UNRESOLVED_OPERATION = "unresolved_operation"


ABOUT_DISPUTES = frozenset(
    {
        DriftKind.DISPUTE_MISSING_HERE,
        DriftKind.DISPUTE_STATE,
        DriftKind.DISPUTE_AMOUNT,
        DriftKind.DISPUTE_DEADLINE,
    }
)
"""Taken over of a frozen payment, too."""

BOOKED_BY_LOOKING = ABOUT_DISPUTES | frozenset(
    {
        DriftKind.MISSING_HERE,
        DriftKind.AMOUNT_RAISED,
        DriftKind.STATUS,
        DriftKind.EXTERNAL_CAPTURE,
        DriftKind.EXTERNAL_RELEASE,
        DriftKind.EXPIRED_AUTHORIZATION,
        DriftKind.EXTERNAL_REFUND,
        DriftKind.REFUND_FAILED,
        DriftKind.REFUND_SETTLED,
    }
)
"""The provider knows more than we do: `saga.comparing` books it."""

FROZEN_FOR_A_PERSON = frozenset(
    {
        DriftKind.FOREIGN_SESSION,
        DriftKind.MISSING_THERE,
        DriftKind.CURRENCY,
        DriftKind.AMOUNT,
        DriftKind.CAPTURE_MISSING_THERE,
        DriftKind.RELEASE_MISSING_THERE,
        DriftKind.REFUND_MISSING_THERE,
        DriftKind.REFUND_AMOUNT,
        DriftKind.DISPUTE_MISSING_THERE,
    }
)
"""We believe more than the provider has. That is never lowered silently: the payment is frozen, with both sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference. Amounts are minor units. `session_id` is empty for an object that no session stands for."""

    kind: DriftKind
    provider_id: str
    provider_ref: str
    session_id: str = ""
    payment_id: str = ""
    operation_id: str = ""
    ours: Mapping[str, Any] = field(default_factory=dict)
    theirs: Mapping[str, Any] = field(default_factory=dict)
