"""Disputes: what a provider says of them is booked, and their payment counts what they withhold.

Amounts are minor units. A dispute is a fact
of the provider's, cleaned where it came in: it never moves our other counters, fits whatever was captured or refunded,
and is booked on a frozen payment too. One that belongs to no payment of ours is recorded as a discrepancy.
"""

from datetime import datetime
from typing import Any

from medusa_payments.core.base import amounts
from medusa_payments.core.books import attention, freezing
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import BY_PROVIDER, EventName
from medusa_payments.core.policy import due
from medusa_payments.core.policy.facts import DisputeFacts
from medusa_payments.exceptions import InvalidData, NotAllowed
from medusa_payments.models import Dispute, Payment, PaymentSession
from medusa_payments.money import MAX_MINOR_UNITS, Money, exponent
from medusa_payments.providers.facts import DisputeFact, DisputeState, PaymentSnapshot
from medusa_payments.queries.primary import primary
from medusa_payments.states import ANSWERABLE_STATES, ENDED_STATES, WITHHOLDING_STATES

DISPUTED_CODE = "payment_disputed"

_ENDINGS = {
    DisputeState.WON: EventName.DISPUTE_WON,
    DisputeState.LOST: EventName.DISPUTE_LOST,
    DisputeState.CLOSED: EventName.DISPUTE_CLOSED,
}


def absorb(book: Book, payment: Payment, snapshot: PaymentSnapshot, *, as_of: int | None) -> bool:
    """Book what a snapshot says of a payment's disputes; return True when something has to be looked at again.

    `as_of` is how many events the collection had before the provider was asked; None when that isn't known. What was
    read before the latest change of a dispute was booked may only bring it further, never back.
    """
    waits = False
    for fact in snapshot.disputes:
        waits |= _absorb_one(book, payment, fact, as_of=as_of)
    return waits


def record_unattached(book: Book, session: PaymentSession, snapshot: PaymentSnapshot) -> None:
    """Record the disputes of an object that no payment stands for, for staff to see."""
    for fact in snapshot.disputes:
        _record_discrepancy(book, fact, "A dispute about a session without a payment.", session.pk)


def refusal(book: Book, payment: Payment, *, requested: int) -> NotAllowed:
    """Return the error that says: this much is disputed and can't be refunded now."""
    ids = [dispute.pk for dispute in _withholding(book, payment)]
    disputed, left = (
        Money(minor_units=amount, currency_code=payment.currency_code)
        for amount in (payment.disputed_amount, payment.refundable_amount)
    )
    return NotAllowed(
        f"{disputed} of {payment.pk} is disputed and can't be refunded; {left} can. Disputes: {', '.join(ids)}",
        code=DISPUTED_CODE,
        details=amounts.limits(payment, requested=requested) | {"dispute_ids": ids},
    )


def warn(book: Book, dispute: Dispute, *, actor: str) -> None:
    """Tell the host that evidence for a dispute is due soon, and that it was told."""
    dispute.evidence_warned_at = book.clock()
    payment = book.payment(dispute.payment_id)
    book.record(EventName.DISPUTE_EVIDENCE_DUE, actor=actor, **_told(dispute, payment))


def facts_of(dispute: Dispute) -> DisputeFacts:
    """Return until when evidence for a dispute may be sent, and whether that was announced."""
    return DisputeFacts(
        dispute_id=dispute.pk,
        evidence_due_by=dispute.evidence_due_by,
        is_answerable=dispute.state in ANSWERABLE_STATES,
        was_warned=dispute.evidence_warned_at is not None,
    )


def _absorb_one(book: Book, payment: Payment, fact: DisputeFact, *, as_of: int | None) -> bool:
    problem = _problem(fact)
    dispute = None if problem else _known(book, payment, fact)
    if dispute is not None and dispute.payment_id != payment.pk:
        problem = "A dispute that belongs to another payment."
    if problem:
        _record_discrepancy(book, fact, problem, payment.payment_session_id)
        return False
    if dispute is None:
        _open(book, payment, fact)
    elif _changes(dispute, _values(fact, payment)):
        if _may_be_outdated(dispute, fact, as_of):
            return True
        _update(book, payment, dispute, fact)
    return False


def _known(book: Book, payment: Payment, fact: DisputeFact) -> Dispute | None:
    """Another account may call one of its own disputes the same."""
    named = (payment.provider_account, fact.dispute_ref)
    own = [dispute for dispute in book.disputes if (dispute.provider_account, dispute.provider_ref) == named]
    if own:
        return own[0]
    elsewhere = primary(Dispute).filter(provider_account=payment.provider_account, provider_ref=fact.dispute_ref)
    return elsewhere.first()


