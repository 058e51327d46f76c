from collections.abc import Callable

import pytest
import stripe

from medusa_payments.testing.stripe_twin.twin import PUBLISHABLE_KEY, StripeTwin
from tests.stripe_twin.conftest import Client
from tests.stripe_twin.contract.intents import created, paid

pytestmark = pytest.mark.any_engine

MakeClient = Callable[..., Client]


def test_an_account_sees_nothing_of_another(client_with: MakeClient, twin: StripeTwin) -> None:
    twin.open_account("acct_other", "sk_test_other")
    intent = created(client_with())
    other = client_with("sk_test_other")

    with pytest.raises(stripe.InvalidRequestError) as caught:
        other.v1.payment_intents.retrieve(intent.id)

    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    assert other.v1.payment_intents.list().data == []
    assert other.v1.events.list().data == []
    assert twin.events(account_id="acct_other") == []


def test_a_key_is_rotated_with_both_valid_for_a_while(client_with: MakeClient, twin: StripeTwin) -> None:
    intent = created(client_with())
    twin.add_key("acct_twin", "sk_test_new")

    assert client_with("sk_test_new").v1.payment_intents.retrieve(intent.id).id == intent.id
    assert client_with().v1.payment_intents.retrieve(intent.id).id == intent.id
    twin.remove_key("sk_test_twin")
    with pytest.raises(stripe.AuthenticationError):
        client_with().v1.payment_intents.retrieve(intent.id)
    assert client_with("sk_test_new").v1.payment_intents.retrieve(intent.id).id == intent.id


def test_live_and_test_mode_are_two_sets_of_books(client_with: MakeClient, twin: StripeTwin) -> None:
    twin.open_account("acct_twin", "sk_live_twin")
    live = paid(client_with("sk_live_twin"))

    assert live.livemode is True
    with pytest.raises(stripe.InvalidRequestError):
        client_with().v1.payment_intents.retrieve(live.id)


def test_a_browsers_key_does_nothing_for_a_server(client_with: MakeClient) -> None:
    browser = client_with(PUBLISHABLE_KEY)

    for forbidden in (browser.v1.payment_intents.list, browser.v1.customers.create, browser.v1.events.list):
        with pytest.raises(stripe.AuthenticationError, match="publishable API key"):
            forbidden()


def test_the_store_is_found_again(client_with: MakeClient, twin: StripeTwin, twin_path: str) -> None:
    twin.open_account("acct_other", "sk_test_other", webhook_secrets=["whsec_other"])
    intent = created(client_with())

    again = StripeTwin(twin_path)
    found = stripe.StripeClient("sk_test_twin", http_client=again.http_client()).v1.payment_intents.retrieve(intent.id)

    assert found.id == intent.id
    assert again.webhook_secret("acct_other") == "whsec_other"


def test_a_store_that_cannot_be_used_is_named(twin_path: str) -> None:
    with pytest.raises(ValueError, match="can't be used"):
        StripeTwin("/dev/null/stripe.sqlite3")


def test_another_api_version_is_refused(twin: StripeTwin) -> None:
    old = stripe.StripeClient("sk_test_twin", http_client=twin.http_client(), stripe_version="2024-06-20")

    with pytest.raises(stripe.InvalidRequestError, match="speaks version"):
        old.v1.customers.create()


def test_what_is_not_simulated_is_refused_rather_than_ignored(client_with: MakeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="doesn't simulate the parameter application_fee_amount"):
        created(client_with(), application_fee_amount=10)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client_with().v1.products.list()

    assert caught.value.http_status == 404


@pytest.mark.parametrize(("currency", "good", "bad"), [("isk", 500, 550), ("ugx", 500, 510), ("kwd", 5120, 5123)])
def test_some_currencies_have_coarse_steps(client_with: MakeClient, currency: str, good: int, bad: int) -> None:
    intents = client_with().v1.payment_intents

    assert intents.create({"amount": good, "currency": currency}).amount == good
    with pytest.raises(stripe.InvalidRequestError) as caught:
        intents.create({"amount": bad, "currency": currency})
    assert caught.value.param == "amount"
