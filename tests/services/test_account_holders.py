"""A customer's account with a provider is opened once, whatever becomes of the calls, and keeps nobody from paying."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from medusa_payments.core.accounts import opening
from medusa_payments.core.base import leases
from medusa_payments.customers import Customer
from medusa_payments.exceptions import (
    Conflict,
    InsideTransaction,
    InvalidData,
    NotAllowed,
    PaymentOutcomeUnknown,
    ProviderNotReachable,
)
from medusa_payments.models import AccountHolder, PaymentSession
from medusa_payments.providers.account_holders import AccountHolderResult
from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.queries import account_holders as queries
from medusa_payments.services import account_holders, payment_methods, payment_sessions
from medusa_payments.services.payment_sessions import SessionChoice
from medusa_payments.testing.fake_provider import FakeProvider
from tests.scripted import SECOND, Script, answer_lost, changed, lost, run_out_holder
from tests.till import Till

pytestmark = pytest.mark.django_db

FAKE = "pp_fake_fake"
ACCOUNT_HOLDER = "account_holder"
JANE = Customer(id="cus_jane", email="jane@example.com", name="Jane Doe", phone="+49 30 1234")
JOE = Customer(id="cus_joe")


def refs(provider: FakeProvider) -> list[str]:
    return [customer.ref for customer in provider.customers()]


def request_of(session: PaymentSession) -> dict[str, Any]:
    request: dict[str, Any] = session.operations.get(kind="initiate").request
    return request


def forget_keys(holder: AccountHolder) -> None:
    """Let the time pass after which the provider may have forgotten the key."""
    AccountHolder.objects.filter(pk=holder.pk).update(sent_at=F("created_at") - timedelta(hours=23, minutes=1))


class TestPaying:
    def test_the_first_checkout_opens_an_account(self, till: Till, fake_provider: FakeProvider) -> None:
        session = till.session_of_customer(JANE)

        [customer] = fake_provider.customers()
        assert (customer.customer_id, customer.email, customer.name) == ("cus_jane", "jane@example.com", "Jane Doe")
        assert customer.phone == "+49 30 1234"
        holder = AccountHolder.objects.get()
        assert session.account_holder_id == holder.pk == customer.account_holder_id == customer.idempotency_key
        assert (holder.external_id, holder.email, holder.customer_id) == (customer.ref, JANE.email, JANE.id)
        assert holder.data["id"] == customer.ref
        assert (holder.request, holder.sent_at, holder.lease_expires_at) == ({}, None, None)
        assert request_of(session)["account_holder_ref"] == customer.ref

    def test_the_next_checkout_uses_the_account_again(
        self, till: Till, fake_provider: FakeProvider, script: Script
    ) -> None:
        first = till.session_of_customer(JANE)
        script[ACCOUNT_HOLDER] = lambda *_: pytest.fail("nothing is to be opened")

        second = till.session_of_customer(JANE, cart_id="cart_2")

        assert first.account_holder_id == second.account_holder_id
        assert request_of(second)["account_holder_ref"] == refs(fake_provider)[0]

    def test_an_account_is_opened_by_the_customers_id_alone(self, till: Till, fake_provider: FakeProvider) -> None:
        session = till.session_of_customer(None, customer_id="cus_jane")  # type: ignore[arg-type]

        assert session.customer_id == "cus_jane"
        assert [customer.customer_id for customer in fake_provider.customers()] == ["cus_jane"]

    def test_guests_have_no_account(self, till: Till, fake_provider: FakeProvider) -> None:
        session = till.session()

        assert (session.account_holder_id, fake_provider.customers()) == (None, [])
        assert request_of(session)["account_holder_ref"] is None

    def test_no_account_is_opened_where_the_provider_keeps_no_customers(
        self, till: Till, configure: Any, fake_provider: FakeProvider
    ) -> None:
        configure(FAKE, "Customerless")

        assert till.session_of_customer(JANE).account_holder_id is None
        assert till.session_of_customer(JANE, provider_id="pp_system_default").account_holder_id is None
        assert not AccountHolder.objects.exists()

    def test_customers_have_one_account_each(self, till: Till, fake_provider: FakeProvider) -> None:
        till.session_of_customer(JANE)
        till.session_of_customer(JOE, cart_id="cart_2")

        assert [customer.customer_id for customer in fake_provider.customers()] == ["cus_jane", "cus_joe"]
        assert AccountHolder.objects.count() == 2

    def test_two_providers_on_one_account_share_it(
        self, till: Till, configure: Any, script: Script, fake_provider: FakeProvider
    ) -> None:
        configure(SECOND, "Scripted", account="fake")
        first = till.session_of_customer(JANE)

        second = till.session_of_customer(JANE, cart_id="cart_2", provider_id=SECOND)

        assert first.account_holder_id == second.account_holder_id
        assert len(fake_provider.customers()) == 1

    def test_two_provider_accounts_get_two_account_holders(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        first = till.session_of_customer(JANE)

        second = till.session_of_customer(JANE, cart_id="cart_2", provider_id=SECOND)

        assert first.account_holder_id != second.account_holder_id
        assert [customer.account for customer in fake_provider.customers()] == ["fake", "second"]
        assert len(queries.of_customer("cus_jane")) == 2

    def test_a_session_without_it_is_replaced_once_there_is_one(self, till: Till, fake_provider: FakeProvider) -> None:
        fake_provider.steer(ACCOUNT_HOLDER, "unavailable")
        without = till.session_of_customer(JANE)
        again = till.session_of_customer(JANE)
        fake_provider.steer(ACCOUNT_HOLDER)

        session = till.session_of_customer(JANE)

        assert without.pk == again.pk != session.pk
        assert (without.account_holder_id, session.account_holder_id) == (None, AccountHolder.objects.get().pk)
        fake_provider.steer("find_account_holder", "unavailable")
        assert till.session_of_customer(JANE).pk == session.pk

    def test_data_of_the_provider_is_not_in_the_log(
        self, till: Till, script: Script, caplog: pytest.LogCaptureFixture
    ) -> None:
        def raises(*_: Any) -> Any:
            raise LookupError(JANE.email)

        script[ACCOUNT_HOLDER] = raises
        with caplog.at_level(logging.DEBUG, "medusa_payments"):
            till.session_of_customer(JANE)

        assert "LookupError" in caplog.text
        assert "jane@" not in caplog.text


class TestWhateverBecomesOfTheCall:
    @pytest.mark.parametrize("outcome", ["unavailable", "declined", "rejected", "timeout_before", "timeout_after"])
    def test_it_keeps_nobody_from_paying_and_is_tried_again(
        self, till: Till, fake_provider: FakeProvider, outcome: str
    ) -> None:
        fake_provider.steer(ACCOUNT_HOLDER, outcome)

        assert till.session_of_customer(JANE).account_holder_id is None

        fake_provider.steer(ACCOUNT_HOLDER)
        session = till.session_of_customer(JANE, cart_id="cart_2")
        assert request_of(session)["account_holder_ref"] == refs(fake_provider)[0]
        assert len(fake_provider.customers()) == 1

    @pytest.mark.parametrize("lose", [lost, answer_lost])
    def test_a_lost_answer_is_found_by_the_same_request_under_the_same_key(
        self, till: Till, script: Script, fake_provider: FakeProvider, lose: Any
    ) -> None:
        sent: list[Any] = []
        script[ACCOUNT_HOLDER] = lambda request, call: (sent.append(request), lose(request, call))
        till.session_of_customer(JANE)
        script[ACCOUNT_HOLDER] = lambda request, call: (sent.append(request), call(request))[1]

        till.session_of_customer(replace(JANE, name="Jane Roe"))

        assert sent[0] == sent[1]
        assert len(fake_provider.customers()) == 1

    def test_a_repeat_that_does_not_get_through_leaves_it_lost(self, till: Till, fake_provider: FakeProvider) -> None:
        fake_provider.steer(ACCOUNT_HOLDER, "timeout_after")
        till.session_of_customer(JANE)
        before = AccountHolder.objects.get()
        for verb in (ACCOUNT_HOLDER, "find_account_holder"):
            fake_provider.steer(verb, "unavailable")
        till.session_of_customer(JANE)

        after = AccountHolder.objects.get()
        assert (after.request, after.sent_at) == (before.request, before.sent_at)
        assert after.is_sent

    @pytest.mark.parametrize("outcome", ["unavailable", "rejected"])
    def test_what_opened_nothing_is_followed_by_what_is_known_now(
        self, till: Till, fake_provider: FakeProvider, outcome: str
    ) -> None:
        fake_provider.steer(ACCOUNT_HOLDER, outcome)
        till.session_of_customer(JANE)
        fake_provider.steer(ACCOUNT_HOLDER)

        till.session_of_customer(replace(JANE, email="jane.doe@example.com"))

        holder, [customer] = AccountHolder.objects.get(), fake_provider.customers()
        assert holder.email == customer.email == "jane.doe@example.com"

    def test_a_refusal_is_kept_for_people_to_read(self, till: Till, fake_provider: FakeProvider) -> None:
        fake_provider.steer(ACCOUNT_HOLDER, "rejected")
        till.session_of_customer(JANE)

        assert AccountHolder.objects.get().error_message == "The payment provider rejected the request."
        fake_provider.steer(ACCOUNT_HOLDER)
        till.session_of_customer(JANE)
        assert AccountHolder.objects.get().error_message == ""

    @pytest.mark.parametrize("ref", ["", "x" * 256])
    def test_an_answer_without_a_usable_reference_is_none(
        self, till: Till, script: Script, fake_provider: FakeProvider, ref: str
    ) -> None:
        script[ACCOUNT_HOLDER] = changed(account_holder_ref=ref)

        assert till.session_of_customer(JANE).account_holder_id is None

        script.clear()
        assert till.session_of_customer(JANE).account_holder_id is not None
        assert len(fake_provider.customers()) == 1

    def test_a_reference_that_is_another_customers_is_not_taken(self, till: Till, script: Script) -> None:
        of_joe = till.session_of_customer(JOE).account_holder
        script[ACCOUNT_HOLDER] = lambda *_: AccountHolderResult(account_holder_ref=of_joe.external_id)

        assert till.session_of_customer(JANE, cart_id="cart_2").account_holder_id is None
        assert AccountHolder.objects.get(customer_id="cus_jane").external_id is None

    def test_what_the_database_can_not_book_is_found_again(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        def fails(execute: Any, sql: str, *rest: Any) -> Any:
            if sql.startswith("UPDATE") and "accountholder" in sql and '"external_id" =' in sql.split("WHERE")[0]:
                raise DatabaseError("disk full")
            return execute(sql, *rest)

        with connection.execute_wrapper(fails):
            assert till.session_of_customer(JANE).account_holder_id is None

        assert till.session_of_customer(JANE).account_holder_id is not None
        assert len(fake_provider.customers()) == 1

    def test_a_late_answer_is_booked_whoever_has_it_by_then(
        self, till: Till, script: Script, fake_provider: FakeProvider
    ) -> None:
        """The first sender stalls, the next one takes over: both get the one customer."""

        def stall(request: Any, call: Any) -> Any:
            script.clear()
            run_out_holder(AccountHolder.objects.get())
            till.session_of_customer(JANE, cart_id="cart_2")
            return call(request)

        script[ACCOUNT_HOLDER] = stall
        session = till.session_of_customer(JANE)

        assert len(fake_provider.customers()) == 1
        assert session.account_holder_id == PaymentSession.objects.exclude(pk=session.pk).get().account_holder_id

    def test_one_that_stalled_before_it_could_send_does_not(
        self, till: Till, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        half = leases.lease_seconds(fake_provider) / 2
        moments = iter([0.0, half + 1])
        with monkeypatch.context() as patch:
            patch.setattr(opening.time, "monotonic", lambda: next(moments))
            with pytest.raises(ProviderNotReachable):
                account_holders.create(provider_id=FAKE, customer=JANE)

        assert fake_provider.customers() == []
        assert till.session_of_customer(JANE).account_holder_id is not None


class TestOnceTheKeyMayBeForgotten:
    @pytest.fixture
    def unknown(self, till: Till, fake_provider: FakeProvider) -> Callable[[str], AccountHolder]:
        def leave(outcome: str) -> AccountHolder:
            fake_provider.steer(ACCOUNT_HOLDER, outcome)
            till.session_of_customer(JANE)
            fake_provider.steer(ACCOUNT_HOLDER)
            holder = AccountHolder.objects.get()
            forget_keys(holder)
            run_out_holder(holder)
            return holder

        return leave

    def test_what_was_opened_is_found(
        self, till: Till, script: Script, fake_provider: FakeProvider, unknown: Any
    ) -> None:
        unknown("timeout_after")
        script[ACCOUNT_HOLDER] = lambda *_: pytest.fail("it may be forgotten")

        session = till.session_of_customer(JANE)

        assert request_of_latest(session)["account_holder_ref"] == refs(fake_provider)[0]

    def test_what_was_not_is_opened_under_another_key(
        self, till: Till, fake_provider: FakeProvider, unknown: Any
    ) -> None:
        holder = unknown("timeout_before")

        till.session_of_customer(replace(JANE, name="Jane Roe"))

        [customer] = fake_provider.customers()
        assert (customer.idempotency_key, customer.name) == (f"{holder.pk}-1", "Jane Roe")
        assert customer.account_holder_id == holder.pk

    def test_what_may_still_arrive_is_waited_for(self, till: Till, fake_provider: FakeProvider, unknown: Any) -> None:
        holder = unknown("timeout_before")
        AccountHolder.objects.filter(pk=holder.pk).update(in_flight_until=Now() + timedelta(seconds=9))

        assert till.session_of_customer(JANE).account_holder_id is None
        assert fake_provider.customers() == []

        AccountHolder.objects.filter(pk=holder.pk).update(in_flight_until=Now())
        assert till.session_of_customer(JANE).account_holder_id == holder.pk

    @pytest.mark.parametrize("outcome", ["unavailable", "timeout_after"])
    def test_a_provider_that_can_not_be_asked_is_asked_later(
        self, till: Till, fake_provider: FakeProvider, unknown: Any, outcome: str
    ) -> None:
        unknown("timeout_after")
        fake_provider.steer("find_account_holder", outcome)
        assert till.session_of_customer(JANE).account_holder_id is None

        fake_provider.steer("find_account_holder")
        assert till.session_of_customer(JANE).account_holder_id is not None
        assert len(fake_provider.customers()) == 1


def request_of_latest(session: PaymentSession) -> dict[str, Any]:
    request: dict[str, Any] = session.operations.filter(kind="initiate").latest("created_at").request
    return request


class TestARepeatThatFails:
    @pytest.mark.parametrize("how", ["rejected", "lost"])
    def test_says_nothing_about_the_first_sending(
        self, till: Till, script: Script, fake_provider: FakeProvider, how: str
    ) -> None:
        """Providers repeat the failure that they answered a key with."""
        fake_provider.steer(ACCOUNT_HOLDER, "timeout_after")
        till.session_of_customer(JANE)
        script[ACCOUNT_HOLDER] = rejects if how == "rejected" else lost

        session = till.session_of_customer(JANE)

        assert request_of_latest(session)["account_holder_ref"] == refs(fake_provider)[0]

    @pytest.mark.parametrize("how", ["rejected", "lost"])
    def test_is_not_repeated_for_ever(self, till: Till, script: Script, fake_provider: FakeProvider, how: str) -> None:
        script[ACCOUNT_HOLDER] = lost
        till.session_of_customer(JANE)
        script[ACCOUNT_HOLDER] = rejects if how == "rejected" else lost
        assert till.session_of_customer(JANE).account_holder_id is None
        holder = AccountHolder.objects.get()
        assert (holder.is_sent, holder.lease_expires_at) == (True, None)

        script.clear()
        run_out_holder(holder)
        AccountHolder.objects.update(sent_at=Now() - timedelta(hours=1, seconds=1))
        assert till.session_of_customer(JANE).account_holder_id == holder.pk
        assert [customer.idempotency_key for customer in fake_provider.customers()] == [f"{holder.pk}-1"]


def rejects(*_: Any) -> Any:
    raise ProviderRejected("No.")


class TestWhileAnotherIsAtWork:
    @pytest.fixture
    def at_work(self, till: Till, fake_provider: FakeProvider) -> Callable[[float], AccountHolder]:
        """Somebody, on another machine, began to open the account so many seconds ago."""

        def begin(seconds_ago: float) -> AccountHolder:
            fake_provider.steer(ACCOUNT_HOLDER, "timeout_after")
            till.session_of_customer(JANE)
            fake_provider.steer(ACCOUNT_HOLDER)
            lease = leases.lease_seconds(fake_provider)
            AccountHolder.objects.update(
                lease_expires_at=Now() + timedelta(seconds=lease - seconds_ago), leased_by="elsewhere 1@1"
            )
            return AccountHolder.objects.get()

        return begin

    def test_others_are_told_to_come_again(self, till: Till, at_work: Any) -> None:
        at_work(1)

        with pytest.raises(Conflict) as caught:
            till.session_of_customer(JANE, cart_id="cart_2")

        assert (caught.value.retry_after, caught.value.code) == (1, "invalid_state_error")

    def test_for_a_few_seconds_then_they_go_on_without(self, till: Till, at_work: Any) -> None:
        at_work(opening.PATIENCE_SECONDS + 1)

        assert till.session_of_customer(JANE, cart_id="cart_2").account_holder_id is None

    def test_a_process_that_is_seen_to_be_gone_is_not_waited_for(
        self, till: Till, at_work: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        holder = at_work(1)
        monkeypatch.setattr(opening.workers, "is_gone", lambda worker: worker == "elsewhere 1@1")

        assert till.session_of_customer(JANE, cart_id="cart_2").account_holder_id == holder.pk


class TestOnRequest:
    def test_it_is_opened_before_anything_is_bought(self, till: Till, fake_provider: FakeProvider) -> None:
        holder = account_holders.create(provider_id=FAKE, customer=JANE)

        assert holder.external_id == refs(fake_provider)[0]
        assert account_holders.create(provider_id=FAKE, customer=JANE) == holder
        assert till.session_of_customer(JANE).account_holder_id == holder.pk
        assert queries.of_customer("cus_jane") == [holder]

    @pytest.mark.parametrize(
        ("outcome", "error"),
        [
            ("rejected", InvalidData),
            ("declined", InvalidData),
            ("unavailable", ProviderNotReachable),
            ("timeout_after", PaymentOutcomeUnknown),
        ],
    )
    def test_whoever_asks_for_it_learns_what_went_wrong(
        self, till: Till, fake_provider: FakeProvider, outcome: str, error: type[Exception]
    ) -> None:
        fake_provider.steer(ACCOUNT_HOLDER, outcome)

        with pytest.raises(error):
            account_holders.create(provider_id=FAKE, customer=JANE)
        assert queries.of_customer("cus_jane") == []

    def test_not_where_no_customers_are_kept(self, till: Till) -> None:
        with pytest.raises(InvalidData, match="keeps no customers"):
            account_holders.create(provider_id="pp_system_default", customer=JANE)


@pytest.mark.django_db(transaction=True)
def test_not_inside_the_callers_transaction(till: Till, fake_provider: FakeProvider) -> None:
    with transaction.atomic(), pytest.raises(InsideTransaction):
        account_holders.create(provider_id=FAKE, customer=JANE)
    with transaction.atomic(), pytest.raises(InsideTransaction):
        account_holders.delete(customer_id="cus_jane")

    assert fake_provider.customers() == []


class TestAnAccountThatIsGoneAtTheProvider:
    """Somebody has deleted the customer in the provider's dashboard."""

    @pytest.fixture
    def gone(self, till: Till, fake_provider: FakeProvider) -> AccountHolder:
        holder = account_holders.create(provider_id=FAKE, customer=JANE)
        fake_provider.dashboard.delete_customer(holder.external_id or "")
        return holder

    @pytest.mark.parametrize("key", [None, "k1"])
    def test_is_opened_anew_by_the_same_payment(
        self, till: Till, fake_provider: FakeProvider, gone: AccountHolder, key: str | None
    ) -> None:
        session = till.session_of_customer(JANE, idempotency_key=key)

        assert session.account_holder_id == gone.pk
        assert request_of(session)["account_holder_ref"] == refs(fake_provider)[0] != gone.external_id
        assert len(refs(fake_provider)) == 1
        if key:
            assert till.session_of_customer(JANE, idempotency_key=key).pk == session.pk

    def test_is_opened_anew_by_a_split_payment_too(
        self, till: Till, fake_provider: FakeProvider, gone: AccountHolder
    ) -> None:
        sessions = payment_sessions.set_sessions(
            payment_collection_id=till.collection().pk,
            sessions=[
                SessionChoice(provider_id="pp_system_default", amount=Decimal(40)),
                SessionChoice(provider_id=FAKE, amount=Decimal(60)),
            ],
            customer=JANE,
            idempotency_key="k1",
        )

        assert request_of(sessions[1])["account_holder_ref"] == refs(fake_provider)[0] != gone.external_id

    def test_is_opened_anew_for_a_session_that_is_refreshed(self, till: Till, fake_provider: FakeProvider) -> None:
        session = till.session_of_customer(JANE)
        fake_provider.dashboard.delete_customer(AccountHolder.objects.get().external_id or "")

        fresh = payment_sessions.refresh(
            payment_collection_id=session.payment_collection_id, payment_session_id=session.pk
        )

        assert request_of(fresh)["account_holder_ref"] == refs(fake_provider)[0]

    def test_is_opened_anew_to_save_a_payment_method(
        self, till: Till, fake_provider: FakeProvider, gone: AccountHolder
    ) -> None:
        payment_methods.save(account_holder_id=gone.pk, customer_id=JANE.id)
        assert AccountHolder.objects.get().external_id == refs(fake_provider)[0] != gone.external_id

    def test_a_refusal_for_another_reason_changes_nothing(self, till: Till, fake_provider: FakeProvider) -> None:
        holder = account_holders.create(provider_id=FAKE, customer=JANE)
        AccountHolder.objects.update(updated_at=Now() - timedelta(hours=2))
        with pytest.raises(InvalidData):
            till.session_of_customer(JANE, data={"on": "initiate", "outcome": "rejected"})

        assert AccountHolder.objects.get().external_id == holder.external_id


def test_a_customer_who_is_forgotten_meanwhile_pays_without(till: Till, script: Script) -> None:
    def forget(request: Any, call: Any) -> Any:
        account_holders.delete(customer_id="cus_jane")
        return call(request)

    script[ACCOUNT_HOLDER] = forget
    assert till.session_of_customer(JANE).account_holder_id is None

    script[ACCOUNT_HOLDER] = lambda request, call: (account_holders.delete(customer_id="cus_joe"), call(request))[1]
    with pytest.raises(NotAllowed):
        account_holders.create(provider_id=FAKE, customer=JOE)
