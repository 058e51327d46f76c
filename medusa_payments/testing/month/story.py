"""What happened to one collection, step by step, on a clock of its own: our rows, and the provider's side of them.

Amounts are minor units.
"""

from datetime import datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

from medusa_payments.states import (
    CollectionStatus,
    OperationKind,
    OperationStatus,
    PaymentFacts,
    RefusalKind,
    SessionStatus,
    Settler,
    collection_state,
)
from medusa_payments.testing.fake_ledger import FakeDispute, FakeMovement, FakePayment
from medusa_payments.testing.month.writer import Writer

LEASE = timedelta(seconds=65)
IN_FLIGHT = timedelta(seconds=95)
AT_REST = timedelta(minutes=5)
"""For so long before its end nothing happens in a month, so that all that was sent has arrived."""

BY_PROVIDER = "provider"

RECEIVERS_ARE_TOLD = 0.1
"""How many captures have a delivery."""


class Ending(Enum):
    """How an operation ended or stands. `LEASED`: a process works on it; `LOST`: the provider executed it and the
    answer got lost; `NEVER_ARRIVED`: the request got lost; `DEFERRED`: left to the worker.
    """

    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    NOT_EXECUTED = "not_executed"
    ACCEPTED = "accepted"
    LEASED = "leased"
    LOST = "lost"
    NEVER_ARRIVED = "never_arrived"
    DEFERRED = "deferred"

    @property
    def status(self) -> OperationStatus:
        return OperationStatus(self.value) if self.value in set(OperationStatus) else OperationStatus.OPEN

    @property
    def is_executed(self) -> bool:
        """Return True if the provider did it."""
        return self in {Ending.SUCCEEDED, Ending.ACCEPTED, Ending.LEASED, Ending.LOST}

    @property
    def is_in_flight(self) -> bool:
        return self.status in {OperationStatus.OPEN, OperationStatus.ACCEPTED}


class Side(NamedTuple):
    """A provider of the month, by alias and account."""

    provider_id: str
    account: str
    api_version: str

    @property
    def is_local(self) -> bool:
        return self.provider_id == SYSTEM.provider_id


FAKE = Side("pp_fake_fake", "fake", "1")
SYSTEM = Side("pp_system_default", "system", "")


class Attempt:
    """A session, its payment once there is one, and the provider's object."""

    def __init__(self, session: Any, theirs: FakePayment) -> None:
        self.session = session
        self.payment: Any = None
        self.authorized_by: Any = None
        self.theirs = theirs
        self.movements: list[tuple[str, FakeMovement]] = []
        self.disputes: list[FakeDispute] = []


