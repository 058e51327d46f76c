"""Bodies and answers as the OpenAPI pages show them."""

from typing import Any

from medusa_payments.api.documents import examples as payments

FIRST_OF_FOUR: dict[str, Any] = {"count": 4, "offset": 0, "limit": 1}
REGION: dict[str, Any] = {
    "region": {
        "id": "reg_eu",
        "name": "Europe",
        "currency_code": "eur",
        "countries": [{"iso_2": "de", "display_name": "Germany"}, {"iso_2": "fr", "display_name": "France"}],
        "payment_providers": [{"id": "pp_system_default"}, {"id": "pp_fake_fake"}],
    }
}
REGIONS: dict[str, Any] = {"regions": [REGION["region"]], **FIRST_OF_FOUR}
MUG_PRICES: list[Any] = [
    {"id": "price_mug_eur", "amount": 10, "currency_code": "eur"},
    {"id": "price_mug_jpy", "amount": 1000, "currency_code": "jpy"},
]
MUG_KIND = {"id": "optval_mug", "value": "Default", "option_id": "opt_mug"}
PRODUCT: dict[str, Any] = {
    "product": {
        "id": "prod_mug",
        "title": "Mug",
        "handle": "mug",
        "thumbnail": None,
        "images": [],
        "options": [{"id": "opt_mug", "title": "Kind", "values": [MUG_KIND]}],
        "variants": [
            {
                "id": "variant_mug",
                "title": "Default",
                "prices": MUG_PRICES,
                "calculated_price": {
                    "calculated_amount": 10,
                    "original_amount": 10,
                    "currency_code": "eur",
                    "calculated_price": {"price_list_type": None},
                },
                "options": [MUG_KIND],
                "manage_inventory": False,
            }
        ],
    }
}
NO_COLLECTIONS: dict[str, Any] = {"collections": [], "count": 0, "offset": 0, "limit": 20}
NO_CATEGORIES: dict[str, Any] = {"product_categories": [], "count": 0, "offset": 0, "limit": 20}
SHIPPING_OPTIONS: dict[str, Any] = {
    "shipping_options": [
        {"id": "so_free", "name": "Free shipping", "price_type": "flat", "amount": 0, "insufficient_inventory": False}
    ]
}
ADDRESS: dict[str, Any] = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "company": None,
    "address_1": "Unter den Linden 1",
    "address_2": None,
    "city": "Berlin",
    "province": None,
    "postal_code": "10117",
    "country_code": "de",
    "phone": None,
}
CUSTOMER: dict[str, Any] = {
    "customer": {
        "id": "2",
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone": None,
        "addresses": [],
        "created_at": "2026-01-31T12:00:00.000Z",
    }
}
PRODUCTS: dict[str, Any] = {"products": [PRODUCT["product"]], **FIRST_OF_FOUR}
LINE_ITEM: dict[str, Any] = {
    "id": "cali_01JD3M6Q8S1T3V5W7X9Y0Z2A4B",
    "title": "T-shirt",
    "product_title": "T-shirt",
    "product_handle": "tshirt",
    "variant_id": "variant_tshirt_m",
    "variant": {"id": "variant_tshirt_m", "title": "M"},
    "thumbnail": None,
    "quantity": 3,
    "unit_price": 19.99,
    "original_total": 59.97,
    "total": 59.97,
    "created_at": "2026-01-31T12:00:00.000Z",
}
NOTHING_ADDED = dict.fromkeys(
    ("discount_subtotal", "discount_total", "shipping_subtotal", "shipping_total", "tax_total", "gift_card_total"), 0
)
TOTALS: dict[str, Any] = {
    **dict.fromkeys(("item_subtotal", "item_total", "subtotal", "original_total", "total"), 59.97),
    **NOTHING_ADDED,
}
SHIPPING_METHOD: dict[str, Any] = {
    "id": "casm_01JD3M6Q8S1T3V5W7X9Y0Z2A4B",
    "name": "Free shipping",
    "shipping_option_id": "so_free",
    "amount": 0,
    "total": 0,
}
CART: dict[str, Any] = {
    "cart": {
        "id": payments.CART_ID,
        "region_id": "reg_eu",
        "region": REGION["region"],
        "currency_code": "eur",
        "customer_id": None,
        "email": "ada@example.com",
        "locale": None,
        **TOTALS,
        "items": [LINE_ITEM],
        "promotions": [],
        "shipping_address": ADDRESS,
        "billing_address": ADDRESS,
        "shipping_methods": [SHIPPING_METHOD],
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
    "parent": {**CART["cart"], "items": [], **dict.fromkeys(TOTALS, 0)},
}
