"""A collection paid with several sessions: all of them live at once or none, and never half of the money kept."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from medusa_payments.core.saga import comparing, run
from medusa_payments.exceptions import (
    Conflict,
    IdempotencyError,
    InvalidData,
    NotAllowed,
    NotFound,
    PaymentAuthorizationError,
    PaymentOutcomeUnknown,
    ProviderNotReachable,
)
from medusa_payments.models import Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.services import (
    captures,
    manual_authorization,
    payment_collections,
    payment_sessions,
    payments,
    refunds,
    worker,
)
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import (
    SECOND,
    Moved,
    Script,
    Scripted,
    Verb,
    answer_lost,
    authorize,
    declined,
    lost,
    run_out,
    unavailable,
)
from tests.split import FAKE, live_amounts, split, tender
from tests.till import Till

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

SYSTEM = "pp_system_default"


def status() -> str:
    return PaymentCollection.objects.get().status


class TestChoosingSeveral:
    def test_two_providers_pay_one_collection(self, till: Till, script: Script, fake_provider: FakeProvider) -> None:
        sessions = split(till.collection(), tender("60"), tender("40", SECOND))

        assert [(session.slot, session.amount, session.status) for session in sessions] == [
            (0, 6000, "pending"),
            (1, 4000, "pending"),
        ]
        assert authorize(sessions[1]).status == "authorized"
        assert status() == "partially_authorized"
        assert authorize(sessions[0]).status == "authorized"
        assert status() == "authorized"
        for payment in Payment.objects.all():
            captures.capture(payment_id=payment.pk)
        assert (status(), PaymentCollection.objects.get().captured_amount) == ("completed", 10000)
        assert recover() == 0
        assert differences(fake_provider) == []

    def test_a_named_session_keeps_its_id_and_its_object_and_the_others_go(self, till: Till, moved: Moved) -> None:
        collection = till.collection()
        one, two = split(collection, tender("60"), tender("40"))

        three, first, free = split(collection, tender("10"), tender("70", keep=one), tender("20", SYSTEM))

        assert (first.pk, first.provider_ref, first.amount) == (one.pk, one.provider_ref, 7000)
        assert [session.slot for session in (three, first, free)] == [0, 1, 2]
        two.refresh_from_db()
        assert (two.slot, two.status) == (None, "canceled")
        assert (moved("initiate"), moved("update"), moved("cancel")) == ([6000, 4000, 1000], [7000], [0])

    def test_the_same_again_asks_no_provider(self, till: Till, fake_provider: FakeProvider) -> None:
        collection = till.collection()
        one, two = split(collection, tender("60"), tender("40"))
        before = fake_provider.ledger_entries()

        again = split(collection, tender("40", keep=two), tender("60", keep=one))

        assert [session.pk for session in again] == [two.pk, one.pk]
        assert live_amounts() == [4000, 6000]
        assert fake_provider.ledger_entries() == before

    def test_a_session_left_out_of_a_split_is_canceled(self, till: Till, moved: Moved) -> None:
        collection = till.collection()
        one, _ = split(collection, tender("60"), tender("40"))
        till.set_total("60")

        assert [session.pk for session in split(collection, tender("60", keep=one))] == [one.pk]
        assert (live_amounts(), moved("cancel")) == ([6000], [0])

    @pytest.mark.parametrize("amounts", [["60", "39.99"], ["60", "40.01"], ["100", "40"], []])
    def test_a_split_whose_sum_is_not_exact_is_refused(self, till: Till, amounts: list[str]) -> None:
        with pytest.raises(InvalidData, match="The sum of sessions is not equal to 100 on Payment Collection"):
            split(till.collection(), *map(tender, amounts))
        assert not Operation.objects.exists()

    @pytest.mark.parametrize("amount", ["0", "-1"])
    def test_a_split_with_a_part_of_zero_or_less_is_refused(self, till: Till, amount: str) -> None:
        with pytest.raises(InvalidData, match="greater than 0"):
            split(till.collection(), tender(amount), tender(str(100 - int(amount))))

    def test_the_sum_of_a_split_follows_the_cart(self, till: Till) -> None:
        collection = till.collection()
        till.set_total("120")

        split(collection, tender("60"), tender("60"))

        assert PaymentCollection.objects.get().amount == 12000

    def test_a_session_of_another_collection_is_not_touched(self, till: Till, moved: Moved) -> None:
        (foreign,) = split(till.collection(), tender("100"))
        till.cart_id = "cart_2"

        (own,) = split(till.collection(), tender("100", keep=foreign))

        assert own.pk != foreign.pk
        assert (moved("initiate"), moved("update")) == ([10000, 10000], [])

    @pytest.mark.parametrize("number", [2, 21])
    def test_one_session_twice_or_too_many(self, till: Till, number: int) -> None:
        collection = till.collection("21")
        session = till.session_of(payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=FAKE))
        keep = session if number == 2 else None
        with pytest.raises(InvalidData, match="only once" if keep else "at most"):
            split(collection, *[tender("1", keep=keep) for _ in range(number)])

    def test_a_provider_of_another_region_or_none(self, till: Till) -> None:
        with pytest.raises(InvalidData):
            split(till.collection(), tender("60", "pp_unheard_of"), tender("40"))

    def test_initialize_makes_it_one_again(self, till: Till, moved: Moved) -> None:
        one, two = split(till.collection(), tender("60", SYSTEM), tender("40"))

        session = till.session()

        assert (session.pk, session.slot, session.amount) == (two.pk, 0, 10000)
        assert live_amounts() == [10000]
        one.refresh_from_db()
        assert one.slot is None
        assert PaymentCollection.objects.get().on_failure == "hold"

    def test_initialize_with_a_third_provider_gives_both_up(self, till: Till, moved: Moved) -> None:
        split(till.collection(), tender("60"), tender("40"))

        assert till.session(SYSTEM).slot == 0
        assert (live_amounts(), moved("cancel")) == ([10000], [0, 0])


class TestStepsOfProviders:
    @pytest.fixture(autouse=True)
    def _stepped(self, script: Script) -> None:
        Scripted.step = 10

    def test_one_session_takes_the_odd_fils(self, till: Till) -> None:
        collection = till.collection("5.124", "kwd")

        sessions = split(collection, tender("2.56"), tender("2.564"))
        for session in sessions:
            authorize(session)

        assert live_amounts() == [2560, 2570]
        assert status() == "authorized"

    def test_two_may_not_both_be_brought_up(self, till: Till) -> None:
        with pytest.raises(InvalidData, match="sum"):
            split(till.collection("5.124", "kwd"), tender("2.561"), tender("2.563"))

    def test_a_finer_provider_takes_the_odd_fils(self, till: Till) -> None:
        collection = till.collection("5.124", "kwd")
        with pytest.raises(InvalidData, match="sum"):
            split(collection, tender("3.001"), tender("2.123", SYSTEM))

        split(collection, tender("3"), tender("2.124", SYSTEM))

        assert live_amounts() == [3000, 2124]


class TestAProviderThatRefusesOrIsLost:
    @pytest.fixture
    def before(self, till: Till, script: Script) -> PaymentSession:
        return till.session()

    def _second(self, script: Script, answer: Any) -> None:
        def second(request: Any, call: Verb) -> Any:
            return (answer if request.money.minor_units == 4000 else lambda sent, call: call(sent))(request, call)

        script["initiate"] = second

    def _split(self, before: PaymentSession, key: str | None = None) -> list[PaymentSession]:
        return split(before.payment_collection, tender("60", SECOND), tender("40", SECOND), idempotency_key=key)

    def test_what_was_there_before_stays(
        self, till: Till, before: PaymentSession, script: Script, fake_provider: FakeProvider
    ) -> None:
        self._second(script, declined)
        with pytest.raises(PaymentAuthorizationError):
            self._split(before, "k1")

        assert live_amounts() == [10000]
        assert recover() == 0
        assert differences(fake_provider) == []
        script.clear()
        with pytest.raises(PaymentAuthorizationError):
            self._split(before, "k1")
        assert authorize(before).status == "authorized"

    def test_what_is_behind_it_is_not_sent(self, before: PaymentSession, script: Script, moved: Moved) -> None:
        self._second(script, declined)
        with pytest.raises(PaymentAuthorizationError):
            split(before.payment_collection, tender("40", SECOND), tender("60", SECOND))
        assert moved("initiate") == [10000]

    @pytest.mark.parametrize("key", [None, "k1"])
    @pytest.mark.parametrize("answer", [lost, answer_lost])
    def test_an_unknown_outcome_is_found_out_by_the_same_request(
        self, till: Till, before: PaymentSession, script: Script, moved: Moved, key: str | None, answer: Any
    ) -> None:
        self._second(script, answer)
        with pytest.raises(PaymentOutcomeUnknown):
            self._split(before, key)
        assert live_amounts() == [10000]
        script.clear()

        assert [session.amount for session in self._split(before, key)] == [6000, 4000]
        assert (moved("initiate"), moved("cancel")) == ([10000, 6000, 4000], [0])

    @pytest.mark.parametrize("key", [None, "k1"])
    def test_what_never_arrived_is_sent_by_the_request_that_finds_it_out(
        self,
        till: Till,
        before: PaymentSession,
        script: Script,
        moved: Moved,
        fake_provider: FakeProvider,
        key: str | None,
    ) -> None:
        self._second(script, lost)
        with pytest.raises(PaymentOutcomeUnknown):
            self._split(before, key)
        script.clear()
        run_out(Operation.objects.get(status="open"))

        assert [session.amount for session in self._split(before, key)] == [6000, 4000]
        assert (moved("initiate"), moved("cancel")) == ([10000, 6000, 4000], [0])
        assert recover() == 0
        assert differences(fake_provider) == []

    def test_what_never_arrived_is_behind_what_still_has_to_be_sent(
        self, before: PaymentSession, script: Script, moved: Moved
    ) -> None:
        """The first of three never arrived; the others weren't sent."""
        three = lambda: split(  # noqa: E731
            before.payment_collection, tender("40", SECOND), tender("35", SECOND), tender("25", SECOND)
        )
        self._second(script, lost)
        with pytest.raises(PaymentOutcomeUnknown):
            three()
        script.clear()
        run_out(Operation.objects.get(status="open"))

        assert [session.amount for session in three()] == [4000, 3500, 2500]
        assert moved("initiate") == [10000, 4000, 3500, 2500]

    def test_of_two_tabs_the_one_that_is_sent_last_wins(
        self,
        till: Till,
        before: PaymentSession,
        script: Script,
        fake_provider: FakeProvider,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The other one comes between finding out that a part never arrived and sending it."""
        self._second(script, lost)
        with pytest.raises(PaymentOutcomeUnknown):
            self._split(before)
        script.clear()
        run_out(Operation.objects.get(status="open"))
        withdraw = run.withdraw

        def another_tab(unsent: Any) -> None:
            withdraw(unsent)
            monkeypatch.undo()
            till.session(SYSTEM)

        monkeypatch.setattr(run, "withdraw", another_tab)
        self._split(before)

        assert recover() == 0
        assert (live_amounts(), differences(fake_provider)) == ([6000, 4000], [])

    def test_a_key_goes_on_after_the_provider_was_away(
        self, before: PaymentSession, script: Script, moved: Moved
    ) -> None:
        self._second(script, unavailable)
        with pytest.raises(ProviderNotReachable):
            self._split(before, "k1")
        script.clear()

        self._split(before, "k1")

        assert live_amounts() == [6000, 4000]
        assert moved("initiate") == [10000, 6000, 4000]

    def test_a_key_goes_on_once_only(self, before: PaymentSession, moved: Moved) -> None:
        first = self._split(before, "k1")
        assert [session.pk for session in self._split(before, "k1")] == [session.pk for session in first]
        assert moved("initiate") == [10000, 6000, 4000]
        with pytest.raises(IdempotencyError):
            split(before.payment_collection, tender("100"), idempotency_key="k1")
        with pytest.raises(IdempotencyError):
            payment_sessions.initialize(
                payment_collection_id=before.payment_collection_id, provider_id=FAKE, idempotency_key="k1"
            )

    def test_what_was_given_up_does_not_come_back(
        self, till: Till, before: PaymentSession, script: Script, fake_provider: FakeProvider
    ) -> None:
        self._second(script, answer_lost)
        with pytest.raises(PaymentOutcomeUnknown):
            self._split(before, "k1")
        script.clear()
        authorize(before)

        with pytest.raises(NotAllowed, match="replaced"):
            self._split(before, "k1")
        assert recover() == 0
        assert (live_amounts(), differences(fake_provider)) == ([10000], [])

    def test_an_unknown_set_keeps_nobody_from_one_provider(
        self, till: Till, before: PaymentSession, script: Script, fake_provider: FakeProvider
    ) -> None:
        self._second(script, answer_lost)
        with pytest.raises(PaymentOutcomeUnknown):
            self._split(before)
        script.clear()

        assert till.session(SYSTEM).slot == 0
        assert recover() == 0
        assert (live_amounts(), differences(fake_provider)) == ([10000], [])

    def test_the_worker_does_not_give_up_what_is_in_the_making(
        self, before: PaymentSession, script: Script, moved: Moved
    ) -> None:
        def meanwhile(request: Any, call: Verb) -> Any:
            PaymentCollection.objects.update(attention_at=timezone.now())
            worker.run_once()
            with pytest.raises(Conflict):
                split(before.payment_collection, tender("100", SYSTEM))
            with pytest.raises(Conflict):
                authorize(before)
            return call(request)

        self._second(script, meanwhile)

        self._split(before)

        assert live_amounts() == [6000, 4000]
        assert moved("cancel") == [0]

    def test_a_change_of_a_named_session_that_went_through_alone_can_not_be_paid(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        collection = till.collection()
        one, two = split(collection, tender("60"), tender("40", SECOND))

        def refuse_second(request: Any, call: Verb) -> Any:
            return declined(request, call) if request.money.minor_units == 3000 else call(request)

        script["update"] = refuse_second
        with pytest.raises(PaymentAuthorizationError):
            split(collection, tender("70", keep=one), tender("30", SECOND, keep=two))

        for session in (one, two):
            with pytest.raises(Conflict) as refused:
                authorize(session)
            assert refused.value.code == "cart_changed"
        script.clear()
        split(collection, tender("70", keep=one), tender("30", SECOND, keep=two))
        assert [authorize(session).status for session in (one, two)] == ["authorized"] * 2
        assert moved("authorize") == [7000, 3000]


class TestPaidInPart:
    @pytest.fixture
    def sessions(self, till: Till, script: Script) -> list[PaymentSession]:
        sessions = split(till.collection(), tender("60"), tender("40", SECOND, outcome="declined"))
        authorize(sessions[0])
        with pytest.raises(PaymentAuthorizationError):
            authorize(sessions[1])
        return sessions

    def test_the_other_can_be_tried_again(self, sessions: list[PaymentSession], script: Script) -> None:
        fresh = payment_sessions.refresh(
            payment_collection_id=sessions[1].payment_collection_id, payment_session_id=sessions[1].pk
        )
        assert (fresh.pk != sessions[1].pk, fresh.slot, fresh.amount, fresh.provider_id) == (True, 1, 4000, SECOND)
        assert (status(), live_amounts()) == ("partially_authorized", [6000, 4000])

    def test_another_provider_takes_the_rest(
        self, sessions: list[PaymentSession], moved: Moved, fake_provider: FakeProvider
    ) -> None:
        kept, new = split(sessions[0].payment_collection, tender("60", keep=sessions[0]), tender("40", SYSTEM))

        authorize(new)

        assert (kept.pk, status()) == (sessions[0].pk, "authorized")
        assert moved("authorize") == [6000]
        assert PaymentCollection.objects.get().resolve_by is None
        assert recover() == 0
        assert differences(fake_provider) == []

    @pytest.mark.parametrize("amounts", [["100"], ["50", "50"]])
    def test_what_holds_money_can_not_be_left_out_or_changed(
        self, sessions: list[PaymentSession], amounts: list[str]
    ) -> None:
        collection = sessions[0].payment_collection
        for keep in (None, sessions[0]):
            with pytest.raises(NotAllowed, match="is paid with"):
                split(collection, tender(amounts[0], keep=keep), *map(tender, amounts[1:]))
        with pytest.raises(NotAllowed):
            payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=FAKE)
        with pytest.raises(NotAllowed):
            payment_sessions.refresh(payment_collection_id=collection.pk, payment_session_id=sessions[0].pk)

    def test_by_the_deadline_everything_is_given_back(
        self, sessions: list[PaymentSession], moved: Moved, fake_provider: FakeProvider, till: Till
    ) -> None:
        collection = PaymentCollection.objects.get()
        assert timedelta(minutes=59) < self._time_left() <= timedelta(minutes=60)
        assert collection.resolve_by is not None
        assert collection.attention_at is not None
        assert collection.attention_at <= collection.resolve_by

        self._wait()

        assert (status(), live_amounts(), moved("cancel")) == ("not_paid", [6000], [0, 6000])
        assert differences(fake_provider) == []
        again = split(collection, tender("60"), tender("40", SYSTEM))
        assert [authorize(session).status for session in again] == ["authorized"] * 2
        self._wait()
        assert status() == "authorized"

    def test_captured_parts_are_given_back_by_the_deadline_too(
        self, sessions: list[PaymentSession], moved: Moved, fake_provider: FakeProvider
    ) -> None:
        captures.capture(payment_id=Payment.objects.get().pk, amount=Decimal(50))
        self._wait()
        assert (moved("refund"), moved("cancel")) == ([5000], [0, 1000])
        assert differences(fake_provider) == []

    def test_what_was_given_back_pays_for_nothing_any_more(self, sessions: list[PaymentSession], till: Till) -> None:
        """Else the refunded part and a new card would add up to a cart that looks paid."""
        collection = sessions[0].payment_collection
        captures.capture(payment_id=Payment.objects.get().pk)
        self._wait()
        assert Payment.objects.get().refunded_amount == 6000

        with pytest.raises(NotAllowed, match="refunded, released or disputed"):
            split(collection, tender("60", keep=sessions[0]), tender("40", SYSTEM))
        with pytest.raises(NotAllowed, match="refunded, released or disputed"):
            manual_authorization.mark_as_authorized(payment_collection_id=collection.pk)
        assert till.collection().pk != collection.pk

    def test_money_on_its_way_back_pays_for_nothing(
        self, sessions: list[PaymentSession], script: Script, fake_provider: FakeProvider
    ) -> None:
        collection = sessions[0].payment_collection

        def meanwhile(request: Any, call: Verb) -> Any:
            with pytest.raises(NotAllowed, match="refunded, released or disputed"):
                split(collection, tender("60", keep=sessions[0]), tender("40", SYSTEM))
            return call(request)

        script["cancel"] = meanwhile
        self._wait()

        assert [authorize(session).status for session in split(collection, tender("100"))] == ["authorized"]
        assert (status(), differences(fake_provider)) == ("authorized", [])

    @pytest.mark.parametrize("policy", ["refund", "void"])
    def test_nobody_pays_the_rest_of_what_failed(
        self, sessions: list[PaymentSession], policy: str, fake_provider: FakeProvider
    ) -> None:
        """What was captured counts whatever became of it, so the collection would be authorized."""
        _, rest = split(sessions[0].payment_collection, tender("60", keep=sessions[0]), tender("40", SYSTEM))
        captures.capture(payment_id=Payment.objects.get().pk)
        payment_collections.fail(payment_collection_id=rest.payment_collection_id, on_failure=policy)

        with pytest.raises(NotAllowed, match="failed"):
            authorize(rest)
        assert (status(), differences(fake_provider)) == ("partially_authorized", [])

    def test_with_the_policy_hold_staff_decide_about_a_failed_split(
        self, sessions: list[PaymentSession], moved: Moved, settings: Any
    ) -> None:
        PaymentCollection.objects.update(on_failure="hold")
        self._wait()
        assert (status(), live_amounts(), moved("cancel")) == ("partially_authorized", [6000, 4000], [])
        assert PaymentCollection.objects.get().failed_at is not None

    def test_after_a_failure_the_next_attempt_has_a_deadline_too(self, sessions: list[PaymentSession]) -> None:
        collection = sessions[0].payment_collection
        PaymentCollection.objects.update(on_failure="hold")
        self._wait()

        split(collection, tender("60", keep=sessions[0]), tender("40", SYSTEM))

        assert self._time_left() > timedelta(minutes=59)

    def test_also_one_that_comes_to_nothing(
        self, sessions: list[PaymentSession], script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        """The money of the first attempt could not be given back yet; by now the customer has left."""
        collection = sessions[0].payment_collection
        script["cancel"] = unavailable
        payment_collections.fail(payment_collection_id=collection.pk)
        script["initiate"] = declined
        with pytest.raises(PaymentAuthorizationError):
            split(collection, tender("60", keep=sessions[0]), tender("40", SECOND))
        script.clear()

        assert self._time_left() > timedelta(minutes=59)
        self._wait()
        assert 6000 in moved("cancel")
        assert differences(fake_provider) == []

    def test_a_deadline_ends_with_what_was_paid(self, sessions: list[PaymentSession], till: Till) -> None:
        payments.cancel(payment_id=Payment.objects.get().pk)
        session = till.session(SYSTEM)
        self._wait()
        session.refresh_from_db()
        assert (session.slot, PaymentCollection.objects.get().failed_at) == (0, None)

    def test_the_next_one_begins_with_the_next_payment(self, sessions: list[PaymentSession]) -> None:
        payments.cancel(payment_id=Payment.objects.get().pk)
        PaymentCollection.objects.update(resolve_by=timezone.now() + timedelta(seconds=5))

        session, _ = split(sessions[0].payment_collection, tender("60"), tender("40", SYSTEM))

        assert PaymentCollection.objects.get().resolve_by is None
        authorize(session)
        assert self._time_left() > timedelta(minutes=59)

    def test_before_the_deadline_nothing_is(self, sessions: list[PaymentSession], moved: Moved) -> None:
        recover()
        assert (status(), moved("cancel")) == ("partially_authorized", [])

    def test_nobody_is_overtaken_while_paying(
        self, sessions: list[PaymentSession], script: Script, moved: Moved
    ) -> None:
        _, second = split(sessions[0].payment_collection, tender("60", keep=sessions[0]), tender("40", SECOND))

        def slow(request: Any, call: Verb) -> Any:
            self._make_overdue()
            worker.run_once()
            return call(request)

        script["authorize"] = slow
        authorize(second)

        script.clear()
        self._wait()
        assert (status(), moved("authorize")) == ("authorized", [6000, 4000])

    def test_a_payment_that_is_canceled_makes_room(self, sessions: list[PaymentSession], till: Till) -> None:
        payments.cancel(payment_id=Payment.objects.get().pk)
        with pytest.raises(Conflict):
            authorize(sessions[1])
        assert till.session(SYSTEM).amount == 10000

    def test_a_payment_given_back_after_all_was_paid_is_no_failure(
        self, sessions: list[PaymentSession], moved: Moved
    ) -> None:
        _, rest = split(sessions[0].payment_collection, tender("60", keep=sessions[0]), tender("40", SYSTEM))
        authorize(rest)
        payments.cancel(payment_id=rest.payment.pk)
        self._wait()
        assert (status(), PaymentCollection.objects.get().failed_at) == ("partially_authorized", None)

    def _time_left(self) -> timedelta:
        resolve_by = PaymentCollection.objects.get().resolve_by
        assert resolve_by is not None
        return resolve_by - timezone.now()

    def _make_overdue(self) -> None:
        PaymentCollection.objects.filter(resolve_by__isnull=False).update(
            resolve_by=timezone.now() - timedelta(seconds=1), attention_at=timezone.now()
        )

    def _wait(self) -> None:
        self._make_overdue()
        assert recover() == 0


class TestAuthorizingSeveral:
    def test_the_sessions_of_a_split_are_authorized_in_turn(self, till: Till, moved: Moved) -> None:
        collection = till.collection()
        sessions = split(collection, tender("60"), tender("30"), tender("10"))

        paid = self._authorize(collection, [sessions[2].pk, sessions[0].pk, "payses_unknown"])

        assert (paid.status, moved("authorize")) == ("partially_authorized", [6000, 1000])
        assert self._authorize(collection, [session.pk for session in sessions]).status == "authorized"
        assert self._authorize(collection, ["payses_unknown"]).status == "authorized"
        assert moved("authorize") == [6000, 1000, 3000]

    @pytest.mark.parametrize("outcome", ["declined", "rejected", "requires_more", "error"])
    def test_one_that_refuses_does_not_keep_the_others(self, till: Till, moved: Moved, outcome: str) -> None:
        collection = till.collection()
        sessions = split(collection, tender("60", outcome=outcome), tender("40"))

        paid = self._authorize(collection, [session.pk for session in sessions])

        assert (paid.status, moved("authorize")) == ("partially_authorized", [4000])

    def test_an_unknown_authorization_within_a_split_is_reported(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        collection = till.collection()
        ids = [session.pk for session in split(collection, tender("60"), tender("40"))]
        script["authorize"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            self._authorize(collection, ids, key="k1")
        script.clear()

        assert self._authorize(collection, ids, key="k1").status == "authorized"
        assert moved("authorize") == [6000, 4000]

    def test_a_split_without_sessions_has_nothing_to_authorize(self, till: Till) -> None:
        with pytest.raises(NotAllowed, match="without a payment session"):
            self._authorize(till.collection(), [])

    def test_authorizing_no_session_completes_a_collection_of_zero(self, till: Till) -> None:
        collection = till.collection("0")
        assert self._authorize(collection, []).status == "completed"
        assert self._authorize(collection, []).status == "completed"
        assert Payment.objects.get().amount == 0

    def _authorize(self, collection: PaymentCollection, ids: list[str], key: str | None = None) -> PaymentCollection:
        return payment_sessions.authorize_sessions(
            payment_collection_id=collection.pk, payment_session_ids=ids, idempotency_key=key
        )


class TestRefreshing:
    def test_one_session_of_a_split_is_refreshed(self, till: Till, moved: Moved, fake_provider: FakeProvider) -> None:
        one, _ = split(till.collection(), tender("60"), tender("40"))

        for _ in range(2):
            fresh = payment_sessions.refresh(
                payment_collection_id=one.payment_collection_id, payment_session_id=one.pk, idempotency_key="k1"
            )

        assert (fresh.slot, fresh.amount, live_amounts()) == (0, 6000, [6000, 4000])
        assert (moved("initiate"), moved("cancel")) == ([6000, 4000, 6000], [0])
        with pytest.raises(NotFound):
            payment_sessions.refresh(payment_collection_id=one.payment_collection_id, payment_session_id=one.pk)
        assert recover() == 0
        assert differences(fake_provider) == []

    def test_the_old_one_stays_when_the_provider_refuses(self, till: Till, script: Script) -> None:
        session = till.session()
        script["initiate"] = declined
        with pytest.raises(PaymentAuthorizationError):
            payment_sessions.refresh(payment_collection_id=session.payment_collection_id, payment_session_id=session.pk)
        assert authorize(session).status == "authorized"


def test_what_was_paid_in_part_before_it_was_split_has_a_deadline_too(till: Till, fake_provider: FakeProvider) -> None:
    session = till.session()
    fake_provider.dashboard.authorize(session.provider_ref or "", 6000)
    comparing.look_at(session.pk)
    assert PaymentCollection.objects.get().resolve_by is None

    session.refresh_from_db()
    split(session.payment_collection, tender("60", keep=session), tender("40", SYSTEM))

    assert PaymentCollection.objects.get().resolve_by is not None


def test_what_several_have_captured_too_much_of_is_given_back(
    till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
) -> None:
    collection = till.collection()
    orphan, _ = split(collection, tender("60"), tender("40"))
    script["cancel"] = unavailable
    first, _ = split(collection, tender("60", SECOND), tender("40", SECOND))
    script.clear()
    captures.capture(payment_id=authorize(first).payment.pk)
    fake_provider.dashboard.pay(orphan.provider_ref or "")

    comparing.look_at(orphan.pk)
    assert recover() == 0

    assert moved("refund") == [2000]
    given_back = Operation.objects.get(kind="refund")
    assert sum(payment.captured_amount - payment.refunded_amount for payment in Payment.objects.all()) == 10000
    assert (status(), differences(fake_provider)) == ("completed", [])
    assert given_back.payment_id is not None
    refunds.refund(payment_id=given_back.payment_id, amount=Decimal(20))
    assert moved("refund") == [2000, 2000]


def test_a_collection_with_several_sessions_can_be_deleted(till: Till, moved: Moved) -> None:
    collection = till.collection()
    split(collection, tender("60"), tender("40"))
    payment_collections.delete(payment_collection_id=collection.pk)
    assert (live_amounts(), moved("cancel")) == ([], [0, 0])
