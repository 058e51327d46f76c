"""Customers at Stripe and what they have saved, through the services, at the twin."""

from datetime import timedelta
from typing import Any

import pytest
import stripe
from django.db.models.functions import Now

from medusa_payments.core.saga import comparing
from medusa_payments.customers import Customer
from medusa_payments.exceptions import InvalidData, NotAllowed, NotFound, PaymentAuthorizationError, PaymentsError
from medusa_payments.models import AccountHolder, PaymentSession
from medusa_payments.services import account_holders, payment_methods
from medusa_payments.testing.stripe_twin.twin import SECRET_KEY, StripeTwin
from tests.scripted import authorize, run_out_holder
from tests.services.test_account_holders import forget_keys
from tests.till import Till

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

STRIPE = "pp_stripe_stripe"
JANE = Customer(id="cus_jane", email="jane@example.com", name="Jane Doe", phone="+49 30 1234")
JOE = Customer(id="cus_joe", email="jane@example.com")
CREATION = "customers.create"


def client_of(twin: StripeTwin) -> stripe.StripeClient:
    return stripe.StripeClient(SECRET_KEY, http_client=twin.http_client())


def customers(twin: StripeTwin) -> list[Any]:
    return list(client_of(twin).v1.customers.list().auto_paging_iter())


def save_card(twin: StripeTwin, holder: AccountHolder, card: str = "pm_card_visa") -> str:
    """The customer's browser confirms the setup intent with a card."""
    begun = payment_methods.save(account_holder_id=holder.pk, customer_id=holder.customer_id or "")
    assert begun.data["client_secret"].startswith(begun.id)
    intent = client_of(twin).v1.setup_intents.confirm(
        begun.id, {"payment_method": card, "return_url": "https://shop.example/account"}
    )
    assert intent.status == "succeeded"
    return str(intent.payment_method)


def pay(till: Till, customer: Customer, card: str, **options: Any) -> PaymentSession:
    return till.session_of_customer(customer, provider_id=STRIPE, data={"payment_method": card}, **options)


def saved(holder: AccountHolder) -> list[str]:
    listed = payment_methods.list_saved(account_holder_id=holder.pk, customer_id=holder.customer_id or "")
    return [method.id for method in listed]


@pytest.fixture
def hers(till: Till, stripe_twin: StripeTwin) -> AccountHolder:
    return account_holders.create(provider_id=STRIPE, customer=JANE)


@pytest.fixture
def his(till: Till, stripe_twin: StripeTwin) -> AccountHolder:
    return account_holders.create(provider_id=STRIPE, customer=JOE)


def test_a_checkout_opens_one_customer(till: Till, stripe_twin: StripeTwin) -> None:
    first = till.session_of_customer(JANE, provider_id=STRIPE)
    second = till.session_of_customer(JANE, provider_id=STRIPE, cart_id="cart_2")

    [customer] = customers(stripe_twin)
    assert (customer.email, customer.name, customer.phone) == (JANE.email, JANE.name, JANE.phone)
    holder = AccountHolder.objects.get()
    assert (holder.external_id, first.account_holder_id, second.account_holder_id) == (
        customer.id,
        holder.pk,
        holder.pk,
    )
    assert customer.metadata["account_holder_id"] == holder.pk
    for session in (first, second):
        assert stripe_twin.dashboard.get(session.provider_ref or "")["customer"] == customer.id


def test_all_services_of_one_account_share_it(till: Till, stripe_twin: StripeTwin) -> None:
    first = till.session_of_customer(JANE, provider_id=STRIPE)
    second = till.session_of_customer(JANE, provider_id="pp_stripe-ideal_stripe", cart_id="cart_2")

    assert first.account_holder_id == second.account_holder_id
    assert len(customers(stripe_twin)) == 1


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "reset_after", "error_after", "error_before"])
@pytest.mark.parametrize("is_forgotten", [False, True], ids=["within the window", "once the key may be forgotten"])
def test_a_lost_answer_never_opens_a_second_one(
    till: Till, stripe_twin: StripeTwin, fault: str, is_forgotten: bool
) -> None:
    stripe_twin.fail(CREATION, fault, times=10)
    without = till.session_of_customer(JANE, provider_id=STRIPE)
    stripe_twin.stop_failing()
    if is_forgotten or fault == "error_before":  # Stripe goes on answering with the error until then.
        forget_keys(AccountHolder.objects.get())
        run_out_holder(AccountHolder.objects.get())
        stripe_twin.advance(25 * 60 * 60)

    session = till.session_of_customer(JANE, provider_id=STRIPE)

    [customer] = customers(stripe_twin)
    assert (without.account_holder_id, AccountHolder.objects.get().external_id) == (None, customer.id)
    assert stripe_twin.dashboard.get(session.provider_ref or "")["customer"] == customer.id


