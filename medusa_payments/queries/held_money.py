"""What a collection's payments hold right now. Statuses can't tell: no refund ever changes one, and what is on its way
back is still `authorized`.
"""

from django.db.models import QuerySet

from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.queries import payments
from medusa_payments.queries.primary import primary
from medusa_payments.states import SessionStatus, UndoPolicy


def amount_of(collection: PaymentCollection) -> int:
    """Return what all payments of a collection hold in its currency (minor units)."""
    return sum(payment.held_amount for payment in _not_canceled(collection))


def pays_for(collection: PaymentCollection) -> bool:
    """Say whether an order can be placed on a collection: what it holds covers its amount, and stays.

    What a frozen payment holds doesn't count: its provider says something else. An amount of 0 is paid for once there
    is a payment of it. An order may also be placed on a collection that is `awaiting`, which holds nothing yet, unless
    it is given up (`is_given_up`).
    """
    if is_given_up(collection):
        return False
    held = [payment.held_amount for payment in _not_canceled(collection) if payment.frozen_at is None]
    return bool(held) and sum(held) >= collection.amount


def is_given_up(collection: PaymentCollection) -> bool:
    """Say whether what a collection holds, and what it may still get, goes back: it is deleted or canceled, or its
    order failed and no person is to decide about it.
    """
    has_failed = collection.failed_at is not None and collection.on_failure != UndoPolicy.HOLD
    return has_failed or any((collection.deleted_at, collection.canceled_at))


def diminished(collection: PaymentCollection) -> Payment | None:
    """Return a payment, its session loaded, of which a part is gone or going, given back or disputed; None when there
    is none. One that was canceled is not meant: its session holds nothing, and says so.
    """
    with_sessions = _not_canceled(collection).select_related("payment_session")
    return next((payment for payment in with_sessions if payment.held_amount < payment.payment_session.amount), None)


def comes_to_the_amount(collection: PaymentCollection) -> bool:
    """Say whether the live sessions that wait for their payment come to a collection's amount with what is held: they
    were chosen as the rest beside it.
    """
    unpaid = primary(PaymentSession).filter(
        payment_collection=collection, slot__isnull=False, authorized_at__isnull=True
    )
    waiting = [session.amount for session in unpaid.exclude(status=SessionStatus.CANCELED.value)]
    return bool(waiting) and amount_of(collection) + sum(waiting) >= collection.amount


def _not_canceled(collection: PaymentCollection) -> QuerySet[Payment]:
    return payments.counted(collection).filter(canceled_at=None)
