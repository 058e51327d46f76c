"""What the documents are walked with."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from medusa_payments.services import refund_reasons
from tests.acceptance.contract.seeds.initialize_payment_session import FAKE, PATH, Begin
from tests.api.openapi import ValidatedClient


@pytest.fixture
def refunded(staff: ValidatedClient, storefront: ValidatedClient, payment: Callable[..., Any]) -> Any:
    """The payment of `cart_1` by a customer who is logged in, captured and refunded with a reason: everything that a
    document can show is there.
    """
    storefront.force_authenticate(User.objects.create_user("ada"))
    reason = refund_reasons.create(label="Shipping issue", code="shipping_issue", description="It came late.")
    path = f"/admin/payments/{payment()['id']}"
    assert staff.post(f"{path}/capture").status_code == 200
    body = {"amount": 10, "refund_reason_id": reason.pk, "note": "Sorry for the wait."}
    return staff.post(f"{path}/refund", body).json()["payment"]


@pytest.fixture
def operation_of(openapi: Any) -> Callable[[str], Any]:
    """Return a function that returns how our document describes an operation under `/store`."""
    return lambda path: openapi.document["paths"][path]["post"]


@pytest.fixture
def begin(storefront: ValidatedClient, collection: Callable[..., Any]) -> Begin:
    """Return a function that initializes a session of a new collection and returns the answer."""

    def send(body: Any = None, *, amount: str = "59.97", query: str = "", collection_id: str = "") -> Any:
        made = collection_id or collection(amount)["id"]
        return storefront.post(PATH.format(id=made) + query, {"provider_id": FAKE} if body is None else body)

    return send
