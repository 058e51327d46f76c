"""What was enqueued is carried out once, whatever it meets; and it is nobody else's answer."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from medusa_payments.core.books.evidence import Refused
from medusa_payments.core.saga import comparing
from medusa_payments.core.upkeep import tending
from medusa_payments.exceptions import PaymentOutcomeUnknown, ProviderNotReachable
from medusa_payments.models import Operation, Payment
from medusa_payments.services import captures, payments, refunds, worker
from medusa_payments.states import RefusalKind
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import SECOND, Script, answer_lost, lost, settle, unavailable
from tests.till import Till

pytestmark = pytest.mark.django_db

Moved = Callable[[str], list[int]]

THIRTY = Decimal(30)


class TestIsCarriedOut:
    def test_once_the_provider_can_be_reached_again(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        payment = till.authorized()
        captures.enqueue_capture(payment_id=payment.pk, amount=THIRTY)
        script["capture"] = unavailable
        for _ in range(2):
            assert recover() == 1
        assert (Operation.objects.get(kind="capture").status, moved("capture")) == ("open", [])
        script.clear()

        assert recover() == 0
        assert moved("capture") == [3000]
        assert differences(fake_provider) == []

    def test_under_the_key_of_a_request_that_never_got_through(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        payment = till.authorized()
        script["capture"] = unavailable
        with pytest.raises(ProviderNotReachable):
            captures.capture(payment_id=payment.pk, amount=THIRTY, idempotency_key="k")
        script.clear()
        captures.enqueue_capture(payment_id=payment.pk, amount=THIRTY, idempotency_key="k")

        assert worker.run_once().left == 0
        assert moved("capture") == [3000]
        assert differences(fake_provider) == []

    @pytest.mark.parametrize("key", ["k", None])
    def test_where_an_earlier_request_was_lost_before_it_was_executed(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider, key: str | None
    ) -> None:
        payment = till.authorized()
        script["capture"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=THIRTY, idempotency_key=key)
        script.clear()
        captures.enqueue_capture(payment_id=payment.pk, amount=THIRTY, idempotency_key=key)

        assert recover() == 0
        assert moved("capture") == [3000]
        assert differences(fake_provider) == []

    def test_an_enqueued_cancel_and_refund_are_carried_out_too(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        payment = till.authorized()
        captures.capture(payment_id=payment.pk, amount=Decimal(40))
        script["refund"] = script["cancel"] = unavailable
        for pay in (
            lambda: refunds.refund(payment_id=payment.pk, amount=THIRTY, idempotency_key="k"),
            lambda: payments.cancel(payment_id=payment.pk, idempotency_key="k"),
        ):
            with pytest.raises(ProviderNotReachable):
                pay()
        script.clear()
        refunds.enqueue_refund(payment_id=payment.pk, amount=THIRTY, idempotency_key="k")
        payments.enqueue_cancel(payment_id=payment.pk, idempotency_key="k")

        assert recover() == 0
        assert (moved("refund"), moved("cancel")) == ([3000], [6000])
        assert differences(fake_provider) == []

    def test_in_the_next_run_however_often_its_key_was_enqueued(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()
        for _ in range(2):
            captures.enqueue_capture(payment_id=payment.pk, amount=THIRTY, idempotency_key="k")
        worker.run_once()
        assert moved("capture") == [3000]

    def test_but_not_while_its_payment_is_frozen(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()
        captures.enqueue_capture(payment_id=payment.pk, amount=THIRTY)
        Payment.objects.update(frozen_at=timezone.now())
        recover()
        assert moved("capture") == []
        Payment.objects.update(frozen_at=None)
        recover()
        assert moved("capture") == [3000]


class TestIsNobodyElsesAnswer:
    """A request without a key, made after the worker's, is an intent of its own."""

    def test_an_enqueued_capture_is_no_answer_to_a_callers_capture(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()
        captures.enqueue_capture(payment_id=payment.pk, amount=THIRTY)
        worker.run_once()
        captures.capture(payment_id=payment.pk, amount=THIRTY)
        assert moved("capture") == [3000, 3000]

    def test_a_refund_enqueued_twice_is_two_refunds(self, till: Till, moved: Moved) -> None:
        payment = till.captured()
        for _ in range(2):
            refunds.enqueue_refund(payment_id=payment.pk, amount=THIRTY)
            worker.run_once()
        assert moved("refund") == [3000, 3000]

    def test_a_capture_enqueued_after_one_that_was_told_the_outcome_of_a_lost_one(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.authorized()
        script["capture"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=THIRTY)
        script.clear()
        recover()
        told, anew = (captures.enqueue_capture(payment_id=payment.pk, amount=THIRTY) for _ in range(2))
        assert told is not None
        assert anew is not None
        assert (told.status, anew.status) == ("succeeded", "open")
        assert recover() == 0
        assert moved("capture") == [3000, 3000]

    @pytest.mark.parametrize("first", [answer_lost, lost, unavailable])
    @pytest.mark.parametrize("is_resolved", [True, False])
    def test_one_that_the_worker_could_not_carry_out_at_once(
        self, till: Till, script: Script, moved: Moved, first: Any, is_resolved: bool
    ) -> None:
        payment = till.captured()
        refunds.enqueue_refund(payment_id=payment.pk, amount=THIRTY)
        script["refund"] = first
        worker.run_once()
        script.clear()
        if is_resolved:
            assert recover() == 0
        refunds.enqueue_refund(payment_id=payment.pk, amount=THIRTY)
        assert recover() == 0
        assert moved("refund") == [3000, 3000]

    def test_an_enqueued_refund_that_was_not_executed_is_no_answer_to_a_callers_refund(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.captured()
        refunds.enqueue_refund(payment_id=payment.pk, amount=THIRTY)
        script["refund"] = unavailable
        worker.run_once()
        script.clear()
        refunds.refund(payment_id=payment.pk, amount=THIRTY)
        assert recover() == 0
        assert moved("refund") == [3000, 3000]

    def test_one_that_stands_for_a_lost_one_already(self, till: Till, script: Script, moved: Moved) -> None:
        payment = till.captured()
        script["refund"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=THIRTY)
        script.clear()
        for _ in range(2):
            refunds.enqueue_refund(payment_id=payment.pk, amount=THIRTY)
        assert recover() == 0
        assert moved("refund") == [3000, 3000]

    def test_a_lost_one_that_was_refused(self, till: Till, script: Script, moved: Moved) -> None:
        payment = till.captured()
        script["refund"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=THIRTY)
        script.clear()
        settle(Operation.objects.get(kind="refund"), Refused(refusal=RefusalKind.DECLINED, message="No."))
        refunds.enqueue_refund(payment_id=payment.pk, amount=THIRTY)
        assert recover() == 0
        assert moved("refund") == [3000]

    def test_but_what_was_unknown_is_told_to_who_asked_meanwhile(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.authorized()
        captures.enqueue_capture(payment_id=payment.pk, amount=THIRTY)
        script["capture"] = lost
        worker.run_once()
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=THIRTY)
        script.clear()
        assert recover() == 0
        captures.capture(payment_id=payment.pk, amount=THIRTY)
        assert moved("capture") == [3000]

    def test_what_the_worker_gave_back_itself(
        self, till: Till, script: Script, fake_provider: FakeProvider, moved: Moved
    ) -> None:
        """Of 100 that were asked for 140 were captured. The worker refunds 40, somebody else the rest."""
        payment = self._refunded_in_part(till, script, fake_provider)
        assert moved("refund") == [4000]

        refunds.refund(payment_id=payment.pk)
        assert moved("refund") == [4000, payment.captured_amount - 4000]

    def test_what_the_worker_gives_back_itself_while_that_is_unknown(
        self, till: Till, script: Script, fake_provider: FakeProvider, moved: Moved
    ) -> None:
        payment = self._refunded_in_part(till, script, fake_provider, answer=answer_lost)
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk)
        assert recover() == 0
        refunds.refund(payment_id=payment.pk)
        assert moved("refund") == [4000, payment.captured_amount - 4000]

    def _refunded_in_part(
        self, till: Till, script: Script, fake_provider: FakeProvider, *, answer: Any = None
    ) -> Payment:
        replaced = till.session()
        script["cancel"] = unavailable
        chosen = till.session(SECOND)
        script.clear()
        for session, amount in ((replaced, 8000), (chosen, 6000)):
            fake_provider.dashboard.pay(session.provider_ref or "", amount)
            comparing.look_at(session.pk)
        if answer:
            script["refund"] = answer
            tending.tend(replaced.payment_collection_id)
            script.clear()
            return Operation.objects.get(kind="refund").payment
        assert recover() == 0
        return Payment.objects.get(refunded_amount=4000)
