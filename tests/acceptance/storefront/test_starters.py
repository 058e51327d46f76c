"""The calls of Medusa's storefront starters, from the window to the order: `docs/guides/storefront-starters.md`."""

import re
from decimal import Decimal
from functools import reduce
from operator import getitem
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User

from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.acceptance.docs.projects import ROOT
from tests.acceptance.storefront.conftest import Document, Storefront

pytestmark = pytest.mark.any_engine

CART_FIELDS = "*items, *region, *items.product, *items.variant, +items.total, *promotions, +shipping_methods.name"
FORM = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "address_1": "Unter den Linden 1",
    "address_2": "",
    "company": "",
    "postal_code": "10117",
    "city": "Berlin",
    "country_code": "de",
    "province": "",
    "phone": None,
}
ACCOUNT = {"email": "ada@example.com", "password": "a secret"}
LOGIN = "/auth/customer/emailpass"


GUIDE = ROOT / "docs" / "guides" / "storefront-starters.md"


def assert_has_what_the_guide_says(document: Document, heading: str) -> None:
    """Fail unless the document has each key in the first column of the guide's table beneath that line."""
    table = GUIDE.read_text().partition(f"\n{heading}\n\n")[2].partition("\n\n")[0]
    keys = re.findall(r"`([^`]+)`", " ".join(row.split("|")[1] for row in table.splitlines()[2:]))
    assert len(keys) > 10
    for key in keys:  # like `items[0].total`
        steps = [int(step) if step.isdigit() else step for step in re.findall(r"\w+", key)]
        reduce(getitem, steps, document)


def asked(path: str, **query: Any) -> str:
    return f"{path}?{urlencode(query)}"


@pytest.fixture
def cart(storefront: Storefront) -> Document:
    """A German's cart of 10 euro, as far as the starter's step `payment`."""
    cart = storefront.create_cart(variant_mug=1)
    storefront.post(path_of(cart), {"shipping_address": FORM, "billing_address": FORM, "email": ACCOUNT["email"]})
    return storefront.post(f"{path_of(cart)}/shipping-methods", {"option_id": "so_free"})["cart"]


def path_of(cart: Document) -> str:
    return f"/store/carts/{cart['id']}"


def pay(stripe_twin: StripeTwin, session: Document) -> None:
    """What Stripe.js does in the page."""
    assert session["data"]["client_secret"].startswith(session["data"]["id"])
    stripe_twin.dashboard.pay(session["data"]["id"])


def choose_in_the_window(storefront: Storefront) -> tuple[Document, str]:
    """Look for a shirt of size M in Germany; return the region and the variant's id."""
    regions = storefront.get("/store/regions")["regions"]
    region = next(each for each in regions for country in each["countries"] if country["iso_2"] == "de")
    assert storefront.get("/store/collections?fields=id,handle,title")["collections"] == []
    assert storefront.get("/store/product-categories?limit=100&fields=*products")["product_categories"] == []

    page = {
        "limit": 12,
        "offset": 0,
        "region_id": region["id"],
        "fields": "*variants.calculated_price,+metadata,+tags,",
    }
    [product] = storefront.get(asked("/store/products", **page, handle="tshirt"))["products"]
    assert len(storefront.get(asked("/store/products", **page, is_giftcard="false"))["products"]) == 4
    [option] = product["options"]
    chosen = next(value for value in option["values"] if value["value"] == "M")
    [variant] = [each for each in product["variants"] if each["options"] == [chosen]]
    price = variant["calculated_price"]
    assert (price["calculated_amount"], price["currency_code"]) == (Decimal("19.99"), "eur")
    assert price["calculated_price"]["price_list_type"] is None
    return region, variant["id"]


def fill(storefront: Storefront, region: Document, variant_id: str) -> Document:
    """Put two pieces into a new cart; return what the cart's page shows."""
    cart = storefront.post("/store/carts", {"region_id": region["id"], "locale": "de"})["cart"]
    storefront.post(f"{path_of(cart)}/line-items", {"variant_id": variant_id, "quantity": 2})
    cart = storefront.get(asked(path_of(cart), fields=CART_FIELDS))["cart"]
    [item] = cart["items"]
    assert (item["product_title"], item["product_handle"], item["variant"]["title"]) == ("T-shirt", "tshirt", "M")
    assert (cart["region"]["id"], cart["promotions"], cart["shipping_methods"]) == (region["id"], [], [])
    assert (cart["locale"], cart["item_subtotal"], cart["tax_total"]) == ("de", Decimal("39.98"), 0)
    return cart


