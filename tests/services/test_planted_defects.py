"""What no other test held, found by planting defects in the services one at a time."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from medusa_payments import signals
from medusa_payments.exceptions import InvalidData, PaymentOutcomeUnknown
from medusa_payments.models import EventDelivery, Payment
from medusa_payments.services import captures, collection_refunds, deliveries
from tests.scripted import Script, Verb, authorize, declined, lost
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
