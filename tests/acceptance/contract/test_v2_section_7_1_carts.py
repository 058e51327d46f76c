"""Medusa's carts as far as they touch payments, statement by statement, where no other test says it."""

from decimal import Decimal

import pytest

from medusa_payments.models import Payment
from storefront_project.orders.models import Order
from tests.acceptance.storefront import conftest as shop
from tests.acceptance.storefront.conftest import Document, Storefront
from tests.acceptance.storefront.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.any_engine

seeded, storefront, scripted = shop.seeded, shop.storefront, shop.scripted


@pytest.fixture
def cart(storefront: Storefront) -> Document:
    """A cart of 10 euro."""
    return storefront.create_cart(variant_mug=1)


def sessions_of(cart: Document) -> list[tuple[str, str, Decimal]]:
    sessions = cart["payment_collection"]["payment_sessions"]
    return [(each["id"], each["status"], each["amount"]) for each in sessions]


def test_every_answer_with_a_cart_has_its_collection_and_sessions(storefront: Storefront, cart: Document) -> None:
    session = storefront.begin(cart)
    path = f"/store/carts/{cart['id']}"
    item = cart["items"][0]["id"]

    answers = [
        storefront.get(path)["cart"],
        storefront.post(path, {"email": "ada@example.com"})["cart"],
        storefront.post(f"{path}/line-items", {"variant_id": "variant_mug", "quantity": 1})["cart"],
        storefront.post(f"{path}/line-items/{item}", {"quantity": 1})["cart"],
    ]

    assert [sessions_of(each) for each in answers] == [[(session["id"], "pending", 10)]] * 4
    assert [each["payment_collection"]["amount"] for each in answers] == [10, 10, 20, 10]
    assert [each["payment_collection"]["status"] for each in answers] == ["not_paid"] * 4
    assert storefront.delete(f"{path}/line-items/{item}")["parent"]["payment_collection"]["amount"] == 0


@pytest.mark.parametrize("fields", ["id", "%2Bpayment_collection.status", "*payment_collection", "-items"])
def test_fields_leave_a_cart_whole(storefront: Storefront, cart: Document, fields: str) -> None:
    storefront.begin(cart)
    path = f"/store/carts/{cart['id']}"

    assert storefront.get(f"{path}?fields={fields}") == storefront.get(path)
    assert storefront.post(f"{path}?fields={fields}", {})["cart"].keys() == cart.keys()
    assert storefront.post(f"{path}/complete?fields={fields}")["order"].keys() > {"id", "items", "payment_collections"}


def test_a_session_outlives_a_change_of_its_cart(storefront: Storefront, cart: Document) -> None:
    session = storefront.begin(cart)

    grown = storefront.add(cart, "variant_sticker")

    assert sessions_of(grown) == [(session["id"], "pending", 10)]
    assert grown["payment_collection"]["amount"] == Decimal("10.01")
    path = f"/store/payment-collections/{session['payment_collection_id']}/payment-sessions/{session['id']}/authorize"
    assert storefront.post(path, expect=409)["code"] == "cart_changed"
    assert storefront.begin(cart)["id"] == session["id"]
    assert sessions_of(storefront.cart(cart)) == [(session["id"], "pending", Decimal("10.01"))]


def test_an_unchanged_total_leaves_the_session_payable(storefront: Storefront, cart: Document) -> None:
    storefront.begin(cart)
    sample = storefront.add(cart, "variant_sample")

    assert sample["total"] == 10
    assert storefront.complete(cart)["order"]["payment_status"] == "authorized"


def test_a_provider_that_breaks_leaves_the_cart_open(
    storefront: Storefront, cart: Document, scripted: ScriptedProvider
) -> None:
    session = storefront.begin(cart, "pp_scripted")

    def broken() -> None:
        raise RuntimeError("secret of the provider")

    scripted.meanwhile = broken
    error = storefront.complete(cart, expect=409)
    scripted.meanwhile = None

    assert (error["type"], error["code"]) == ("conflict", "payment_outcome_unknown")
    assert "secret" not in str(error)
    assert storefront.cart(cart)["completed_at"] is None
    assert sessions_of(storefront.cart(cart)) == [(session["id"], "pending", 10)]
    assert storefront.complete(cart)["order"]["payment_status"] == "authorized"


def test_a_capture_outlives_a_completion_that_fails(
    storefront: Storefront, cart: Document, scripted: ScriptedProvider
) -> None:
    """The money stays where it is, neither refunded nor taken twice, until the cart is what was paid for."""
    session = storefront.begin(cart, outcome="captured")
    storefront.authorize(session)
    [_, sticker] = storefront.add(cart, "variant_sticker")["items"]

    assert storefront.complete(cart, expect=409)["code"] == "cart_changed"
    payment = Payment.objects.get()
    assert (payment.captured_amount, payment.refunded_amount, payment.canceled_at) == (1000, 0, None)
    assert not Order.objects.exists()

    storefront.delete(f"/store/carts/{cart['id']}/line-items/{sticker['id']}")
    order = storefront.complete(cart)["order"]
    assert order["payment_status"] == "captured"
    assert [each["id"] for each in order["payment_collections"][0]["payments"]] == [payment.pk]


def test_a_customer_who_goes_back_pays_with_the_new_session_only(storefront: Storefront, cart: Document) -> None:
    storefront.begin(cart)
    chosen = storefront.begin(cart, "pp_system_default")

    [collection] = storefront.complete(cart)["order"]["payment_collections"]

    assert [each["id"] for each in collection["payment_sessions"]] == [chosen["id"]]
    assert [each["provider_id"] for each in collection["payments"]] == ["pp_system_default"]
