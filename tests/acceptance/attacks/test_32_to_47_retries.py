"""Scenarios 32 and 33: callers without a key who repeat what they weren't answered. The money moves once."""

import io
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.test import Client

from medusa_payments import signals
from medusa_payments.api.wire.renderers import JSONRenderer
from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import Conflict, InvalidData, PaymentOutcomeUnknown, PaymentsError, ProviderNotReachable
from medusa_payments.models import Debt, Operation, Payment, RefundReason
from medusa_payments.services import captures, collection_refunds, refunds
from tests.audit import recover
from tests.proofs.crashes.processes import RETURNED, run_in_child
from tests.scripted import DATABASE_IS_GONE, Script, answer_lost, declined, lost, unavailable
from tests.till import Till

pytestmark = pytest.mark.django_db

Moved = Callable[[str], list[int]]

THIRTY = Decimal(30)


def refund(payment: Payment, who: str = "ann", **asked: Any) -> Payment:
    return refunds.refund(payment_id=payment.pk, created_by=who, **({"amount": THIRTY} | asked))


def capture(payment: Payment, who: str = "ann", **asked: Any) -> Payment:
    return captures.capture(payment_id=payment.pk, created_by=who, **({"amount": THIRTY} | asked))


def back_later(seconds: float = 6) -> None:
    """Let time pass for whoever was told to come back."""
    earlier = {name: F(name) - timedelta(seconds=seconds) for name in ("incurred_at", "back_at", "handed_at")}
    Debt.objects.update(**earlier)


def pass_time(**ago: float) -> None:
    Operation.objects.exclude(settled_at=None).update(settled_at=F("settled_at") - timedelta(**ago))
    Debt.objects.exclude(paid_at=None).update(paid_at=F("paid_at") - timedelta(**ago))


@pytest.fixture(params=["capture", "refund"])
def move(request: pytest.FixtureRequest, till: Till) -> tuple[Payment, str, Callable[..., Payment]]:
    """A payment, a verb, and the service behind it."""
    verb: str = request.param
    payment = till.authorized() if verb == "capture" else till.captured()
    return payment, verb, {"capture": capture, "refund": refund}[verb]


Move = tuple[Payment, str, Callable[..., Payment]]


@contextmanager
def unknown(script: Script, verb: str, answer: Any = answer_lost) -> Iterator[None]:
    script[verb] = answer
    with pytest.raises(PaymentOutcomeUnknown):
        yield
    script.clear()


