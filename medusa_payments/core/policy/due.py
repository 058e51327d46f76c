"""What the state of a collection calls for, and when to look again: one pure table over small facts (minor units).

Nothing here reads the database, the clock or a provider. `saga.duties` loads the facts and reserves what is due;
`tests/core/policy/test_due.py` is the table in cases.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from medusa_payments.core.policy import expiry, surplus
from medusa_payments.core.policy.facts import DisputeFacts, Facts, PaymentFacts, SessionFacts, Waits
from medusa_payments.core.policy.surplus import CollectionFacts, Undo
from medusa_payments.states import ExpiryPolicy, OperationKind, UndoPolicy

WATCHED_FOR = timedelta(days=7)
"""How long the provider is asked about a session that nobody decides."""


class What(StrEnum):
    """What is to be done, and with what."""

    FAIL = "fail"
    """The collection has failed."""
    GIVE_UP = "give up"
    """A session is taken out of its slot, and its object canceled."""
    CANCEL = "cancel"
    """The object of a session that is out of its slot is canceled."""
    RELEASE = "release"
    REFUND = "refund"
    CAPTURE = "capture"
    WARN_OF_EXPIRY = "warn of expiry"
    """The host is told that the authorization of a payment runs out."""
    WARN_OF_EVIDENCE = "warn of evidence"
    """The host is told that evidence for a dispute is due."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing to be done: with the session, payment or dispute of this id, for this amount."""

    what: What
    of: str = ""
    amount: int = 0


def due(facts: Facts, now: datetime, waits: Waits) -> list[Duty]:
    """Return everything that is due and neither under way nor refused already, in this order: a collection that missed
    its deadline fails, objects out of their slot are canceled, unwanted money is given back, authorizations that are
    about to run out are warned of and treated as their provider's policy says, evidence that is due soon is warned of.
    """
    failing = _failing(facts, now)
    if failing:
        facts = replace(facts, collection=replace(facts.collection, has_failed=True))
    canceling = [Duty(What.CANCEL, each.session_id) for each in _objects_left(facts) if not each.is_being_canceled]
    giving_back = [duty for undo in to_give_back(facts) for duty in duties_of(facts, undo)]
    releasing = {duty.of for duty in giving_back if duty.what is What.RELEASE}
    expiring = _expiring(facts, now, waits, releasing=releasing)
    return [*failing, *canceling, *giving_back, *expiring, *_evidence(facts, now, waits)]


def are_left(facts: Facts) -> bool:
    """Say whether something is due, or under way, that may have to be done again."""
    return any(_objects_left(facts)) or bool(to_give_back(facts))


def next_look(facts: Facts, now: datetime, waits: Waits) -> datetime | None:
    """Return the earliest moment at which there may be something to do; None when nothing is in sight."""
    again = now + waits.again
    moments = [again] if are_left(facts) else []
    for session in facts.sessions:
        if is_worth_asking(session, now):
            moments += _next_question(session, now, waits)
    for payment in facts.payments:
        look = expiry.next_look(payment.capture_before, was_warned=payment.was_warned, warning=waits.before_expiry)
        if look is not None and not payment.is_used_up:
            moments.append(max(look, again))
    warnings = [evidence_warning(dispute, waits.before_evidence) for dispute in facts.disputes]
    moments += [moment for moment in warnings if moment is not None]
    if facts.resolve_by is not None and is_counting_down(facts):
        moments.append(max(facts.resolve_by, again))
    return min(moments, default=None)


def is_worth_asking(session: SessionFacts, now: datetime) -> bool:
    """Say whether the provider may know of something that it will tell only when it is asked."""
    payment = session.payment
    if payment is None:
        return session.is_watchable
    is_gone = expiry.is_over(payment.capture_before, now) or payment.has_released or payment.was_given_up
    # The answer to a capture needn't say that the rest is released.
    is_gone |= payment.captures_once and payment.money.captured > 0
    return payment.awaits_refund or (is_gone and payment.money.capturable > 0 and not payment.money.is_frozen)


def unwanted(facts: Facts) -> list[Undo]:
    """Return what is to be given back, refused or not (`surplus.undoes`). What may be captured is the collection's
    amount in the coarsest of its providers' steps.
    """
    wanted = [payment.wanted for payment in facts.payments if payment.wanted is not None]
    money = [payment.money for payment in facts.payments]
    return surplus.undoes(facts.collection, money, most=max(wanted, default=facts.collection.amount))


def to_give_back(facts: Facts) -> list[Undo]:
    """Return what is unwanted, less what the provider refused once, or took and failed to do: that is left to a person,
    the worker doesn't knock again and again.

    It may have refused because of a dispute; once that has given the money back, it is asked again.
    """
    payments = {payment.payment_id: payment for payment in facts.payments}
    return [undo for undo in unwanted(facts) if not _was_refused(payments[undo.payment_id], undo)]


def duties_of(facts: Facts, undo: Undo) -> list[Duty]:
    """Return what gives money back; nothing while the payment's provider isn't configured."""
    payment = next(payment for payment in facts.payments if payment.payment_id == undo.payment_id)
    if payment.wanted is None:
        return []
    moves = [Duty(What.RELEASE, undo.payment_id, undo.release), Duty(What.REFUND, undo.payment_id, undo.refund)]
    return [move for move in moves if move.amount]


