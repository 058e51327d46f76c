"""What each of Stripe's errors says about the money."""

import json
import logging
from typing import Any

import pytest
import stripe

from medusa_payments.money import Money
from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.providers.stripe import StripeProvider
from medusa_payments.providers.stripe.errors import ADVICE
from medusa_payments.providers.types import InitiateRequest

pytestmark = pytest.mark.any_engine

REQUEST = InitiateRequest(
    idempotency_key="payop_1",
    session_id="payses_1",
    payment_collection_id="pay_col_1",
    money=Money(minor_units=1000, currency_code="eur"),
    data={},
)


class Answering(stripe.HTTPClient):
    """Answers every request with the same status and error."""

    name = "answering"

    def __init__(self, status: int, error: Any) -> None:
        super().__init__()
        self.status, self.error = status, error

    def request(self, method: Any, url: Any, headers: Any, post_data: Any = None) -> Any:
        if isinstance(self.error, Exception):
            raise self.error
        body = self.error if isinstance(self.error, str) else json.dumps({"error": self.error})
        return body, self.status, {}


def told(status: int, error: Any) -> ProviderError:
    options = {"api_key": "sk_test_1", "max_network_retries": 0, "http_client": Answering(status, error)}
    with pytest.raises(ProviderError) as raised:
        StripeProvider("pp_stripe_stripe", options).initiate(REQUEST)
    return raised.value


INVALID = {"type": "invalid_request_error", "message": "Amount must be at least €0.50 eur."}


@pytest.mark.parametrize(
    ("status", "error", "outcome", "code"),
    [
        (400, INVALID | {"code": "amount_too_small"}, ProviderRejected, "amount_too_small"),
        (400, INVALID, ProviderRejected, ""),
        (404, INVALID | {"code": "resource_missing"}, ProviderRejected, "resource_missing"),
        (400, INVALID | {"code": "lock_timeout"}, ProviderOutcomeUnknown, "lock_timeout"),
        (400, {"type": "idempotency_error", "message": "Other parameters."}, ProviderOutcomeUnknown, ""),
        (400, INVALID | {"code": "rate_limit"}, ProviderOutcomeUnknown, ""),
        (409, INVALID | {"code": "idempotency_key_in_use"}, ProviderOutcomeUnknown, ""),
        (429, INVALID | {"code": "rate_limit"}, ProviderOutcomeUnknown, ""),
        (500, {"type": "api_error", "message": "Oops."}, ProviderOutcomeUnknown, ""),
        (503, "<html>busy</html>", ProviderOutcomeUnknown, ""),
        (200, "no json", ProviderOutcomeUnknown, ""),
        (401, INVALID | {"message": "Invalid API Key provided: sk_test_*"}, ProviderUnavailable, ""),
        (403, INVALID, ProviderUnavailable, ""),
        (402, {"type": "card_error", "code": "expired_card"}, ProviderDeclined, "expired_card"),
        (
            402,
            {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "message": "No."},
            ProviderDeclined,
            "insufficient_funds",
        ),
        (0, stripe.APIConnectionError("Timed out."), ProviderOutcomeUnknown, ""),
        (0, stripe.StripeError("Of a kind invented next year."), ProviderOutcomeUnknown, ""),
    ],
)
def test_table(status: int, error: Any, outcome: type[ProviderError], code: str) -> None:
    raised = told(status, error)
    assert type(raised) is outcome
    assert raised.code == code


def test_a_declined_customer_is_told_what_stripe_wrote_for_customers() -> None:
    raised = told(402, {"type": "card_error", "code": "expired_card", "message": "Your card has expired."})
    assert raised.message == "Your card has expired."


@pytest.mark.parametrize("advice", ADVICE)
def test_a_declined_customer_is_told_what_to_do(advice: str) -> None:
    raised = told(402, {"type": "card_error", "code": "card_declined", "message": "No.", "advice_code": advice})
    assert raised.message == f"No. {ADVICE[advice]}"


def test_advice_that_is_invented_next_year_is_left_out() -> None:
    raised = told(402, {"type": "card_error", "code": "card_declined", "message": "No.", "advice_code": "dance"})
    assert raised.message == "No."


@pytest.mark.parametrize("reason", ["fraudulent", "lost_card", "stolen_card", "pickup_card"])
def test_of_a_suspicion_nothing_is_told(reason: str) -> None:
    raised = told(402, {"type": "card_error", "code": "card_declined", "decline_code": reason, "message": "Stolen!"})
    assert (raised.message, raised.code) == ("The payment was declined.", "generic_decline")


@pytest.mark.parametrize("quoted", ["4242 4242 4242 4242", "sk_test_51Secret", "whsec_Secret"])
@pytest.mark.parametrize("status", [400, 402])
def test_no_error_quotes_a_secret(quoted: str, status: int) -> None:
    raised = told(status, {"type": "invalid_request_error", "message": f"No such token: '{quoted}'"})
    assert raised.message == "No such token: '***'"


def test_a_key_that_is_not_accepted_is_logged_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        raised = told(401, {"type": "invalid_request_error", "message": "Invalid API Key provided: sk_test_1"})
    assert "AuthenticationError" in caplog.text
    assert "sk_test" not in caplog.text + raised.message


def test_no_cause_carries_stripes_answer_along() -> None:
    raised = told(400, INVALID)
    assert raised.__cause__ is None
    assert raised.__suppress_context__
