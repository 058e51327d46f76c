"""What no other test held, found by planting defects in the services one at a time."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from medusa_payments import signals
from medusa_payments.carts import CartSnapshot
from medusa_payments.core.base import leases
from medusa_payments.core.base.debts import Undelivered, paid_by_response
from medusa_payments.core.saga import comparing, recovery
from medusa_payments.core.upkeep import deliveries, retention
from medusa_payments.customers import Customer
from medusa_payments.exceptions import (
    InvalidData,
    NotAllowed,
    PaymentAuthorizationError,
    PaymentOutcomeUnknown,
)
from medusa_payments.models import Event, EventDelivery, Operation, Payment, PaymentSession
from medusa_payments.providers.registry import providers
from medusa_payments.services import captures, collection_refunds, payment_sessions
from medusa_payments.testing.fake_provider import FakeProvider
from tests.scripted import SECOND, Moved, Script, Verb, answer_lost, authorize, changed, declined, euros, lost, run_out
from tests.split import split, tender
from tests.till import Till

pytestmark = pytest.mark.django_db


class TestWhileAnotherCaptureIsInFlight:
    def test_the_rest_is_not_announced_as_the_end(self, till: Till, script: Script) -> None:
        """A final capture releases what is left, and the one in flight may fail."""
        payment, sent = till.authorized(), []

        def meanwhile(request: Any, call: Verb) -> Any:
            sent.append((request.money.minor_units, request.is_final))
            if len(sent) == 1:
                captures.capture(payment_id=payment.pk, amount=Decimal(40))
            return call(request)

        script["capture"] = meanwhile
        captures.capture(payment_id=payment.pk, amount=Decimal(60))
        assert sent == [(6000, False), (4000, False)]

    def test_a_provider_that_captures_once_is_asked_once(self, till: Till, script: Script, configure: Any) -> None:
        configure("pp_fake_fake", "OneShot")
        payment = till.authorized()

        def meanwhile(request: Any, call: Verb) -> Any:
            script.clear()
            with pytest.raises(InvalidData, match="only once"):
                captures.capture(payment_id=payment.pk, amount=Decimal(40))
            return call(request)

        script["capture"] = meanwhile
        captures.capture(payment_id=payment.pk, amount=Decimal(60))
        assert Payment.objects.get().captured_amount == 6000


def test_a_refund_in_parts_of_which_one_is_unknown_is_unknown(till: Till, script: Script) -> None:
    """Whatever the other part was answered: a caller who reads "declined" would do something else instead."""
    collection = till.collection()
    for session in split(collection, tender("60"), tender("40")):
        captures.capture(payment_id=authorize(session).payment.pk)
    outcomes = iter((declined, lost))
    script["refund"] = lambda request, call: next(outcomes)(request, call)
    with pytest.raises(PaymentOutcomeUnknown):
        collection_refunds.refund(payment_collection_id=collection.pk)


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_to_be_delivered_again_has_all_its_attempts(till: Till, settings: Any) -> None:
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"EVENT_ATTEMPTS": 2}

    def receive(**_: Any) -> None:
        raise ConnectionError

    def let_the_worker_try() -> EventDelivery:
        an_hour_ago = timezone.now() - timedelta(hours=1)
        EventDelivery.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=an_hour_ago)
        deliveries.deliver_due()
        return EventDelivery.objects.get(event__name="payment.captured")

    signals.payment_captured.connect(receive)
    try:
        till.captured()
        dead = let_the_worker_try()
        assert dead.dead_at is not None
        assert deliveries.deliver_again(dead.pk)
        assert let_the_worker_try().dead_at is None
        assert let_the_worker_try().dead_at is not None
    finally:
        signals.payment_captured.disconnect(receive)


def test_what_our_own_capture_releases_has_not_expired(till: Till, script: Script) -> None:
    """Its authorization ran out while the capture was on its way."""
    payment = till.authorized()
    Payment.objects.update(capture_before=timezone.now() - timedelta(seconds=1))
    script["capture"] = changed(released=euros(4000))
    captures.capture(payment_id=payment.pk, amount=Decimal(60))
    told = [
        event.name for event in Event.objects.order_by("number") if "release" in event.name or "expired" in event.name
    ]
    assert told == ["payment.released"]


class TestTheAnswerThatACallerIsOwed:
    def test_is_given_by_a_response_that_says_it_in_other_words(self) -> None:
        """A view may raise an error of its own from the service's."""
        refused, other, in_other_words = InvalidData("No."), InvalidData("Neither."), NotAllowed("Not now.")
        in_other_words.__cause__ = refused
        undelivered = Undelivered(debts=[(1, refused), (2, other), (3, None)])
        undelivered.only_of(in_other_words)
        assert undelivered.debts == [(1, refused)]

    def test_is_the_answer_to_who_asked_again_after_the_lease(self, till: Till, moved: Moved) -> None:
        """A caller gave up a call that outlived its lease, repeated, and waited while the first answer was booked."""
        payment = till.authorized()
        with paid_by_response():
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        now = timezone.now()
        Operation.objects.filter(kind="capture").update(
            lease_expires_at=now - timedelta(seconds=10), settled_at=now - timedelta(seconds=2)
        )
        with paid_by_response() as repeated:
            repeated.began_at -= 5
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        assert moved("capture") == [3000]


