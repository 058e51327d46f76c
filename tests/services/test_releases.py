"""Every release has its line, which explains what `released_amount` counts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from medusa_payments.core.reconciliation.run import reconcile, scopes
from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import PaymentOutcomeUnknown
from medusa_payments.models import Event, Operation, Payment, PaymentCollection, Release
from medusa_payments.providers.types import CancelResult
from medusa_payments.services import captures, payments, rebuild, worker
from medusa_payments.states import SessionStatus
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import Script, Verb, answer_lost, captured_for_good, changed, euros, run_out
from tests.till import Till

pytestmark = pytest.mark.django_db

THIRTY = Decimal(30)


def drift() -> list[Any]:
    (scope,) = [scope for scope in scopes()[0] if scope.provider_id == "pp_fake_fake"]
    return list(reconcile(scope))


def lines(payment: Payment) -> list[tuple[int, str | None, str | None, str]]:
    """The lines of a payment (amount, verb, reference after the object's, who), once they explain its counter."""
    payment.refresh_from_db()
    found = list(Release.objects.filter(payment=payment).select_related("operation").order_by("created_at", "id"))
    assert sum(line.amount for line in found) == payment.released_amount
    return [
        (
            line.amount,
            line.operation and line.operation.kind,
            line.provider_ref and line.provider_ref.removeprefix(f"{payment.provider_ref}:"),
            line.created_by,
        )
        for line in found
    ]


class TestTheLineOf:
    def test_a_cancel(self, till: Till) -> None:
        payment = till.authorized()

        payments.cancel(payment_id=payment.pk, created_by="7")

        assert lines(payment) == [(10000, "cancel", None, "7")]

    def test_a_cancel_that_releases_what_a_capture_left(self, till: Till) -> None:
        payment = till.authorized()
        captures.capture(payment_id=payment.pk, amount=THIRTY)

        payments.cancel(payment_id=payment.pk)

        assert lines(payment) == [(7000, "cancel", None, "")]

    def test_the_rest_of_a_last_capture(self, till: Till, script: Script) -> None:
        payment = till.authorized()
        script["capture"] = changed(released=euros(7000))

        captures.capture(payment_id=payment.pk, amount=THIRTY, created_by="7")

        assert lines(payment) == [(7000, "capture", None, "7")]

    def test_a_release_at_the_dashboard(self, till: Till, fake_provider: FakeProvider) -> None:
        payment = till.authorized()
        fake_provider.dashboard.cancel(payment.provider_ref)

        for _ in range(2):
            comparing.look_at(payment.payment_session_id)

        assert lines(payment) == [(10000, None, "released:10000", "provider")]

    def test_two_releases_at_the_dashboard(self, till: Till, script: Script) -> None:
        payment = till.authorized()
        for total in (4000, 10000):
            script["retrieve"] = changed(released=euros(total))
            comparing.look_at(payment.payment_session_id)

        assert lines(payment) == [
            (4000, None, "released:4000", "provider"),
            (6000, None, "released:10000", "provider"),
        ]

    def test_an_authorization_that_ran_out(self, till: Till, fake_provider: FakeProvider) -> None:
        payment = till.authorized()
        Payment.objects.update(capture_before=timezone.now() - timedelta(minutes=1))
        fake_provider.dashboard.cancel(payment.provider_ref)

        comparing.look_at(payment.payment_session_id)

        assert lines(payment) == [(10000, None, "released:10000", "provider")]
        assert Event.objects.filter(name="payment.authorization_expired").count() == 1

    def test_a_cancel_whose_answer_was_lost(self, till: Till, script: Script) -> None:
        payment = till.authorized()
        script["cancel"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            payments.cancel(payment_id=payment.pk)
        script.clear()
        run_out(Operation.objects.get(kind="cancel"))

        recover()

        assert lines(payment) == [(10000, "cancel", None, "")]

    def test_a_session_that_was_paid_while_it_was_replaced(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        """Its object is canceled by an operation of the session; the payment came to be meanwhile."""
        session = till.session()

        def cancel(request: Any, call: Verb) -> Any:
            fake_provider.dashboard.authorize(request.provider_ref)
            comparing.look_at(session.pk)
            return call(request)

        script["cancel"] = cancel
        till.session("pp_system_default")

        assert lines(Payment.objects.get()) == [(10000, "cancel", None, "")]

    def test_nothing(self, till: Till, script: Script) -> None:
        """A cancel that found everything captured elsewhere has released nothing."""
        payment = till.authorized()
        script["cancel"] = lambda _, __: CancelResult(released=euros(0))

        payments.cancel(payment_id=payment.pk)

        assert lines(payment) == []


def test_a_release_beyond_the_limits_has_no_line(till: Till, script: Script) -> None:
    payment = till.authorized()
    captures.capture(payment_id=payment.pk, amount=Decimal(60))
    script["retrieve"] = changed(released=euros(5000))

    comparing.look_at(payment.payment_session_id)

    assert lines(payment) == []
    assert payment.frozen_at is not None


class TestOfWhichOnlyASnapshotTells:
    """A provider that captures once lets the rest go; the contract asks it to tell, in its answer or when asked."""

    @pytest.fixture
    def captured(self, till: Till, script: Script, configure: Callable[..., None], fake_provider: Any) -> Payment:
        configure("pp_fake_fake", "CapturesOnce")
        payment = till.authorized()
        script["capture"] = captured_for_good(fake_provider)
        captures.capture(payment_id=payment.pk, amount=THIRTY)
        return payment

    def test_the_worker_books_it_and_reconciliation_finds_no_drift(
        self, captured: Payment, fake_provider: FakeProvider
    ) -> None:
        worker.run_once()

        assert lines(captured) == [(7000, None, "released:7000", "provider")]
        assert (captured.capturable_amount, captured.captured_at is None) == (0, False)
        assert drift() == []
        assert list(rebuild.check()) == []
        assert differences(fake_provider) == []

    def test_the_provider_is_not_asked_again_once_it_is_booked(self, captured: Payment, script: Script) -> None:
        worker.run_once()
        asked = count_questions(script)

        look_again()

        assert asked == []


def test_a_provider_that_captures_again_is_not_asked_after_each_capture(till: Till, script: Script) -> None:
    payment = till.authorized()
    asked = count_questions(script)
    captures.capture(payment_id=payment.pk, amount=THIRTY)

    look_again()

    assert asked == []


def count_questions(script: Script) -> list[Any]:
    asked: list[Any] = []

    def retrieve(request: Any, call: Verb) -> Any:
        asked.append(request)
        return call(request)

    script["retrieve"] = retrieve
    return asked


def look_again() -> None:
    """Have the worker look after every collection, as if its time had come."""
    PaymentCollection.objects.update(attention_at=timezone.now() - timedelta(seconds=1))
    worker.run_once()


def test_the_rest_of_a_part_that_was_captured_with_the_authorization(
    till: Till, script: Script, configure: Callable[..., None], fake_provider: FakeProvider
) -> None:
    configure("pp_fake_fake", "CapturesOnce")

    def authorize(request: Any, call: Verb) -> Any:
        result = call(request)
        fake_provider.dashboard.capture(request.provider_ref, 3000)
        fake_provider.dashboard.cancel(request.provider_ref)
        return replace(result, status=SessionStatus.CAPTURED, captured=euros(3000))

    script["authorize"] = authorize
    payment = till.authorized()

    worker.run_once()

    assert lines(payment) == [(7000, None, "released:7000", "provider")]
    assert drift() == []
