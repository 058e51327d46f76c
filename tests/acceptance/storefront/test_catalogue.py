"""Regions and products of the demo."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

from medusa_payments.models import PublishableKey
from medusa_payments.queries import refund_reasons as reason_queries
from medusa_payments.services import refund_reasons
from storefront_project.shop.models import Price, Product, Region


def prices_of(storefront: Any, variant_id: str) -> dict[str, Decimal]:
    products = storefront.get("/store/products")["products"]
    variants = [variant for product in products for variant in product["variants"]]
    variant = next(variant for variant in variants if variant["id"] == variant_id)
    return {price["currency_code"]: price["amount"] for price in variant["prices"]}


def test_regions_have_the_promised_currencies_and_providers(storefront):
    page = storefront.get("/store/regions")
    assert {region["id"]: region["currency_code"] for region in page["regions"]} == {
        "reg_eu": "eur",
        "reg_us": "usd",
        "reg_jp": "jpy",
        "reg_kw": "kwd",
    }
    for region in page["regions"]:
        everywhere = ["pp_system_default", "pp_fake_fake", "pp_stripe_stripe"]
        in_euro = ["pp_stripe-ideal_stripe", "pp_stripe-sepa-debit_stripe"] if region["id"] == "reg_eu" else []
        assert region["payment_providers"] == [{"id": provider_id} for provider_id in everywhere + in_euro]
    assert (page["count"], page["offset"], page["limit"]) == (4, 0, 20)


def test_countries_are_named_as_medusa_names_them(storefront):
    regions = storefront.get("/store/regions")["regions"]
    [countries] = [region["countries"] for region in regions if region["id"] == "reg_jp"]
    assert countries == [{"iso_2": "jp", "display_name": "Japan"}]


@pytest.mark.parametrize(
    ("variant_id", "expected"),
    [
        ("variant_tshirt_m", {"eur": Decimal("19.99"), "usd": Decimal("21.99"), "jpy": 1999, "kwd": Decimal("5.125")}),
        ("variant_sample", {"eur": 0, "usd": 0, "jpy": 0, "kwd": 0}),
        ("variant_sticker", {"eur": Decimal("0.01"), "usd": Decimal("0.01"), "jpy": 1, "kwd": Decimal("0.001")}),
    ],
)
def test_prices_are_exact_major_units(storefront, variant_id, expected):
    assert prices_of(storefront, variant_id) == expected


def test_products_are_paged(storefront):
    page = storefront.get("/store/products?limit=2&offset=1&order=-id")
    assert [product["id"] for product in page["products"]] == ["prod_sticker", "prod_sample"]
    assert (page["count"], page["offset"], page["limit"]) == (4, 1, 2)


@pytest.mark.parametrize(("kind", "id"), [("region", "reg_jp"), ("product", "prod_tshirt")])
def test_one_of_them_is_as_in_the_list(storefront, kind, id):
    listed = storefront.get(f"/store/{kind}s")[f"{kind}s"]
    assert storefront.get(f"/store/{kind}s/{id}")[kind] == next(each for each in listed if each["id"] == id)


@pytest.mark.parametrize("kind", ["region", "product"])
def test_what_does_not_exist_is_not_found(storefront, kind):
    error = storefront.get(f"/store/{kind}s/unknown", expect=404)
    assert (error["type"], error["message"]) == ("not_found", f"{kind.title()} with id: unknown was not found")


def test_products_take_few_statements(storefront, django_assert_num_queries):
    with django_assert_num_queries(4):  # key, page, variants, prices; a page that ends the list counts itself
        storefront.get("/store/products")


@pytest.mark.parametrize("path", ["/store/products", "/store/regions"])
def test_fields_of_medusas_clients_are_accepted(storefront, path):
    assert storefront.get(f"{path}?fields=%2Bid")["count"] == 4


@pytest.mark.parametrize("query", ["limit=-1", "limit=x", "offset=-1", "order=title", "nonsense=1"])
def test_a_wrong_query_is_refused(storefront, query):
    assert storefront.get(f"/store/products?{query}", expect=400)["type"] == "invalid_data"


@pytest.mark.parametrize("path", ["/store/products", "/store/regions", "/store/carts/cart_1"])
def test_a_publishable_key_is_needed(seeded, path):
    response = Client().get(path)
    assert response.status_code == 400
    assert response.json()["type"] == "not_allowed"


def test_seeding_again_restores_the_catalogue_and_keeps_the_rest(storefront):
    cart = storefront.create_cart(variant_mug=1)
    admin = get_user_model().objects.get(username="admin@example.com")
    admin.set_password("changed")
    admin.save()
    Product.objects.filter(id="prod_mug").update(title="Cup")

    call_command("seed_demo")

    assert Product.objects.get(id="prod_mug").title == "Mug"
    assert (Region.objects.count(), Product.objects.count(), Price.objects.count()) == (4, 4, 24)
    assert [key.token for key in PublishableKey.objects.all()] == ["pk_demo"]
    assert sorted(user.username for user in get_user_model().objects.all()) == [
        "admin@example.com",
        "customer@example.com",
    ]
    assert get_user_model().objects.get(pk=admin.pk).check_password("changed")
    assert storefront.get(f"/store/carts/{cart['id']}")["cart"] == cart


def test_the_usual_refund_reasons_are_there_from_the_start_and_stay_deleted(seeded):
    codes = {reason.code: reason.pk for reason in reason_queries.listed()}
    assert codes.keys() == {"shipping_issue", "customer_care_adjustment", "pricing_error"}

    for reason_id in codes.values():
        refund_reasons.delete(refund_reason_id=reason_id)
    call_command("seed_demo")

    assert list(reason_queries.listed()) == []
