"""What the state of a collection calls for, as operations to be sent. Runs inside the collection's lock."""

from collections.abc import Iterable, Iterator

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q, QuerySet
from django.utils import timezone

from medusa_payments.carts import CartSnapshot
from medusa_payments.conf import payments_settings
from medusa_payments.core.policy.misfit import ChosenSplit
from medusa_payments.core.saga import leases, slots, workers
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.queries.primary import primary
from medusa_payments.services import (
    amounts,
    captures,
    cart_amounts,
    disputes,
    events,
    expiry,
    operations,
    payments,
    refunds,
    session_choice,
    split_policy,
)
from medusa_payments.services.events import EventName
from medusa_payments.services.operations import Reservation
from medusa_payments.services.retirement import reserve_cancel, retire
from medusa_payments.services.session_placement import awaits_others
from medusa_payments.services.unwanted_money import Undo, undoes
from medusa_payments.states import (
    ExpiryPolicy,
    OperationKind,
    OperationStatus,
    SessionStatus,
    UndoPolicy,
)

NOT_RESOLVED_IN_TIME = "not resolved in time"


def reserve(collection: PaymentCollection) -> list[Reservation]:
    """Reserve everything that is due for a locked collection and not under way or refused already.

    Replaced objects are given up, unwanted money is given back, authorizations about to run out are warned of and
    treated as their provider's policy says, evidence that is due soon is warned of. The caller stores the collection
    and sends the reservations after commit.
    """
    reservations = fail_if_overdue(collection)
    reservations += [found for session in _objects_to_give_up(collection) for found in reserve_cancel(session)]
    unwanted = _undoes(collection)
    for undo in unwanted:
        if not _was_refused(undo):
            reservations += _reserve_undo(undo)
    given_up = {undo.payment.pk for undo in unwanted}
    for payment in _payments(collection):
        if expiry.is_near(payment) and payment.capturable_amount:
            reservations += _treat_expiry(collection, payment, is_wanted=payment.pk not in given_up)
    disputes.warn_where_due(collection, actor=workers.ACTOR)
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
    if snapshot.has_order is False:
        # An earlier request's release whose answer was lost: its money would look as if it stayed.
        releasing = [payment.pk for payment in cart_amounts.payments_there(collection) if payment.releasing_amount]
        unfinished = [holder for pk in releasing if (holder := slots.holder(pk)) is not None]
        if unfinished:
            return [operations.resume(operation) for operation in unfinished]
        due_anyway = [undo for undo in _undoes(collection) if undo.release and not _was_refused(undo)]
        if due_anyway:
            return [reservation for undo in due_anyway for reservation in _reserve_undo(undo)]
    kept = staying(collection)
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


def _is_no_question(collection: PaymentCollection, snapshot: CartSnapshot) -> bool:
    is_over = any((collection.deleted_at, collection.canceled_at, cart_amounts.has_order(collection, snapshot)))
    return is_over or cart_amounts.is_authorizing(collection)


def staying(collection: PaymentCollection) -> list[Payment]:
    """Return the payments of a collection that aren't canceled, and of which nothing is to be given back anyway."""
    given_up = {undo.payment.pk for undo in _undoes(collection)}
    return [payment for payment in cart_amounts.payments_there(collection) if payment.pk not in given_up]


def are_left(collection: PaymentCollection) -> bool:
    """Say whether something is due, or under way, that may have to be done again."""
    are_objects_left = any(_objects_to_give_up(collection, with_open=True))
    return are_objects_left or any(not _was_refused(undo) for undo in _undoes(collection))


def fail_if_overdue(collection: PaymentCollection) -> list[Reservation]:
    """A collection that doesn't hold its amount by its `resolve_by` has failed. No-op otherwise, and while somebody is
    authorizing the rest or an order waits for a provider that has yet to decide.

    Unless a person is to decide, its unpaid sessions are given up: nobody pays the rest of what is being given back.
    """
    is_overdue = collection.resolve_by is not None and collection.resolve_by <= timezone.now()
    if not is_overdue or not split_policy.is_counting_down(collection) or _may_be_paid(collection):
        return []
    fail(collection, reason=NOT_RESOLVED_IN_TIME, actor=workers.ACTOR)
    if collection.on_failure == UndoPolicy.HOLD:
        return []
    unpaid = primary(PaymentSession).filter(payment_collection=collection, slot__isnull=False, payment__isnull=True)
    return [found for session in unpaid for found in retire(collection, session, actor=workers.ACTOR)]


def _may_be_paid(collection: PaymentCollection) -> bool:
    if session_choice.awaited_by_order(collection) is not None:
        return True
    authorizing = primary(Operation).filter(
        payment_collection=collection, kind=OperationKind.AUTHORIZE.value, status=OperationStatus.OPEN.value
    )
    return any(leases.is_leased(operation) for operation in authorizing)


def fail(collection: PaymentCollection, *, reason: str, actor: str) -> None:
    """Record that what a locked collection was to be paid for has failed. No-op when that is known."""
    if collection.failed_at is not None:
        return
    collection.failed_at = timezone.now()
    primary(PaymentCollection).filter(pk=collection.pk).update(failed_at=collection.failed_at)
    events.record(collection, EventName.COLLECTION_FAILED, actor=actor, reason=reason, on_failure=collection.on_failure)


