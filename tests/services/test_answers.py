"""Answers that can't be true, come late or in parts, and what a provider can't do."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from medusa_payments.core.base import workers
from medusa_payments.core.books import book as books
from medusa_payments.core.books.evidence import NotExecuted, Outcome, Refused, Succeeded
from medusa_payments.core.saga import operations
from medusa_payments.exceptions import (
    Conflict,
    InvalidData,
    PaymentAuthorizationError,
    PaymentOutcomeUnknown,
    PaymentsError,
    ProviderNotReachable,
)
from medusa_payments.models import Debt, Event, Operation, Payment, PaymentSession, RefundReason
from medusa_payments.money import Money
from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.providers.types import CancelResult, CaptureResult, RefundResult, RefundStatus, SessionResult
from medusa_payments.services import captures, payment_collections, payment_sessions, payments, rebuild, refunds
from medusa_payments.states import RefusalKind, SessionStatus
from tests.scripted import (
    Moved,
    Script,
    Scripted,
    Verb,
    answer_lost,
    authorize,
    changed,
    euros,
    lost,
    run_out,
    settle,
    unavailable,
)
from tests.till import Till


def resume(operation: Operation) -> None:
    """Take an operation over, as whoever read it in this state."""
    with books.opened(operation.payment_collection_id) as book:
        known = book.operation(operation.pk)
        assert known is not None
        known.fence = operation.fence
        operations.resume(book, known)


class TestSettlement:
    @pytest.fixture
    def unknown_capture(self, till: Till, script: Script) -> Operation:
        payment = till.authorized()
        script["capture"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        script.clear()
        return Operation.objects.get(kind="capture")

    def test_who_holds_an_old_copy_of_an_operation_takes_nothing_over(self, unknown_capture: Operation) -> None:
        stale = Operation.objects.get(pk=unknown_capture.pk)
        resume(unknown_capture)
        run_out(unknown_capture)

        with pytest.raises(Conflict):
            resume(stale)
        assert Operation.objects.get(pk=stale.pk).fence == 1

    @pytest.mark.parametrize("refusal", list(RefusalKind))
    def test_a_refusal_from_who_lost_the_lease_closes_nothing(
        self, unknown_capture: Operation, refusal: RefusalKind
    ) -> None:
        stale = Operation.objects.get(pk=unknown_capture.pk)
        resume(unknown_capture)

        settle(stale, Refused(refusal=refusal, message="No."))

        unknown_capture.refresh_from_db()
        assert unknown_capture.status == "open"
        assert Payment.objects.get().capturing_amount == 3000

    def test_a_late_cancel_is_booked_on_a_closed_operation(self, till: Till, script: Script) -> None:
        payment = till.authorized()
        script["cancel"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            payments.cancel(payment_id=payment.pk)
        operation = Operation.objects.get(kind="cancel")
        settle(operation, Refused(refusal=RefusalKind.DECLINED, message="No."))

        settle(operation, Succeeded(result=CancelResult()))

        payment.refresh_from_db()
        assert (payment.released_amount, payment.releasing_amount) == (10000, 0)
        assert payment.canceled_at is not None

    def test_a_late_authorization_beside_a_second_one_is_no_second_payment(self, till: Till, script: Script) -> None:
        session = till.session()
        script["authorize"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            authorize(session)
        script.clear()
        operation = Operation.objects.get(kind="authorize")
        settle(operation, NotExecuted(message="Not sent."))
        payment = authorize(session).payment
        money = Money(minor_units=10000, currency_code="eur")
        ref = payment.provider_ref

        settle(
            operation,
            Succeeded(result=SessionResult(provider_ref=ref, status=SessionStatus.AUTHORIZED, money=money)),
        )

        assert Payment.objects.get().pk == payment.pk
        operation.refresh_from_db()
        assert operation.status == "succeeded"

    def test_a_success_that_fits_no_more_freezes_the_payment(self, till: Till, script: Script) -> None:
        """Somebody closed the operation while it was sent, and what it had reserved went elsewhere."""
        payment = till.authorized()

        def late(request: Any, call: Verb) -> Any:
            settle(Operation.objects.get(kind="capture"), Refused(refusal=RefusalKind.DECLINED, message="No."))
            script["cancel"] = lost
            with pytest.raises(PaymentOutcomeUnknown):
                payments.cancel(payment_id=payment.pk)
            script.clear()
            return call(request)

        script["capture"] = late
        captures.capture(payment_id=payment.pk)

        payment.refresh_from_db()
        assert (payment.captured_amount, payment.capturing_amount) == (0, 0)
        frozen = Event.objects.get(name="payment.frozen")
        assert frozen.data["theirs"]["captured"] == 10000
        assert frozen.data["ours"]["captured"] == 0
        with pytest.raises(Conflict, match="frozen"):
            captures.capture(payment_id=payment.pk)

    def test_what_follows_from_an_operation_is_owed_to_nobody(self, till: Till) -> None:
        till.session()
        till.session("pp_system_default")

        assert Operation.objects.get(kind="cancel").status == "succeeded"
        assert not Debt.objects.exists()


class TestAcceptedRefunds:
    @pytest.fixture
    def accepted(self, till: Till, script: Script) -> Operation:
        def accept(request: Any, call: Verb) -> Any:
            return replace(call(request), status=RefundStatus.ACCEPTED)

        payment = till.captured()
        script["refund"] = accept
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        return Operation.objects.get(kind="refund")

    def result(self, status: RefundStatus) -> Succeeded:
        return Succeeded(result=RefundResult(money=Money(minor_units=3000, currency_code="eur"), status=status))

    def counters(self) -> tuple[int, int]:
        payment = Payment.objects.get()
        return payment.refunded_amount, payment.refunding_amount

    def test_accepted_refunds_are_booked_when_they_succeed(self, accepted: Operation) -> None:
        assert self.counters() == (0, 3000)

        for _ in range(2):
            settle(accepted, self.result(RefundStatus.SUCCEEDED))

        assert self.counters() == (3000, 0)
        assert Operation.objects.get(kind="refund").status == "succeeded"

    def test_a_refund_that_is_accepted_twice_is_reserved_once(self, accepted: Operation) -> None:
        settle(accepted, self.result(RefundStatus.ACCEPTED))

        assert self.counters() == (0, 3000)

    @pytest.mark.parametrize(
        "first", [Refused(refusal=RefusalKind.DECLINED, message="No."), NotExecuted(message="Not sent.")]
    )
    def test_after_all_are_reserved_again(self, till: Till, script: Script, first: Outcome) -> None:
        payment = till.captured()
        script["refund"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        operation = Operation.objects.get(kind="refund")
        settle(operation, first)
        assert self.counters() == (0, 0)

        settle(operation, self.result(RefundStatus.ACCEPTED))
        assert self.counters() == (0, 3000)

        settle(operation, self.result(RefundStatus.SUCCEEDED))
        assert self.counters() == (3000, 0)

    @pytest.mark.parametrize(
        ("last", "status"),
        [
            (RefundStatus.SUCCEEDED, "succeeded"),
            (Refused(refusal=RefusalKind.DECLINED, message="No."), "not_executed"),
        ],
        ids=["succeeded", "failed"],
    )
    def test_after_all_are_not_reserved_beyond_the_limits(
        self, till: Till, script: Script, last: RefundStatus | Refused, status: str
    ) -> None:
        payment = till.captured()
        script["refund"] = unavailable
        with pytest.raises(ProviderNotReachable):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        script.clear()
        operation = Operation.objects.get(kind="refund")
        refunds.refund(payment_id=payment.pk, amount=Decimal(90))

        settle(operation, self.result(RefundStatus.ACCEPTED))
        operation.refresh_from_db()
        assert (self.counters(), operation.status) == ((9000, 0), "not_executed")
        assert list(rebuild.check()) == []

        settle(operation, self.result(last) if isinstance(last, RefundStatus) else last)
        operation.refresh_from_db()
        assert (self.counters(), operation.status) == ((9000, 0), status)
        assert Payment.objects.get().frozen_at is not None


MISFITS = {
    "captured more than authorized": changed(status=SessionStatus.CAPTURED, captured=euros(10001)),
    "captured in another currency": changed(
        status=SessionStatus.CAPTURED, captured=Money(minor_units=1, currency_code="usd")
    ),
    "a negative amount": changed(money=euros(-1)),
    "more than the largest amount": changed(money=euros(10**18 + 1)),
    "a reference that is too long": changed(provider_ref="x" * 256),
    "no reference": changed(provider_ref=None),
    "a status of its own": changed(status="authorized!"),
}


@pytest.mark.parametrize("misfit", MISFITS.values(), ids=MISFITS.keys())
def test_an_answer_that_can_not_be_true_is_unknown(till: Till, script: Script, misfit: Any) -> None:
    session = till.session()
    script["authorize"] = misfit

    with pytest.raises(PaymentOutcomeUnknown):
        authorize(session)

    assert Operation.objects.get(kind="authorize").status == "open"
    assert not Payment.objects.exists()
    script.clear()
    assert authorize(session).payment.amount == 10000


@pytest.mark.parametrize("answer", [{"money": None}, {"money": euros(2999)}], ids=str)
def test_a_capture_that_makes_no_sense_is_unknown(till: Till, script: Script, answer: dict[str, Any]) -> None:
    script["capture"] = changed(**answer)
    payment = till.authorized()

    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk, amount=Decimal(30))

    payment.refresh_from_db()
    assert (payment.captured_amount, payment.capturing_amount) == (0, 3000)


def test_a_reference_that_another_capture_has_is_unknown(till: Till, script: Script) -> None:
    script["capture"] = changed(capture_ref="the_same")
    payment = till.authorized()
    captures.capture(payment_id=payment.pk, amount=Decimal(30))

    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk, amount=Decimal(20))

    payment.refresh_from_db()
    assert (payment.captured_amount, payment.capturing_amount) == (3000, 2000)


def test_an_object_that_another_session_has_is_unknown(till: Till, script: Script) -> None:
    session = till.session()
    script["initiate"] = changed(provider_ref=session.provider_ref)
    till.set_total("50", cart_id="cart_2")
    other = payment_collections.create_for_cart(cart_id="cart_2")

    with pytest.raises(PaymentOutcomeUnknown):
        payment_sessions.initialize(payment_collection_id=other.pk, provider_id="pp_fake_fake")
    assert not PaymentSession.objects.filter(payment_collection=other, slot=0).exists()


@pytest.mark.parametrize("error", [ProviderDeclined, ProviderRejected, ProviderUnavailable, ProviderOutcomeUnknown])
def test_what_a_provider_says_is_kept_whatever_it_says(
    till: Till, script: Script, error: Callable[..., Exception]
) -> None:
    def say(_: Any, __: Verb) -> Any:
        raise error("nul \0 in it", code="c\0" * 300)

    payment = till.authorized()
    script["capture"] = say

    with pytest.raises(PaymentsError):
        captures.capture(payment_id=payment.pk)

    operation = Operation.objects.get(kind="capture")
    assert operation.error_message == "nul  in it"
    assert operation.error_code in {"", "c" * 255}


class TestLocalProviders:
    @pytest.fixture
    def purse(self, configure: Any) -> str:
        configure("pp_purse", "Purse")
        return "pp_purse"

    def test_what_a_refusal_wrote_is_undone(self, till: Till, purse: str) -> None:
        session = till.session(purse)

        with pytest.raises(PaymentAuthorizationError):
            authorize(session)

        assert not RefundReason.objects.exists()
        assert Operation.objects.get(kind="authorize").status == "refused"

    def test_an_error_of_the_database_in_it_is_an_unknown_outcome(self, till: Till, purse: str) -> None:
        payment = till.authorized("pp_system_default")
        for model in (Payment, PaymentSession):
            model.objects.update(provider_id=purse)

        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk)

        assert not RefundReason.objects.exists()
        assert Payment.objects.get().capturing_amount == 10000


class TestWhatAProviderCanNotDo:
    def test_parts_are_refused_where_the_provider_moves_whole_amounts_only(
        self, till: Till, script: Script, configure: Any, moved: Moved
    ) -> None:
        configure("pp_fake_fake", "Rigid")
        payment = till.authorized()

        with pytest.raises(InvalidData, match="only capture the whole amount"):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        captures.capture(payment_id=payment.pk)
        with pytest.raises(InvalidData, match="only refund the whole amount"):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        refunds.refund(payment_id=payment.pk)

        assert (moved("capture"), moved("refund")) == ([10000], [10000])

    @pytest.mark.parametrize("first", [lost, answer_lost, lambda request, call: call(request)])
    def test_a_second_capture_is_refused_where_the_provider_takes_one(
        self, till: Till, script: Script, configure: Any, moved: Moved, first: Any
    ) -> None:
        configure("pp_fake_fake", "OneShot")
        payment = till.authorized()
        script["capture"] = first
        with suppress(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=Decimal(30), idempotency_key="k1")
        before = moved("capture")
        script.clear()

        with pytest.raises(InvalidData, match="only once"):
            captures.capture(payment_id=payment.pk, amount=Decimal(20), idempotency_key="k2")
        assert moved("capture") == before

    def test_amounts_between_the_providers_steps_are_refused(self, till: Till, script: Script, moved: Moved) -> None:
        Scripted.step = 10
        collection = till.collection("99.99")
        request = {"payment_collection_id": collection.pk}
        session = payment_sessions.initialize(**request, provider_id="pp_fake_fake")
        payment = authorize(session).payment

        for verb in (captures.capture, refunds.refund):
            with pytest.raises(InvalidData, match=r"multiples of 0\.1 EUR only"):
                verb(payment_id=payment.pk, amount=Decimal("0.05"))
            verb(payment_id=payment.pk)

        assert (moved("capture"), moved("refund")) == ([10000], [10000])
        collection.refresh_from_db()
        assert (collection.amount, collection.status) == (9999, "completed")


def test_a_part_captured_at_once_leaves_the_rest_to_be_captured(till: Till, script: Script) -> None:
    script["authorize"] = changed(status=SessionStatus.CAPTURED, captured=euros(6000))

    payment = authorize(till.session()).payment

    assert (payment.captured_amount, payment.capturable_amount, payment.captured_at) == (6000, 4000, None)


def test_a_process_of_another_user_is_never_taken_for_dead() -> None:
    """Where /proc hides the processes of others, one that runs looks like one that doesn't."""
    place, _, _ = workers.identity().rpartition(" ")
    elsewhere = f"{place.rpartition(' ')[0]} {os.geteuid() + 1}"

    assert workers.is_gone(f"{place} 999999999@1")
    assert not workers.is_gone(f"{elsewhere} 999999999@1")


