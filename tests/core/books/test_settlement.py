"""Answers that come late, twice, from somebody who lost the lease, or that don't fit the question."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.core.base import leases
from medusa_payments.core.books import book as books
from medusa_payments.core.books import evidence
from medusa_payments.core.books.book import Overtaken
from medusa_payments.core.books.evidence import NotExecuted, Outcome, Refused, Succeeded, Unknown
from medusa_payments.core.saga import comparing, operations
from medusa_payments.exceptions import PaymentOutcomeUnknown, PaymentsError, ProviderNotReachable
from medusa_payments.models import Event, Operation, Payment, PaymentSession
from medusa_payments.money import Money
from medusa_payments.providers.facts import RefundFact, RefundState
from medusa_payments.providers.types import CaptureResult, RefundResult, RefundStatus, SessionResult
from medusa_payments.services import captures, decisions, refunds
from medusa_payments.states import RefusalKind, SessionStatus
from medusa_payments.testing.fake_provider import FakeProvider
from tests.scripted import Script, Verb, lost
from tests.till import Till

Moved = Callable[[str], list[int]]

CAPTURED = Succeeded(result=CaptureResult(money=Money(minor_units=3000, currency_code="eur")))
DECLINED = Refused(refusal=RefusalKind.DECLINED, message="No.")
NOT_EXECUTED = NotExecuted(message="Nothing was sent.")


def settle(operation: Operation, outcome: Outcome) -> list[PaymentSession]:
    """Book an outcome; return the sessions that lost their place by it."""
    with books.opened(operation.payment_collection_id) as book:
        evidence.absorb(book, operation.pk, outcome, fence=operation.fence)
        return book.freed


def settle_while_overtaken(operation: Operation, outcome: Outcome) -> None:
    """Book an outcome on an operation that another process takes over after it was read."""
    with books.opened(operation.payment_collection_id) as book:
        assert book.operation(operation.pk) is not None
        Operation.objects.filter(pk=operation.pk).update(fence=F("fence") + 1)
        evidence.absorb(book, operation.pk, outcome, fence=operation.fence)


def resume(operation: Operation) -> None:
    with books.opened(operation.payment_collection_id) as book:
        known = book.operation(operation.pk)
        assert known is not None
        operations.resume(book, known)


def is_leased(operation: Operation) -> bool:
    operation.refresh_from_db()
    return leases.is_leased(operation, timezone.now())


@pytest.fixture
def open_capture(till: Till) -> Operation:
    """A capture of 30 of 100 whose answer is still awaited."""
    payment = till.authorized(on="capture", outcome="timeout_before")
    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
    return Operation.objects.get(kind="capture")


def counters(operation: Operation) -> tuple[int, int]:
    payment = Payment.objects.get(pk=operation.payment_id)
    return payment.captured_amount, payment.capturing_amount


def test_the_same_answer_twice_is_booked_once(open_capture: Operation) -> None:
    settle(open_capture, CAPTURED)
    settle(open_capture, CAPTURED)

    assert counters(open_capture) == (3000, 0)
    assert Event.objects.filter(name="payment.captured").count() == 1


@pytest.mark.parametrize("first", [DECLINED, NOT_EXECUTED], ids=["refused", "not executed"])
def test_a_late_success_is_booked_on_a_closed_operation(open_capture: Operation, first: Outcome) -> None:
    settle(open_capture, first)
    assert counters(open_capture) == (0, 0)

    settle(open_capture, CAPTURED)

    open_capture.refresh_from_db()
    assert counters(open_capture) == (3000, 0)
    assert (open_capture.status, open_capture.refusal, open_capture.error_message) == ("succeeded", "", "")


@pytest.mark.parametrize(
    "late", [DECLINED, NOT_EXECUTED, Unknown(message="?")], ids=lambda outcome: type(outcome).__name__
)
def test_nothing_undoes_a_success(open_capture: Operation, late: Outcome) -> None:
    settle(open_capture, CAPTURED)
    settle(open_capture, late)

    open_capture.refresh_from_db()
    assert (open_capture.status, counters(open_capture)) == ("succeeded", (3000, 0))


@pytest.mark.parametrize("late", [NOT_EXECUTED, Unknown(message="?")], ids=lambda outcome: type(outcome).__name__)
def test_who_lost_the_lease_closes_nothing(open_capture: Operation, late: Outcome) -> None:
    stale = Operation.objects.get(pk=open_capture.pk)
    resume(open_capture)

    settle(stale, late)

    open_capture.refresh_from_db()
    assert (open_capture.status, counters(open_capture)) == ("open", (0, 3000))
    assert is_leased(open_capture)


@pytest.mark.parametrize("is_deferred", [False, True], ids=["of a caller", "of the worker"])
@pytest.mark.parametrize(
    "late", [DECLINED, NOT_EXECUTED, Unknown(message="?")], ids=lambda outcome: type(outcome).__name__
)
def test_who_loses_the_lease_while_it_books_saves_nothing(
    open_capture: Operation, late: Outcome, is_deferred: bool
) -> None:
    """A lease is taken without the collection's lock, so that may happen after the operation was read."""
    Operation.objects.filter(pk=open_capture.pk).update(is_deferred=is_deferred)

    with pytest.raises(Overtaken):
        settle_while_overtaken(open_capture, late)


