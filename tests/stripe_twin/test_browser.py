"""What a page does with a publishable key and a client secret, and the bank's own page."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from medusa_payments.testing.stripe_twin.twin import PUBLISHABLE_KEY, SECRET_KEY, StripeTwin
from tests.stripe_twin.conftest import Client
from tests.stripe_twin.contract.intents import RETURN_URL, created

pytestmark = pytest.mark.any_engine

CARD = {
    "payment_method_data[type]": "card",
    "payment_method_data[card][number]": "4242424242424242",
    "payment_method_data[card][exp_month]": "12",
    "payment_method_data[card][exp_year]": "34",
    "payment_method_data[card][cvc]": "737",
}


class Page:
    """A page of a shop: it knows the twin's address and its publishable key."""

    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, path: str, **fields: str) -> requests.Response:
        return requests.post(f"{self.url}/{path}", data={"key": PUBLISHABLE_KEY, **fields}, timeout=10)

    def get(self, path: str, **fields: str) -> requests.Response:
        return requests.get(f"{self.url}/{path}", params={"key": PUBLISHABLE_KEY, **fields}, timeout=10)


@pytest.fixture
def page(twin_url: str, twin: StripeTwin) -> Page:
    return Page(twin_url)


def secret(intent: Any) -> str:
    return str(intent.client_secret)


def test_a_page_confirms_with_a_typed_card(client: Client, page: Page) -> None:
    intent = created(client, metadata={"session_id": "payses_1"}, customer=client.v1.customers.create().id)

    answer = page.post(
        f"v1/payment_intents/{intent.id}/confirm", client_secret=secret(intent), return_url=RETURN_URL, **CARD
    )

    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert not answer.json().keys() & {"metadata", "customer", "latest_charge", "amount_received", "_twin"}
    assert client.v1.payment_intents.retrieve(intent.id).amount_received == 2000


def test_a_page_names_an_address_where_the_kind_of_payment_may_lead_away(client: Client, page: Page) -> None:
    anything = created(client)
    here = created(client, automatic_payment_methods={"enabled": True, "allow_redirects": "never"})

    answers = [
        page.post(f"v1/payment_intents/{intent.id}/confirm", client_secret=secret(intent), **CARD)
        for intent in (anything, here)
    ]

    assert [answer.status_code for answer in answers] == [400, 200]
    assert "return_url" in answers[0].json()["error"]["message"]


def test_a_page_looks_at_its_intent(client: Client, page: Page) -> None:
    intent = created(client)

    answer = page.get(f"v1/payment_intents/{intent.id}", client_secret=secret(intent)).json()

    assert (answer["id"], answer["amount"], answer["status"]) == (intent.id, 2000, "requires_payment_method")
    assert "metadata" not in answer


def test_a_declined_card_is_told_to_the_page_without_what_is_private(client: Client, page: Page) -> None:
    intent = created(client, metadata={"session_id": "payses_1"})
    declined = {**CARD, "payment_method_data[card][number]": "4000000000000002"}

    answer = page.post(
        f"v1/payment_intents/{intent.id}/confirm", client_secret=secret(intent), return_url=RETURN_URL, **declined
    )

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["decline_code"]) == (402, "card_declined", "generic_decline")
    assert error["payment_intent"]["status"] == "requires_payment_method"
    assert "metadata" not in error["payment_intent"]


