"""What the rules of `due` are asked about: a collection with its sessions, payments and disputes (minor units).

Read off the rows by `books.facts`; nothing here knows the database.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from medusa_payments.core.policy.surplus import CollectionFacts, MoneyFacts
from medusa_payments.states import ExpiryPolicy, OperationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What the worker has asked for, and the provider refused, or took and failed to do later."""

    kind: OperationKind
    amount: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFacts:
    """A payment (`money`), and what was tried with it.

    `wanted` is the collection's amount in the steps of its provider, None where that isn't configured. `is_used_up`:
    captured in full, or canceled. `was_given_up`: its session's object was canceled before what came of it was known.
    `freed_at`: when a dispute last gave money of it back. `was_warned`: of its authorization running out.
    `captures_once`: its provider captures once only and can be asked whether it released the rest.
    """

    money: MoneyFacts
    wanted: int | None
    refusals: tuple[Refusal, ...] = ()
    freed_at: datetime | None = None
    capture_before: datetime | None = None
    on_expiry: ExpiryPolicy = ExpiryPolicy.NOTHING
    was_warned: bool = False
    is_used_up: bool = False
    has_released: bool = False
    was_given_up: bool = False
    awaits_refund: bool = False
    captures_once: bool = False

    @property
    def payment_id(self) -> str:
        return self.money.payment_id

    @property
    def is_quiet(self) -> bool:
        return not (self.money.capturing or self.money.releasing or self.money.is_frozen)

    def was_refused(self, kind: OperationKind) -> bool:
        """Say whether the provider refused this to the worker, whatever the amount was."""
        return any(refusal.kind is kind for refusal in self.refusals)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """A session, and what was tried with its object at the provider.

    `is_live`: it has its slot. `has_object`: the provider told of one. `is_watchable`: asking the provider can tell
    more than is known. `awaits_others`: it is part of a set that may still come to be.
    """

    session_id: str
    updated_at: datetime
    is_live: bool = True
    has_object: bool = True
    is_canceled: bool = False
    is_being_canceled: bool = False
    cancel_was_refused: bool = False
    is_watchable: bool = False
    awaits_others: bool = False
    payment: PaymentFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFacts:
    """A dispute, and until when evidence may be sent. `is_answerable`: it is still waited for."""

    dispute_id: str
    evidence_due_by: datetime | None
    is_answerable: bool = True
    was_warned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A collection. `resolve_by` is its deadline, if it has one; `may_be_paid`: somebody is authorizing the rest, or an
    order waits for a provider that has yet to decide.
    """

    collection: CollectionFacts
    sessions: tuple[SessionFacts, ...] = ()
    disputes: tuple[DisputeFacts, ...] = ()
    resolve_by: datetime | None = None
    may_be_paid: bool = False

    @property
    def payments(self) -> list[PaymentFacts]:
        return [session.payment for session in self.sessions if session.payment is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long before something runs out it is warned of, how long a session is left alone before it is asked after,
    and how long to wait until what couldn't be done is tried again.
    """

    before_expiry: timedelta
    before_evidence: timedelta
    first_question: timedelta
    again: timedelta
