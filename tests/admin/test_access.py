"""Who may look, and that looking is all there is."""

import pytest
from django.apps import apps
from django.contrib.admin.sites import site
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from medusa_payments.models import Operation, Payment, PaymentCollection
from tests.admin.conftest import LogIn, html, list_url, page_url

MODELS = list(apps.get_app_config("medusa_payments").get_models())
MONEY_MODELS = [model for model in MODELS if model.__name__ not in {"PublishableKey", "RefundReason"}]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
every_money_model = pytest.mark.parametrize("model", MONEY_MODELS, ids=lambda model: model.__name__)


@every_model
def test_every_model_has_a_list(viewer: Client, payment: Payment, model: type[Model]) -> None:
    assert site.is_registered(model)
    html(viewer, list_url(model))


@every_model
def test_visitors_are_sent_to_the_login(client: Client, payment: Payment, model: type[Model]) -> None:
    for url in (list_url(model), *(page_url(row) for row in model._default_manager.all()[:1])):
        response = client.get(url)
        assert (response.status_code, response["Location"].split("?")[0]) == (302, reverse("admin:login"))


@every_model
def test_staff_without_the_permission_are_refused(log_in: LogIn, payment: Payment, model: type[Model]) -> None:
    client = log_in("view_user")
    for url in (list_url(model), *(page_url(row) for row in model._default_manager.all()[:1])):
        assert client.get(url).status_code == 403


@every_money_model
def test_not_even_a_superuser_can_add_change_or_delete(
    admin_client: Client, payment: Payment, model: type[Model]
) -> None:
    row = model._default_manager.order_by("pk")[0]
    before = model._default_manager.filter(pk=row.pk).values().get()
    options = f"admin:medusa_payments_{model._meta.model_name}"
    delete_url = page_url(row).replace("/change/", "/delete/")

    assert admin_client.get(reverse(f"{options}_add")).status_code == 403
    assert admin_client.post(reverse(f"{options}_add"), {}).status_code == 403
    assert admin_client.post(page_url(row), {"amount": "1", "status": "completed"}).status_code == 403
    assert admin_client.post(delete_url, {"post": "yes"}).status_code == 403
    admin_client.post(list_url(model), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})

    assert model._default_manager.filter(pk=row.pk).values().get() == before


@every_money_model
def test_a_page_has_no_inputs(admin_client: Client, payment: Payment, model: type[Model]) -> None:
    row = model._default_manager.order_by("pk")[0]
    form = html(admin_client, page_url(row)).split('<form method="post" id="' + str(model._meta.model_name))[1]

    assert 'name="csrfmiddlewaretoken"' in form
    assert form.count("<input") == 1
    assert "<textarea" not in form
    assert "<select" not in form


def test_related_rows_need_their_own_permission(log_in: LogIn, payment: Payment) -> None:
    client = log_in("view_payment", "view_capture")
    page = html(client, page_url(payment))

    assert 'id="capture-heading"' in page
    for hidden in ("refund-heading", "operation-heading", "event-heading", "A mug was"):
        assert hidden not in page


def test_permission_to_move_money_is_not_permission_to_look(log_in: LogIn, payment: Payment) -> None:
    client = log_in("capture_payment", "refund_payment", "cancel_payment")

    assert client.get(page_url(payment)).status_code == 403


def test_a_page_that_is_not_there_leads_back(viewer: Client, payment: Payment) -> None:
    missing = PaymentCollection(id="pay_col_missing")

    response = viewer.get(page_url(missing), follow=True)

    assert response.redirect_chain == [(reverse("admin:index"), 302)]
    assert "pay_col_missing" in response.content.decode()


def test_a_site_without_the_related_models_shows_ids_only(rf: object, payment: Payment) -> None:
    operation = Operation.objects.filter(payment=payment)[0]

    assert operation.payment_id == payment.pk