@pytest.mark.parametrize(
    ("number", "code"), [("4242424242424241", "incorrect_number"), ("4012888888881881", "card_declined")]
)
def test_a_number_that_is_no_test_card_is_declined(client: Client, page: Page, number: str, code: str) -> None:
    intent = created(client)

    answer = page.post(
        f"v1/payment_intents/{intent.id}/confirm",
        client_secret=secret(intent),
        **{**CARD, "payment_method_data[card][number]": number},
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (402, code)
    assert number not in answer.text


@pytest.mark.parametrize(
    ("month", "year", "code"), [("13", "34", "invalid_expiry_month"), ("12", "20", "invalid_expiry_year")]
)
def test_a_card_that_has_run_out_is_declined(client: Client, page: Page, month: str, year: str, code: str) -> None:
    intent = created(client)
    dated = {"payment_method_data[card][exp_month]": month, "payment_method_data[card][exp_year]": year}

    answer = page.post(f"v1/payment_intents/{intent.id}/confirm", client_secret=secret(intent), **{**CARD, **dated})

    assert (answer.status_code, answer.json()["error"]["code"]) == (402, code)


def test_a_wrong_secret_opens_nothing(client: Client, page: Page) -> None:
    intent = created(client)

    for wrong in ("", "pi_secret_wrong", secret(created(client))):
        looked = page.get(f"v1/payment_intents/{intent.id}", client_secret=wrong)
        confirmed = page.post(f"v1/payment_intents/{intent.id}/confirm", client_secret=wrong, **CARD)
        finished = page.post(f"twin/next_action/{intent.id}", client_secret=wrong, outcome="succeed")

        assert [answer.status_code for answer in (looked, confirmed, finished)] == [400, 400, 400]


@pytest.mark.parametrize("name", ["capture_method", "off_session", "allowed_payment_method_types[0]"])
def test_a_page_cannot_say_how_money_is_taken(client: Client, page: Page, name: str) -> None:
    intent = created(client, capture_method="manual")
    given = {"capture_method": "automatic", "off_session": "true", "allowed_payment_method_types[0]": "card"}

    answer = page.post(
        f"v1/payment_intents/{intent.id}/confirm", client_secret=secret(intent), **CARD, **{name: given[name]}
    )

    assert answer.status_code == 400
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"


@pytest.mark.parametrize(("outcome", "status"), [("succeed", "succeeded"), ("fail", "requires_payment_method")])
def test_a_page_finishes_the_challenge(client: Client, page: Page, outcome: str, status: str) -> None:
    intent = created(client)
    challenged = page.post(
        f"v1/payment_intents/{intent.id}/confirm",
        client_secret=secret(intent),
        return_url=RETURN_URL,
        **{**CARD, "payment_method_data[card][number]": "4000002760003184"},
    ).json()

    finished = page.post(f"twin/next_action/{intent.id}", client_secret=secret(intent), outcome=outcome)

    assert (challenged["status"], challenged["next_action"]["type"]) == ("requires_action", "use_stripe_sdk")
    assert (finished.status_code, finished.json()["status"]) == (200, status)
    assert "metadata" not in finished.json()


def test_a_page_saves_a_card(client: Client, page: Page) -> None:
    customer = client.v1.customers.create()
    intent = client.v1.setup_intents.create({"customer": customer.id})
    challenged = {**CARD, "payment_method_data[card][number]": "4000002500003155"}

    unaddressed = page.post(f"v1/setup_intents/{intent.id}/confirm", client_secret=secret(intent), **challenged)
    waiting = page.post(
        f"v1/setup_intents/{intent.id}/confirm", client_secret=secret(intent), return_url=RETURN_URL, **challenged
    ).json()
    finished = page.post(f"twin/next_action/{intent.id}", client_secret=secret(intent), outcome="succeed").json()

    assert unaddressed.status_code == 400
    assert (waiting["status"], finished["status"]) == ("requires_action", "succeeded")
    saved = client.v1.customers.payment_methods.list(customer.id).data
    assert [method.card.last4 for method in saved if method.card] == ["3155"]


@pytest.mark.parametrize(
    ("outcome", "redirect_status", "status"),
    [("succeed", "succeeded", "succeeded"), ("fail", "failed", "requires_payment_method")],
)
def test_the_banks_page_sends_the_customer_back(
    client: Client, page: Page, outcome: str, redirect_status: str, status: str
) -> None:
    intent = created(client, allowed_payment_method_types=["ideal"])
    confirmed = page.post(
        f"v1/payment_intents/{intent.id}/confirm",
        client_secret=secret(intent),
        return_url=f"{RETURN_URL}?cart=1",
        **{"payment_method_data[type]": "ideal"},
    ).json()
    address = confirmed["next_action"]["redirect_to_url"]["url"]

    shown = requests.get(address, timeout=10)
    back = requests.post(
        address, data={"outcome": outcome, "client_secret": secret(intent)}, timeout=10, allow_redirects=False
    )

    assert address.startswith(f"{page.url}/twin/redirect/{intent.id}")
    assert "Authorize" in shown.text
    assert "20 EUR" in shown.text
    assert back.status_code == 303
    parts = urlsplit(back.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == RETURN_URL
    assert parse_qs(parts.query) == {
        "cart": ["1"],
        "payment_intent": [intent.id],
        "payment_intent_client_secret": [secret(intent)],
        "redirect_status": [redirect_status],
    }
    assert client.v1.payment_intents.retrieve(intent.id).status == status


def test_a_blik_code_is_approved_in_the_customers_app(client: Client, twin: StripeTwin) -> None:
    params: Any = {
        "amount": 2000,
        "currency": "pln",
        "confirm": True,
        "allowed_payment_method_types": ["blik"],
        "payment_method_data": {"type": "blik"},
    }

    intent = client.v1.payment_intents.create({**params, "payment_method_options": {"blik": {"code": "123456"}}})
    twin.dashboard.authenticate(intent.id)

    assert (intent.status, intent.next_action.type) == ("requires_action", "blik_authorize")
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_no_card_number_is_kept_or_told(
    client: Client, page: Page, twin: StripeTwin, twin_path: str, caplog: pytest.LogCaptureFixture
) -> None:
    intent = created(client, customer=client.v1.customers.create().id, setup_future_usage="off_session")
    number, cvc = CARD["payment_method_data[card][number]"], CARD["payment_method_data[card][cvc]"]
    headers = {"Authorization": f"Bearer {SECRET_KEY}", "Idempotency-Key": "payop_1"}
    created_method = requests.post(
        f"{page.url}/v1/payment_methods",
        data={
            "type": "card",
            "card[number]": number,
            "card[cvc]": cvc,
            "card[exp_month]": "12",
            "card[exp_year]": "34",
        },
        headers=headers,
        timeout=10,
    )
    refused = requests.post(
        f"{page.url}/v1/payment_intents", data={"amount": number, "currency": number}, headers=headers, timeout=10
    )
    answer = page.post(f"v1/payment_intents/{intent.id}/confirm", client_secret=secret(intent), **CARD)

    kept = b"".join(path.read_bytes() for path in Path(twin_path).parent.glob("stripe.sqlite3*"))
    told = answer.text + created_method.text + refused.text + "".join(str(event) for event in twin.events())
    assert created_method.json()["card"]["last4"] == "4242"
    for shown in (told, caplog.text, kept.decode("latin-1")):
        assert number not in shown
        assert re.search(r"cvc\W+737", shown) is None
