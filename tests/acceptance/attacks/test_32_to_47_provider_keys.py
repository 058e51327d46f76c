"""Scenarios 34, 40, 44 and 46: what a provider answers under a key, and what it really did."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import InvalidData, PaymentOutcomeUnknown, PaymentsError
from medusa_payments.models import Event, Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.providers.errors import ProviderOutcomeUnknown
from medusa_payments.providers.facts import RefundFact, RefundState
from medusa_payments.services import captures, decisions, payment_sessions, payments, refunds, worker
from medusa_payments.services.decisions import Verdict
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import SECOND, Moved, Script, answer_lost, authorize, changed, euros, lost, run_out
from tests.till import Till

pytestmark = pytest.mark.django_db

on_both = pytest.mark.parametrize("fake_provider", [False, True], indirect=True, ids=["fake", "stripe"])
each_error = pytest.mark.parametrize("outcome", ["error_before", "error_after"], ids=["not executed", "executed"])
keyed_or_not = pytest.mark.parametrize("key", [None, "staff-1"], ids=["without a key", "with a key"])

Move = Callable[..., Any]


def move_of(verb: str, payment: Payment, **more: Any) -> Callable[[], Any]:
    """Return a request of 30 EUR, or of the release of all."""
    if verb == "cancel":
        return lambda: payments.cancel(payment_id=payment.pk, **more)
    service: Move = {"capture": captures.capture, "refund": refunds.refund}[verb]
    return lambda: service(payment_id=payment.pk, amount=Decimal(30), **more)


def paid(till: Till, verb: str, outcome: str) -> Payment:
    make = till.captured if verb == "refund" else till.authorized
    return make(on=verb, outcome=outcome)


def unknown(call: Callable[[], Any]) -> PaymentOutcomeUnknown:
    with pytest.raises(PaymentOutcomeUnknown) as raised:
        call()
    return raised.value


def heal(provider: Any, payment: Payment | PaymentSession) -> None:
    """Have the fake provider answer new operations without errors, as Stripe's twin does by itself."""
    if isinstance(provider, FakeProvider):
        with provider._ledger.transaction() as books:
            row = books.payment(payment.provider_ref or "")
            assert row is not None
            row.steering = "{}"
            books.save(row)


def the(kind: str) -> Operation:
    return Operation.objects.filter(kind=kind).order_by("id")[0]


@on_both
@each_error
@keyed_or_not
@pytest.mark.parametrize("verb", ["capture", "refund", "cancel"])
def test_34_a_money_verb_that_met_the_providers_own_error_ends_with_one_movement(
    till: Till, moved: Moved, fake_provider: FakeProvider, verb: str, outcome: str, key: str | None
) -> None:
    payment = paid(till, verb, outcome)
    request = move_of(verb, payment, idempotency_key=key)
    unknown(request)
    assert the(verb).is_key_spent

    if outcome == "error_before":
        end = the(verb).in_flight_until
        for _ in range(3):
            told = unknown(request)
            assert told.retry_after is not None
            assert told.retry_after > 5
        assert the(verb).in_flight_until == end
        assert moved(verb) == []
        run_out(the(verb))
        heal(fake_provider, payment)
    request()

    amount = 10000 if verb == "cancel" else 3000
    assert moved(verb) == [amount]
    request() if key else None
    assert moved(verb) == [amount]
    recover()
    assert differences(fake_provider) == []
    if key:
        assert the(verb).key_number == (2 if outcome == "error_before" else 1)


@on_both
@each_error
@pytest.mark.parametrize("verb", ["capture", "refund", "cancel"])
def test_34_what_was_enqueued_is_told_at_once_and_carried_out_within_minutes(
    till: Till, moved: Moved, fake_provider: FakeProvider, verb: str, outcome: str
) -> None:
    payment = paid(till, verb, outcome)
    enqueue: Move = {
        "capture": captures.enqueue_capture,
        "refund": refunds.enqueue_refund,
        "cancel": payments.enqueue_cancel,
    }[verb]
    enqueue(payment_id=payment.pk)
    worker.run_once()
    assert Event.objects.filter(name="operation.unknown", operation=the(verb)).exists()

    assert recover() == 0

    assert moved(verb) == [10000]
    assert (the(verb).status, the(verb).key_number) == ("succeeded", 2 if outcome == "error_before" else 1)
    assert differences(fake_provider) == []


