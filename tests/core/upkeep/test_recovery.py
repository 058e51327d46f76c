"""What recovery concludes from what it can read, and what it leaves alone."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from medusa_payments.core.base import leases, workers
from medusa_payments.core.saga import comparing, operations, recovery
from medusa_payments.core.upkeep import resolving
from medusa_payments.exceptions import Conflict, PaymentAuthorizationError, PaymentOutcomeUnknown
from medusa_payments.models import Event, Operation, Payment, PaymentSession, Refund
from medusa_payments.money import Money
from medusa_payments.providers.errors import ProviderUnavailable
from medusa_payments.services import captures, decisions, payment_collections, payments, refunds, worker
from medusa_payments.services.decisions import Verdict
from medusa_payments.states import SessionStatus
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import Script, Scripted, answer_lost, authorize, changed, euros, lost, run_out, unavailable
from tests.till import Till

pytestmark = pytest.mark.django_db

Moved = Callable[[str], list[int]]


def fake(configure: Any, kind: str) -> None:
    configure("pp_fake_fake", kind)


def unknown(call: Callable[[], Any]) -> None:
    with pytest.raises(PaymentOutcomeUnknown):
        call()


@pytest.fixture
def of_a_dead_process(till: Till, script: Script) -> Operation:
    """A capture that a process of this machine reserved a moment ago, before it died."""
    payment = till.authorized()
    script["capture"] = lost
    unknown(lambda: captures.capture(payment_id=payment.pk))
    script.clear()
    place = workers.identity().rpartition(" ")[0]
    Operation.objects.filter(kind="capture").update(
        leased_by=f"{place} 99999999@1", lease_expires_at=timezone.now() + timedelta(minutes=1)
    )
    return Operation.objects.get(kind="capture")


class TestTheLease:
    def test_of_a_dead_process_still_says_what_may_be_on_its_way(self, of_a_dead_process: Operation) -> None:
        """It is taken over at once, but an absent movement proves nothing yet."""
        before = of_a_dead_process.lease_expires_at
        assert not recovery.resolve(of_a_dead_process)
        operation = Operation.objects.get(kind="capture")
        assert (operation.status, operation.lease_expires_at) == ("open", before)
        assert "still be on its way" in operation.error_message
        assert operation.next_attempt_at is not None

    def test_proves_absence_once_it_is_over(self, of_a_dead_process: Operation, moved: Moved) -> None:
        run_out(of_a_dead_process)
        assert recovery.resolve(of_a_dead_process)
        operation = Operation.objects.get(kind="capture")
        assert (operation.status, operation.settled_by, moved("capture")) == ("not_executed", "read", [])

    def test_that_is_over_says_nothing_about_a_request_that_nobody_waits_for_any_more(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        """The caller's time is up, its request isn't there yet. It arrives after the worker has looked."""
        payment = till.authorized()
        script["capture"] = lost
        unknown(lambda: captures.capture(payment_id=payment.pk, amount=Decimal(30)))
        script.clear()
        worker.run_once()
        late = Operation.objects.get(kind="capture")
        assert late.is_open
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
        fake_provider.capture(operations.request_of(late))  # type: ignore[arg-type]

        assert recover() == 0
        assert moved("capture") == [3000]
        assert differences(fake_provider) == []

    def test_keeps_others_away(self, of_a_dead_process: Operation) -> None:
        Operation.objects.update(leased_by="somewhere else 1@1")
        operation = Operation.objects.get(kind="capture")
        assert not recovery.resolve(operation)
        assert Operation.objects.get(kind="capture").fence == operation.fence


class TestAProviderThatCantBeAsked:
    @pytest.fixture(autouse=True)
    def blind(self, configure: Any, script: Script) -> None:
        fake(configure, "Blind")

    @pytest.fixture
    def session(self, till: Till, script: Script) -> PaymentSession:
        session = till.session()
        script["authorize"] = lost
        unknown(lambda: authorize(session))
        script.clear()
        return session

    def test_is_sent_what_is_still_wanted_again_under_its_key(
        self, session: PaymentSession, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        assert recover() == 0
        operation = Operation.objects.get(kind="authorize")
        assert (operation.status, operation.settled_by, moved("authorize")) == ("succeeded", "resend", [10000])
        assert differences(fake_provider) == []

    def test_is_not_sent_what_nobody_wants_any_more(self, session: PaymentSession, moved: Moved) -> None:
        payment_collections.cancel(payment_collection_id=session.payment_collection_id)
        recover()
        operation = Operation.objects.get(kind="authorize")
        assert (operation.status, operation.needs_person_at is None, moved("authorize")) == ("open", False, [])
        assert "wanted" in operation.error_message

    def test_that_executed_it_once_is_asked_for_its_first_answer(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        payment = till.captured()
        script["refund"] = answer_lost
        unknown(lambda: refunds.refund(payment_id=payment.pk, amount=Decimal(30)))
        script.clear()
        assert recover() == 0
        assert moved("refund") == [3000]
        assert differences(fake_provider) == []


class TestAProviderThatDoesntTellWhoCausedAMovement:
    @pytest.fixture(autouse=True)
    def keyless(self, configure: Any, script: Script) -> None:
        fake(configure, "Keyless")

    @pytest.mark.parametrize("outcome", [lost, answer_lost])
    def test_is_sent_it_again_for_its_first_answer(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider, outcome: Any
    ) -> None:
        payment = till.authorized()
        script["capture"] = outcome
        unknown(lambda: captures.capture(payment_id=payment.pk, amount=Decimal(30)))
        script.clear()

        assert recover() == 0

        operation = Operation.objects.get(kind="capture")
        assert (operation.status, operation.settled_by, moved("capture")) == ("succeeded", "resend", [3000])
        assert operation.capture.amount == 3000
        assert differences(fake_provider) == []


class TestAnUpdate:
    @pytest.mark.parametrize("outcome", [lost, answer_lost])
    def test_of_data_alone_is_sent_again(
        self, till: Till, script: Script, fake_provider: FakeProvider, moved: Moved, outcome: Any
    ) -> None:
        """Its amount was there before: it says nothing of the data, by which the customer is going to pay."""
        session = till.session()
        script["update"] = outcome
        unknown(lambda: till.session_of(session, on="authorize", outcome="declined"))
        script.clear()

        assert recover() == 0

        assert Operation.objects.get(kind="update").status == "succeeded"
        assert moved("update") == [10000]
        with pytest.raises(PaymentAuthorizationError):
            authorize(session)

    def test_of_data_that_another_choice_has_replaced_is_left(self, till: Till, script: Script, moved: Moved) -> None:
        session = till.session()
        script["update"] = lost
        unknown(lambda: till.session_of(session, on="authorize", outcome="declined"))
        script.clear()
        run_out(Operation.objects.get(kind="update"))
        till.session("pp_system_default")

        assert recover() == 0
        assert moved("update") == []

    def test_of_what_is_paid_already_is_left(
        self, till: Till, script: Script, fake_provider: FakeProvider, moved: Moved
    ) -> None:
        """Its provider would refuse it each time; what was paid, in another currency, doesn't cover the cart."""
        session = till.session()
        script["update"] = lost
        unknown(lambda: till.session_of(session, on="authorize", outcome="declined"))
        script.clear()
        till.set_total("100", "usd")
        payment_collections.refresh(payment_collection_id=session.payment_collection_id)
        fake_provider.dashboard.pay(PaymentSession.objects.get().provider_ref)

        assert recover() == 0

        assert not Operation.objects.filter(status="open").exists()
        assert (moved("update"), moved("refund")) == ([], [10000])

    @pytest.mark.parametrize(
        ("outcome", "status", "amount"), [(lost, "not_executed", 10000), (answer_lost, "succeeded", 8000)]
    )
    def test_is_read_off_the_amount(
        self, till: Till, script: Script, fake_provider: FakeProvider, outcome: Any, status: str, amount: int
    ) -> None:
        session = till.session()
        till.set_total("80")
        script["update"] = outcome
        unknown(lambda: till.session_of(session))
        script.clear()

        assert recover() == 0

        assert Operation.objects.get(kind="update").status == status
        assert PaymentSession.objects.get().amount == amount


