"""A payment collection under its lock: its rows are loaded once, changed in memory and saved once.

Nobody else writes these rows, but for who works on an operation (lease, fence, attempts): those columns are changed by
single statements that name the fence, outside of `save`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from django.db import DatabaseError, router, transaction
from django.db.models import Model, Q
from django.db.models.functions import Now

from medusa_payments.core.base.locks import durable_transaction
from medusa_payments.core.books import events
from medusa_payments.core.books.events import EventName
from medusa_payments.core.policy.counters import IN_FLIGHT_STATUSES
from medusa_payments.exceptions import NotFound
from medusa_payments.models import (
    Capture,
    Dispute,
    Event,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
    RefundReversal,
    Release,
)
from medusa_payments.queries.primary import primary
from medusa_payments.states import (
    CollectionState,
    CollectionStatus,
    OperationKind,
    PaymentFacts,
    collection_state,
)

RowT = TypeVar("RowT", bound=Model)

_COUNTER_OF = {
    OperationKind.CAPTURE: "capturing_amount",
    OperationKind.CANCEL: "releasing_amount",
    OperationKind.REFUND: "refunding_amount",
}


class Overtaken(DatabaseError):
    """Another process has taken over an operation meanwhile: nothing of this book is saved."""


class Book:
    """The rows of one locked collection.

    Sessions and payments are read by one statement, all operations by one more, disputes and ledger lines when they are
    needed. A new row joins by `add`, an event by `record`. Amounts are minor units. A book
    whose `save` or commit failed is dead: open another one with the same evidence.
    """

    def __init__(self, collection: PaymentCollection, *, asked_at: datetime, asked: float) -> None:
        """`asked_at` is when the lock was asked for, by the database's clock, `asked` by this process's (seconds)."""
        self.collection = collection
        self.asked_at = asked_at
        self._asked = asked
        self._read = (asked_at, time.monotonic())
        self.events: list[Event] = []
        self.freed: list[PaymentSession] = []
        """Sessions that lost their place in this book: their objects are to be canceled."""
        self._before: dict[int, tuple[Model, dict[str, Any]]] = {}
        self._new: list[Model] = []
        self._fences: dict[str, int] = {}
        self._keep(collection)

    def clock(self) -> datetime:
        """Return the database's time. It may be a few milliseconds behind, never ahead: what is settled now is settled
        for whoever asks next.
        """
        read_at, moment = self._read
        return read_at + timedelta(seconds=time.monotonic() - moment)

    def came_in(self, moment: float) -> datetime:
        """Return when a request came in, by the database's clock; `moment` is by this process's (seconds)."""
        return self.asked_at + timedelta(seconds=moment - self._asked)

    # Rows

    @cached_property
    def sessions(self) -> list[PaymentSession]:
        """All sessions, live or not, oldest first."""
        found = list(
            primary(PaymentSession)
            .filter(payment_collection=self.collection)
            .select_related("payment")
            .annotate(read_at=Now())
            .order_by("created_at", "id")
        )
        # The lock may have been waited for since it was asked for. Where no row says for how long, rather too late.
        self._read = (found[0].read_at, time.monotonic()) if found else (self.asked_at, self._asked)
        for session in found:
            session.payment_collection = self.collection
            self._keep(session)
            if hasattr(session, "payment"):
                session.payment.payment_collection = self.collection
                self._keep(session.payment)
        return [*found]

    @property
    def payments(self) -> list[Payment]:
        """All payments, oldest session first."""
        return [payment for session in self.sessions if (payment := self.payment_of(session)) is not None]

    @cached_property
    def operations(self) -> list[Operation]:
        """All operations, oldest first; `is_reversed` says of a refund that it failed after it was booked."""
        found = primary(Operation).filter(payment_collection=self.collection)
        found = found.annotate(is_reversed=Q(refund__reversal__isnull=False))
        sessions = {session.pk: session for session in self.sessions}
        read = found.order_by("id") if sessions else []
        # Without the lock another request may have made a session since the sessions were read.
        known = [operation for operation in read if operation.payment_session_id in sessions]
        for operation in known:
            session = sessions[operation.payment_session_id]
            operation._state.fields_cache |= {
                "payment_collection": self.collection,
                "payment_session": session,
                "payment": self.payment_of(session) if operation.payment_id else None,
            }
            self._keep(operation)
        return [*known, *(row for row in self._new if isinstance(row, Operation))]

    @cached_property
    def disputes(self) -> list[Dispute]:
        """All disputes of the payments, oldest first."""
        return self._all(primary(Dispute).filter(payment__in=self.payments)) if self.payments else []

    @cached_property
    def captures(self) -> list[Capture]:
        """All captures of the payments, oldest first."""
        return self._all(primary(Capture).filter(payment__in=self.payments)) if self.payments else []

    @cached_property
    def refunds(self) -> list[Refund]:
        """All refunds of the payments, oldest first; those that failed later have a `reversal`."""
        lines = primary(Refund).filter(payment__in=self.payments).select_related("reversal")
        return self._all(lines) if self.payments else []

    def _all(self, found: Any) -> list[Any]:
        rows = list(found.order_by("created_at", "id"))
        for row in rows:
            self._keep(row)
        # What was added before the first look is there, too.
        return [*rows, *(row for row in self._new if isinstance(row, found.model))]

    def session(self, payment_session_id: str) -> PaymentSession:
        """Return a session by its id. Raises `StopIteration` for one of another collection."""
        return next(session for session in self.sessions if session.pk == payment_session_id)

    def payment(self, payment_id: str | None) -> Payment:
        """Return a payment by its id."""
        return next(payment for payment in self.payments if payment.pk == payment_id)

    def operation(self, operation_id: str | None) -> Operation | None:
        """Return an operation by its id; None for one of another collection."""
        return next((operation for operation in self.operations if operation.pk == operation_id), None)

    def payment_of(self, session: PaymentSession) -> Payment | None:
        """Return the payment that was made with a session."""
        payment: Payment | None = session._state.fields_cache.get("payment")
        return payment

    @property
    def live(self) -> list[PaymentSession]:
        """The sessions that the collection is to be paid with, in the customer's order."""
        live = [session for session in self.sessions if session.slot is not None]
        return sorted(live, key=lambda session: session.slot or 0)

    @property
    def counted(self) -> list[Payment]:
        """The payments in the collection's currency. Those in another, that its cart had before, count for nothing."""
        return [payment for payment in self.payments if payment.currency_code == self.collection.currency_code]

    @property
    def held(self) -> int:
        """What the payments hold in the collection's currency, captured or not."""
        return sum(payment.held_amount for payment in self.counted if payment.canceled_at is None)

    def open(self, session: PaymentSession | None = None, *kinds: OperationKind) -> list[Operation]:
        """Return the open operations, of one session and of some kinds."""
        return [
            operation
            for operation in self.operations
            if operation.is_open
            and (session is None or operation.payment_session_id == session.pk)
            and (not kinds or operation.kind in kinds)
        ]

    def is_in_doubt(self, session: PaymentSession) -> bool:
        """Say whether something was asked of a session's provider whose outcome isn't known."""
        return bool(self.open(session))

    # Changes

    def add(self, row: RowT) -> RowT:
        """Have a new row saved with the others; return it."""
        self._new.append(row)
        if isinstance(row, PaymentSession):
            row._state.fields_cache["payment"] = None
            self.sessions.append(row)
        elif isinstance(row, Payment):
            row.payment_session._state.fields_cache["payment"] = row
        else:
            loaded = self.__dict__.get(_LISTS.get(type(row), ""))
            if loaded is not None:
                loaded.append(row)
        return row

    def record(self, name: EventName, *, operation: Operation | None = None, actor: str = "", **data: Any) -> None:
        """Append an event; the host's receivers are told after the commit. Amounts in `data` are minor units."""
        self.collection.event_count += 1
        self.events.append(
            Event(
                payment_collection=self.collection,
                number=self.collection.event_count,
                name=name.value,
                operation=operation,
                actor=actor or (operation.created_by if operation else ""),
                data=data,
            )
        )

    def hold_fence(self, operation: Operation) -> None:
        """Have `save` fail unless an operation's fence is this one: another process may have taken it over."""
        if id(operation) in self._before:
            self._fences[operation.pk] = operation.fence

    def forget_changes(self, row: Model, *names: str) -> None:
        """Leave columns alone that were stored by a statement of their own."""
        for name in names:
            self._before[id(row)][1][name] = row.__dict__[name]

    def recount(self, payment: Payment) -> None:
        """Bring what is in flight of a payment, and what is disputed, to what its operations and disputes say."""
        own = [each for each in self.operations if each.payment_id == payment.pk and each.status in IN_FLIGHT_STATUSES]
        for kind, counter in _COUNTER_OF.items():
            setattr(payment, counter, sum(each.amount or 0 for each in own if each.kind == kind))
        payment.count_disputes()

    def recount_of(self, operation: Operation) -> None:
        """As `recount`, for the payment that an operation moves money of, if it does."""
        if operation.payment_id:
            self.recount(self.payment(operation.payment_id))

    def state(self) -> CollectionState:
        """Return what the sessions and payments say of the collection."""
        return collection_state(
            amount=self.collection.amount,
            is_canceled=self.collection.canceled_at is not None,
            session_statuses=[session.status for session in self.live],
            payments=[_facts(payment) for payment in self.counted],
        )

    def total(self) -> None:
        """Bring status and totals of the collection to what its sessions and payments say.

        `completed_at` is set once per completion and cleared when the collection is no longer complete.
        """
        state, collection = self.state(), self.collection
        if state.status != CollectionStatus.COMPLETED:
            collection.completed_at = None
        elif collection.completed_at is None:
            collection.completed_at = self.clock()
        collection.status = state.status.value
        collection.authorized_amount = state.authorized_amount
        collection.captured_amount = state.captured_amount
        collection.refunded_amount = state.refunded_amount

    def save(self) -> None:
        """Write what has changed: new rows, the changed columns of others, events, and the collection with its totals.

        Raises `Overtaken` when an operation whose fence is held was taken over.
        """
        if (
            "sessions" in self.__dict__
            or {"amount", "currency_code", "canceled_at"} & self._changes(self.collection).keys()
        ):
            self.total()
        self._save_sessions()
        for model in (Payment, Operation, Capture, Refund, RefundReversal, Release, Dispute):
            self._save_all(model)
        events.write(self.events)
        self._update(self.collection)
        self._new = []
        self._forget_what_is_not_there()

    def _forget_what_is_not_there(self) -> None:
        """A session that is returned to the host has no payment yet, but may have one when the host looks."""
        for row, _ in self._before.values():
            if isinstance(row, PaymentSession) and self.payment_of(row) is None:
                row._state.fields_cache.pop("payment", None)

    def _save_sessions(self) -> None:
        """Two sessions never share a place, not even between two statements."""
        moved = [session for session in self.sessions if "slot" in self._changes(session)] if self._has_sessions else []
        for session in moved:
            if session.slot is None:
                self._update(session)
        moving = [session.pk for session in moved if session.slot is not None and self._was_live(session)]
        if moving:
            primary(PaymentSession).filter(pk__in=moving).update(slot=None)
        self._save_all(PaymentSession)

    @property
    def _has_sessions(self) -> bool:
        return "sessions" in self.__dict__

    def _was_live(self, session: PaymentSession) -> bool:
        return self._before[id(session)][1]["slot"] is not None

    def _save_all(self, model: type[Model]) -> None:
        # An open slot is vacated before another row takes it, be that one new or an older one that is reopened.
        known = [row for row, _ in self._before.values() if type(row) is model]
        for row in sorted(known, key=lambda row: getattr(row, "open_slot", None) is not None):
            self._update(row)
        new = [row for row in self._new if type(row) is model]
        if new:
            primary(model).bulk_create(new)
        for row in new:
            self._keep(row)

    def _update(self, row: Model) -> None:
        changed = self._changes(row)
        if not changed:
            return
        if "updated_at" in row.__dict__:
            row.updated_at = changed["updated_at"] = self.clock()  # type: ignore[attr-defined]
        found = primary(type(row)).filter(pk=row.pk)
        if row.pk in self._fences:
            found = found.filter(fence=self._fences[row.pk])
        if not found.update(**changed) and row.pk in self._fences:
            raise Overtaken(f"{row.pk} was taken over by another process")
        self._keep(row)

    def _keep(self, row: Model) -> None:
        self._before[id(row)] = (row, _columns(row))

    def _changes(self, row: Model) -> dict[str, Any]:
        if id(row) not in self._before:
            return {}
        before = self._before[id(row)][1]
        return {name: row.__dict__[name] for name, value in before.items() if row.__dict__[name] != value}


