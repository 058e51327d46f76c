"""Scenarios 41 and 42: a provider that hangs, and one that says what no database stores."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event as Signal
from threading import Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.models.functions import Now
from django.test import Client

from medusa_payments.core.base import calls
from medusa_payments.core.reconciliation import run
from medusa_payments.core.saga import comparing
from medusa_payments.customers import Customer
from medusa_payments.exceptions import (
    InvalidData,
    PaymentAuthorizationError,
    PaymentOutcomeUnknown,
    PaymentsError,
    ProviderNotReachable,
)
from medusa_payments.management.commands.payments_reconcile import NOT_ALL_WAS_COMPARED
from medusa_payments.core.base import providers
from medusa_payments.models import (
    Capture,
    Event,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
    WebhookEvent,
    WebhookRefusal,
)
from medusa_payments.providers.account_holders import SavedPaymentMethod
from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.providers.facts import CaptureFact, RefundFact, RefundState
from medusa_payments.providers.notices import WebhookNotice, WebhookRefused
from medusa_payments.services import (
    account_holders,
    captures,
    payment_collections,
    payment_methods,
    payment_sessions,
    payments,
    refunds,
    webhooks,
    worker,
)
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.scripted import SECOND, Blind, Script, Scripted, Verb, authorize, changed, euros, lost, run_out
from tests.till import Till

pytestmark = pytest.mark.django_db

NO_AMOUNTS: tuple[Any, ...] = (2**63, 10000.0)
ODD = "odd \0 \ud800 " + "x" * 10_000
NO_LIST: tuple[Any, ...] = (None, 7, "pm_1", {"data": []}, object())
NAIVE = datetime(2030, 1, 1)  # noqa: DTZ001
QUICK = 3.0
"""Seconds that are a lot less than what a customer of the hanging provider waits, on a busy machine too."""


class Crowd:
    """Customers in threads of their own, and how long each of them waited."""

    def __init__(self) -> None:
        self._threads: list[Thread] = []
        self.answers: list[tuple[Any, float]] = []

    def send(self, call: Callable[[], Any]) -> None:
        thread = Thread(target=self._run, args=(call,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def leave(self) -> None:
        for thread in self._threads:
            thread.join(timeout=60)

    def _run(self, call: Callable[[], Any]) -> None:
        started = time.monotonic()
        try:
            answer = call()
        except PaymentsError as error:
            answer = error
        finally:
            connections.close_all()
        self.answers.append((answer, time.monotonic() - started))


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.django_db(transaction=True)
class Test41OneAccountHangs:
    @pytest.fixture(autouse=True)
    def of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(calls, "_hung_at", {})

    @pytest.fixture
    def most(self, settings: Any, script: Script) -> int:
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"MAX_PROVIDER_CALLS": 2}
        return 2

    @pytest.fixture
    def crowd(self) -> Iterator[Crowd]:
        crowd = Crowd()
        yield crowd
        crowd.leave()

    @pytest.fixture
    def hang(self, script: Script, crowd: Crowd) -> Iterator[Signal]:
        """The first account hangs in initiate until this is set. How many hang stands in `script["hanging"]`.

        It goes on before the crowd is waited for.
        """
        goes_on = Signal()
        script["hanging"] = []  # type: ignore[assignment]

        def initiate(request: Any, call: Verb) -> Any:
            script["hanging"].append(request.session_id)  # type: ignore[attr-defined]
            goes_on.wait(timeout=60)
            return call(request)

        script["initiate"] = initiate
        yield goes_on
        goes_on.set()

    @pytest.fixture
    def carts(self, till: Till) -> list[str]:
        """Collections of six customers."""
        ids = []
        for number in range(6):
            till.set_total("100", cart_id=f"cart_{number}")
            ids.append(payment_collections.create_for_cart(cart_id=f"cart_{number}").pk)
        return ids

    def choose(self, collection_id: str, provider_id: str = "pp_fake_fake") -> PaymentSession:
        return payment_sessions.initialize(payment_collection_id=collection_id, provider_id=provider_id)

    def test_41_one_hanging_account_keeps_a_few_threads_and_turns_the_others_away_at_once(
        self,
        carts: list[str],
        most: int,
        script: Script,
        hang: Signal,
        crowd: Crowd,
        fake_provider: FakeProvider,
        moved: Callable[[str], list[int]],
    ) -> None:
        for collection_id in carts:
            crowd.send(lambda collection_id=collection_id: self.choose(collection_id))  # type: ignore[misc]
        until(lambda: len(crowd.answers) == len(carts) - most)

        assert all(isinstance(answer, ProviderNotReachable) for answer, _ in crowd.answers)
        assert all(answer.retry_after for answer, _ in crowd.answers)
        assert len(script["hanging"]) == most  # type: ignore[arg-type]
        del crowd.answers[:]
        hang.set()
        crowd.leave()

        # Those who hung are done, the others simply try again; each has one object, and pays once.
        assert [type(answer) for answer, _ in crowd.answers] == [PaymentSession] * most
        for collection_id in carts:
            authorize(self.choose(collection_id))
        assert moved("authorize") == [10000] * len(carts)
        assert differences(fake_provider) == []

    def test_41_customers_of_another_account_notice_nothing(
        self, till: Till, carts: list[str], most: int, script: Script, hang: Signal, crowd: Crowd
    ) -> None:
        for collection_id in carts[:most]:
            crowd.send(lambda collection_id=collection_id: self.choose(collection_id))  # type: ignore[misc]
        until(lambda: len(script["hanging"]) == most)  # type: ignore[arg-type]
        script["initiate"] = lambda request, call: call(request)

        started = time.monotonic()
        session = self.choose(carts[-1], SECOND)
        payment = authorize(session).payment
        captures.capture(payment_id=payment.pk)

        assert time.monotonic() - started < QUICK
        assert Payment.objects.get().captured_amount == 10000

    def test_41_a_customer_is_told_503_and_when_to_come_again(
        self, till: Till, most: int, carts: list[str], script: Script, hang: Signal, crowd: Crowd, client: Client
    ) -> None:
        for collection_id in carts[:most]:
            crowd.send(lambda collection_id=collection_id: self.choose(collection_id))  # type: ignore[misc]
        until(lambda: len(script["hanging"]) == most)  # type: ignore[arg-type]

        answer = client.post(
            f"/store/payment-collections/{carts[-1]}/sessions", {"provider_id": "fake_fake"}, "application/json"
        )

        assert (answer.status_code, answer.json()["type"]) == (503, "unexpected_state")
        assert int(answer["Retry-After"]) > 0
        assert "nothing was done" in answer.json()["message"]

    def test_41_every_kind_of_call_counts(
        self, till: Till, most: int, carts: list[str], script: Script, hang: Signal, crowd: Crowd
    ) -> None:
        holder = account_holders.create(provider_id="pp_fake_fake", customer=Customer(id="cus_1"))
        script["initiate"], initiate = lambda request, call: call(request), script["initiate"]
        payment = till.authorized()
        script["initiate"] = initiate
        for collection_id in carts[2 : 2 + most]:
            crowd.send(lambda collection_id=collection_id: self.choose(collection_id))  # type: ignore[misc]
        until(lambda: len(script["hanging"]) == most)  # type: ignore[arg-type]

        with pytest.raises(ProviderNotReachable):
            captures.capture(payment_id=payment.pk)
        with pytest.raises(ProviderNotReachable):
            payment_methods.list_saved(account_holder_id=holder.pk, customer_id="cus_1")
        with pytest.raises(ProviderNotReachable):
            payment_methods.save(account_holder_id=holder.pk, customer_id="cus_1")
        with pytest.raises(ProviderNotReachable):
            account_holders.create(provider_id="pp_fake_fake", customer=Customer(id="cus_2"))
        with pytest.raises(ProviderNotReachable):
            list(run.reconcile(run.Scope(provider_id="pp_fake_fake")))
        assert comparing.look_at(payment.payment_session_id).waits

        payment.refresh_from_db()
        assert (payment.captured_amount, payment.capturing_amount) == (0, 0)
        hang.set()
        crowd.leave()
        assert captures.capture(payment_id=payment.pk).captured_amount == 10000

    def test_41_without_a_bound_all_are_sent(
        self, settings: Any, carts: list[str], script: Script, hang: Signal, crowd: Crowd
    ) -> None:
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"MAX_PROVIDER_CALLS": None}
        for collection_id in carts:
            crowd.send(lambda collection_id=collection_id: self.choose(collection_id))  # type: ignore[misc]

        until(lambda: len(script["hanging"]) == len(carts))  # type: ignore[arg-type]

    def test_41_a_place_is_given_back_whatever_a_call_ends_in(self, till: Till, most: int, script: Script) -> None:
        payment = till.authorized()
        for error in (ProviderDeclined("No."), ProviderRejected("No."), ProviderUnavailable("No."), ValueError("No.")):

            def fail(_: Any, __: Verb, error: Exception = error) -> Any:
                raise error

            script["capture"] = fail
            for _ in range(most + 1):
                with suppress(PaymentsError):
                    captures.capture(payment_id=payment.pk, amount=Decimal(1))
        script.clear()
        assert captures.capture(payment_id=payment.pk, amount=Decimal(1)).captured_amount >= 100

    def test_41_the_worker_does_the_work_for_other_accounts_and_comes_back_to_it(
        self, till: Till, script: Script, monkeypatch: pytest.MonkeyPatch, fake_provider: FakeProvider
    ) -> None:
        monkeypatch.setattr(calls, "HANGS_AFTER_SECONDS", 0.05)
        asked = []

        def hangs(request: Any, _: Verb) -> Any:
            asked.append(request)
            time.sleep(0.06)
            raise ProviderOutcomeUnknown("No answer.")

        unknown = []
        for number, provider_id in enumerate(("pp_fake_fake", "pp_fake_fake", "pp_fake_fake", SECOND)):
            till.cart_id = f"cart_{number}"
            payment = till.authorized(provider_id)
            script["capture"] = lost
            with pytest.raises(PaymentOutcomeUnknown):
                captures.capture(payment_id=payment.pk)
            script.pop("capture")
            unknown.append(Operation.objects.get(payment=payment, kind="capture"))
            run_out(unknown[-1])

        def retrieve(request: Any, call: Verb) -> Any:
            is_first = PaymentSession.objects.get(pk=request.session_id).provider_id == "pp_fake_fake"
            return hangs(request, call) if is_first else call(request)

        script["retrieve"] = retrieve
        worker.run_once()

        statuses = [Operation.objects.get(pk=operation.pk).status for operation in unknown]
        assert statuses == ["open", "open", "open", "not_executed"]
        assert len(asked) == 1
        attempts = sorted(Operation.objects.get(pk=operation.pk).attempts for operation in unknown[:3])
        assert attempts == [0, 0, 1]
        assert not Operation.objects.filter(needs_person_at__isnull=False).exists()

        script.clear()
        calls._hung_at.clear()
        Operation.objects.update(next_attempt_at=None)
        worker.run_once()
        assert not Operation.objects.filter(status="open").exists()
        assert differences(fake_provider) == []

    def test_41_an_enqueued_refund_waits_for_a_place_and_is_sent_once(
        self, till: Till, script: Script, settings: Any, moved: Callable[[str], list[int]]
    ) -> None:
        payment = till.captured()
        refunds.enqueue_refund(payment_id=payment.pk, amount=Decimal(30))
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"MAX_PROVIDER_CALLS": 0}
        for _ in range(12):
            Operation.objects.filter(status="open").update(next_attempt_at=None)
            worker.run_once()
        operation = Operation.objects.get(kind="refund")
        assert (operation.status, operation.attempts, operation.needs_person_at) == ("open", 0, None)

        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"MAX_PROVIDER_CALLS": 8}
        Operation.objects.filter(status="open").update(next_attempt_at=None)
        worker.run_once()
        assert moved("refund") == [3000]
        assert Refund.objects.get().amount == 3000

    @pytest.mark.parametrize("of", ["a payment", "a replaced session"])
    def test_41_what_the_worker_wants_waits_for_a_place_and_is_no_row_more_each_round(
        self, till: Till, script: Script, settings: Any, moved: Callable[[str], list[int]], of: str
    ) -> None:
        def most(calls: int) -> None:
            settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"MAX_PROVIDER_CALLS": calls}

        session = till.session()
        if of == "a payment":
            authorize(session)
        most(0)
        payment_collections.cancel(payment_collection_id=session.payment_collection_id)
        for _ in range(4):
            Operation.objects.filter(status="open").update(next_attempt_at=None)
            PaymentCollection.objects.update(attention_at=Now())
            worker.run_once()

        waiting = Operation.objects.get(kind="cancel")
        assert (waiting.status, waiting.attempts, waiting.fence) == ("open", 0, 0)
        assert not Event.objects.filter(name="operation.not_executed").exists()
        most(8)
        assert recover() == 0
        assert moved("cancel") == [10000 if of == "a payment" else 0]
        assert Operation.objects.get(kind="cancel").status == "succeeded"

    def test_41_a_customer_who_waits_for_a_release_is_told_that_nothing_was_sent(
        self, till: Till, script: Script, settings: Any
    ) -> None:
        payment = till.authorized()
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"MAX_PROVIDER_CALLS": 0}

        with pytest.raises(ProviderNotReachable, match="nothing was done"):
            payments.cancel(payment_id=payment.pk)

        assert Payment.objects.get().releasing_amount == 0

    def test_41_a_webhook_that_finds_no_place_counts_no_attempt(
        self, till: Till, script: Script, settings: Any, client: Client, fake_provider: FakeProvider
    ) -> None:
        session = till.session()
        fake_provider.dashboard.pay(session.provider_ref or "")
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"MAX_PROVIDER_CALLS": 0}
        body, headers = fake_provider.webhooks()[-1]
        for _ in range(3):
            path = "/hooks/payment/fake_fake"
            assert client.post(path, body, content_type="application/json", headers=headers).status_code == 200
            WebhookEvent.objects.update(next_attempt_at=None)
            worker.run_once()
        event = WebhookEvent.objects.get()
        assert (event.status, event.attempts) == ("waiting", 0)

        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"MAX_PROVIDER_CALLS": 8}
        WebhookEvent.objects.update(next_attempt_at=None)
        worker.run_once()
        assert WebhookEvent.objects.get().status == "applied"
        assert Payment.objects.get().captured_amount == 10000

    def test_41_an_answered_call_ends_the_worker_s_caution(
        self, till: Till, script: Script, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        session = till.session()
        provider = providers.provider_for(session)
        calls._hung_at[provider.account] = time.monotonic()
        with calls.nobody_waits():
            assert calls.is_busy(provider)
            assert comparing.look_at(session.pk).waits
        assert not calls.is_busy(provider)
        assert not comparing.look_at(session.pk).waits
        with calls.nobody_waits():
            assert not calls.is_busy(provider)


class Test42WhatNoDatabaseStores:
    @pytest.mark.parametrize(
        ("error", "raised"),
        [
            (ProviderDeclined, PaymentAuthorizationError),
            (ProviderRejected, InvalidData),
            (ProviderUnavailable, ProviderNotReachable),
            (ProviderOutcomeUnknown, PaymentOutcomeUnknown),
        ],
    )
    def test_42_a_refusal_stays_what_it_is(
        self, till: Till, script: Script, error: Callable[..., Exception], raised: type[PaymentsError]
    ) -> None:
        def say(_: Any, __: Verb) -> Any:
            raise error(ODD, code=ODD)

        payment = till.authorized()
        script["capture"] = say

        with pytest.raises(raised) as told:
            captures.capture(payment_id=payment.pk)

        assert "\0" not in str(told.value)
        payment.refresh_from_db()
        assert payment.capturing_amount == (10000 if raised is PaymentOutcomeUnknown else 0)
        assert "\ud800" not in Operation.objects.get(kind="capture").error_message

    def test_42_a_success_is_booked(self, till: Till, script: Script, fake_provider: FakeProvider) -> None:
        data = {"qr": ODD, "n\0ame": "\ud800", "client": object(), "fee": 0.1, "page": "x" * 10**6}
        for verb in ("initiate", "authorize"):
            script[verb] = changed(data=data, capture_before=NAIVE)
        script["capture"] = changed(capture_ref=ODD, data=data)
        script["refund"] = changed(refund_ref=ODD, data=data)

        payment = till.captured()
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))

        payment.refresh_from_db()
        assert (payment.captured_amount, payment.refunded_amount) == (10000, 3000)
        assert payment.capture_before == NAIVE.replace(tzinfo=UTC)
        kept = PaymentSession.objects.get().provider_data
        assert (kept["name"], kept["client"], kept["fee"]) == ("\ufffd", None, Decimal("0.1"))
        assert "page" not in kept
        capture_ref, refund_ref = Capture.objects.get().provider_ref, Refund.objects.get().provider_ref
        assert capture_ref == refund_ref
        assert len(capture_ref or "") == 255

    def test_42_what_is_read_later_is_the_same_movement(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        """The reference that was too long is found again, so nothing is booked twice."""
        script["capture"] = changed(capture_ref=ODD)
        script["refund"] = changed(refund_ref=ODD)

        def retrieve(request: Any, call: Verb) -> Any:
            capture = CaptureFact(money=euros(10000), capture_ref=ODD)
            refund = RefundFact(money=euros(3000), refund_ref=ODD, state=RefundState.SUCCEEDED, reason=ODD)
            return changed(
                captures=(capture,), refunds=(refund,), data={"a": ODD}, capture_before=datetime.max.replace(tzinfo=UTC)
            )(request, call)

        payment = till.captured()
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        script["retrieve"] = retrieve
        for _ in range(2):
            assert comparing.look_at(payment.payment_session_id).changes == ()

        assert (Capture.objects.count(), Refund.objects.count()) == (1, 1)

    def test_42_an_object_with_a_reference_that_can_not_be_kept_is_unknown(self, till: Till, script: Script) -> None:
        """Shortened it would be another object's, so nothing can be asked about it again."""
        script["initiate"] = changed(provider_ref=ODD)
        with pytest.raises(PaymentOutcomeUnknown):
            till.session()
        script["retrieve"] = changed(provider_ref=ODD)
        operation = Operation.objects.get()
        run_out(operation)
        worker.run_once()
        operation.refresh_from_db()
        assert (operation.status, operation.error_message[-19:]) == ("open", "no usable reference")

    def test_42_reading_fails_softly(self, till: Till, script: Script) -> None:
        session = till.session()
        for error in (ProviderUnavailable(ODD), ProviderOutcomeUnknown(ODD), ProviderRejected(ODD), ValueError(ODD)):

            def fail(_: Any, __: Verb, error: Exception = error) -> Any:
                raise error

            script["retrieve"] = fail
            seen = comparing.look_at(session.pk)
            assert seen.waits
            assert "\0" not in seen.problem
        script["retrieve"] = lambda *_: {"not": "a snapshot"}
        assert comparing.look_at(session.pk).problem.endswith("answered with dict")

    def test_42_a_snapshot_is_booked(self, till: Till, script: Script, fake_provider: FakeProvider) -> None:
        session = till.session()
        fake_provider.dashboard.pay(session.provider_ref or "")
        script["retrieve"] = changed(data={"a": ODD}, capture_before=datetime.now() + timedelta(days=1))  # noqa: DTZ005

        assert not comparing.look_at(session.pk).waits

        assert Payment.objects.get().captured_amount == 10000

    @pytest.mark.parametrize("odd", NO_AMOUNTS)
    @pytest.mark.parametrize("verb", ["initiate", "authorize", "capture", "refund"])
    def test_42_an_answer_without_a_usable_amount_is_unknown_and_the_truth_is_read(
        self, till: Till, script: Script, fake_provider: FakeProvider, verb: str, odd: Any
    ) -> None:
        script[verb] = changed(money=euros(odd))

        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=till.captured().pk)

        operation = Operation.objects.get(kind=verb)
        assert (operation.status, operation.is_key_spent) == ("open", True)
        script.clear()
        run_out(operation)
        assert recover() == 0
        assert differences(fake_provider) == []

    @pytest.mark.parametrize("odd", NO_AMOUNTS)
    @pytest.mark.parametrize("part", ["money", "captured", "released", "captures", "refunds"])
    def test_42_what_is_read_without_a_usable_amount_changes_nothing(
        self, till: Till, script: Script, odd: Any, part: str
    ) -> None:
        payment = till.captured()
        money = euros(odd)
        facts = {
            "captures": (CaptureFact(money=money, capture_ref="ch_odd"),),
            "refunds": (RefundFact(money=money, refund_ref="re_odd", state=RefundState.SUCCEEDED),),
        }
        script["retrieve"] = changed(**{part: facts.get(part, money)})

        seen = comparing.look_at(payment.payment_session_id)

        assert (seen.waits, seen.changes) == (True, ())
        assert list(run.reconcile(run.Scope(provider_id="pp_fake_fake"))) == []
        payment.refresh_from_db()
        assert (payment.captured_amount, payment.refunded_amount, payment.frozen_at) == (10000, 0, None)

    def test_42_what_is_listed_without_a_usable_amount_is_read_by_itself(
        self, till: Till, script: Script, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        payment = till.captured()
        fake_provider.dashboard.refund(payment.provider_ref, 3000)
        listed = [replace(each, captured=euros(1.0)) for each in fake_provider.list_payments()]  # type: ignore[arg-type]
        monkeypatch.setattr(type(fake_provider), "list_payments", lambda *_: iter([*listed, {"not": "a snapshot"}]))

        [drift] = run.reconcile(run.Scope(provider_id="pp_fake_fake"))

        assert drift.kind == "external_refund"

    def test_42_a_refund_in_another_currency_is_for_staff(self, till: Till, script: Script) -> None:
        payment = till.captured()
        yen = replace(euros(3000), currency_code="jpy")
        script["retrieve"] = changed(refunds=(RefundFact(money=yen, refund_ref="re_1", state=RefundState.SUCCEEDED),))

        for _ in range(2):
            comparing.look_at(payment.payment_session_id)

        assert not Refund.objects.exists()
        told = Event.objects.get(name="payment_collection.discrepancy").data
        assert (told["ours"]["currency_code"], told["theirs"]["currency_code"]) == ("eur", "jpy")

    @pytest.mark.parametrize(
        "odd", [{"occurred_at": 1790000000}, {"event_type": None}, {"session_id": 7}, {"kept_body": "text"}], ids=str
    )
    def test_42_a_webhook_with_odd_fields_is_kept(
        self, till: Till, client: Client, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, odd: Any
    ) -> None:
        said: dict[str, Any] = {"event_id": "evt_1", "event_type": "paid", "provider_ref": "pi_1"} | odd
        monkeypatch.setattr(type(fake_provider), "read_webhook", lambda *_: WebhookNotice(**said))

        answer = client.post("/hooks/payment/fake_fake", b"{}", content_type="application/json")

        assert (answer.status_code, WebhookEvent.objects.get().status) == (200, "waiting")

    def test_42_saved_methods(
        self, till: Till, script: Script, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        holder = account_holders.create(provider_id="pp_fake_fake", customer=Customer(id="cus_1"))
        said = (
            SavedPaymentMethod(payment_method_ref=ODD),
            SavedPaymentMethod(payment_method_ref="pm_1", data={"brand": "vi\0sa"}, created_at=NAIVE),
        )
        monkeypatch.setattr(type(fake_provider), "list_payment_methods", lambda *_: said)

        [method] = payment_methods.list_saved(account_holder_id=holder.pk, customer_id="cus_1")

        assert (method.id, method.data) == ("pm_1", {"brand": "visa"})

    @pytest.mark.parametrize("said", NO_LIST, ids=lambda said: type(said).__name__)
    def test_42_saved_methods_of_another_kind_are_none(
        self, till: Till, script: Script, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, said: Any
    ) -> None:
        customer = Customer(id="cus_1")
        holder = account_holders.create(provider_id="pp_fake_fake", customer=customer)
        monkeypatch.setattr(type(fake_provider), "list_payment_methods", lambda *_: said)

        with pytest.raises(ProviderNotReachable):
            payment_methods.list_saved(account_holder_id=holder.pk, customer_id="cus_1")
        with pytest.raises(ProviderNotReachable):
            till.session_of_customer(customer, data={"payment_method": "pm_1"})

        assert not Operation.objects.exists()

    def test_42_of_saved_methods_only_those_are_listed_that_are_some(
        self, till: Till, script: Script, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        holder = account_holders.create(provider_id="pp_fake_fake", customer=Customer(id="cus_1"))
        said = [None, "pm_2", {"payment_method_ref": "pm_3"}, SavedPaymentMethod(payment_method_ref="pm_1")]
        monkeypatch.setattr(type(fake_provider), "list_payment_methods", lambda *_: said)

        [method] = payment_methods.list_saved(account_holder_id=holder.pk, customer_id="cus_1")

        assert method.id == "pm_1"

    @pytest.mark.parametrize("said", [None, "seti_1", {"ref": "seti_1"}], ids=str)
    def test_42_a_method_that_is_saved_with_an_answer_of_another_kind_is_unknown(
        self, till: Till, script: Script, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, said: Any
    ) -> None:
        holder = account_holders.create(provider_id="pp_fake_fake", customer=Customer(id="cus_1"))
        monkeypatch.setattr(type(fake_provider), "save_payment_method", lambda *_: said)

        with pytest.raises(PaymentOutcomeUnknown):
            payment_methods.save(account_holder_id=holder.pk, customer_id="cus_1")

    @pytest.mark.fake_only("breaks the fake provider's listing")
    @pytest.mark.parametrize("said", NO_LIST[:2], ids=lambda said: type(said).__name__)
    def test_42_a_listing_that_breaks_keeps_no_other_provider_from_being_compared(
        self, till: Till, script: Script, monkeypatch: pytest.MonkeyPatch, said: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def list_payments(provider: FakeProvider, _: datetime | None = None) -> Any:
            return iter(()) if provider.alias != "pp_fake_fake" else said

        monkeypatch.setattr(Scripted, "list_payments", list_payments)

        with pytest.raises(SystemExit) as ended:
            call_command("payments_reconcile")

        assert ended.value.code == NOT_ALL_WAS_COMPARED
        told = capsys.readouterr()
        assert "pp_fake_fake: " in told.out + told.err

    @pytest.mark.fake_only("breaks the fake provider's listing")
    def test_42_a_listing_that_ends_in_an_error_of_its_own_is_not_reachable(
        self, till: Till, script: Script, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def list_payments(*_: Any) -> Iterator[Any]:
            yield from ()
            raise KeyError("next_page")

        monkeypatch.setattr(Scripted, "list_payments", list_payments)

        with pytest.raises(ProviderNotReachable, match="KeyError"):
            list(run.reconcile(run.Scope(provider_id="pp_fake_fake")))

    @pytest.mark.parametrize("broken", [None, KeyError("data"), WebhookRefused("No.")], ids=repr)
    def test_42_a_kept_webhook_that_can_not_be_read_any_more_keeps_no_other_from_being_replayed(
        self, till: Till, configure: Any, script: Script, monkeypatch: pytest.MonkeyPatch, broken: Exception | None
    ) -> None:
        """After an upgrade of the provider's code, for instance."""
        configure("pp_fake_fake", "Blind")
        session = till.session()
        event = WebhookEvent.objects.create(
            provider_id="pp_fake_fake",
            provider_account=session.provider_account,
            event_id="evt_1",
            event_type="paid",
            provider_ref=session.provider_ref or "",
            body=b"{}",
        )

        def read_kept_webhook(*_: Any) -> Any:
            if broken is not None:
                raise broken

        monkeypatch.setattr(Blind, "read_kept_webhook", read_kept_webhook)

        with pytest.raises(InvalidData, match="can't be read"):
            webhooks.replay(event.pk)

    @pytest.mark.parametrize(
        ("error", "reason"),
        [(WebhookRefused(ODD, code=ODD), "odd  \ufffd xx"), (KeyError(ODD), "unreadable"), (None, "unreadable")],
    )
    def test_42_a_webhook_that_is_refused_is_refused(
        self,
        till: Till,
        client: Client,
        fake_provider: FakeProvider,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception | None,
        reason: str,
    ) -> None:
        def read_webhook(*_: Any) -> Any:
            if error is not None:
                raise error

        monkeypatch.setattr(type(fake_provider), "read_webhook", read_webhook)

        answer = client.post("/hooks/payment/fake_fake", b"{}", content_type="application/json")

        assert answer.status_code == 400
        assert WebhookRefusal.objects.get().reason.startswith(reason)
