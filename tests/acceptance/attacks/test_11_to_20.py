"""Scenarios that break naive payment systems, one test or class per scenario, named after its number."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import OperationalError, connection
from django.utils import timezone

from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import Conflict, InvalidData, PaymentOutcomeUnknown
from medusa_payments.models import (
    Event,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
    RefundReversal,
    WebhookEvent,
)
from medusa_payments.money import exponent
from medusa_payments.providers.facts import RefundState
from medusa_payments.services import captures, payment_sessions, payments, refunds, webhooks, worker
from medusa_payments.testing.fake_provider import FakeProvider
from medusa_payments.testing.fake_steering import Steering
from tests.audit import differences, recover
from tests.scripted import SECOND, Script, Scripted, answer_lost, authorize, lost
from tests.till import Till
from tests.unit.test_money import EXPONENTS

pytestmark = pytest.mark.django_db

Moved = Callable[[str], list[int]]


class TestAttack11ConfirmRacesAnAmountChange:
    def test_the_providers_amount_is_the_sessions(self, till: Till, fake_provider: FakeProvider) -> None:
        session = till.session()
        fake_provider.dashboard.authorize(session.provider_ref, 7000)
        comparing.look_at(session.pk)

        collection = PaymentCollection.objects.get()
        assert (collection.status, collection.authorized_amount) == ("partially_authorized", 7000)
        assert PaymentSession.objects.get().amount == 7000

    def test_too_little_never_makes_an_order(self, till: Till, fake_provider: FakeProvider) -> None:
        session = till.session()
        fake_provider.dashboard.authorize(session.provider_ref, 7000)
        authorize(session)
        assert PaymentCollection.objects.get().status == "partially_authorized"
        assert differences(fake_provider) == []


def test_attack_12_rows_do_not_change_their_meaning() -> None:
    """A library that changes the digits of a currency fails here, instead of reading every stored amount anew."""
    assert {code: exponent(code.lower()) for code in EXPONENTS} == EXPONENTS


class TestAttack13AmountsOffTheProvidersStep:
    def test_kwd_in_steps_of_ten_fils(self, till: Till, script: Script, fake_provider: FakeProvider) -> None:
        Scripted.step = 10
        till.set_total("5.124", "kwd")
        collection = till.collection("5.124", "kwd")
        session = payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_fake_fake")
        assert session.amount == 5130
        authorize(session)
        payment = captures.capture(payment_id=Payment.objects.get().pk)

        assert (payment.captured_amount, payment.capturable_amount) == (5130, 0)
        with pytest.raises(InvalidData, match="multiples"):
            refunds.refund(payment_id=payment.pk, amount=Decimal("1.234"))
        refunds.refund(payment_id=payment.pk)
        assert recover() == 0
        assert differences(fake_provider) == []


class TestAttack14TheEndOfTheKeyWindow:
    @pytest.fixture
    def unknown(self, till: Till, script: Script, age: Any) -> Operation:
        payment = till.captured(on="retrieve", outcome="unavailable")
        script["refund"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        operation = Operation.objects.get(kind="refund")
        age(operation, hours=23, minutes=30)
        script.clear()
        return operation

    def test_it_is_only_read(self, unknown: Operation, moved: Moved) -> None:
        recover()
        assert moved("refund") == []
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=str(unknown.payment_id), amount=Decimal(30))
        assert moved("refund") == []

    @pytest.mark.fake_only("unsteers the fake provider")
    def test_once_it_can_be_read_it_is_resolved(
        self, till: Till, unknown: Operation, moved: Moved, fake_provider: FakeProvider, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr("medusa_payments.testing.fake_verbs.steering_of_payment", _unsteered)
        assert recover() == 0
        unknown.refresh_from_db()
        assert (unknown.status, moved("refund")) == ("not_executed", [])


def _unsteered(_: Any, verb: str) -> Steering:
    return Steering(on=verb)


class TestAttack15AProviderIsNotWhatItWas:
    @pytest.fixture
    def unknown(self, till: Till, script: Script) -> Operation:
        payment = till.captured()
        script["refund"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        script.clear()
        return Operation.objects.get(kind="refund")

    def test_nothing_is_sent_to_another_account(self, unknown: Operation, configure: Any, moved: Moved) -> None:
        configure("pp_fake_fake", "Scripted", account="another")
        assert recover() == 1
        assert moved("refund") == []
        unknown.refresh_from_db()
        assert "another account" in unknown.error_message

    def test_nothing_happens_while_it_is_removed_and_it_goes_on_when_it_is_back(
        self, unknown: Operation, settings: Any, moved: Moved
    ) -> None:
        configured = settings.MEDUSA_PAYMENTS
        rest = {alias: provider for alias, provider in configured["PROVIDERS"].items() if alias != "pp_fake_fake"}
        settings.MEDUSA_PAYMENTS = configured | {"PROVIDERS": rest}
        assert recover() == 1
        unknown.refresh_from_db()
        assert (unknown.status, "not configured" in unknown.error_message) == ("open", True)

        settings.MEDUSA_PAYMENTS = configured
        assert recover() == 0
        unknown.refresh_from_db()
        assert unknown.status == "not_executed"

    def test_a_check_lists_what_is_open(self, unknown: Operation, settings: Any) -> None:
        rest = {"pp_system_default": settings.MEDUSA_PAYMENTS["PROVIDERS"]["pp_system_default"]}
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": rest}
        found = [check for check in run_checks(databases=["default"]) if check.id == "medusa_payments.W010"]
        assert len(found) == 1
        assert "pp_fake_fake" in found[0].msg


@pytest.mark.django_db(transaction=True)
class TestAttack16TheCommit:
    def test_no_call_without_an_acknowledged_reserve(
        self, till: Till, moved: Moved, monkeypatch: pytest.MonkeyPatch, fake_provider: FakeProvider
    ) -> None:
        payment = till.authorized()
        commit, broken = connection._commit, []

        def fail_once() -> None:
            commit()
            if not broken:
                broken.append(True)
                raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(connection, "_commit", fail_once)
        with pytest.raises(OperationalError):
            captures.capture(payment_id=payment.pk)
        monkeypatch.undo()

        assert moved("capture") == []
        assert recover() == 0
        captures.capture(payment_id=payment.pk)
        assert moved("capture") == [10000]
        assert differences(fake_provider) == []


class TestAttack17WhatWasReleased:
    def test_can_not_be_captured_again(self, till: Till, fake_provider: FakeProvider) -> None:
        payment = till.authorized()
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
        payments.cancel(payment_id=payment.pk)

        with pytest.raises(InvalidData):
            captures.capture(payment_id=payment.pk, amount=Decimal(1))
        assert captures.capture(payment_id=payment.pk).captured_amount == 3000
        assert differences(fake_provider) == []

    def test_an_expiry_is_a_release(self, till: Till, fake_provider: FakeProvider) -> None:
        payment = till.authorized()
        Payment.objects.update(capture_before=timezone.now() - timedelta(minutes=1))
        fake_provider.dashboard.cancel(payment.provider_ref)
        PaymentCollection.objects.update(attention_at=timezone.now())

        worker.run_once()

        payment.refresh_from_db()
        assert (payment.released_amount, payment.canceled_at is None) == (10000, False)
        assert PaymentCollection.objects.get().status == "not_paid"
        assert PaymentSession.objects.get().status == "canceled"
        assert Event.objects.filter(name="payment.authorization_expired").count() == 1
        with pytest.raises(InvalidData, match="canceled"):
            captures.capture(payment_id=payment.pk)
        assert differences(fake_provider) == []

    @pytest.mark.parametrize(
        ("policy", "captured", "released"), [("nothing", 0, 0), ("capture", 10000, 0), ("release", 0, 10000)]
    )
    def test_the_policy_of_the_provider_decides_before_it_expires(
        self, till: Till, settings: Any, fake_provider: FakeProvider, policy: str, captured: int, released: int
    ) -> None:
        configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
        changed = configured | {"pp_fake_fake": configured["pp_fake_fake"] | {"ON_EXPIRY": policy}}
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": changed}
        payment = till.authorized()
        Payment.objects.update(capture_before=timezone.now() + timedelta(hours=1))
        PaymentCollection.objects.update(attention_at=timezone.now())

        for _ in range(3):
            PaymentCollection.objects.update(attention_at=timezone.now())
            worker.run_once()

        payment.refresh_from_db()
        assert (payment.captured_amount, payment.released_amount) == (captured, released)
        assert Event.objects.filter(name="payment.authorization_expiring").count() == 1
        assert differences(fake_provider) == []

    def test_a_void_leaves_nothing_authorized(self, till: Till) -> None:
        payments.cancel(payment_id=till.authorized().pk)
        collection = PaymentCollection.objects.get()
        assert (collection.status, collection.authorized_amount) == ("not_paid", 0)


class TestAttack18ARefundThatTakesDays:
    @pytest.fixture
    def pending(self, till: Till) -> Payment:
        payment = till.captured(on="refund", outcome="pending")
        return refunds.refund(payment_id=payment.pk, amount=Decimal(30))

    def settle(self, provider: FakeProvider, payment: Payment, state: RefundState) -> None:
        provider.dashboard.settle_refund(provider.dashboard.refund_refs(payment.provider_ref)[0], state)
        assert recover() == 0
        payment.refresh_from_db()

    def test_succeeds(self, pending: Payment, fake_provider: FakeProvider) -> None:
        assert (pending.refunded_amount, pending.refunding_amount) == (0, 3000)
        self.settle(fake_provider, pending, RefundState.SUCCEEDED)
        assert (pending.refunded_amount, pending.refunding_amount) == (3000, 0)
        assert differences(fake_provider) == []

    def test_fails_while_it_is_pending(self, pending: Payment, fake_provider: FakeProvider) -> None:
        self.settle(fake_provider, pending, RefundState.FAILED)
        assert (pending.refunded_amount, pending.refunding_amount) == (0, 0)
        assert not Refund.objects.exists()
        assert differences(fake_provider) == []

    def test_fails_after_it_succeeded_and_can_be_made_again(
        self, till: Till, pending: Payment, fake_provider: FakeProvider, script: Script
    ) -> None:
        self.settle(fake_provider, pending, RefundState.SUCCEEDED)
        fake_provider.dashboard.settle_refund(
            fake_provider.dashboard.refund_refs(pending.provider_ref)[0], RefundState.FAILED
        )
        for body, headers in fake_provider.webhooks():
            webhooks.receive(provider_id="fake_fake", body=body, headers=headers)
        pending.refresh_from_db()

        assert (pending.refunded_amount, RefundReversal.objects.get().amount) == (0, 3000)
        assert PaymentCollection.objects.get().refunded_amount == 0
        assert Event.objects.filter(name="refund.failed").count() == 1
        assert refunds.refund(payment_id=pending.pk).refunding_amount == 10000
        assert differences(fake_provider) == []


class TestAttack19TheDashboard:
    def test_a_capture_is_booked(self, till: Till, fake_provider: FakeProvider) -> None:
        payment = till.authorized()
        fake_provider.dashboard.capture(payment.provider_ref, 4000)
        comparing.look_at(payment.payment_session_id)
        payment.refresh_from_db()
        assert payment.captured_amount == 4000
        assert captures.capture(payment_id=payment.pk).captured_amount == 10000
        assert differences(fake_provider) == []

    def test_an_over_capture_freezes_and_shows_both_sides(self, till: Till, fake_provider: FakeProvider) -> None:
        payment = till.captured()
        fake_provider.dashboard.capture(payment.provider_ref, 500)
        for body, headers in fake_provider.webhooks() * 2:
            webhooks.receive(provider_id="fake_fake", body=body, headers=headers)

        payment.refresh_from_db()
        assert (payment.captured_amount, payment.frozen_at is None) == (10000, False)
        frozen = Event.objects.get(name="payment.frozen")
        assert (frozen.data["ours"]["captured"], frozen.data["theirs"]["captured"]) == (10000, 10500)
        assert not WebhookEvent.objects.exclude(status="applied").exists()
        with pytest.raises(Conflict) as refused:
            refunds.refund(payment_id=payment.pk)
        assert refused.value.code == "payment_frozen"

    def test_a_refund_before_its_capture_is_known(self, till: Till, fake_provider: FakeProvider) -> None:
        payment = till.authorized()
        fake_provider.dashboard.capture(payment.provider_ref, 10000)
        fake_provider.dashboard.refund(payment.provider_ref, 2500)
        body, headers = fake_provider.webhooks()[-1]
        webhooks.receive(provider_id="fake_fake", body=body, headers=headers)

        payment.refresh_from_db()
        assert (payment.captured_amount, payment.refunded_amount) == (10000, 2500)
        assert differences(fake_provider) == []


class TestAttack20InitiateTimesOut:
    def test_the_customer_pays_with_another_provider_at_once(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        collection = till.collection()
        script["initiate"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_fake_fake")
        script.clear()

        authorize(payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_system_default"))
        assert recover() == 0

        orphan = PaymentSession.objects.get(provider_id="pp_fake_fake")
        assert (orphan.slot, orphan.status) == (None, "canceled")
        assert differences(fake_provider) == []

    def test_an_orphan_that_was_paid_covers_the_collection_and_the_other_is_released(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        collection = till.collection()
        script["initiate"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=SECOND)
        script.clear()
        authorize(payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_system_default"))
        orphan = next(fake_provider.list_payments())
        fake_provider.dashboard.pay(orphan.provider_ref)

        assert recover() == 0

        kept = Payment.objects.get(provider_id=SECOND)
        assert (kept.captured_amount, kept.refunded_amount) == (10000, 0)
        assert Payment.objects.get(provider_id="pp_system_default").released_amount == 10000
        assert PaymentCollection.objects.get().status == "completed"
