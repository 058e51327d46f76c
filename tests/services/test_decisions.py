"""What a person decides is booked as the provider's own word would have been, and recorded."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from medusa_payments.core.books.evidence import NotExecuted, Succeeded
from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import Conflict, InvalidData, NotAllowed, NotFound, PaymentOutcomeUnknown
from medusa_payments.models import Event, Operation, Payment, PaymentSession, Refund
from medusa_payments.providers.types import CaptureResult, RefundResult
from medusa_payments.services import captures, decisions, payment_collections, payments, refunds, worker
from medusa_payments.services.decisions import Verdict
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import Moved, Script, answer_lost, authorize, euros, lost, settle
from tests.till import Till

pytestmark = pytest.mark.django_db

NOTE = "Looked it up in their dashboard."


def hand_over(kind: str) -> Operation:
    """Let an unknown operation become one that only a person can decide about."""
    Operation.objects.filter(kind=kind, status="open").update(
        created_at=F("created_at") - timedelta(days=2), lease_expires_at=F("created_at") - timedelta(days=2)
    )
    worker.run_once()
    operation = Operation.objects.get(kind=kind, status="open")
    assert operation.needs_person_at is not None
    return operation


@pytest.fixture
def lost_refund(till: Till, script: Script) -> Operation:
    payment = till.captured(on="retrieve", outcome="unavailable")
    PaymentSession.objects.update(provider_ref="fake_pay_gone")
    script["refund"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(30), note="sorry", created_by="7")
    script.clear()
    return hand_over("refund")


def decide(operation: Operation, verdict: Verdict, **more: Any) -> Operation:
    return decisions.decide(operation_id=operation.pk, verdict=verdict, note=NOTE, created_by="8", **more)


def test_it_waits_with_the_reason(lost_refund: Operation) -> None:
    event = Event.objects.get(name="operation.needs_person")
    assert event.data == {"kind": "refund", "amount": 3000, "reason": lost_refund.error_message}
    assert worker.run_once().waiting == 1
    assert Event.objects.filter(name="operation.needs_person").count() == 1


def test_executed(lost_refund: Operation) -> None:
    closed = decide(lost_refund, Verdict.EXECUTED, provider_ref="their_ref")

    assert (closed.status, closed.settled_by, closed.needs_person_at) == ("succeeded", "person", None)
    payment = Payment.objects.get()
    assert (payment.refunded_amount, payment.refunding_amount) == (3000, 0)
    refund = payment.refunds.get()
    assert (refund.provider_ref, refund.note, refund.created_by) == ("their_ref", "sorry", "7")
    event = Event.objects.get(name="operation.decided")
    assert (event.actor, event.data["verdict"], event.data["note"]) == ("8", "executed", NOTE)


def test_not_executed_and_proven_wrong_later(lost_refund: Operation) -> None:
    closed = decide(lost_refund, Verdict.NOT_EXECUTED)
    payment = Payment.objects.get()
    assert (closed.status, payment.refunded_amount, payment.refunding_amount) == ("not_executed", 0, 0)

    settle(closed, Succeeded(result=RefundResult(money=euros(3000))))
    payment.refresh_from_db()
    assert payment.refunded_amount == 3000


@pytest.mark.parametrize("verb", ["capture", "refund"])
def test_not_executed_though_the_provider_has_it(till: Till, script: Script, moved: Moved, verb: str) -> None:
    payment = till.authorized() if verb == "capture" else till.captured()
    move: Any = {"capture": captures.capture, "refund": refunds.refund}[verb]
    script[verb] = answer_lost
    with pytest.raises(PaymentOutcomeUnknown):
        move(payment_id=payment.pk, amount=Decimal(30))
    script.clear()

    decided = decide(Operation.objects.get(kind=verb, status="open"), Verdict.NOT_EXECUTED)
    assert (decided.status, decided.settled_by) == ("succeeded", "read")
    move(payment_id=payment.pk, amount=Decimal(30))
    assert moved(verb).count(3000) == 1


def test_not_executed_what_was_enqueued_is_over(till: Till, moved: Moved) -> None:
    """The worker doesn't send it all the same."""
    payment = till.authorized()
    enqueued = captures.enqueue_capture(payment_id=payment.pk, amount=Decimal(30))
    assert enqueued is not None
    Operation.objects.filter(pk=enqueued.pk).update(needs_person_at=F("created_at"))

    closed = decide(enqueued, Verdict.NOT_EXECUTED)
    payment.refresh_from_db()
    assert (closed.status, closed.settled_by, payment.capturing_amount) == ("not_executed", "person", 0)
    worker.run_once()
    assert moved("capture") == []


