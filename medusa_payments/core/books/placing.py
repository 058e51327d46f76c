"""Making sessions the live ones of their collection. Runs inside the collection's lock and opens no transaction."""

from collections.abc import Iterable, Sequence

from medusa_payments.models import Operation, PaymentCollection, PaymentSession
from medusa_payments.queries.primary import primary
from medusa_payments.services import attention, split_policy
from medusa_payments.services.operations import Reservation
from medusa_payments.services.retirement import retire
from medusa_payments.services.session_choice import live_sessions
from medusa_payments.states import MONEY_HOLDING_STATUSES, OperationStatus


def settle(collection: PaymentCollection, operation: Operation, session: PaymentSession) -> list[Reservation] | None:
    """Make a session live that an operation has initiated or updated, and retire those whose place it takes.

    One of a set waits for the others: the last to succeed makes all of them live. The caller saves `session`. Returns
    what is to be sent after commit; None when the session was given up meanwhile for another choice or with the
    collection, or is not needed because another one was paid with.
    """
    plan = operation.intent.get("plan", [session.pk])
    live = live_sessions(collection)
    is_paid_otherwise = any(other.status in MONEY_HOLDING_STATUSES and other.pk not in plan for other in live)
    if operation.open_slot is None or is_paid_otherwise or collection.canceled_at is not None:
        attention.ask(collection)
        return None
    if not all(other.status == OperationStatus.SUCCEEDED for other in _others_of_set(operation)):
        return []
    return place(collection, plan, live=live, current=session, cause=operation)


def place(
    collection: PaymentCollection,
    plan: Sequence[str],
    *,
    live: Iterable[PaymentSession],
    current: PaymentSession | None = None,
    cause: Operation | None = None,
    actor: str = "",
) -> list[Reservation]:
    """Make the sessions of a plan the live ones, in its order, and retire all others that are `live` now.

    `current` is one of them that the caller holds and saves.
    """
    before = {session.pk: session for session in live}
    retired = [session for pk, session in before.items() if pk not in plan]
    follow_ups = [cancel for row in retired for cancel in retire(collection, row, cause=cause, actor=actor)]
    _number(plan, {pk: session.slot for pk, session in before.items()}, current)
    if len(plan) > 1:
        for session in primary(PaymentSession).filter(pk__in=plan):
            attention.watch(collection, session)
    # A rest beside money that stays: nothing gives that money back when the rest isn't paid in time.
    is_rest = cause is not None and cause.intent.get("rest", False)
    if (len(plan) > 1 or len(before) > 1) and not is_rest:
        split_policy.adopt(collection, sessions=len(plan), was_split=len(before) > 1)
    return follow_ups


def operations_of_set(operation: Operation) -> list[Operation]:
    """Return the operations that were reserved together with one of a set, itself included."""
    together = primary(Operation).filter(
        payment_collection=operation.payment_collection_id, payment_session__in=operation.intent["plan"]
    )
    return [each for each in together if each.intent.get("set") == operation.intent["set"]]


def _others_of_set(operation: Operation) -> list[Operation]:
    if "plan" not in operation.intent:
        return []
    return [other for other in operations_of_set(operation) if other.pk != operation.pk]


def _number(plan: Sequence[str], slots: dict[str, int | None], current: PaymentSession | None) -> None:
    """Two sessions never share a slot, not even between two statements."""
    moving = [pk for slot, pk in enumerate(plan) if pk in slots and slots[pk] != slot]
    if moving:
        primary(PaymentSession).filter(pk__in=moving).update(slot=None)
    for slot, pk in enumerate(plan):
        if current is not None and pk == current.pk:
            current.slot = slot
        elif slots.get(pk) != slot:
            primary(PaymentSession).filter(pk=pk).update(slot=slot)