def test_authorizing_one_session_leaves_the_unknown_authorize_of_another_in_its_slot(
    till: Till, script: Script
) -> None:
    """Let go of, it could be paid a second time by a new choice."""
    collection = till.collection()
    first, second = split(collection, tender("60"), tender("40", SECOND))
    script["authorize"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        authorize(first)
    script["authorize"] = declined
    with pytest.raises(PaymentAuthorizationError):
        authorize(second)
    with pytest.raises(NotAllowed, match=f"{first.pk} is being authorized"):
        till.session(SECOND)


def test_an_object_that_is_not_found_is_not_given_up_while_its_authorize_is_unknown(till: Till, script: Script) -> None:
    session = till.session()
    script["authorize"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        authorize(session)
    script["retrieve"] = lambda *_: None
    assert not comparing.look_at_open_sessions(session.payment_collection_id)
    session.refresh_from_db()
    assert session.status == "pending"


def test_a_session_that_was_given_up_and_paid_all_the_same_is_not_given_up_again(
    till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
) -> None:
    """The customer went back to the older tab; nothing else pays for the cart."""
    older = till.session()
    script["cancel"] = lost
    till.session(SECOND)
    script.clear()
    given_up = Operation.objects.get(kind="cancel")
    fake_provider.dashboard.authorize(older.provider_ref or "")
    comparing.look_at(older.pk)
    run_out(given_up)
    assert recovery.resolve(given_up)
    assert (moved("cancel"), PaymentSession.objects.get(pk=older.pk).status) == ([], "authorized")


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_fails_late_undoes_no_delivery_that_was_made_meanwhile(till: Till) -> None:
    """It took longer than its turn, and the worker delivered the event in the meantime."""
    heard: list[str] = []

    def receive(event_id: str, **_: Any) -> None:
        heard.append(event_id)
        if len(heard) == 1:
            EventDelivery.objects.update(next_attempt_at=timezone.now() - timedelta(hours=1))
            deliveries.deliver_due()
            raise ConnectionError

    signals.payment_authorized.connect(receive)
    try:
        till.authorized()
    finally:
        signals.payment_authorized.disconnect(receive)
    delivery = EventDelivery.objects.get(pk=heard[0])
    assert heard == [delivery.pk] * 2
    assert delivery.delivered_at is not None
    assert (delivery.next_attempt_at, delivery.error_message) == (None, "")


def test_who_is_owed_an_answer_is_known_for_a_day_however_soon_data_is_erased(
    till: Till, script: Script, moved: Moved, settings: Any
) -> None:
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"RETENTION_DAYS": 0}
    payment = till.authorized()
    script["capture"] = answer_lost
    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk, amount=Decimal(30))
    script.clear()
    comparing.look_at(payment.payment_session_id)
    retention.erase_due()
    captures.capture(payment_id=payment.pk, amount=Decimal(30))
    assert moved("capture") == [3000]


def test_a_customers_unknown_choice_is_not_a_guests(till: Till, script: Script) -> None:
    script["initiate"] = answer_lost
    with pytest.raises(PaymentOutcomeUnknown):
        till.session_of_customer(Customer(id="cus_jane"))
    script.clear()
    assert till.session().customer_id == ""


def test_nothing_of_a_frozen_payment_is_released_for_a_changed_cart(till: Till, script: Script, moved: Moved) -> None:
    """It stays, and staff are told."""
    payment = till.authorized()
    Payment.objects.update(frozen_at=timezone.now())
    till.carts[till.cart_id] = CartSnapshot(amount=Decimal(50), currency_code="eur", has_order=False)
    payment_sessions.initialize(payment_collection_id=payment.payment_collection_id, provider_id=SECOND)
    assert moved("cancel") == []
    assert Event.objects.latest("number").name == "payment_collection.money_kept"


def test_what_is_sent_is_on_its_way_for_as_long_as_it_may_be(till: Till, script: Script) -> None:
    """It is sent until half of the lease is over, and arrives within the timeout. Before that absence is no proof."""
    payment, sent = till.authorized(), []
    script["capture"] = lambda request, call: (sent.append(Operation.objects.get(kind="capture")), call(request))[1]
    captures.capture(payment_id=payment.pk)
    provider = providers[payment.provider_id]
    longest = timedelta(seconds=leases.lease_seconds(provider) / 2 + provider.timeout_seconds)
    assert [operation.in_flight_until - operation.created_at >= longest for operation in sent] == [True]
