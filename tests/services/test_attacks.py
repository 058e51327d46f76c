"""Sequences that were found by attacking the money core: each once moved money twice, lost a fact, or led nowhere."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F

from medusa_payments.exceptions import (
    Conflict,
    InsideTransaction,
    InvalidData,
    NotAllowed,
    NotFound,
    PaymentAuthorizationError,
    PaymentOutcomeUnknown,
    PaymentsError,
    ProviderNotReachable,
)
from medusa_payments.models import Capture, Operation, Payment, PaymentCollection, PaymentSession, RefundReason
from medusa_payments.money import Money
from medusa_payments.orders import OrderSnapshot
from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.providers.system import SystemProvider
from medusa_payments.providers.types import Capabilities, CaptureResult, RefundResult, RefundStatus, SessionResult
from medusa_payments.services import captures, operations, payment_collections, payment_sessions, payments, refunds
from medusa_payments.services.locks import locked_collection
from medusa_payments.services.provider_calls import NotExecuted, Outcome, Refused, Succeeded
from medusa_payments.services.settlement import apply_settlement
from medusa_payments.signals import payment_authorized
from medusa_payments.states import RefusalKind, SessionStatus
from medusa_payments.testing.fake_provider import FakeProvider
from tests.services.conftest import Till

Moved = Callable[[str], list[int]]
Verb = Callable[[Any], Any]
Script = dict[str, Callable[[Any, Verb], Any]]

SECOND = "pp_second_fake"


class Scripted(FakeProvider):
    """A fake provider whose verbs a test can replace; `call` is the verb as it would have been."""

    script: Script = {}
    step = 1

    def amount_step(self, currency_code: str) -> int:
        return type(self).step

    def _call(self, verb: Any, request: Any, result_type: Any) -> Any:
        call: Verb = lambda sent: super(Scripted, self)._call(verb, sent, result_type)  # noqa: E731
        return type(self).script.get(verb, lambda sent, call: call(sent))(request, call)


class Purse(SystemProvider):
    """A provider of the shop's own, whose books are tables in the shop's database."""

    def authorize(self, request: Any) -> SessionResult:
        RefundReason.objects.create(label="taken", code="taken", live_code="taken")
        raise ProviderDeclined("Not enough in it.")

    def capture(self, request: Any) -> CaptureResult:
        with suppress(RefundReason.DoesNotExist):
            RefundReason.objects.get(pk="refr_x")
        RefundReason.objects.create(pk="refr_1", label="a", code="a")
        RefundReason.objects.create(pk="refr_1", label="a", code="a")
        return super().capture(request)


class Forgetful(Scripted):
    """Remembers nothing: what is unknown can never be sent again."""

    capabilities = Capabilities(key_window_seconds=0)


@pytest.fixture
def configure(settings: Any, till: Till) -> Callable[..., None]:
    """Change the configuration of one provider."""

    def change(alias: str, backend: str, **options: Any) -> None:
        configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
        if backend != "Purse":
            options = configured["pp_fake_fake"]["OPTIONS"] | options
        changed = configured | {alias: {"BACKEND": f"{__name__}.{backend}", "OPTIONS": options}}
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": changed}

    return change


@pytest.fixture
def script(configure: Any) -> Iterator[Script]:
    """Two providers on one ledger, each with an account of its own, whose verbs can be replaced."""
    configure("pp_fake_fake", "Scripted")
    configure(SECOND, "Scripted", account="second")
    Scripted.script = {}
    yield Scripted.script
    Scripted.script, Scripted.step = {}, 1


@pytest.fixture
def order(settings: Any, till: Till) -> PaymentCollection:
    """The collection of an order, 25 EUR."""
    settings.MEDUSA_PAYMENTS |= {"ORDER_RESOLVER": lambda order_id, _: OrderSnapshot(currency_code="eur")}
    return payment_collections.create_for_order(order_id="order_1", amount=Decimal(25))


def lost(_: Any, __: Verb) -> Any:
    raise ProviderOutcomeUnknown("Timed out before it was executed.")


def answer_lost(request: Any, call: Verb) -> Any:
    call(request)
    raise ProviderOutcomeUnknown("Timed out after it was executed.")


def declined(_: Any, __: Verb) -> Any:
    raise ProviderDeclined("No.")


def authorize(session: PaymentSession, **request: Any) -> PaymentSession:
    return payment_sessions.authorize(
        payment_collection_id=session.payment_collection_id, payment_session_id=session.pk, **request
    )


def settle(operation: Operation, outcome: Outcome, *, is_answer: bool = False) -> None:
    with locked_collection(operation.payment_collection_id, include_deleted=True) as collection:
        apply_settlement(collection, operation, outcome, is_answer=is_answer)


def run_out(operation: Operation) -> None:
    """Let the lease of an operation run out."""
    Operation.objects.filter(pk=operation.pk).update(lease_expires_at=F("created_at") - timedelta(seconds=1))


@contextmanager
def failing(sql: str, error: Exception, *, times: int) -> Iterator[None]:
    """Let the database refuse the first `times` statements that contain `sql`."""
    left = [error] * times

    def wrapper(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        if sql in statement and left:
            raise left.pop()
        return execute(statement, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield


class TestAnotherProvidersUnknownInitiate:
    def test_neither_blocks_nor_replaces_the_session_that_the_customer_pays_with(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        session = till.session()
        script["initiate"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            till.session(SECOND)

        authorized = authorize(session)

        assert (authorized.pk, authorized.status, authorized.slot) == (session.pk, "authorized", 0)
        assert (moved("initiate"), moved("cancel")) == ([10000], [])
        assert Operation.objects.get(provider_id=SECOND).open_slot is None

    def test_that_is_at_work_is_waited_for(self, till: Till, script: Script) -> None:
        session = till.session()
        answers: list[Exception] = []

        def impatient(request: Any, call: Verb) -> Any:
            with pytest.raises(Conflict) as refused:
                authorize(session)
            answers.append(refused.value)
            return call(request)

        script["initiate"] = impatient
        assert till.session(SECOND).provider_id == SECOND
        assert len(answers) == 1


class TestGivenUpChoices:
    @pytest.fixture
    def given_up(self, till: Till, script: Script) -> dict[str, Any]:
        """A request whose initiate stayed unknown until the customer went another way."""
        request = {
            "payment_collection_id": till.collection().pk,
            "provider_id": "pp_fake_fake",
            "idempotency_key": "k1",
        }
        script["initiate"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            payment_sessions.initialize(**request)
        return request

    def test_are_not_sent_again_when_the_cart_was_paid_otherwise(
        self, till: Till, script: Script, moved: Moved, given_up: dict[str, Any]
    ) -> None:
        script.clear()
        authorize(till.session("pp_system_default"))

        with pytest.raises(NotAllowed, match="given up"):
            payment_sessions.initialize(**given_up)
        assert moved("initiate") == []

    def test_are_an_error_and_no_crash_when_nothing_took_their_place(
        self, till: Till, script: Script, given_up: dict[str, Any]
    ) -> None:
        script["initiate"] = declined
        with pytest.raises(PaymentAuthorizationError):
            till.session(SECOND)
        script.clear()

        with pytest.raises(NotAllowed):
            payment_sessions.initialize(**given_up)
        assert till.session().slot == 0

    def test_an_update_that_was_not_executed_does_not_come_back_to_a_replaced_session(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        request = {"payment_collection_id": till.session().payment_collection_id, "idempotency_key": "k1"}

        def unavailable(_: Any, __: Verb) -> Any:
            raise ProviderUnavailable("Nothing was sent.")

        script["update"] = unavailable
        with pytest.raises(ProviderNotReachable):
            payment_sessions.initialize(**request, provider_id="pp_fake_fake")
        till.session("pp_system_default")
        script.clear()

        with pytest.raises(NotAllowed):
            payment_sessions.initialize(**request, provider_id="pp_fake_fake")
        assert moved("update") == []

    def test_the_collection_is_deleted_while_its_session_is_initiated(self, till: Till, script: Script) -> None:
        def slow(request: Any, call: Verb) -> Any:
            run_out(Operation.objects.get())
            payment_collections.delete(payment_collection_id=request.payment_collection_id)
            return call(request)

        script["initiate"] = slow
        with pytest.raises(NotFound):
            till.session()
        assert Operation.objects.get(kind="cancel").status == "succeeded"

    def test_the_only_session_is_given_up_while_it_is_initiated(self, till: Till, script: Script) -> None:
        def slow(request: Any, call: Verb) -> Any:
            run_out(Operation.objects.get(kind="initiate"))
            script["initiate"] = declined
            with pytest.raises(PaymentAuthorizationError):
                till.session(SECOND)
            return call(request)

        script["initiate"] = slow
        with pytest.raises(Conflict):
            till.session()


class TestAnUpdateInDoubt:
    @pytest.fixture
    def session(self, till: Till, script: Script) -> PaymentSession:
        """A session whose update to 120 stayed unknown, and whose customer then failed with another provider."""
        session = till.session()
        till.set_total("120")
        script["update"] = answer_lost
        request = {"payment_collection_id": session.payment_collection_id}
        with pytest.raises(PaymentOutcomeUnknown):
            payment_sessions.initialize(**request, provider_id="pp_fake_fake")
        script["initiate"] = declined
        with pytest.raises(PaymentAuthorizationError):
            payment_sessions.initialize(**request, provider_id=SECOND)
        script.clear()
        return session

    def test_is_resolved_before_the_session_is_authorized(
        self, till: Till, session: PaymentSession, moved: Moved
    ) -> None:
        till.set_total("100")
        payment_collections.refresh(payment_collection_id=session.payment_collection_id)

        with pytest.raises(Conflict) as changed:
            authorize(session)

        assert changed.value.code == "cart_changed"
        assert moved("authorize") == []

    def test_is_not_followed_by_a_second_update_that_it_could_overtake(
        self, session: PaymentSession, moved: Moved
    ) -> None:
        again = payment_sessions.initialize(
            payment_collection_id=session.payment_collection_id, provider_id="pp_fake_fake"
        )

        assert again.pk != session.pk
        assert (moved("initiate"), moved("update")) == ([10000, 12000], [12000])


class TestAChoiceThatStaysUnknown:
    def test_is_given_up_when_a_repeat_did_not_help(self, till: Till, script: Script) -> None:
        script["initiate"] = lost
        for _ in range(2):
            with pytest.raises(PaymentOutcomeUnknown):
                till.session()
        script.clear()

        assert till.session().slot == 0
        assert Operation.objects.filter(status="open", open_slot=None).count() == 1

    def test_is_given_up_when_the_provider_forgot_its_key(self, till: Till, script: Script, configure: Any) -> None:
        configure("pp_fake_fake", "Forgetful")
        script["initiate"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            till.session()
        Scripted.script.clear()

        assert till.session().slot == 0

    def test_is_given_up_when_the_alias_points_to_another_account(
        self, till: Till, script: Script, configure: Any
    ) -> None:
        script["initiate"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            till.session()
        script.clear()
        configure("pp_fake_fake", "Scripted", account="new")

        assert till.session().provider_account == "new"


class TestMoneyOfAnOrphan:
    @pytest.fixture
    def orphan(self, till: Till, script: Script) -> PaymentSession:
        """A session that was given up and then turned out to be authorized, beside the live one."""
        script["initiate"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            till.session()
        script.clear()
        live = till.session("pp_system_default")
        operation = Operation.objects.get(provider_id="pp_fake_fake")
        money = Money(minor_units=10000, currency_code="eur")
        result = SessionResult(provider_ref="fake_pay_late", status=SessionStatus.AUTHORIZED, money=money)
        settle(operation, Succeeded(result=result))
        return live

    @pytest.mark.parametrize("key", [None, "k1"])
    def test_keeps_the_live_session_from_being_paid_too(self, orphan: PaymentSession, key: str | None) -> None:
        with pytest.raises(NotAllowed):
            authorize(orphan, idempotency_key=key)

        assert Payment.objects.get().payment_session_id != orphan.pk

    def test_once_canceled_the_live_session_can_be_paid(self, orphan: PaymentSession, script: Script) -> None:
        script["cancel"] = lambda request, call: SystemProvider("x", {}).cancel(request)
        payments.cancel(payment_id=Payment.objects.get().pk)

        assert authorize(orphan).status == "authorized"

    def test_on_a_deleted_collection_can_still_be_captured_refunded_and_released(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.authorized()
        PaymentCollection.objects.update(deleted_at=F("created_at"), live_cart_id=None)

        captures.capture(payment_id=payment.pk, amount=Decimal(40))
        refunds.refund(payment_id=payment.pk)
        payments.cancel(payment_id=payment.pk)

        assert (moved("capture"), moved("refund"), moved("cancel")) == ([4000], [4000], [6000])


class TestMarkAsPaid:
    def test_never_takes_the_money_of_a_customer_who_chose_another_provider_meanwhile(
        self, order: PaymentCollection, script: Script, moved: Moved
    ) -> None:
        request = {"payment_collection_id": order.pk, "provider_id": "pp_fake_fake", "idempotency_key": "k1"}
        script["authorize"] = declined
        with pytest.raises(PaymentAuthorizationError):
            payment_collections.mark_as_paid(**request)
        script.clear()
        payment_sessions.initialize(payment_collection_id=order.pk, provider_id=SECOND)

        with pytest.raises(NotAllowed):
            payment_collections.mark_as_paid(**request)
        assert (moved("authorize"), moved("capture")) == ([], [])

    def test_a_provider_that_only_promises(self, order: PaymentCollection, script: Script) -> None:
        def promise(request: Any, call: Verb) -> Any:
            return replace(call(request), status=SessionStatus.PENDING_AUTHORIZATION)

        script["authorize"] = promise
        with pytest.raises(NotAllowed, match="was not authorized"):
            payment_collections.mark_as_paid(payment_collection_id=order.pk, provider_id="pp_fake_fake")


@pytest.mark.django_db(transaction=True)
class TestWithoutATransactionOfOurOwn:
    def test_a_connection_without_autocommit_is_refused(self, till: Till, moved: Moved) -> None:
        """There the reservation would not be committed before the call."""
        payment = till.authorized()
        transaction.set_autocommit(False)
        try:
            with pytest.raises(InsideTransaction):
                captures.capture(payment_id=payment.pk)
        finally:
            transaction.rollback()
            transaction.set_autocommit(True)

        assert moved("capture") == []

    def test_no_provider_is_called_while_a_transaction_is_open(self, till: Till, script: Script) -> None:
        seen: dict[str, set[bool]] = {}

        def watch(verb: str) -> Callable[[Any, Verb], Any]:
            def watched(request: Any, call: Verb) -> Any:
                seen.setdefault(verb, set()).add(connection.in_atomic_block or not connection.get_autocommit())
                return call(request)

            return watched

        script.update(
            {verb: watch(verb) for verb in ("initiate", "update", "authorize", "capture", "refund", "cancel")}
        )
        till.session()
        till.session()
        till.session(SECOND)
        payment = till.authorized(SECOND)
        captures.capture(payment_id=payment.pk, amount=Decimal(40))
        refunds.refund(payment_id=payment.pk)
        payments.cancel(payment_id=payment.pk)

        assert seen == {verb: {False} for verb in script}

    def test_a_receiver_may_call_services(self, till: Till, moved: Moved) -> None:
        def capture(data: dict[str, Any], **_: object) -> None:
            captures.capture(payment_id=data["payment_id"])

        payment_authorized.connect(capture)
        try:
            payment = till.authorized()
        finally:
            payment_authorized.disconnect(capture)

        assert moved("capture") == [10000]
        assert Payment.objects.get(pk=payment.pk).captured_amount == 10000


class TestSettlement:
    @pytest.fixture
    def unknown_capture(self, till: Till, script: Script) -> Operation:
        payment = till.authorized()
        script["capture"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        script.clear()
        return Operation.objects.get(kind="capture")

    @pytest.mark.parametrize("refusal", list(RefusalKind))
    def test_a_refusal_from_who_lost_the_lease_closes_nothing(
        self, unknown_capture: Operation, refusal: RefusalKind
    ) -> None:
        stale = Operation.objects.get(pk=unknown_capture.pk)
        operations.resume(unknown_capture)

        settle(stale, Refused(refusal=refusal, message="No."))

        unknown_capture.refresh_from_db()
        assert unknown_capture.status == "open"
        assert Payment.objects.get().capturing_amount == 3000

    def test_a_late_success_that_a_caller_is_told_counts_as_told(self, unknown_capture: Operation) -> None:
        settle(unknown_capture, NotExecuted(message="Not sent."))
        captured = CaptureResult(money=Money(minor_units=3000, currency_code="eur"))

        settle(unknown_capture, Succeeded(result=captured), is_answer=True)

        assert Operation.objects.get(kind="capture").answered_at is not None

    def test_the_database_hiccups_while_an_answer_is_booked(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()

        with failing('INSERT INTO "medusa_payments_capture"', OperationalError("server closed"), times=1):
            captured = captures.capture(payment_id=payment.pk, amount=Decimal(30))

        assert (captured.captured_amount, captured.capturing_amount) == (3000, 0)
        assert moved("capture") == [3000]

    @pytest.mark.parametrize("sql", ['INSERT INTO "medusa_payments_capture"', 'UPDATE "medusa_payments_operation"'])
    def test_an_answer_that_can_not_be_booked_now_is_booked_for_who_asks_again(
        self, till: Till, moved: Moved, sql: str
    ) -> None:
        payment = till.authorized()

        with failing(sql, OperationalError("server closed"), times=9), pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        run_out(Operation.objects.get(kind="capture"))
        captured = captures.capture(payment_id=payment.pk, amount=Decimal(30))

        assert (captured.captured_amount, captured.capturing_amount) == (3000, 0)
        assert moved("capture") == [3000]

    def test_the_database_fails_while_an_operation_that_follows_is_booked(self, till: Till) -> None:
        till.session()

        with failing("payment_session.canceled", OperationalError("server closed"), times=0):
            pass
        with failing_follow_up():
            session = till.session("pp_system_default")

        assert (session.slot, session.provider_id) == (0, "pp_system_default")

    def test_what_was_not_acknowledged_as_reserved_is_not_sent(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()

        with (
            failing('INSERT INTO "medusa_payments_operation"', OperationalError("server closed"), times=1),
            pytest.raises(OperationalError),
        ):
            captures.capture(payment_id=payment.pk)

        payment.refresh_from_db()
        assert (moved("capture"), payment.capturing_amount) == ([], 0)


def failing_follow_up() -> AbstractContextManager[None]:
    """Let the database fail on the operation that cancels a replaced session, once it was sent."""
    return failing('UPDATE "medusa_payments_paymentsession" SET "payment_collection_id"', IntegrityError("?"), times=0)


class TestAcceptedRefunds:
    @pytest.fixture
    def accepted(self, till: Till, script: Script) -> Operation:
        def accept(request: Any, call: Verb) -> Any:
            return replace(call(request), status=RefundStatus.ACCEPTED)

        payment = till.captured()
        script["refund"] = accept
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        return Operation.objects.get(kind="refund")

    def result(self, status: RefundStatus) -> Succeeded:
        return Succeeded(result=RefundResult(money=Money(minor_units=3000, currency_code="eur"), status=status))

    def counters(self) -> tuple[int, int]:
        payment = Payment.objects.get()
        return payment.refunded_amount, payment.refunding_amount

    def test_are_booked_when_they_succeed(self, accepted: Operation) -> None:
        assert self.counters() == (0, 3000)

        for _ in range(2):
            settle(accepted, self.result(RefundStatus.SUCCEEDED))

        assert self.counters() == (3000, 0)
        assert Operation.objects.get(kind="refund").status == "succeeded"

    def test_twice_is_once(self, accepted: Operation) -> None:
        settle(accepted, self.result(RefundStatus.ACCEPTED))

        assert self.counters() == (0, 3000)

    @pytest.mark.parametrize(
        "first", [Refused(refusal=RefusalKind.DECLINED, message="No."), NotExecuted(message="Not sent.")]
    )
    def test_after_all_are_reserved_again(self, till: Till, script: Script, first: Outcome) -> None:
        payment = till.captured()
        script["refund"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            refunds.refund(payment_id=payment.pk, amount=Decimal(30))
        operation = Operation.objects.get(kind="refund")
        settle(operation, first)
        assert self.counters() == (0, 0)

        settle(operation, self.result(RefundStatus.ACCEPTED))
        assert self.counters() == (0, 3000)

        settle(operation, self.result(RefundStatus.SUCCEEDED))
        assert self.counters() == (3000, 0)


def changed(**changes: Any) -> Callable[[Any, Verb], Any]:
    return lambda request, call: replace(call(request), **changes)


def euros(minor_units: int) -> Money:
    return Money(minor_units=minor_units, currency_code="eur")


MISFITS = {
    "captured more than authorized": changed(status=SessionStatus.CAPTURED, captured=euros(10001)),
    "captured in another currency": changed(
        status=SessionStatus.CAPTURED, captured=Money(minor_units=1, currency_code="usd")
    ),
    "a negative amount": changed(money=euros(-1)),
    "an amount no column holds": changed(money=euros(2**63)),
    "a reference that is too long": changed(provider_ref="x" * 256),
    "no reference": changed(provider_ref=None),
    "a status of its own": changed(status="authorized!"),
    "data that isn't data": changed(data={"x": object()}),
}


@pytest.mark.parametrize("misfit", MISFITS.values(), ids=MISFITS.keys())
def test_an_answer_that_can_not_be_true_is_unknown(till: Till, script: Script, misfit: Any) -> None:
    session = till.session()
    script["authorize"] = misfit

    with pytest.raises(PaymentOutcomeUnknown):
        authorize(session)

    assert Operation.objects.get(kind="authorize").status == "open"
    assert not Payment.objects.exists()
    script.clear()
    assert authorize(session).payment.amount == 10000


def test_a_reference_that_another_capture_has_is_unknown(till: Till, script: Script) -> None:
    script["capture"] = changed(capture_ref="the_same")
    payment = till.authorized()
    captures.capture(payment_id=payment.pk, amount=Decimal(30))

    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk, amount=Decimal(20))

    payment.refresh_from_db()
    assert (payment.captured_amount, payment.capturing_amount) == (3000, 2000)


def test_an_object_that_another_session_has_is_unknown(till: Till, script: Script) -> None:
    session = till.session()
    script["initiate"] = changed(provider_ref=session.provider_ref)
    till.set_total("50", cart_id="cart_2")
    other = payment_collections.create_for_cart(cart_id="cart_2")

    with pytest.raises(PaymentOutcomeUnknown):
        payment_sessions.initialize(payment_collection_id=other.pk, provider_id="pp_fake_fake")
    assert not PaymentSession.objects.filter(payment_collection=other, slot=0).exists()


@pytest.mark.parametrize("error", [ProviderDeclined, ProviderRejected, ProviderUnavailable, ProviderOutcomeUnknown])
def test_what_a_provider_says_is_kept_whatever_it_says(
    till: Till, script: Script, error: Callable[..., Exception]
) -> None:
    def say(_: Any, __: Verb) -> Any:
        raise error("nul \0 in it", code="c\0" * 300)

    payment = till.authorized()
    script["capture"] = say

    with pytest.raises(PaymentsError):
        captures.capture(payment_id=payment.pk)

    operation = Operation.objects.get(kind="capture")
    assert operation.error_message == "nul  in it"
    assert operation.error_code in {"", "c" * 255}


class TestLocalProviders:
    @pytest.fixture
    def purse(self, configure: Any) -> str:
        configure("pp_purse", "Purse")
        return "pp_purse"

    def test_what_a_refusal_wrote_is_undone(self, till: Till, purse: str) -> None:
        session = till.session(purse)

        with pytest.raises(PaymentAuthorizationError):
            authorize(session)

        assert not RefundReason.objects.exists()
        assert Operation.objects.get(kind="authorize").status == "refused"

    def test_an_error_of_the_database_in_it_is_an_unknown_outcome(self, till: Till, purse: str) -> None:
        payment = till.authorized("pp_system_default")
        for model in (Payment, PaymentSession):
            model.objects.update(provider_id=purse)

        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk)

        assert not RefundReason.objects.exists()
        assert Payment.objects.get().capturing_amount == 10000


def test_a_step_that_leads_beyond_what_a_column_holds(till: Till, script: Script) -> None:
    Scripted.step = 10
    collection = till.collection("92233720368547758.07")

    with pytest.raises(InvalidData):
        payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_fake_fake")


def test_the_memory_of_a_provider_counts_from_when_a_request_is_first_sent(
    till: Till, script: Script, moved: Moved, age: Any
) -> None:
    request = {"payment_id": till.authorized().pk, "amount": Decimal(30), "idempotency_key": "k1"}

    def unavailable(_: Any, __: Verb) -> Any:
        raise ProviderUnavailable("Nothing was sent.")

    script["capture"] = unavailable
    with pytest.raises(ProviderNotReachable):
        captures.capture(**request)
    age(Operation.objects.get(kind="capture"), hours=48)
    script["capture"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(**request)
    script.clear()

    assert captures.capture(**request).captured_amount == 3000
    assert moved("capture") == [3000]


class ReplicaRouter:
    """Sends every read that isn't told otherwise to a replica, which here can't even be reached."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "replica" if model._meta.app_label == "medusa_payments" else None

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, *_: Any, **hints: Any) -> bool:
        return True


def test_nothing_is_read_from_a_replica(
    settings: Any, till: Till, script: Script, moved: Moved, order: PaymentCollection
) -> None:
    settings.DATABASE_ROUTERS = [ReplicaRouter()]

    payment_collections.mark_as_paid(payment_collection_id=order.pk, provider_id="pp_fake_fake")
    script["initiate"] = answer_lost
    with pytest.raises(PaymentOutcomeUnknown):
        till.session()
    script.clear()
    session = till.session()
    till.session()
    authorize(session)
    payment = Payment.objects.using("default").get(payment_session=session)
    captures.capture(payment_id=payment.pk, amount=Decimal(30), idempotency_key="k1")
    refunds.refund(payment_id=payment.pk)
    payments.cancel(payment_id=payment.pk)
    till.set_total("5", cart_id="cart_2")
    payment_collections.delete(payment_collection_id=payment_collections.create_for_cart(cart_id="cart_2").pk)

    assert (moved("capture"), moved("refund"), moved("cancel")) == ([2500, 3000], [3000], [7000])
    assert Capture.objects.using("default").count() == 2
