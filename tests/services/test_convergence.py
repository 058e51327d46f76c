"""What is booked of a provider's snapshot, what waits, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import InvalidData, NotAllowed, PaymentOutcomeUnknown
from medusa_payments.models import Capture, Event, Operation, Payment, PaymentCollection, PaymentSession, Refund
from medusa_payments.money import MAX_MINOR_UNITS, Money, to_major_units
from medusa_payments.providers.facts import CaptureFact, PaymentSnapshot, RefundState, RetrieveRequest
from medusa_payments.services import (
    captures,
    decisions,
    payment_collections,
    payment_sessions,
    payments,
    refunds,
    worker,
)
from medusa_payments.states import SessionStatus
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import SECOND, Script, Verb, answer_lost, authorize, changed, euros, lost, unavailable
from tests.till import Till

pytestmark = pytest.mark.django_db


@pytest.fixture
def snapshot(fake_provider: FakeProvider) -> Callable[..., PaymentSnapshot]:
    """Return what the provider says of its only payment, changed as a test needs it."""
    return lambda **changes: replace(next(fake_provider.list_payments()), **changes)


class TestNotOurs:
    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"money": Money(minor_units=10000, currency_code="usd")}, "another currency"),
            ({"captured": Money(minor_units=1, currency_code="usd")}, "another currency"),
            ({"session_id": "payses_x"}, "another payment session"),
            ({"provider_ref": "fake_pay_x"}, "another reference"),
        ],
    )
    def test_nothing_is_booked_and_it_is_recorded_once(
        self, till: Till, fake_provider: FakeProvider, snapshot: Any, changes: dict[str, Any], problem: str
    ) -> None:
        session = till.session()
        fake_provider.dashboard.pay(session.provider_ref or "")
        for _ in range(2):
            assert comparing.take_in(session, snapshot(**changes)).problem == problem
        assert not Payment.objects.exists()
        assert Event.objects.filter(name="payment_collection.discrepancy").count() == 1

    def test_an_object_without_our_metadata_is_never_adopted(self, till: Till, snapshot: Any) -> None:
        session = till.session()
        PaymentSession.objects.update(provider_ref=None)
        session.refresh_from_db()
        assert comparing.take_in(session, snapshot(session_id=None)).problem == "another payment session"


class TestWhileOurOwnMovementIsOpen:
    """What somebody else moved at the same moment may be ours, so it waits."""

    def look_during(self, script: Script, verb: str, seen: list[Any], session_id: str) -> None:
        def look(request: Any, call: Verb) -> Any:
            script.clear()
            seen.append(comparing.look_at(session_id))
            return call(request)

        script[verb] = look

    def test_an_external_capture(self, till: Till, script: Script, fake_provider: FakeProvider) -> None:
        payment, seen = till.authorized(), []
        fake_provider.dashboard.capture(payment.provider_ref, 4000)
        self.look_during(script, "capture", seen, payment.payment_session_id)
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
        assert (seen[0].waits, Capture.objects.count()) == (True, 1)

        assert not comparing.look_at(payment.payment_session_id).waits
        assert sorted(Capture.objects.values_list("amount", flat=True)) == [3000, 4000]
        assert differences(fake_provider) == []

    def test_an_external_refund(self, till: Till, script: Script, fake_provider: FakeProvider) -> None:
        payment, seen = till.captured(), []
        fake_provider.dashboard.refund(payment.provider_ref, 4000)
        self.look_during(script, "refund", seen, payment.payment_session_id)
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        assert (seen[0].waits, Refund.objects.count()) == (True, 1)

        assert not comparing.look_at(payment.payment_session_id).waits
        assert sorted(Refund.objects.values_list("amount", flat=True)) == [3000, 4000]
        assert differences(fake_provider) == []

    def test_an_external_capture_while_the_rest_is_released(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        payment, seen = till.authorized(), []
        fake_provider.dashboard.capture(payment.provider_ref, 4000)
        self.look_during(script, "cancel", seen, payment.payment_session_id)
        payments.cancel(payment_id=payment.pk)
        assert seen[0].waits
        payment.refresh_from_db()
        assert (payment.frozen_at, payment.released_amount) == (None, 6000)

        comparing.look_at(payment.payment_session_id)
        payment.refresh_from_db()
        assert (payment.captured_amount, payment.captured_at is None) == (4000, False)
        assert differences(fake_provider) == []

    def test_an_external_release_while_a_part_is_captured(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        payment, seen = till.authorized(), []

        def capture_then_let_them_cancel(request: Any, call: Verb) -> Any:
            script.clear()
            answer = call(request)
            fake_provider.dashboard.cancel(payment.provider_ref)
            snapshot = next(fake_provider.list_payments())
            unkeyed = replace(snapshot, captures=())
            seen.append(comparing.take_in(payment.payment_session, unkeyed))
            return answer

        script["capture"] = capture_then_let_them_cancel
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
        assert seen[0].waits

        comparing.look_at(payment.payment_session_id)
        payment.refresh_from_db()
        assert (payment.captured_amount, payment.released_amount) == (3000, 7000)
        assert differences(fake_provider) == []

    def test_a_refund_of_what_is_not_booked_yet(self, till: Till, script: Script, fake_provider: FakeProvider) -> None:
        payment, seen = till.authorized(), []
        fake_provider.dashboard.capture(payment.provider_ref, 4000)
        fake_provider.dashboard.refund(payment.provider_ref, 1000)
        self.look_during(script, "capture", seen, payment.payment_session_id)
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
        payment.refresh_from_db()
        assert (seen[0].waits, payment.refunded_amount, payment.frozen_at) == (True, 0, None)

        comparing.look_at(payment.payment_session_id)
        assert differences(fake_provider) == []


class TestACaptureThatSomebodyElseMade:
    """It becomes known by the provider's refusal to do it again."""

    def test_is_what_a_capture_of_the_rest_asked_for(self, till: Till, fake_provider: FakeProvider) -> None:
        payment = till.authorized()
        fake_provider.dashboard.capture(payment.provider_ref, 10000)

        captured = captures.capture(payment_id=payment.pk)

        assert (captured.captured_amount, captured.captures.count()) == (10000, 1)
        assert differences(fake_provider) == []

    @pytest.mark.parametrize(("theirs", "ours"), [(10000, Decimal(100)), (4000, Decimal(70)), (4000, None)])
    def test_is_none_of_ours_otherwise(
        self, till: Till, fake_provider: FakeProvider, theirs: int, ours: Decimal | None
    ) -> None:
        payment = till.authorized()
        fake_provider.dashboard.capture(payment.provider_ref, theirs)

        with pytest.raises(InvalidData):
            captures.capture(payment_id=payment.pk, amount=ours)

        assert Capture.objects.get().amount == theirs
        assert captures.capture(payment_id=payment.pk).captured_amount == 10000


