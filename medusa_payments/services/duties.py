"""What the state of a collection calls for, as operations to be sent. Runs inside the collection's lock.

What is due is decided by `core.policy.due`; here the facts are read, and what it says is reserved.
"""

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from medusa_payments.carts import CartSnapshot
from medusa_payments.conf import payments_settings
from medusa_payments.core.facts import Rows, collection_facts, dispute_facts, payment_facts, session_facts
from medusa_payments.core.policy import due
from medusa_payments.core.policy.due import Duty, What
from medusa_payments.core.policy.facts import Facts, PaymentFacts, SessionFacts, Waits
from medusa_payments.core.policy.misfit import ChosenSplit
from medusa_payments.core.saga import leases, slots, workers
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.queries.primary import primary
from medusa_payments.services import (
    amounts,
    attention,
    captures,
    cart_amounts,
    disputes,
    events,
    operations,
    payments,
    refunds,
    session_choice,
)
from medusa_payments.services.events import EventName
from medusa_payments.services.operations import Reservation
from medusa_payments.services.retirement import reserve_cancel, retire
from medusa_payments.states import ExpiryPolicy, OperationKind

NOT_RESOLVED_IN_TIME = "not resolved in time"


def reserve(collection: PaymentCollection) -> list[Reservation]:
    """Reserve everything that is due for a locked collection (`due.due`), and note when to look at it again.

    The caller stores the collection and sends the reservations after commit.
    """
    rows, now, waits = Rows(collection), timezone.now(), _waits(collection)
    facts = _facts(rows, may_be_paid=collection.resolve_by is not None and _may_be_paid(rows))
    duties = due.due(facts, now, waits)
    reservations = [reservation for duty in duties for reservation in _done(collection, rows, duty)]
    if duties:
        facts = _facts(Rows(collection))
    collection.attention_at = due.next_look(facts, now, waits)
    return reservations


def reserve_for_cart(
    collection: PaymentCollection, *, snapshot: CartSnapshot, split: ChosenSplit | None = None
) -> list[Reservation]:
    """Reserve what must be released before a locked collection without an order can be paid as its cart is now: what
    is due anyway, and money that doesn't fit the cart any more (`misfit.misfit`).

    Has the collection follow the cart when its money fits, and tells staff of money that is kept.

    No-op once an order exists, and while somebody may be authorizing. Raises `Conflict` while another request releases
    it, `PaymentOutcomeUnknown`.
    """
    if _is_no_question(collection, snapshot):
        return []
    rows = Rows(collection)
    if snapshot.has_order is False:
        # An earlier request's release whose answer was lost: its money would look as if it stayed.
        releasing = [payment.pk for payment in _there(rows) if payment.releasing_amount]
        unfinished = [holder for pk in releasing if (holder := slots.holder(pk)) is not None]
        if unfinished:
            return [operations.resume(operation) for operation in unfinished]
        facts = _facts(rows)
        due_anyway = [undo for undo in due.to_give_back(facts) if undo.release]
        if due_anyway:
            duties = [duty for undo in due_anyway for duty in due.duties_of(facts, undo)]
            return [reservation for duty in duties for reservation in _done(collection, rows, duty)]
    kept = _staying(rows)
    misfit = cart_amounts.misfit_of(collection, snapshot, kept, split=split)
    if misfit is not None and misfit.release:
        return [
            payments.reserve_release(
                payment, operations.provider_for(payment), amount=payment.capturable_amount, created_by=workers.ACTOR
            )
            for payment in kept
            if payment.pk in misfit.release
        ]
    unsplit = misfit or cart_amounts.misfit_of(collection, snapshot, kept)
    if unsplit is not None and not unsplit.release:
        cart_amounts.tell_of_kept_money(collection, snapshot, unsplit)
    if misfit is None and kept:
        cart_amounts.follow_beside_money(collection, snapshot)
    return []


def staying(collection: PaymentCollection) -> list[Payment]:
    """Return the payments of a collection that aren't canceled, and of which nothing is to be given back anyway, oldest
    first, with their sessions.
    """
    return _staying(Rows(collection))


def to_be_asked(payment_collection_id: str) -> list[PaymentSession]:
    """Return the sessions of a collection whose provider may know of something that we don't (`due.is_worth_asking`);
    none for an unknown collection. Needs no lock.
    """
    collection = primary(PaymentCollection).filter(pk=payment_collection_id).first()
    if collection is None:
        return []
    rows, now = Rows(collection), timezone.now()
    return [session for session in rows.sessions if due.is_worth_asking(_session_facts(rows, session), now)]


def fail(collection: PaymentCollection, *, reason: str, actor: str) -> None:
    """Record that what a locked collection was to be paid for has failed. No-op when that is known."""
    if collection.failed_at is not None:
        return
    collection.failed_at = timezone.now()
    primary(PaymentCollection).filter(pk=collection.pk).update(failed_at=collection.failed_at)
    events.record(collection, EventName.COLLECTION_FAILED, actor=actor, reason=reason, on_failure=collection.on_failure)