def _problem(fact: DisputeFact) -> str:
    """Say why a dispute can't be stored; "" when it can."""
    if not fact.dispute_ref:
        return "A dispute without a usable reference."
    if not 0 <= fact.money.minor_units <= MAX_MINOR_UNITS:
        return "A dispute about an amount that can't be stored."
    try:
        exponent(fact.money.currency_code)
    except InvalidData:
        return "A dispute in an unknown currency."
    return ""


def _record_discrepancy(book: Book, fact: DisputeFact, reason: str, session_id: str) -> None:
    theirs = {
        "dispute_ref": fact.dispute_ref,
        "state": fact.state.value,
        "amount": str(fact.money.minor_units),
        "currency_code": fact.money.currency_code,
    }
    freezing.record_discrepancy(book, reason=reason, ours={"payment_session_id": session_id}, theirs=theirs)


def _may_be_outdated(dispute: Dispute, fact: DisputeFact, as_of: int | None) -> bool:
    """Say whether the provider may have been read before it had what is booked already."""
    is_newer = as_of is not None and as_of >= dispute.event_number
    return not is_newer and fact.state.stage <= DisputeState(dispute.state).stage


def _values(fact: DisputeFact, payment: Payment) -> dict[str, Any]:
    return {
        "amount": fact.money.minor_units,
        "currency_code": fact.money.currency_code,
        "withheld_amount": _withheld(fact, payment),
        "state": fact.state.value,
        "reason": fact.reason,
        "evidence_due_by": fact.evidence_due_by,
    }


def _withheld(fact: DisputeFact, payment: Payment) -> int:
    """What a dispute in another currency withholds of the payment can't be told, so it is all of it."""
    if not fact.state.withholds_money:
        return 0
    return fact.money.minor_units if fact.money.currency_code == payment.currency_code else payment.amount


def _changes(dispute: Dispute, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if getattr(dispute, name) != value}


def _open(book: Book, payment: Payment, fact: DisputeFact) -> None:
    dispute = Dispute(
        payment=payment,
        provider_account=payment.provider_account,
        provider_ref=fact.dispute_ref,
        opened_at=fact.opened_at,
        created_at=book.clock(),
        **_values(fact, payment),
    )
    book.add(dispute)
    _count(book, payment, dispute)
    _record(book, EventName.DISPUTE_OPENED, payment, dispute)
    if fact.state.has_ended:
        _record(book, _ENDINGS[fact.state], payment, dispute)


def _update(book: Book, payment: Payment, dispute: Dispute, fact: DisputeFact) -> None:
    changes = _changes(dispute, _values(fact, payment))
    before = {name: _plain(getattr(dispute, name)) for name in changes}
    for name, value in changes.items():
        setattr(dispute, name, value)
    if "evidence_due_by" in changes:
        dispute.evidence_warned_at = None
    _count(book, payment, dispute)
    has_just_ended = "state" in changes and fact.state.has_ended
    event_name = _ENDINGS[fact.state] if has_just_ended else EventName.DISPUTE_UPDATED
    after = {name: _plain(value) for name, value in changes.items()}
    _record(book, event_name, payment, dispute, before=before, after=after)


def _count(book: Book, payment: Payment, dispute: Dispute) -> None:
    """Count a dispute on its payment. Money that it frees may be due to somebody."""
    has_ended = dispute.state in ENDED_STATES
    dispute.closed_at = (dispute.closed_at or book.clock()) if has_ended else None
    before = payment.withheld_amount
    payment.withheld_amount = min(sum(each.withheld_amount for each in _withholding(book, payment)), MAX_MINOR_UNITS)
    payment.count_disputes()
    if payment.withheld_amount < before:
        attention.ask(book)
    warning = due.evidence_warning(facts_of(dispute), attention.evidence_warning())
    if warning is not None:
        attention.ask(book, warning)


def _record(book: Book, name: EventName, payment: Payment, dispute: Dispute, **changes: Any) -> None:
    book.record(name, actor=BY_PROVIDER, **_told(dispute, payment), **changes)
    dispute.event_number = book.collection.event_count


def _told(dispute: Dispute, payment: Payment) -> dict[str, Any]:
    return {
        "payment_id": payment.pk,
        "dispute_id": dispute.pk,
        "state": dispute.state,
        "amount": dispute.amount,
        "currency_code": dispute.currency_code,
        "withheld_amount": dispute.withheld_amount,
        "disputed_amount": payment.disputed_amount,
        "reason": dispute.reason,
        "evidence_due_by": _plain(dispute.evidence_due_by),
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _withholding(book: Book, payment: Payment) -> list[Dispute]:
    own = [dispute for dispute in book.disputes if dispute.payment_id == payment.pk]
    return [dispute for dispute in own if dispute.state in WITHHOLDING_STATES]
