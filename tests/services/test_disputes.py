"""Disputes: what the provider says of them is booked, and nobody refunds what they withhold."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from medusa_payments.core.saga import comparing, reads
from medusa_payments.exceptions import InvalidData, NotAllowed
from medusa_payments.models import Dispute, Event, Operation, Payment, PaymentCollection, RefundReversal, WebhookEvent
from medusa_payments.money import MAX_MINOR_UNITS, Money
from medusa_payments.providers import cleaning
from medusa_payments.providers.facts import DisputeState, PaymentSnapshot, RefundState
from medusa_payments.services import captures, payment_collections, refunds, webhooks, worker
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import SECOND, Script, Verb, authorize
from tests.split import split, tender
from tests.till import Till

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

HALF = Decimal(50)


@pytest.fixture
def payment(till: Till) -> Payment:
    """100 EUR, captured."""
    return till.captured()


@pytest.fixture
def dispute(fake_provider: FakeProvider, payment: Payment) -> Callable[..., str]:
    """Have a payment disputed, and let us know of it; returns the dispute's reference."""

    def open_it(amount: int | None = None, **how: Any) -> str:
        ref = fake_provider.dashboard.open_dispute(payment.provider_ref, amount, **how)
        look(payment)
        return ref

    return open_it


def look(payment: Payment) -> comparing.Convergence:
    converged = comparing.look_at(payment.payment_session_id)
    payment.refresh_from_db()
    return converged


def told() -> list[str]:
    return list(Event.objects.filter(name__startswith="dispute").order_by("number").values_list("name", flat=True))


def tell_everything(provider: FakeProvider) -> None:
    for body, headers in provider.webhooks():
        webhooks.receive(provider_id="fake_fake", body=body, headers=headers)