def test_stripe_out_of_reach_keeps_nobody_from_paying(till: Till, stripe_twin: StripeTwin) -> None:
    stripe_twin.fail(CREATION, "unreachable", times=10)

    session = till.session_of_customer(JANE, provider_id=STRIPE)

    stripe_twin.stop_failing()
    stripe_twin.dashboard.pay(session.provider_ref or "")
    assert authorize(session).payment.amount == 10000


def test_a_card_is_saved_and_paid_with_again(till: Till, stripe_twin: StripeTwin, hers: AccountHolder) -> None:
    card = save_card(stripe_twin, hers)
    [method] = payment_methods.list_saved(account_holder_id=hers.pk, customer_id="cus_jane")
    assert (method.id, method.data["card"]["brand"], method.data["card"]["last4"]) == (card, "visa", "4242")

    session = authorize(pay(till, JANE, card))

    intent = stripe_twin.dashboard.get(session.provider_ref or "")
    assert (intent["status"], intent["payment_method"]) == ("requires_capture", card)
    assert (intent["customer"], session.payment.amount) == (hers.external_id, 10000)


def test_a_card_that_was_given_while_paying_is_there_the_next_time(till: Till, stripe_twin: StripeTwin) -> None:
    session = till.session_of_customer(JANE, provider_id=STRIPE, data={"setup_future_usage": "off_session"})
    stripe_twin.dashboard.pay(session.provider_ref or "")
    authorize(session)

    [card] = saved(AccountHolder.objects.get())

    assert authorize(pay(till, JANE, card, cart_id="cart_2")).payment.amount == 10000


def test_a_saved_card_chosen_late_takes_an_intent_that_leads_nowhere(
    till: Till, stripe_twin: StripeTwin, hers: AccountHolder
) -> None:
    """Whether an intent may redirect is said when it is made; the first one is given up."""
    card = save_card(stripe_twin, hers)
    first = till.session_of_customer(JANE, provider_id=STRIPE)

    second = authorize(pay(till, JANE, card))

    old, new = (stripe_twin.dashboard.get(each.provider_ref or "") for each in (first, second))
    assert (old["status"], new["status"]) == ("canceled", "requires_capture")
    assert new["automatic_payment_methods"] == {"allow_redirects": "never", "enabled": True}
    assert [entry["verb"] for entry in stripe_twin.ledger_entries(second.pk)] == ["initiate", "authorize"]


def test_a_saved_card_with_an_address_to_come_back_to_takes_an_intent_that_may_lead_there(
    till: Till, stripe_twin: StripeTwin, hers: AccountHolder
) -> None:
    card = save_card(stripe_twin, hers)
    first = till.session_of_customer(JANE, provider_id=STRIPE)

    back = {"payment_method": card, "return_url": "https://shop.example/"}
    second = authorize(till.session_of_customer(JANE, provider_id=STRIPE, data=back))

    old, new = (stripe_twin.dashboard.get(each.provider_ref or "") for each in (first, second))
    assert (old["status"], new["automatic_payment_methods"]["allow_redirects"]) == ("canceled", "always")
    assert second.payment.amount == 10000


def test_the_shop_pays_while_the_customer_is_not_there(
    till: Till, stripe_twin: StripeTwin, hers: AccountHolder
) -> None:
    card = save_card(stripe_twin, hers)

    session = authorize(pay(till, JANE, card, is_off_session=True))

    assert session.payment.amount == 10000
    assert [entry["verb"] for entry in stripe_twin.ledger_entries(session.pk)] == ["initiate", "authorize"]


def test_a_card_that_wants_its_owner_is_not_paid_with_behind_his_back(
    till: Till, stripe_twin: StripeTwin, hers: AccountHolder
) -> None:
    method = client_of(stripe_twin).v1.payment_methods.attach(
        "pm_card_authenticationRequired", {"customer": hers.external_id or ""}
    )

    session = pay(till, JANE, method.id, is_off_session=True)

    with pytest.raises((NotAllowed, PaymentsError)):
        authorize(session)
    assert stripe_twin.ledger_entries(session.pk)[-1]["verb"] == "initiate"


