from typing import Any

import pytest
import stripe

from tests.stripe_twin.contract.intents import paid

pytestmark = pytest.mark.any_engine

VALID = {"amount": 2000, "currency": "eur"}


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({**VALID, "colour": "red"}, "parameter_unknown", "colour"),
        ({**VALID, "shipping": {"colour": "red"}}, "parameter_unknown", "shipping[colour]"),
        ({**VALID, "payment_method_types": ["card"]}, "payment_method_types_no_longer_supported", None),
        ({**VALID, "amount": "many"}, "parameter_invalid_integer", "amount"),
        ({**VALID, "amount": -5}, "parameter_invalid_integer", "amount"),
        ({"currency": "eur"}, "parameter_missing", "amount"),
        ({**VALID, "amount": 10}, "amount_too_small", "amount"),
        ({**VALID, "amount": 10**12}, "amount_too_large", "amount"),
        ({"amount": 10**12, "currency": "idr"}, "amount_too_large", "amount"),
        ({**VALID, "currency": "zzz"}, None, "currency"),
        ({**VALID, "capture_method": "later"}, None, "capture_method"),
        ({**VALID, "customer": "cus_nobody"}, "resource_missing", "customer"),
        ({**VALID, "payment_method": "pm_nothing"}, "resource_missing", "payment_method"),
        ({**VALID, "off_session": True}, None, "off_session"),
        ({**VALID, "metadata": {"a" * 41: "1"}}, None, None),
        ({**VALID, "metadata": {"a": "1" * 501}}, None, None),
        ({**VALID, "expand": ["currency"]}, None, None),
        ({**VALID, "confirm": True, "payment_method": "pm_card_visa"}, None, None),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_intent_is_refused(api: stripe.StripeClient, params: Any, code: str | None, param: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.payment_intents.create(params)

    assert caught.value.http_status == 400
    if code is not None:
        assert caught.value.code == code
    if param is not None:
        assert caught.value.param == param


def test_what_is_refused_leaves_nothing_behind(api: stripe.StripeClient) -> None:
    customer = api.v1.customers.create()
    incomplete: Any = {**VALID, "customer": customer.id, "confirm": True, "payment_method": "pm_card_visa"}

    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        api.v1.payment_intents.create(incomplete)

    assert api.v1.payment_intents.list({"customer": customer.id}).data == []


def test_what_does_not_exist_is_not_found(api: stripe.StripeClient) -> None:
    for service, unknown in (
        (api.v1.payment_intents, "pi_nothing"),
        (api.v1.setup_intents, "seti_nothing"),
        (api.v1.customers, "cus_nobody"),
        (api.v1.refunds, "re_nothing"),
        (api.v1.charges, "ch_nothing"),
        (api.v1.disputes, "du_nothing"),
        (api.v1.events, "evt_nothing"),
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            service.retrieve(unknown)  # type: ignore[attr-defined]

        assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_a_wrong_key_opens_nothing(api: stripe.StripeClient) -> None:
    options: Any = {"api_key": "sk_test_nobody"}

    with pytest.raises(stripe.AuthenticationError) as caught:
        api.v1.payment_intents.list({}, options)

    assert caught.value.http_status == 401


def test_three_decimal_amounts_end_in_zero(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.payment_intents.create({"amount": 5123, "currency": "kwd"})


def test_a_reason_is_one_of_three(api: stripe.StripeClient) -> None:
    intent = paid(api)
    wrong: Any = {"payment_intent": intent.id, "reason": "because"}

    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.refunds.create(wrong)

    assert caught.value.param == "reason"