class Story:
    """Tells one collection. Every step moves the clock on; `end` decides status and totals."""

    def __init__(self, writer: Writer, *, side: Side, amount: int, starts_at: datetime, ends_at: datetime) -> None:
        self.writer, self.side = writer, side
        self.now, self._ends_at = starts_at, ends_at
        self.attempts: list[Attempt] = []
        cart_id = writer.new_id("cart", starts_at)
        self.collection = writer.add(
            "PaymentCollection",
            id=writer.new_id("pay_col", starts_at),
            currency_code="eur",
            amount=amount,
            cart_id=cart_id,
            live_cart_id=cart_id,
            order_id="",
            region_id="reg_eu",
            customer_id="",
            email=f"customer{writer.chance.randrange(10_000)}@example.com",
            event_count=0,
            created_at=starts_at,
            updated_at=starts_at,
        )
        self.event("payment_collection.created", amount=amount, currency_code="eur", cart_id=cart_id)

    def pass_time(self, seconds: float) -> None:
        """Move the clock, but never beyond the end of the month."""
        self.now = min(self.now + timedelta(seconds=seconds), self._ends_at)

    def event(self, name: str, *, operation: Any = None, actor: str = "", **data: Any) -> None:
        self.collection.event_count += 1
        event = self.writer.add(
            "Event",
            id=self.writer.new_id("payevt", self.now),
            payment_collection_id=self.collection.pk,
            number=self.collection.event_count,
            name=name,
            operation_id=operation.pk if operation else None,
            actor=actor or (operation.created_by if operation else ""),
            data=data,
            created_at=self.now,
        )
        if name == "payment.captured" and self.writer.chance.random() < RECEIVERS_ARE_TOLD:
            self._deliver(event)

    def choose(
        self, *, amount: int | None = None, slot: int = 0, ending: Ending = Ending.SUCCEEDED, **columns: Any
    ) -> Attempt:
        """A customer chooses the provider: a session, and the operation that initiates its object."""
        amount = self.collection.amount if amount is None else amount
        session_id = self.writer.new_id("payses", self.now)
        ref = session_id if self.side.is_local else self.writer.token("fake_pay")
        is_known = ending is Ending.SUCCEEDED
        session = self.writer.add(
            "PaymentSession",
            id=session_id,
            payment_collection_id=self.collection.pk,
            slot=slot if is_known else None,
            provider_id=self.side.provider_id,
            provider_account=self.side.account,
            provider_ref=ref if is_known else None,
            amount=amount,
            currency_code="eur",
            status=SessionStatus.PENDING.value,
            created_at=self.now,
            updated_at=self.now,
            **columns,
        )
        attempt = Attempt(session, _object(ref, session_id, amount))
        request = {
            "session_id": session_id,
            "payment_collection_id": self.collection.pk,
            "money": _money(amount),
            "data": {},
            "customer_id": None,
            "email": None,
            "account_holder_ref": None,
            "is_off_session": False,
        }
        operation = self.operation(
            attempt, OperationKind.INITIATE, ending, amount=amount, request=request, intent={"slot": slot}
        )
        if is_known:
            session.provider_data = {} if self.side.is_local else _data(attempt.theirs)
            told: dict[str, Any] = {"payment_session_id": session_id, "amount": amount, "status": "pending"}
            self.event("payment_session.initiated", operation=operation, **told)
        if ending.is_executed:
            self.attempts.append(attempt)
        return attempt

    def change(self, attempt: Attempt, amount: int, ending: Ending = Ending.SUCCEEDED) -> None:
        """The cart has another total now, and the customer chooses the same provider again."""
        self.pass_time(60)
        session = attempt.session
        self.collection.amount = amount
        self.event("payment_collection.updated", amount=amount)
        request = {
            "session_id": session.pk,
            "payment_collection_id": self.collection.pk,
            "provider_ref": session.provider_ref,
            "money": _money(amount),
            "data": {},
        }
        operation = self.operation(attempt, OperationKind.UPDATE, ending, amount=amount, request=request)
        if ending.is_executed:
            attempt.theirs.amount = amount
        if ending is Ending.SUCCEEDED:
            session.amount = amount
            self.event("payment_session.updated", operation=operation, payment_session_id=session.pk)

    def authorize(self, attempt: Attempt, *, ending: Ending = Ending.SUCCEEDED) -> Any:
        """The session is authorized; return its payment, None when nobody knows of it (yet)."""
        self.pass_time(60)
        session = attempt.session
        request = {
            "session_id": session.pk,
            "payment_collection_id": self.collection.pk,
            "provider_ref": session.provider_ref,
            "money": _money(session.amount),
        }
        operation = self.operation(attempt, OperationKind.AUTHORIZE, ending, amount=session.amount, request=request)
        attempt.authorized_by = operation
        if ending.is_executed:
            attempt.theirs.status = SessionStatus.AUTHORIZED
            attempt.theirs.authorized = session.amount
        if ending is not Ending.SUCCEEDED:
            return None
        session.status, session.authorized_at = SessionStatus.AUTHORIZED.value, self.now
        attempt.payment = self.writer.add(
            "Payment",
            id=self.writer.new_id("pay", self.now),
            payment_collection_id=self.collection.pk,
            payment_session_id=session.pk,
            provider_id=self.side.provider_id,
            provider_account=self.side.account,
            provider_ref=session.provider_ref,
            amount=session.amount,
            currency_code="eur",
            provider_data=session.provider_data,
            created_at=self.now,
            updated_at=self.now,
        )
        told = {"payment_session_id": session.pk, "payment_id": attempt.payment.pk, "amount": session.amount}
        self.event("payment.authorized", operation=operation, **told)
        return attempt.payment

    def operation(
        self,
        attempt: Attempt,
        kind: OperationKind,
        ending: Ending,
        *,
        amount: int | None,
        request: dict[str, Any],
        intent: dict[str, Any] | None = None,
        **columns: Any,
    ) -> Any:
        """Add an operation in the state that its ending means."""
        is_open = ending.status is OperationStatus.OPEN
        lease, in_flight = _times(ending, self.now, is_local=self.side.is_local)
        payment = attempt.payment
        is_choice = kind in {OperationKind.INITIATE, OperationKind.UPDATE}
        target = self.collection.pk if is_choice else attempt.session.pk
        slot = f"{self.collection.pk}/{(intent or {}).get('slot', attempt.session.slot or 0)}"
        if payment is not None or kind is OperationKind.CANCEL:
            target = slot = payment.pk if payment is not None else attempt.session.pk
        adds_up = kind in {OperationKind.CAPTURE, OperationKind.REFUND}
        return self.writer.add(
            "Operation",
            id=self.writer.new_id("payop", self.now),
            kind=kind.value,
            status=ending.status.value,
            payment_collection_id=self.collection.pk,
            payment_session_id=attempt.session.pk,
            payment_id=payment.pk if payment is not None else None,
            provider_id=self.side.provider_id,
            provider_account=self.side.account,
            api_version=self.side.api_version,
            amount=amount,
            currency_code="eur",
            request=request,
            intent=intent or {},
            open_slot=slot if is_open and not adds_up else None,
            lease_expires_at=lease,
            in_flight_until=in_flight,
            target=target,
            refusal=RefusalKind.DECLINED.value if ending is Ending.REFUSED else "",
            error_code="declined" if ending is Ending.REFUSED else "",
            error_message="The payment was declined." if ending is Ending.REFUSED else "",
            is_deferred=ending is Ending.DEFERRED,
            settled_by="" if is_open else Settler.ANSWER.value,
            created_at=self.now,
            settled_at=None if is_open else self.now,
            **columns,
        )

    def _deliver(self, event: Any) -> None:
        """The host's receivers were told, or nobody could tell them so far."""
        state = self.writer.chance.choice(("delivered_at", "dead_at", "next_attempt_at"))
        self.writer.add("EventDelivery", event_id=event.pk, attempts=1, **{state: self.now})

    def end(self) -> None:
        """Decide what the collection comes to, and hand the provider's objects over."""
        collection = self.collection
        payments = [each.payment for each in self.attempts if each.payment is not None]
        state = collection_state(
            amount=collection.amount,
            is_canceled=collection.canceled_at is not None,
            session_statuses=[each.session.status for each in self.attempts if each.session.slot is not None],
            payments=[_facts(payment) for payment in payments],
        )
        collection.status = state.status.value
        collection.authorized_amount = state.authorized_amount
        collection.captured_amount = state.captured_amount
        collection.refunded_amount = state.refunded_amount
        collection.completed_at = self.now if state.status is CollectionStatus.COMPLETED else None
        collection.updated_at = self.now
        for attempt in self.attempts:
            if not self.side.is_local:
                self.writer.add_at_provider(attempt.theirs, attempt.movements, attempt.disputes)


