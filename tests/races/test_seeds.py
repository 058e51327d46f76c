"""Random histories of one cart. Whatever happened, in the end the books of both sides agree and nothing is left open.

`make proof` plays 1 000 of them, `make soak SEEDS=100000` as many as you like; `make soak SEED=17` plays one again.
"""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.utils import timezone

from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.money import to_major_units
from medusa_payments.providers.facts import DisputeState
from medusa_payments.services import (
    captures,
    collection_refunds,
    payment_collections,
    payment_sessions,
    payments,
    refunds,
    webhooks,
    worker,
)
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.crashes.harness import Stage
from tests.races.scheduler import Actor, Scheduler, jump
from tests.split import FAKE, split, tender
from tests.till import Till

pytestmark = [pytest.mark.django_db]

CHUNK = 50
CHUNKS = 20
ACTORS = 7


class History:
    """One cart, and what may happen to it."""

    def __init__(self, seed: int, till: Till, provider: FakeProvider) -> None:
        self.random = Random(seed)  # noqa: S311
        self.till, self.provider = till, provider
        till.carts.clear()
        self.collection_id = till.collection().pk
        self._begin(self.random.choice(["nothing", "session", "authorized", "captured"]))

    def play(self) -> list[str]:
        """Return what doesn't add up in the end."""
        scheduler = Scheduler(random=self.random, provider=self.provider)
        scheduler.run(self.actors())
        jump(self.provider, 7_000)
        for body, headers in self.provider.webhooks():
            webhooks.receive(provider_id="fake_fake", body=body, headers=headers)
        left = recover()
        return [*differences(self.provider), *([f"{left} left"] if left else []), *self._overcharged()]

    def actors(self) -> dict[str, Actor]:
        deeds = [self.choose, self.choose, self.authorize, self.authorize, self.capture, self.refund, self.cancel]
        deeds += [
            self.shop_changes,
            self.customer_pays,
            self.dashboard,
            self.bank,
            self.webhook,
            self.webhook,
            self.work,
        ]
        chosen = [self.choose, self.authorize, self.random.choice([self.work, self.webhook])]
        chosen += [self.random.choice(deeds) for _ in range(ACTORS)]
        return {f"{number} {deed.__name__}": deed() for number, deed in enumerate(chosen)}

    def _begin(self, state: str) -> None:
        if state != "nothing":
            {"session": self.till.session, "authorized": self.till.authorized, "captured": self.till.captured}[state]()

    def choose(self) -> Actor:
        provider_id = self.random.choice(["pp_fake_fake", "pp_fake_fake", "pp_system_default"])
        key = self._key()
        return lambda: self._insist(
            lambda: payment_sessions.initialize(
                payment_collection_id=self.collection_id, provider_id=provider_id, idempotency_key=key
            )
        )

    def split(self) -> Actor:
        """Parts of what is to be paid now; perhaps with a live session as one of them."""
        share, keeps = self.random.choice([30, 60]), self.random.random() < 0.5
        provider_ids = [self.random.choice([FAKE, FAKE, "pp_system_default"]) for _ in range(2)]
        key = self._key()

        def act() -> None:
            collection = PaymentCollection.objects.get(pk=self.collection_id)
            kept = PaymentSession.objects.filter(slot=0, provider_id=provider_ids[0]).first() if keeps else None
            rest = str(to_major_units(collection.amount, "eur") - share)
            tenders = [tender(str(share), provider_ids[0], keep=kept), tender(rest, provider_ids[1])]
            self._insist(lambda: split(collection, *tenders, idempotency_key=key))

        return act

    def authorize(self) -> Actor:
        key, slot = self._key(), self.random.choice([0, 0, 1])

        def act() -> None:
            session = PaymentSession.objects.filter(slot=slot).first()
            if session is not None:
                self._insist(
                    lambda: payment_sessions.authorize(
                        payment_collection_id=self.collection_id,
                        payment_session_id=session.pk,
                        idempotency_key=key,
                    )
                )

        return act

    def capture(self) -> Actor:
        amount, key = self._amount(), self._key()
        return lambda: self._on_payment(
            lambda payment: captures.capture(payment_id=payment.pk, amount=amount, idempotency_key=key)
        )

    def refund(self) -> Actor:
        amount, key = self._amount(), self._key()
        return lambda: self._on_payment(
            lambda payment: refunds.refund(payment_id=payment.pk, amount=amount, idempotency_key=key)
        )

    def refund_across(self) -> Actor:
        amount, key, strategy = self._amount(), self._key(), self.random.choice(["proportional", "in_order"])
        return lambda: self._insist(
            lambda: collection_refunds.refund(
                payment_collection_id=self.collection_id, amount=amount, strategy=strategy, idempotency_key=key
            )
        )

    def time_is_up(self) -> Actor:
        return lambda: PaymentCollection.objects.filter(resolve_by__isnull=False).update(resolve_by=timezone.now())

    def cancel(self) -> Actor:
        return lambda: self._on_payment(lambda payment: payments.cancel(payment_id=payment.pk))

    def shop_changes(self) -> Actor:
        total = self.random.choice(["80", "100", "120"])
        deed = self.random.choice(["total", "total", "fail", "delete", "cancel"])
        by_id: dict[str, Any] = {"payment_collection_id": self.collection_id}

        def act() -> None:
            if deed == "total":
                self.till.set_total(total)
                payment_collections.refresh(**by_id)
            elif deed == "fail":
                payment_collections.fail(**by_id, on_failure="refund")
            elif deed == "delete":
                payment_collections.delete(**by_id)
            else:
                payment_collections.cancel(**by_id)

        return act

    def customer_pays(self) -> Actor:
        pays_at_once = self.random.random() < 0.5

        def act() -> None:
            open_objects = [row for row in self.provider.list_payments() if row.status == "pending"]
            if open_objects:
                ref = self.random.choice(open_objects).provider_ref
                (self.provider.dashboard.pay if pays_at_once else self.provider.dashboard.authorize)(ref)

        return act

    def dashboard(self) -> Actor:
        def act() -> None:
            for row in self.provider.list_payments():
                at_provider = self.provider.payment(row.provider_ref)
                if at_provider is None:
                    continue
                capturable = at_provider.authorized - at_provider.captured
                refundable = at_provider.captured - at_provider.refunded
                if capturable > 0:
                    self.provider.dashboard.capture(row.provider_ref, self.random.randint(1, capturable))
                elif refundable > 0:
                    self.provider.dashboard.refund(row.provider_ref, self.random.randint(1, refundable))

        return act

    def bank(self) -> Actor:
        """A customer's bank disputes something, or goes on with what is disputed."""
        amount = self.random.choice([None, 3_000, 20_000])
        state = self.random.choice([DisputeState.INQUIRY, DisputeState.NEEDS_RESPONSE])
        desk = self.provider.dashboard
        goes_on = self.random.choice(
            [desk.escalate_dispute, desk.send_evidence, desk.win_dispute, desk.lose_dispute, desk.close_dispute]
        )

        def act() -> None:
            for row in self.provider.list_payments():
                for dispute in desk.disputes(row.provider_ref):
                    goes_on(dispute.ref)
                if row.captured.minor_units:
                    desk.open_dispute(row.provider_ref, amount, state=state)

        return act

    def webhook(self) -> Actor:
        def act() -> None:
            sent = self.provider.webhooks()
            for body, headers in self.random.sample(sent, min(2, len(sent))):
                webhooks.receive(provider_id="fake_fake", body=body, headers=headers)

        return act

    def work(self) -> Actor:
        return worker.run_once

    def _on_payment(self, move: Callable[[Payment], Any]) -> None:
        payments = list(Payment.objects.order_by("pk")[:2])
        payment = self.random.choice(payments) if payments else None
        if payment is not None:
            self._insist(lambda: move(payment))

    def _insist(self, call: Callable[[], Any]) -> None:
        """Ask again a few times, as clients do when they are told to wait."""
        for _ in range(2):
            with suppress(PaymentsError):
                call()
                return
        call()

    def _key(self) -> str | None:
        return self.random.choice([None, f"key{self.random.randrange(3)}{self.random.random()}"])

    def _amount(self) -> Decimal | None:
        return self.random.choice([None, Decimal(30), Decimal("12.34")])

    def _overcharged(self) -> list[str]:
        """The customer never pays more than was asked for, at any time."""
        kept = sum(
            payment.captured_amount - payment.refunded_amount - payment.disputed_amount
            for payment in Payment.objects.all()
        )
        collection = PaymentCollection.objects.get(pk=self.collection_id)
        most = max(collection.amount, *PaymentSession.objects.values_list("amount", flat=True), 0)
        return [f"{kept} was kept of {most}"] if kept > most else []


def replay(seed: int, till: Till, provider: FakeProvider) -> None:
    stage = Stage(till=till, provider=provider)
    stage.empty()
    faults = History(seed, till, provider).play()
    assert faults == [], f"Replay with: make soak SEED={seed}"


@pytest.mark.parametrize("seed", range(12))
def test_a_few(till: Till, fake_provider: FakeProvider, seed: int) -> None:
    replay(seed, till, fake_provider)


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_many(till: Till, fake_provider: FakeProvider, chunk: int) -> None:
    for seed in range(100 + chunk * CHUNK, 100 + (chunk + 1) * CHUNK):
        replay(seed, till, fake_provider)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_soak(till: Till, fake_provider: FakeProvider, request: pytest.FixtureRequest) -> None:
    only, many = request.config.getoption("--seed"), request.config.getoption("--seeds")
    for seed in [only] if only is not None else range(many):
        replay(seed, till, fake_provider)
