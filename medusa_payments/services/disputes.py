"""Disputes: what a provider says of them is booked, and their payment counts what they withhold.

Every function runs inside the collection's lock and opens no transaction. Amounts are minor units. A dispute is a fact
of the provider's, cleaned where it came in: it never moves our other counters, fits whatever was captured or refunded,
and is booked on a frozen payment too. One that belongs to no payment of ours is recorded as a discrepancy.
"""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.core.facts import dispute_facts
from medusa_payments.core.policy import due
from medusa_payments.exceptions import InvalidData, NotAllowed
from medusa_payments.models import Dispute, Payment, PaymentCollection, PaymentSession
from medusa_payments.money import MAX_MINOR_UNITS, Money, exponent
from medusa_payments.providers.facts import DisputeFact, DisputeState, PaymentSnapshot
from medusa_payments.queries.primary import primary
from medusa_payments.services import amounts, attention, events, freezing, ledger
from medusa_payments.services.events import EventName
from medusa_payments.states import ENDED_STATES, WITHHOLDING_STATES

DISPUTED_CODE = "payment_disputed"

_ENDINGS = {
    DisputeState.WON: EventName.DISPUTE_WON,
    DisputeState.LOST: EventName.DISPUTE_LOST,
    DisputeState.CLOSED: EventName.DISPUTE_CLOSED,
}


def converge(collection: PaymentCollection, payment_id: str, snapshot: PaymentSnapshot, *, as_of: int | None) -> bool:
    """Book what a snapshot says of a payment's disputes; return True when something has to be looked at again.

    `as_of` is how many events the collection had before the provider was asked; None when that isn't known. What was
    read before the latest change of a dispute was booked may only bring it further, never back.
    """
    waits = False
    for fact in snapshot.disputes:
        waits |= _converge_one(collection, primary(Payment).get(pk=payment_id), fact, as_of=as_of)
    return waits


def record_unattached(collection: PaymentCollection, session: PaymentSession, snapshot: PaymentSnapshot) -> None:
    """Record the disputes of an object that no payment stands for, for a person to see."""
    for fact in snapshot.disputes:
        _record_discrepancy(collection, fact, "A dispute about a session without a payment.", session.pk)


def refusal(payment: Payment, *, requested: int) -> NotAllowed:
    """Return the error that says: this much is disputed and can't be refunded now."""
    withholding = _withholding(payment).order_by("created_at", "id")
    ids = list(withholding.values_list("pk", flat=True))
    disputed, left = (
        Money(minor_units=amount, currency_code=payment.currency_code)
        for amount in (payment.disputed_amount, payment.refundable_amount)
    )
    return NotAllowed(
        f"{disputed} of {payment.pk} is disputed and can't be refunded; {left} can. Disputes: {', '.join(ids)}",
        code=DISPUTED_CODE,
        details=amounts.limits(payment, requested=requested) | {"dispute_ids": ids},
    )


def warn(collection: PaymentCollection, dispute: Dispute, payment: Payment, *, actor: str) -> None:
    """Tell the host that evidence for a dispute of a payment is due soon, and that it was told."""
    dispute.evidence_warned_at = timezone.now()
    dispute.save(update_fields=["evidence_warned_at"])
    events.record(collection, EventName.DISPUTE_EVIDENCE_DUE, actor=actor, **_told(dispute, payment))


def withheld_total(payment: Payment) -> int:
    """Return what a payment's disputes withhold in all, as far as that can be counted."""
    return min(sum(_withholding(payment).values_list("withheld_amount", flat=True)), MAX_MINOR_UNITS)


def _converge_one(collection: PaymentCollection, payment: Payment, fact: DisputeFact, *, as_of: int | None) -> bool:
    problem = _problem(fact)
    dispute = None if problem else _known(payment, fact)
    if dispute is not None and dispute.payment_id != payment.pk:
        problem = "A dispute that belongs to another payment."
    if problem:
        _record_discrepancy(collection, fact, problem, payment.payment_session_id)
        return False
    if dispute is None:
        _open(collection, payment, fact)
    elif _changes(dispute, _values(fact, payment)):
        if _may_be_outdated(dispute, fact, as_of):
            return True
        _update(collection, payment, dispute, fact)
    return False


def _known(payment: Payment, fact: DisputeFact) -> Dispute | None:
    known = primary(Dispute).filter(provider_account=payment.provider_account, provider_ref=fact.dispute_ref)
    return known.first()


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


def _record_discrepancy(collection: PaymentCollection, fact: DisputeFact, reason: str, session_id: str) -> None:
    theirs = {
        "dispute_ref": fact.dispute_ref,
        "state": fact.state.value,
        "amount": str(fact.money.minor_units),
        "currency_code": fact.money.currency_code,
    }
    freezing.record_discrepancy(collection, reason=reason, ours={"payment_session_id": session_id}, theirs=theirs)


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


def _open(collection: PaymentCollection, payment: Payment, fact: DisputeFact) -> None:
    dispute = Dispute(
        payment=payment,
        provider_account=payment.provider_account,
        provider_ref=fact.dispute_ref,
        opened_at=fact.opened_at,
        event_number=0,
        **_values(fact, payment),
    )
    _store(collection, payment, dispute)
    _record(collection, EventName.DISPUTE_OPENED, payment, dispute)
    if fact.state.has_ended:
        _record(collection, _ENDINGS[fact.state], payment, dispute)


def _update(collection: PaymentCollection, payment: Payment, dispute: Dispute, fact: DisputeFact) -> None:
    changes = _changes(dispute, _values(fact, payment))
    before = {name: _plain(getattr(dispute, name)) for name in changes}
    for name, value in changes.items():
        setattr(dispute, name, value)
    if "evidence_due_by" in changes:
        dispute.evidence_warned_at = None
    _store(collection, payment, dispute)
    has_just_ended = "state" in changes and fact.state.has_ended
    event_name = _ENDINGS[fact.state] if has_just_ended else EventName.DISPUTE_UPDATED
    after = {name: _plain(value) for name, value in changes.items()}
    _record(collection, event_name, payment, dispute, before=before, after=after)


def _store(collection: PaymentCollection, payment: Payment, dispute: Dispute) -> None:
    """Store a dispute and count it on its payment. Money that it gives back may be due to somebody."""
    has_ended = dispute.state in ENDED_STATES
    dispute.closed_at = (dispute.closed_at or timezone.now()) if has_ended else None
    dispute.updated_at = Now()
    dispute.save()
    before = payment.withheld_amount
    _count(payment)
    if payment.withheld_amount < before:
        attention.ask(collection)
    warning = due.evidence_warning(dispute_facts(dispute), attention.evidence_warning())
    if warning is not None:
        attention.ask(collection, warning)


def _count(payment: Payment) -> None:
    payment.withheld_amount = withheld_total(payment)
    payment.count_disputes()
    payment.updated_at = Now()
    payment.save(update_fields=["withheld_amount", "disputed_amount", "updated_at"])


def _record(collection: PaymentCollection, name: EventName, payment: Payment, dispute: Dispute, **changes: Any) -> None:
    events.record(collection, name, actor=ledger.BY_PROVIDER, **_told(dispute, payment), **changes)
    primary(Dispute).filter(pk=dispute.pk).update(event_number=collection.event_count)


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


def _withholding(payment: Payment) -> QuerySet[Dispute]:
    return primary(Dispute).filter(payment=payment, state__in=[state.value for state in WITHHOLDING_STATES])