def test_who_loses_the_lease_while_it_books_a_success_saves_it(open_capture: Operation) -> None:
    settle_while_overtaken(open_capture, CAPTURED)

    assert counters(open_capture) == (3000, 0)


def test_who_lost_the_lease_may_still_bring_a_success(open_capture: Operation) -> None:
    stale = Operation.objects.get(pk=open_capture.pk)
    resume(open_capture)

    settle(stale, CAPTURED)

    assert counters(open_capture) == (3000, 0)


def test_event_numbers_have_no_gaps(open_capture: Operation) -> None:
    settle(open_capture, CAPTURED)
    numbers = Event.objects.values_list("number", flat=True).order_by("number")

    assert list(numbers) == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(("before", "longest"), [(1, 1), (600, 60)], ids=["as before", "the provider's timeout"])
def test_what_is_unknown_is_on_its_way_no_longer_than_it_can_be(
    open_capture: Operation, before: int, longest: int
) -> None:
    """The provider's timeout is 30 seconds."""
    now = timezone.now()
    Operation.objects.filter(pk=open_capture.pk).update(in_flight_until=now + timedelta(seconds=before))

    settle(open_capture, Unknown(message="?"))

    open_capture.refresh_from_db()
    assert open_capture.in_flight_until is not None
    assert open_capture.in_flight_until <= now + timedelta(seconds=longest)


class TestOrphans:
    """The customer went another way while an initiate was unknown; now its answer arrives."""

    @pytest.fixture
    def abandoned(self, till: Till) -> Operation:
        with pytest.raises(PaymentOutcomeUnknown):
            till.session(on="initiate", outcome="timeout_before")
        till.session("pp_system_default")
        return Operation.objects.get(provider_id="pp_fake_fake")

    def answer(self, status: SessionStatus) -> Succeeded:
        money = Money(minor_units=10000, currency_code="eur")
        return Succeeded(result=SessionResult(provider_ref="fake_pay_late", status=status, money=money))

    def test_is_canceled_and_the_live_session_stays(self, abandoned: Operation) -> None:
        freed = settle(abandoned, self.answer(SessionStatus.PENDING))

        assert PaymentSession.objects.get(slot=0).provider_id == "pp_system_default"
        assert [session.pk for session in freed] == [abandoned.payment_session_id]

    def test_with_money_it_becomes_a_payment(self, abandoned: Operation) -> None:
        freed = settle(abandoned, self.answer(SessionStatus.AUTHORIZED))

        assert Payment.objects.get().payment_session_id == abandoned.payment_session_id
        assert PaymentSession.objects.get(slot=0).provider_id == "pp_system_default"
        assert freed == []


class Misbehaving(FakeProvider):
    """A fake provider whose capture is replaced by each test."""

    misbehave: Callable[[Any, CaptureResult], CaptureResult]

    def capture(self, request: Any) -> CaptureResult:
        return type(self).misbehave(request, super().capture(request))


@pytest.fixture
def misbehave(settings: Any, till: Till) -> Callable[[Callable[[Any, CaptureResult], Any]], None]:
    configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
    backend = {"BACKEND": f"{__name__}.Misbehaving"}
    changed = configured | {"pp_fake_fake": configured["pp_fake_fake"] | backend}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": changed}

    def set_behaviour(behaviour: Callable[[Any, CaptureResult], Any]) -> None:
        Misbehaving.misbehave = staticmethod(behaviour)

    return set_behaviour


