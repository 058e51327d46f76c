"""One payment object of a provider against our rows for it. Decides, and changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from medusa_payments.core.policy import expiry
from medusa_payments.core.reconciliation.drift import Drift, DriftKind
from medusa_payments.models import Dispute, Payment, PaymentSession, Refund
from medusa_payments.providers.facts import DisputeFact, PaymentSnapshot, RefundFact, RefundState
from medusa_payments.states import SessionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Our rows about one session. `refunds` are those whose money is gone, by operation and by reference;
    `accepted` the ids of refund operations that the provider has only accepted; `disputes` those that it told us of.
    """

    session: PaymentSession
    payment: Payment | None
    refunds: tuple[Refund, ...] = ()
    accepted: frozenset[str] = frozenset()
    disputes: tuple[Dispute, ...] = ()


def compare(ours: Ours, snapshot: PaymentSnapshot) -> Iterator[Drift]:
    """Yield what differs. A frozen payment is known to differ and waits for a person: nothing is said of it again, but
    for disputes, whose deadlines don't wait.
    """
    session, payment = ours.session, ours.payment
    about = _About(session, payment, snapshot)
    if payment is not None and payment.frozen_at is not None:
        yield from _compare_disputes(about, ours, snapshot)
        return
    if snapshot.session_id not in {None, session.pk}:
        yield about(DriftKind.FOREIGN_SESSION, ours=session.pk, theirs=snapshot.session_id)
    elif snapshot.money.currency_code != session.currency_code:
        yield about(DriftKind.CURRENCY, ours=session.currency_code, theirs=snapshot.money.currency_code)
    elif payment is None:
        yield from _compare_session(about, session, snapshot)
    else:
        yield from _compare_totals(about, payment, snapshot)
        yield from _compare_refunds(about, ours, snapshot)
        yield from _compare_disputes(about, ours, snapshot)
        for dispute in _unmatched(ours, snapshot):
            yield about(DriftKind.DISPUTE_MISSING_THERE, ours=dispute.state, theirs=None, dispute_id=dispute.pk)


def _compare_session(about: "_About", session: PaymentSession, snapshot: PaymentSnapshot) -> Iterator[Drift]:
    if snapshot.status.holds_money:
        yield about(DriftKind.MISSING_HERE, ours=0, theirs=snapshot.money.minor_units)
    elif session.slot is None:
        if snapshot.status != SessionStatus.CANCELED:
            yield about(DriftKind.REPLACED_OBJECT_OPEN, ours="replaced", theirs=snapshot.status.value)
    elif snapshot.status != session.status:
        yield about(DriftKind.STATUS, ours=session.status, theirs=snapshot.status.value)


def _compare_totals(about: "_About", payment: Payment, snapshot: PaymentSnapshot) -> Iterator[Drift]:
    amount, captured, released = (
        snapshot.money.minor_units,
        snapshot.captured.minor_units,
        snapshot.released.minor_units,
    )
    if amount != payment.amount:
        kind = DriftKind.AMOUNT_RAISED if amount > payment.amount else DriftKind.AMOUNT
        yield about(kind, ours=payment.amount, theirs=amount)
    if captured != payment.captured_amount:
        is_more = captured > payment.captured_amount
        kind = DriftKind.EXTERNAL_CAPTURE if is_more else DriftKind.CAPTURE_MISSING_THERE
        yield about(kind, ours=payment.captured_amount, theirs=captured)
    if released > payment.released_amount:
        has_expired = expiry.is_over(payment.capture_before, timezone.now())
        kind = DriftKind.EXPIRED_AUTHORIZATION if has_expired else DriftKind.EXTERNAL_RELEASE
        yield about(kind, ours=payment.released_amount, theirs=released)
    elif released < payment.released_amount:
        yield about(DriftKind.RELEASE_MISSING_THERE, ours=payment.released_amount, theirs=released)