@on_both
def test_34_the_worker_looks_again_as_soon_as_everything_has_arrived(till: Till, fake_provider: FakeProvider) -> None:
    payment = till.captured(on="refund", outcome="error_before")
    refunds.enqueue_refund(payment_id=payment.pk)
    for _ in range(6):
        Operation.objects.filter(status="open").update(next_attempt_at=None)
        worker.run_once()
    operation = the("refund")
    assert operation.in_flight_until is not None
    assert operation.next_attempt_at is not None
    assert operation.next_attempt_at - operation.in_flight_until < timedelta(seconds=1)


@each_error
@pytest.mark.parametrize("is_enqueued", [False, True], ids=["asked for", "enqueued"])
@pytest.mark.parametrize("verb", ["capture", "refund"])
def test_34_where_nobody_can_tell_staff_are_told_within_minutes(
    till: Till, moved: Moved, configure: Any, verb: str, is_enqueued: bool, outcome: str
) -> None:
    """The provider doesn't say which call caused a movement, so no new key is used."""
    configure("pp_fake_fake", "Keyless")
    payment = paid(till, verb, outcome)
    enqueue: Move = {"capture": captures.enqueue_capture, "refund": refunds.enqueue_refund}[verb]
    request = move_of(verb, payment)
    if is_enqueued:
        enqueue(payment_id=payment.pk, amount=Decimal(30))
        worker.run_once()
    else:
        unknown(request)
        unknown(request)
    assert the(verb).needs_person_at is None
    run_out(the(verb))
    Operation.objects.update(next_attempt_at=None)
    worker.run_once()

    assert the(verb).needs_person_at is not None
    assert Event.objects.filter(name="operation.needs_person").count() == 1
    assert (unknown(request).retry_after or 0) >= 60
    assert moved(verb) == ([] if outcome == "error_before" else [3000])


def test_34_a_caller_who_repeats_has_staff_told_as_soon_as_the_worker_would(till: Till, configure: Any) -> None:
    configure("pp_fake_fake", "Keyless")
    payment = till.captured(on="refund", outcome="error_before")
    request = move_of("refund", payment)
    unknown(request)
    run_out(the("refund"))
    unknown(request)
    assert the("refund").needs_person_at is not None


def test_34_a_provider_that_never_recovers_is_shown_to_staff(till: Till, script: Script, moved: Moved) -> None:
    payment = till.captured()
    script["refund"] = _own_error
    refunds.enqueue_refund(payment_id=payment.pk)
    for _ in range(8):
        recover()
    assert the("refund").needs_person_at is not None
    assert moved("refund") == []


def _own_error(_: Any, __: Any) -> Any:
    raise ProviderOutcomeUnknown("Internal error.", was_answered=True)


@on_both
@each_error
@keyed_or_not
def test_34_initiate(till: Till, moved: Moved, fake_provider: FakeProvider, outcome: str, key: str | None) -> None:
    collection = till.collection()

    def choose(**data: Any) -> PaymentSession:
        return payment_sessions.initialize(
            payment_collection_id=collection.pk, provider_id="pp_fake_fake", data=data, idempotency_key=key
        )

    failing = {"on": "initiate", "outcome": outcome}
    unknown(lambda: choose(**failing))
    again = failing if key else {}
    if outcome == "error_before":
        unknown(lambda: choose(**again))
        if key:
            run_out(the("initiate"))
    session = choose(**again)

    assert (session.status, moved("initiate")) == ("pending", [10000])
    assert PaymentSession.objects.filter(slot=0).get().provider_ref


@on_both
@each_error
def test_34_update(till: Till, fake_provider: FakeProvider, outcome: str) -> None:
    session = till.session()
    till.set_total("120")
    unknown(lambda: till.session_of(session, on="update", outcome=outcome))
    if outcome == "error_before":
        unknown(lambda: till.session_of(session, on="update", outcome=outcome))
    live = till.session_of(session)
    assert live.amount == 12000
    payment = authorize(live).payment
    assert payment.amount == 12000
    recover()
    assert differences(fake_provider) == []


@pytest.mark.fake_only("Stripe's customers authorize in the browser; our authorize only reads")
@each_error
@keyed_or_not
def test_34_authorize(till: Till, moved: Moved, fake_provider: FakeProvider, outcome: str, key: str | None) -> None:
    session = till.session(on="authorize", outcome=outcome)
    unknown(lambda: authorize(session, idempotency_key=key))
    if outcome == "error_before":
        assert (unknown(lambda: authorize(session, idempotency_key=key)).retry_after or 0) > 5
        run_out(the("authorize"))
        session.refresh_from_db()
        heal(fake_provider, session)
    assert authorize(session, idempotency_key=key).status == "authorized"
    assert moved("authorize") == [10000]
    assert differences(fake_provider) == []