def test_what_the_bank_advises_is_told_and_kept(till: Till, stripe_twin: StripeTwin, hers: AccountHolder) -> None:
    """A renewal that was declined knows whether it may be tried again."""
    customer = {"customer": hers.external_id or ""}
    method = client_of(stripe_twin).v1.payment_methods.attach("pm_card_chargeCustomerFail", customer)
    session = pay(till, JANE, method.id, is_off_session=True)

    with pytest.raises(PaymentAuthorizationError, match="Try again later, or use another card"):
        authorize(session)
    comparing.look_at(session.pk)

    session.refresh_from_db()
    assert session.provider_data["last_payment_error"]["advice_code"] == "try_again_later"


def test_nobody_pays_with_anothers_card(
    till: Till, stripe_twin: StripeTwin, hers: AccountHolder, his: AccountHolder
) -> None:
    card = save_card(stripe_twin, hers)

    for customer in (JOE, None):
        with pytest.raises(InvalidData, match="isn't one that this customer has saved"):
            till.session_of_customer(customer, provider_id=STRIPE, data={"payment_method": card})  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="PaymentMethod id not found"):
        payment_methods.delete(account_holder_id=his.pk, customer_id="cus_joe", payment_method_id=card)
    assert (saved(hers), saved(his)) == ([card], [])


class TestAfterARefusal:
    """A payment that Stripe refuses may be refused because the customer isn't there any more."""

    @pytest.fixture
    def hers(self, hers: AccountHolder) -> AccountHolder:
        AccountHolder.objects.update(updated_at=Now() - timedelta(hours=2))
        return hers

    def _refused(self, till: Till) -> None:
        with pytest.raises(InvalidData):
            till.session_of_customer(JANE, provider_id=STRIPE, data={"payment_method_types": ["unheard_of"]})

    def test_a_customer_whose_email_was_changed_there_keeps_the_saved_cards(
        self, till: Till, stripe_twin: StripeTwin, hers: AccountHolder
    ) -> None:
        card = save_card(stripe_twin, hers)
        client_of(stripe_twin).v1.customers.update(hers.external_id or "", {"email": "jane@elsewhere.example"})

        self._refused(till)

        till.session_of_customer(JANE, provider_id=STRIPE)
        assert (len(customers(stripe_twin)), saved(hers)) == (1, [card])

    def test_one_who_was_deleted_there_is_made_anew(
        self, till: Till, stripe_twin: StripeTwin, hers: AccountHolder
    ) -> None:
        client_of(stripe_twin).v1.customers.delete(hers.external_id or "")

        self._refused(till)

        till.session_of_customer(JANE, provider_id=STRIPE)
        [customer] = customers(stripe_twin)
        assert AccountHolder.objects.get().external_id == customer.id != hers.external_id


def test_a_deleted_card_is_gone(till: Till, stripe_twin: StripeTwin, hers: AccountHolder) -> None:
    card = save_card(stripe_twin, hers)
    for _ in range(2):
        payment_methods.delete(account_holder_id=hers.pk, customer_id="cus_jane", payment_method_id=card)

    assert saved(hers) == []
    with pytest.raises(InvalidData):
        pay(till, JANE, card)


def test_a_customer_who_is_forgotten_is_deleted_at_stripe(
    till: Till, stripe_twin: StripeTwin, hers: AccountHolder
) -> None:
    save_card(stripe_twin, hers)

    account_holders.delete(customer_id="cus_jane")

    hers.refresh_from_db()
    assert (customers(stripe_twin), hers.email, hers.erased_at is not None) == ([], None, True)


def test_a_customer_deleted_at_stripe_is_opened_anew(till: Till, stripe_twin: StripeTwin, hers: AccountHolder) -> None:
    client_of(stripe_twin).v1.customers.delete(hers.external_id or "")
    AccountHolder.objects.update(updated_at=hers.created_at.replace(year=2020))

    session = till.session_of_customer(JANE, provider_id=STRIPE)

    [customer] = customers(stripe_twin)
    assert customer.id != hers.external_id
    assert stripe_twin.dashboard.get(session.provider_ref or "")["customer"] == customer.id
