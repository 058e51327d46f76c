"""Scenario 44: whatever gives uncaptured money back, it is counted once, and never more than was held.

Its line and its event tell the amount, the payment's counter adds them up.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import PaymentOutcomeUnknown
from medusa_payments.models import Event, Operation, Payment
from medusa_payments.providers.types import CaptureRequest
from medusa_payments.services import captures, payments, rebuild, refunds, webhooks
from medusa_payments.states import SessionStatus
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import Script, Verb, answer_lost, changed, euros, lost, run_out
from tests.till import Till

pytestmark = pytest.mark.django_db

TOLD_BY = ["payment.released", "payment.canceled", "payment.authorization_expired"]


def released(payment: Payment, *, is_frozen: bool = False) -> int:
    """The released amount of a payment, once its lines and events were found to add up to it and the limits to hold."""
    payment.refresh_from_db()
    assert (payment.frozen_at is not None) == is_frozen
    told = [event.data["amount"] for event in Event.objects.filter(name__in=TOLD_BY)]
    assert sum(told) == payment.released_amount, told
    assert all(amount > 0 for amount in told), told
    assert sorted(payment.releases.values_list("amount", flat=True)) == sorted(told)
    assert payment.captured_amount + payment.released_amount + payment.capturable_amount == payment.amount
    assert (payment.releasing_amount, payment.capturable_amount >= 0) == (0, True)
    assert list(rebuild.check()) == []
    return payment.released_amount


def deliver_twice(provider: FakeProvider) -> None:
    for _ in range(2):
        for body, headers in provider.webhooks():
            webhooks.receive(provider_id="fake_fake", body=body, headers=headers)


def seen(payment: Payment, provider: FakeProvider) -> None:
    """Everybody who may learn of it does, more than once: webhooks, a look, the worker."""
    deliver_twice(provider)
    for _ in range(2):
        comparing.look_at(payment.payment_session_id)
    assert recover() == 0


def test_44_the_rest_of_a_final_capture(till: Till, script: Script, fake_provider: FakeProvider) -> None:
    """The provider captures once and gives the rest back in the same answer."""

    def capture_and_release(request: CaptureRequest, call: Verb) -> Any:
        result = call(request)
        fake_provider.dashboard.cancel(request.provider_ref)
        return replace(result, released=euros(7000))

    payment = till.authorized()
    script["capture"] = capture_and_release
    captures.capture(payment_id=payment.pk, amount=Decimal(30))
    assert released(payment) == 7000

    seen(payment, fake_provider)

    assert released(payment) == 7000
    assert (payment.captured_amount, payment.captured_at is None) == (3000, False)
    assert differences(fake_provider) == []


def test_44_the_rest_of_a_final_capture_whose_answer_was_lost(
    till: Till, script: Script, fake_provider: FakeProvider
) -> None:
    def capture_and_release(request: CaptureRequest, call: Verb) -> Any:
        call(request)
        fake_provider.dashboard.cancel(request.provider_ref)
        return answer_lost(request, lambda _: None)

    payment = till.authorized()
    script["capture"] = capture_and_release
    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
    script.pop("capture")
    run_out(Operation.objects.get(kind="capture"))

    seen(payment, fake_provider)

    assert (released(payment), payment.captured_amount) == (7000, 3000)
    assert differences(fake_provider) == []


@pytest.mark.parametrize("captured", [0, 3000])
def test_44_an_authorization_that_runs_out(till: Till, fake_provider: FakeProvider, captured: int) -> None:
    payment = till.authorized()
    if captured:
        captures.capture(payment_id=payment.pk, amount=Decimal(captured) / 100)
    Payment.objects.update(capture_before=timezone.now() - timedelta(minutes=1))
    fake_provider.dashboard.cancel(payment.provider_ref)

    seen(payment, fake_provider)

    assert released(payment) == 10000 - captured
    assert Event.objects.filter(name="payment.authorization_expired").count() == 1
    assert (payment.captured_amount, payment.canceled_at is not None) == (captured, not captured)
    assert differences(fake_provider) == []


@pytest.mark.parametrize("part", [1000, 9999])
def test_44_a_part_released_at_the_dashboard_while_our_cancel_is_open(
    till: Till, script: Script, fake_provider: FakeProvider, part: int
) -> None:
    """It waits for our cancel, whose answer tells what was released in all."""
    payment = till.authorized()
    script["cancel"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        payments.cancel(payment_id=payment.pk)
    script["retrieve"] = changed(released=euros(part), status=SessionStatus.AUTHORIZED)

    for _ in range(2):
        assert comparing.look_at(payment.payment_session_id).waits
    payment.refresh_from_db()
    assert (payment.released_amount, payment.releasing_amount) == (0, 10000)

    script.clear()
    run_out(Operation.objects.get(kind="cancel"))
    payments.cancel(payment_id=payment.pk)
    seen(payment, fake_provider)

    assert released(payment) == 10000
    assert differences(fake_provider) == []


@pytest.mark.parametrize("answer", [lost, answer_lost], ids=["never executed", "executed"])
@pytest.mark.parametrize("captured", [0, 3000])
@pytest.mark.parametrize("who", ["the caller", "a webhook", "the worker"])
def test_44_a_cancel_whose_answer_was_lost(
    till: Till,
    script: Script,
    fake_provider: FakeProvider,
    moved: Callable[[str], list[int]],
    answer: Any,
    captured: int,
    who: str,
) -> None:
    payment = till.authorized()
    if captured:
        captures.capture(payment_id=payment.pk, amount=Decimal(captured) / 100)
    script["cancel"] = answer
    with pytest.raises(PaymentOutcomeUnknown):
        payments.cancel(payment_id=payment.pk)
    script.clear()
    run_out(Operation.objects.get(kind="cancel"))

    if who == "the caller":
        payments.cancel(payment_id=payment.pk)
    elif who == "a webhook":
        deliver_twice(fake_provider)
    seen(payment, fake_provider)
    payments.cancel(payment_id=payment.pk)
    seen(payment, fake_provider)

    assert released(payment) == 10000 - captured
    assert moved("cancel") == [10000 - captured]
    assert differences(fake_provider) == []


def test_44_a_cancel_that_finds_a_part_captured_releases_the_rest(till: Till, fake_provider: FakeProvider) -> None:
    """Somebody captured at the dashboard; nobody has told us before we cancel."""
    payment = till.authorized()
    fake_provider.dashboard.capture(payment.provider_ref, 4000)

    payments.cancel(payment_id=payment.pk)
    seen(payment, fake_provider)

    assert (released(payment), payment.captured_amount) == (6000, 4000)
    assert differences(fake_provider) == []


def test_44_more_than_was_held_is_never_released(till: Till, script: Script, fake_provider: FakeProvider) -> None:
    """The provider reports more than it can have; staff look at it, and no counter goes beyond the limits."""
    payment = till.authorized()
    captures.capture(payment_id=payment.pk, amount=Decimal(60))
    script["retrieve"] = changed(released=euros(5000))

    for _ in range(2):
        comparing.look_at(payment.payment_session_id)

    assert released(payment, is_frozen=True) == 0
    assert Event.objects.filter(name="payment.frozen").count() == 1


def test_44_a_release_is_no_refund(till: Till, fake_provider: FakeProvider) -> None:
    payment = till.authorized()
    captures.capture(payment_id=payment.pk, amount=Decimal(30))
    payments.cancel(payment_id=payment.pk)

    refunded = refunds.refund(payment_id=payment.pk)

    assert (refunded.refunded_amount, released(payment)) == (3000, 7000)
    assert differences(fake_provider) == []
