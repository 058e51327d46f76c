"""Twenty identical requests at once, against a live server with threads of its own, on both engines."""

import json
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.core.management import call_command

from medusa_payments.models import Operation, Payment, PaymentCollection, PaymentSession

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

PARALLEL = 20
FULL_PRICE = 100


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    retry_after: float = 0


class Shop:
    """Talks to the demo over sockets, as a storefront and as its back office."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        credentials = {"email": "admin@example.com", "password": "admin"}
        self.token = self.post("/auth/user/emailpass", credentials).body["token"]

    def post(self, path: str, body: dict[str, Any]) -> Answer:
        headers = {"content-type": "application/json", "x-publishable-api-key": "pk_demo"}
        if path.startswith("/admin"):
            headers["authorization"] = f"Bearer {self.token}"
        request = Request(self.base_url + path, json.dumps(body).encode(), headers, method="POST")  # noqa: S310
        try:
            with urlopen(request, timeout=60) as response:  # noqa: S310
                return Answer(response.status, json.load(response))
        except HTTPError as error:
            with error:
                return Answer(error.code, json.load(error), float(error.headers["Retry-After"] or 0))

    def at_once(
        self, path: str, body: dict[str, Any], *, parallel: int = PARALLEL, insist: bool = False
    ) -> list[Answer]:
        """Send as many equal requests at once; those who `insist` come back when they are told to, and say no more."""
        barrier = Barrier(parallel)

        def send(_: int) -> Answer:
            barrier.wait()
            answer = self.post(path, body)
            while insist and answer.retry_after:
                time.sleep(answer.retry_after)
                answer = self.post(path, body)
            return answer

        with ThreadPoolExecutor(parallel) as pool:
            return list(pool.map(send, range(parallel)))

    def cart(self) -> dict[str, Any]:
        """A cart of exactly 100.00 EUR."""
        item = {"variant_id": "variant_mug", "quantity": 10}
        cart: dict[str, Any] = self.post("/store/carts", {"region_id": "reg_eu", "items": [item]}).body["cart"]
        assert cart["total"] == FULL_PRICE
        return cart

    def collection(self) -> dict[str, Any]:
        answer = self.post("/store/payment-collections", {"cart_id": self.cart()["id"]})
        collection: dict[str, Any] = answer.body["payment_collection"]
        return collection

    def authorized_payment(self, **data: Any) -> str:
        path = f"/store/payment-collections/{self.collection()['id']}/payment-sessions"
        body = {"provider_id": "pp_fake_fake", "data": data}
        session_id = self.post(path, body).body["payment_collection"]["payment_sessions"][0]["id"]
        answer = self.post(f"{path}/{session_id}/authorize", {})
        payment_id: str = answer.body["payment_collection"]["payments"][0]["id"]
        return payment_id


@pytest.fixture
def shop(live_server: Any, fake_provider: Any, settings: Any) -> Shop:
    """A shop whose provider takes all requests at once; that the rest is turned away is attack 41."""
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"MAX_PROVIDER_CALLS": PARALLEL}
    call_command("seed_demo", verbosity=0)
    return Shop(live_server.url)


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def amounts_at_provider(fake_provider: Any, verb: str) -> list[int]:
    return [entry["amount"] for entry in fake_provider.ledger_entries() if entry["verb"] == verb]


def test_exactly_three_captures_of_30_fit_into_100(shop: Shop, fake_provider: Any) -> None:
    # All are under way before the first one is answered: else the rest might ask for what was answered already.
    payment_id = shop.authorized_payment(on="capture", delay_ms=500)

    answers = shop.at_once(f"/admin/payments/{payment_id}/capture", {"amount": 30})

    assert statuses(answers) == {200: 3, 400: 17}
    payment = Payment.objects.get(pk=payment_id)
    assert (payment.captured_amount, payment.capturing_amount) == (9000, 0)
    assert [capture.amount for capture in payment.captures.all()] == [3000] * 3
    assert amounts_at_provider(fake_provider, "capture") == [3000] * 3


def test_exactly_three_refunds_of_30_fit_into_100(shop: Shop, fake_provider: Any) -> None:
    # All are under way before the first one is answered: else the rest might ask for what was answered already.
    payment_id = shop.authorized_payment(on="refund", delay_ms=500)
    assert shop.post(f"/admin/payments/{payment_id}/capture", {}).status == 200

    answers = shop.at_once(f"/admin/payments/{payment_id}/refund", {"amount": 30})

    assert statuses(answers) == {200: 3, 400: 17}
    payment = Payment.objects.get(pk=payment_id)
    assert (payment.refunded_amount, payment.refunding_amount) == (9000, 0)
    assert [refund.amount for refund in payment.refunds.all()] == [3000] * 3
    assert amounts_at_provider(fake_provider, "refund") == [3000] * 3


def test_captures_without_an_amount_capture_everything_once(shop: Shop, fake_provider: Any) -> None:
    payment_id = shop.authorized_payment(on="capture", delay_ms=50)

    answers = shop.at_once(f"/admin/payments/{payment_id}/capture", {})

    assert set(statuses(answers)) <= {200, 409}
    assert 200 in statuses(answers)
    assert amounts_at_provider(fake_provider, "capture") == [10000]


@pytest.mark.proof
@pytest.mark.parametrize("verb", ["capture", "refund"])
def test_ten_who_repeat_a_lost_answer_as_they_are_told_move_money_once(
    shop: Shop, fake_provider: Any, verb: str
) -> None:
    """Attack 32, over sockets: whoever is sent away comes back until it is answered."""
    payment_id = shop.authorized_payment(on=verb, outcome="timeout_after")
    if verb == "refund":
        assert shop.post(f"/admin/payments/{payment_id}/capture", {}).status == 200
    assert shop.post(f"/admin/payments/{payment_id}/{verb}", {"amount": 25}).status == 409

    answers = shop.at_once(f"/admin/payments/{payment_id}/{verb}", {"amount": 25}, parallel=10, insist=True)

    # Ten tabs of one person look like one who polls: some are asked whether they want another one.
    assert {(answer.status, answer.body.get("code")) for answer in answers} <= {(200, None), (409, "possible_repeat")}
    assert 200 in statuses(answers)
    assert amounts_at_provider(fake_provider, verb) == [2500]


def test_one_cart_gets_one_collection(shop: Shop) -> None:
    cart = shop.cart()

    answers = shop.at_once("/store/payment-collections", {"cart_id": cart["id"]})

    assert statuses(answers) == {200: PARALLEL}
    assert len({answer.body["payment_collection"]["id"] for answer in answers}) == 1
    assert PaymentCollection.objects.filter(cart_id=cart["id"]).count() == 1


@pytest.mark.parametrize("provider_id", ["pp_fake_fake", "pp_system_default"])
def test_one_collection_gets_one_live_session(shop: Shop, provider_id: str) -> None:
    collection_id = shop.collection()["id"]

    answers = shop.at_once(f"/store/payment-collections/{collection_id}/payment-sessions", {"provider_id": provider_id})

    assert set(statuses(answers)) <= {200, 409}
    assert 200 in statuses(answers)
    live = PaymentSession.objects.get(payment_collection=collection_id, slot__isnull=False)
    shown = [answer.body["payment_collection"]["payment_sessions"] for answer in answers if answer.status == 200]
    assert {session["id"] for sessions in shown for session in sessions} == {live.pk}
    assert not Operation.objects.filter(status="open").exists()


def test_one_session_gets_one_payment(shop: Shop, fake_provider: Any) -> None:
    path = f"/store/payment-collections/{shop.collection()['id']}/payment-sessions"
    body = {"provider_id": "pp_fake_fake", "data": {"on": "authorize", "delay_ms": 50}}
    session_id = shop.post(path, body).body["payment_collection"]["payment_sessions"][0]["id"]

    answers = shop.at_once(f"{path}/{session_id}/authorize", {})

    assert set(statuses(answers)) <= {200, 409}
    assert 200 in statuses(answers)
    assert Payment.objects.filter(payment_session=session_id).count() == 1
    assert amounts_at_provider(fake_provider, "authorize") == [10000]


def test_two_providers_race_for_one_collection(shop: Shop) -> None:
    path = f"/store/payment-collections/{shop.collection()['id']}/payment-sessions"
    bodies = [{"provider_id": provider} for provider in ("pp_fake_fake", "pp_system_default") * (PARALLEL // 2)]
    send: Callable[[dict[str, str]], Answer] = lambda body: shop.post(path, body)  # noqa: E731

    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(send, bodies))

    assert set(statuses(answers)) <= {200, 409}
    assert PaymentSession.objects.filter(slot__isnull=False).count() == 1
    assert not Operation.objects.filter(status="open").exists()