def lacking(collection: CollectionFacts, *, capturable: int, wanted: int, taken: int) -> int:
    """Return what may still be captured of a payment: what it holds (`capturable`), and its collection lacks.

    `wanted` is the collection's amount in the provider's steps, `taken` what is captured of it, or being captured.
    """
    if collection.authorized <= wanted:
        return capturable
    return max(min(capturable, wanted - taken), 0)


def is_counting_down(facts: Facts) -> bool:
    """Say whether a collection has a deadline that can still be missed: it isn't over, and doesn't hold its amount."""
    is_over = facts.collection.has_failed or facts.collection.is_canceled
    return facts.resolve_by is not None and not is_over and _held(facts) < facts.collection.amount


def evidence_warning(dispute: DisputeFacts, warning: timedelta) -> datetime | None:
    """Return when to warn that evidence for a dispute is due; None for one that waits for none, or was warned of."""
    if dispute.evidence_due_by is None or not dispute.is_answerable or dispute.was_warned:
        return None
    return dispute.evidence_due_by - warning


def _failing(facts: Facts, now: datetime) -> list[Duty]:
    """A collection that doesn't hold its amount by its deadline has failed. Unless a person is to decide, its unpaid
    sessions are given up: nobody pays the rest of what is being given back.
    """
    is_overdue = facts.resolve_by is not None and facts.resolve_by <= now
    if not is_overdue or not is_counting_down(facts) or facts.may_be_paid:
        return []
    unpaid = [session for session in facts.sessions if session.is_live and session.payment is None]
    is_decided = facts.collection.on_failure is not UndoPolicy.HOLD
    return [Duty(What.FAIL), *(Duty(What.GIVE_UP, session.session_id) for session in unpaid if is_decided)]


def _objects_left(facts: Facts) -> Iterator[SessionFacts]:
    """Sessions out of their slot whose object at the provider is still there, as far as we know."""
    for session in facts.sessions:
        is_out = not session.is_live and session.payment is None and not session.awaits_others
        is_there = session.has_object and not session.is_canceled
        if is_out and is_there and not session.cancel_was_refused:
            yield session


def _was_refused(payment: PaymentFacts, undo: Undo) -> bool:
    kind = OperationKind.CANCEL if undo.release else OperationKind.REFUND
    return any(
        (refusal.kind, refusal.amount) == (kind, undo.release or undo.refund)
        and (payment.freed_at is None or refusal.at > payment.freed_at)
        for refusal in payment.refusals
    )


def _expiring(facts: Facts, now: datetime, waits: Waits, *, releasing: Collection[str]) -> Iterator[Duty]:
    """Warn once, and do what the policy says until it is done or refused. What is to be given back is never captured,
    even if its provider refused to release it.
    """
    given_up = {undo.payment_id for undo in unwanted(facts)}
    taken = sum(payment.money.captured + payment.money.capturing for payment in _counted(facts))
    for payment in facts.payments:
        is_near = expiry.is_near(payment.capture_before, now, warning=waits.before_expiry)
        if not is_near or not payment.money.capturable or payment.payment_id in releasing:
            continue
        if not payment.was_warned:
            yield Duty(What.WARN_OF_EXPIRY, payment.payment_id)
        treatment = _treatment(facts, payment, taken=taken, is_wanted=payment.payment_id not in given_up)
        if treatment is not None:
            yield treatment
            taken += treatment.amount if treatment.what is What.CAPTURE and payment in _counted(facts) else 0


def _treatment(facts: Facts, payment: PaymentFacts, *, taken: int, is_wanted: bool) -> Duty | None:
    if payment.wanted is None or not payment.is_quiet:
        return None
    capturable = payment.money.capturable
    if payment.on_expiry is ExpiryPolicy.RELEASE and not payment.was_refused(OperationKind.CANCEL):
        return Duty(What.RELEASE, payment.payment_id, capturable)
    if payment.on_expiry is ExpiryPolicy.CAPTURE and is_wanted and not payment.was_refused(OperationKind.CAPTURE):
        amount = lacking(facts.collection, capturable=capturable, wanted=payment.wanted, taken=taken)
        return Duty(What.CAPTURE, payment.payment_id, amount) if amount else None
    return None


def _evidence(facts: Facts, now: datetime, waits: Waits) -> Iterator[Duty]:
    for dispute in facts.disputes:
        moment = evidence_warning(dispute, waits.before_evidence)
        if moment is not None and moment <= now:
            yield Duty(What.WARN_OF_EVIDENCE, dispute.dispute_id)


def _next_question(session: SessionFacts, now: datetime, waits: Waits) -> list[datetime]:
    """A session that the customer left is asked after ever more rarely, for a week; anything else is tried again."""
    if session.payment is not None or not session.is_live:
        return [now + waits.again]
    age = now - session.updated_at
    return [now + max(age, waits.first_question)] if age < WATCHED_FOR else []


def _held(facts: Facts) -> int:
    return sum(payment.money.held for payment in _counted(facts) if payment.money.canceled_at is None)


def _counted(facts: Facts) -> list[PaymentFacts]:
    """What was paid in another currency, that the cart had before, counts for nothing."""
    return [payment for payment in facts.payments if payment.money.currency_code == facts.collection.currency_code]