def _objects_to_give_up(collection: PaymentCollection, *, with_open: bool = False) -> Iterator[PaymentSession]:
    """Sessions out of their slot whose object at the provider is still there, as far as we know."""
    out_of_slot = primary(PaymentSession).filter(
        payment_collection=collection, slot__isnull=True, provider_ref__isnull=False, payment__isnull=True
    )
    for session in out_of_slot.exclude(status=SessionStatus.CANCELED.value):
        tried = primary(Operation).filter(payment_session=session, kind=OperationKind.CANCEL.value)
        if not _is_under_way_or_refused(tried, with_open=with_open) and not awaits_others(session):
            yield session


def _undoes(collection: PaymentCollection) -> list[Undo]:
    payments = _payments(collection)
    live = {session.pk for session in session_choice.live_sessions(collection)}
    paid = [payment.payment_session for payment in payments if payment.payment_session_id not in live]
    preferred = live | {session.pk for session in paid if awaits_others(session)}
    return undoes(collection, payments, preferred=preferred, most=_most(collection, payments))


def _most(collection: PaymentCollection, payments: Iterable[Payment]) -> int:
    """Return what may be captured of a collection (minor units): its amount in the coarsest of its providers' steps."""
    providers = [provider for payment in payments if (provider := _provider_of(payment)) is not None]
    code = collection.currency_code
    stepped = [amounts.step_up(collection.amount, provider=provider, currency_code=code) for provider in providers]
    return max(stepped, default=collection.amount)


def _reserve_undo(undo: Undo) -> Iterable[Reservation]:
    provider = _provider_of(undo.payment)
    if provider is None:
        return
    if undo.release:
        yield payments.reserve_release(undo.payment, provider, amount=undo.release, created_by=workers.ACTOR)
    if undo.refund:
        yield refunds.reserve(
            undo.payment, provider, amount=undo.refund, requested=undo.refund, created_by=workers.ACTOR
        )


def _was_refused(undo: Undo) -> bool:
    """What the provider refused once, or took and failed to do, is left to a person: the worker doesn't knock again and
    again.

    It may have refused because of a dispute; once that has given the money back, it is asked again.
    """
    kind = OperationKind.CANCEL if undo.release else OperationKind.REFUND
    tried = primary(Operation).filter(
        payment=undo.payment, kind=kind.value, amount=undo.release or undo.refund, created_by=workers.ACTOR
    )
    freed_at = disputes.freed_at(undo.payment)
    if freed_at is not None:
        tried = tried.filter(created_at__gt=freed_at)
    return tried.filter(Q(status=OperationStatus.REFUSED.value) | Q(refund__reversal__isnull=False)).exists()


def _treat_expiry(collection: PaymentCollection, payment: Payment, *, is_wanted: bool) -> Iterable[Reservation]:
    """Warn once, and do what the policy says until it is done or refused. What is to be given back is never captured,
    even if its provider refused to release it.
    """
    policy = ExpiryPolicy(payments_settings.PROVIDERS.get(payment.provider_id, {}).get("ON_EXPIRY", "nothing"))
    if payment.expiry_warned_at is None:
        _warn_of_expiry(collection, payment, policy)
    provider = _provider_of(payment)
    is_quiet = not payment.capturing_amount and not payment.releasing_amount and payment.frozen_at is None
    if provider is None or not is_quiet:
        return
    lacking = captures.still_lacking(collection, payment, provider)
    if policy is ExpiryPolicy.CAPTURE and is_wanted and lacking and not _refused(payment, OperationKind.CAPTURE):
        yield captures.reserve(payment, provider, amount=lacking, created_by=workers.ACTOR)
    elif policy is ExpiryPolicy.RELEASE and not _refused(payment, OperationKind.CANCEL):
        yield payments.reserve_release(payment, provider, amount=payment.capturable_amount, created_by=workers.ACTOR)


def _refused(payment: Payment, kind: OperationKind) -> bool:
    tried = primary(Operation).filter(payment=payment, kind=kind.value, created_by=workers.ACTOR)
    return tried.filter(status=OperationStatus.REFUSED.value).exists()


def _warn_of_expiry(collection: PaymentCollection, payment: Payment, policy: ExpiryPolicy) -> None:
    payment.expiry_warned_at = timezone.now()
    primary(Payment).filter(pk=payment.pk).update(expiry_warned_at=payment.expiry_warned_at)
    events.record(
        collection,
        EventName.AUTHORIZATION_EXPIRING,
        actor=workers.ACTOR,
        payment_id=payment.pk,
        capture_before=payment.capture_before.isoformat() if payment.capture_before else None,
        policy=policy.value,
        amount=payment.capturable_amount,
    )


def _is_under_way_or_refused(tried: QuerySet[Operation], *, with_open: bool) -> bool:
    ended = [OperationStatus.REFUSED.value] + ([] if with_open else [OperationStatus.OPEN.value])
    return tried.filter(status__in=ended).exists()


def _payments(collection: PaymentCollection) -> list[Payment]:
    return list(primary(Payment).filter(payment_collection=collection).select_related("payment_session"))


def _provider_of(payment: Payment) -> PaymentProvider | None:
    try:
        return operations.provider_for(payment)
    except (PaymentsError, ImproperlyConfigured):
        return None
