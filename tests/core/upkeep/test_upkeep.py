"""What is due is done in the end, whoever could not be reached the first time."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from medusa_payments.core.books.evidence import Succeeded
from medusa_payments.core.saga import comparing, operations
from medusa_payments.core.upkeep import tending
from medusa_payments.exceptions import Conflict, NotAllowed, PaymentOutcomeUnknown, PaymentsError, ProviderNotReachable
from medusa_payments.models import Event, Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.providers.facts import RefundState
from medusa_payments.providers.registry import providers
from medusa_payments.providers.types import InitiateRequest
from medusa_payments.services import captures, payment_collections, payment_sessions, worker
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import SECOND, Script, Verb, answer_lost, authorize, declined, lost, settle, unavailable
from tests.split import FAKE, split, tender
from tests.till import Till

pytestmark = pytest.mark.django_db

Moved = Callable[[str], list[int]]


def attention() -> Any:
    return PaymentCollection.objects.get().attention_at


@pytest.mark.parametrize("failure", [unavailable, lost])
def test_an_object_whose_cancel_failed_is_given_up_later(
    till: Till, script: Script, moved: Moved, fake_provider: FakeProvider, failure: Any
) -> None:
    till.session()
    script["cancel"] = failure
    till.session(SECOND)
    script.clear()
    assert attention() is not None
    assert moved("cancel") == []

    assert recover() == 0
    assert moved("cancel") == [0]
    assert PaymentSession.objects.get(slot=None).status == "canceled"


def test_while_its_provider_cannot_be_reached_it_is_tried_ever_more_rarely(till: Till, script: Script) -> None:
    till.session()
    script["cancel"] = unavailable
    collection = till.session(SECOND).payment_collection
    waits = []
    for _ in range(4):
        tending.tend(collection.pk)
        waits.append(round((attention() - timezone.now()) / timedelta(seconds=10)))
    assert waits == sorted(set(waits))


def test_an_orphan_whose_cancel_never_arrived_is_looked_after(till: Till, script: Script, moved: Moved) -> None:
    """It was never replaced: it came to be when another provider had been chosen already."""
    collection = till.collection()
    script["initiate"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=SECOND)
    script.clear()
    authorize(payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_system_default"))
    script["cancel"] = unavailable
    late = Operation.objects.get(kind="initiate", status="open")
    request = operations.request_of(late)
    assert isinstance(request, InitiateRequest)
    settle(late, Succeeded(result=providers[SECOND].initiate(request)))
    script.clear()

    assert recover() == 0
    assert moved("cancel") == [0]


def test_what_was_refused_is_not_tried_again_and_again(till: Till, script: Script) -> None:
    payment = till.captured()
    script["refund"] = declined
    payment_collections.fail(payment_collection_id=payment.payment_collection_id, on_failure="refund")
    assert attention() is not None
    recover()
    recover()
    assert Operation.objects.filter(kind="refund").count() == 1
    assert Event.objects.filter(name="operation.refused").count() == 1


def test_a_refund_that_fails_after_it_was_booked_is_left_to_a_person_too(
    till: Till, fake_provider: FakeProvider, moved: Moved
) -> None:
    payment = till.captured()
    payment_collections.fail(payment_collection_id=payment.payment_collection_id, on_failure="refund")
    assert recover() == 0
    [refund_ref] = fake_provider.dashboard.refund_refs(payment.provider_ref or "")
    fake_provider.dashboard.settle_refund(refund_ref, RefundState.FAILED)
    comparing.look_at(payment.payment_session_id)

    tending.tend(payment.payment_collection_id)

    assert moved("refund") == [10000]
    assert Event.objects.filter(name="refund.failed").count() == 1


def test_what_was_refused_for_one_amount_is_tried_for_another(
    till: Till, script: Script, fake_provider: FakeProvider
) -> None:
    payment = till.captured()
    fake_provider.dashboard.refund(payment.provider_ref, 2500)
    payment_collections.fail(payment_collection_id=payment.payment_collection_id, on_failure="refund")
    comparing.look_at(payment.payment_session_id)
    assert recover() == 0
    payment.refresh_from_db()
    assert payment.refunded_amount == 10000
    assert differences(fake_provider) == []


class TestASessionMadeWhileItsCollectionIsCanceled:
    def test_is_given_up(self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider) -> None:
        collection = till.collection()

        def while_it_is_canceled(request: Any, call: Verb) -> Any:
            payment_collections.cancel(payment_collection_id=collection.pk)
            return call(request)

        script["initiate"] = while_it_is_canceled
        with pytest.raises(Conflict, match="replaced"):
            payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=FAKE)
        assert recover() == 0
        assert (moved("cancel"), PaymentSession.objects.get().status) == ([0], "canceled")
        assert differences(fake_provider) == []

    def test_is_given_up_when_it_is_found(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        collection = till.collection()
        script["initiate"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            split(collection, tender("100"))
        script.clear()
        payment_collections.cancel(payment_collection_id=collection.pk)

        assert recover() == 0
        assert (moved("cancel"), PaymentSession.objects.get().status) == ([0], "canceled")
        assert differences(fake_provider) == []

    def test_together_with_others_is_given_up_with_them(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        collection = till.collection()

        def while_it_is_canceled(request: Any, call: Verb) -> Any:
            if request.money.minor_units == 4000:
                payment_collections.cancel(payment_collection_id=collection.pk)
            return call(request)

        script["initiate"] = while_it_is_canceled
        with pytest.raises(Conflict, match="replaced"):
            split(collection, tender("60"), tender("40"))
        assert recover() == 0
        assert [session.status for session in PaymentSession.objects.all()] == ["canceled", "canceled"]
        assert differences(fake_provider) == []


class TestWhatIsCapturedLater:
    """What is being captured can't be given back before that has ended."""

    @pytest.mark.parametrize("give_up", [payment_collections.cancel, payment_collections.fail])
    def test_of_a_collection_that_is_given_up_goes_back(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider, settings: Any, give_up: Any
    ) -> None:
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"ON_FAILURE": "refund"}
        payment = till.authorized()

        def while_it_is_given_up(request: Any, call: Verb) -> Any:
            give_up(payment_collection_id=payment.payment_collection_id)
            return call(request)

        script["capture"] = while_it_is_given_up
        captures.capture(payment_id=payment.pk)

        assert recover() == 0
        assert moved("refund") == [10000]
        assert differences(fake_provider) == []

    def test_at_the_provider_that_refused_to_release_it_goes_back(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        payment = till.authorized()
        script["cancel"] = declined
        payment_collections.cancel(payment_collection_id=payment.payment_collection_id)
        recover()
        fake_provider.dashboard.capture(payment.provider_ref, 10000)
        comparing.look_at(payment.payment_session_id)

        assert recover() == 0
        assert moved("refund") == [10000]

    def test_with_a_choice_that_was_replaced_goes_back(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        earlier = till.session()
        script["cancel"] = unavailable
        payment_sessions.initialize(payment_collection_id=till.collection("150").pk, provider_id="pp_system_default")
        fake_provider.dashboard.authorize(earlier.provider_ref or "")
        comparing.look_at(earlier.pk)

        def while_it_is_looked_after(request: Any, call: Verb) -> Any:
            tending.tend(earlier.payment_collection_id)
            return call(request)

        script["capture"] = while_it_is_looked_after
        captures.capture(payment_id=Payment.objects.get().pk)
        script.clear()

        assert recover() == 0
        assert moved("refund") == [10000]
        assert differences(fake_provider) == []

    def test_is_enough_to_release_what_others_hold_beyond_it(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        """60 of a replaced session and 60 of a live one, for 100: neither is too much as a whole."""
        collection = till.collection()
        earlier, other = split(collection, tender("60"), tender("40"))
        script["cancel"] = unavailable
        latest, _ = split(collection, tender("60"), tender("40", keep=other))
        for session in (latest, earlier):
            fake_provider.dashboard.authorize(session.provider_ref or "")
            comparing.look_at(session.pk)
        PaymentCollection.objects.update(attention_at=None)
        script.clear()
        for session, amount in ((latest, 60), (earlier, 40)):
            captures.capture(payment_id=session.payment.pk, amount=Decimal(amount))

        assert recover() == 0
        assert 2000 in moved("cancel")
        assert differences(fake_provider) == []


class TestASessionThatTheCustomerLeft:
    def test_is_asked_about_and_its_money_is_found(self, till: Till, fake_provider: FakeProvider) -> None:
        session = till.session()
        soon = attention()
        assert timedelta(minutes=14) < soon - timezone.now() < timedelta(minutes=16)
        fake_provider.dashboard.pay(session.provider_ref or "")

        PaymentCollection.objects.update(attention_at=timezone.now())
        worker.run_once()

        assert Payment.objects.get().captured_amount == 10000
        assert attention() is None
        assert differences(fake_provider) == []

    @pytest.mark.parametrize("outcome", ["error", "declined"])
    def test_after_a_failure_is_asked_about_too(self, till: Till, fake_provider: FakeProvider, outcome: str) -> None:
        """The next attempt, in the customer's browser, may succeed without anybody telling us."""
        session = till.session(outcome=outcome)
        with pytest.raises(PaymentsError):
            authorize(session)
        fake_provider.dashboard.authorize(str(session.provider_ref))

        assert recover() == 0
        assert Payment.objects.get().amount == 10_000
        assert differences(fake_provider) == []

    def test_after_a_failure_is_asked_about_before_another_takes_its_place(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        session = till.session(outcome="error")
        with pytest.raises(PaymentsError):
            authorize(session)
        providers["pp_fake_fake"].dashboard.pay(str(session.provider_ref))  # type: ignore[attr-defined]

        with pytest.raises(NotAllowed, match="paid with"):
            till.session(SECOND)
        assert Payment.objects.get().captured_amount == 10_000

    def test_is_asked_about_ever_more_rarely_and_not_for_ever(self, till: Till) -> None:
        session = till.session()
        for days, expected in ((1, True), (8, False)):
            PaymentSession.objects.update(updated_at=timezone.now() - timedelta(days=days))
            tending.tend(session.payment_collection_id)
            assert (attention() is not None) == expected
            if expected:
                assert attention() - timezone.now() > timedelta(hours=23)

    def test_of_a_provider_that_cant_be_asked_is_let_be(self, till: Till) -> None:
        till.session("pp_system_default")
        assert attention() is None


class TestTurns:
    def test_one_worker_at_a_time_has_a_collection(self, till: Till, script: Script) -> None:
        till.session()
        PaymentCollection.objects.update(attention_at=timezone.now())
        stale = PaymentCollection.objects.get()
        PaymentCollection.objects.update(attention_at=timezone.now() + tending.TURN)
        assert not tending._took_turn(stale)

    def test_a_collection_that_fails_does_not_keep_the_others_waiting(
        self, till: Till, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = till.session()
        till.cart_id = "cart_2"
        second = till.session()
        fake_provider.dashboard.pay(second.provider_ref or "")
        PaymentCollection.objects.update(attention_at=timezone.now())
        original = tending.tend

        def tend(payment_collection_id: str) -> None:
            if payment_collection_id == first.payment_collection_id:
                raise ProviderNotReachable("Not now.")
            original(payment_collection_id)

        monkeypatch.setattr(tending, "tend", tend)
        worker.run_once()
        assert Payment.objects.get().payment_session_id == second.pk

    def test_one_that_breaks_is_looked_after_ever_more_rarely_and_says_so(
        self, till: Till, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = till.session()
        till.cart_id = "cart_2"
        second = till.session()
        fake_provider.dashboard.pay(second.provider_ref or "")
        take_in = comparing.take_in

        def breaks(session: PaymentSession, *found: Any, **more: Any) -> Any:
            if session.pk == first.pk:
                raise AttributeError
            return take_in(session, *found, **more)

        monkeypatch.setattr(comparing, "take_in", breaks)
        waits = []
        for _ in range(3):
            PaymentCollection.objects.update(attention_at=timezone.now())
            worker.run_once()
            broken = PaymentCollection.objects.get(pk=first.payment_collection_id)
            waits.append(round((broken.attention_at - timezone.now()) / timedelta(seconds=10)))

        assert Payment.objects.get().payment_session_id == second.pk
        assert waits == sorted(set(waits))
        event = Event.objects.get(payment_collection=broken, name="payment_collection.discrepancy")
        assert (event.data["theirs"], broken.event_count) == ({"error": "AttributeError"}, event.number)


class TestResolveBy:
    def test_a_collection_that_is_not_resolved_in_time_fails_by_its_policy(
        self, till: Till, fake_provider: FakeProvider
    ) -> None:
        session = till.session()
        PaymentCollection.objects.update(
            on_failure="void", resolve_by=timezone.now() - timedelta(seconds=1), attention_at=timezone.now()
        )
        fake_provider.dashboard.authorize(session.provider_ref or "", 4000)
        assert recover() == 0
        assert Event.objects.get(name="payment_collection.failed").data["reason"] == "not resolved in time"
        assert Payment.objects.get().released_amount == 4000
        assert differences(fake_provider) == []

    def test_one_that_is_resolved_does_not(self, till: Till) -> None:
        till.authorized()
        PaymentCollection.objects.update(
            on_failure="void", resolve_by=timezone.now() - timedelta(seconds=1), attention_at=timezone.now()
        )
        recover()
        assert PaymentCollection.objects.get().failed_at is None


def test_what_is_due_at_a_provider_that_is_not_configured_now_is_done_when_it_is_again(
    till: Till, settings: Any, moved: Moved, fake_provider: FakeProvider
) -> None:
    payment = till.captured()
    configured = settings.MEDUSA_PAYMENTS
    rest = {alias: each for alias, each in configured["PROVIDERS"].items() if alias != "pp_fake_fake"}
    settings.MEDUSA_PAYMENTS = configured | {"PROVIDERS": rest}
    payment_collections.fail(payment_collection_id=payment.payment_collection_id, on_failure="refund")
    assert (moved("refund"), attention() is None) == ([], False)

    settings.MEDUSA_PAYMENTS = configured
    assert recover() == 0
    assert moved("refund") == [10000]