class TestWhatIsBooked:
    def test_two_accounts_may_call_their_disputes_the_same(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        paid = [authorize(each) for each in split(till.collection(), tender("60"), tender("40", SECOND))]
        for payment in Payment.objects.all():
            captures.capture(payment_id=payment.pk)
            fake_provider.dashboard.open_dispute(payment.provider_ref)

        def same_name(request: Any, call: Verb) -> PaymentSnapshot:
            found: PaymentSnapshot = call(request)
            return replace(found, disputes=tuple(replace(each, dispute_ref="dp_1") for each in found.disputes))

        script["retrieve"] = same_name
        for session in paid:
            comparing.look_at(session.pk)

        booked = Dispute.objects.filter(provider_ref="dp_1")
        assert {(each.provider_account, each.amount) for each in booked} == {("fake", 6000), ("second", 4000)}

    def test_a_dispute_opens(self, payment: Payment, dispute: Any, fake_provider: FakeProvider) -> None:
        ref = dispute()

        booked = Dispute.objects.get()
        assert (booked.payment_id, booked.provider_ref, booked.provider_account) == (payment.pk, ref, "fake")
        assert (booked.amount, booked.currency_code, booked.withheld_amount) == (10000, "eur", 10000)
        assert (booked.state, booked.reason, booked.closed_at) == ("needs_response", "fraudulent", None)
        assert booked.evidence_due_by is not None
        assert booked.opened_at is not None
        assert (payment.withheld_amount, payment.disputed_amount, payment.refundable_amount) == (10000, 10000, 0)
        event = Event.objects.get(name="dispute.opened")
        assert (event.actor, event.data) == (
            "provider",
            {
                "payment_id": payment.pk,
                "dispute_id": booked.pk,
                "state": "needs_response",
                "amount": 10000,
                "currency_code": "eur",
                "withheld_amount": 10000,
                "disputed_amount": 10000,
                "reason": "fraudulent",
                "evidence_due_by": booked.evidence_due_by.isoformat(),
            },
        )
        assert differences(fake_provider) == []

    def test_totals_and_status_of_the_collection_stay(self, payment: Payment, dispute: Any) -> None:
        columns = ("status", "authorized_amount", "captured_amount", "refunded_amount", "completed_at")
        before = PaymentCollection.objects.values(*columns).get()
        dispute()
        assert PaymentCollection.objects.values(*columns).get() == before

    @pytest.mark.parametrize(
        ("end", "state", "name", "refundable"),
        [
            ("win_dispute", "won", "dispute.won", 10000),
            ("lose_dispute", "lost", "dispute.lost", 0),
            ("close_dispute", "closed", "dispute.closed", 10000),
        ],
    )
    def test_the_end_of_a_dispute_is_booked(
        self,
        payment: Payment,
        dispute: Any,
        fake_provider: FakeProvider,
        end: str,
        state: str,
        name: str,
        refundable: int,
    ) -> None:
        ref = dispute()
        fake_provider.dashboard.send_evidence(ref)
        look(payment)
        getattr(fake_provider.dashboard, end)(ref)
        look(payment)

        booked = Dispute.objects.get()
        assert (booked.state, booked.closed_at is None) == (state, False)
        assert payment.refundable_amount == refundable
        assert told() == ["dispute.opened", "dispute.updated", name]
        changes = Event.objects.get(name="dispute.updated").data
        assert (changes["before"], changes["after"]) == ({"state": "needs_response"}, {"state": "under_review"})
        assert differences(fake_provider) == []

    def test_one_that_is_heard_of_when_it_is_over(self, payment: Payment, fake_provider: FakeProvider) -> None:
        fake_provider.dashboard.lose_dispute(fake_provider.dashboard.open_dispute(payment.provider_ref))
        look(payment)
        assert told() == ["dispute.opened", "dispute.lost"]
        assert payment.refundable_amount == 0

    def test_an_inquiry_withholds_nothing_until_it_becomes_a_dispute(
        self, payment: Payment, dispute: Any, fake_provider: FakeProvider
    ) -> None:
        ref = dispute(state=DisputeState.INQUIRY)
        assert (payment.withheld_amount, payment.refundable_amount) == (0, 10000)

        fake_provider.dashboard.escalate_dispute(ref)
        look(payment)
        assert (payment.withheld_amount, payment.refundable_amount) == (10000, 0)
        escalated = Event.objects.get(name="dispute.updated").data
        assert escalated["before"] == {"state": "inquiry", "withheld_amount": 0}
        assert escalated["after"] == {"state": "needs_response", "withheld_amount": 10000}

    def test_looking_again_changes_nothing(self, payment: Payment, dispute: Any) -> None:
        dispute()
        assert look(payment).changes == ()
        assert look(payment).waits is False

    def test_a_dry_run_says_what_it_would_be(self, payment: Payment, fake_provider: FakeProvider) -> None:
        fake_provider.dashboard.open_dispute(payment.provider_ref)
        planned = comparing.look_at(payment.payment_session_id, is_dry_run=True)
        assert [change.name for change in planned.changes] == ["dispute.opened"]
        assert not Dispute.objects.exists()

    def test_webhooks_tell_of_it_in_any_order(self, payment: Payment, fake_provider: FakeProvider) -> None:
        refs = [fake_provider.dashboard.open_dispute(payment.provider_ref, amount) for amount in (2000, 3000)]
        fake_provider.dashboard.win_dispute(refs[0])
        sent = fake_provider.webhooks() * 2
        random.shuffle(sent)
        for body, headers in sent:
            webhooks.receive(provider_id="fake_fake", body=body, headers=headers)

        assert not WebhookEvent.objects.exclude(status="applied").exists()
        assert sorted(Dispute.objects.values_list("state", "amount")) == [("needs_response", 3000), ("won", 2000)]
        assert differences(fake_provider) == []

    def test_a_dispute_of_a_frozen_payment_is_booked_too(self, payment: Payment, fake_provider: FakeProvider) -> None:
        fake_provider.dashboard.capture(payment.provider_ref, 1)
        look(payment)
        assert payment.frozen_at is not None
        fake_provider.dashboard.open_dispute(payment.provider_ref, 10000)
        look(payment)
        assert Dispute.objects.get().state == "needs_response"


class TestRefunds:
    @pytest.mark.parametrize("amount", [None, Decimal(1), Decimal(100)])
    def test_of_disputed_money_are_refused_with_the_numbers(
        self, payment: Payment, dispute: Any, amount: Decimal | None, moved: Any
    ) -> None:
        dispute()
        with pytest.raises(NotAllowed) as refused:
            refunds.refund(payment_id=payment.pk, amount=amount)

        error = refused.value
        assert (error.code, error.type) == ("payment_disputed", "not_allowed")
        assert error.details["dispute_ids"] == [Dispute.objects.get().pk]
        assert (error.details["disputed_amount"], error.details["captured_amount"]) == (Decimal(100), Decimal(100))
        assert error.message == (
            f"100 EUR of {payment.pk} is disputed and can't be refunded; 0 EUR can. "
            f"Disputes: {Dispute.objects.get().pk}"
        )
        assert (moved("refund"), Operation.objects.filter(kind="refund").count()) == ([], 0)

    def test_more_than_was_captured_is_refused_as_ever(self, payment: Payment, dispute: Any) -> None:
        dispute()
        with pytest.raises(InvalidData, match="more than the captured amount"):
            refunds.refund(payment_id=payment.pk, amount=Decimal("100.01"))

    def test_refunds_of_undisputed_money_are_made(
        self, payment: Payment, dispute: Any, fake_provider: FakeProvider
    ) -> None:
        dispute(4000)
        with pytest.raises(NotAllowed):
            refunds.refund(payment_id=payment.pk, amount=Decimal("60.01"))
        assert refunds.refund(payment_id=payment.pk).refunded_amount == 6000
        assert differences(fake_provider) == []

    def test_of_the_rest_are_not_made_where_only_the_whole_amount_can_be(
        self, payment: Payment, dispute: Any, configure: Any, moved: Any
    ) -> None:
        dispute(4000)
        configure("pp_fake_fake", "Rigid")
        with pytest.raises(InvalidData, match="only refund the whole amount"):
            refunds.refund(payment_id=payment.pk)
        assert moved("refund") == []

    def test_of_what_an_inquiry_is_about_are_made(self, payment: Payment, dispute: Any) -> None:
        dispute(state=DisputeState.INQUIRY)
        assert refunds.refund(payment_id=payment.pk).refunded_amount == 10000

    def test_of_a_dispute_that_was_won_are_made(
        self, payment: Payment, dispute: Any, fake_provider: FakeProvider
    ) -> None:
        ref = dispute()
        fake_provider.dashboard.win_dispute(ref)
        look(payment)
        assert refunds.refund(payment_id=payment.pk).refunded_amount == 10000
        assert differences(fake_provider) == []

    def test_a_dispute_we_have_not_heard_of_is_learnt_from_the_refusal(
        self, payment: Payment, fake_provider: FakeProvider
    ) -> None:
        fake_provider.dashboard.open_dispute(payment.provider_ref, 4000)
        with pytest.raises(InvalidData) as refused:
            refunds.refund(payment_id=payment.pk)
        assert refused.value.code == "payment_disputed"
        assert Dispute.objects.get().amount == 4000
        assert refunds.refund(payment_id=payment.pk).refunded_amount == 6000
        assert differences(fake_provider) == []

    def test_the_database_refuses_one_that_reaches_into_it(self, payment: Payment, dispute: Any) -> None:
        dispute(4000)
        Payment.objects.filter(pk=payment.pk).update(refunding_amount=F("refunding_amount") + 6000)
        with pytest.raises(IntegrityError, match="mp_payment_disputed"), transaction.atomic():
            Payment.objects.filter(pk=payment.pk).update(refunding_amount=F("refunding_amount") + 1)


class TestRefundsThatWereThereBefore:
    def test_a_dispute_of_what_was_refunded_in_full(
        self, payment: Payment, dispute: Any, fake_provider: FakeProvider
    ) -> None:
        refunds.refund(payment_id=payment.pk)
        ref = dispute(10000)
        assert (payment.withheld_amount, payment.disputed_amount, payment.refundable_amount) == (10000, 0, 0)
        assert payment.frozen_at is None
        fake_provider.dashboard.lose_dispute(ref)
        look(payment)
        assert Dispute.objects.get().state == "lost"
        assert differences(fake_provider) == []

    def test_one_in_flight_when_the_dispute_arrives(
        self, till: Till, payment: Payment, script: Script, fake_provider: FakeProvider
    ) -> None:
        def disputed_meanwhile(request: Any, call: Verb) -> Any:
            script.clear()
            answer = call(request)
            fake_provider.dashboard.open_dispute(payment.provider_ref, 10000)
            look(payment)
            assert (payment.refunding_amount, payment.refunded_amount) in {(5000, 0), (0, 5000)}
            assert payment.disputed_amount == 5000
            return answer

        script["refund"] = disputed_meanwhile
        assert refunds.refund(payment_id=payment.pk, amount=HALF).refunded_amount == 5000
        payment.refresh_from_db()
        assert (payment.withheld_amount, payment.disputed_amount) == (10000, 5000)
        assert differences(fake_provider) == []

    def test_one_in_flight_that_the_provider_refuses_then_gives_its_money_to_the_dispute(
        self, till: Till, payment: Payment, script: Script, fake_provider: FakeProvider
    ) -> None:
        def disputed_first(request: Any, call: Verb) -> Any:
            script.clear()
            fake_provider.dashboard.open_dispute(payment.provider_ref)
            look(payment)
            assert (payment.refunding_amount, payment.disputed_amount) == (5000, 5000)
            return call(request)

        script["refund"] = disputed_first
        with pytest.raises(InvalidData):
            refunds.refund(payment_id=payment.pk, amount=HALF)
        payment.refresh_from_db()
        assert (payment.refunding_amount, payment.disputed_amount, payment.refundable_amount) == (0, 10000, 0)
        assert differences(fake_provider) == []

    def test_one_that_fails_later_gives_its_money_to_the_dispute(
        self, payment: Payment, dispute: Any, fake_provider: FakeProvider
    ) -> None:
        refunds.refund(payment_id=payment.pk)
        dispute(10000)
        refund_ref = fake_provider.dashboard.refund_refs(payment.provider_ref)[0]
        fake_provider.dashboard.settle_refund(refund_ref, RefundState.FAILED)
        look(payment)
        assert RefundReversal.objects.get().amount == 10000
        assert (payment.refunded_amount, payment.disputed_amount, payment.refundable_amount) == (0, 10000, 0)

    def test_one_made_at_the_provider_while_it_is_disputed(
        self, payment: Payment, dispute: Any, fake_provider: FakeProvider
    ) -> None:
        dispute()
        fake_provider.dashboard.refund(payment.provider_ref, 3000)
        look(payment)
        assert (payment.refunded_amount, payment.disputed_amount, payment.frozen_at) == (3000, 7000, None)
        assert differences(fake_provider) == []

    def test_a_dispute_of_what_is_captured_only_in_part(self, till: Till, fake_provider: FakeProvider) -> None:
        payment = captures.capture(payment_id=till.authorized().pk, amount=HALF)
        fake_provider.dashboard.open_dispute(payment.provider_ref, 8000)
        look(payment)
        assert (payment.withheld_amount, payment.disputed_amount) == (8000, 5000)
        captures.capture(payment_id=payment.pk)
        payment.refresh_from_db()
        assert (payment.disputed_amount, payment.refundable_amount) == (8000, 2000)
        assert differences(fake_provider) == []


class TestOddOnes:
    def test_one_larger_than_the_payment(self, payment: Payment, dispute: Any, fake_provider: FakeProvider) -> None:
        dispute(99999)
        assert (payment.withheld_amount, payment.disputed_amount, payment.frozen_at) == (99999, 10000, None)
        assert differences(fake_provider) == []

    def test_one_in_another_currency_withholds_all_of_it(self, payment: Payment, dispute: Any) -> None:
        dispute(500, currency_code="usd")
        booked = Dispute.objects.get()
        assert (booked.amount, booked.currency_code, booked.withheld_amount) == (500, "usd", 10000)
        with pytest.raises(NotAllowed):
            refunds.refund(payment_id=payment.pk, amount=Decimal(1))

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"money": Money(minor_units=100, currency_code="nothing")}, "unknown currency"),
            ({"money": Money(minor_units=100, currency_code="er")}, "unknown currency"),
            ({"money": Money(minor_units=2**63, currency_code="eur")}, "can't be stored"),
            ({"money": Money(minor_units=-1, currency_code="eur")}, "can't be stored"),
            ({"dispute_ref": ""}, "usable reference"),
        ],
        ids=str,
    )
    def test_one_that_cant_be_stored_is_recorded_once(
        self, payment: Payment, fake_provider: FakeProvider, changes: dict[str, Any], reason: str
    ) -> None:
        snapshot = self.disputed(payment, fake_provider, **changes)
        for _ in range(2):
            converged = comparing.take_in(payment.payment_session, snapshot)
            assert (converged.waits, converged.problem) == (False, "")
        assert not Dispute.objects.exists()
        assert reason in Event.objects.get(name="payment_collection.discrepancy").data["reason"]

    def test_a_reason_that_cant_be_stored_is_cut(self, payment: Payment, fake_provider: FakeProvider) -> None:
        said = self.disputed(payment, fake_provider, reason="a\0" * 300, dispute_ref="dp_\0")
        comparing.take_in(payment.payment_session, cleaning.answer(said))
        booked = Dispute.objects.get()
        assert (booked.reason, booked.provider_ref[:4]) == ("a" * 255, "dp_~")

    def test_one_that_belongs_to_another_payment_is_recorded_there_only(
        self, till: Till, payment: Payment, dispute: Any, fake_provider: FakeProvider
    ) -> None:
        ref = dispute()
        till.cart_id = "cart_2"
        other = till.captured()
        snapshot = self.disputed(other, fake_provider, dispute_ref=ref)
        comparing.take_in(other.payment_session, snapshot)
        assert Dispute.objects.get().payment_id == payment.pk
        event = Event.objects.get(name="payment_collection.discrepancy")
        assert event.payment_collection_id == other.payment_collection_id
        other.refresh_from_db()
        assert other.withheld_amount == 0

    def test_one_about_a_session_without_a_payment_is_recorded(self, till: Till, fake_provider: FakeProvider) -> None:
        session = till.session()
        fake_provider.dashboard.open_dispute(session.provider_ref or "", 500)
        for _ in range(2):
            comparing.look_at(session.pk)
        assert Event.objects.get(name="payment_collection.discrepancy").data["theirs"]["amount"] == "500"

    def test_one_about_a_payment_we_dont_know_waits_in_the_inbox(
        self, till: Till, payment: Payment, fake_provider: FakeProvider
    ) -> None:
        stranger = replace(fake_provider.payment(payment.provider_ref), ref="fake_pay_stranger", session_id="")  # type: ignore[type-var]
        with fake_provider._ledger.transaction() as books:
            books.save(stranger)
        fake_provider.dashboard.open_dispute("fake_pay_stranger")
        body, headers = fake_provider.webhooks()[-1]

        event = webhooks.receive(provider_id="fake_fake", body=body, headers=headers)
        assert (event.event_type, event.status) == ("dispute.created", "waiting")
        WebhookEvent.objects.update(next_attempt_at=None, received_at=timezone.now() - timedelta(days=4))
        worker.run_once()
        event.refresh_from_db()
        assert (event.status, event.error_message) == ("ignored", "No payment session belongs to it.")
        assert worker.run_once().left == 0

    def test_two_absurd_ones_still_add_up(self, payment: Payment, dispute: Any) -> None:
        dispute(MAX_MINOR_UNITS)
        dispute(MAX_MINOR_UNITS)
        assert (payment.withheld_amount, payment.disputed_amount) == (MAX_MINOR_UNITS, 10000)

    def disputed(self, payment: Payment, provider: FakeProvider, **changes: Any) -> PaymentSnapshot:
        """What the provider says of a payment that has one dispute, changed as a test needs it."""
        provider.dashboard.open_dispute(payment.provider_ref, 500)
        found = reads.read(payment.payment_session)
        assert isinstance(found, reads.Found)
        return replace(found.snapshot, disputes=(replace(found.snapshot.disputes[0], **changes),))