_LISTS: dict[type[Model], str] = {
    Operation: "operations",
    Dispute: "disputes",
    Capture: "captures",
    Refund: "refunds",
}
"""Where a book keeps the rows of a model."""


@contextmanager
def opened(payment_collection_id: str, *, include_deleted: bool = False, is_dry_run: bool = False) -> Iterator[Book]:
    """Lock a collection in one short durable transaction and yield its book, which is saved when the block ends.

    A dry run is rolled back at its end. Raises `NotFound` for an unknown collection, and for a deleted one unless they
    are included: what a provider did is booked on those too. Raises `InsideTransaction`.
    """
    with durable_transaction():
        book = _locked(payment_collection_id, include_deleted=include_deleted)
        yield book
        book.save()
        if is_dry_run:
            transaction.set_rollback(True, using=router.db_for_write(PaymentCollection))


@contextmanager
def opened_for_caller(payment_collection_id: str) -> Iterator[Book]:
    """Hold a collection locked until the caller's own transaction ends; what is saved is the caller's to commit.

    Raises `NotFound` for an unknown collection.
    """
    with transaction.atomic(using=router.db_for_write(PaymentCollection)):
        book = _locked(payment_collection_id, include_deleted=True)
        yield book
        book.save()


def read(payment_collection_id: str) -> Book | None:
    """Return a collection's book to look at, without a lock: it is never saved. None for an unknown collection."""
    asked = time.monotonic()
    collection = primary(PaymentCollection).filter(pk=payment_collection_id).annotate(asked_at=Now()).first()
    return None if collection is None else Book(collection, asked_at=collection.asked_at, asked=asked)


