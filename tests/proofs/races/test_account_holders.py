"""Twenty first checkouts of one customer at once, against a live server: one customer at the provider."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.contrib.auth.models import User
from rest_framework_simplejwt.tokens import AccessToken

from medusa_payments.models import AccountHolder, Operation, PaymentSession
from medusa_payments.testing.fake_provider import FakeProvider
from tests.proofs.races.test_over_http import PARALLEL, Answer, Shop, shop, statuses

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

__all__ = ["shop"]

PATH = "/store/payment-collections/{}/payment-sessions"
FAKE = {"provider_id": "pp_fake_fake"}


class Customer:
    """Somebody who is logged in, in as many tabs as it takes."""

    def __init__(self, shop: Shop) -> None:
        user = User.objects.create_user("jane@example.com", email="jane@example.com")
        token = AccessToken.for_user(user)
        token.payload |= {"actor_id": str(user.pk), "actor_type": "customer"}
        self.base_url, self.token = shop.base_url, str(token)

    def post(self, path: str, body: dict[str, Any]) -> Answer:
        headers = {"content-type": "application/json", "x-publishable-api-key": "pk_demo"}
        headers["authorization"] = f"Bearer {self.token}"
        request = Request(self.base_url + path, json.dumps(body).encode(), headers, method="POST")  # noqa: S310
        try:
            with urlopen(request, timeout=60) as response:  # noqa: S310
                return Answer(response.status, json.load(response))
        except HTTPError as error:
            with error:
                return Answer(error.code, json.load(error))

    def at_once(self, paths: list[str]) -> list[Answer]:
        barrier = Barrier(len(paths))

        def send(path: str) -> Answer:
            barrier.wait()
            return self.post(path, FAKE)

        with ThreadPoolExecutor(len(paths)) as pool:
            return list(pool.map(send, paths))


@pytest.fixture
def customer(shop: Shop) -> Customer:
    return Customer(shop)


def assert_one_account(fake_provider: FakeProvider) -> AccountHolder:
    [kept], holder = fake_provider.customers(), AccountHolder.objects.get()
    assert (holder.external_id, holder.sent_at) == (kept.ref, None)
    return holder


@pytest.mark.proof
def test_twenty_carts_of_one_customer(shop: Shop, customer: Customer, fake_provider: FakeProvider) -> None:
    fake_provider.steer("account_holder", delay_ms=50)
    paths = [PATH.format(shop.collection()["id"]) for _ in range(PARALLEL)]

    answers = customer.at_once(paths)

    assert set(statuses(answers)) <= {200, 409}
    assert 200 in statuses(answers)
    holder = assert_one_account(fake_provider)
    assert set(PaymentSession.objects.values_list("account_holder_id", flat=True)) == {holder.pk}
    assert statuses(customer.at_once(paths)) == Counter({200: PARALLEL}), "now everybody is served"
    assert_one_account(fake_provider)


def test_one_cart_in_twenty_tabs(shop: Shop, customer: Customer, fake_provider: FakeProvider) -> None:
    fake_provider.steer("account_holder", delay_ms=50)

    answers = customer.at_once([PATH.format(shop.collection()["id"])] * PARALLEL)

    assert set(statuses(answers)) <= {200, 409}
    assert 200 in statuses(answers)
    live = PaymentSession.objects.get(slot__isnull=False)
    assert live.account_holder_id == assert_one_account(fake_provider).pk
    assert not Operation.objects.filter(status="open").exists()


@pytest.mark.proof
def test_lost_answers_in_between(shop: Shop, customer: Customer, fake_provider: FakeProvider) -> None:
    """The account's first answer is lost; whoever comes next gets the same customer."""
    fake_provider.steer("account_holder", "timeout_after")
    paths = [PATH.format(shop.collection()["id"]) for _ in range(PARALLEL)]

    for _ in range(2):
        assert set(statuses(customer.at_once(paths))) <= {200, 409}

    assert_one_account(fake_provider)


def test_asked_for_directly(customer: Customer, fake_provider: FakeProvider) -> None:
    fake_provider.steer("account_holder", delay_ms=50)

    answers = customer.at_once(["/store/account-holders"] * PARALLEL)

    assert set(statuses(answers)) <= {200, 409}
    shown = {answer.body["account_holder"]["id"] for answer in answers if answer.status == 200}
    assert shown == {assert_one_account(fake_provider).pk}
