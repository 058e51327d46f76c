"""A provider's answer gets lost; the caller repeats the request, without any key. The money moves once."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import NotAllowed, PaymentOutcomeUnknown
from medusa_payments.models import Debt, Operation, Payment, PaymentSession, Refund
from medusa_payments.providers.facts import RefundState
from medusa_payments.services import captures, payment_sessions, refunds
from medusa_payments.testing.fake_provider import FakeProvider
from tests.scripted import Script, answer_lost
from tests.till import Till

Moved = Callable[[str], list[int]]


@pytest.mark.parametrize("outcome", ["timeout_before", "timeout_after"])
@pytest.mark.parametrize("amount", [None, Decimal(30)])
def test_capture_is_repeated(till: Till, moved: Moved, outcome: str, amount: Decimal | None) -> None:
    payment = till.authorized(on="capture", outcome=outcome)
    expected = 10000 if amount is None else 3000

    with pytest.raises(PaymentOutcomeUnknown) as lost:
        captures.capture(payment_id=payment.pk, amount=amount)
    in_doubt = Payment.objects.get(pk=payment.pk)
    repeated = captures.capture(payment_id=payment.pk, amount=amount)

    assert (in_doubt.captured_amount, in_doubt.capturing_amount) == (0, expected)
    assert (repeated.captured_amount, repeated.capturing_amount) == (expected, 0)
    assert moved("capture") == [expected]
    operation = Operation.objects.get(kind="capture")
    assert (operation.pk, operation.status, operation.fence) == (lost.value.details["operation_id"], "succeeded", 1)


@pytest.mark.parametrize("outcome", ["timeout_before", "timeout_after"])
def test_refund_is_repeated(till: Till, moved: Moved, outcome: str) -> None:
    payment = till.captured(on="refund", outcome=outcome)

    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    repeated = refunds.refund(payment_id=payment.pk, amount=Decimal(30))

    assert (repeated.refunded_amount, repeated.refunding_amount) == (3000, 0)
    assert moved("refund") == [3000]
    assert repeated.refunds.count() == 1


def test_all_that_remains_is_the_same_request_as_the_amount_it_stood_for(till: Till, moved: Moved) -> None:
    payment = till.authorized(on="capture", outcome="timeout_after")

    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk)
    captures.capture(payment_id=payment.pk, amount=Decimal(100))

    assert moved("capture") == [10000]


def test_another_amount_waits_until_the_unknown_one_is_resolved(till: Till, moved: Moved) -> None:
    payment = till.captured(on="refund", outcome="timeout_after")
    with pytest.raises(PaymentOutcomeUnknown) as first:
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))

    with pytest.raises(PaymentOutcomeUnknown) as other:
        refunds.refund(payment_id=payment.pk, amount=Decimal(20))

    assert other.value.details == first.value.details
    assert moved("refund") == [3000]
    assert Operation.objects.filter(kind="refund").count() == 1


def test_once_answered_a_repeat_is_a_second_intent(till: Till, moved: Moved) -> None:
    payment = till.captured()

    refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    refunds.refund(payment_id=payment.pk, amount=Decimal(30))

    assert moved("refund") == [3000, 3000]


def test_an_outcome_that_nobody_was_told_is_told_to_who_asks_again(till: Till, moved: Moved) -> None:
    payment = till.captured()
    refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    Debt.objects.filter(operation__kind="refund").update(paid_at=None)

    repeated = refunds.refund(payment_id=payment.pk, amount=Decimal(30))

    assert repeated.refunded_amount == 3000
    assert moved("refund") == [3000]
    assert Debt.objects.get(operation__kind="refund").paid_at is not None


def test_a_refund_that_failed_since_is_no_answer(
    till: Till, script: Script, fake_provider: FakeProvider, moved: Moved
) -> None:
    payment = till.captured()
    script["refund"] = answer_lost
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    script.clear()
    comparing.look_at(payment.payment_session_id)
    fake_provider.dashboard.settle_refund(str(Refund.objects.get().provider_ref), RefundState.FAILED)
    comparing.look_at(payment.payment_session_id)

    assert refunds.refund(payment_id=payment.pk, amount=Decimal(30)).refunded_amount == 3000
    assert moved("refund") == [3000, 3000]


@pytest.mark.parametrize(("hours", "times"), [(23.9, 1), (24.1, 2)])
def test_a_day_later_the_same_request_is_a_second_intent(till: Till, moved: Moved, hours: float, times: int) -> None:
    payment = till.captured()
    refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    Debt.objects.filter(operation__kind="refund").update(paid_at=None)
    Operation.objects.filter(kind="refund").update(settled_at=F("settled_at") - timedelta(hours=hours))

    refunds.refund(payment_id=payment.pk, amount=Decimal(30))

    assert moved("refund") == [3000] * times


@pytest.mark.parametrize("outcome", ["timeout_before", "timeout_after"])
def test_authorize_is_repeated(till: Till, moved: Moved, outcome: str) -> None:
    session = till.session(on="authorize", outcome=outcome)
    request = {"payment_collection_id": session.payment_collection_id, "payment_session_id": session.pk}

    with pytest.raises(PaymentOutcomeUnknown):
        payment_sessions.authorize(**request)
    authorized = payment_sessions.authorize(**request)

    assert authorized.status == "authorized"
    assert authorized.payment.amount == 10000
    assert moved("authorize") == [10000]


@pytest.mark.parametrize("outcome", ["timeout_before", "timeout_after"])
def test_initialize_is_repeated(till: Till, moved: Moved, outcome: str) -> None:
    with pytest.raises(PaymentOutcomeUnknown):
        till.session(on="initiate", outcome=outcome)

    session = till.session(on="initiate", outcome=outcome)

    assert session.slot == 0
    assert PaymentSession.objects.count() == 1
    assert moved("initiate") == [10000]
    assert moved("update") == []


def test_initialize_is_repeated_for_a_cart_that_has_changed(till: Till, moved: Moved) -> None:
    collection = till.collection("120")
    request = {"payment_collection_id": collection.pk, "provider_id": "pp_fake_fake"}
    with pytest.raises(PaymentOutcomeUnknown):
        payment_sessions.initialize(**request, data={"on": "initiate", "outcome": "timeout_after"})
    till.set_total("80")

    session = payment_sessions.initialize(**request, data={})

    assert session.amount == 8000
    assert session.client_data == {}
    assert (moved("initiate"), moved("update")) == ([12000], [8000])
    collection.refresh_from_db()
    assert collection.amount == 8000


def test_an_unknown_initiate_does_not_keep_the_customer_from_another_provider(till: Till, moved: Moved) -> None:
    with pytest.raises(PaymentOutcomeUnknown):
        till.session(on="initiate", outcome="timeout_after")

    session = till.session("pp_system_default")

    assert (session.provider_id, session.slot) == ("pp_system_default", 0)
    abandoned = Operation.objects.get(provider_id="pp_fake_fake")
    assert (abandoned.status, abandoned.open_slot) == ("open", None)


def test_an_unknown_authorize_keeps_the_session_from_being_replaced(till: Till) -> None:
    session = till.session(outcome="timeout_after")
    request = {"payment_collection_id": session.payment_collection_id}
    with pytest.raises(PaymentOutcomeUnknown):
        payment_sessions.authorize(**request, payment_session_id=session.pk)

    with pytest.raises(NotAllowed):
        payment_sessions.initialize(**request, provider_id="pp_system_default")

    assert payment_sessions.authorize(**request, payment_session_id=session.pk).status == "authorized"


def test_an_unknown_update_is_finished_before_authorizing(till: Till, moved: Moved) -> None:
    session = till.session()
    with pytest.raises(PaymentOutcomeUnknown):
        till.session(on="update", outcome="timeout_before")

    authorized = payment_sessions.authorize(
        payment_collection_id=session.payment_collection_id, payment_session_id=session.pk
    )

    assert authorized.status == "authorized"
    assert (moved("update"), moved("authorize")) == ([10000], [10000])


@pytest.mark.parametrize("hours", [23.1, 24])
def test_past_the_providers_memory_nothing_is_sent_again(till: Till, moved: Moved, age: Any, hours: float) -> None:
    payment = till.captured(on="refund", outcome="timeout_before")
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    age(Operation.objects.get(kind="refund"), hours=hours)

    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))

    assert moved("refund") == []


def test_a_rejection_of_a_repeat_is_no_answer_about_the_first(till: Till, fake_provider: Any) -> None:
    """The key may have been rotated, or the request be read differently: the first may still have moved money."""
    payment = till.captured(on="refund", outcome="timeout_before")
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    operation = Operation.objects.get(kind="refund")
    operation.request["provider_ref"] = "unknown"
    operation.save()

    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))

    payment.refresh_from_db()
    assert (payment.refunded_amount, payment.refunding_amount) == (0, 3000)