class TestASnapshotThatContradictsItself:
    """It tells of captures that its own total doesn't have."""

    @pytest.fixture
    def operation(self, till: Till, script: Script) -> Operation:
        payment = till.authorized()
        script["capture"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        script["retrieve"] = changed(captured=euros(0))
        return Operation.objects.get(kind="capture")

    def test_is_not_booked_and_freezes_the_payment_once(self, operation: Operation) -> None:
        for _ in range(2):
            assert comparing.look_at(operation.payment_session_id).problem
        assert not Capture.objects.exists()
        assert Payment.objects.get().frozen_at is not None
        assert Event.objects.get(name="payment.frozen").data["theirs"] == {"captured": 0, "captures": 3000}

    def test_leaves_what_it_speaks_of_to_a_person(self, operation: Operation) -> None:
        recover()
        operation.refresh_from_db()
        assert (operation.status, operation.needs_person_at is None) == ("open", False)
        assert "more captured" in operation.error_message

    def test_is_believed_in_all_else_once_a_person_has_accepted_it(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        """The trace of a capture that failed stays on the provider's object."""
        payment = till.captured()
        trace = CaptureFact(money=euros(3000), idempotency_key="payop_failed")
        script["retrieve"] = lambda request, call: replace(found := call(request), captures=(*found.captures, trace))
        fake_provider.dashboard.refund(payment.provider_ref, 1000)
        comparing.look_at(payment.payment_session_id)
        payment.refresh_from_db()
        assert (payment.captured_amount, payment.refunded_amount, payment.frozen_at is None) == (10000, 0, False)

        accepted = decisions.unfreeze(payment_id=payment.pk, note="It failed there.")
        assert (accepted.captured_amount, accepted.refunded_amount, accepted.frozen_at) == (10000, 1000, None)


@pytest.mark.parametrize("key", ["its own", None])
def test_a_capture_beyond_what_the_authorization_captured_has_its_own_reference(
    till: Till, script: Script, snapshot: Any, key: str | None
) -> None:
    session = till.session()
    script["authorize"] = changed(status=SessionStatus.CAPTURED, captured=euros(4000))
    authorize(session)
    own = Operation.objects.get(kind="authorize").pk if key else None
    first = CaptureFact(money=euros(4000), capture_ref="first", idempotency_key=own)
    second = CaptureFact(money=euros(2500), capture_ref="second")
    session.refresh_from_db()

    comparing.take_in(session, snapshot(captured=euros(6500), captures=(first, second)))

    assert set(Capture.objects.values_list("amount", "provider_ref")) == {(4000, None), (2500, "second")}


def test_a_refund_that_failed_while_the_provider_was_asked_stays_failed(
    till: Till, script: Script, fake_provider: FakeProvider
) -> None:
    payment = till.captured(on="refund", outcome="pending")
    refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    refund = fake_provider.retrieve(RetrieveRequest(session_id="", provider_ref=payment.provider_ref)).refunds[0]  # type: ignore[union-attr]
    fake_provider.dashboard.settle_refund(refund.refund_ref, RefundState.SUCCEEDED)

    def overtaken(request: Any, call: Verb) -> Any:
        script.clear()
        seen = call(request)
        fake_provider.dashboard.settle_refund(refund.refund_ref, RefundState.FAILED)
        comparing.look_at(payment.payment_session_id)
        return seen

    script["retrieve"] = overtaken
    assert comparing.look_at(payment.payment_session_id).waits
    assert not Refund.objects.exists()
    assert differences(fake_provider) == []


def test_what_was_read_before_an_update_takes_nothing_of_it_back(till: Till, script: Script) -> None:
    session = till.session()

    def overtaken(request: Any, call: Verb) -> Any:
        script.clear()
        seen = call(request)
        till.set_total("80")
        till.session_of(session)
        return seen

    script["retrieve"] = overtaken
    assert comparing.look_at(session.pk).waits
    session.refresh_from_db()
    assert session.amount == 8000
    assert authorize(session).payment.amount == 8000


def test_a_cancel_that_releases_less_has_the_rest_looked_for(till: Till, fake_provider: FakeProvider) -> None:
    payment = till.authorized()
    fake_provider.dashboard.capture(payment.provider_ref, 4000)
    payments.cancel(payment_id=payment.pk)
    assert PaymentCollection.objects.get().attention_at <= timezone.now()
    worker.run_once()
    assert differences(fake_provider) == []


@pytest.mark.parametrize(
    ("amounts", "refunded", "released"), [((1500, 2000), [1500], [2500]), ((500, 1500), [], [4000])], ids=str
)
def test_once_several_captures_are_enough_together_the_rest_goes_back(
    till: Till,
    script: Script,
    fake_provider: FakeProvider,
    moved: Callable[[str], list[int]],
    amounts: tuple[int, ...],
    refunded: list[int],
    released: list[int],
) -> None:
    replaced = till.session()
    script["cancel"] = unavailable
    chosen = till.session(SECOND)
    script.clear()
    fake_provider.dashboard.pay(replaced.provider_ref or "", 8000)
    fake_provider.dashboard.authorize(chosen.provider_ref or "", 6000)
    for session in (replaced, chosen):
        comparing.look_at(session.pk)
    assert recover() == 0

    for amount in amounts:
        fake_provider.dashboard.capture(chosen.provider_ref or "", amount)
    comparing.look_at(chosen.pk)
    recover()
    assert (moved("refund"), moved("cancel")) == (refunded, released)
    assert differences(fake_provider) == []


class TestBeforeMoneyIsLost:
    def test_a_paid_session_is_found_before_its_collection_is_deleted(
        self, till: Till, fake_provider: FakeProvider
    ) -> None:
        session = till.session()
        fake_provider.dashboard.pay(session.provider_ref or "")
        with pytest.raises(NotAllowed):
            payment_collections.delete(payment_collection_id=session.payment_collection_id)
        assert PaymentCollection.objects.get().status == "completed"

    def test_and_before_another_customer_replaces_it(self, till: Till, fake_provider: FakeProvider) -> None:
        session = till.session()
        fake_provider.dashboard.pay(session.provider_ref or "")
        with pytest.raises(NotAllowed):
            payment_sessions.initialize(
                payment_collection_id=session.payment_collection_id,
                provider_id="pp_fake_fake",
                customer_id="cus_2",
            )
        assert Payment.objects.get().captured_amount == 10000


@pytest.mark.fake_only("the stand authorizes what was asked for")
def test_a_higher_authorization_is_taken_over(till: Till, fake_provider: FakeProvider, snapshot: Any) -> None:
    payment = till.authorized()
    fake_provider.dashboard.authorize(payment.provider_ref, 12000)
    comparing.look_at(payment.payment_session_id)
    payment.refresh_from_db()
    assert payment.amount == 12000
    assert comparing.take_in(payment.payment_session, snapshot(money=euros(9000))).changes == ()


def test_what_the_provider_calls_canceled_ends_a_session(till: Till, fake_provider: FakeProvider) -> None:
    session = till.session()
    fake_provider.dashboard.cancel(session.provider_ref or "")
    comparing.look_at(session.pk)
    session.refresh_from_db()
    assert session.status == "canceled"
    assert till.session().pk != session.pk


def test_a_status_is_not_taken_over_while_an_operation_is_open(
    till: Till, script: Script, fake_provider: FakeProvider
) -> None:
    session = till.session(outcome="requires_more", on="update")
    script["update"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        till.session_of(session)
    fake_provider.dashboard.cancel(session.provider_ref or "")
    assert comparing.look_at(session.pk).changes == ()


@pytest.mark.fake_only("Stripe takes no amounts of so many digits")
def test_the_largest_amount_paid_twice_still_adds_up(till: Till, script: Script, fake_provider: FakeProvider) -> None:
    """Once with an object that has been replaced, once with the one in its place."""
    collection = till.collection(str(to_major_units(MAX_MINOR_UNITS, "eur")))
    script["cancel"] = lost
    for provider_id in ("pp_fake_fake", SECOND):
        payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=provider_id)
    for session in PaymentSession.objects.all():
        fake_provider.dashboard.authorize(session.provider_ref or "")
        comparing.look_at(session.pk)
    assert PaymentCollection.objects.get().authorized_amount == 2 * MAX_MINOR_UNITS


class TestAReplacedObjectThatIsAuthorizedWhileItIsGivenUp:
    """What its cancel voided is never left standing as authorized."""

    def test_and_booked_before_its_cancel_is_executed(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        replaced = till.session()

        def confirm_first(request: Any, call: Verb) -> Any:
            fake_provider.dashboard.authorize(request.provider_ref)
            comparing.look_at(replaced.pk)
            return call(request)

        script["cancel"] = confirm_first
        till.session(SECOND)

        payment = Payment.objects.get()
        assert (payment.released_amount, payment.canceled_at is None) == (10000, False)
        assert PaymentCollection.objects.get().status == "not_paid"
        assert differences(fake_provider) == []

    def test_and_read_before_but_booked_after_its_cancel(
        self, till: Till, script: Script, fake_provider: FakeProvider, snapshot: Any
    ) -> None:
        replaced = till.session()
        seen: list[PaymentSnapshot] = []

        def confirm_and_read_first(request: Any, call: Verb) -> Any:
            fake_provider.dashboard.authorize(request.provider_ref)
            seen.append(snapshot())
            return call(request)

        script["cancel"] = confirm_and_read_first
        till.session(SECOND)
        comparing.take_in(replaced, seen[0])

        assert recover() == 0
        assert PaymentCollection.objects.get().status == "not_paid"
        assert differences(fake_provider) == []
