"""Bodies and answers as the OpenAPI pages show them."""

from typing import Any

from medusa_payments.api.documents import examples as payments
from storefront_project.shop.api.examples import ADDRESS, LINE_ITEM, SHIPPING_METHOD, TOTALS

ORDER: dict[str, Any] = {
    "order": {
        "id": "order_01KJP9BQ6M8P0R2T4V6X8Z1B3D",
        "cart_id": payments.CART_ID,
        "status": "pending",
        "payment_status": "authorized",
        "email": "ada@example.com",
        "fulfillment_status": "not_fulfilled",
        "region_id": "reg_eu",
        "customer_id": None,
        "currency_code": "eur",
        "shipping_address": ADDRESS,
        "billing_address": ADDRESS,
        "shipping_methods": [SHIPPING_METHOD],
        **TOTALS,
        "items": [LINE_ITEM],
        "payment_collections": [payments.AUTHORIZED_COLLECTION],
        "created_at": "2026-03-02T09:16:13.000Z",
    }
}
ORDERS: dict[str, Any] = {"orders": [ORDER["order"]], "count": 1, "offset": 0, "limit": 20}
PLACED: dict[str, Any] = {"type": "order", **ORDER}
