"""Payment methods that the provider keeps for a customer: only the customer sees, saves, deletes and pays with them."""

from decimal import Decimal
from typing import Any

import pytest

from medusa_payments.customers import Customer
from medusa_payments.exceptions import (
    IdempotencyError,
    InvalidData,
    NotFound,
    PaymentOutcomeUnknown,
    ProviderNotReachable,
)
from medusa_payments.models import AccountHolder, PaymentSession
from medusa_payments.providers.base import CARD_DATA_REFUSED
from medusa_payments.services import account_holders, payment_methods, payment_sessions
from medusa_payments.services.payment_sessions import SessionChoice
from medusa_payments.testing.fake_provider import FakeProvider
from tests.scripted import SECOND, Script, authorize
from tests.till import Till

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

FAKE = "pp_fake_fake"
JANE = Customer(id="cus_jane", email="jane@example.com")
JOE = Customer(id="cus_joe")
NOT_HERS = "isn't one that this customer has saved"


@pytest.fixture
def hers(till: Till) -> AccountHolder:
    return account_holders.create(provider_id=FAKE, customer=JANE)


@pytest.fixture
def his(till: Till) -> AccountHolder:
    return account_holders.create(provider_id=FAKE, customer=JOE)


@pytest.fixture
def her_card(fake_provider: FakeProvider, hers: AccountHolder) -> str:
    return fake_provider.dashboard.save_payment_method(hers.external_id or "")


def saved(holder: AccountHolder, **options: Any) -> list[str]:
    listed = payment_methods.list_saved(account_holder_id=holder.pk, customer_id=holder.customer_id or "", **options)
    return [method.id for method in listed]


def save(holder: AccountHolder, **options: Any) -> payment_methods.PaymentMethod:
    return payment_methods.save(account_holder_id=holder.pk, customer_id=holder.customer_id or "", **options)


def delete(holder: AccountHolder, payment_method_id: str) -> None:
    payment_methods.delete(
        account_holder_id=holder.pk, customer_id=holder.customer_id or "", payment_method_id=payment_method_id
    )


class TestListing:
    def test_the_newest_comes_first(self, fake_provider: FakeProvider, hers: AccountHolder, her_card: str) -> None:
        newer = fake_provider.dashboard.save_payment_method(hers.external_id or "", brand="amex", last4="0005")

        first, second = payment_methods.list_saved(account_holder_id=hers.pk, customer_id="cus_jane")

        assert (first.id, second.id) == (newer, her_card)
        assert first.data == {"type": "card", "card": {"brand": "amex", "last4": "0005"}}
        assert first.provider_id == FAKE

    def test_nobody_sees_anothers(self, her_card: str, hers: AccountHolder, his: AccountHolder) -> None:
        assert saved(his) == []
        for customer_id in ("cus_joe", "cus_nobody", ""):
            with pytest.raises(NotFound):
                payment_methods.list_saved(account_holder_id=hers.pk, customer_id=customer_id)

    def test_a_forgotten_customers_are_nobodys(self, her_card: str, hers: AccountHolder) -> None:
        account_holders.delete(customer_id="cus_jane")

        for customer_id in ("cus_jane", ""):
            with pytest.raises(NotFound):
                payment_methods.list_saved(account_holder_id=hers.pk, customer_id=customer_id)

    def test_an_account_that_is_not_open_has_none(self, till: Till, fake_provider: FakeProvider) -> None:
        fake_provider.steer("account_holder", "timeout_after")
        till.session_of_customer(JANE)

        with pytest.raises(NotFound):
            payment_methods.list_saved(account_holder_id=AccountHolder.objects.get().pk, customer_id="cus_jane")

    @pytest.mark.parametrize("outcome", ["unavailable", "timeout_before"])
    def test_a_provider_that_does_not_answer(
        self, fake_provider: FakeProvider, hers: AccountHolder, outcome: str
    ) -> None:
        fake_provider.steer("list_payment_methods", outcome)

        with pytest.raises(ProviderNotReachable):
            saved(hers)

    def test_through_any_provider_on_the_account(
        self, configure: Any, script: Script, hers: AccountHolder, her_card: str
    ) -> None:
        configure(SECOND, "Scripted", account="fake")

        [method] = payment_methods.list_saved(account_holder_id=hers.pk, customer_id="cus_jane", provider_id=SECOND)

        assert (method.id, method.provider_id) == (her_card, SECOND)

    def test_through_the_first_that_keeps_any(
        self, configure: Any, script: Script, hers: AccountHolder, her_card: str
    ) -> None:
        configure(SECOND, "Scripted", account="fake")
        configure(FAKE, "Customerless")

        [method] = payment_methods.list_saved(account_holder_id=hers.pk, customer_id="cus_jane")

        assert (method.id, method.provider_id) == (her_card, SECOND)

    def test_whatever_is_wrong_with_another_one(self, settings: Any, her_card: str, hers: AccountHolder) -> None:
        broken = settings.MEDUSA_PAYMENTS["PROVIDERS"] | {"pp_broken": {"BACKEND": "nowhere.Provider"}}
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": broken}
        assert saved(hers) == [her_card]

    @pytest.mark.parametrize("provider_id", [SECOND, "pp_system_default", "pp_unknown"])
    def test_not_through_one_of_another_account(self, script: Script, hers: AccountHolder, provider_id: str) -> None:
        with pytest.raises(InvalidData, match="keeps no payment methods"):
            saved(hers, provider_id=provider_id)


