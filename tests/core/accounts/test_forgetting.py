"""A customer whom the shop deletes is forgotten at the providers and here; what money refers to stays."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from medusa_payments.core.accounts import forgetting
from medusa_payments.core.upkeep import retention
from medusa_payments.customers import Customer
from medusa_payments.models import AccountHolder, PaymentSession
from medusa_payments.services import account_holders, payment_sessions, worker
from medusa_payments.testing.fake_provider import FakeProvider
from tests.scripted import SECOND, Script, authorize, run_out_holder
from tests.till import Till

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

JANE = Customer(id="cus_jane", email="jane@example.com", name="Jane Doe")
DELETION = "delete_account_holder"


def forget() -> None:
    account_holders.delete(customer_id="cus_jane")


def left(report_of: Any) -> int:
    """How much the worker's stage says is left."""
    [stage] = [stage for stage in report_of.stages if stage.name == "forgetting"]
    return int(stage.left)


def let_the_pause_run_out() -> None:
    AccountHolder.objects.update(lease_expires_at=Now() - timedelta(seconds=1))


def assert_erased(holder: AccountHolder) -> None:
    holder.refresh_from_db()
    assert (holder.customer_id, holder.email, holder.data, holder.request) == (None, None, {}, {})
    assert holder.forgotten_at is not None
    assert holder.erased_at is not None


@pytest.fixture
def holder(till: Till) -> AccountHolder:
    return account_holders.create(provider_id="pp_fake_fake", customer=JANE)


def test_the_account_is_closed_and_the_person_erased(
    till: Till, fake_provider: FakeProvider, holder: AccountHolder
) -> None:
    session = authorize(till.session_of_customer(JANE))

    forget()

    assert fake_provider.customers() == []
    assert_erased(holder)
    session.refresh_from_db()
    assert (session.account_holder_id, session.payment.amount) == (holder.pk, 10000)
    assert AccountHolder.objects.get().external_id == session.operations.get(kind="initiate").request.get(
        "account_holder_ref"
    )


def test_every_account_of_the_customer_and_nobody_elses(
    till: Till, script: Script, fake_provider: FakeProvider
) -> None:
    for provider_id in ("pp_fake_fake", SECOND):
        account_holders.create(provider_id=provider_id, customer=JANE)
    account_holders.create(provider_id="pp_fake_fake", customer=Customer(id="cus_joe", email="joe@example.com"))

    forget()

    assert [customer.customer_id for customer in fake_provider.customers()] == ["cus_joe"]
    assert AccountHolder.objects.get(customer_id="cus_joe").email == "joe@example.com"


@pytest.mark.parametrize("customer_id", ["cus_joe", ""])
def test_one_without_accounts(till: Till, holder: AccountHolder, customer_id: str) -> None:
    AccountHolder.objects.filter(pk=holder.pk).update(customer_id="cus_jane")
    account_holders.delete(customer_id=customer_id)

    assert AccountHolder.objects.get().customer_id == "cus_jane"


def test_twice(till: Till, fake_provider: FakeProvider, holder: AccountHolder) -> None:
    forget()
    forget()

    assert_erased(holder)


def test_the_same_id_is_somebody_new_afterwards(till: Till, fake_provider: FakeProvider, holder: AccountHolder) -> None:
    forget()

    session = till.session_of_customer(JANE)

    assert session.account_holder_id != holder.pk
    assert len(fake_provider.customers()) == 1


def test_a_session_that_is_made_anew_brings_nobody_back(till: Till, fake_provider: FakeProvider) -> None:
    session = till.session_of_customer(JANE)
    forget()

    fresh = payment_sessions.refresh(payment_collection_id=session.payment_collection_id, payment_session_id=session.pk)

    assert (fresh.customer_id, fresh.account_holder, fake_provider.customers()) == ("", None, [])


@pytest.mark.parametrize("outcome", ["unavailable", "timeout_before", "timeout_after"])
def test_what_the_provider_can_not_do_now_the_worker_does_later(
    till: Till, fake_provider: FakeProvider, holder: AccountHolder, outcome: str
) -> None:
    fake_provider.steer(DELETION, outcome)
    forget()
    holder.refresh_from_db()
    assert (holder.customer_id, holder.email, holder.erased_at) == (None, "jane@example.com", None)
    assert left(worker.run_once()) == 1

    fake_provider.steer(DELETION)
    assert left(worker.run_once(is_dry_run=True)) == 1
    assert left(worker.run_once()) == 1, "a provider that failed is left in peace for a while"
    let_the_pause_run_out()

    assert left(worker.run_once()) == 0
    assert fake_provider.customers() == []
    assert_erased(holder)


