"""Stripe over HTTP: what a storefront sees, which webhooks count, and that nothing secret is left anywhere."""

import json
import logging
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client

from medusa_payments.models import Payment, PaymentSession, WebhookEvent
from medusa_payments.services import publishable_keys
from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.till import Till

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

STRIPE = "pp_stripe_stripe"
SERVICES = ["stripe", *(f"stripe-{name}" for name in ("bancontact", "blik", "giropay", "ideal", "oxxo", "promptpay"))]
CANARIES = ["4242424242424242", "4242 4242 4242 4242", "sk_test_twin", "whsec_twin", "CANARY_CVC_987"]


@pytest.fixture
def shop(till: Till, stripe_twin: StripeTwin) -> Client:
    publishable_keys.create(title="Storefront", token="pk_test")
    return Client(headers={"x-publishable-api-key": "pk_test"})


def choose(shop: Client, till: Till, **data: Any) -> Any:
    path = f"/store/payment-collections/{till.collection().pk}/payment-sessions"
    return shop.post(path, {"provider_id": STRIPE, "data": data}, content_type="application/json")


def test_a_storefront_sees_what_it_needs_and_no_more(shop: Client, till: Till) -> None:
    [session] = choose(shop, till).json()["payment_collection"]["payment_sessions"]
    assert session["data"].keys() == {"id", "client_secret", "status", "publishable_key"}
    assert session["data"]["publishable_key"] == "pk_test_twin"


def test_an_amount_of_0_is_a_clear_400(shop: Client, till: Till) -> None:
    path = f"/store/payment-collections/{till.collection('0').pk}/payment-sessions"
    answer = shop.post(path, {"provider_id": STRIPE}, content_type="application/json")
    assert answer.status_code == 400
    assert "can't take an amount of 0" in answer.json()["message"]


def test_every_service_on_one_account_applies_an_event_once(shop: Client, till: Till, stripe_twin: StripeTwin) -> None:
    choose(shop, till)
    stripe_twin.dashboard.pay(PaymentSession.objects.get().provider_ref or "")
    body, headers = stripe_twin.webhooks()[-1]

    for service in [*SERVICES, "stripe-sepa-debit"]:
        answer = shop.post(f"/hooks/payment/{service}_stripe", body, content_type="application/json", headers=headers)
        assert answer.status_code == 200

    event = WebhookEvent.objects.get()
    assert (event.status, event.duplicates, Payment.objects.count()) == ("applied", 7, 1)


def test_all_webhooks_in_any_order_come_to_the_same(shop: Client, till: Till, stripe_twin: StripeTwin) -> None:
    choose(shop, till)
    ref = PaymentSession.objects.get().provider_ref or ""
    stripe_twin.dashboard.pay(ref)
    stripe_twin.dashboard.capture(ref, 4000)
    stripe_twin.dashboard.refund(ref, 1000)

    for body, headers in reversed(stripe_twin.webhooks()):
        shop.post("/hooks/payment/stripe_stripe", body, content_type="application/json", headers=headers)

    payment = Payment.objects.get()
    assert (payment.captured_amount, payment.released_amount, payment.refunded_amount) == (4000, 6000, 1000)
    assert not WebhookEvent.objects.filter(status__in=["received", "waiting"]).exists()


def test_no_canary_is_left_anywhere(
    shop: Client, till: Till, stripe_twin: StripeTwin, caplog: pytest.LogCaptureFixture, admin_client: Client
) -> None:
    """Card numbers, security codes and secret keys are pushed through whatever takes something."""
    caplog.set_level(logging.DEBUG)
    answers = [choose(shop, till, payment_description=canary) for canary in CANARIES[:4]]
    answers += [choose(shop, till, **{canary: "x"}) for canary in CANARIES[:4]]
    answers += [choose(shop, till, card={"number": CANARIES[0], "cvc": CANARIES[4]})]
    answers += [choose(shop, till, payment_method_data={"card": {"cvc": CANARIES[4]}})]
    assert {answer.status_code for answer in answers} == {400}

    choose(shop, till)
    session = PaymentSession.objects.get()
    stripe_twin.dashboard.pay(session.provider_ref or "")
    for body, headers in stripe_twin.webhooks():
        shop.post("/hooks/payment/stripe_stripe", body, content_type="application/json", headers=headers)
    payment = Payment.objects.get()
    staff = Client()
    staff.force_login(User.objects.create_superuser("staff"))
    for verb, sent in (("capture", {}), *(("refund", {"amount": 1, "note": canary}) for canary in CANARIES[:4])):
        for key in (f"key of {verb}".replace(" ", "-"), *(canary.replace(" ", "-") for canary in CANARIES[:4])):
            path = f"/admin/payments/{payment.pk}/{verb}"
            headers = {"Idempotency-Key": key}
            answers.append(staff.post(path, sent, content_type="application/json", headers=headers))
    answers += [admin_client.get(page) for page in _admin_pages()]
    answers.append(staff.get("/openapi.json"))

    seen = [answer.content.decode() for answer in answers] + [_database(), caplog.text]
    for canary in CANARIES:
        assert not [text[:200] for text in seen if canary in text], canary


def _admin_pages() -> list[str]:
    base = "/django-admin/medusa_payments"
    rows = [f"{base}/payment/{row.pk}/change/" for row in Payment.objects.all()]
    rows += [f"{base}/paymentsession/{row.pk}/change/" for row in PaymentSession.objects.all()]
    return [*rows, *(f"{base}/webhookevent/{row.pk}/change/" for row in WebhookEvent.objects.all())]


def _database() -> str:
    rows = [row for model in apps.get_app_config("medusa_payments").get_models() for row in model.objects.values()]
    return json.dumps(rows, default=_text)


def _text(value: Any) -> str:
    return bytes(value).decode() if isinstance(value, bytes | memoryview) else str(value)
