"""Choosing, paying and giving up in unlucky orders: each once moved money twice, lost a fact, or led nowhere."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from medusa_payments.core.books.evidence import NotExecuted, Succeeded
from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import (
    Conflict,
    NotAllowed,
    NotFound,
    PaymentAuthorizationError,
    PaymentOutcomeUnknown,
    ProviderNotReachable,
)
from medusa_payments.models import Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.money import Money
from medusa_payments.providers.system import SystemProvider
from medusa_payments.providers.types import SessionResult
from medusa_payments.services import captures, payment_collections, payment_sessions, payments, refunds
from medusa_payments.states import SessionStatus
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences
from tests.scripted import (
    SECOND,
    Moved,
    Script,
    Scripted,
    Verb,
    answer_lost,
    authorize,
    changed,
    declined,
    euros,
    lost,
    run_out,
    settle,
    unavailable,
)
from tests.till import Till


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


@pytest.mark.parametrize("verb", ["initiate", "authorize", "cancel"])
def test_what_is_at_work_is_waited_for(till: Till, script: Script, moved: Moved, verb: str) -> None:
    requests: dict[str, Callable[[], object]] = {
        "initiate": lambda: till.session(),
        "authorize": lambda: authorize(PaymentSession.objects.get()),
        "cancel": lambda: payments.cancel(payment_id=Payment.objects.get().pk),
    }
    waited: list[Exception] = []

    def impatient(request: Any, call: Verb) -> Any:
        with pytest.raises(Conflict) as refused:
            requests[verb]()
        waited.append(refused.value)
        return call(request)

    script[verb] = impatient
    for request in requests.values():
        request()

    assert [error.code for error in waited if isinstance(error, Conflict)] == ["invalid_state_error"]
    assert moved(verb) == [10000]


def test_a_choice_at_work_is_not_given_up_for_another(till: Till, script: Script) -> None:
    def impatient(request: Any, call: Verb) -> Any:
        with pytest.raises(Conflict):
            till.session("pp_system_default")
        return call(request)

    script["initiate"] = impatient

    assert till.session().provider_id == "pp_fake_fake"


class TestTheSameCaptureWithoutAKey:
    @pytest.fixture
    def capture(self, till: Till) -> Callable[[], Payment]:
        payment = till.authorized()
        return lambda: captures.capture(payment_id=payment.pk, amount=Decimal(30))

    def test_beside_one_in_flight_is_a_second_intent(
        self, script: Script, capture: Callable[[], Payment], moved: Moved
    ) -> None:
        def meanwhile(request: Any, call: Verb) -> Any:
            script.clear()
            capture()
            return call(request)

        script["capture"] = meanwhile

        assert capture().captured_amount == 6000
        assert moved("capture") == [3000, 3000]

    def test_beside_one_that_is_sent_again_is_a_repeat(
        self, script: Script, capture: Callable[[], Payment], moved: Moved
    ) -> None:
        def meanwhile(request: Any, call: Verb) -> Any:
            with pytest.raises(Conflict):
                capture()
            return call(request)

        script["capture"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            capture()
        script["capture"] = meanwhile

        assert capture().captured_amount == 3000
        assert moved("capture") == [3000]


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

        with pytest.raises(NotAllowed, match="replaced"):
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

    def test_what_was_answered_is_answered_again_after_another_choice(self, till: Till, moved: Moved) -> None:
        request = {
            "payment_collection_id": till.session().payment_collection_id,
            "provider_id": "pp_fake_fake",
            "idempotency_key": "k1",
        }
        payment_sessions.initialize(**request)
        chosen = till.session("pp_system_default")

        assert payment_sessions.initialize(**request).pk == chosen.pk
        assert moved("update") == [10000]

    def test_an_update_that_was_not_executed_does_not_come_back_to_a_replaced_session(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        request = {"payment_collection_id": till.session().payment_collection_id, "idempotency_key": "k1"}

        script["update"] = unavailable
        with pytest.raises(ProviderNotReachable):
            payment_sessions.initialize(**request, provider_id="pp_fake_fake")
        till.session("pp_system_default")
        script.clear()

        with pytest.raises(NotAllowed):
            payment_sessions.initialize(**request, provider_id="pp_fake_fake")
        assert moved("update") == []

    def test_one_for_which_another_session_is_paid_meanwhile(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        """The customer has confirmed in another tab: an order may have been placed on that money."""
        paid = till.session()

        def meanwhile(request: Any, call: Verb) -> Any:
            fake_provider.dashboard.authorize(str(paid.provider_ref))
            comparing.look_at(paid.pk)
            return call(request)

        script["initiate"] = meanwhile
        chosen = till.session(SECOND)

        assert (chosen.pk, chosen.slot, chosen.status) == (paid.pk, 0, "authorized")
        assert (moved("cancel"), PaymentSession.objects.get(provider_id=SECOND).status) == ([0], "canceled")
        assert differences(fake_provider) == []

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


class TestALateUpdate:
    @pytest.fixture
    def update(self, till: Till, script: Script) -> Operation:
        till.session()
        script["update"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            till.session()
        script.clear()
        return Operation.objects.get(kind="update")

    def answer(self, update: Operation) -> None:
        ref = update.request["provider_ref"]
        result = SessionResult(provider_ref=ref, status=SessionStatus.PENDING, money=euros(5))
        settle(update, Succeeded(result=result))

    def test_does_not_revive_a_canceled_session(self, till: Till, update: Operation) -> None:
        till.session("pp_system_default")
        self.answer(update)

        session = PaymentSession.objects.get(pk=update.payment_session_id)
        assert (session.slot, session.status, session.amount) == (None, "canceled", 10000)

    def test_takes_nothing_from_an_authorized_session(self, update: Operation) -> None:
        settle(update, NotExecuted(message="Not sent."))
        authorize(PaymentSession.objects.get())
        self.answer(update)

        session = PaymentSession.objects.get()
        assert (session.status, session.amount, session.payment.amount) == ("authorized", 10000, 10000)


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


class TestWhatAnEarlierRequestLeftUnknown:
    """Its refusal is no answer to who asks for something else."""

    @pytest.fixture
    def session(self, till: Till, script: Script) -> PaymentSession:
        session = till.session()
        script["update"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            till.session(delay_ms=1)
        script["update"] = declined
        return session

    def test_a_refused_update_does_not_keep_the_session_from_being_authorized(self, session: PaymentSession) -> None:
        assert authorize(session).status == "authorized"

    def test_nor_from_being_updated_otherwise(
        self, till: Till, script: Script, session: PaymentSession, moved: Moved
    ) -> None:
        def decline_the_old_one(request: Any, call: Verb) -> Any:
            return declined(request, call) if request.data == {"delay_ms": 1} else call(request)

        script["update"] = decline_the_old_one

        assert till.session(delay_ms=2).client_data == {"delay_ms": 2}
        assert moved("update") == [10000]

    def test_the_same_request_gets_the_refusal(self, till: Till, session: PaymentSession) -> None:
        with pytest.raises(PaymentAuthorizationError):
            till.session(delay_ms=1)


class TestASessionThatCanNotBeUpdated:
    def test_of_another_account_is_replaced(self, till: Till, script: Script, configure: Any, moved: Moved) -> None:
        replaced = till.session()
        configure("pp_fake_fake", "Scripted", account="new")

        session = till.session()

        assert (session.slot, session.provider_account) == (0, "new")
        replaced.refresh_from_db()
        assert (replaced.slot, replaced.provider_account) == (None, "fake")
        assert moved("cancel") == []

    def test_in_another_currency_is_replaced(self, till: Till, moved: Moved) -> None:
        replaced = till.session()
        till.set_total("100", "usd")

        session = payment_sessions.initialize(
            payment_collection_id=replaced.payment_collection_id, provider_id="pp_fake_fake"
        )

        assert (session.slot, session.currency_code) == (0, "usd")
        assert (moved("initiate"), moved("update")) == ([10000, 10000], [])
        replaced.refresh_from_db()
        assert (replaced.slot, replaced.status, replaced.currency_code) == (None, "canceled", "eur")

    def test_canceled_by_its_provider_is_replaced(self, till: Till, moved: Moved) -> None:
        replaced = till.session(outcome="canceled")
        with pytest.raises(NotAllowed):
            authorize(replaced)

        assert till.session().pk != replaced.pk
        assert moved("update") == []
        assert not Operation.objects.filter(kind="cancel").exists()


class TestWhatAnotherRequestLeftBehind:
    """Its answer is taken over only by who asks for the very same."""

    @pytest.fixture
    def unknown(self, till: Till, script: Script) -> dict[str, Any]:
        request = {"payment_collection_id": till.collection().pk, "provider_id": "pp_fake_fake"}
        script["initiate"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            payment_sessions.initialize(**request, customer_id="anna")
        script.clear()
        return request

    def test_for_another_customer(self, unknown: dict[str, Any]) -> None:
        session = payment_sessions.initialize(**unknown, customer_id="berta")

        assert session.customer_id == "berta"
        assert PaymentSession.objects.get(customer_id="anna").status == "canceled"

    def test_for_a_cart_that_has_changed(self, till: Till, unknown: dict[str, Any]) -> None:
        till.set_total("80")

        assert payment_sessions.initialize(**unknown, customer_id="anna").amount == 8000


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
        script["cancel"] = lambda request, _: SystemProvider("x", {}).cancel(request)
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


class TestCancel:
    def test_waits_for_a_capture_in_flight(self, till: Till, script: Script, moved: Moved) -> None:
        payment = till.authorized()
        script["capture"] = lost
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))

        with pytest.raises(Conflict, match="being captured"):
            payments.cancel(payment_id=payment.pk)
        assert moved("cancel") == []

    def test_twice_asks_the_provider_once(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()
        for _ in range(2):
            payments.cancel(payment_id=payment.pk)

        assert Operation.objects.filter(kind="cancel").count() == 1


class TestWhatACollectionShows:
    def test_is_complete_since_it_first_was(self, till: Till) -> None:
        collection = till.captured().payment_collection
        completed_at = collection.completed_at

        refunds.refund(payment_id=Payment.objects.get().pk)

        collection.refresh_from_db()
        assert completed_at is not None
        assert collection.completed_at == completed_at

    def test_is_complete_no_more_once_its_payment_is_canceled(self, till: Till) -> None:
        request = {"payment_collection_id": till.collection("0").pk}
        session = payment_sessions.initialize(**request, provider_id="pp_system_default")
        payments.cancel(payment_id=authorize(session).payment.pk)

        collection = PaymentCollection.objects.get()
        assert (collection.status, collection.completed_at) == ("not_paid", None)

    def test_replaced_sessions_do_not_count(self, till: Till, script: Script) -> None:
        script["cancel"] = lost
        authorize(till.session(outcome="pending_authorization"))
        till.session(SECOND)

        assert PaymentSession.objects.get(slot=None).status == "pending_authorization"
        assert PaymentCollection.objects.get().status == "not_paid"


def test_a_collection_that_is_deleted_while_it_is_looked_for_is_made_anew(till: Till) -> None:
    found = till.collection("100")
    till.set_total("80")

    def delete_what_is_found(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if "live_cart_id" in sql and found.deleted_at is None:
            found.deleted_at = found.created_at
            PaymentCollection.objects.update(deleted_at=F("created_at"), live_cart_id=None)
        return result

    with connection.execute_wrapper(delete_what_is_found):
        made = payment_collections.create_for_cart(cart_id="cart_1")

    assert (made.amount, made.live_cart_id, made.deleted_at) == (8000, "cart_1", None)
    assert made.pk != found.pk


def test_a_collection_that_somebody_else_makes_first_is_theirs(till: Till) -> None:
    till.set_total("100")
    theirs: list[PaymentCollection] = []

    def overtake(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT") and not theirs:
            theirs.append(PaymentCollection(amount=10000, currency_code="eur", cart_id="cart_1", live_cart_id="cart_1"))
            theirs[0].save()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(overtake):
        found = payment_collections.create_for_cart(cart_id="cart_1")

    assert found.pk == theirs[0].pk
    assert not found.events.exists()


def test_a_collection_that_waits_for_its_money_is_not_deleted(till: Till, script: Script) -> None:
    script["authorize"] = changed(status=SessionStatus.PENDING_AUTHORIZATION)
    session = authorize(till.session())

    with pytest.raises(NotAllowed):
        payment_collections.delete(payment_collection_id=session.payment_collection_id)
    assert PaymentSession.objects.get().slot == 0


class TestMarkAsPaid:
    def test_never_takes_the_money_of_a_customer_who_chose_another_provider_meanwhile(
        self, unpaid_order: PaymentCollection, script: Script, moved: Moved
    ) -> None:
        request = {"payment_collection_id": unpaid_order.pk, "provider_id": "pp_fake_fake", "idempotency_key": "k1"}
        script["authorize"] = declined
        with pytest.raises(PaymentAuthorizationError):
            payment_collections.mark_as_paid(**request)
        script.clear()
        payment_sessions.initialize(payment_collection_id=unpaid_order.pk, provider_id=SECOND)

        with pytest.raises(NotAllowed):
            payment_collections.mark_as_paid(**request)
        assert (moved("authorize"), moved("capture")) == ([], [])

    def test_a_provider_that_only_promises(self, unpaid_order: PaymentCollection, script: Script) -> None:
        def promise(request: Any, call: Verb) -> Any:
            return replace(call(request), status=SessionStatus.PENDING_AUTHORIZATION)

        script["authorize"] = promise
        with pytest.raises(NotAllowed, match="was not authorized"):
            payment_collections.mark_as_paid(payment_collection_id=unpaid_order.pk, provider_id="pp_fake_fake")
