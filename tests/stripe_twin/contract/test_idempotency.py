from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.stripe_twin.contract.intents import RETURN_URL, charge_of, created, paid

pytestmark = pytest.mark.any_engine

NewKey = Callable[[], str]


def test_a_key_makes_one_object(api: stripe.StripeClient, new_key: NewKey) -> None:
    params: Any = {"amount": 2000, "currency": "eur"}
    options: Any = {"idempotency_key": new_key()}

    first = api.v1.payment_intents.create(params, options)
    second = api.v1.payment_intents.create(params, options)

    assert first.id == second.id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert second.last_response.headers["Original-Request"] == first.last_response.headers["Request-Id"]


def test_a_key_answers_what_was_true_at_first(api: stripe.StripeClient, new_key: NewKey) -> None:
    params: Any = {"amount": 2000, "currency": "eur"}
    options: Any = {"idempotency_key": new_key()}
    first = api.v1.payment_intents.create(params, options)
    api.v1.payment_intents.cancel(first.id)

    again = api.v1.payment_intents.create(params, options)

    assert again.status == "requires_payment_method"


def test_a_key_moves_money_once(api: stripe.StripeClient, new_key: NewKey) -> None:
    intent = paid(api)
    params: Any = {"payment_intent": intent.id, "amount": 300}
    options: Any = {"idempotency_key": new_key()}

    refunds = {api.v1.refunds.create(params, options).id for _ in range(3)}

    assert len(refunds) == 1
    assert charge_of(api, intent).amount_refunded == 300


def test_a_key_is_for_one_request(api: stripe.StripeClient, new_key: NewKey) -> None:
    options: Any = {"idempotency_key": new_key()}
    intent = api.v1.payment_intents.create({"amount": 2000, "currency": "eur"}, options)

    with pytest.raises(stripe.IdempotencyError) as caught:
        api.v1.payment_intents.create({"amount": 2001, "currency": "eur"}, options)
    with pytest.raises(stripe.IdempotencyError):
        api.v1.payment_intents.cancel(intent.id, {}, options)

    assert caught.value.http_status == 400
    assert api.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"


def test_a_declined_payment_is_declined_again(api: stripe.StripeClient, new_key: NewKey) -> None:
    intent = created(api)
    params: Any = {"payment_method": "pm_card_visa_chargeDeclined", "return_url": RETURN_URL}
    options: Any = {"idempotency_key": new_key()}

    errors = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as caught:
            api.v1.payment_intents.confirm(intent.id, params, options)
        errors.append(caught.value)

    assert errors[0].error.charge == errors[1].error.charge
    assert errors[1].headers["Idempotent-Replayed"] == "true"


def test_a_request_that_could_not_be_read_keeps_no_key(api: stripe.StripeClient, new_key: NewKey) -> None:
    options: Any = {"idempotency_key": new_key()}
    wrong: Any = {"amount": 2000, "currency": "eur", "colour": "red"}
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.payment_intents.create(wrong, options)

    intent = api.v1.payment_intents.create({"amount": 2000, "currency": "eur"}, options)

    assert intent.status == "requires_payment_method"
