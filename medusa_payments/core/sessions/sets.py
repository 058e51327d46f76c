"""Several sessions chosen at once for one collection, each for a part of its amount: what it takes to have them.

The operations of a set are reserved together and share its `plan`, the ids of its sessions in the customer's order.
None of its new sessions is live before the last of them succeeded (`session_placement`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.db.models import Q

from medusa_payments.carts import CartSnapshot
from medusa_payments.core.base import leases
from medusa_payments.core.books import placing
from medusa_payments.core.books.book import Book
from medusa_payments.core.saga import callers, operations, run, settling, slots
from medusa_payments.core.saga.operations import CallerKey, Reservation
from medusa_payments.core.sessions import cart, shoppers
from medusa_payments.core.sessions import choice as choosing
from medusa_payments.core.sessions.choice import CHOOSING, Choice
from medusa_payments.core.sessions.plans import Entry
from medusa_payments.exceptions import Conflict, NotAllowed, PaymentsError
from medusa_payments.ids import new_id
from medusa_payments.models import Operation, PaymentSession
from medusa_payments.money import Money
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationKind, OperationStatus

Plan = Callable[[Book], list[Entry]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSet:
    """A request for a set. `plan` says inside the lock what it consists of, `asked` is a fingerprint of the request.

    `is_rest`: one session beside money that stays, which nothing takes back when the rest isn't paid in time. `begun`:
    the operations that this very request goes on with.
    """

    plan: Plan
    asked: str
    caller: CallerKey | None
    snapshot: CartSnapshot | None = None
    created_by: str = ""
    is_rest: bool = False
    begun: Sequence[str] = ()


def carry_out(payment_collection_id: str, wanted: WantedSet) -> list[Operation]:
    """Carry out what makes a set live, and return its operations. The first one that doesn't succeed ends it: those
    behind it are not sent. One of an earlier request that is proven not to have been executed is sent by this one.

    Raises what `reserve` and `settling.raise_unless_succeeded` raise, `Conflict` when the set was replaced meanwhile.
    """
    done = _as_far_as_it_goes(payment_collection_id, wanted)
    if any(map(run.was_never_executed, done)):
        done = _as_far_as_it_goes(payment_collection_id, replace(wanted, begun=[each.pk for each in done]))
    for operation in done:
        settling.raise_unless_succeeded(operation)
    if not was_placed(done):
        raise Conflict(
            f"The payment sessions of {payment_collection_id} were replaced by a newer request.",
            retry_after=leases.IN_PROGRESS_RETRY_SECONDS,
        )
    return done


def _as_far_as_it_goes(payment_collection_id: str, wanted: WantedSet) -> list[Operation]:
    """Send a set's operations until one doesn't succeed, and return all of them as they stand afterwards."""
    unsent = run.reserve_all(payment_collection_id=payment_collection_id, reserve=partial(reserve, wanted=wanted))
    pks = [each.operation.pk for each in unsent]
    try:
        while unsent and run.answer(unsent.pop(0)).status == OperationStatus.SUCCEEDED:
            pass
    except PaymentsError:
        run.withdraw(unsent)
        raise
    run.withdraw(unsent)
    return _in_order(primary(Operation).filter(pk__in=pks))


def reserve(book: Book, *, wanted: WantedSet) -> list[Reservation]:
    """Reserve what makes a collection's live sessions the wanted set, or resume what an earlier request left.

    Returns the set's operations in the order in which they are to be sent; none where the set could be placed at once.

    Raises `NotAllowed` (canceled, an order waits, money is held by a session that the set doesn't keep, a part of
    what was paid is returned, the set was replaced), what `wanted.plan` raises, `Conflict` (another request is at
    work), `IdempotencyError`, `PaymentOutcomeUnknown`.
    """
    earlier = _earlier(book, wanted)
    if earlier and not _may_go_on(book, earlier):
        return [Reservation(operation=operation) for operation in earlier]
    unfinished = slots.holders(book)
    _refuse_if_authorizing(unfinished)
    choosing.refuse_if_canceled(book.collection)
    choosing.refuse_if_an_order_waits(book)
    if not wanted.is_rest:
        choosing.refuse_if_returned(book)
    earlier = earlier or _the_same_in_doubt(book, unfinished, wanted)
    if earlier:
        return _go_on(book, earlier, unfinished)
    cart.follow(book, wanted.snapshot)
    entries = wanted.plan(book)
    new = [entry.choice for entry in entries if entry.choice is not None and entry.session is None]
    if new:
        shoppers.refuse_more_objects(new[0].permission.shopper, book, adding=len(new))
    placing.begin_anew(book)
    _vacate(unfinished)
    return _reserve_anew(book, entries, wanted)


def was_placed(done: list[Operation]) -> bool:
    """Say whether a set whose operations have all succeeded became the live one (perhaps replaced since)."""
    new = [operation.payment_session_id for operation in done if operation.kind == OperationKind.INITIATE]
    placed = Q(slot__isnull=False) | Q(replaced_at__isnull=False)
    return primary(PaymentSession).filter(placed, pk__in=new).count() == len(new)


def _earlier(book: Book, wanted: WantedSet) -> list[Operation]:
    """Return the operations that this request, or the caller's key, was used for on this collection, in their order."""
    if wanted.begun:
        return _in_order(each for each in book.operations if each.pk in wanted.begun)
    if wanted.caller is None:
        return []
    key = wanted.caller.key
    found = [each for each in book.operations if each.idempotency_key == key and each.kind in CHOOSING]
    for operation in found:
        callers.refuse_other_parameters(wanted.caller, operation)
    return _in_order(found)


