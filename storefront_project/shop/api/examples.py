"""Bodies and answers as the OpenAPI pages show them."""

from typing import Any

from medusa_payments.api import examples as payments

FIRST_OF_FOUR: dict[str, Any] = {"count": 4, "offset": 0, "limit": 1}
REGION: dict[str, Any] = {
    "region": {
        "id": "reg_eu",
        "name": "Europe",
        "currency_code": "eur",
        "countries": [{"iso_2": "de"}, {"iso_2": "fr"}],
        "payment_providers": [{"id": "pp_system_default"}, {"id": "pp_fake_fake"}],
    }
}
REGIONS: dict[str, Any] = {"regions": [REGION["region"]], **FIRST_OF_FOUR}
MUG_PRICES: list[Any] = [
    {"id": "price_mug_eur", "amount": 10, "currency_code": "eur"},
    {"id": "price_mug_jpy", "amount": 1000, "currency_code": "jpy"},
]
PRODUCT: dict[str, Any] = {
    "product": {
        "id": "prod_mug",
        "title": "Mug",
        "variants": [{"id": "variant_mug", "title": "Default", "prices": MUG_PRICES}],
    }
}
PRODUCTS: dict[str, Any] = {"products": [PRODUCT["product"]], **FIRST_OF_FOUR}
LINE_ITEM: dict[str, Any] = {
    "id": "cali_01JD3M6Q8S1T3V5W7X9Y0Z2A4B",
    "title": "T-shirt",
    "variant_id": "variant_tshirt_m",
    "quantity": 3,
    "unit_price": 19.99,
    "total": 59.97,
}
CART: dict[str, Any] = {
    "cart": {
        "id": payments.CART_ID,
        "region_id": "reg_eu",
        "currency_code": "eur",
        "email": None,
        "subtotal": 59.97,
        "total": 59.97,
        "items": [LINE_ITEM],
        "payment_collection": None,
        "completed_at": None,
        "created_at": "2026-01-31T12:00:00.000Z",
        "updated_at": "2026-01-31T12:00:00.000Z",
    }
}
DELETED_LINE_ITEM: dict[str, Any] = {
    "id": LINE_ITEM["id"],
    "object": "line-item",
    "deleted": True,
    "parent": {**CART["cart"], "items": [], "subtotal": 0, "total": 0},
}
