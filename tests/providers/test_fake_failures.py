"""How the fake provider fails when it is steered to, and what is true of the money then."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import msgspec
import pytest

from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.providers.types import ProviderRequest
from medusa_payments.testing import fake_provider
from medusa_payments.testing.fake_provider import KILLED, FakeProvider
from tests.providers.desk import VERBS, Desk

pytestmark = pytest.mark.any_engine

every_verb = pytest.mark.parametrize("verb", VERBS)


class TestNothingExecuted:
    @every_verb
    @pytest.mark.parametrize(("outcome", "error"), [("declined", ProviderDeclined), ("rejected", ProviderRejected)])
    def test_refusals_hit_every_new_key(self, desk: Desk, verb: str, outcome: str, error: type[ProviderError]) -> None:
        request = desk.first_call(verb, outcome=outcome)
        before = desk.provider.ledger_entries()

        for key in ("payop_a", "payop_b", "payop_a"):
            with pytest.raises(error) as refused:
                desk.call(verb, replace(request, idempotency_key=key))
            assert refused.value.code == outcome

        assert desk.provider.ledger_entries() == before

    @every_verb
    def test_unavailable_hits_every_call(self, desk: Desk, verb: str) -> None:
        request = desk.first_call(verb, outcome="unavailable")
        before = desk.provider.ledger_entries()

        for key in ("payop_a", "payop_b", "payop_a"):
            with pytest.raises(ProviderUnavailable):
                desk.call(verb, replace(request, idempotency_key=key))

        assert desk.provider.ledger_entries() == before

    def test_a_refused_update_changes_no_data(self, desk: Desk) -> None:
        ref = desk.ready_for("update", outcome="requires_more")

        with pytest.raises(ProviderDeclined):
            desk.send("update", ref, 5, on="update", outcome="declined")

        authorized = desk.send("authorize", ref)
        assert (authorized.status, authorized.money.minor_units) == ("requires_more", 10_000)


class TestLostAnswers:
    @every_verb
    def test_timeout_before_executes_nothing_on_the_first_call_of_a_key(self, desk: Desk, verb: str) -> None:
        request = desk.first_call(verb, outcome="timeout_before")
        before = len(desk.moved())

        with pytest.raises(ProviderOutcomeUnknown):
            desk.call(verb, request)
        assert len(desk.moved()) == before

        first = desk.call(verb, request)
        assert len(desk.moved()) == before + 1
        assert desk.call(verb, request) == first

    @every_verb
    def test_timeout_after_executes_on_the_first_call_of_a_key(self, desk: Desk, verb: str) -> None:
        request = desk.first_call(verb, outcome="timeout_after")
        before = len(desk.moved())

        with pytest.raises(ProviderOutcomeUnknown):
            desk.call(verb, request)
        assert len(desk.moved()) == before + 1

        first = desk.call(verb, request)
        assert desk.call(verb, request) == first
        assert len(desk.moved()) == before + 1

    @pytest.mark.parametrize("outcome", ["timeout_before", "timeout_after"])
    def test_every_key_has_a_first_call(self, desk: Desk, outcome: str) -> None:
        ref = desk.ready_for("capture", on="capture", outcome=outcome)

        for key in ("payop_a", "payop_b"):
            with pytest.raises(ProviderOutcomeUnknown):
                desk.send("capture", ref, 1_000, key=key)
            assert desk.send("capture", ref, 1_000, key=key).money.minor_units == 1_000

        assert desk.moved("capture") == [1_000, 1_000]

    def test_a_refusal_can_be_lost_too(self, desk: Desk) -> None:
        ref = desk.ready_for("capture", on="capture", outcome="timeout_after")

        with pytest.raises(ProviderOutcomeUnknown):
            desk.send("capture", ref, 10_001, key="payop_a")
        with pytest.raises(ProviderRejected) as refused:
            desk.send("capture", ref, 10_001, key="payop_a")

        assert refused.value.code == "amount_too_large"


class TestDelays:
    @pytest.fixture
    def slept(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """Let no time pass, and say how much would have."""
        seconds: list[float] = []
        monkeypatch.setattr(fake_provider.time, "sleep", seconds.append)
        return seconds

    @every_verb
    def test_the_first_call_of_a_key_takes_its_time(self, desk: Desk, slept: list[float], verb: str) -> None:
        request = desk.first_call(verb, delay_ms=250)
        slept.clear()

        first = desk.call(verb, request)

        assert slept == [0.25]
        assert desk.call(verb, request) == first
        assert slept == [0.25]

    def test_other_verbs_are_quick(self, desk: Desk, slept: list[float]) -> None:
        desk.ready_for("refund", on="refund", delay_ms=250)

        assert set(slept) == {0}

    def test_the_books_are_free_meanwhile(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        request = desk.first_call("authorize", delay_ms=250)
        entries: list[int] = []
        monkeypatch.setattr(fake_provider.time, "sleep", lambda _: entries.extend(desk.moved()))

        desk.call("authorize", request)

        assert entries == [10_000]
        assert desk.moved() == [10_000, 10_000]

    def test_one_beyond_the_timeout_loses_the_answer(self, ledger_path: str, slept: list[float]) -> None:
        desk = Desk(FakeProvider("pp_fake_fake", {"ledger_path": ledger_path, "timeout_seconds": 0.1}))
        request = desk.first_call("authorize", delay_ms=101)
        slept.clear()

        with pytest.raises(ProviderOutcomeUnknown):
            desk.call("authorize", request)

        assert slept == [0.1]
        assert desk.moved("authorize") == [10_000]
        assert desk.call("authorize", request).status == "authorized"


def start_child(ledger_path: str, verb: str, requests: Sequence[ProviderRequest]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.providers.child", ledger_path, verb, msgspec.json.encode(requests)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def refusals_in(child: "subprocess.Popen[bytes]") -> int:
    output, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    return int(output)


class TestKilledProcesses:
    @every_verb
    def test_killed_before_execution(self, desk: Desk, ledger_path: str, verb: str) -> None:
        request = desk.first_call(verb, outcome="crash_before")
        before = len(desk.moved())

        child = start_child(ledger_path, verb, [request])

        assert child.communicate(timeout=60) == (b"", None)
        assert child.returncode == KILLED
        assert len(desk.moved()) == before
        desk.call(verb, request)
        assert len(desk.moved()) == before + 1

    @every_verb
    def test_killed_after_execution(self, desk: Desk, ledger_path: str, verb: str) -> None:
        request = desk.first_call(verb, outcome="crash_after")
        before = len(desk.moved())

        child = start_child(ledger_path, verb, [request])

        assert child.communicate(timeout=60) == (b"", None)
        assert child.returncode == KILLED
        assert len(desk.moved()) == before + 1
        desk.call(verb, request)
        assert len(desk.moved()) == before + 1


def at_once(number: int, call: Callable[[int], Any]) -> list[Any]:
    """Let threads call together; the class of an error is its answer."""
    barrier = Barrier(number)

    def run(index: int) -> Any:
        barrier.wait()
        try:
            return call(index)
        except ProviderError as error:
            return type(error)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


class TestManyCallers:
    def test_threads_with_one_key_get_one_answer(self, desk: Desk) -> None:
        request = desk.first_call("capture", delay_ms=20)

        answers = at_once(20, lambda _: desk.call("capture", request))

        assert [answer == answers[0] for answer in answers] == [True] * 20
        assert desk.moved("capture") == [10_000]

    def test_threads_never_exceed_a_limit(self, desk: Desk) -> None:
        ref = desk.ready_for("capture", on="capture", delay_ms=20)

        answers = at_once(20, lambda index: desk.send("capture", ref, 3_000, key=f"payop_{index}"))

        assert answers.count(ProviderRejected) == 17
        assert desk.moved("capture") == [3_000] * 3

    def test_only_one_of_many_first_calls_is_lost(self, desk: Desk) -> None:
        request = desk.first_call("capture", outcome="timeout_before")

        answers = at_once(10, lambda _: desk.call("capture", request))

        assert answers.count(ProviderOutcomeUnknown) == 1
        assert desk.moved("capture") == [10_000]

    def test_processes_share_keys_and_limits(self, desk: Desk, ledger_path: str) -> None:
        ref = desk.ready_for("capture")
        shared = [desk.request("capture", ref, 100, key=f"payop_shared_{number}") for number in range(20)]
        own = [[desk.request("capture", ref, 300) for _ in range(20)] for _ in range(3)]

        children = [start_child(ledger_path, "capture", [*shared, *requests]) for requests in own]
        refusals = [refusals_in(child) for child in children]

        captured = desk.moved("capture")
        assert captured.count(100) == 20
        assert captured.count(300) == 26
        assert sum(refusals) == 60 - 26

    def test_a_forked_child_uses_the_same_provider(self, ledger_path: str) -> None:
        program = (
            "import os, sys\n"
            "from medusa_payments.testing.fake_provider import FakeProvider\n"
            "from tests.providers.desk import Desk\n"
            "desk = Desk(FakeProvider('pp_fake_fake', {'ledger_path': sys.argv[1]}))\n"
            "ref = desk.ready_for('capture')\n"
            "child = os.fork()\n"
            "for number in range(20):\n"
            "    desk.send('capture', ref, 1, key=f'payop_{child > 0}_{number}')\n"
            "if child:\n"
            "    sys.exit(os.waitpid(child, 0)[1])\n"
        )

        subprocess.run([sys.executable, "-c", program, ledger_path], check=True, timeout=60)

        provider = FakeProvider("pp_fake_fake", {"ledger_path": ledger_path})
        assert [entry["verb"] for entry in provider.ledger_entries()].count("capture") == 40


def test_knows_no_django_but_the_translation_of_texts() -> None:
    program = (
        "import sys, django.utils.translation\n"
        "before = set(sys.modules)\n"
        "import medusa_payments.testing.fake_provider\n"
        "more = {name for name in set(sys.modules) - before if name.split('.')[0] in {'django', 'rest_framework'}}\n"
        "sys.exit(sorted(more) or 0)\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