def test_one_that_can_not_be_resolved_keeps_no_other_from_being(
    till: Till, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker breaks on the first in a way that nobody expected."""
    for cart_id in ("cart_1", "cart_2"):
        till.cart_id = cart_id
        payment = till.authorized()
        script["capture"] = answer_lost
        unknown(lambda payment=payment: captures.capture(payment_id=payment.pk))
    first, second = Operation.objects.filter(kind="capture").order_by("created_at")

    take_in = comparing.take_in

    def breaks(session: PaymentSession, *found: Any, **more: Any) -> Any:
        if session.pk == first.payment_session_id:
            raise AttributeError
        return take_in(session, *found, **more)

    script.clear()
    monkeypatch.setattr(comparing, "take_in", breaks)
    for operation in (first, second):
        run_out(operation)
    assert resolving.resolve_due().done == 1

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.attempts, second.status) == ("open", 1, "succeeded")
    assert first.error_message == "It could not be resolved: AttributeError."
    assert first.next_attempt_at is not None
    assert first.next_attempt_at > timezone.now()
    monkeypatch.undo()
    recover()
    assert Operation.objects.get(pk=first.pk).status == "succeeded"


def breaks(*_: Any, **__: Any) -> Any:
    raise AttributeError


def until_staff_know() -> list[int]:
    """Have the worker try until staff are told; return how many attempts it had made, each time."""
    attempts = []
    for _ in range(recovery.PATIENCE + 3):
        if resolving.resolve_due().waiting:
            return attempts
        for operation in Operation.objects.filter(status="open"):
            attempts.append(operation.attempts)
            run_out(operation)
        Operation.objects.update(next_attempt_at=None)
    raise AssertionError("Staff are never told.")


def told_to_staff() -> list[str]:
    return list(Event.objects.filter(name="operation.needs_person").values_list("data__reason", flat=True))


def test_one_that_can_not_be_resolved_for_good_is_left_to_a_person(
    till: Till, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = till.authorized()
    script["capture"] = answer_lost
    unknown(lambda: captures.capture(payment_id=payment.pk))
    monkeypatch.setattr(comparing, "take_in", breaks)

    assert until_staff_know()[-1] == recovery.PATIENCE

    operation = Operation.objects.get(kind="capture")
    assert operation.is_open
    assert told_to_staff() == [operation.error_message]


def an_hour_later() -> None:
    for operation in Operation.objects.filter(status="open"):
        run_out(operation)
    Operation.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=timezone.now())
    resolving.resolve_due()


@pytest.mark.fake_only
@pytest.mark.parametrize("garbled", [unavailable, changed(captured=None)], ids=["away", "odd"])
def test_of_a_provider_that_can_not_be_read_staff_are_told_once_and_the_worker_goes_on_reading(
    till: Till, script: Script, moved: Moved, garbled: Any
) -> None:
    payment = till.authorized()
    script["capture"] = answer_lost
    unknown(lambda: captures.capture(payment_id=payment.pk))
    script["retrieve"] = garbled

    assert until_staff_know()[-1] == recovery.PATIENCE
    an_hour_later()
    assert len(told_to_staff()) == 1
    script.clear()
    an_hour_later()

    operation = Operation.objects.get(kind="capture")
    assert (operation.status, operation.needs_person_at, moved("capture")) == ("succeeded", None, [10000])
    assert len(told_to_staff()) == 1


@pytest.mark.fake_only
def test_what_staff_were_told_of_is_not_sent_when_the_provider_can_be_read_again(
    till: Till, script: Script, moved: Moved
) -> None:
    """They may have paid the customer back by hand."""
    refunds.enqueue_refund(payment_id=till.captured().pk)
    script["refund"] = lost
    script["retrieve"] = unavailable
    until_staff_know()
    script.clear()

    for _ in range(2):
        an_hour_later()

    operation = Operation.objects.get(kind="refund")
    assert (operation.status, moved("refund"), len(told_to_staff())) == ("open", [], 1)
    assert (operation.needs_person_at is None, operation.next_attempt_at) == (False, None)
    decisions.decide(operation_id=operation.pk, verdict=Verdict.NOT_EXECUTED, note="Not at the provider.")
    assert Payment.objects.get().refunding_amount == 0


def test_of_what_was_sent_to_a_provider_that_is_not_configured_any_more_staff_are_told(
    till: Till, script: Script, settings: Any
) -> None:
    payment = till.authorized()
    script["capture"] = answer_lost
    unknown(lambda: captures.capture(payment_id=payment.pk))
    configured = settings.MEDUSA_PAYMENTS
    others = {alias: each for alias, each in configured["PROVIDERS"].items() if alias != payment.provider_id}
    settings.MEDUSA_PAYMENTS = configured | {"PROVIDERS": others}

    assert until_staff_know()[-1] == recovery.PATIENCE
    an_hour_later()
    assert told_to_staff() == ["Payment provider pp_fake_fake is not configured."]
    settings.MEDUSA_PAYMENTS = configured
    script.clear()
    an_hour_later()

    assert Operation.objects.get(kind="capture").status == "succeeded"


def test_what_the_worker_wants_itself_and_the_provider_refuses_is_closed(
    till: Till, script: Script, fake_provider: FakeProvider
) -> None:
    """Its first attempt got lost; meanwhile somebody else refunded, so that too little is left."""
    payment = till.captured()
    refunds.enqueue_refund(payment_id=payment.pk)
    script["refund"] = lost
    worker.run_once()
    script.clear()
    fake_provider.dashboard.refund(payment.provider_ref, 2500)

    assert recover() == 0

    payment.refresh_from_db()
    assert Operation.objects.get(kind="refund").status == "refused"
    assert (payment.refunded_amount, payment.refunding_amount) == (2500, 0)
    assert Refund.objects.get().created_by == "provider"
    assert differences(fake_provider) == []


@pytest.mark.parametrize("capture", [captures.capture, captures.enqueue_capture], ids=["asked for", "enqueued"])
def test_what_was_executed_with_another_amount_is_left_to_a_person(
    till: Till, script: Script, moved: Moved, fake_provider: FakeProvider, capture: Callable[..., Any]
) -> None:
    payment = till.authorized()
    script["capture"] = lambda request, call: call(replace(request, money=euros(2000)))
    with suppress(PaymentOutcomeUnknown):
        capture(payment_id=payment.pk, amount=Decimal(30))
    recover()
    fake_provider.dashboard.advance(timedelta(days=2).total_seconds())
    recover()
    operation = Operation.objects.get(kind="capture")
    assert (operation.is_open, operation.needs_person_at is None) == (True, False)
    assert moved("capture") == [2000]

    decisions.decide(operation_id=operation.pk, verdict=Verdict.NOT_EXECUTED, note="They captured 20.")
    comparing.look_at(payment.payment_session_id)
    assert differences(fake_provider) == []


def test_a_cancel_is_found_though_its_payment_is_frozen(till: Till, script: Script) -> None:
    payment = till.authorized()
    captures.capture(payment_id=payment.pk, amount=Decimal(40))
    script["cancel"] = answer_lost
    unknown(lambda: payments.cancel(payment_id=payment.pk))
    script["retrieve"] = changed(status=SessionStatus.CAPTURED)
    Payment.objects.update(frozen_at=timezone.now())

    assert recover() == 0
    payment.refresh_from_db()
    assert (Operation.objects.get(kind="cancel").status, payment.released_amount) == ("succeeded", 6000)


@pytest.mark.parametrize("sees", ["nothing", "another_currency"])
def test_a_worker_that_stalls_does_not_disturb_who_took_over(
    till: Till, script: Script, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, sees: str
) -> None:
    """Its lease ran out while it asked the provider; what it makes of the answer is nobody's business any more."""
    payment = till.authorized()
    script["capture"] = lost
    unknown(lambda: captures.capture(payment_id=payment.pk, amount=Decimal(30)))
    operation = Operation.objects.get(kind="capture")
    run_out(operation)
    operation.refresh_from_db()
    snapshot = next(fake_provider.list_payments())

    def stall(_: Scripted, __: Any) -> Any:
        run_out(operation)
        assert operations.claim(Operation.objects.get(pk=operation.pk)) is not None
        if sees == "nothing":
            raise ProviderUnavailable("Not now.")
        return replace(snapshot, money=Money(minor_units=1, currency_code="usd"))

    monkeypatch.setattr(Scripted, "retrieve", stall)
    recovery.resolve(operation)

    operation.refresh_from_db()
    assert leases.is_leased(operation, timezone.now())
    assert operation.needs_person_at is None


def test_a_repeat_sends_nothing_while_its_payment_is_frozen(till: Till, script: Script, moved: Moved) -> None:
    payment = till.authorized()
    script["capture"] = lost
    unknown(lambda: captures.capture(payment_id=payment.pk, amount=Decimal(30)))
    script.clear()
    Payment.objects.update(frozen_at=timezone.now())

    with pytest.raises(Conflict, match="frozen"):
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
    assert moved("capture") == []


def test_what_cannot_be_read_is_not_sent_again_while_its_payment_is_frozen(
    till: Till, script: Script, configure: Any, moved: Moved
) -> None:
    payment = till.authorized()
    script["capture"] = lost
    unknown(lambda: captures.capture(payment_id=payment.pk, amount=Decimal(30)))
    script.clear()
    fake(configure, "Blind")
    Payment.objects.update(frozen_at=timezone.now())
    recover()
    assert moved("capture") == []
    Payment.objects.update(frozen_at=None)
    assert recover() == 0
    assert moved("capture") == [3000]
