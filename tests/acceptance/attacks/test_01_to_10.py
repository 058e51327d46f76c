"""Scenarios that break naive payment systems, one test or class per scenario, named after its number."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from medusa_payments.carts import CartSnapshot
from medusa_payments.core.saga import comparing, operations, recovery
from medusa_payments.core.saga import run as saga_run
from medusa_payments.exceptions import (
    InvalidData,
    NotAllowed,
    PaymentOutcomeUnknown,
    PaymentsError,
)
from medusa_payments.models import (
    Capture,
    Event,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
)
from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.services import captures, payment_collections, payment_sessions, refunds
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import SECOND, Script, Verb, answer_lost, authorize, euros, lost, run_out, unavailable
from tests.till import Till

pytestmark = pytest.mark.django_db

Moved = Callable[[str], list[int]]


class TestAttack01TheAnswerToARefundIsLostAndTheUserClicksAgain:
    @pytest.mark.parametrize("outcome", ["timeout_before", "timeout_after"])
    @pytest.mark.parametrize("recovered", [False, True])
    def test_once(self, till: Till, moved: Moved, fake_provider: FakeProvider, outcome: str, recovered: bool) -> None:
        payment = till.captured(on="refund", outcome=outcome)
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        if recovered:
            assert recover() == 0

        # What recovery closed as never executed is another operation now, whose first answer is lost as well.
        with suppress(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        if not moved("refund") or Operation.objects.filter(status="open").exists():
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))

        assert moved("refund") == [3000]
        assert differences(fake_provider) == []

    def test_what_recovery_settled_is_given_to_the_one_who_asks_again_once(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.captured()
        script["refund"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        script.clear()
        assert recover() == 0
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        assert moved("refund") == [3000, 3000]


class TestAttack02TheSameKeyComesBackAfterACrash:
    """The process died after its reservation; nobody has sent anything."""

    @pytest.fixture
    def crash(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
        def run(call: Callable[[], Any]) -> None:
            with monkeypatch.context() as patch:
                patch.setattr(saga_run, "complete", _die)
                with pytest.raises(KeyboardInterrupt):
                    call()
            Operation.objects.filter(status="open").update(lease_expires_at=F("created_at") - timedelta(seconds=1))

        return run

    def test_a_capture_goes_on(self, till: Till, moved: Moved, crash: Any, fake_provider: FakeProvider) -> None:
        payment = till.authorized()
        capture = lambda: captures.capture(payment_id=payment.pk, amount=Decimal(30), idempotency_key="k")  # noqa: E731
        crash(capture)
        capture()
        assert (moved("capture"), Operation.objects.filter(kind="capture").count()) == ([3000], 1)
        assert differences(fake_provider) == []

    def test_a_replacement_goes_on(self, till: Till, moved: Moved, crash: Any, fake_provider: FakeProvider) -> None:
        session = till.session("pp_system_default")
        replace = lambda: payment_sessions.initialize(  # noqa: E731
            payment_collection_id=session.payment_collection_id, provider_id="pp_fake_fake", idempotency_key="k"
        )
        crash(replace)
        replace()
        assert moved("initiate") == [10000]
        assert differences(fake_provider) == []

    def test_mark_as_paid_goes_on_from_every_step(
        self, unpaid_order: PaymentCollection, moved: Moved, crash: Any, fake_provider: FakeProvider
    ) -> None:
        mark = lambda: payment_collections.mark_as_paid(  # noqa: E731
            payment_collection_id=unpaid_order.pk, provider_id="pp_fake_fake", idempotency_key="k"
        )
        crash(mark)
        mark()
        assert (moved("authorize"), moved("capture")) == ([2500], [2500])
        assert differences(fake_provider) == []


def _die(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_attack_03_a_zombie_sends_after_recovery_has_closed(
    till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
) -> None:
    """It stalls past its lease, recovery reads "nothing happened" and closes; then its call arrives."""
    payment = till.authorized()

    def stall(request: Any, call: Verb) -> Any:
        run_out(Operation.objects.get(kind="capture"))
        assert recovery.resolve(Operation.objects.get(kind="capture"))
        assert Operation.objects.get(kind="capture").status == "not_executed"
        script.clear()
        return call(request)

    script["capture"] = stall
    captured = captures.capture(payment_id=payment.pk)

    assert (captured.captured_amount, captured.capturing_amount) == (10000, 0)
    assert moved("capture") == [10000]
    assert differences(fake_provider) == []


class TestAttack04ForeignReferences:
    @pytest.mark.parametrize("key", ["id", "metadata", "provider_ref", "amount", "customer"])
    def test_session_data_can_not_name_them(self, till: Till, fake_provider: FakeProvider, key: str) -> None:
        paid = till.authorized()
        till.cart_id = "cart_2"
        with pytest.raises(InvalidData, match=r"doesn't accept these data keys"):
            till.session(**{key: paid.provider_ref})

    def test_an_object_of_another_session_is_recorded_and_never_booked(
        self, till: Till, fake_provider: FakeProvider
    ) -> None:
        paid = till.authorized()
        till.cart_id = "cart_2"
        victim = till.session()
        snapshot = next(row for row in fake_provider.list_payments() if row.provider_ref == paid.provider_ref)

        converged = comparing.take_in(victim, snapshot)

        assert converged.problem == "another reference"
        assert not Payment.objects.filter(payment_session=victim).exists()
        assert [change.name for change in converged.changes] == ["payment_collection.discrepancy"]
        assert comparing.take_in(victim, snapshot).changes == ()

    def test_the_database_knows_an_object_once(self, till: Till) -> None:
        paid = till.authorized()
        till.cart_id = "cart_2"
        other = till.session()
        with pytest.raises(IntegrityError), transaction.atomic():
            PaymentSession.objects.filter(pk=other.pk).update(provider_ref=paid.provider_ref)


class TestAttack05TwoTabsPay:
    def test_the_first_tabs_money_is_found_before_it_is_replaced(self, till: Till, fake_provider: FakeProvider) -> None:
        first = till.session()
        fake_provider.dashboard.authorize(first.provider_ref)

        with pytest.raises(NotAllowed, match="is paid with"):
            till.session("pp_system_default")
        assert PaymentCollection.objects.get().status == "authorized"

    def test_what_both_authorize_is_captured_once_and_the_surplus_released(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        first = till.session()
        script["cancel"] = lost
        second = till.session(SECOND)
        authorize(second)
        script.clear()
        fake_provider.dashboard.authorize(first.provider_ref)
        comparing.look_at(first.pk)
        assert PaymentCollection.objects.get().authorized_amount == 20000

        assert recover() == 0

        kept, surplus = Payment.objects.get(payment_session=second), Payment.objects.get(payment_session=first)
        assert (kept.canceled_at, surplus.canceled_at is None, surplus.released_amount) == (None, False, 10000)
        captures.capture(payment_id=kept.pk)
        collection = PaymentCollection.objects.get()
        assert (collection.status, collection.captured_amount) == ("completed", 10000)

    def test_both_can_not_be_captured(self, till: Till, script: Script, fake_provider: FakeProvider) -> None:
        first = till.session()
        script["cancel"] = lost
        second = till.session(SECOND)
        authorize(second)
        fake_provider.dashboard.authorize(first.provider_ref)
        comparing.look_at(first.pk)
        one, other = Payment.objects.order_by("pk")
        captures.capture(payment_id=one.pk)
        with pytest.raises(PaymentsError):
            captures.capture(payment_id=other.pk)

    def test_a_cart_that_shrinks_while_the_customer_confirms(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        """The cart is followed while nobody can tell that the customer has confirmed its old total."""
        session = till.session()
        fake_provider.dashboard.authorize(session.provider_ref)
        till.set_total("80")
        script["retrieve"] = unavailable
        payment_collections.refresh(payment_collection_id=session.payment_collection_id)
        script.clear()
        comparing.look_at(session.pk)

        payment = captures.capture(payment_id=Payment.objects.get().pk)
        assert recover() == 0

        payment.refresh_from_db()
        assert (payment.captured_amount, payment.released_amount) == (8000, 2000)
        assert differences(fake_provider) == []

    def test_a_cart_that_shrinks_after_the_customer_confirmed(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        """No order exists: what was confirmed is released, and the customer pays the new total."""
        session = till.session()
        fake_provider.dashboard.authorize(session.provider_ref)
        till.carts[till.cart_id] = CartSnapshot(amount=Decimal(80), currency_code="eur", has_order=False)
        collection = payment_collections.refresh(payment_collection_id=session.payment_collection_id)
        assert (collection.amount, Payment.objects.get().released_amount) == (8000, 10000)

        captures.capture(payment_id=authorize(till.session_of(session)).payment.pk)
        assert recover() == 0

        assert list(Payment.objects.order_by("pk").values_list("captured_amount", flat=True)) == [0, 8000]
        assert differences(fake_provider) == []

    def test_a_cart_that_shrinks_after_the_customer_confirmed_what_may_be_ordered(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        """Nobody says whether an order exists: what was confirmed stays whole, and staff are told."""
        session = till.session()
        fake_provider.dashboard.authorize(session.provider_ref)
        till.set_total("80")
        collection = payment_collections.refresh(payment_collection_id=session.payment_collection_id)
        assert (collection.amount, collection.status) == (10000, "authorized")
        assert Event.objects.filter(name="payment_collection.money_kept").count() == 1

        payment = captures.capture(payment_id=Payment.objects.get().pk)
        assert recover() == 0

        payment.refresh_from_db()
        assert (payment.captured_amount, payment.released_amount) == (10000, 0)
        assert differences(fake_provider) == []


class TestAttack06LateMoney:
    def test_on_a_replaced_session_covers_the_collection_or_is_given_back(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        first = till.session()
        script["cancel"] = lost
        till.session(SECOND)
        script.clear()
        fake_provider.dashboard.pay(first.provider_ref)
        comparing.look_at(first.pk)

        collection = PaymentCollection.objects.get()
        assert (collection.status, collection.captured_amount) == ("completed", 10000)

    def test_on_a_deleted_collection_is_given_back(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        session = till.session()
        script["cancel"] = lost
        payment_collections.delete(payment_collection_id=session.payment_collection_id)
        script.clear()
        fake_provider.dashboard.pay(session.provider_ref)

        assert recover() == 0

        payment = Payment.objects.get()
        assert (payment.captured_amount, payment.refunded_amount) == (10000, 10000)
        assert differences(fake_provider) == []

    def test_on_a_canceled_collection_is_given_back(self, till: Till, fake_provider: FakeProvider) -> None:
        session = till.session(on="cancel", outcome="timeout_before")
        payment_collections.cancel(payment_collection_id=session.payment_collection_id)
        fake_provider.dashboard.authorize(session.provider_ref)

        assert recover() == 0

        assert Payment.objects.get().released_amount == 10000
        assert PaymentCollection.objects.get().status == "canceled"
        assert differences(fake_provider) == []


@pytest.mark.fake_only("Stripe's customers authorize in the browser; our authorize only reads")
def test_attack_07_nothing_is_charged_hours_later(till: Till, moved: Moved, fake_provider: FakeProvider) -> None:
    """Authorize never reached the provider; recovery comes when the customer has paid elsewhere."""
    session = till.session(outcome="timeout_before")
    with pytest.raises(PaymentOutcomeUnknown):
        authorize(session)

    assert recover() == 0

    assert moved("authorize") == []
    assert Operation.objects.get(kind="authorize").status == "not_executed"
    authorize(till.session("pp_system_default"))
    assert recover() == 0
    assert moved("authorize") == []
    assert differences(fake_provider) == []


class TestAttack08AResendIsRefused:
    @pytest.fixture
    def payment(self, till: Till, script: Script, moved: Moved) -> Payment:
        """30 were refunded, the answer was lost, and the provider can't be read."""
        payment = till.captured(on="retrieve", outcome="unavailable")

        def execute_and_lose(request: Any, call: Verb) -> Any:
            call(request)
            return lost(request, call)

        script["refund"] = execute_and_lose
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        return payment

    @pytest.mark.parametrize("code", ["authentication_error", "not_found", "idempotency_mismatch", "already_refunded"])
    def test_that_never_means_that_nothing_moved(
        self, payment: Payment, script: Script, moved: Moved, code: str
    ) -> None:
        def reject(request: Any, call: Verb) -> Any:
            raise ProviderRejected("No.", code=code)

        script["refund"] = reject
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))

        payment.refresh_from_db()
        assert (payment.refunded_amount, payment.refunding_amount) == (0, 3000)
        assert Operation.objects.get(kind="refund").status == "open"

    def test_somebody_elses_refund_is_not_taken_for_ours(
        self, till: Till, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        payment = till.captured(on="refund", outcome="timeout_before")
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        fake_provider.dashboard.refund(payment.provider_ref, 3000)

        assert recover() == 0

        payment.refresh_from_db()
        assert (payment.refunded_amount, payment.refunding_amount) == (3000, 0)
        assert Operation.objects.get(kind="refund").status == "not_executed"
        assert Refund.objects.get().operation is None
        assert differences(fake_provider) == []


class TestAttack09AWebhookReadsOurMovementBeforeWeSettle:
    @pytest.mark.parametrize("verb", ["capture", "refund"])
    def test_it_is_booked_once(self, till: Till, script: Script, fake_provider: FakeProvider, verb: str) -> None:
        payment = till.captured() if verb == "refund" else till.authorized()

        def look_before_the_answer(request: Any, call: Verb) -> Any:
            script.clear()
            answer = call(request)
            comparing.look_at(payment.payment_session_id)
            return answer

        script[verb] = look_before_the_answer
        move = captures.capture if verb == "capture" else refunds.refund
        move(payment_id=payment.pk, amount=Decimal(30))

        model = Capture if verb == "capture" else Refund
        assert model.objects.filter(amount=3000).count() == 1
        assert differences(fake_provider) == []

    def test_a_stale_reading_changes_nothing(self, till: Till, fake_provider: FakeProvider) -> None:
        payment = till.authorized()
        stale = next(fake_provider.list_payments())
        captures.capture(payment_id=payment.pk)

        assert comparing.take_in(payment.payment_session, stale).changes == ()
        assert differences(fake_provider) == []


def test_attack_10_updates_that_overtake_each_other(till: Till, script: Script, fake_provider: FakeProvider) -> None:
    """The update to 80 is answered while the one to 120 still hangs; that one arrives at the provider last."""
    session = till.session()
    till.set_total("120")

    script["update"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        till.session_of(session)
    first = Operation.objects.get(kind="update")
    script.clear()
    till.set_total("80")
    till.session_of(session)
    settle_from = fake_provider.update(operations.request_of(first))  # type: ignore[arg-type]
    comparing.look_at(session.pk)

    session = PaymentSession.objects.get(slot=0)
    theirs = fake_provider.payment(session.provider_ref)
    assert theirs is not None
    assert session.amount == theirs.amount
    assert settle_from.money == euros(12000)
