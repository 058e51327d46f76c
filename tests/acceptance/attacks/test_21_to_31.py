"""Scenarios that break naive payment systems, one test or class per scenario, named after its number."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from random import shuffle
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone

from medusa_payments import signals
from medusa_payments.core.saga import comparing
from medusa_payments.core.upkeep import inbox
from medusa_payments.exceptions import InsideTransaction, InvalidData, PaymentsError
from medusa_payments.models import (
    Capture,
    Event,
    EventDelivery,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    WebhookEvent,
)
from medusa_payments.services import captures, payment_collections, payments, refunds, webhooks, worker
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import Script, authorize
from tests.till import Till

pytestmark = pytest.mark.django_db

Moved = Callable[[str], list[int]]


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run calls in threads of their own; return what they returned or raised."""

    def run(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except PaymentsError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_attack_21_no_order_of_locks_to_get_wrong(till: Till, fake_provider: FakeProvider) -> None:
    payment = till.authorized()
    calls: list[Callable[[], Any]] = []
    for _ in range(4):
        calls += [
            lambda: captures.capture(payment_id=payment.pk, amount=Decimal(10)),
            lambda: refunds.refund(payment_id=payment.pk, amount=Decimal(5)),
            lambda: comparing.look_at(payment.payment_session_id),
            lambda: payment_collections.refresh(payment_collection_id=payment.payment_collection_id),
        ]
    shuffle(calls)

    outcomes = at_once(*calls)

    assert not [outcome for outcome in outcomes if isinstance(outcome, DatabaseError)]
    assert recover() == 0
    assert differences(fake_provider) == []


class TestAttack22BeyondTheLimits:
    """The whole suite of attacks on the database is in tests/proofs/database."""

    def test_update(self, till: Till) -> None:
        payment = till.authorized()
        with pytest.raises(IntegrityError), transaction.atomic():
            Payment.objects.filter(pk=payment.pk).update(captured_amount=F("amount") + 1)

    def test_one_live_collection_per_cart_and_one_live_session_per_slot(self, till: Till) -> None:
        session = till.session()
        with pytest.raises(IntegrityError), transaction.atomic():
            PaymentCollection.objects.bulk_create(
                [PaymentCollection(amount=1, currency_code="eur", cart_id="cart_1", live_cart_id="cart_1")]
            )
        with pytest.raises(IntegrityError), transaction.atomic():
            PaymentSession.objects.bulk_create(
                [
                    PaymentSession(
                        payment_collection=session.payment_collection,
                        slot=0,
                        provider_id="x",
                        amount=1,
                        currency_code="eur",
                    )
                ]
            )


@pytest.mark.parametrize("amount", [1.0, "1", Decimal(1), True])
def test_attack_23_amounts_that_are_no_whole_numbers(till: Till, amount: Any) -> None:
    payment = till.authorized()
    with pytest.raises(ValidationError), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(captured_amount=amount)
    with pytest.raises(ValidationError), transaction.atomic():
        Capture.objects.create(payment=payment, amount=amount, provider_ref="x")
    with pytest.raises((InvalidData, TypeError)):
        captures.capture(
            payment_id=payment.pk, amount=amount + 0.001 if isinstance(amount, float) else Decimal("0.001")
        )


@pytest.mark.django_db(transaction=True)
class TestAttack24EventHandlers:
    @pytest.fixture
    def heard(self) -> Iterator[list[str]]:
        """The ids of the events that a receiver took, which fails the first time it is told of one."""
        told: set[str] = set()
        taken: list[str] = []

        def receive(event_id: str, **_: Any) -> None:
            if event_id not in told:
                told.add(event_id)
                raise RuntimeError
            taken.append(event_id)

        signals.payment_captured.connect(receive)
        yield taken
        signals.payment_captured.disconnect(receive)

    def test_that_raise_are_told_again(self, till: Till, heard: list[str]) -> None:
        till.captured()
        event = Event.objects.get(name="payment.captured")
        assert heard == []
        assert "receive" in EventDelivery.objects.get().error_message

        EventDelivery.objects.update(next_attempt_at=timezone.now())
        worker.run_once()
        worker.run_once()

        assert heard == [event.pk]
        assert EventDelivery.objects.get().delivered_at is not None

    def test_that_never_come_to_run_are_told_by_the_worker(
        self, till: Till, heard: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The process dies between commit and sending."""
        with monkeypatch.context() as patch:
            patch.setattr("medusa_payments.core.books.events.send", lambda *_: None)
            till.captured()
        for _ in range(2):
            EventDelivery.objects.update(next_attempt_at=timezone.now())
            worker.run_once()
        assert heard == [Event.objects.get(name="payment.captured").pk]

    def test_that_always_raise_are_given_up_in_the_end(self, till: Till, settings: Any) -> None:
        def explode(**_: Any) -> None:
            raise RuntimeError

        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"EVENT_ATTEMPTS": 3}
        signals.payment_captured.connect(explode)
        try:
            till.captured()
            for _ in range(5):
                EventDelivery.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=timezone.now())
                report = worker.run_once()
        finally:
            signals.payment_captured.disconnect(explode)
        delivery = EventDelivery.objects.get()
        assert (delivery.attempts, delivery.dead_at is None, report.waiting) == (3, False, 1)

    def test_that_call_services(self, till: Till, fake_provider: FakeProvider) -> None:
        def refund(data: dict[str, Any], **_: Any) -> None:
            refunds.refund(payment_id=data["payment_id"], idempotency_key=data["capture_id"])

        signals.payment_captured.connect(refund)
        try:
            payment = till.captured()
        finally:
            signals.payment_captured.disconnect(refund)
        payment.refresh_from_db()
        assert payment.refunded_amount == 10000
        assert differences(fake_provider) == []

    def test_cost_nothing_where_nobody_listens(self, till: Till) -> None:
        till.captured()
        assert not EventDelivery.objects.exists()


def test_attack_25_a_partly_authorized_collection_is_no_dead_end(till: Till, fake_provider: FakeProvider) -> None:
    session = till.session()
    fake_provider.dashboard.authorize(session.provider_ref, 4000)
    authorize(session)
    held = Payment.objects.get()

    assert till.session("pp_system_default").amount == 6000
    payments.cancel(payment_id=held.pk)
    authorize(till.session())

    collection = PaymentCollection.objects.get()
    assert (collection.status, collection.authorized_amount) == ("authorized", 10000)
    assert recover() == 0
    assert differences(fake_provider) == []


def test_attack_26_a_cart_that_was_empty(till: Till) -> None:
    till.set_total("0")
    collection = payment_collections.create_for_cart(cart_id="cart_1")
    assert (collection.status, collection.completed_at) == ("not_paid", None)

    till.set_total("50")
    collection = payment_collections.refresh(payment_collection_id=collection.pk)
    assert (collection.amount, collection.status) == (5000, "not_paid")


class TestAttack27InsideTheHostsTransaction:
    def test_the_error_names_the_remedy(self, till: Till) -> None:
        payment = till.authorized()
        with pytest.raises(InsideTransaction, match="on_commit"), transaction.atomic():
            captures.capture(payment_id=payment.pk)

    def test_enqueued_and_committed_is_carried_out_once(
        self, till: Till, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        payment = till.authorized()
        with transaction.atomic():
            operation = captures.enqueue_capture(payment_id=payment.pk, amount=Decimal(30))
            assert operation is not None
            assert moved("capture") == []
        payment.refresh_from_db()
        assert payment.capturing_amount == 3000

        worker.run_once()
        worker.run_once()

        assert moved("capture") == [3000]
        assert differences(fake_provider) == []

    def test_enqueued_and_rolled_back_never_happened(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()
        with transaction.atomic():
            captures.enqueue_capture(payment_id=payment.pk)
            transaction.set_rollback(True)
        worker.run_once()
        assert (moved("capture"), Operation.objects.filter(kind="capture").exists()) == ([], False)

    def test_refunds_and_cancels_too(self, till: Till, moved: Moved, fake_provider: FakeProvider) -> None:
        payment = till.authorized()
        captures.capture(payment_id=payment.pk, amount=Decimal(40))
        with transaction.atomic():
            refunds.enqueue_refund(payment_id=payment.pk, amount=Decimal(10))
            payments.enqueue_cancel(payment_id=payment.pk)
        worker.run_once()
        assert (moved("refund"), moved("cancel")) == ([1000], [6000])
        assert differences(fake_provider) == []

    def test_a_lost_answer_is_found_out_by_the_worker(
        self, till: Till, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        payment = till.authorized(on="capture", outcome="timeout_before")
        captures.enqueue_capture(payment_id=payment.pk)
        assert recover() == 0
        assert moved("capture") == [10000]
        assert differences(fake_provider) == []

    def test_what_the_provider_refuses_at_first_is_refused(self, till: Till, fake_provider: FakeProvider) -> None:
        payment = till.authorized()
        captures.enqueue_capture(payment_id=payment.pk)
        fake_provider.dashboard.cancel(payment.provider_ref)
        assert worker.run_once().left == 0
        assert Operation.objects.get(kind="capture").status == "refused"

    def test_it_stays_independent_of_the_same_request_made_now(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()
        captures.enqueue_capture(payment_id=payment.pk, amount=Decimal(30))
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
        worker.run_once()
        assert moved("capture") == [3000, 3000]

    def test_a_key_enqueues_once(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()
        for _ in range(2):
            captures.enqueue_capture(payment_id=payment.pk, amount=Decimal(30), idempotency_key="k")
        assert recover() == 0
        assert moved("capture") == [3000]


def test_attack_28_a_double_click_in_admin(till: Till, moved: Moved, admin_client: Client) -> None:
    """The pages themselves are tested in tests/admin."""
    payment = till.captured()
    page = f"/django-admin/medusa_payments/payment/{payment.pk}/refund/"
    address = admin_client.get(page)["Location"]
    form = {"amount": "30.00", "confirmed": "yes", "available": "10000"}
    for _ in range(2):
        admin_client.post(address, form)
    assert moved("refund") == [3000]


class TestAttack29Webhooks:
    def test_eight_aliases_on_one_account_apply_an_event_once(
        self, till: Till, settings: Any, fake_provider: FakeProvider, client: Client
    ) -> None:
        fake = settings.MEDUSA_PAYMENTS["PROVIDERS"]["pp_fake_fake"]
        eight = {f"pp_fake-{number}_fake": fake for number in range(8)}
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {
            "PROVIDERS": settings.MEDUSA_PAYMENTS["PROVIDERS"] | eight
        }
        fake_provider.dashboard.pay(till.session().provider_ref)
        body, headers = fake_provider.webhooks()[-1]
        for number in range(8):
            path = f"/hooks/payment/fake-{number}_fake"
            assert client.post(path, body, content_type="application/json", headers=headers).status_code == 200
        assert (WebhookEvent.objects.get().duplicates, Capture.objects.count()) == (7, 1)

    def test_a_crash_after_the_answer_is_made_up_for_by_the_worker(
        self, till: Till, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake_provider.dashboard.pay(till.session().provider_ref)
        body, headers = fake_provider.webhooks()[-1]
        with monkeypatch.context() as patch:
            patch.setattr(inbox, "apply", lambda *_: False)
            webhooks.receive(provider_id="fake_fake", body=body, headers=headers)
        assert not Payment.objects.exists()

        assert worker.run_once().left == 0
        assert Capture.objects.count() == 1

    def test_a_late_canceled_of_a_replaced_object_leaves_the_live_one_alone(
        self, till: Till, fake_provider: FakeProvider
    ) -> None:
        replaced = till.session()
        live = till.session("pp_system_default")
        for body, headers in fake_provider.webhooks(replaced.pk):
            webhooks.receive(provider_id="fake_fake", body=body, headers=headers)
        live.refresh_from_db()
        assert (live.slot, live.status) == (0, "pending")


class TestAttack30WhatFailsBeforeTheCall:
    def test_a_typo_in_options_reserves_nothing(self, till: Till, settings: Any) -> None:
        payment = till.authorized()
        configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
        broken = configured["pp_fake_fake"] | {"OPTIONS": {"ledger_pth": "x"}}
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": configured | {"pp_fake_fake": broken}}
        with pytest.raises(ImproperlyConfigured):
            captures.capture(payment_id=payment.pk)
        payment.refresh_from_db()
        assert payment.capturing_amount == 0
        assert not Operation.objects.filter(kind="capture").exists()

    def test_nor_does_a_bug_before_the_call(self, till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
        payment = till.authorized()

        def bug(*_: Any, **__: Any) -> None:
            raise AttributeError

        monkeypatch.setattr("medusa_payments.core.saga.verbs.CaptureRequest", bug)
        with pytest.raises(AttributeError):
            captures.capture(payment_id=payment.pk)
        payment.refresh_from_db()
        assert payment.capturing_amount == 0
        assert not Operation.objects.filter(kind="capture").exists()


class TestAttack31RetentionRan:
    @pytest.fixture
    def payment(self, till: Till, fake_provider: FakeProvider) -> Payment:
        """A story of half a year ago, forgotten as far as it may be."""
        till.session("pp_system_default")
        payment = till.captured()
        refunds.refund(payment_id=payment.pk, amount=Decimal(10), note="sorry", idempotency_key="k")
        body, headers = fake_provider.webhooks()[-1]
        webhooks.receive(provider_id="fake_fake", body=body, headers=headers)
        half_a_year = timedelta(days=180)
        Operation.objects.update(settled_at=F("settled_at") - half_a_year, created_at=F("created_at") - half_a_year)
        PaymentSession.objects.update(updated_at=F("updated_at") - half_a_year)
        WebhookEvent.objects.update(received_at=F("received_at") - half_a_year)
        assert worker.run_once().left == 0
        return Payment.objects.get(pk=payment.pk)

    def test_payloads_are_gone_and_money_and_hashes_remain(self, payment: Payment) -> None:
        assert not Operation.objects.exclude(request={}, intent={}).exists()
        assert Operation.objects.get(kind="refund").fingerprint
        event = WebhookEvent.objects.get()
        assert (event.body, len(event.body_sha256)) == (None, 64)
        assert (payment.captured_amount, payment.refunded_amount) == (10000, 1000)
        assert payment.refunds.get().note == "sorry"

    def test_what_may_still_be_needed_stays(self, till: Till) -> None:
        payment = till.captured(on="refund", outcome="pending")
        refunds.refund(payment_id=payment.pk, amount=Decimal(10), note="soon")
        Operation.objects.update(settled_at=F("settled_at") - timedelta(days=180))
        worker.run_once()
        kept = Operation.objects.exclude(request={})
        assert [(operation.kind, operation.status) for operation in kept] == [("refund", "accepted")]

    def test_nothing_breaks(
        self, payment: Payment, moved: Moved, admin_client: Client, fake_provider: FakeProvider
    ) -> None:
        refunds.refund(payment_id=payment.pk, amount=Decimal(10), note="sorry", idempotency_key="k")
        assert moved("refund") == [1000]
        assert worker.run_once().done == 0
        for operation in Operation.objects.all():
            page = f"/django-admin/medusa_payments/operation/{operation.pk}/change/"
            assert admin_client.get(page).status_code == 200
        webhooks.replay(WebhookEvent.objects.get().pk)
        refunds.refund(payment_id=payment.pk)
        assert differences(fake_provider) == []


def test_failure_policies_are_applied_also_to_what_arrives_later(
    till: Till, script: Script, fake_provider: FakeProvider
) -> None:
    payment = till.captured()
    payment_collections.fail(
        payment_collection_id=payment.payment_collection_id, reason="no stock", on_failure="refund"
    )
    payment.refresh_from_db()
    assert payment.refunded_amount == 10000

    again = till.authorized()
    assert again.payment_collection_id != payment.payment_collection_id
    assert captures.capture(payment_id=again.pk).captured_amount == 10000

    till.cart_id = "cart_2"
    session = till.session()
    payment_collections.fail(payment_collection_id=session.payment_collection_id, on_failure="void")
    fake_provider.dashboard.authorize(session.provider_ref)
    assert recover() == 0
    assert Payment.objects.get(payment_session=session).released_amount == 10000
    tried_again = till.authorized()
    assert recover() == 0
    assert Payment.objects.get(pk=tried_again.pk).released_amount == 0

    till.cart_id = "cart_3"
    held = till.authorized()
    payment_collections.fail(payment_collection_id=held.payment_collection_id)
    assert recover() == 0
    assert Payment.objects.get(pk=held.pk).released_amount == 0
    assert differences(fake_provider) == []
