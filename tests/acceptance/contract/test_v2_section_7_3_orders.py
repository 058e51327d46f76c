"""The admin routes as the demo's orders meet them."""

import pytest

from tests.acceptance.storefront.conftest import Caller, Document, Storefront, scripted, seeded, staff, storefront
from tests.acceptance.storefront.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.any_engine

__all__ = ["scripted", "seeded", "staff", "storefront"]


def further_collection(staff: Caller, order: Document, amount: int) -> Document:
    body = {"order_id": order["id"], "amount": amount}
    return staff.post("/admin/payment-collections", body)["payment_collection"]


def collections_of(staff: Caller, order: Document) -> list[Document]:
    return staff.get(f"/admin/orders/{order['id']}")["order"]["payment_collections"]


def test_a_collection_may_exceed_what_the_order_owes(storefront: Storefront, staff: Caller) -> None:
    order = storefront.place_order()

    made = further_collection(staff, order, 100_000)

    assert [each["id"] for each in collections_of(staff, order)] == [order["payment_collections"][0]["id"], made["id"]]


def test_a_deleted_collection_leaves_its_order(storefront: Storefront, staff: Caller) -> None:
    order = storefront.place_order()
    made = further_collection(staff, order, 5)

    staff.delete(f"/admin/payment-collections/{made['id']}")

    assert [each["id"] for each in collections_of(staff, order)] == [order["payment_collections"][0]["id"]]


def test_an_order_is_captured_once_all_its_collections_are(storefront: Storefront, staff: Caller) -> None:
    order = storefront.place_order(outcome="captured")
    made = further_collection(staff, order, 5)

    def payment_status() -> str:
        return staff.get(f"/admin/orders/{order['id']}")["order"]["payment_status"]

    before = payment_status()
    staff.post(f"/admin/payment-collections/{made['id']}/mark-as-paid", {"order_id": order["id"]})

    assert (before, payment_status()) == ("partially_captured", "captured")


def test_an_unknown_order_authorizes_nothing(storefront: Storefront, staff: Caller, scripted: ScriptedProvider) -> None:
    order = storefront.place_order()
    session_id = order["payment_collections"][0]["payment_sessions"][0]["id"]

    path = "/admin/orders/order_unknown/payment-sessions/authorize"
    refusal = staff.post(path, {"payment_session_id": session_id}, expect=404)

    assert (refusal["type"], refusal["message"]) == ("not_found", "Order id not found: order_unknown")