@on_both
@each_error
def test_34_the_object_of_a_replaced_session_is_canceled_within_minutes(
    till: Till, fake_provider: FakeProvider, outcome: str
) -> None:
    session = till.session(on="cancel", outcome=outcome)
    session.refresh_from_db()
    payment_sessions.initialize(payment_collection_id=session.payment_collection_id, provider_id="pp_system_default")
    assert recover() == 0
    gone = fake_provider.payment(session.provider_ref or "")
    assert gone is not None
    assert gone.status == "canceled"
    assert the("cancel").status == "succeeded"


def test_34_no_second_key_while_the_first_request_may_still_arrive(
    till: Till, moved: Moved, fake_provider: FakeProvider
) -> None:
    """Staff closed it early; its caller repeats. The first request is executed at the last moment of its flight."""
    payment = till.captured(on="refund", outcome="error_before")
    request = move_of("refund", payment, idempotency_key="staff-1")
    unknown(request)
    operation = the("refund")
    decisions.decide(operation_id=operation.pk, verdict=Verdict.NOT_EXECUTED, note="Not in their dashboard.")

    assert (unknown(request).retry_after or 0) > 5
    assert (the("refund").key_number, moved("refund")) == (1, [])
    Operation.objects.update(in_flight_until=F("created_at") - timedelta(seconds=1))
    request()
    assert (the("refund").key_number, moved("refund")) == (2, [3000])


def test_34_what_was_stored_with_its_key_before_the_upgrade_is_still_understood(till: Till, moved: Moved) -> None:
    payment = till.captured(on="refund", outcome="timeout_before")
    request = move_of("refund", payment)
    unknown(request)
    operation = the("refund")
    assert {"idempotency_key", "operation_id"}.isdisjoint(operation.request)
    operation.request["idempotency_key"] = operation.pk
    operation.save()

    request()
    assert moved("refund") == [3000]


def test_34_after_a_lost_answer_it_is_read_first_and_sent_again_under_the_same_key(
    till: Till, script: Script, moved: Moved
) -> None:
    payment = till.captured()
    asked: list[str] = []

    def noted(request: Any, call: Any) -> Any:
        asked.append(getattr(request, "idempotency_key", "read"))
        if len(asked) == 1:
            return lost(request, call)
        return call(request)

    script["refund"] = script["retrieve"] = noted
    request = move_of("refund", payment)
    unknown(request)
    end = the("refund").in_flight_until
    request()

    key = the("refund").pk
    assert asked == [key, "read", key]
    assert end is not None
    assert the("refund").in_flight_until > end  # type: ignore[operator]
    assert moved("refund") == [3000]


def test_34_while_the_provider_cannot_be_read_nothing_is_sent_again(till: Till, script: Script, moved: Moved) -> None:
    payment = till.captured()
    script["refund"] = lost
    request = move_of("refund", payment)
    unknown(request)
    script.clear()
    script["retrieve"] = lost
    unknown(request)
    assert moved("refund") == []
    script.clear()
    request()
    assert moved("refund") == [3000]


def test_34_keys_with_a_counter_are_understood_where_a_provider_reports_them(
    till: Till, script: Script, fake_provider: FakeProvider
) -> None:
    """Its reports name the key that it was sent, not the operation."""
    payment = till.captured()
    script["refund"] = answer_lost
    unknown(move_of("refund", payment))
    script.clear()

    def raw(request: Any, call: Any) -> Any:
        found = call(request)
        return replace(
            found,
            refunds=tuple(replace(fact, idempotency_key=f"{fact.idempotency_key}/3") for fact in found.refunds),
            captures=tuple(replace(fact, idempotency_key=f"{fact.idempotency_key}/2") for fact in found.captures),
        )

    script["retrieve"] = raw
    recover()
    assert (the("refund").status, Payment.objects.get().refunded_amount) == ("succeeded", 3000)
    assert Payment.objects.get().captures.count() == 1