class TestRefused:
    def test_a_decision_without_a_note_is_refused(self, lost_refund: Operation) -> None:
        with pytest.raises(InvalidData, match="note"):
            decisions.decide(operation_id=lost_refund.pk, verdict=Verdict.EXECUTED, note=" ")

    def test_a_decision_on_an_unknown_operation_is_refused(self, till: Till) -> None:
        with pytest.raises(NotFound):
            decisions.decide(operation_id="payop_x", verdict=Verdict.EXECUTED, note=NOTE)
        with pytest.raises(NotFound):
            decisions.unfreeze(payment_id="pay_x", note=NOTE)

    def test_a_decision_with_the_reference_of_another_refund_is_refused(self, till: Till, script: Script) -> None:
        payment = till.captured()
        booked = refunds.refund_operation(payment_id=payment.pk, amount=Decimal(20)).refund
        script["refund"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        with pytest.raises(InvalidData, match="booked already"):
            decide(Operation.objects.get(status="open"), Verdict.EXECUTED, provider_ref=booked.provider_ref)

    def test_a_decision_with_the_reference_of_another_capture_is_refused(self, till: Till, script: Script) -> None:
        payment = till.authorized()
        captures.capture(payment_id=payment.pk, amount=Decimal(20))
        script["capture"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        booked = payment.captures.get()
        with pytest.raises(InvalidData, match="booked already"):
            decide(Operation.objects.get(status="open"), Verdict.EXECUTED, provider_ref=booked.provider_ref)

    def test_a_decision_with_the_object_of_another_session_is_refused(self, till: Till, script: Script) -> None:
        paid = till.authorized()
        till.cart_id = "cart_2"
        script["initiate"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            till.session()
        with pytest.raises(InvalidData, match="booked already"):
            decide(Operation.objects.get(status="open"), Verdict.EXECUTED, provider_ref=paid.provider_ref)

    def test_a_second_decision_is_refused(self, lost_refund: Operation) -> None:
        decide(lost_refund, Verdict.EXECUTED)
        with pytest.raises(NotAllowed, match="is closed"):
            decide(lost_refund, Verdict.NOT_EXECUTED)

    def test_a_decision_on_an_operation_in_flight_is_refused(self, till: Till, script: Script) -> None:
        payment = till.authorized()

        def decide_meanwhile(request: Any, call: Any) -> Any:
            with pytest.raises(Conflict, match="in progress"):
                decide(Operation.objects.get(kind="capture"), Verdict.NOT_EXECUTED)
            return call(request)

        script["capture"] = decide_meanwhile
        assert captures.capture(payment_id=payment.pk).captured_amount == 10000


class TestEveryKind:
    def go_through_everything(self, till: Till) -> None:
        """Each kind of operation, one after the other."""
        till.session_of(till.session())
        payment = authorize(PaymentSession.objects.get()).payment
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
        payments.cancel(payment_id=payment.pk)

    @pytest.mark.parametrize("verdict", Verdict)
    @pytest.mark.parametrize("kind", ["initiate", "update", "authorize", "capture", "cancel"])
    def test_every_kind_of_operation_can_be_decided(
        self, till: Till, script: Script, fake_provider: FakeProvider, configure: Any, kind: str, verdict: Verdict
    ) -> None:
        configure("pp_fake_fake", "Forgetful")
        script[kind] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            self.go_through_everything(till)
        operation = hand_over(kind)

        closed = decide(operation, verdict, provider_ref="their_ref")

        expected = "succeeded" if verdict is Verdict.EXECUTED else "not_executed"
        assert (closed.status, Operation.objects.filter(status="open").exists()) == (expected, False)
        in_flight = Payment.objects.exclude(capturing_amount=0, releasing_amount=0, refunding_amount=0)
        assert not in_flight.exists()

    def test_an_initiate_needs_the_reference(self, till: Till, script: Script, configure: Any) -> None:
        configure("pp_fake_fake", "Forgetful")
        script["initiate"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            till.session()
        with pytest.raises(InvalidData, match="reference"):
            decide(hand_over("initiate"), Verdict.EXECUTED)


class TestUnfreeze:
    def test_money_moves_again_and_the_timeline_says_why(self, till: Till, fake_provider: FakeProvider) -> None:
        payment = till.captured()
        fake_provider.dashboard.capture(payment.provider_ref, 500)
        comparing.look_at(payment.payment_session_id)
        with pytest.raises(Conflict, match="frozen"):
            refunds.refund(payment_id=payment.pk)

        decisions.unfreeze(payment_id=payment.pk, note=NOTE, created_by="8")
        decisions.unfreeze(payment_id=payment.pk, note=NOTE, created_by="8")

        assert refunds.refund(payment_id=payment.pk, amount=Decimal(1)).refunded_amount == 100
        event = Event.objects.get(name="payment.unfrozen")
        assert (event.actor, event.data["note"]) == ("8", NOTE)
        assert differences(fake_provider) != [], "the provider still has more"

    @pytest.fixture
    def frozen(self, till: Till, fake_provider: FakeProvider) -> Payment:
        """More was captured at the provider than was authorized."""
        payment = till.captured()
        fake_provider.dashboard.capture(payment.provider_ref, 500)
        comparing.look_at(payment.payment_session_id)
        return payment

    def unfreeze(self, payment: Payment) -> Payment:
        return decisions.unfreeze(payment_id=payment.pk, note=NOTE, created_by="8")

    def test_what_came_meanwhile_is_booked(self, frozen: Payment, fake_provider: FakeProvider) -> None:
        fake_provider.dashboard.refund(frozen.provider_ref, 1500)
        comparing.look_at(frozen.payment_session_id)
        assert not Refund.objects.exists()
        assert self.unfreeze(frozen).refunded_amount == 1500

    def test_what_was_to_be_given_back_meanwhile_is(self, frozen: Payment, moved: Moved) -> None:
        payment_collections.cancel(payment_collection_id=frozen.payment_collection_id)
        recover()
        assert moved("refund") == []

        self.unfreeze(frozen)

        recover()
        assert moved("refund") == [10000]

    def test_what_was_accepted_freezes_nothing_again(self, frozen: Payment) -> None:
        self.unfreeze(frozen)
        refunds.refund(payment_id=frozen.pk, amount=Decimal(1))
        comparing.look_at(frozen.payment_session_id)
        frozen.refresh_from_db()
        assert frozen.frozen_at is None

    def test_a_difference_that_was_not_accepted_freezes_again(
        self, frozen: Payment, fake_provider: FakeProvider
    ) -> None:
        fake_provider.dashboard.capture(frozen.provider_ref, 300)
        assert self.unfreeze(frozen).frozen_at is not None
        seen = [event.data["theirs"]["captured"] for event in Event.objects.filter(name="payment.frozen")]
        assert sorted(seen) == [10300, 10500]

    def test_every_misfit_of_a_frozen_payment_leaves_its_evidence(self, till: Till, script: Script) -> None:
        payment = till.authorized()
        for amount in (30, 40):
            script["capture"] = lost
            with pytest.raises(PaymentOutcomeUnknown):
                captures.capture(payment_id=payment.pk, amount=Decimal(amount), idempotency_key=str(amount))
        script.clear()
        first, second = Operation.objects.filter(kind="capture").order_by("amount")
        for operation in (first, second):
            settle(operation, NotExecuted(message="Never arrived."))
        payments.cancel(payment_id=payment.pk)
        for operation in (first, second):
            settle(operation, Succeeded(result=CaptureResult(money=euros(operation.amount or 0))))
        told = {event.operation_id: event.data["theirs"] for event in Event.objects.filter(name="payment.frozen")}
        assert told == {first.pk: {"captured": 3000}, second.pk: {"captured": 4000}}
