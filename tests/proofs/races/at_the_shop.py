"""What customers, staff, the shop's own code and its jobs do to one cart."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import transaction
from django.utils import timezone

from medusa_payments.core.books import book as books
from medusa_payments.core.books import freezing
from medusa_payments.core.reconciliation.fix import fix
from medusa_payments.core.reconciliation.run import Scope, reconcile
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.money import to_major_units
from medusa_payments.providers.types import operation_of
from medusa_payments.services import (
    captures,
    collection_refunds,
    decisions,
    payment_collections,
    payment_sessions,
    payments,
    refunds,
    worker,
)
from medusa_payments.services.decisions import Verdict
from medusa_payments.states import OperationKind
from tests.proofs.races.cart import Cart
from tests.proofs.races.scheduler import Actor
from tests.split import FAKE, split, tender

CLERK = "clerk"
DEFERRED = {"capture": captures.enqueue_capture, "refund": refunds.enqueue_refund, "cancel": payments.enqueue_cancel}


class AtTheShop(Cart):
    def choose(self) -> Actor:
        provider_id, key = self.random.choice([FAKE, FAKE, "pp_system_default"]), self.key()
        data = self.random.choice([None, None, {"outcome": "pending", "on": "refund"}]) if provider_id == FAKE else None
        return lambda: self.insist(
            lambda: payment_sessions.initialize(
                payment_collection_id=self.collection_id, provider_id=provider_id, data=data, idempotency_key=key
            )
        )

    def split(self) -> Actor:
        """Parts of what is to be paid now; perhaps with a live session as one of them."""
        share, keeps, key = self.random.choice([30, 60]), self.chance(0.5), self.key()
        provider_ids = [self.random.choice([FAKE, FAKE, "pp_system_default"]) for _ in range(2)]

        def act() -> None:
            collection = self.collection
            kept = PaymentSession.objects.filter(slot=0, provider_id=provider_ids[0]).first() if keeps else None
            rest = to_major_units(collection.amount, collection.currency_code) - share
            tenders = [tender(str(share), provider_ids[0], keep=kept), tender(str(rest), provider_ids[1])]
            self.insist(lambda: split(collection, *tenders, idempotency_key=key))

        return act

    def authorize(self) -> Actor:
        key, slot = self.key(), self.random.choice([0, 0, 1])

        def act() -> None:
            session = PaymentSession.objects.filter(slot=slot).first()
            if session is not None:
                self.insist(
                    lambda: payment_sessions.authorize(
                        payment_collection_id=self.collection_id,
                        payment_session_id=session.pk,
                        idempotency_key=key,
                    )
                )

        return act

    def capture(self) -> Actor:
        return self._moves("capture", lambda **asked: captures.capture(**asked))

    def refund(self) -> Actor:
        return self._moves("refund", lambda **asked: refunds.refund(**asked))

    def enqueue(self) -> Actor:
        """Beside something of the shop's own, which is rolled back now and then."""
        verb, rolls_back = self.random.choice(["capture", "refund", "cancel"]), self.chance(0.2)

        def enqueue(**asked: Any) -> None:
            with transaction.atomic():
                DEFERRED[verb](**asked)
                transaction.set_rollback(rolls_back)

        return self._moves(verb, enqueue)

    def cancel(self) -> Actor:
        return self._moves("cancel", lambda **asked: payments.cancel(**asked))

    def _moves(self, verb: str, move: Callable[..., Any]) -> Actor:
        """A new request, or one of before under its key, deferred or not."""
        number, asked = self.payment_number(), self._asked_anew(verb)
        keyed = [earlier for earlier in self.asked[verb] if earlier[1]["idempotency_key"]]
        if keyed and self.chance(0.3):
            number, asked = self.random.choice(keyed)
        else:
            self.asked[verb].append((number, asked))
        return lambda: self.on_payment(lambda payment: move(payment_id=payment.pk, **asked), number)

    def _asked_anew(self, verb: str) -> dict[str, Any]:
        amount = {} if verb == "cancel" else {"amount": self.amount()}
        return {"idempotency_key": self.key(), "created_by": CLERK, **amount}

    def refund_across(self) -> Actor:
        amount, key, strategy = self.amount(), self.key(), self.random.choice(["proportional", "in_order"])
        return lambda: self.insist(
            lambda: collection_refunds.refund(
                payment_collection_id=self.collection_id, amount=amount, strategy=strategy, idempotency_key=key
            )
        )

    def time_is_up(self) -> Actor:
        return lambda: PaymentCollection.objects.filter(resolve_by__isnull=False).update(resolve_by=timezone.now())

    def shop_changes(self) -> Actor:
        total, currency_code = self.random.choice([("80", "eur"), ("100", "eur"), ("120", "eur"), ("100", "usd")])
        deed = self.random.choice(["total", "total", "fail", "delete", "cancel"])
        policy = self.random.choice([None, "hold", "void", "refund", "refund"])
        by_id: dict[str, Any] = {"payment_collection_id": self.collection_id}

        def act() -> None:
            if deed == "total":
                self.till.set_total(total, currency_code)
                payment_collections.refresh(**by_id)
            elif deed == "fail":
                payment_collections.fail(**by_id, on_failure=policy)
            elif deed == "delete":
                payment_collections.delete(**by_id)
            else:
                payment_collections.cancel(**by_id)

        return act

    def freeze(self) -> Actor:
        """Something that can't be booked was seen of a payment."""
        number = self.payment_number()

        def freeze(payment: Payment) -> None:
            with books.opened(self.collection_id, include_deleted=True) as book:
                current = book.payment(payment.pk)
                freezing.freeze(book, current, reason=f"seen {self.random.random()}", theirs={"captured": 1})

        return lambda: self.on_payment(freeze, number)

    def unfreeze(self) -> Actor:
        number = self.payment_number()
        return lambda: self.on_payment(lambda payment: decisions.unfreeze(payment_id=payment.pk, note="Seen."), number)

    def decide(self) -> Actor:
        """A person reads in the provider's books what became of what is open."""

        def act() -> None:
            for operation in Operation.objects.filter(status="open"):
                with suppress(PaymentsError):
                    self.decide_by_the_books(operation)

        return act

    def decide_by_the_books(self, operation: Operation) -> None:
        session_id = operation.payment_session_id
        keys = {operation_of(entry["idempotency_key"]) for entry in self.provider.ledger_entries(session_id)}
        objects = [row for row in self.provider.list_payments() if row.session_id == session_id]
        references = [row.provider_ref for row in objects if operation.kind == OperationKind.INITIATE]
        for row in objects:
            references += [fact.capture_ref or "" for fact in row.captures if fact.operation_id == operation.pk]
            references += [fact.refund_ref for fact in row.refunds if fact.operation_id == operation.pk]
        decisions.decide(
            operation_id=operation.pk,
            verdict=Verdict.EXECUTED if operation.pk in keys else Verdict.NOT_EXECUTED,
            provider_ref=next(iter(references), ""),
            note="Looked up.",
        )

    def reconcile(self) -> Actor:
        def act() -> None:
            for drift in list(reconcile(Scope(provider_id=FAKE))):
                fix(drift)

        return act

    def work(self) -> Actor:
        return worker.run_once
