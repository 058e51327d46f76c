"""Every state a payment object can be in, and the one function that decides a collection's state."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class CollectionStatus(StrEnum):
    NOT_PAID = "not_paid"
    AWAITING = "awaiting"
    PARTIALLY_AUTHORIZED = "partially_authorized"
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    COMPLETED = "completed"
    CANCELED = "canceled"
    FAILED = "failed"


class SessionStatus(StrEnum):
    PENDING = "pending"
    REQUIRES_MORE = "requires_more"
    PENDING_AUTHORIZATION = "pending_authorization"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    ERROR = "error"
    CANCELED = "canceled"

    @property
    def holds_money(self) -> bool:
        return self in MONEY_HOLDING_STATUSES


MONEY_HOLDING_STATUSES = frozenset({SessionStatus.AUTHORIZED, SessionStatus.CAPTURED})
"""Of a session that was paid with and has not been canceled since. How much of it is still there is another question,
which only the payment's counters answer (`queries.held_money`).
"""


class OperationKind(StrEnum):
    INITIATE = "initiate"
    UPDATE = "update"
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    REFUND = "refund"
    CANCEL = "cancel"


class OperationStatus(StrEnum):
    """`open` until the outcome is known. An open operation whose lease has run out is *unknown* (derived)."""

    OPEN = "open"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    NOT_EXECUTED = "not_executed"
    ACCEPTED = "accepted"


class UndoPolicy(StrEnum):
    """What becomes of the money when the shop's order fails.

    `hold`: nothing, until a person decides. `void`: what isn't captured is released. `refund`: that, and what was
    captured is given back.
    """

    HOLD = "hold"
    VOID = "void"
    REFUND = "refund"


class RefundState(StrEnum):
    """`pending`: asked for or taken by the provider, the outcome follows. `failed`: the money is the merchant's again,
    or never left.
    """

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RefundStrategy(StrEnum):
    """How a refund is divided among a collection's payments: by what each can give back, or the oldest one first."""

    PROPORTIONAL = "proportional"
    IN_ORDER = "in_order"


class ExpiryPolicy(StrEnum):
    """What is done with an authorization that is about to run out, besides telling the host."""

    NOTHING = "nothing"
    CAPTURE = "capture"
    RELEASE = "release"


class Settler(StrEnum):
    """Who found out how an operation ended."""

    ANSWER = "answer"
    READ = "read"
    RESEND = "resend"
    PERSON = "person"


class WebhookStatus(StrEnum):
    """`received` until it was applied; `waiting` for something it needs; `foreign` ones are only counted."""

    RECEIVED = "received"
    WAITING = "waiting"
    APPLIED = "applied"
    IGNORED = "ignored"
    FOREIGN = "foreign"


class DisputeState(StrEnum):
    """Where a dispute stands. `inquiry`: the bank asks, no money was taken back (yet). In `needs_response` and
    `under_review` the disputed money is withheld from the merchant; `lost`: for good; `won` and `closed`: not any more.
    """

    INQUIRY = "inquiry"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"

    @property
    def withholds_money(self) -> bool:
        return self in WITHHOLDING_STATES

    @property
    def has_ended(self) -> bool:
        return self in ENDED_STATES

    @property
    def stage(self) -> int:
        """How far a dispute has come. What was read before a later stage is known can't take it back."""
        return min(list(DisputeState).index(self), _ENDED_STAGE)


WITHHOLDING_STATES = frozenset({DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW, DisputeState.LOST})

ENDED_STATES = frozenset({DisputeState.WON, DisputeState.LOST, DisputeState.CLOSED})

ANSWERABLE_STATES = frozenset({DisputeState.INQUIRY, DisputeState.NEEDS_RESPONSE})
"""In which the merchant may still send evidence."""

_ENDED_STAGE = list(DisputeState).index(DisputeState.WON)


class RefusalKind(StrEnum):
    """Why a provider refused. Either way nothing moved."""

    DECLINED = "declined"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFacts:
    """What a collection's state depends on of one payment (minor units)."""

    amount: int
    released: int
    captured: int
    refunded: int
    is_canceled: bool

    @property
    def authorized(self) -> int:
        return self.captured if self.is_canceled else self.amount - self.released


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionState:
    """Status and totals of a collection (minor units)."""

    status: CollectionStatus
    authorized_amount: int
    captured_amount: int
    refunded_amount: int


def collection_state(
    *,
    amount: int,
    is_canceled: bool,
    session_statuses: Iterable[str],
    payments: Iterable[PaymentFacts],
) -> CollectionState:
    """Decide status and totals from facts alone.

    | first that holds                                        | status                 |
    |---------------------------------------------------------|------------------------|
    | canceled, something captured                            | `partially_captured`   |
    | canceled                                                | `canceled`             |
    | a payment that counts, captured >= amount               | `completed`            |
    | a payment that counts, authorized >= amount             | `authorized`           |
    | something authorized                                    | `partially_authorized` |
    | a session is `pending_authorization`                    | `awaiting`             |
    | otherwise                                               | `not_paid`             |

    A payment counts unless it was canceled with nothing captured. Refunds never change the status. An amount of 0 is
    complete only once something was authorized for it, never at creation. The statuses of the live sessions are read
    only when the payments don't decide.
    """
    counted = [payment for payment in payments if payment.captured or not payment.is_canceled]
    authorized = sum(payment.authorized for payment in counted)
    captured = sum(payment.captured for payment in counted)

    if is_canceled:
        status = CollectionStatus.PARTIALLY_CAPTURED if captured else CollectionStatus.CANCELED
    elif counted and captured >= amount:
        status = CollectionStatus.COMPLETED
    elif counted and authorized >= amount:
        status = CollectionStatus.AUTHORIZED
    elif authorized:
        status = CollectionStatus.PARTIALLY_AUTHORIZED
    elif SessionStatus.PENDING_AUTHORIZATION in session_statuses:
        status = CollectionStatus.AWAITING
    else:
        status = CollectionStatus.NOT_PAID

    return CollectionState(
        status=status,
        authorized_amount=authorized,
        captured_amount=captured,
        refunded_amount=sum(payment.refunded for payment in counted),
    )