def test_a_provider_that_refuses_to_close_it_does_not_keep_it_here(
    till: Till, fake_provider: FakeProvider, holder: AccountHolder
) -> None:
    fake_provider.steer(DELETION, "rejected")

    forget()

    assert_erased(holder)


def test_nor_does_one_that_is_not_configured_any_more(till: Till, settings: Any, holder: AccountHolder) -> None:
    system = {"pp_system_default": settings.MEDUSA_PAYMENTS["PROVIDERS"]["pp_system_default"]}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": system}

    forget()

    assert_erased(holder)


def test_nor_does_anything_that_is_wrong_with_another_one(till: Till, settings: Any, holder: AccountHolder) -> None:
    broken = settings.MEDUSA_PAYMENTS["PROVIDERS"] | {"pp_broken": {"BACKEND": "nowhere.Provider"}}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": broken}

    forget()

    assert_erased(holder)


def test_another_provider_on_the_account_will_do(
    till: Till, settings: Any, configure: Any, fake_provider: FakeProvider, holder: AccountHolder
) -> None:
    configure(SECOND, "Scripted", account="fake")
    others = {alias: each for alias, each in settings.MEDUSA_PAYMENTS["PROVIDERS"].items() if alias != "pp_fake_fake"}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": others}

    forget()

    assert fake_provider.customers() == []


class TestWhileItIsBeingOpened:
    @pytest.fixture
    def unknown(self, till: Till, fake_provider: FakeProvider) -> Callable[[str], AccountHolder]:
        def leave(outcome: str) -> AccountHolder:
            fake_provider.steer("account_holder", outcome)
            till.session_of_customer(JANE)
            return AccountHolder.objects.get()

        return leave

    def test_what_was_opened_unknown_to_us_is_closed_too(self, fake_provider: FakeProvider, unknown: Any) -> None:
        holder = unknown("timeout_after")
        assert len(fake_provider.customers()) == 1

        forget()

        assert fake_provider.customers() == []
        assert_erased(holder)

    def test_what_may_still_arrive_is_waited_for(self, fake_provider: FakeProvider, unknown: Any) -> None:
        holder = unknown("timeout_before")
        forget()
        assert left(worker.run_once()) == 1

        run_out_holder(holder)
        assert left(worker.run_once()) == 0
        assert_erased(holder)

    def test_what_was_refused_leaves_nothing_to_close(
        self, fake_provider: FakeProvider, unknown: Any, script: Script
    ) -> None:
        holder = unknown("rejected")
        script[DELETION] = lambda *_: pytest.fail("there is nothing to delete")

        forget()

        assert_erased(holder)

    def test_who_opens_it_is_not_disturbed(self, till: Till, script: Script, fake_provider: FakeProvider) -> None:
        script["account_holder"] = lambda request, call: (forget(), call(request))[1]
        session = till.session_of_customer(JANE)

        assert session.account_holder_id is None
        assert len(fake_provider.customers()) == 1
        assert left(worker.run_once()) == 0
        assert fake_provider.customers() == []


def test_two_workers_take_a_row_once(till: Till, script: Script, holder: AccountHolder) -> None:
    marked = forgetting.mark_forgotten("cus_jane")
    taken = []

    def meanwhile(request: Any, call: Any) -> Any:
        taken.append(request)
        assert forgetting.erase_due().done == 0
        return call(request)

    script[DELETION] = meanwhile

    assert forgetting.erase(marked[0])
    assert not forgetting.erase(marked[0])
    assert len(taken) == 1


def test_sessions_of_others_are_not_touched(till: Till, holder: AccountHolder) -> None:
    session = till.session()
    before = PaymentSession.objects.filter(pk=session.pk).values().get()

    forget()

    assert PaymentSession.objects.filter(pk=session.pk).values().get() == before


def test_a_request_that_nobody_found_out_about_is_erased_and_the_account_found_all_the_same(
    till: Till, fake_provider: FakeProvider
) -> None:
    fake_provider.steer("account_holder", "timeout_after")
    till.session_of_customer(JANE)
    assert AccountHolder.objects.get().request["name"] == "Jane Doe"
    worker.run_once()
    assert AccountHolder.objects.get().request["name"] == "Jane Doe"

    AccountHolder.objects.update(sent_at=Now() - timedelta(days=91), lease_expires_at=None)
    assert retention.erase_due(is_dry_run=True).left == 1
    assert retention.erase_due().done == 1
    holder = AccountHolder.objects.get()
    assert (holder.request, holder.is_sent, retention.erase_due().done) == ({}, True, 0)

    fake_provider.steer("account_holder", "unavailable")
    assert till.session_of_customer(JANE).account_holder_id == holder.pk
    assert len(fake_provider.customers()) == 1
