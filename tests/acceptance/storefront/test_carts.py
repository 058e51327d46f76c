"""Carts of the demo."""

from decimal import Decimal

import pytest

from storefront_project.shop.carts import MAX_QUANTITY
from storefront_project.shop.models import Cart, LineItem, Price


@pytest.mark.parametrize(
    ("region_id", "currency_code", "total"),
    [
        ("reg_eu", "eur", Decimal("59.97")),
        ("reg_us", "usd", Decimal("65.97")),
        ("reg_jp", "jpy", 5997),
        ("reg_kw", "kwd", Decimal("15.375")),
    ],
)
def test_a_cart_adds_up_exactly_in_the_currency_of_its_region(storefront, region_id, currency_code, total):
    cart = storefront.create_cart(region_id, variant_tshirt_m=3)
    assert (cart["region_id"], cart["currency_code"]) == (region_id, currency_code)
    assert cart["total"] == cart["subtotal"] == cart["items"][0]["total"] == total
    assert cart["items"][0]["unit_price"] * 3 == total


def test_a_new_cart_has_medusas_keys(storefront):
    body = {"region_id": "reg_eu", "email": "ada@example.com", "items": [{"variant_id": "variant_mug", "quantity": 2}]}
    cart = storefront.post("/store/carts", body)["cart"]
    item = cart["items"][0]
    assert cart["id"].startswith("cart_")
    assert item["id"].startswith("cali_")
    assert item == {
        "id": item["id"],
        "title": "Mug",
        "product_title": "Mug",
        "product_handle": "mug",
        "variant_id": "variant_mug",
        "variant": {"id": "variant_mug", "title": "Default"},
        "thumbnail": None,
        "quantity": 2,
        "unit_price": Decimal(10),
        "original_total": Decimal(20),
        "total": Decimal(20),
        "created_at": item["created_at"],
    }
    assert (cart["email"], cart["payment_collection"], cart["completed_at"]) == ("ada@example.com", None, None)
    assert cart["created_at"].endswith("Z")
    assert storefront.get(f"/store/carts/{cart['id']}")["cart"] == cart


def test_a_cart_without_items_costs_nothing(storefront):
    cart = storefront.post("/store/carts", {"region_id": "reg_us"})["cart"]
    assert (cart["total"], cart["items"]) == (0, [])


def test_items_keep_the_order_in_which_they_came(storefront):
    cart = storefront.create_cart(variant_tshirt_s=1, variant_mug=1, variant_sticker=1)
    assert [item["variant_id"] for item in cart["items"]] == ["variant_tshirt_s", "variant_mug", "variant_sticker"]


def test_a_line_item_is_added(storefront):
    cart = storefront.create_cart(variant_mug=1)
    before = Cart.objects.get().updated_at
    grown = storefront.post(f"/store/carts/{cart['id']}/line-items", {"variant_id": "variant_sticker", "quantity": 1})
    assert grown["cart"]["total"] == Decimal("10.01")
    assert Cart.objects.get().updated_at > before


def test_a_variant_that_is_there_already_grows(storefront):
    cart = storefront.create_cart(variant_mug=1)
    grown = storefront.post(f"/store/carts/{cart['id']}/line-items", {"variant_id": "variant_mug", "quantity": 2})
    assert [(item["variant_id"], item["quantity"]) for item in grown["cart"]["items"]] == [("variant_mug", 3)]


def test_the_same_variant_twice_is_one_line(storefront):
    items = [{"variant_id": "variant_mug", "quantity": 1}, {"variant_id": "variant_mug", "quantity": 4}]
    cart = storefront.post("/store/carts", {"region_id": "reg_eu", "items": items})["cart"]
    assert [item["quantity"] for item in cart["items"]] == [5]