def _done(collection: PaymentCollection, rows: Rows, duty: Duty) -> list[Reservation]:
    """Do what needs nobody outside, and reserve what does."""
    match duty.what:
        case What.FAIL:
            fail(collection, reason=NOT_RESOLVED_IN_TIME, actor=workers.ACTOR)
        case What.GIVE_UP:
            return retire(collection, rows.session(duty.of), actor=workers.ACTOR)
        case What.CANCEL:
            return reserve_cancel(rows.session(duty.of))
        case What.WARN_OF_EXPIRY:
            _warn_of_expiry(collection, rows.payment(duty.of))
        case What.WARN_OF_EVIDENCE:
            dispute = rows.dispute(duty.of)
            disputes.warn(collection, dispute, rows.payment(dispute.payment_id), actor=workers.ACTOR)
        case What.RELEASE | What.REFUND | What.CAPTURE:
            return [_moved(rows.payment(duty.of), duty)]
    return []


def _moved(payment: Payment, duty: Duty) -> Reservation:
    provider = operations.provider_for(payment)
    if duty.what is What.RELEASE:
        return payments.reserve_release(payment, provider, amount=duty.amount, created_by=workers.ACTOR)
    if duty.what is What.CAPTURE:
        return captures.reserve(payment, provider, amount=duty.amount, created_by=workers.ACTOR)
    return refunds.reserve(payment, provider, amount=duty.amount, requested=duty.amount, created_by=workers.ACTOR)


def _warn_of_expiry(collection: PaymentCollection, payment: Payment) -> None:
    payment.expiry_warned_at = timezone.now()
    primary(Payment).filter(pk=payment.pk).update(expiry_warned_at=payment.expiry_warned_at)
    events.record(
        collection,
        EventName.AUTHORIZATION_EXPIRING,
        actor=workers.ACTOR,
        payment_id=payment.pk,
        capture_before=payment.capture_before.isoformat() if payment.capture_before else None,
        policy=_on_expiry(payment).value,
        amount=payment.capturable_amount,
    )


def _is_no_question(collection: PaymentCollection, snapshot: CartSnapshot) -> bool:
    is_over = any((collection.deleted_at, collection.canceled_at, cart_amounts.has_order(collection, snapshot)))
    return is_over or cart_amounts.is_authorizing(collection)


def _staying(rows: Rows) -> list[Payment]:
    given_up = {undo.payment_id for undo in due.unwanted(_facts(rows))}
    return [payment for payment in _there(rows) if payment.pk not in given_up]


def _there(rows: Rows) -> list[Payment]:
    found = [payment for payment in rows.payments if payment.canceled_at is None]
    return sorted(found, key=lambda payment: (payment.created_at, payment.pk))


def _waits(collection: PaymentCollection) -> Waits:
    return Waits(
        before_expiry=attention.expiry_warning(),
        before_evidence=attention.evidence_warning(),
        first_question=attention.first_question(),
        again=attention.backoff(collection.attention_count),
    )


def _facts(rows: Rows, *, may_be_paid: bool = False) -> Facts:
    return Facts(
        collection=collection_facts(rows.collection),
        sessions=tuple(_session_facts(rows, session) for session in rows.sessions),
        disputes=tuple(dispute_facts(dispute) for dispute in rows.disputes),
        resolve_by=rows.collection.resolve_by,
        may_be_paid=may_be_paid,
    )


def _may_be_paid(rows: Rows) -> bool:
    if session_choice.awaited_by_order(rows.collection) is not None:
        return True
    authorizing = [each for each in rows.operations if each.kind == OperationKind.AUTHORIZE and each.is_open]
    return any(leases.is_leased(operation) for operation in authorizing)


def _session_facts(rows: Rows, session: PaymentSession) -> SessionFacts:
    payment: Payment | None = getattr(session, "payment", None)
    if payment is not None:
        return session_facts(rows, session, payment=_payment_facts(rows, payment))
    return session_facts(rows, session, is_watchable=attention.is_watchable(session))


def _payment_facts(rows: Rows, payment: Payment) -> PaymentFacts:
    collection, provider = rows.collection, _provider_of(payment)
    code = collection.currency_code
    wanted = amounts.step_up(collection.amount, provider=provider, currency_code=code) if provider else None
    on_expiry = _on_expiry(payment) if payment.capture_before else ExpiryPolicy.NOTHING
    captures_once = attention.captures_once(payment)
    return payment_facts(rows, payment, wanted=wanted, on_expiry=on_expiry, captures_once=captures_once)


def _provider_of(payment: Payment) -> PaymentProvider | None:
    try:
        return operations.provider_for(payment)
    except (PaymentsError, ImproperlyConfigured):
        return None


def _on_expiry(payment: Payment) -> ExpiryPolicy:
    policy = payments_settings.PROVIDERS.get(payment.provider_id, {}).get("ON_EXPIRY", "nothing")
    # A policy that there isn't is an error of the system check, which a production server never runs: nobody's
    # checkout breaks for it.
    return ExpiryPolicy(policy) if policy in set(ExpiryPolicy) else ExpiryPolicy.NOTHING