class Test32TwoCallersRepeatALostAnswer:
    @pytest.mark.parametrize("crowd", [["ann"] * 10, [f"clerk {n}" for n in range(10)]], ids=["tabs", "clerks"])
    @pytest.mark.django_db(transaction=True)
    @pytest.mark.race
    def test_32_ten_callers_at_once_who_do_as_they_are_told_move_money_once(
        self, move: Move, script: Script, moved: Moved, crowd: list[str]
    ) -> None:
        payment, verb, act = move
        before = len(moved(verb))
        with unknown(script, verb):
            act(payment, crowd[0])
        barrier = Barrier(len(crowd))
        codes: set[str | None] = set()

        def insist(who: str) -> Payment:
            barrier.wait()
            try:
                while True:
                    try:
                        return act(payment, who)
                    except Conflict as error:
                        codes.add(error.code)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(crowd)) as pool:
            answers = list(pool.map(insist, crowd))

        assert moved(verb)[before:] == [3000]
        assert "possible_repeat" not in codes
        assert {
            getattr(answer, f"{verb}d_amount" if verb == "capture" else "refunded_amount") for answer in answers
        } == {3000}

    def test_32_who_was_sent_away_is_answered_when_it_comes_back(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.captured()
        with unknown(script, "refund", lost):
            refund(payment)
        sent_away: list[PaymentsError] = []

        def meanwhile(request: Any, call: Any) -> Any:
            for who in ("ann", "bob"):
                with pytest.raises(Conflict) as refused:
                    refund(payment, who)
                sent_away.append(refused.value)
            return call(request)

        script["refund"] = meanwhile
        refund(payment)
        script.clear()
        assert [error.retry_after for error in sent_away] == [1, 1]

        for who in ("ann", "bob"):
            refund(payment, who)
        assert moved("refund") == [3000]

    def test_32_even_hours_after_the_first_one_was_answered(self, till: Till, script: Script, moved: Moved) -> None:
        payment = till.captured()
        for who in ("ann", "bob"):
            with unknown(script, "refund", lost if who == "ann" else answer_lost):
                refund(payment, who)
        refund(payment, "ann")
        pass_time(hours=5)
        refund(payment, "bob")
        assert moved("refund") == [3000]

    def test_32_a_person_who_asks_for_what_a_client_lost_takes_nothing_from_it(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.captured()
        with unknown(script, "refund"):
            refund(payment, "client")
        assert recover() == 0
        refund(payment, "person")
        refund(payment, "client")
        assert moved("refund") == [3000]
        refund(payment, "person")
        assert moved("refund") == [3000, 3000]

    def test_32_one_clerk_polls_ten_times_and_anothers_equal_refund_moves(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = self._polled(till, script)
        refund(payment, "bob")
        assert moved("refund") == [3000, 3000]

    def test_32_a_clerk_who_polled_is_asked_once_more_before_an_equal_refund_moves(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = self._polled(till, script)
        with pytest.raises(Conflict) as refused:
            refund(payment)
        operation = Operation.objects.get(kind="refund")
        assert (refused.value.code, refused.value.retry_after) == ("possible_repeat", None)
        assert refused.value.details["operation_id"] == operation.pk
        assert "Send an Idempotency-Key" in refused.value.message
        assert moved("refund") == [3000]

        refund(payment, idempotency_key="again")
        assert moved("refund") == [3000, 3000]

    def test_32_a_clerk_who_polled_moves_an_equal_refund_ten_minutes_later(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = self._polled(till, script)
        pass_time(minutes=10)
        refund(payment)
        assert moved("refund") == [3000, 3000]

    def test_32_a_clerk_who_polled_while_the_worker_was_at_work_is_asked_too(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.captured()
        with unknown(script, "refund", lost):
            refund(payment)

        def meanwhile(request: Any, call: Any) -> Any:
            for _ in range(10):
                back_later()
                with pytest.raises(Conflict, match="in progress"):
                    refund(payment)
            return call(request)

        script["refund"] = meanwhile
        refund(payment, "bob")
        script.clear()
        refund(payment)
        with pytest.raises(Conflict, match="Send an Idempotency-Key"):
            refund(payment)
        refund(payment, "bob")
        assert moved("refund") == [3000, 3000]

    @pytest.mark.parametrize("amount", [None, Decimal(100)], ids=["no amount", "the whole amount"])
    def test_32_a_clerk_who_polled_is_not_asked_where_nothing_is_left_to_move(
        self, till: Till, script: Script, moved: Moved, amount: Decimal | None
    ) -> None:
        payment = till.authorized()
        script["capture"] = lost
        for _ in range(11):
            with pytest.raises(PaymentOutcomeUnknown):
                capture(payment, amount=amount)
            back_later()
        script.clear()
        for _ in range(3):
            assert capture(payment, amount=amount).captured_amount == 10000
        assert moved("capture") == [10000]

    def _polled(self, till: Till, script: Script) -> Payment:
        payment = till.captured()
        script["refund"] = lost
        for _ in range(11):
            with pytest.raises(PaymentOutcomeUnknown):
                refund(payment)
            back_later()
        script.clear()
        refund(payment)
        return payment

    def test_32_another_note_waits_while_it_is_unknown_and_is_new_beside_a_finished_one(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.captured()
        with unknown(script, "refund", lost):
            refund(payment, note="Dented box")
        operation = Operation.objects.get(kind="refund")
        reason = RefundReason.objects.create(label="Late", code="late")
        for other in ({"note": "Late"}, {"refund_reason_id": reason.pk}, {"metadata": {"a": 1}}, {"amount": None}):
            with pytest.raises(PaymentOutcomeUnknown) as blocked:
                refund(payment, **({"note": "Dented box"} | other))
            assert blocked.value.details["operation_id"] == operation.pk
        assert Debt.objects.filter(operation=operation).count() == 1
        assert recover() == 0
        refund(payment, note="Late")
        refund(payment, note="Dented box")
        assert sorted(moved("refund")) == [3000, 3000]

    @pytest.mark.parametrize("first", [None, ""])
    def test_32_an_empty_note_is_no_other_one(
        self, till: Till, script: Script, moved: Moved, first: str | None
    ) -> None:
        """One client leaves the note out; staff who repeat it do so with a form that sends an empty one."""
        payment = till.captured()
        second = "" if first is None else None
        across = partial(
            collection_refunds.refund, payment_collection_id=payment.payment_collection_id, amount=Decimal(20)
        )
        with unknown(script, "refund", lost):
            refund(payment, note=first)
        refund(payment, "bob", note=second)
        with unknown(script, "refund", lost):
            across(note=first, created_by="ann")
        across(note=second, created_by="bob")
        assert sorted(moved("refund")) == [2000, 3000]

    @pytest.mark.parametrize(("first", "second"), [(None, {}), ({}, None)])
    def test_32_nor_is_empty_metadata(
        self, till: Till, script: Script, moved: Moved, first: dict[str, Any] | None, second: dict[str, Any] | None
    ) -> None:
        payment = till.captured()
        with unknown(script, "refund", lost):
            refund(payment, metadata=first)
        refund(payment, "bob", metadata=second)
        assert moved("refund") == [3000]

    def test_32_a_refund_that_could_not_be_sent_is_reopened_as_long_as_it_fits(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.captured()
        script["refund"] = unavailable
        with pytest.raises(ProviderNotReachable):
            refund(payment, amount=Decimal(60))
        script.clear()
        refund(payment, amount=Decimal(50))
        with pytest.raises(InvalidData):
            refund(payment, amount=Decimal(60))
        assert moved("refund") == [5000]

    def test_32_after_it_was_reopened_both_who_were_told_to_come_again_are_answered(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.captured()
        script["refund"] = unavailable
        for who in ("ann", "bob"):
            with pytest.raises(ProviderNotReachable):
                refund(payment, who)
        script.clear()
        for who in ("bob", "ann"):
            refund(payment, who)
        assert moved("refund") == [3000]
        assert Operation.objects.filter(kind="refund").count() == 1

    def test_32_a_refusal_is_an_answer(self, till: Till, script: Script, moved: Moved) -> None:
        payment = till.captured()
        script["refund"] = declined
        with pytest.raises(PaymentsError):
            refund(payment)
        script.clear()
        refund(payment)
        assert moved("refund") == [3000]

    def test_32_across_payments_too(self, till: Till, script: Script, moved: Moved) -> None:
        payment = till.captured()

        def across(who: str, **asked: Any) -> None:
            collection_refunds.refund(
                payment_collection_id=payment.payment_collection_id, created_by=who, **({"amount": THIRTY} | asked)
            )

        with unknown(script, "refund"):
            across("ann")
        part = Operation.objects.get(kind="refund")
        with pytest.raises(PaymentOutcomeUnknown) as blocked:
            refund(payment)
        assert blocked.value.details["operation_id"] == part.pk
        for who in ("bob", "ann"):
            across(who)
        assert moved("refund") == [3000]
        refund(payment)
        assert moved("refund") == [3000, 3000]

    def test_32_all_that_remains_is_asked_for_twice(self, till: Till, script: Script, moved: Moved) -> None:
        payment = till.authorized()
        for who in ("ann", "bob"):
            with unknown(script, "capture", lost):
                capture(payment, who, amount=None)
        capture(payment, "bob", amount=Decimal(100))
        assert capture(payment, "ann", amount=None).captured_amount == 10000
        assert moved("capture") == [10000]


@pytest.fixture
def token(till: Till) -> str:
    User.objects.create_superuser("ann@example.com", "ann@example.com", "secret")
    login = {"email": "ann@example.com", "password": "secret"}
    answer = Client().post("/auth/user/emailpass", login, content_type="application/json")
    return str(answer.json()["token"])


class Wire:
    """A server in front of the shop, whose connections may break."""

    def __init__(self, token: str) -> None:
        self.token = token

    def begin(self, path: str, body: Any) -> tuple[int, Any]:
        """Send a request and return the status, and the response that the server is to write."""
        content = json.dumps(body).encode()
        status: list[int] = []
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(content)),
            "HTTP_AUTHORIZATION": f"Bearer {self.token}",
            "wsgi.input": io.BytesIO(content),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
        }
        response = WSGIHandler()(environ, lambda line, _headers: status.append(int(line[:3])))
        return status[0], response

    def post(self, path: str, body: Any, *, breaks: bool = False) -> int:
        status, response = self.begin(path, body)
        try:
            for _ in response:
                if breaks:
                    return status
        finally:
            response.close()
        return status


@pytest.fixture
def wire(token: str) -> Iterator[Wire]:
    """The test's transaction lives on between two requests."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield Wire(token)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


class MiddlewareThatRaises:
    """Once, after the view has answered."""

    is_due = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if type(self).is_due and request.path.startswith("/admin"):
            type(self).is_due = False
            raise RuntimeError("The session could not be stored.")
        return response


class Test33AnAnswerCountsWhenItWasGiven:
    @pytest.fixture
    def path(self, till: Till) -> str:
        return f"/admin/payments/{till.captured().pk}/refund"

    def test_33_what_was_delivered_is_another_intent_the_next_time(self, wire: Wire, path: str, moved: Moved) -> None:
        assert [wire.post(path, {"amount": 30}) for _ in range(2)] == [200, 200]
        assert moved("refund") == [3000, 3000]
        assert not Debt.objects.filter(paid_at=None).exists()

    def test_33_so_is_what_the_test_client_was_given(self, token: str, path: str, moved: Moved) -> None:
        for _ in range(2):
            headers = {"authorization": f"Bearer {token}"}
            client = Client()
            assert client.post(path, {"amount": 30}, "application/json", headers=headers).status_code == 200
        assert moved("refund") == [3000, 3000]

    @pytest.mark.parametrize("verb", ["capture", "refund"])
    @pytest.mark.parametrize("version", ["", "/v1"])
    def test_33_a_broken_connection(self, wire: Wire, till: Till, moved: Moved, verb: str, version: str) -> None:
        payment = till.captured() if verb == "refund" else till.authorized()
        before = len(moved(verb))
        path = f"{version}/admin/payments/{payment.pk}/{verb}"
        body = (
            {"amount": 3000, "reason": "return"} if version and verb == "refund" else {} if version else {"amount": 30}
        )
        wire.post(path, body, breaks=True)
        assert Debt.objects.get(operation__kind=verb, who__gt="").paid_at is None
        assert wire.post(path, body) == 200
        assert len(moved(verb)) == before + 1
        assert not Debt.objects.filter(who__gt="", paid_at=None).exists()

    def test_33_a_broken_connection_across_payments(self, wire: Wire, till: Till, moved: Moved) -> None:
        path = f"/admin/payment-collections/{till.captured().payment_collection_id}/refund"
        for breaks in (True, False):
            assert wire.post(path, {"amount": 30}, breaks=breaks) == 200
        assert moved("refund") == [3000]
        assert wire.post(path, {"amount": 30}) == 200
        assert moved("refund") == [3000, 3000]

    def test_33_a_refusal_is_owed_like_any_answer(self, wire: Wire, path: str, script: Script, moved: Moved) -> None:
        script["refund"] = declined
        assert wire.post(path, {"amount": 30}, breaks=True) == 422
        script.clear()
        assert [wire.post(path, {"amount": 30}) for _ in range(2)] == [422, 200]
        assert moved("refund") == [3000]

    def test_33_a_middleware_that_raises(self, wire: Wire, path: str, settings: Any, moved: Moved) -> None:
        settings.MIDDLEWARE = [f"{__name__}.MiddlewareThatRaises", *settings.MIDDLEWARE]
        MiddlewareThatRaises.is_due = True
        assert [wire.post(path, {"amount": 30}) for _ in range(2)] == [500, 200]
        assert moved("refund") == [3000]

    def test_33_rendering_that_raises(
        self, wire: Wire, path: str, monkeypatch: pytest.MonkeyPatch, moved: Moved
    ) -> None:
        def fail(*_: Any, **__: Any) -> bytes:
            raise RuntimeError("No memory left.")

        with monkeypatch.context() as patch:
            patch.setattr(JSONRenderer, "render", fail)
            assert wire.post(path, {"amount": 30}) == 500
        assert wire.post(path, {"amount": 30}) == 200
        assert moved("refund") == [3000]

    @pytest.mark.parametrize(
        ("error", "status", "repeated"),
        [
            (RuntimeError("A property of the host raises."), 500, 500),
            (Conflict("Another request for it is in progress."), 409, 409),
            (ProviderNotReachable("Nobody answers."), 503, 503),
            # What was sent isn't known by then; who repeats it sends nothing.
            (DATABASE_IS_GONE, 409, 503),
        ],
    )
    def test_33_a_document_that_can_not_be_built(
        self,
        wire: Wire,
        path: str,
        monkeypatch: pytest.MonkeyPatch,
        moved: Moved,
        error: Any,
        status: int,
        repeated: int,
    ) -> None:
        """Whatever the error, and however often: its answer tells nothing of the refund, so nothing is paid by it."""

        def fail(*_: Any, **__: Any) -> Any:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr("medusa_payments.api.admin.payments.ADMIN_PAYMENT.represent", fail)
            assert [wire.post(path, {"amount": 30}) for _ in range(3)] == [status, repeated, repeated]
        assert Debt.objects.get(who__gt="").paid_at is None
        assert wire.post(path, {"amount": 30}) == 200
        assert Debt.objects.get(who__gt="").paid_at is not None
        assert moved("refund") == [3000]

    def test_33_a_receiver_that_hangs_until_the_client_asks_again(
        self, wire: Wire, path: str, moved: Moved, listen: Callable[[Callable[..., Any]], None]
    ) -> None:
        meanwhile: list[int] = []

        def hang(**_: Any) -> None:
            meanwhile.append(wire.post(path, {"amount": 30}))

        listen(hang)
        wire.post(path, {"amount": 30}, breaks=True)
        assert meanwhile == [200]
        assert moved("refund") == [3000]

    def test_33_a_receiver_that_raises(
        self, wire: Wire, path: str, moved: Moved, listen: Callable[[Callable[..., Any]], None]
    ) -> None:
        def fail(**_: Any) -> None:
            raise RuntimeError("Out of paper.")

        listen(fail)
        assert wire.post(path, {"amount": 30}, breaks=True) == 200
        assert wire.post(path, {"amount": 30}) == 200
        assert moved("refund") == [3000]

    def test_33_a_receiver_that_moves_money_itself_has_its_answer_when_the_service_returns(
        self, wire: Wire, path: str, moved: Moved, listen: Callable[[Callable[..., Any]], None]
    ) -> None:
        listen(lambda **_: refund(Payment.objects.get(), "receiver", amount=Decimal(10)))
        wire.post(path, {"amount": 30}, breaks=True)
        refund(Payment.objects.get(), "receiver", amount=Decimal(10))
        assert moved("refund") == [3000, 1000, 1000]

    @pytest.fixture
    def listen(self, transactional_db: None) -> Iterator[Callable[[Callable[..., Any]], None]]:
        """Return a function that has a receiver told of the next refund, and of no other."""
        connected: list[Callable[..., Any]] = []

        def connect(receive: Callable[..., Any]) -> None:
            def once(**said: Any) -> None:
                signals.payment_refunded.disconnect(once)
                receive(**said)

            connected.append(once)
            signals.payment_refunded.connect(once)

        yield connect
        for once in connected:
            signals.payment_refunded.disconnect(once)

    @pytest.mark.django_db(transaction=True)
    def test_33_a_process_that_dies_with_the_response_in_its_hands(self, wire: Wire, path: str, moved: Moved) -> None:
        def die() -> None:
            wire.begin(path, {"amount": 30})
            os._exit(RETURNED)

        assert run_in_child(die) == RETURNED
        assert moved("refund") == [3000]
        assert wire.post(path, {"amount": 30}) == 200
        assert moved("refund") == [3000]

    def test_33_a_payment_of_the_debt_that_fails_is_nobodys_error(
        self, wire: Wire, path: str, monkeypatch: pytest.MonkeyPatch, moved: Moved
    ) -> None:
        def fail(*_: Any, **__: Any) -> Any:
            raise RuntimeError("The database is gone.")

        with monkeypatch.context() as patch:
            status, response = wire.begin(path, {"amount": 30})
            list(response)
            patch.setattr("medusa_payments.core.base.debts.primary", fail)
            response.close()
        assert status == 200
        assert wire.post(path, {"amount": 30}) == 200
        assert moved("refund") == [3000]

    def test_33_in_python_an_answer_counts_when_the_service_returns(self, till: Till, moved: Moved) -> None:
        payment = till.captured()
        for _ in range(2):
            refund(payment)
        assert moved("refund") == [3000, 3000]

    def test_33_what_somebody_else_found_out_is_told_to_who_lost_it(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.captured()
        with unknown(script, "refund"):
            refund(payment)
        comparing.look_at(payment.payment_session_id)
        for _ in range(2):
            refund(payment)
        assert moved("refund") == [3000, 3000]