def test_a_line_item_keeps_the_price_it_was_added_at(storefront):
    cart = storefront.create_cart(variant_mug=1)
    Price.objects.filter(id="price_mug_eur").update(amount=1)
    assert storefront.get(f"/store/carts/{cart['id']}")["cart"]["total"] == 10


def test_totals_beyond_what_a_float_can_hold_are_exact(storefront):
    cart = storefront.create_cart(variant_tshirt_m=5 * 10**14 - 1)
    assert cart["total"] == Decimal("9994999999999980.01")


def test_a_line_item_gets_another_quantity(storefront):
    cart = storefront.create_cart(variant_mug=3, variant_sticker=1)
    before = Cart.objects.get().updated_at
    path = f"/store/carts/{cart['id']}/line-items/{cart['items'][0]['id']}"
    changed = storefront.post(path, {"quantity": 2})["cart"]
    assert ([item["quantity"] for item in changed["items"]], changed["total"]) == ([2, 1], Decimal("20.01"))
    assert Cart.objects.get().updated_at > before


def test_a_quantity_of_0_removes_the_line(storefront):
    cart = storefront.create_cart(variant_mug=3, variant_sticker=1)
    path = f"/store/carts/{cart['id']}/line-items/{cart['items'][0]['id']}"
    assert storefront.post(path, {"quantity": 0})["cart"]["items"] == cart["items"][1:]


def test_a_line_item_is_deleted(storefront):
    cart = storefront.create_cart(variant_mug=3, variant_sticker=1)
    path = f"/store/carts/{cart['id']}/line-items/{cart['items'][0]['id']}"

    answer = storefront.delete(path)

    assert (answer["id"], answer["object"], answer["deleted"]) == (cart["items"][0]["id"], "line-item", True)
    assert answer["parent"] == storefront.cart(cart)
    assert (answer["parent"]["items"], answer["parent"]["total"]) == (cart["items"][1:], Decimal("0.01"))
    assert storefront.delete(path, expect=404)["type"] == "not_found"


def test_a_line_item_of_another_cart_is_not_found(storefront, refused):
    cart, other = storefront.create_cart(variant_mug=1), storefront.create_cart(variant_mug=1)
    line_item_id = other["items"][0]["id"]
    path = f"/store/carts/{cart['id']}/line-items/{line_item_id}"
    expected = ("not_found", f"Line item with id: {line_item_id} was not found")
    assert refused(path, {"quantity": 2}, 404) == expected
    assert storefront.cart(other) == other


def test_the_collection_follows_every_change(storefront):
    cart = storefront.create_cart(variant_mug=3, variant_sticker=1)
    storefront.collection(cart)
    path = f"/store/carts/{cart['id']}/line-items/{cart['items'][0]['id']}"
    assert storefront.post(path, {"quantity": 2})["cart"]["payment_collection"]["amount"] == Decimal("20.01")
    assert storefront.delete(path)["parent"]["payment_collection"]["amount"] == Decimal("0.01")


def test_a_cart_gets_an_email(storefront):
    cart = storefront.create_cart(variant_mug=1)
    path = f"/store/carts/{cart['id']}"
    assert storefront.post(path, {"email": "ada@example.com"})["cart"]["email"] == "ada@example.com"
    assert storefront.post(path, {})["cart"]["email"] == "ada@example.com"
    assert storefront.post(path, {"email": None})["cart"]["email"] is None


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("", {"email": "ada"}, "Invalid request: Enter a valid email address."),
        ("", {"currency_code": "usd"}, "Invalid request: Unrecognized fields: 'currency_code'"),
        ("/line-items/cali_1", {}, "Invalid request: Field 'quantity' is required"),
        (
            "/line-items/cali_1",
            {"quantity": -1},
            "Invalid request: Value for field 'quantity' too small, expected at least: '0'",
        ),
    ],
)
def test_a_wrong_change_is_refused(storefront, refused, path, body, message):
    cart = storefront.create_cart(variant_mug=1)
    assert refused(f"/store/carts/{cart['id']}{path}", body, 400) == ("invalid_data", message)
    assert storefront.cart(cart) == cart