class TestStaleReads:
    """Two look at the same time; who read first may book last."""

    def read(self, payment: Payment) -> reads.Found:
        found = reads.read(payment.payment_session)
        assert isinstance(found, reads.Found)
        return found

    def book(self, payment: Payment, found: reads.Found) -> comparing.Convergence:
        converged = comparing.take_in(payment.payment_session, found.snapshot, as_of=found.as_of)
        payment.refresh_from_db()
        return converged

    def test_what_was_read_before_the_end_doesnt_reopen(
        self, payment: Payment, dispute: Any, fake_provider: FakeProvider
    ) -> None:
        ref = dispute()
        early = self.read(payment)
        fake_provider.dashboard.lose_dispute(ref)
        look(payment)

        assert self.book(payment, early) == comparing.Convergence(waits=True)
        assert (Dispute.objects.get().state, payment.refundable_amount) == ("lost", 0)

    def test_what_was_read_before_doesnt_turn_one_end_into_another(
        self, payment: Payment, dispute: Any, fake_provider: FakeProvider
    ) -> None:
        ref = dispute()
        fake_provider.dashboard.win_dispute(ref)
        early = self.read(payment)
        fake_provider.dashboard.lose_dispute(ref)
        look(payment)
        assert self.book(payment, early).waits
        assert Dispute.objects.get().state == "lost"

    def test_what_was_read_before_may_bring_it_further(
        self, payment: Payment, dispute: Any, fake_provider: FakeProvider
    ) -> None:
        ref = fake_provider.dashboard.open_dispute(payment.provider_ref)
        first = self.read(payment)
        fake_provider.dashboard.lose_dispute(ref)
        second = self.read(payment)
        self.book(payment, first)
        assert not self.book(payment, second).waits
        assert Dispute.objects.get().state == "lost"

    def test_an_old_amount_of_a_dispute_is_not_booked_from_a_stale_read(
        self, payment: Payment, fake_provider: FakeProvider
    ) -> None:
        ref = fake_provider.dashboard.open_dispute(payment.provider_ref, 4000)
        early = self.read(payment)
        with fake_provider._ledger.transaction() as books:
            books.save_dispute(replace(books.dispute(ref), amount=6000))  # type: ignore[type-var]
        look(payment)
        assert self.book(payment, early).waits
        assert payment.disputed_amount == 6000

    def test_what_is_read_afterwards_reopens_it(
        self, payment: Payment, dispute: Any, fake_provider: FakeProvider
    ) -> None:
        """Banks do: a lost dispute is overturned, a won one is taken up again."""
        ref = dispute()
        fake_provider.dashboard.lose_dispute(ref)
        look(payment)
        fake_provider.dashboard.escalate_dispute(ref)
        look(payment)
        reopened = Dispute.objects.get()
        assert (reopened.state, reopened.closed_at) == ("needs_response", None)
        fake_provider.dashboard.win_dispute(ref)
        look(payment)
        assert payment.refundable_amount == 10000
        assert told() == ["dispute.opened", "dispute.lost", "dispute.updated", "dispute.won"]

    def test_what_nobody_knows_the_age_of_never_reopens(
        self, payment: Payment, dispute: Any, fake_provider: FakeProvider
    ) -> None:
        ref = dispute()
        early = self.read(payment).snapshot
        fake_provider.dashboard.lose_dispute(ref)
        look(payment)
        assert comparing.take_in(payment.payment_session, early).waits
        assert Dispute.objects.get().state == "lost"


