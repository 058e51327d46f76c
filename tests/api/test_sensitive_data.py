"""Card numbers and secret keys are refused at the door, and quoted by no answer."""

import json
from decimal import Decimal
from typing import Any

import pytest

from medusa_payments.carts import CartSnapshot
from medusa_payments.models import Operation, PaymentCollection, PaymentSession
from medusa_payments.testing.carts import CartDesk
from medusa_payments.testing.factories import captured_payment, make_collection
from tests.api.openapi import ValidatedClient

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

CARD = "4242 4242 4242 4242"
SECRETS = [
    CARD,
    "378282246310005",
    "4242.4242.4242.4242",
    "card4242424242424242end",
    "sk_live_51Canary",
    "whsec_Canary",
]


def is_refused(answer: Any, secret: str) -> bool:
    return (
        answer.status_code == 400
        and answer.json()["code"] == "sensitive_data"
        and secret not in answer.content.decode()
    )


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("where", ["note", "key", "deep"])
def test_no_session_is_begun_with_one(storefront: ValidatedClient, secret: str, where: str) -> None:
    data: Any = {"note": {"outcome": secret}, "key": {secret: 1}, "deep": {"outcome": [{"a": secret}]}}[where]
    path = f"/store/payment-collections/{make_collection().pk}/payment-sessions"

    answer = storefront.post(path, {"provider_id": "pp_fake_fake", "data": data})

    assert is_refused(answer, secret)
    assert not PaymentSession.objects.exists()


@pytest.mark.parametrize("data", [{"card": {"number": 4242424242424242}}, {"cvc": "123"}, {"card": {"CVV": 987}}])
def test_nor_with_a_number_or_a_security_code(storefront: ValidatedClient, data: Any) -> None:
    path = f"/store/payment-collections/{make_collection().pk}/payment-sessions"

    answer = storefront.post(path, {"provider_id": "pp_system_default", "data": data})

    assert is_refused(answer, "4242424242424242")
    assert not PaymentSession.objects.exists()


@pytest.mark.parametrize("secret", SECRETS)
def test_no_refund_carries_one(staff: ValidatedClient, secret: str) -> None:
    payment = captured_payment()
    path = f"/admin/payments/{payment.pk}/refund"
    key = secret.replace(" ", "-")

    assert is_refused(staff.post(path, {"amount": 1, "note": f"to {secret}"}), secret)
    assert is_refused(staff.post(path, {"amount": 1}, HTTP_IDEMPOTENCY_KEY=key), key)
    assert not Operation.objects.filter(kind="refund").exists()


def test_no_answer_quotes_one_from_the_address(staff: ValidatedClient) -> None:
    answer = staff.get(f"/admin/payments/{CARD}")
    assert answer.status_code == 404
    assert CARD not in json.dumps(answer.json())


def test_an_urlencoded_form_is_looked_through_as_well(storefront: ValidatedClient) -> None:
    form = {"content_type": "application/x-www-form-urlencoded"}
    answer = storefront.generic("POST", "/store/payment-collections", f"note={CARD}", **form)
    assert is_refused(answer, CARD)


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_the_id_of_a_cart_may_be_any_number(
    storefront: ValidatedClient, cart_desk: CartDesk, content_type: str
) -> None:
    """A host numbers its carts as it likes; one in forty such numbers could be a card's."""
    number = CARD.replace(" ", "")
    cart_desk.put(CartSnapshot(amount=Decimal(10), currency_code="eur"), cart_id=number)
    body = json.dumps({"cart_id": number}) if content_type.endswith("json") else f"cart_id={number}"

    answer = storefront.generic("POST", "/store/payment-collections", body, content_type=content_type)

    assert answer.status_code == 200
    assert PaymentCollection.objects.get().cart_id == number


def test_but_an_id_that_is_not_found_is_not_quoted(storefront: ValidatedClient) -> None:
    answer = storefront.post("/store/payment-collections", {"cart_id": CARD})

    assert (answer.status_code, CARD in answer.content.decode()) == (404, False)


def test_and_below_the_request_itself_nothing_is_an_id(storefront: ValidatedClient) -> None:
    path = f"/store/payment-collections/{make_collection().pk}/payment-sessions"

    answer = storefront.post(path, {"provider_id": "pp_fake_fake", "data": {"card_id": CARD}})

    assert is_refused(answer, CARD)
