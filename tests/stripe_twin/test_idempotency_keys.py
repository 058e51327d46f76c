"""What can't be asked of Stripe itself: keys that are pruned, in use, or were answered with a server's error."""

import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import Any

import pytest
import stripe

from medusa_payments.testing.stripe_twin import server
from medusa_payments.testing.stripe_twin.http_client import TwinHTTPClient
from medusa_payments.testing.stripe_twin.store import Store
from medusa_payments.testing.stripe_twin.twin import BASE_URL, SECRET_KEY, StripeTwin
from tests.stripe_twin.conftest import Client

pytestmark = pytest.mark.any_engine

PARAMS: Any = {"amount": 2000, "currency": "eur", "metadata": {"session_id": "payses_1"}}
KEY: Any = {"idempotency_key": "payop_1"}


def test_keys_are_forgotten_after_a_day(client: Client, twin: StripeTwin) -> None:
    first = client.v1.payment_intents.create(PARAMS, KEY)

    twin.advance(24 * 60 * 60 - 60)
    within = client.v1.payment_intents.create(PARAMS, KEY)
    twin.advance(120)
    after = client.v1.payment_intents.create(PARAMS, KEY)

    assert within.id == first.id
    assert after.id != first.id


def test_a_server_error_is_answered_again_whether_or_not_it_had_an_effect(client: Client, twin: StripeTwin) -> None:
    for fault, made in (("error_before", 0), ("error_after", 1)):
        twin.reset()
        twin.fail("payment_intents.create", fault)
        for _ in range(2):
            with pytest.raises(stripe.APIError) as caught:
                client.v1.payment_intents.create(PARAMS, KEY)

            assert caught.value.http_status == 500
        assert len(twin.payments()) == made


def test_a_key_in_use_is_refused_until_it_is_free(client: Client, twin: StripeTwin) -> None:
    first = client.v1.payment_intents.create(PARAMS, KEY)
    in_use = "UPDATE idempotency_keys SET status = NULL, body = NULL, busy_until = ?"

    with twin.books() as books:
        books.connection.execute(in_use, [time.time() + 60])
    with pytest.raises(stripe.APIError) as caught:
        client.v1.payment_intents.create(PARAMS, KEY)
    with twin.books() as books:
        books.connection.execute(in_use, [0])

    assert (caught.value.http_status, caught.value.error.code) == (409, "idempotency_key_in_use")
    assert client.v1.payment_intents.create(PARAMS, KEY).id != first.id


def test_a_key_of_a_process_that_has_died_is_free(client: Client, twin: StripeTwin) -> None:
    first = client.v1.payment_intents.create(PARAMS, KEY)
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()

    with twin.books() as books:
        in_use = "UPDATE idempotency_keys SET status = NULL, body = NULL, busy_until = ?, pid = ?"
        books.connection.execute(in_use, [time.time() + 60, dead.pid])

    assert client.v1.payment_intents.create(PARAMS, KEY).id != first.id


def test_whoever_comes_during_a_slow_request_waits_for_its_answer(
    client_with: Callable[..., Client], twin: StripeTwin
) -> None:
    client = client_with(max_network_retries=5)
    twin.fail("payment_intents.create", "delay", milliseconds=200)

    with ThreadPoolExecutor(3) as pool:
        made = {intent.id for intent in pool.map(lambda _: client.v1.payment_intents.create(PARAMS, KEY), range(3))}

    assert made == {payment["id"] for payment in twin.payments()}
    assert len(made) == 1


class HeldStore(Store):
    """Holds one request after it has begun, before it is executed."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.has_begun, self.may_go_on = Event(), Event()
        self._transactions = 0

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        self._transactions += 1
        if self._transactions == 3:  # It is understood in the first, and begins in the second.
            self.has_begun.set()
            assert self.may_go_on.wait(30)
        with super().transaction() as connection:
            yield connection


@contextmanager
def a_request_under_way(path: str) -> Iterator[tuple[HeldStore, Future[stripe.PaymentIntent]]]:
    store = HeldStore(path)
    sender = TwinHTTPClient(partial(server.handle, store), base_url=BASE_URL, timeout=80)
    client = Client(SECRET_KEY, http_client=sender, max_network_retries=0)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.v1.payment_intents.create, PARAMS, KEY)
        assert store.has_begun.wait(30)
        try:
            yield store, answer
        finally:
            store.may_go_on.set()


def test_two_requests_at_one_time_are_one_and_a_409(client: Client, twin: StripeTwin, twin_path: str) -> None:
    with a_request_under_way(twin_path) as (store, first):
        with pytest.raises(stripe.APIError) as caught:
            client.v1.payment_intents.create(PARAMS, KEY)
        assert twin.payments() == []
        store.may_go_on.set()
        made = first.result(30)

    assert (caught.value.http_status, caught.value.error.code) == (409, "idempotency_key_in_use")
    assert client.v1.payment_intents.create(PARAMS, KEY).id == made.id
    assert len(twin.payments()) == 1


def test_who_was_taken_for_dead_finds_what_was_done_meanwhile(client: Client, twin: StripeTwin, twin_path: str) -> None:
    with a_request_under_way(twin_path) as (store, first):
        with twin.books() as books:
            books.connection.execute("UPDATE idempotency_keys SET busy_until = 0")
        made = client.v1.payment_intents.create(PARAMS, KEY)
        store.may_go_on.set()
        assert first.result(30).id == made.id

    assert len(twin.payments()) == 1


def test_a_refusal_that_is_not_remembered_frees_the_key(client: Client) -> None:
    wrong: Any = PARAMS | {"colour": "red"}
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError, match="colour"):
            client.v1.payment_intents.create(wrong, KEY)


def test_keys_of_two_accounts_are_two_keys(twin: StripeTwin, client: Client) -> None:
    twin.open_account("acct_other", "sk_test_other")
    other = stripe.StripeClient("sk_test_other", http_client=twin.http_client())

    assert client.v1.payment_intents.create(PARAMS, KEY).id != other.v1.payment_intents.create(PARAMS, KEY).id


def test_many_threads_with_one_key_make_one_object(client_with: Callable[..., Client], twin: StripeTwin) -> None:
    client = client_with(max_network_retries=5)
    with ThreadPoolExecutor(8) as pool:
        made = [intent.id for intent in pool.map(lambda _: client.v1.payment_intents.create(PARAMS, KEY), range(20))]

    assert len(set(made)) == 1
    assert Counter(entry["verb"] for entry in twin.ledger_entries()) == {"initiate": 1}


def test_many_threads_with_keys_of_their_own_never_refund_too_much(client: Client, twin: StripeTwin) -> None:
    intent = client.v1.payment_intents.create(PARAMS)
    twin.dashboard.pay(intent.id)

    def refund(number: int) -> int:
        try:
            params: Any = {"payment_intent": intent.id, "amount": 300}
            return client.v1.refunds.create(params, {"idempotency_key": f"payop_{number}"}).amount
        except stripe.InvalidRequestError:
            return 0

    with ThreadPoolExecutor(8) as pool:
        refunded = list(pool.map(refund, range(10)))

    payment = twin.payment(intent.id)
    assert sum(refunded) == 1800
    assert payment is not None
    assert payment.refunded == 1800
