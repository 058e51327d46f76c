"""Bodies and answers as the OpenAPI pages show them."""

from typing import Any

from medusa_payments.api import examples as payments

CREATE_CART: dict[str, Any] = {
    "region_id": "reg_eu",
    "items": [{"variant_id": "variant_tshirt_m", "quantity": 3}],
}
ADD_LINE_ITEM: dict[str, Any] = {"variant_id": "variant_mug", "quantity": 1}
UPDATE_CART: dict[str, Any] = {"email": "ada@example.com"}
UPDATE_LINE_ITEM: dict[str, Any] = {"quantity": 2}
LOGIN: dict[str, Any] = {"email": "admin@example.com", "password": "admin"}
CUSTOMER_LOGIN: dict[str, Any] = {"email": "customer@example.com", "password": "customer"}

REGIONS: dict[str, Any] = {
    "regions": [
        {
            "id": "reg_eu",
            "name": "Europe",
            "currency_code": "eur",
            "countries": [{"iso_2": "de"}, {"iso_2": "fr"}],
            "payment_providers": [{"id": "pp_system_default"}, {"id": "pp_fake_fake"}],
        }
    ],
    "count": 4,
    "offset": 0,
    "limit": 1,
}
PRODUCTS: dict[str, Any] = {
    "products": [
        {
            "id": "prod_mug",
            "title": "Mug",
            "variants": [
                {
                    "id": "variant_mug",
                    "title": "Default",
                    "prices": [
                        {"id": "price_mug_eur", "amount": 10, "currency_code": "eur"},
                        {"id": "price_mug_jpy", "amount": 1000, "currency_code": "jpy"},
                    ],
                }
            ],
        }
    ],
    "count": 4,
    "offset": 0,
    "limit": 1,
}
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
ACTOR: dict[str, Any] = {"user": {"actor_id": "1", "actor_type": "user"}}
LOGOUT: dict[str, Any] = {"success": True}
TOKEN: dict[str, Any] = {"token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhY3Rvcl90eXBlIjoidXNlciJ9.c2lnbmF0dXJl"}
LEDGER: dict[str, Any] = {
    "entries": [
        {
            "verb": "capture",
            "session_id": "payses_01JD3M6Q8R5V7X9Z2B4C6D8F0G",
            "idempotency_key": "payop_01JD3M6Q8S1T3V5W7X9Y0Z2A4B",
            "amount": 5997,
            "currency_code": "eur",
            "created_at": "2026-01-31T12:00:00.000Z",
        }
    ]
}
