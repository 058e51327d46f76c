"""Attacks 2, 5 and 25 on a collection that is split, over HTTP as v1 has it; and twenty batches at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from medusa_payments.core.saga import comparing
from medusa_payments.models import Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.services import captures
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import SECOND, Moved, Script, answer_lost, authorize, declined, run_out, unavailable
from tests.split import live_amounts, split, tender
from tests.till import Till

pytestmark = pytest.mark.django_db

PARTS = [{"provider_id": "fake_fake", "amount": 6000}, {"provider_id": "second_fake", "amount": 4000}]
PARALLEL = 20


class V1:
    """A v1 storefront at one collection of 100 EUR."""

    def __init__(self, till: Till) -> None:
        self.path = f"/v1/store/payment-collections/{till.collection().pk}"

    def post(self, verb: str, body: Any = None, key: str | None = None) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return Client().post(f"{self.path}/{verb}", body or {}, content_type="application/json", headers=headers)

    def batch(self, *sessions: dict[str, Any], key: str | None = None) -> Any:
        return self.post("sessions/batch", {"sessions": list(sessions) or PARTS}, key)

    def ids(self) -> list[str]:
        return list(PaymentSession.objects.filter(slot__isnull=False).order_by("slot").values_list("pk", flat=True))


@pytest.fixture
def v1(till: Till, script: Script) -> V1:
    return V1(till)


class TestAttack02TheSameKeyOfABatchComesBack:
    def test_after_a_crash_between_the_two(
        self, v1: V1, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        """What a dead process leaves: the first session is there, the second one's answer isn't."""
        script["initiate"] = lambda request, call: (
            answer_lost(request, call) if request.money.minor_units == 4000 else call(request)
        )
        assert v1.batch(key="k1").status_code == 409
        run_out(Operation.objects.get(status="open"))
        script.clear()

        answers = [v1.batch(key="k1") for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert (live_amounts(), moved("initiate")) == ([6000, 4000], [6000, 4000])
        assert Operation.objects.filter(kind="initiate").count() == 2
        assert recover() == 0
        assert differences(fake_provider) == []

    def test_of_a_batch_of_authorizations(self, v1: V1, script: Script, moved: Moved) -> None:
        v1.batch()
        script["authorize"] = answer_lost
        body = {"session_ids": v1.ids()}
        assert v1.post("sessions/batch/authorize", body, key="k1").status_code == 409
        script.clear()

        assert v1.post("sessions/batch/authorize", body, key="k1").status_code == 200
        assert moved("authorize") == [6000, 4000]
        assert Payment.objects.count() == 2


class TestAttack05TwoTabsPay:
    def test_one_tab_pays_what_the_other_has_replaced(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        collection = till.collection()
        old = split(collection, tender("60"), tender("40"))
        script["cancel"] = unavailable
        new = split(collection, tender("60", SECOND), tender("40", SECOND))
        script.clear()
        for session in old:
            fake_provider.dashboard.authorize(session.provider_ref or "")
        for session in new:
            captures.capture(payment_id=authorize(session).payment.pk)
        for session in old:
            comparing.look_at(session.pk)

        assert recover() == 0
        kept = {
            payment.payment_session_id: payment.captured_amount for payment in Payment.objects.filter(canceled_at=None)
        }
        assert kept == {session.pk: session.amount for session in new}
        assert differences(fake_provider) == []


class TestAttack25AfterAFailedAuthorization:
    def test_a_second_batch_is_no_dead_end(self, v1: V1, script: Script) -> None:
        v1.batch()
        script["authorize"] = declined
        assert v1.post("sessions/batch/authorize", {"session_ids": v1.ids()}).status_code == 200
        script.clear()

        assert v1.batch({"provider_id": "manual", "amount": 10000}).status_code == 200
        answer = v1.post("sessions/batch/authorize", {"session_ids": v1.ids()})
        assert answer.json()["payment_collection"]["status"] == "authorized"

    def test_what_is_held_is_not_lost_sight_of(
        self, v1: V1, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        v1.batch()
        first, second = v1.ids()
        assert v1.post(f"sessions/{first}/authorize").status_code == 200
        script["authorize"] = declined
        assert v1.post(f"sessions/{second}/authorize").status_code == 422
        script.clear()

        v2 = Client().post(
            f"{v1.path.removeprefix('/v1')}/sessions", {"provider_id": "manual"}, content_type="application/json"
        )
        assert (v1.batch().status_code, v2.status_code) == (400, 400)
        assert (live_amounts(), moved("authorize")) == ([6000, 4000], [6000])

        kept = {**PARTS[0], "session_id": first}
        assert v1.batch(kept, {"provider_id": "manual", "amount": 4000}).status_code == 200
        assert v1.post(f"sessions/{v1.ids()[1]}/authorize").status_code == 200
        assert PaymentCollection.objects.get().status == "authorized"
        assert recover() == 0
        assert differences(fake_provider) == []


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("are_alike", "limit"), [(True, None), (False, None), (False, 20)])
@pytest.mark.proof
def test_twenty_batches_at_once(
    till: Till, fake_provider: FakeProvider, settings: Any, are_alike: bool, limit: int | None
) -> None:
    """Each of them makes two objects; with the limit that shoppers have, those that come last are told to wait."""
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"MAX_PROVIDER_OBJECTS_PER_COLLECTION": limit}
    v1 = V1(till)

    def send(number: int) -> int:
        share = 6000 if are_alike else 1000 + 100 * number
        parts = [{"provider_id": "fake_fake", "amount": share}, {"provider_id": "manual", "amount": 10000 - share}]
        try:
            status: int = v1.batch(*parts).status_code
            return status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(PARALLEL) as pool:
        statuses = Counter(pool.map(send, range(PARALLEL)))

    assert set(statuses) <= ({200, 409} if limit is None else {200, 409, 429})
    assert 200 in statuses
    assert limit is None or Operation.objects.filter(kind="initiate").exclude(status="not_executed").count() <= limit
    assert (len(live_amounts()), sum(live_amounts())) == (2, 10000)
    assert recover() == 0
    assert differences(fake_provider) == []