def _may_go_on(book: Book, earlier: list[Operation]) -> bool:
    """Say whether a set may still come to be: none of its operations was refused, and not all have succeeded.

    Raises `NotAllowed` when it was replaced by another choice.
    """
    statuses = {operation.status for operation in earlier}
    if OperationStatus.REFUSED in statuses or statuses == {OperationStatus.SUCCEEDED.value}:
        return False
    is_replaced = any(operation.is_open and operation.open_slot is None for operation in earlier)
    new = [operation.payment_session_id for operation in earlier if operation.kind == OperationKind.INITIATE]
    is_canceled = any(each.kind == OperationKind.CANCEL and each.payment_session_id in new for each in book.operations)
    # Its key asked for one session for all, before money was held that stays.
    is_of_before = any("plan" not in operation.intent for operation in earlier)
    if is_replaced or is_of_before or is_canceled:
        raise NotAllowed(
            "These payment sessions were replaced by newer ones. Choose again, as a new request.",
            details={"operation_id": earlier[0].pk},
        )
    return True


def _refuse_if_authorizing(unfinished: list[Operation]) -> None:
    for operation in unfinished:
        if operation.kind == OperationKind.AUTHORIZE:
            raise NotAllowed(
                f"{operation.payment_session_id} is being authorized; its outcome is not known yet.",
                details={"operation_id": operation.pk},
            )


def _the_same_in_doubt(book: Book, unfinished: list[Operation], wanted: WantedSet) -> list[Operation]:
    """Return the operations of an unknown set that was asked for in the same words, where a resend may tell more."""
    for operation in unfinished:
        if operation.intent.get("asked") == wanted.asked:
            found = _in_order(placing.operations_of_set(book, operation))
            if all(_is_worth_it(each) for each in found if each.is_open):
                return found
    return []


def _is_worth_it(operation: Operation) -> bool:
    return operation.open_slot is not None and operations.is_worth_a_resend(operation)


def _go_on(book: Book, earlier: list[Operation], unfinished: list[Operation]) -> list[Reservation]:
    choosing.refuse_if_money_is_held(book, except_by=earlier[0].intent["plan"])
    placing.begin_anew(book)
    resumed = {operation.pk for operation in earlier}
    _vacate(operation for operation in unfinished if operation.pk not in resumed)
    return [_resumed(book, operation) for operation in earlier]


def _resumed(book: Book, operation: Operation) -> Reservation:
    if operation.status == OperationStatus.NOT_EXECUTED:
        slot = slots.session_slot(book.collection.pk, operation.intent["slot"])
        return operations.reopen(book, operation, open_slot=slot)
    return operations.resume(book, operation)


def _vacate(unfinished: Iterable[Operation]) -> None:
    for operation in unfinished:
        slots.vacate(operation)


def _in_order(found: Iterable[Operation]) -> list[Operation]:
    return sorted(found, key=lambda operation: operation.intent.get("number", 0))


def _reserve_anew(book: Book, entries: list[Entry], wanted: WantedSet) -> list[Reservation]:
    """Initiates are sent before updates: one that is refused leaves the live sessions as they were."""
    plan = [entry.session.pk if entry.session else new_id("payses") for entry in entries]
    changes = [(slot, entry, entry.choice) for slot, entry in enumerate(entries) if entry.choice is not None]
    if not changes:
        placing.place(book, plan, actor=wanted.created_by)
        return []
    shared = {"plan": plan, "set": new_id("set"), "asked": wanted.asked} | ({"rest": True} if wanted.is_rest else {})
    in_order = sorted(changes, key=lambda change: change[1].session is not None)
    return [
        _reserve_change(book, entry, choice, {"slot": slot, "number": number, **shared})
        for number, (slot, entry, choice) in enumerate(in_order)
    ]


def _reserve_change(book: Book, entry: Entry, choice: Choice, intent: dict[str, Any]) -> Reservation:
    """The first one stands for the whole choice, as that of a single session does: one key asks for one thing."""
    collection = book.collection
    money = Money(minor_units=entry.minor_units, currency_code=collection.currency_code)
    target = slots.session_slot(collection.pk, intent["slot"]) if intent["number"] else collection.pk
    if entry.session is not None:
        return choosing.reserve_update(book, entry.session, choice, money=money, intent=intent, target=target)
    session_id = intent["plan"][intent["slot"]]
    return choosing.reserve_initiate(book, choice, money=money, intent=intent, target=target, session_id=session_id)