def test_a_step_that_leads_beyond_the_largest_amount(till: Till, script: Script) -> None:
    Scripted.step = 3
    collection = till.collection("10000000000000000")

    with pytest.raises(InvalidData):
        payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_fake_fake")


def test_the_memory_of_a_provider_counts_from_when_a_request_is_first_sent(
    till: Till, script: Script, moved: Moved, age: Any
) -> None:
    request = {"payment_id": till.authorized().pk, "amount": Decimal(30), "idempotency_key": "k1"}

    script["capture"] = unavailable
    with pytest.raises(ProviderNotReachable):
        captures.capture(**request)
    age(Operation.objects.get(kind="capture"), hours=48)
    script["capture"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(**request)
    script.clear()

    assert captures.capture(**request).captured_amount == 3000
    assert moved("capture") == [3000]


class TestAnOperationThatWasNotExecuted:
    """It is reserved anew under its old key, with all that belongs to a reservation."""

    @pytest.fixture
    def request_again(self, till: Till, script: Script) -> Callable[[], Payment]:
        request = {"payment_id": till.authorized().pk, "amount": Decimal(30), "idempotency_key": "k1"}

        script["capture"] = unavailable
        with pytest.raises(ProviderNotReachable):
            captures.capture(**request)
        script.clear()
        run_out(Operation.objects.get(kind="capture"))
        return lambda: captures.capture(**request)

    def test_a_reopened_operation_is_leased(
        self, script: Script, request_again: Callable[[], Payment], moved: Moved
    ) -> None:
        def impatient(request: Any, call: Verb) -> Any:
            with pytest.raises(Conflict, match="in progress"):
                request_again()
            return call(request)

        script["capture"] = impatient

        assert request_again().captured_amount == 3000
        assert moved("capture") == [3000]

    @pytest.mark.parametrize(("verb", "in_flight"), [("capture", "capturing_amount"), ("refund", "refunding_amount")])
    def test_stands_for_the_amount_it_stood_for(self, till: Till, script: Script, verb: str, in_flight: str) -> None:
        move: Any = {"capture": captures.capture, "refund": refunds.refund}[verb]
        payment = till.authorized() if verb == "capture" else till.captured()
        script[verb] = unavailable
        with pytest.raises(ProviderNotReachable):
            move(payment_id=payment.pk, idempotency_key="k2")
        script.clear()
        move(payment_id=payment.pk, amount=Decimal(30))

        with pytest.raises(InvalidData):
            move(payment_id=payment.pk, idempotency_key="k2")
        payment.refresh_from_db()
        assert getattr(payment, in_flight) == 0

    def test_answers_its_key_when_it_is_found_out(
        self, script: Script, request_again: Callable[[], Payment], moved: Moved
    ) -> None:
        script["capture"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            request_again()
        operation = Operation.objects.get(kind="capture")
        captured = CaptureResult(money=Money(minor_units=3000, currency_code="eur"))
        settle(operation, Succeeded(result=captured))

        assert request_again().captured_amount == 3000
        assert moved("capture") == [3000]
