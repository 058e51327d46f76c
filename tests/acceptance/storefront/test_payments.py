"""Where the demo's cart meets the payment app."""

from decimal import Decimal

import pytest

from medusa_payments.carts import CartSnapshot
from storefront_project.shop import payments


@pytest.fixture
def cart(storefront):
    return storefront.create_cart("reg_kw", variant_tshirt_m=1)


@pytest.fixture
def collection(storefront, cart):
    return storefront.post("/store/payment-collections", {"cart_id": cart["id"]})["payment_collection"]


def test_the_hook_says_what_is_to_be_paid(storefront):
    body = {"region_id": "reg_kw", "email": "ada@example.com", "items": [{"variant_id": "variant_mug", "quantity": 1}]}
    cart = storefront.post("/store/carts", body)["cart"]
    assert payments.resolve_cart(cart["id"]) == CartSnapshot(
        amount=Decimal(10), currency_code="kwd", region_id="reg_kw", email="ada@example.com", has_order=False
    )


def test_the_hook_knows_no_unknown_cart(seeded):
    assert payments.resolve_cart("cart_unknown") is None


@pytest.mark.parametrize(
    ("region_id", "provider_ids"),
    [("reg_jp", ["pp_system_default", "pp_fake_fake", "pp_stripe_stripe"]), ("reg_mars", [])],
)
def test_the_hook_says_which_providers_a_region_has(seeded, region_id, provider_ids):
    assert payments.region_providers(region_id) == provider_ids


def test_a_cart_shows_its_collection_as_the_payment_api_does(storefront, cart, collection):
    assert storefront.get(f"/store/carts/{cart['id']}")["cart"]["payment_collection"] == collection
    assert collection["amount"] == Decimal("5.125")


def test_a_cart_shows_its_live_session(storefront, cart, collection):
    path = f"/store/payment-collections/{collection['id']}/payment-sessions"
    storefront.post(path, {"provider_id": "pp_system_default"})
    sessions = storefront.get(f"/store/carts/{cart['id']}")["cart"]["payment_collection"]["payment_sessions"]
    assert [(session["provider_id"], session["amount"]) for session in sessions] == [
        ("pp_system_default", Decimal("5.125"))
    ]


def test_the_collection_follows_the_cart(storefront, cart, collection):
    body = {"variant_id": "variant_mug", "quantity": 1}
    grown = storefront.post(f"/store/carts/{cart['id']}/line-items", body)["cart"]
    assert grown["total"] == grown["payment_collection"]["amount"] == Decimal("15.125")
    assert grown["payment_collection"]["id"] == collection["id"]


def test_a_collection_that_holds_money_stays(storefront, cart, collection):
    path = f"/store/payment-collections/{collection['id']}/payment-sessions"
    answer = storefront.post(path, {"provider_id": "pp_system_default"})
    session = answer["payment_collection"]["payment_sessions"][0]
    storefront.post(f"{path}/{session['id']}/authorize", {})
    body = {"variant_id": "variant_mug", "quantity": 1}
    grown = storefront.post(f"/store/carts/{cart['id']}/line-items", body)["cart"]
    assert (grown["total"], grown["payment_collection"]["amount"]) == (Decimal("15.125"), Decimal("5.125"))
