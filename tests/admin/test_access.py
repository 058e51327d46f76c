"""Who may view pages, and that pages are read-only."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.sites import site
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from medusa_payments.models import (
    AccountHolder,
    Dispute,
    Event,
    EventDelivery,
    Payment,
    PaymentCollection,
    PublishableKey,
    RefundReason,
    RefundReversal,
    Release,
    SecretKey,
    WebhookEvent,
    WebhookRefusal,
)
from tests.admin.conftest import LogIn, html, list_url, page_url

pytestmark = pytest.mark.any_engine

MODELS = list(apps.get_app_config("medusa_payments").get_models())
MONEY_MODELS = [model for model in MODELS if model not in {PublishableKey, RefundReason, SecretKey}]


@pytest.fixture(autouse=True)
def a_row_of_every_kind(payment: Payment) -> None:
    """Add what the history of the payment lacks: a dispute, a failed refund, a release, a webhook, a refused one, a
    delivery, an account.
    """
    Dispute.objects.create(
        payment=payment,
        provider_account="fake",
        provider_ref="fake_dp_1",
        amount=100,
        currency_code="eur",
        state="inquiry",
        event_number=1,
    )
    refund = payment.refunds.get()
    RefundReversal.objects.create(payment=payment, refund=refund, amount=refund.amount, reason="sent back")
    Release.objects.create(payment=payment, amount=100, provider_ref=f"{payment.provider_ref}:released:100")
    WebhookEvent.objects.create(
        provider_id="pp_fake_fake",
        provider_account="fake",
        event_id="fake_evt_1",
        event_type="payment.captured",
        provider_ref=payment.provider_ref,
        body=b'{"id": "fake_evt_1"}',
    )
    WebhookRefusal.objects.create(provider_id="pp_fake_fake", reason="bad_signature", day=payment.created_at.date())
    AccountHolder.objects.create(provider_id="pp_fake_fake", provider_account="fake", customer_id="cus_jane")
    EventDelivery.objects.create(event=Event.objects.order_by("pk")[0])


def urls() -> Iterator[str]:
    for model in MODELS:
        yield list_url(model)
        yield from map(page_url, model._default_manager.all()[:1])


def test_every_model_has_a_list_and_pages(viewer: Client, payment: Payment) -> None:
    assert all(site.is_registered(model) for model in MODELS)
    for url in urls():
        html(viewer, url)


def test_visitors_are_sent_to_the_login(client: Client, payment: Payment) -> None:
    for url in urls():
        response = client.get(url)
        assert (response.status_code, response["Location"].split("?")[0]) == (302, reverse("admin:login")), url


def test_staff_without_the_permission_are_refused(log_in: LogIn, payment: Payment) -> None:
    client = log_in("view_user")
    for url in urls():
        assert client.get(url).status_code == 403, url


def test_superuser_cannot_add_change_or_delete(admin_client: Client, payment: Payment) -> None:
    for model in MONEY_MODELS:
        row = model._default_manager.order_by("pk")[0]
        before = model._default_manager.filter(pk=row.pk).values().get()
        add_url = reverse(f"admin:medusa_payments_{model._meta.model_name}_add")
        delete_url = page_url(row).replace("/change/", "/delete/")

        assert admin_client.get(add_url).status_code == 403
        assert admin_client.post(add_url, {}).status_code == 403
        assert admin_client.post(page_url(row), {"amount": "1", "status": "completed"}).status_code == 403
        assert admin_client.post(delete_url, {"post": "yes"}).status_code == 403
        admin_client.post(list_url(model), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})

        assert model._default_manager.filter(pk=row.pk).values().get() == before


def test_pages_about_money_have_no_inputs(admin_client: Client, payment: Payment) -> None:
    for model in MONEY_MODELS:
        page = html(admin_client, page_url(model._default_manager.order_by("pk")[0]))
        form = page.split(f'<form method="post" id="{model._meta.model_name}_form"')[1]

        assert 'name="csrfmiddlewaretoken"' in form
        assert [form.count(tag) for tag in ("<input", "<textarea", "<select")] == [1, 0, 0]


def test_related_rows_need_their_own_permission(log_in: LogIn, payment: Payment) -> None:
    page = html(log_in("view_payment", "view_capture"), page_url(payment))

    assert 'id="capture-heading"' in page
    for hidden in ("refund-heading", "operation-heading", "event-heading", "A mug was"):
        assert hidden not in page


def test_permission_to_move_money_does_not_include_viewing(log_in: LogIn, payment: Payment) -> None:
    client = log_in("capture_payment", "refund_payment", "cancel_payment")

    assert client.get(page_url(payment)).status_code == 403


@pytest.mark.parametrize("collection_id", ["pay_col_missing", "pay_col_missing\0"])
def test_missing_object_redirects_to_the_admin(viewer: Client, collection_id: str) -> None:
    response = viewer.get(page_url(PaymentCollection(id=collection_id)), follow=True)

    assert response.redirect_chain == [(reverse("admin:index"), 302)]
    assert "pay_col_missing" in response.content.decode()


@pytest.mark.parametrize("page", ["{}/change/", "{}/history/", "{}/refund/c2c8a2a1-5bd2-4d4b-9a4c-0c2b6c3d7a11/"])
def test_card_number_as_id_is_not_stored_in_a_message(admin_client: Client, settings: Any, page: str) -> None:
    settings.MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

    admin_client.get(list_url(Payment) + page.format("4242424242424242"))

    kept = [str(session.get_decoded()) for session in Session.objects.all()]
    assert "***" in str(kept)
    assert "4242424242424242" not in str(kept)