class TestMoneyThatIsntWanted:
    """What the worker gives back, and what it keeps, while somebody's bank disputes it."""

    def paid_twice(self, till: Till, provider: FakeProvider) -> tuple[Payment, Payment]:
        """A forgotten tab: two payments of 100 for 100, neither given back yet."""
        forgotten = till.session()
        chosen = till.session("pp_second_fake")
        provider.dashboard.pay(forgotten.provider_ref or "")
        provider.dashboard.pay(chosen.provider_ref or "")
        for session in (forgotten, chosen):
            comparing.look_at(session.pk)
        first, second = (Payment.objects.get(payment_session=session) for session in (forgotten, chosen))
        return first, second

    def test_the_undisputed_payment_is_kept(self, till: Till, script: Script, fake_provider: FakeProvider) -> None:
        forgotten, chosen = self.paid_twice(till, fake_provider)
        fake_provider.dashboard.open_dispute(chosen.provider_ref)
        look(chosen)
        assert recover() == 0
        for payment in (forgotten, chosen):
            payment.refresh_from_db()
            assert payment.refunded_amount == 0
        assert (forgotten.disputed_amount, chosen.disputed_amount) == (0, 10000)

    def test_once_the_dispute_is_won_the_surplus_is_given_back(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        _, chosen = self.paid_twice(till, fake_provider)
        ref = fake_provider.dashboard.open_dispute(chosen.provider_ref)
        look(chosen)
        recover()
        PaymentCollection.objects.update(attention_at=None)
        fake_provider.dashboard.win_dispute(ref)
        look(chosen)
        assert PaymentCollection.objects.get().attention_at is not None
        assert recover() == 0
        assert sorted(Payment.objects.values_list("refunded_amount", flat=True)) == [0, 10000]
        assert differences(fake_provider) == []

    def test_a_refund_that_was_refused_for_a_dispute_is_made_once_it_is_won(
        self, payment: Payment, fake_provider: FakeProvider
    ) -> None:
        ref = fake_provider.dashboard.open_dispute(payment.provider_ref)
        payment_collections.cancel(payment_collection_id=payment.payment_collection_id)
        recover()
        assert Operation.objects.get(kind="refund").status == "refused"
        look(payment)
        assert recover() == 0

        fake_provider.dashboard.win_dispute(ref)
        look(payment)
        assert recover() == 0
        payment.refresh_from_db()
        assert payment.refunded_amount == 10000
        assert differences(fake_provider) == []


class TestEvidence:
    def warned(self) -> int:
        return Event.objects.filter(name="dispute.evidence_due").count()

    def test_evidence_that_is_due_is_warned_of_once(self, payment: Payment, dispute: Any) -> None:
        dispute(due_in_seconds=4 * 24 * 3600)
        assert recover() == 0
        collection = PaymentCollection.objects.get()
        assert collection.attention_at is not None
        assert timedelta(hours=23) < collection.attention_at - timezone.now() < timedelta(hours=25)
        assert self.warned() == 0

        Dispute.objects.update(evidence_due_by=F("evidence_due_by") - timedelta(days=2))
        assert recover() == 0
        assert self.warned() == 1
        event = Event.objects.get(name="dispute.evidence_due")
        assert (event.actor, event.data["dispute_id"]) == ("worker", Dispute.objects.get().pk)
        assert Dispute.objects.get().evidence_warned_at is not None

    def test_at_once_where_it_is_late_already(self, dispute: Any) -> None:
        dispute(due_in_seconds=60)
        worker.run_once()
        assert self.warned() == 1

    def test_evidence_is_warned_of_again_when_its_deadline_moves(
        self, payment: Payment, dispute: Any, fake_provider: FakeProvider
    ) -> None:
        ref = dispute(due_in_seconds=60)
        worker.run_once()
        with fake_provider._ledger.transaction() as books:
            later = (timezone.now() + timedelta(hours=1)).isoformat()
            books.save_dispute(replace(books.dispute(ref), evidence_due_by=later))  # type: ignore[type-var]
        look(payment)
        worker.run_once()
        assert self.warned() == 2

    @pytest.mark.parametrize("answer", ["send_evidence", "lose_dispute"])
    def test_not_where_nobody_can_answer_any_more(
        self, payment: Payment, dispute: Any, fake_provider: FakeProvider, answer: str
    ) -> None:
        ref = dispute(due_in_seconds=60)
        getattr(fake_provider.dashboard, answer)(ref)
        look(payment)
        assert recover() == 0
        assert self.warned() == 0

    def test_evidence_for_an_inquiry_is_warned_of_too(self, dispute: Any) -> None:
        dispute(due_in_seconds=60, state=DisputeState.INQUIRY)
        worker.run_once()
        assert self.warned() == 1

    def test_the_time_of_the_evidence_warning_is_a_setting(self, dispute: Any, settings: Any) -> None:
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"EVIDENCE_WARNING_SECONDS": 5 * 24 * 3600}
        dispute(due_in_seconds=4 * 24 * 3600)
        worker.run_once()
        assert self.warned() == 1