def begun(collection: PaymentCollection) -> Book:
    """Return the book of a collection that this transaction has just made; the caller saves it."""
    book = Book(collection, asked_at=collection.created_at, asked=time.monotonic())
    book.__dict__["sessions"] = []
    return book


def _locked(payment_collection_id: str, *, include_deleted: bool) -> Book:
    asked = time.monotonic()
    found = primary(PaymentCollection).select_for_update().annotate(asked_at=Now())
    collection = found.filter(pk=payment_collection_id).first()
    if collection is None or (collection.deleted_at is not None and not include_deleted):
        raise NotFound(f"PaymentCollection id not found: {payment_collection_id}")
    return Book(collection, asked_at=collection.asked_at, asked=asked)


def _columns(row: Model) -> dict[str, Any]:
    values = row.__dict__
    return {name: values[name] for name in _names(type(row)) if name in values}


_NAMES: dict[type[Model], tuple[str, ...]] = {}


def _names(model: type[Model]) -> tuple[str, ...]:
    if model not in _NAMES:
        _NAMES[model] = tuple(field.attname for field in model._meta.concrete_fields if not field.primary_key)
    return _NAMES[model]


def _facts(payment: Payment) -> PaymentFacts:
    return PaymentFacts(
        amount=payment.amount,
        released=payment.released_amount,
        captured=payment.captured_amount,
        refunded=payment.refunded_amount,
        is_canceled=payment.canceled_at is not None,
    )