def test_a_total_has_a_largest_amount(storefront, refused):
    cart = storefront.create_cart("reg_kw", variant_sticker=1)
    storefront.collection(cart)
    expected = ("invalid_data", "The total of the cart is too large")
    mugs = {"variant_id": "variant_mug", "quantity": MAX_QUANTITY}
    assert refused(f"/store/carts/{cart['id']}/line-items", mugs, 400) == expected
    assert refused("/store/carts", {"region_id": "reg_kw", "items": [mugs]}, 400) == expected
    assert (LineItem.objects.count(), Cart.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Invalid request: Field 'region_id' is required"),
        ({"region_id": "reg_eu", "color": "red"}, "Invalid request: Unrecognized fields: 'color'"),
        ({"region_id": 5}, "Invalid request: Expected type: 'string' for field 'region_id', got: '5'"),
        (
            {"region_id": "reg_eu", "items": [{"variant_id": "variant_mug", "quantity": 0}]},
            "Invalid request: Value for field 'items, 0, quantity' too small, expected at least: '1'",
        ),
        (
            {"region_id": "reg_eu", "items": [{"variant_id": "variant_mug", "quantity": "2"}]},
            "Invalid request: Expected type: 'number' for field 'items, 0, quantity', got: '2'",
        ),
        (
            {"region_id": "reg_eu", "items": [{"variant_id": "variant_mug", "quantity": True}]},
            "Invalid request: Expected type: 'number' for field 'items, 0, quantity', got: 'true'",
        ),
        (
            {"region_id": "reg_eu", "items": [{"variant_id": "variant_mug", "quantity": 1.5}]},
            "Invalid request: Expected type: 'number' for field 'items, 0, quantity', got: '1.5'",
        ),
        (
            {"region_id": "reg_eu", "items": [{"variant_id": "variant_mug", "quantity": MAX_QUANTITY + 1}]},
            f"Invalid request: Value for field 'items, 0, quantity' too big, expected at most: '{MAX_QUANTITY}'",
        ),
    ],
)
def test_a_wrong_body_is_refused(refused, body, message):
    assert refused("/store/carts", body, 400) == ("invalid_data", message)
    assert not Cart.objects.exists()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"region_id": "reg_mars"}, "Region id not found: reg_mars"),
        (
            {"region_id": "reg_eu", "items": [{"variant_id": "variant_moon", "quantity": 1}]},
            "Variant id not found: variant_moon",
        ),
    ],
)
def test_what_does_not_exist_is_not_found(refused, body, message):
    assert refused("/store/carts", body, 404) == ("not_found", message)
    assert not Cart.objects.exists()


def test_an_unknown_cart_is_not_found(storefront, refused):
    expected = ("not_found", "Cart id not found: cart_unknown")
    error = storefront.get("/store/carts/cart_unknown", expect=404)
    assert (error["type"], error["message"]) == expected
    body = {"variant_id": "variant_mug", "quantity": 1}
    assert refused("/store/carts/cart_unknown/line-items", body, 404) == expected


def test_a_variant_without_a_price_in_the_currency_is_refused(storefront, refused):
    Price.objects.filter(id="price_mug_jpy").delete()
    body = {"region_id": "reg_jp", "items": [{"variant_id": "variant_mug", "quantity": 1}]}
    assert refused("/store/carts", body, 400) == ("invalid_data", "Variant variant_mug has no price in jpy")


def test_a_line_has_a_largest_quantity(storefront, refused):
    cart = storefront.create_cart(variant_sticker=MAX_QUANTITY)
    body = {"variant_id": "variant_sticker", "quantity": 1}
    assert refused(f"/store/carts/{cart['id']}/line-items", body, 400)[0] == "invalid_data"
    assert LineItem.objects.get().quantity == MAX_QUANTITY