class TestSaving:
    def test_saving_a_method_ends_in_the_browser(self, fake_provider: FakeProvider, hers: AccountHolder) -> None:
        begun = save(hers)
        assert saved(hers) == []
        assert begun.data["client_secret"].startswith(f"{begun.id}_secret_")

        card = fake_provider.dashboard.save_payment_method(begun.id)

        assert saved(hers) == [card]

    def test_saving_a_method_under_one_key_begins_once(self, hers: AccountHolder, his: AccountHolder) -> None:
        first, again = save(hers, idempotency_key="k1"), save(hers, idempotency_key="k1")

        assert first == again
        others = [save(hers, idempotency_key="k2"), save(hers), save(hers), save(his, idempotency_key="k1")]
        assert len({first.id, *(begun.id for begun in others)}) == 5

    def test_a_method_is_saved_only_for_the_customer_who_asks(self, hers: AccountHolder) -> None:
        with pytest.raises(NotFound):
            payment_methods.save(account_holder_id=hers.pk, customer_id="cus_joe")

    @pytest.mark.parametrize(
        ("outcome", "error"),
        [
            ("rejected", InvalidData),
            ("declined", InvalidData),
            ("unavailable", ProviderNotReachable),
            ("timeout_after", PaymentOutcomeUnknown),
        ],
    )
    def test_saving_a_method_that_the_provider_refuses_or_loses_is_an_error(
        self, fake_provider: FakeProvider, hers: AccountHolder, outcome: str, error: type[Exception]
    ) -> None:
        fake_provider.steer("save_payment_method", outcome)

        with pytest.raises(error):
            save(hers)

    @pytest.mark.parametrize("data", [{"customer": "fake_cus_1"}, {"metadata": {}}, {"surprise": 1}])
    def test_what_only_the_server_decides_is_refused(self, hers: AccountHolder, data: dict[str, Any]) -> None:
        with pytest.raises(InvalidData, match="doesn't accept these data keys"):
            save(hers, data=data)

    def test_card_numbers_are_refused(self, hers: AccountHolder) -> None:
        with pytest.raises(InvalidData, match=CARD_DATA_REFUSED):
            save(hers, data={"payment_method": "4242 4242 4242 4242"})


class TestDeleting:
    def test_forgets_it_and_can_be_repeated(self, hers: AccountHolder, her_card: str) -> None:
        delete(hers, her_card)
        delete(hers, her_card)

        assert saved(hers) == []

    def test_another_customers_is_not_found_by_whatever_id(
        self, hers: AccountHolder, his: AccountHolder, her_card: str
    ) -> None:
        with pytest.raises(NotFound, match="PaymentMethod id not found"):
            delete(his, her_card)
        with pytest.raises(NotFound, match="AccountHolder id not found"):
            payment_methods.delete(account_holder_id=hers.pk, customer_id="cus_joe", payment_method_id=her_card)
        assert saved(hers) == [her_card]

    @pytest.mark.parametrize(
        ("outcome", "error", "is_left"),
        [("unavailable", ProviderNotReachable, True), ("timeout_after", PaymentOutcomeUnknown, False)],
    )
    def test_deleting_a_method_that_the_provider_refuses_or_loses_is_an_error(
        self,
        fake_provider: FakeProvider,
        hers: AccountHolder,
        her_card: str,
        outcome: str,
        error: type[Exception],
        is_left: bool,
    ) -> None:
        fake_provider.steer("delete_payment_method", outcome)
        with pytest.raises(error):
            delete(hers, her_card)
        assert saved(hers) == ([her_card] if is_left else [])

        fake_provider.steer("delete_payment_method")
        delete(hers, her_card)
        assert saved(hers) == []