def check_out(storefront: Storefront, cart: Document, provider_id: str) -> Document:
    """Go through the steps of the checkout; return the cart as the last one, `review`, reads it."""
    storefront.post(path_of(cart), {"shipping_address": FORM, "billing_address": FORM, "email": ACCOUNT["email"]})
    query = {"cart_id": cart["id"], "fields": "*service_zone.fulfillment_set.location.address"}
    [option] = storefront.get(asked("/store/shipping-options", **query))["shipping_options"]
    assert (option["price_type"], option["amount"]) == ("flat", 0)
    storefront.post(f"{path_of(cart)}/shipping-methods", {"option_id": option["id"]})
    providers = storefront.get(asked("/store/payment-providers", region_id=cart["region_id"]))["payment_providers"]
    assert provider_id in [each["id"] for each in providers]
    collection = storefront.post("/store/payment-collections", {"cart_id": cart["id"]})["payment_collection"]
    storefront.post(f"/store/payment-collections/{collection['id']}/payment-sessions", {"provider_id": provider_id})
    return storefront.get(asked(path_of(cart), fields=CART_FIELDS))["cart"]


@pytest.mark.parametrize("provider_id", ["pp_system_default", "pp_stripe_stripe"])
def test_the_starters_checkout_reaches_and_completes_the_payment(
    storefront: Storefront, stripe_twin: StripeTwin, provider_id: str
) -> None:
    cart = check_out(storefront, fill(storefront, *choose_in_the_window(storefront)), provider_id)
    assert all(cart[key] for key in ("email", "shipping_address", "billing_address", "shipping_methods"))
    session = cart["payment_collection"]["payment_sessions"][0]
    assert (session["provider_id"], session["status"], session["amount"]) == (provider_id, "pending", Decimal("39.98"))
    if provider_id == "pp_stripe_stripe":
        assert_has_what_the_guide_says(cart, "A cart, in the step `review`:")
        pay(stripe_twin, session)

    placed = storefront.post(f"{path_of(cart)}/complete")

    assert (placed["type"], placed["order"]["shipping_address"]["country_code"]) == ("order", "de")
    order = storefront.get(asked(f"/store/orders/{placed['order']['id']}", fields="*payment_collections.payments"))[
        "order"
    ]
    assert_has_what_the_guide_says(order, "An order, on the page of thanks:")
    assert (order["email"], order["shipping_address"]) == (ACCOUNT["email"], FORM)
    assert [(each["name"], each["total"]) for each in order["shipping_methods"]] == [("Free shipping", 0)]
    [payment] = order["payment_collections"][0]["payments"]
    assert (payment["provider_id"], payment["amount"], order["total"]) == (
        provider_id,
        Decimal("39.98"),
        Decimal("39.98"),
    )


