"""Guarantees that no other test held: each of these was seen red on a defect planted for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import DateTimeField, F
from django.dispatch import Signal
from rest_framework.test import APIClient

from medusa_payments import signals
from medusa_payments.core.books.evidence import Succeeded
from medusa_payments.core.saga import comparing
from medusa_payments.core.upkeep import deliveries
from medusa_payments.exceptions import Conflict, InvalidData, PaymentOutcomeUnknown
from medusa_payments.models import Capture, Operation, Payment, PaymentSession, Refund
from medusa_payments.providers.registry import providers
from medusa_payments.providers.types import RefundResult
from medusa_payments.services import captures, payments, rebuild, refund_reasons, refunds
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import (
    SECOND,
    Moved,
    Script,
    Verb,
    answer_lost,
    authorize,
    changed,
    euros,
    lost,
    settle,
    unavailable,
)
from tests.till import Till

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(db: None) -> APIClient:
    client = APIClient()
    client.force_authenticate(User.objects.create_superuser("staff"))
    return client


def let_time_pass(**time: float) -> None:
    """Move every moment that our tables know into the past."""
    for model in apps.get_app_config("medusa_payments").get_models():
        moments = [field.name for field in model._meta.get_fields() if isinstance(field, DateTimeField)]
        model._default_manager.update(**{name: F(name) - timedelta(**time) for name in moments})


@pytest.fixture
def two_tabs(till: Till, script: Script) -> tuple[PaymentSession, PaymentSession]:
    """The session of an older tab, whose object is still payable, and the one that the customer chose last."""
    older = till.session()
    script["cancel"] = unavailable
    chosen = till.session(SECOND)
    script.clear()
    return older, chosen


class TestAttack46ALostAuthorizeOfYesterdayAndACustomerWhoHasPaidOtherwise:
    @pytest.fixture
    def older(self, configure: Any, two_tabs: tuple[PaymentSession, PaymentSession], script: Script) -> PaymentSession:
        """The chosen session's provider can't be asked, and the answer to its authorize of yesterday was lost."""
        older, chosen = two_tabs
        configure(SECOND, "Blind", account="second")
        script["authorize"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            authorize(chosen)
        script.clear()
        let_time_pass(hours=20)
        return older

    def test_46_a_lost_authorize_is_never_sent_again_once_the_cart_is_paid(
        self, older: PaymentSession, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        fake_provider.dashboard.authorize(older.provider_ref or "")
        comparing.look_at(older.pk)
        sent = moved("authorize")
        recover()

        assert moved("authorize") == sent == [10000]
        operation = Operation.objects.get(kind="authorize")
        assert (operation.status, operation.needs_person_at is None) == ("open", False)
        assert Payment.objects.get().payment_session_id == older.pk

    def test_46_but_it_is_while_nothing_else_pays(self, older: PaymentSession, moved: Moved) -> None:
        assert recover() == 0
        assert moved("authorize") == [10000]
        assert Payment.objects.get().payment_session_id != older.pk


class TestAttack47TwoPaymentsOfOneCollectionBothCapturing:
    @pytest.fixture
    def both(self, two_tabs: tuple[PaymentSession, PaymentSession], fake_provider: FakeProvider) -> list[Payment]:
        """Each holds the 100 EUR that the collection costs; the worker hasn't been here yet."""
        older, chosen = two_tabs
        authorize(chosen)
        fake_provider.dashboard.authorize(older.provider_ref or "")
        comparing.look_at(older.pk)
        return list(Payment.objects.order_by("pk"))

    @pytest.mark.parametrize("amount", [None, Decimal(60)])
    def test_47_never_capture_more_than_the_collection_costs(
        self, both: list[Payment], script: Script, fake_provider: FakeProvider, amount: Decimal | None
    ) -> None:
        """The second capture begins while the first is on its way to the provider."""
        first, second = both

        def meanwhile(request: Any, call: Verb) -> Any:
            script.clear()
            with pytest.raises((Conflict, InvalidData)):
                captures.capture(payment_id=second.pk, amount=amount)
            return call(request)

        script["capture"] = meanwhile
        captures.capture(payment_id=first.pk, amount=amount)
        assert sum(Capture.objects.values_list("amount", flat=True)) == int((amount or 100) * 100)
        assert recover() == 0
        assert differences(fake_provider) == []

    def test_47_over_http_with_a_capture_whose_answer_was_lost(
        self, both: list[Payment], script: Script, staff: APIClient, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        first, second = both
        script["capture"] = answer_lost
        assert staff.post(f"/admin/payments/{first.pk}/capture", {}, format="json").status_code == 409
        script.clear()
        for body in ({}, {"amount": 1}, {"amount": 100}):
            assert staff.post(f"/admin/payments/{second.pk}/capture", body, format="json").status_code in {400, 409}
        assert recover() == 0
        assert moved("capture") == [10000]
        assert differences(fake_provider) == []


class TestAttack44AReleaseFromOutsideWhileOurCancelIsOpen:
    def test_44_a_part_released_outside_does_not_settle_an_open_cancel(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.authorized()
        script["cancel"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            payments.cancel(payment_id=payment.pk)
        script["retrieve"] = changed(released=euros(3000))
        assert comparing.look_at(payment.payment_session_id).waits
        payment.refresh_from_db()
        assert (Operation.objects.get(kind="cancel").status, payment.released_amount) == ("open", 0)

        assert recover() == 0
        payment.refresh_from_db()
        assert (Operation.objects.get(kind="cancel").status, payment.released_amount) == ("not_executed", 3000)
        assert (payment.releasing_amount, payment.canceled_at, moved("cancel")) == (0, None, [])

    def test_44_one_that_reaches_its_amount_does(self, till: Till, script: Script, fake_provider: FakeProvider) -> None:
        payment = till.authorized()
        script["cancel"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            payments.cancel(payment_id=payment.pk)
        script.clear()
        fake_provider.dashboard.cancel(payment.provider_ref)
        assert not comparing.look_at(payment.payment_session_id).waits
        payment.refresh_from_db()
        assert (Operation.objects.get(kind="cancel").status, payment.released_amount) == ("succeeded", 10000)
        assert differences(fake_provider) == []


class TestARefundWhoseAnswerWasLost:
    @pytest.fixture
    def refund(self, till: Till, script: Script, staff: APIClient) -> Callable[[], int]:
        payment = till.captured()
        ask = lambda: staff.post(f"/admin/payments/{payment.pk}/refund", {"amount": 30}, format="json").status_code  # noqa: E731
        script["refund"] = answer_lost
        assert ask() == 409
        script.clear()
        assert recover() == 0
        return ask

    def test_is_answered_to_a_keyless_repeat_of_the_same_day(
        self, refund: Callable[[], int], moved: Moved, fake_provider: FakeProvider
    ) -> None:
        let_time_pass(hours=23)
        assert refund() == 200
        assert moved("refund") == [3000]
        assert refund() == 200
        assert moved("refund") == [3000, 3000]
        assert differences(fake_provider) == []

    def test_is_an_older_story_to_one_of_the_next_day(self, refund: Callable[[], int], moved: Moved) -> None:
        let_time_pass(hours=25)
        assert refund() == 200
        assert moved("refund") == [3000, 3000]


class TestWhichOfTwoPaymentsIsGivenBack:
    @pytest.fixture(params=["older first", "chosen first"])
    def pay(self, two_tabs: tuple[PaymentSession, PaymentSession], request: Any) -> Callable[..., None]:
        """Have both tabs paid, each by a verb of the provider's dashboard, and the worker look at it."""

        def run(older_by: str, chosen_by: str) -> None:
            for session, verb in zip(two_tabs, (older_by, chosen_by), strict=True):
                dashboard: Any = providers[session.provider_id].dashboard  # type: ignore[attr-defined]
                getattr(dashboard, verb)(session.provider_ref)
            for session in two_tabs if request.param == "older first" else reversed(two_tabs):
                comparing.look_at(session.pk)
            assert recover() == 0

        return run

    def given_back(self) -> dict[str, tuple[int, int]]:
        rows = Payment.objects.values_list("provider_id", "released_amount", "refunded_amount")
        return {provider_id: (released, refunded) for provider_id, released, refunded in rows}

    @pytest.mark.parametrize(
        ("older_by", "chosen_by", "older", "chosen"),
        [
            ("pay", "authorize", (0, 0), (10000, 0)),  # what is only held costs nothing to give back
            ("authorize", "authorize", (10000, 0), (0, 0)),
            ("pay", "pay", (0, 10000), (0, 0)),
            ("authorize", "pay", (10000, 0), (0, 0)),
        ],
    )
    def test_the_held_one_before_the_captured_then_the_older_choice_before_the_last(
        self, pay: Callable[..., None], older_by: str, chosen_by: str, older: Any, chosen: Any
    ) -> None:
        pay(older_by, chosen_by)
        assert self.given_back() == {"pp_fake_fake": older, SECOND: chosen}


class TestAttack40AnotherAmountThanWasAsked:
    def test_40_what_breaks_the_limits_freezes_and_leaves_nothing_in_flight(self, till: Till, script: Script) -> None:
        """The refund of 30 was asked for, and 120 of 100 went back: no operation reserves those 30 any more."""
        payment = till.captured()
        script["refund"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        settle(Operation.objects.get(kind="refund"), Succeeded(result=RefundResult(money=euros(12000))))

        payment.refresh_from_db()
        assert payment.frozen_at is not None
        assert (payment.refunded_amount, payment.refunding_amount) == (0, 0)
        assert not Operation.objects.filter(status="open").exists()
        assert list(rebuild.check()) == []


class TestAV1Refund:
    @pytest.mark.parametrize("has_successor", [False, True])
    def test_never_names_a_reason_that_was_deleted(self, till: Till, staff: APIClient, has_successor: bool) -> None:
        payment = till.captured()
        deleted = refund_reasons.create(label="Claim", code="claim")
        refund_reasons.delete(refund_reason_id=deleted.pk)
        successor = refund_reasons.create(label="Claim", code="claim").pk if has_successor else None
        body = {"amount": 1000, "reason": "claim"}
        assert staff.post(f"/v1/admin/payments/{payment.pk}/refund", body, format="json").status_code == 200
        assert Refund.objects.get().refund_reason_id == successor


@contextmanager
def heard_by(signal: Signal, receiver: Callable[..., None]) -> Iterator[None]:
    signal.connect(receiver)
    yield
    signal.disconnect(receiver)


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_hold_the_same_list_deliver_each_event_once(till: Till) -> None:
    """The second worker delivers, while the first one's receiver of another event is at it, what the first is to."""
    heard: list[str] = []
    is_down = True

    def receive(event_id: str, **_: Any) -> None:
        if is_down:
            raise ConnectionError
        heard.append(event_id)
        if len(heard) == 1:
            deliveries.deliver_due()

    with heard_by(signals.payment_captured, receive):
        payment = till.authorized()
        for amount in (10, 20, 30):
            captures.capture(payment_id=payment.pk, amount=Decimal(amount))
        is_down = False
        let_time_pass(hours=1)
        deliveries.deliver_due()
    assert len(heard) == len(set(heard)) == 3