class TestPaying:
    def test_a_customer_pays_with_their_own_method(self, till: Till, her_card: str) -> None:
        session = authorize(till.session_of_customer(JANE, data={"payment_method": her_card}))

        assert session.payment.amount == 10000
        assert session.client_data == {"payment_method": her_card}

    def test_with_another_one_in_the_same_session(
        self, till: Till, fake_provider: FakeProvider, hers: AccountHolder, her_card: str
    ) -> None:
        first = till.session_of_customer(JANE, data={"payment_method": her_card})
        other = fake_provider.dashboard.save_payment_method(hers.external_id or "")

        second = till.session_of_customer(JANE, data={"payment_method": other})

        assert (second.pk, second.client_data) == (first.pk, {"payment_method": other})

    @pytest.mark.parametrize("wrong", ["fake_pm_unknown", "", None, 5, {}, ["fake_pm_1"]])
    def test_not_with_what_was_never_saved(
        self, till: Till, fake_provider: FakeProvider, her_card: str, wrong: Any
    ) -> None:
        with pytest.raises(InvalidData, match=NOT_HERS):
            till.session_of_customer(JANE, data={"payment_method": wrong})

        assert not PaymentSession.objects.exists()
        assert fake_provider.ledger_entries() == []

    def test_a_customer_can_not_pay_with_anothers_method(self, till: Till, his: AccountHolder, her_card: str) -> None:
        with pytest.raises(InvalidData, match=NOT_HERS):
            till.session_of_customer(JOE, data={"payment_method": her_card})

    def test_a_guest_can_not_pay_with_a_saved_method(self, till: Till, her_card: str) -> None:
        with pytest.raises(InvalidData, match=NOT_HERS):
            till.session(payment_method=her_card)

    def test_an_update_can_not_choose_anothers_method(self, till: Till, his: AccountHolder, her_card: str) -> None:
        session = till.session_of_customer(JOE)

        with pytest.raises(InvalidData, match=NOT_HERS):
            till.session_of_customer(JOE, data={"payment_method": her_card})
        assert PaymentSession.objects.get(slot=0).client_data == session.client_data == {}

    def test_a_deleted_method_can_not_be_paid_with(self, till: Till, hers: AccountHolder, her_card: str) -> None:
        delete(hers, her_card)

        with pytest.raises(InvalidData, match=NOT_HERS):
            till.session_of_customer(JANE, data={"payment_method": her_card})

    def test_not_where_the_account_is_in_doubt(self, till: Till, fake_provider: FakeProvider) -> None:
        fake_provider.steer("account_holder", "timeout_after")

        with pytest.raises(InvalidData, match=NOT_HERS):
            till.session_of_customer(JANE, data={"payment_method": "fake_pm_1"})

    def test_a_provider_that_can_not_be_asked_is_not_trusted_blindly(
        self, till: Till, fake_provider: FakeProvider, her_card: str
    ) -> None:
        fake_provider.steer("list_payment_methods", "timeout_before")

        with pytest.raises(ProviderNotReachable):
            till.session_of_customer(JANE, data={"payment_method": her_card})

    def test_a_provider_that_keeps_none_reads_the_key_as_it_likes(self, till: Till) -> None:
        session = till.session_of_customer(JANE, provider_id="pp_system_default", data={"payment_method": "cash"})

        assert session.client_data == {"payment_method": "cash"}


