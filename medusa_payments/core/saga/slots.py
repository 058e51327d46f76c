"""Open slots: of the verbs that replace one another (choosing, authorizing, canceling) one at a time has its place.

An open operation holds its slot until it is closed, or the customer goes another way and it is let go of.
"""

from django.db.models import Q, QuerySet

from medusa_payments.core.saga.leases import in_progress, is_leased
from medusa_payments.models import Operation, PaymentCollection, PaymentSession
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationKind, OperationStatus


def session_slot(payment_collection_id: str, slot: int = 0) -> str:
    """Return the open slot that all verbs on one of a collection's live sessions share."""
    return f"{payment_collection_id}/{slot}"


def holder(open_slot: str) -> Operation | None:
    """Return the open operation that holds a slot. Raises `Conflict` while somebody is at work on it."""
    found = _unless_leased(primary(Operation).filter(open_slot=open_slot))
    return found[0] if found else None


def holders(collection: PaymentCollection) -> list[Operation]:
    """Return the open operations that hold a slot of a collection's sessions. Raises `Conflict` as `holder` does."""
    return _unless_leased(primary(Operation).filter(_holds_a_slot_of(collection.pk)))


def unfinished_for(session: PaymentSession) -> list[Operation]:
    """Return the open operations that stand between a live session and its authorization: those on the session itself,
    the one that holds its slot, and those that choose the collection's sessions anew.

    Raises `Conflict` as `holder` does.
    """
    pk = session.payment_collection_id
    choosing = _holds_a_slot_of(pk) & Q(kind__in=[OperationKind.INITIATE.value, OperationKind.UPDATE.value])
    on_session = Q(payment_session=session, status=OperationStatus.OPEN.value)
    in_slot = Q(open_slot=session_slot(pk, session.slot or 0))
    return _unless_leased(primary(Operation).filter(choosing | in_slot | on_session))


def abandon(operation: Operation) -> None:
    """Let go of an unknown operation's slot, so that the customer can go another way. It stays open, to be resolved."""
    primary(Operation).filter(pk=operation.pk).update(open_slot=None)


def _holds_a_slot_of(payment_collection_id: str) -> Q:
    return Q(payment_collection=payment_collection_id, open_slot__startswith=f"{payment_collection_id}/")


def _unless_leased(found: QuerySet[Operation]) -> list[Operation]:
    for operation in found:
        if is_leased(operation):
            raise in_progress(operation)
    return list(found)