def test_somebody_who_registers_takes_the_cart_along(storefront: Storefront, cart: Document) -> None:
    client = storefront.client
    token = storefront.post(f"{LOGIN}/register", ACCOUNT)["token"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    names = {"email": ACCOUNT["email"], "first_name": "Ada", "last_name": "Lovelace"}
    created = storefront.post("/store/customers", {**names, "phone": ""})["customer"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {storefront.post(LOGIN, ACCOUNT)['token']}")

    customer = storefront.get("/store/customers/me?fields=*orders")["customer"]
    for _ in range(2):
        moved = storefront.post(f"{path_of(cart)}/customer")["cart"]

    assert customer == created
    assert customer.items() >= {**names, "phone": None, "addresses": []}.items()
    assert (moved["customer_id"], moved["email"]) == (customer["id"], ACCOUNT["email"])
    assert not User.objects.get(pk=customer["id"]).is_staff


def test_a_customers_cart_is_not_given_to_another(storefront: Storefront, cart: Document) -> None:
    for email, status in ((ACCOUNT["email"], 200), ("eve@example.com", 400)):
        token = storefront.post(f"{LOGIN}/register", {**ACCOUNT, "email": email})["token"]
        storefront.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        storefront.post(f"{path_of(cart)}/customer", expect=status)

    assert storefront.cart(cart)["email"] == ACCOUNT["email"]


@pytest.mark.parametrize("email", ["admin@example.com", "Customer@Example.com"])
def test_nobody_registers_with_anothers_email(storefront: Storefront, email: str) -> None:
    error = storefront.post(f"{LOGIN}/register", {**ACCOUNT, "email": email}, expect=401)
    assert (error["type"], error["message"]) == ("unauthorized", "Identity with email already exists")


@pytest.mark.parametrize("change", [{"email": "ada"}, {"email": ""}, {"password": ""}])
def test_a_registration_needs_an_email_and_a_password(storefront: Storefront, change: Document) -> None:
    assert storefront.post(f"{LOGIN}/register", ACCOUNT | change, expect=400)["type"] == "invalid_data"


def test_a_customer_has_the_email_that_was_registered(storefront: Storefront) -> None:
    token = storefront.post(f"{LOGIN}/register", ACCOUNT)["token"]
    storefront.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert storefront.post("/store/customers", {"email": "eve@example.com"}, expect=400)["type"] == "invalid_data"


def test_guests_have_no_account(storefront: Storefront, cart: Document) -> None:
    storefront.get("/store/customers/me", expect=401)
    storefront.post("/store/customers", {"email": ACCOUNT["email"]}, expect=401)
    storefront.post(f"{path_of(cart)}/customer", expect=401)


def test_another_region_brings_its_currency_and_its_prices(storefront: Storefront, cart: Document) -> None:
    storefront.add(cart, "variant_tshirt_m")
    storefront.begin(cart)

    moved = storefront.post(path_of(cart), {"region_id": "reg_us"})["cart"]

    assert (moved["currency_code"], moved["total"], moved["region"]["id"]) == ("usd", Decimal("31.99"), "reg_us")
    assert (moved["shipping_address"], moved["billing_address"]["country_code"]) == (None, "de")
    collection = moved["payment_collection"]
    assert (collection["currency_code"], collection["amount"]) == ("usd", Decimal("31.99"))
    assert storefront.complete(cart, expect=409)["code"] == "cart_changed"

    session = storefront.begin(cart)
    order = storefront.complete(cart)["order"]
    assert (session["currency_code"], order["currency_code"], order["total"]) == ("usd", "usd", Decimal("31.99"))


def test_money_that_is_held_in_one_currency_pays_for_no_cart_in_another(storefront: Storefront, cart: Document) -> None:
    storefront.authorize(storefront.begin(cart))
    storefront.post(path_of(cart), {"region_id": "reg_us"})

    assert storefront.complete(cart, expect=409)["code"] == "cart_changed"
    assert storefront.cart(cart)["completed_at"] is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"promo_codes": ["SALE"]}, "The promotion code SALE is invalid"),
        ({"region_id": "reg_us", "shipping_address": FORM}, "Country with code de is not within region United States"),
        ({"shipping_address": {"country_code": "US"}}, "Country with code US is not within region Europe"),
        ({"shipping_address": {"street": "x"}}, "Invalid request: Unrecognized fields: 'street'"),
    ],
)
def test_what_the_shop_does_not_have_is_refused(
    storefront: Storefront, cart: Document, body: Document, message: str
) -> None:
    error = storefront.post(path_of(cart), body, expect=400)
    assert (error["type"], error["message"]) == ("invalid_data", message)
    assert storefront.cart(cart) == cart


def test_no_promotion_is_no_mistake(storefront: Storefront, cart: Document) -> None:
    assert storefront.post(path_of(cart), {"promo_codes": []})["cart"]["total"] == cart["total"]


def test_an_unknown_shipping_option_is_refused(storefront: Storefront, cart: Document) -> None:
    storefront.post(f"{path_of(cart)}/shipping-methods", {"option_id": "so_express"}, expect=400)
    assert storefront.cart(cart) == cart


@pytest.mark.parametrize("query", ["cart_id=cart_unknown", "fields=id"])
def test_shipping_options_are_a_carts(storefront: Storefront, query: str) -> None:
    storefront.get(f"/store/shipping-options?{query}", expect=404 if "unknown" in query else 400)


def test_a_product_has_a_price_of_the_region_that_is_asked_for(storefront: Storefront) -> None:
    prices = {
        query: [product["variants"][0]["calculated_price"] for product in storefront.get(query)["products"]]
        for query in ("/store/products?handle=mug", "/store/products?handle=mug&region_id=reg_jp")
    }
    assert [price and price["calculated_amount"] for each in prices.values() for price in each] == [None, 1000]


@pytest.mark.parametrize("query", ["handle=nothing", "handle=", "is_giftcard=true"])
def test_no_product_is_an_empty_page(storefront: Storefront, query: str) -> None:
    assert storefront.get(f"/store/products?{query}")["count"] == 0


def test_prices_of_an_unknown_region_are_refused(storefront: Storefront) -> None:
    error = storefront.get("/store/products?region_id=reg_mars", expect=400)
    assert error["message"] == "Region with id reg_mars not found when populating the pricing context"
