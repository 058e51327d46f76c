"""Disputes over HTTP: refunds are refused while they last, and `fields` shows them to the staff."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from medusa_payments.core.saga import comparing
from medusa_payments.models import Dispute, Payment
from medusa_payments.testing import factories
from medusa_payments.testing.fake_provider import FakeProvider
from tests.api.openapi import ValidatedClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def disputed(cart_desk: Any, fake_provider: FakeProvider) -> Payment:
    """100 EUR, captured, of which 40 are disputed."""
    payment = factories.captured_payment()
    fake_provider.dashboard.open_dispute(payment.provider_ref, 4000)
    comparing.look_at(payment.payment_session_id)
    return payment


def test_the_default_document_has_none(staff: ValidatedClient, disputed: Payment) -> None:
    document = staff.get(f"/admin/payments/{disputed.pk}").json()["payment"]
    assert "disputes" not in document


@pytest.mark.parametrize("fields", ["*disputes", "+disputes", "id,disputes", "+disputes.state"])
def test_fields_adds_them(staff: ValidatedClient, disputed: Payment, fields: str) -> None:
    for path in (f"/admin/payments/{disputed.pk}", "/admin/payments"):
        body = staff.get(path, {"fields": fields}).json()
        (document,) = body["payments"] if "payments" in body else [body["payment"]]
        (shown,) = document["disputes"]
        assert (shown["id"], shown["state"]) == (Dispute.objects.get().pk, "needs_response")


def test_the_whole_document(staff: ValidatedClient, disputed: Payment) -> None:
    document = staff.get(f"/admin/payments/{disputed.pk}", {"fields": "*disputes"}).json()["payment"]
    (shown,) = document["disputes"]
    dispute = Dispute.objects.get()
    assert {name: shown[name] for name in ("amount", "withheld_amount", "currency_code", "reason")} == {
        "amount": 40,
        "withheld_amount": 40,
        "currency_code": "eur",
        "reason": "fraudulent",
    }
    assert (shown["provider_ref"], shown["payment_id"]) == (dispute.provider_ref, disputed.pk)
    assert (shown["closed_at"], shown["evidence_due_by"] is None) == (None, False)
    assert document["captured_amount"] == 100


def test_a_list_loads_all_of_them_at_once(staff: ValidatedClient, disputed: Payment) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            staff.get("/admin/payments", {"fields": "*disputes"})
        return len(queries)

    before = statements()
    factories.captured_payment()
    assert statements() == before


def test_a_storefront_never_sees_them(storefront: ValidatedClient, disputed: Payment) -> None:
    path = f"/store/payment-collections/{disputed.payment_collection_id}"
    document = storefront.get(path, {"fields": "*payments.disputes,+payments.disputes"}).json()
    assert "dispute" not in str(document)


@pytest.mark.parametrize("body", [{"amount": 60.01}, {"amount": 100}])
def test_a_refund_of_disputed_money_is_400(staff: ValidatedClient, disputed: Payment, body: dict[str, Any]) -> None:
    answer = staff.post(f"/admin/payments/{disputed.pk}/refund", body)
    assert answer.status_code == 400
    dispute = Dispute.objects.get()
    details = answer.json()["details"]
    assert {name: details[name] for name in ("disputed_amount", "captured_amount", "requested_amount")} == {
        "disputed_amount": 40,
        "captured_amount": 100,
        "requested_amount": body["amount"],
    }
    assert details["dispute_ids"] == [dispute.pk]
    assert answer.json() == {
        "type": "not_allowed",
        "code": "payment_disputed",
        "message": f"40 EUR of {disputed.pk} is disputed and can't be refunded; 60 EUR can. Disputes: {dispute.pk}",
        "details": details,
    }


def test_the_rest_is_refunded_when_no_amount_is_given(staff: ValidatedClient, disputed: Payment) -> None:
    answer = staff.post(f"/admin/payments/{disputed.pk}/refund", {})
    assert (answer.status_code, answer.json()["payment"]["refunded_amount"]) == (200, 60)