class TestOffSession:
    def test_pays_while_the_customer_is_not_there(self, till: Till, her_card: str, moved: Any) -> None:
        session = till.session_of_customer(JANE, data={"payment_method": her_card}, is_off_session=True)
        authorize(session)

        assert session.operations.get(kind="initiate").request["is_off_session"] is True
        assert moved("authorize") == [10000]

    def test_off_session_is_never_a_flag_of_a_client(self, till: Till, her_card: str) -> None:
        for flag in ({"off_session": True}, {"is_off_session": True}, {"confirm": True}):
            with pytest.raises(InvalidData, match="doesn't accept these data keys"):
                till.session_of_customer(JANE, data={"payment_method": her_card, **flag})

        session = till.session_of_customer(JANE, data={"payment_method": her_card})
        assert session.operations.get(kind="initiate").request["is_off_session"] is False

    def test_has_an_object_of_its_own_at_the_provider(self, till: Till, her_card: str) -> None:
        """Whether the customer is there is said when it is made."""
        of_the_browser = till.session_of_customer(JANE, data={"payment_method": her_card})

        session = till.session_of_customer(JANE, data={"payment_method": her_card}, is_off_session=True)

        assert session.provider_ref != of_the_browser.provider_ref
        of_the_browser.refresh_from_db()
        assert (of_the_browser.slot, of_the_browser.status) == (None, "canceled")

    def test_an_off_session_payment_needs_a_saved_method(self, till: Till, hers: AccountHolder) -> None:
        for choice in ({}, {"data": {"payment_method": ""}}, {"provider_id": "pp_system_default"}):
            with pytest.raises(InvalidData, match="Paying off-session needs a saved payment method"):
                till.session_of_customer(JANE, is_off_session=True, **choice)

    def test_an_off_session_payment_needs_the_customers_own_method(
        self, till: Till, his: AccountHolder, her_card: str
    ) -> None:
        with pytest.raises(InvalidData, match=NOT_HERS):
            till.session_of_customer(JOE, data={"payment_method": her_card}, is_off_session=True)
        with pytest.raises(InvalidData, match=NOT_HERS):
            till.session_of_customer(None, data={"payment_method": her_card}, is_off_session=True)  # type: ignore[arg-type]

    def test_a_lost_answer_is_found_again(self, till: Till, her_card: str, moved: Any) -> None:
        data = {"payment_method": her_card, "on": "initiate", "outcome": "timeout_after"}
        with pytest.raises(PaymentOutcomeUnknown):
            till.session_of_customer(JANE, data=data, is_off_session=True)

        session = till.session_of_customer(JANE, data=data, is_off_session=True)

        assert (session.slot, moved("initiate")) == (0, [10000])

    def test_another_request_under_its_key_is_refused(self, till: Till, her_card: str) -> None:
        data = {"payment_method": her_card}
        session = till.session_of_customer(JANE, data=data, is_off_session=True, idempotency_key="k1")
        again = till.session_of_customer(JANE, data=data, is_off_session=True, idempotency_key="k1")

        assert session.pk == again.pk
        with pytest.raises(IdempotencyError, match="used before with other parameters"):
            till.session_of_customer(JANE, data=data, idempotency_key="k1")


def test_a_split_collection_may_be_paid_with_ones_own_only(
    till: Till, hers: AccountHolder, his: AccountHolder, her_card: str
) -> None:
    def split(customer: Customer) -> list[PaymentSession]:
        sessions = [
            SessionChoice(provider_id=FAKE, amount=Decimal(60), data={"payment_method": her_card}),
            SessionChoice(provider_id="pp_system_default", amount=Decimal(40)),
        ]
        return payment_sessions.set_sessions(
            payment_collection_id=till.collection().pk, sessions=sessions, customer=customer
        )

    with pytest.raises(InvalidData, match=NOT_HERS):
        split(JOE)
    assert [session.account_holder_id for session in split(JANE)] == [hers.pk, None]


def test_nobody_takes_over_what_another_customer_pays_with(till: Till, hers: AccountHolder, her_card: str) -> None:
    """Named without data, as v1's storefronts do, a session keeps its own: but not in somebody else's hands."""
    session = till.session_of_customer(JANE, data={"payment_method": her_card})
    by_guest = SessionChoice(provider_id=FAKE, amount=Decimal(100), payment_session_id=session.pk)

    [chosen] = payment_sessions.set_sessions(payment_collection_id=session.payment_collection_id, sessions=[by_guest])

    assert (chosen.pk == session.pk, chosen.customer_id, chosen.client_data) == (False, "", {})
