"""What becomes of a split collection that is paid in part: in the end all of it is paid, or all of it is given back.

Runs inside the collection's lock; the caller stores the collection (`projections.store`).
"""

from datetime import timedelta

from django.utils import timezone

from medusa_payments.conf import payments_settings
from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.queries import held_money
from medusa_payments.queries.primary import primary
from medusa_payments.services import attention


def adopt(collection: PaymentCollection, *, sessions: int, was_split: bool) -> None:
    """Store what fits the number of a collection's live sessions: `SPLIT_ON_FAILURE` for several, which have a deadline
    as soon as something is paid. That of an earlier split ends with the last of what was held then.
    """
    policy = payments_settings.SPLIT_ON_FAILURE if sessions > 1 else payments_settings.ON_FAILURE
    if collection.on_failure != policy:
        collection.on_failure = policy
        primary(PaymentCollection).filter(pk=collection.pk).update(on_failure=policy)
    held = held_money.amount_of(collection)
    if held:
        _count_down(collection, held, is_split=sessions > 1)
    elif was_split:
        collection.resolve_by = None


def begin_anew(collection: PaymentCollection) -> None:
    """Give what is held of a failed attempt a new deadline, as the next one may come to nothing too."""
    collection.resolve_by = None
    held = held_money.amount_of(collection)
    if held:
        _count_down(collection, held, is_split=True)


def note_authorization(collection: PaymentCollection, payment: Payment) -> None:
    """Begin to count down when a split collection is paid in part, and stop when it is paid in full, with money that is
    there. A `resolve_by` that is set already stays. No-op for a part that is all of a collection that isn't split.
    """
    held = payment.held_amount
    # Mostly the new payment is for all of it, and then no other needs to be looked at.
    if held < collection.amount or payment.currency_code != collection.currency_code:
        held = held_money.amount_of(collection)
    _count_down(collection, held, is_split=held < collection.amount and _is_split(collection))


def _count_down(collection: PaymentCollection, held: int, *, is_split: bool) -> None:
    if held >= collection.amount:
        collection.resolve_by = None
    elif collection.resolve_by is None and is_split:
        collection.resolve_by = timezone.now() + timedelta(seconds=payments_settings.SPLIT_RESOLVE_SECONDS)
    if collection.resolve_by is not None:
        attention.ask(collection, collection.resolve_by)


def _is_split(collection: PaymentCollection) -> bool:
    return primary(PaymentSession).filter(payment_collection=collection, slot__gt=0).exists()