@pytest.fixture
def captured_20_of_30(till: Till, script: Script) -> Operation:
    payment = till.authorized()
    script["capture"] = lambda request, call: call(replace(request, money=euros(2000)))
    with suppress(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
    script.clear()
    recover()
    operation = the("capture")
    assert operation.needs_person_at is not None
    return operation


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("amount", [None, Decimal(20)])
def test_40_staff_book_the_amount_that_moved_whatever_they_say(
    captured_20_of_30: Operation, fake_provider: FakeProvider, verdict: Verdict, amount: Decimal | None
) -> None:
    assert decisions.seen_amount(captured_20_of_30) == Decimal(20)
    closed = decisions.decide(operation_id=captured_20_of_30.pk, verdict=verdict, note="Seen.", amount=amount)

    assert closed.status == "succeeded"
    payment = Payment.objects.get()
    assert (payment.captured_amount, payment.capturing_amount) == (2000, 0)
    assert payment.captures.get().operation_id == closed.pk
    assert differences(fake_provider) == []


@pytest.mark.parametrize("amount", [Decimal(30), Decimal(10)])
def test_40_staff_cannot_book_what_did_not_move(captured_20_of_30: Operation, amount: Decimal) -> None:
    with pytest.raises(InvalidData, match="20 EUR") as raised:
        decisions.decide(operation_id=captured_20_of_30.pk, verdict=Verdict.EXECUTED, note="I am sure.", amount=amount)
    assert raised.value.details["amount"] == Decimal(20)
    assert Payment.objects.get().captured_amount == 0
    assert not Event.objects.filter(name="operation.decided").exists()


@pytest.mark.parametrize("verb", ["capture", "refund", "cancel", "authorize"])
def test_40_staff_cannot_book_what_the_provider_has_no_trace_of(till: Till, script: Script, verb: str) -> None:
    if verb == "authorize":
        session = till.session()
        script[verb] = lost
        unknown(lambda: authorize(session))
    else:
        payment = paid(till, verb, "authorized")
        script[verb] = lost
        unknown(move_of(verb, payment))
    with pytest.raises(InvalidData, match="was asked"):
        decisions.decide(operation_id=the(verb).pk, verdict=Verdict.EXECUTED, note="I am sure.")
    assert the(verb).is_open


def test_40_more_than_fits_closes_the_operation_and_freezes(till: Till, script: Script) -> None:
    payment = till.captured()
    script["refund"] = lost
    unknown(move_of("refund", payment))
    operation = the("refund")
    refund = RefundFact(
        money=euros(13000), refund_ref="theirs", state=RefundState.SUCCEEDED, idempotency_key=operation.pk
    )
    script["retrieve"] = changed(refunds=(refund,))
    decisions.decide(operation_id=operation.pk, verdict=Verdict.EXECUTED, note="Seen.")

    payment.refresh_from_db()
    assert (the("refund").is_open, payment.frozen_at is None) == (False, False)
    assert (payment.refunded_amount, payment.refunding_amount) == (0, 0)


def test_44_a_part_released_at_the_dashboard_does_not_close_an_open_cancel(till: Till, script: Script) -> None:
    payment = till.authorized()
    script["cancel"] = lost
    unknown(move_of("cancel", payment))
    script["retrieve"] = changed(released=euros(4000))
    comparing.look_at(payment.payment_session_id)
    payment.refresh_from_db()
    assert (the("cancel").is_open, payment.released_amount, payment.releasing_amount) == (True, 0, 10000)

    script["retrieve"] = changed(released=euros(10000))
    comparing.look_at(payment.payment_session_id)
    payment.refresh_from_db()
    assert (the("cancel").status, payment.released_amount, payment.releasing_amount) == ("succeeded", 10000, 0)


def test_46_a_lost_authorize_is_never_sent_again_once_the_customer_has_paid_otherwise(
    till: Till, script: Script, configure: Any, fake_provider: FakeProvider
) -> None:
    """It was asked of a provider that can't be read, so sending it again would be the only way to find out."""
    first = till.session()
    configure(SECOND, "Blind", account="second")
    script["cancel"] = lost
    session = till.session(SECOND)
    sent: list[str] = []

    def noted(request: Any, call: Any) -> Any:
        sent.append(request.idempotency_key)
        return lost(request, call)

    script["authorize"] = noted
    unknown(lambda: authorize(session))
    first.refresh_from_db()
    fake_provider.dashboard.authorize(first.provider_ref or "")
    comparing.look_at(first.pk)
    assert PaymentCollection.objects.get().authorized_amount == 10000

    Operation.objects.filter(kind="authorize").update(created_at=F("created_at") - timedelta(hours=20))
    recover()
    with suppress(PaymentsError):
        authorize(session)
    assert len(sent) == 1
    assert the("authorize").needs_person_at is not None
