"""Authorizations that run out are treated in time, even when the first attempt fails."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from medusa_payments.core.saga import comparing
from medusa_payments.core.upkeep import tending
from medusa_payments.exceptions import NotAllowed
from medusa_payments.models import Event, Operation, Payment, PaymentCollection
from medusa_payments.services import payment_collections
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import Script, declined, unavailable
from tests.till import Till

pytestmark = pytest.mark.django_db

Moved = Callable[[str], list[int]]


@pytest.fixture
def near(till: Till, script: Script, settings: Any) -> Callable[[str], Payment]:
    """Return an authorization that runs out in an hour, at a provider with a policy for that."""

    def make(policy: str) -> Payment:
        configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
        changed = configured | {"pp_fake_fake": configured["pp_fake_fake"] | {"ON_EXPIRY": policy}}
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": changed}
        payment = till.authorized()
        Payment.objects.update(capture_before=timezone.now() + timedelta(hours=1))
        return payment

    return make


@pytest.mark.parametrize(("policy", "verb"), [("capture", "capture"), ("release", "cancel")])
def test_what_could_not_be_done_at_first_is_done_later(
    near: Any, script: Script, moved: Moved, fake_provider: FakeProvider, policy: str, verb: str
) -> None:
    payment = near(policy)
    script[verb] = unavailable
    tending.tend(payment.payment_collection_id)
    assert moved(verb) == []
    script.clear()

    assert recover() == 0
    assert moved(verb) == [10000]
    assert Event.objects.filter(name="payment.authorization_expiring").count() == 1
    assert differences(fake_provider) == []


@pytest.mark.parametrize(("policy", "verb"), [("capture", "capture"), ("release", "cancel")])
def test_what_was_refused_is_left_to_a_person(near: Any, script: Script, policy: str, verb: str) -> None:
    payment = near(policy)
    script[verb] = declined
    for _ in range(2):
        tending.tend(payment.payment_collection_id)
    assert Operation.objects.filter(kind=verb).count() == 1


@pytest.mark.parametrize("give_up", [payment_collections.cancel, partial(payment_collections.fail, on_failure="void")])
def test_what_is_to_be_given_back_is_not_captured_because_that_was_refused(
    near: Any, script: Script, moved: Moved, give_up: Any
) -> None:
    payment = near("capture")
    script["cancel"] = declined
    give_up(payment_collection_id=payment.payment_collection_id)

    assert recover() == 0
    assert moved("capture") == []
    assert Event.objects.filter(name="payment.authorization_expiring").count() == 1


def test_a_deadline_that_is_learnt_later_is_watched(till: Till, fake_provider: FakeProvider) -> None:
    payment = till.authorized()
    tending.tend(payment.payment_collection_id)
    assert PaymentCollection.objects.get().attention_at is None
    deadline = timezone.now() + timedelta(days=2)

    snapshot = replace(next(fake_provider.list_payments()), capture_before=deadline)
    comparing.take_in(payment.payment_session, snapshot)

    assert PaymentCollection.objects.get().attention_at == deadline - timedelta(days=1)


def test_a_policy_that_there_is_not_breaks_nobodys_checkout(near: Any, till: Till, moved: Moved) -> None:
    """`check` calls it an error, which a production server never runs."""
    payment = near("captur")
    tending.tend(payment.payment_collection_id)

    with pytest.raises(NotAllowed, match="already"):
        till.session()
    assert (moved("capture"), moved("cancel")) == ([], [])
    assert Event.objects.filter(name="payment.authorization_expiring").count() == 1