def _times(ending: Ending, now: datetime, *, is_local: bool) -> tuple[datetime, datetime | None]:
    """Return until when a process works on an operation, and until when it may still arrive."""
    if ending is Ending.DEFERRED:
        return now, None
    # A process that died or gave up long ago: its lease is over, and whatever it sent has arrived.
    is_old = is_local or ending in {Ending.LOST, Ending.NEVER_ARRIVED}
    begun = now - IN_FLIGHT if is_old else now
    # A process that is alive at the end of the month has only just begun.
    begun += AT_REST if ending is Ending.LEASED else timedelta(0)
    return begun + LEASE, begun + IN_FLIGHT


def _object(ref: str, session_id: str, amount: int) -> FakePayment:
    return FakePayment(
        ref=ref,
        session_id=session_id,
        amount=amount,
        currency_code="eur",
        status=SessionStatus.PENDING,
        client_secret=f"{ref}_secret",
        steering="{}",
    )


def _data(theirs: FakePayment) -> dict[str, Any]:
    return {"id": theirs.ref, "client_secret": theirs.client_secret, "status": theirs.status.value}


def _money(amount: int) -> dict[str, Any]:
    return {"minor_units": amount, "currency_code": "eur"}


def _facts(payment: Any) -> PaymentFacts:
    return PaymentFacts(
        amount=payment.amount,
        released=payment.released_amount,
        captured=payment.captured_amount,
        refunded=payment.refunded_amount,
        is_canceled=payment.canceled_at is not None,
    )