WRONG_ANSWERS: dict[str, Callable[[Any, CaptureResult], Any]] = {
    "another amount": lambda _, result: replace(result, money=Money(minor_units=1, currency_code="eur")),
    "another currency": lambda _, result: replace(result, money=Money(minor_units=3000, currency_code="usd")),
    "nothing": lambda _, __: None,
    "another kind of answer": lambda _, __: SessionResult(
        provider_ref="x", status=SessionStatus.CAPTURED, money=Money(minor_units=3000, currency_code="eur")
    ),
}


@pytest.mark.parametrize("answer", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS.keys())
def test_an_answer_that_does_not_fit_the_question_is_unknown(till: Till, misbehave: Any, answer: Any) -> None:
    misbehave(answer)
    payment = till.authorized()

    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk, amount=Decimal(30))

    payment.refresh_from_db()
    assert (payment.captured_amount, payment.capturing_amount) == (0, 3000)


def test_an_exception_nobody_expected_is_unknown_and_logged_without_values(
    till: Till, misbehave: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(_: Any, __: CaptureResult) -> CaptureResult:
        raise KeyError(" ".join(["4" + "242"] * 4))

    misbehave(explode)
    payment = till.authorized()
    with caplog.at_level(logging.INFO), pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk, amount=Decimal(30))

    operation = Operation.objects.get(kind="capture")
    assert f"operation {operation.pk}: provider call raised KeyError" in caplog.text
    assert "4242" not in caplog.text + operation.error_message


def test_a_request_that_was_reserved_too_slowly_is_not_sent(
    till: Till, moved: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = till.authorized()
    monkeypatch.setattr(leases, "lease_seconds", lambda _: 0)

    with pytest.raises(ProviderNotReachable):
        captures.capture(payment_id=payment.pk)

    assert moved("capture") == []
    payment.refresh_from_db()
    assert payment.capturing_amount == 0


def test_the_lease_outlives_the_providers_own_patience(till: Till, fake_provider: FakeProvider) -> None:
    assert leases.lease_seconds(fake_provider) / 2 > fake_provider.timeout_seconds


def test_what_follows_a_timeout_is_decided_by_the_databases_clock(open_capture: Operation, moved: Moved) -> None:
    Operation.objects.filter(pk=open_capture.pk).update(lease_expires_at=Now() + timedelta(minutes=1))

    with pytest.raises(PaymentsError):
        resume(open_capture)
    assert moved("capture") == []


def test_a_refund_that_the_provider_only_accepted_stays_reserved(till: Till) -> None:
    payment = till.captured(on="refund", outcome="timeout_before")
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    accepted = RefundResult(money=Money(minor_units=3000, currency_code="eur"), status=RefundStatus.ACCEPTED)

    settle(Operation.objects.get(kind="refund"), Succeeded(result=accepted))

    payment.refresh_from_db()
    assert (payment.refunded_amount, payment.refunding_amount) == (0, 3000)
    assert Operation.objects.get(kind="refund").status == "accepted"
    assert not payment.refunds.exists()


def test_a_refund_that_was_accepted_without_room_is_booked_when_there_is_some(till: Till, script: Script) -> None:
    payment = till.captured()
    script["refund"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(60))
    late = Operation.objects.get(kind="refund")
    settle(late, DECLINED)
    script.clear()
    refunds.refund(payment_id=payment.pk, amount=Decimal(70))
    sixty = Money(minor_units=6000, currency_code="eur")
    accepted = RefundResult(money=sixty, status=RefundStatus.ACCEPTED, refund_ref="re_late")
    settle(late, Succeeded(result=accepted))
    is_failing: list[bool] = []

    def without_keys(request: Any, call: Verb) -> Any:
        found = call(request)
        first = replace(found.refunds[0], state=RefundState.FAILED if is_failing else RefundState.SUCCEEDED)
        second = RefundFact(refund_ref="re_late", money=sixty, state=RefundState.SUCCEEDED)
        return replace(found, refunds=(replace(first, idempotency_key=None), second))

    script["retrieve"] = without_keys
    comparing.look_at(payment.payment_session_id)
    is_failing.append(True)
    decisions.unfreeze(payment_id=payment.pk, note="Seen.")

    payment.refresh_from_db()
    assert (payment.refunded_amount, payment.refunding_amount) == (6000, 0)
