"""Stored projections: a collection's status and totals, always decided by `states.collection_state`."""

from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.queries.payments import counted
from medusa_payments.queries.primary import primary
from medusa_payments.states import (
    CollectionState,
    CollectionStatus,
    PaymentFacts,
    collection_state,
)


def decide(collection: PaymentCollection) -> CollectionState:
    """Return the state that a collection's sessions and payments say it is in; what was paid in the currency that its
    cart had before counts for nothing.
    """
    statuses = primary(PaymentSession).filter(payment_collection=collection, slot__isnull=False)
    return collection_state(
        amount=collection.amount,
        is_canceled=collection.canceled_at is not None,
        session_statuses=statuses.values_list("status", flat=True),
        payments=[_facts(payment) for payment in counted(collection).defer("provider_data", "metadata")],
    )


def store(collection: PaymentCollection) -> None:
    """Write amount, status, totals, event count and deadlines of a locked collection.

    `completed_at` is set once per completion and cleared when the collection is no longer complete.
    """
    state = decide(collection)
    if state.status != CollectionStatus.COMPLETED:
        collection.completed_at = None
    elif collection.completed_at is None:
        collection.completed_at = timezone.now()
    values = {
        "amount": collection.amount,
        "currency_code": collection.currency_code,
        "status": state.status.value,
        "authorized_amount": state.authorized_amount,
        "captured_amount": state.captured_amount,
        "refunded_amount": state.refunded_amount,
        "event_count": collection.event_count,
        "attention_at": collection.attention_at,
        "resolve_by": collection.resolve_by,
        "completed_at": collection.completed_at,
    }
    for name, value in values.items():
        setattr(collection, name, value)
    primary(PaymentCollection).filter(pk=collection.pk).update(**values, updated_at=Now())


def _facts(payment: Payment) -> PaymentFacts:
    return PaymentFacts(
        amount=payment.amount,
        released=payment.released_amount,
        captured=payment.captured_amount,
        refunded=payment.refunded_amount,
        is_canceled=payment.canceled_at is not None,
    )
