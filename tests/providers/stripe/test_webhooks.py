"""Which webhooks are believed, and what they are about."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe

from medusa_payments.providers.notices import WebhookNotice, WebhookRefused, WebhookRequest
from medusa_payments.providers.stripe import StripeProvider
from tests.providers.stripe.objects import charge, event, intent, refund

pytestmark = pytest.mark.any_engine

NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
SECRETS = ["whsec_new", "whsec_old"]


def provider(**options: Any) -> StripeProvider:
    return StripeProvider("pp_stripe_stripe", {"api_key": "sk_test_1", "webhook_secret": SECRETS} | options)


def signed(body: Any, *, secret: str = "whsec_new", signed_at: datetime = NOW) -> WebhookRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    header = stripe.WebhookSignature.generate_signature_header(raw.decode(), secret, int(signed_at.timestamp()))
    return WebhookRequest(body=raw, headers={"stripe-signature": header}, received_at=NOW)


def read(body: Any, **options: Any) -> WebhookNotice:
    return provider(**options).read_webhook(signed(body))


@pytest.mark.parametrize("secret", SECRETS)
def test_any_configured_secret_will_do(secret: str) -> None:
    notice = provider().read_webhook(signed(event(intent()), secret=secret))
    assert (notice.event_id, notice.event_type) == ("evt_1", "payment_intent.succeeded")


@pytest.mark.parametrize("seconds", [-299, 299])
def test_clocks_may_differ(seconds: int) -> None:
    request = signed(event(intent()), signed_at=NOW + timedelta(seconds=seconds))
    assert provider().read_webhook(request).provider_ref == "pi_1"


@pytest.mark.parametrize("seconds", [-301, 301, 86_400 * 365])
def test_but_not_by_much_in_either_direction(seconds: int) -> None:
    with pytest.raises(WebhookRefused) as refused:
        provider().read_webhook(signed(event(intent()), signed_at=NOW + timedelta(seconds=seconds)))
    assert refused.value.code == "bad_timestamp"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "no_signature"),
        ({"stripe-signature": ""}, "no_signature"),
        ({"stripe-signature": "t=1,v1=abc"}, "bad_signature"),
        ({"stripe-signature": "nonsense"}, "bad_signature"),
        ({"stripe-signature": "t=,v1="}, "bad_signature"),
        ({"stripe-signature": "v1=abc"}, "bad_signature"),
        ({"stripe-signature": "t=1,v1=\xe9"}, "bad_signature"),
    ],
)
def test_what_is_not_signed_is_refused(headers: dict[str, str], code: str) -> None:
    with pytest.raises(WebhookRefused) as refused:
        provider().read_webhook(replace(signed(event(intent())), headers=headers))
    assert refused.value.code == code


def test_what_stands_in_a_header_beside_the_signature_does_not_matter() -> None:
    request = signed(event(intent()))
    header = request.headers["stripe-signature"]
    timestamp, signature = header.split(",")
    for odd in (f"{timestamp}=1,{signature}", f"{header},v1=abc,v0=abc", f"{timestamp},v1=abc,{signature}"):
        notice = provider().read_webhook(replace(request, headers={"stripe-signature": odd}))
        assert notice.event_id == "evt_1"


def test_changed_bytes_are_refused() -> None:
    request = signed(event(intent()))
    with pytest.raises(WebhookRefused) as refused:
        provider().read_webhook(replace(request, body=request.body + b" "))
    assert refused.value.code == "bad_signature"


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(WebhookRefused) as refused:
        provider().read_webhook(replace(signed(event(intent())), body=b"\xff\xfe"))
    assert refused.value.code == "bad_signature"


def test_an_unknown_secret_is_refused() -> None:
    with pytest.raises(WebhookRefused):
        provider().read_webhook(signed(event(intent()), secret="whsec_other"))


def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(WebhookRefused) as refused:
        StripeProvider("pp_stripe_stripe", {"api_key": "sk_test_1"}).read_webhook(signed(event(intent())))
    assert refused.value.code == "no_secret"


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b"null", b"7", b"{", {"id": 7, "type": "x"}, {"id": "evt_1", "type": {}}]
)
def test_signed_nonsense_is_refused(body: Any) -> None:
    with pytest.raises(WebhookRefused) as refused:
        read(body)
    assert refused.value.code == "unreadable"


DISPUTE = {"id": "du_1", "object": "dispute", "payment_intent": "pi_1", "metadata": {}}
METHOD = {"id": "pm_1", "object": "payment_method", "metadata": {}}


@pytest.mark.parametrize(
    ("event_type", "subject", "provider_ref", "session_id"),
    [
        *(
            (f"payment_intent.{name}", intent(), "pi_1", "payses_1")
            for name in (
                "created",
                "processing",
                "canceled",
                "payment_failed",
                "requires_action",
                "amount_capturable_updated",
                "partially_funded",
                "succeeded",
            )
        ),
        ("charge.captured", charge(payment_intent="pi_1"), "pi_1", None),
        ("charge.refunded", charge(payment_intent=intent()), "pi_1", None),
        ("charge.succeeded", charge(payment_intent=None), None, None),
        ("charge.dispute.created", DISPUTE, "pi_1", None),
        ("charge.dispute.closed", DISPUTE, "pi_1", None),
        ("refund.created", refund(payment_intent="pi_1", metadata={"session_id": "payses_1"}), "pi_1", "payses_1"),
        ("refund.failed", refund(payment_intent="pi_1"), "pi_1", None),
        ("charge.refund.updated", refund(payment_intent="pi_1"), "pi_1", None),
        ("payment_method.attached", METHOD, None, None),
        ("payment_intent.succeeded", intent(metadata={}), None, None),
    ],
)
def test_what_an_event_is_about(
    event_type: str, subject: dict[str, Any], provider_ref: str | None, session_id: str | None
) -> None:
    notice = read(event(subject, type=event_type))
    assert (notice.provider_ref, notice.session_id, notice.is_foreign) == (provider_ref, session_id, False)


def test_the_other_mode_is_foreign() -> None:
    assert read(event(intent(), livemode=True)).is_foreign
    assert read(event(intent()), api_key="sk_live_1").is_foreign
    assert not read(event(intent(), livemode=True), api_key="sk_live_1").is_foreign


def test_another_account_is_foreign() -> None:
    assert read(event(intent(), account="acct_connected")).is_foreign


def test_another_shop_on_the_account_is_foreign() -> None:
    staging = intent(metadata={"session_id": "payses_1", "environment": "staging"})
    assert read(event(staging)).is_foreign
    assert read(event(intent()), environment="staging").is_foreign
    assert not read(event(staging), environment="staging").is_foreign


def test_of_a_body_nothing_about_a_person_is_kept() -> None:
    subject = charge(payment_intent=intent(), amount=10000, receipt_email="ada@example.com")
    kept = (read(event(subject, type="charge.refunded")).kept_body or b"").decode()

    assert json.loads(kept)["data"]["object"] == {
        "id": "ch_1",
        "object": "charge",
        "status": "succeeded",
        "amount": 10000,
    }
    assert "Ada" not in kept
    assert "ada@" not in kept
