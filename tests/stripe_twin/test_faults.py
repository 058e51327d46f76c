import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import stripe
from requests import exceptions

from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.stripe_twin.conftest import Client

pytestmark = pytest.mark.any_engine

PARAMS: Any = {"amount": 2000, "currency": "eur", "metadata": {"session_id": "payses_1"}}
KEY: Any = {"idempotency_key": "payop_1"}

KILLED = 137


@pytest.mark.parametrize(
    ("fault", "cause", "made"),
    [
        ("unreachable", exceptions.ConnectionError, 0),
        ("timeout_before", exceptions.ReadTimeout, 0),
        ("timeout_after", exceptions.ReadTimeout, 1),
        ("reset_before", exceptions.ConnectionError, 0),
        ("reset_after", exceptions.ConnectionError, 1),
    ],
)
def test_an_answer_is_lost_as_on_a_network(
    client: Client, twin: StripeTwin, fault: str, cause: type[Exception], made: int
) -> None:
    twin.fail("payment_intents.create", fault)

    with pytest.raises(stripe.APIConnectionError) as caught:
        client.v1.payment_intents.create(PARAMS, KEY)

    assert isinstance(caught.value.__cause__, cause)
    assert caught.value.should_retry
    assert len(twin.payments("payses_1")) == made
    intent = client.v1.payment_intents.create(PARAMS, KEY)
    assert [payment["id"] for payment in twin.payments()] == [intent.id]


def test_the_library_tries_again_with_the_same_key(client_with: Callable[..., Client], twin: StripeTwin) -> None:
    twin.fail("payment_intents.create", "timeout_after")

    intent = client_with(max_network_retries=1).v1.payment_intents.create(PARAMS)

    assert [payment["id"] for payment in twin.payments()] == [intent.id]


def test_a_fault_can_be_for_the_first_call_of_every_key(client: Client, twin: StripeTwin) -> None:
    twin.fail("payment_intents.create", "timeout_before", for_each_key=True)

    for key in ("payop_1", "payop_2"):
        with pytest.raises(stripe.APIConnectionError):
            client.v1.payment_intents.create(PARAMS, {"idempotency_key": key})
        client.v1.payment_intents.create(PARAMS, {"idempotency_key": key})

    assert len(twin.payments()) == 2


def test_faults_are_for_one_endpoint_until_they_are_stopped(client: Client, twin: StripeTwin) -> None:
    twin.fail("customers.create", "rate_limited", times=None)

    client.v1.payment_intents.create(PARAMS)
    for _ in range(3):
        with pytest.raises(stripe.RateLimitError):
            client.v1.customers.create()
    twin.stop_failing()

    assert client.v1.customers.create().id


@pytest.mark.parametrize(("fault", "code"), [("rate_limited", "rate_limit"), ("lock_timeout", "lock_timeout")])
def test_being_told_to_wait_keeps_no_key(client: Client, twin: StripeTwin, fault: str, code: str) -> None:
    twin.fail("payment_intents.create", fault)

    with pytest.raises(stripe.RateLimitError) as caught:
        client.v1.payment_intents.create(PARAMS, KEY)

    assert (caught.value.error.code, twin.payments()) == (code, [])
    assert client.v1.payment_intents.create(PARAMS, KEY).id


def test_an_endpoint_that_is_none_cannot_fail(twin: StripeTwin) -> None:
    with pytest.raises(ValueError, match="unknown endpoint"):
        twin.fail("payment_intents.explode", "timeout_before")


@pytest.mark.parametrize(("fault", "made"), [("crash_before", 0), ("crash_after", 1)])
def test_a_killed_process_loses_nothing_that_was_done(twin: StripeTwin, twin_path: str, fault: str, made: int) -> None:
    twin.fail("payment_intents.create", fault)
    command = [sys.executable, "-m", "tests.stripe_twin.processes", twin_path, "payop_1", "1"]

    killed = subprocess.run(command, capture_output=True, text=True)
    after_kill = len(twin.payments())
    again = subprocess.run(command, capture_output=True, text=True)

    assert (killed.returncode, killed.stdout) == (KILLED, "")
    assert after_kill == made
    assert again.returncode == 0, again.stderr
    assert [payment["id"] for payment in twin.payments()] == again.stdout.split()


def test_two_processes_with_one_key_make_one_object(twin: StripeTwin, twin_path: str) -> None:
    command = [sys.executable, "-m", "tests.stripe_twin.processes", twin_path, "payop_1", "10"]

    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0].split() for process in started]

    assert {len(ids) for ids in said} == {10}
    assert {intent_id for ids in said for intent_id in ids} == {payment["id"] for payment in twin.payments()}
    assert len(twin.payments()) == 1