def _compare_refunds(about: "_About", ours: Ours, snapshot: PaymentSnapshot) -> Iterator[Drift]:
    unmatched = {refund.pk: refund for refund in ours.refunds}
    for fact in snapshot.refunds:
        booked = next((refund for refund in unmatched.values() if _is_of(refund, fact)), None)
        if booked is not None:
            del unmatched[booked.pk]
        yield from _compare_refund(about, ours, booked, fact)
    for refund in unmatched.values():
        yield about(DriftKind.REFUND_MISSING_THERE, ours=refund.amount, theirs=0, refund_id=refund.pk)


def _compare_refund(about: "_About", ours: Ours, booked: Refund | None, fact: RefundFact) -> Iterator[Drift]:
    amount = fact.money.minor_units
    is_accepted = fact.operation_id in ours.accepted
    if fact.state is RefundState.FAILED:
        if booked is not None or is_accepted:
            yield about(DriftKind.REFUND_FAILED, ours=booked.amount if booked else amount, theirs=0)
    elif is_accepted:
        if fact.state is RefundState.SUCCEEDED:
            yield about(DriftKind.REFUND_SETTLED, ours="accepted", theirs=fact.state.value)
    elif booked is None:
        yield about(DriftKind.EXTERNAL_REFUND, ours=0, theirs=amount)
    elif booked.amount != amount:
        yield about(DriftKind.REFUND_AMOUNT, ours=booked.amount, theirs=amount, refund_id=booked.pk)


def _compare_disputes(about: "_About", ours: Ours, snapshot: PaymentSnapshot) -> Iterator[Drift]:
    booked = {dispute.provider_ref: dispute for dispute in ours.disputes}
    for fact in snapshot.disputes:
        dispute = booked.get(fact.dispute_ref)
        if dispute is None:
            yield about(DriftKind.DISPUTE_MISSING_HERE, ours=None, theirs=fact.state.value)
        else:
            yield from _compare_dispute(about, dispute, fact)


def _compare_dispute(about: "_About", dispute: Dispute, fact: DisputeFact) -> Iterator[Drift]:
    known, told = (dispute.amount, dispute.currency_code), (fact.money.minor_units, fact.money.currency_code)
    if known != told:
        yield about(DriftKind.DISPUTE_AMOUNT, ours=known, theirs=told)
    if dispute.state != fact.state:
        yield about(DriftKind.DISPUTE_STATE, ours=dispute.state, theirs=fact.state.value)
    if dispute.evidence_due_by != fact.evidence_due_by:
        moments = dispute.evidence_due_by, fact.evidence_due_by
        due_here, due_there = (moment and moment.isoformat() for moment in moments)
        yield about(DriftKind.DISPUTE_DEADLINE, ours=due_here, theirs=due_there)


def _unmatched(ours: Ours, snapshot: PaymentSnapshot) -> list[Dispute]:
    told = {fact.dispute_ref for fact in snapshot.disputes}
    return [dispute for dispute in ours.disputes if dispute.provider_ref not in told]


def _is_of(refund: Refund, fact: RefundFact) -> bool:
    if refund.provider_ref is not None:
        return refund.provider_ref == fact.refund_ref
    return refund.operation_id == fact.operation_id


class _About:
    """Makes the drifts of one session."""

    def __init__(self, session: PaymentSession, payment: Payment | None, snapshot: PaymentSnapshot) -> None:
        self._session, self._payment, self._snapshot = session, payment, snapshot

    def __call__(self, kind: DriftKind, *, ours: Any, theirs: Any, **line: str) -> Drift:
        """`line`: which of our lines it is about, where the payment may have several."""
        return Drift(
            kind=kind,
            provider_id=self._session.provider_id,
            provider_ref=self._snapshot.provider_ref,
            session_id=self._session.pk,
            payment_id=self._payment.pk if self._payment else "",
            ours={kind.value: ours, **line},
            theirs={kind.value: theirs},
        )
