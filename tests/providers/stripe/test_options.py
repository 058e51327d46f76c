"""Options: what is accepted, what is refused without telling its value, what shows."""

from typing import Any

import pytest

from medusa_payments.providers.stripe import IdealProvider, StripeProvider
from medusa_payments.providers.stripe.configuration import SERVICES, stripe_providers
from medusa_payments.providers.stripe.options import read_options

pytestmark = pytest.mark.any_engine

KEY = "sk_test_51Nothing"


def test_camel_case_is_accepted_as_well() -> None:
    medusa = read_options({"apiKey": KEY, "webhookSecret": "whsec_1", "automaticPaymentMethods": True, "capture": True})
    ours = read_options(
        {"api_key": KEY, "webhook_secret": ["whsec_1"], "automatic_payment_methods": True, "capture": True}
    )
    assert medusa == ours


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, "api_key is missing"),
        ({"api_key": ""}, "api_key is missing"),
        ({"api_key": "pk_test_WRONG"}, "api_key"),
        ({"api_key": 7}, "api_key"),
        ({"api_key": "sk_org_live_WRONG"}, "one account, not of an organization"),
        ({"api_key": "sk_org_WRONG"}, "one account, not of an organization"),
        ({"api_key": KEY, "webhook_secret": 7}, "webhook_secret"),
        ({"api_key": KEY, "webhook_secret": [""]}, "webhook_secret"),
        ({"api_key": KEY, "capture": "WRONG"}, "capture"),
        ({"api_key": KEY, "account": "WRONG account"}, "account"),
        ({"api_key": KEY, "publishable_key": "WRONG"}, "publishable_key"),
        ({"api_key": KEY, "timeout": 0}, "timeout"),
        ({"api_key": KEY, "max_network_retries": -1}, "max_network_retries"),
        ({"api_key": KEY, "async_payment_method_types": "WRONG"}, "async_payment_method_types"),
        ({"api_key": KEY, "async_payment_method_types": 7}, "async_payment_method_types"),
        ({"api_key": KEY, "payment_description": 7}, "payment_description"),
        ({"api_key": KEY, "ap_key": "WRONG"}, "unknown options: ap_key"),
    ],
)
def test_what_is_wrong_is_named_without_its_value(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named) as refused:
        StripeProvider("pp_stripe_stripe", options)
    assert "WRONG" not in str(refused.value)


def test_no_repr_shows_a_secret() -> None:
    provider = StripeProvider("pp_stripe_stripe", {"api_key": "sk_live_HUSH", "webhook_secret": "whsec_HUSH"})
    assert "HUSH" not in f"{provider!r} {provider.options!r} {provider._connection!r}"


def test_the_account_outlives_its_key_and_never_mixes_modes() -> None:
    def account(**options: Any) -> str:
        return StripeProvider("pp_stripe_stripe", options).account

    assert account(api_key="sk_test_old") == account(api_key="sk_test_new") == account(api_key="rk_test_restricted")
    assert account(api_key="sk_live_1") != account(api_key="sk_test_1")
    assert account(api_key="sk_test_1", account="eu") != account(api_key="sk_test_1", account="us")
    assert IdealProvider("pp_stripe-ideal_stripe", {"api_key": KEY}).account == account(api_key=KEY)


def test_capabilities_follow_service_and_options() -> None:
    def capabilities(provider: Any, **options: Any) -> Any:
        return provider("pp_x", {"api_key": KEY} | options).capabilities

    assert not capabilities(StripeProvider).supports_multiple_captures
    assert capabilities(StripeProvider, multicapture=True).supports_multiple_captures
    assert capabilities(StripeProvider).supports_partial_capture
    assert not capabilities(IdealProvider, multicapture=True).supports_multiple_captures
    assert not capabilities(IdealProvider).supports_partial_capture


def test_a_verb_takes_no_longer_than_it_says() -> None:
    """Three requests of three attempts, each 3 + 4 seconds, with pauses of 0.5 and 1 second."""
    provider = StripeProvider("pp_stripe_stripe", {"api_key": KEY, "timeout": 4, "max_network_retries": 2})
    assert provider.timeout_seconds == 3 * (3 * 7 + 1.5)
    assert provider.waiting_timeout_seconds == 3 * (2 * 7 + 0.5)


def test_a_customer_waits_less_than_staff() -> None:
    provider = StripeProvider("pp_stripe_stripe", {"api_key": KEY})
    assert provider.waiting_timeout_seconds == 3 * (2 * 9 + 0.5)
    assert provider.waiting_timeout_seconds < provider.timeout_seconds / 2


def test_all_services_are_made_from_one_set_of_options() -> None:
    configured = stripe_providers({"api_key": KEY})

    assert len(configured) == len(SERVICES) == 12
    assert {"pp_stripe_stripe", "pp_stripe-ideal_stripe", "pp_stripe-przelewy24_stripe"} <= configured.keys()
    assert configured["pp_stripe-oxxo_stripe"]["BACKEND"] == "medusa_payments.providers.stripe.OxxoProvider"
    assert set(stripe_providers({"api_key": KEY}, id="us", services=["stripe"])) == {"pp_stripe_us"}
    with pytest.raises(ValueError, match="stripe-cheque"):
        stripe_providers({"api_key": KEY}, services=["stripe-cheque"])
