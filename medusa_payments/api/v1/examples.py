"""The payment that the API's documentation tells about, as v1 shows it."""

from typing import Any

from medusa_payments.api.documents.examples import (
    AUTHORIZED_AT,
    CAPTURED_AT,
    CART_ID,
    COLLECTION_ID,
    CREATED_AT,
    PAYMENT_ID,
    REFUND_ID,
    REFUNDED_AT,
    SECOND_SESSION_ID,
    SESSION_ID,
)

__all__ = ["COLLECTION_ID", "SESSION_ID"]

SESSION: dict[str, Any] = {
    "id": SESSION_ID,
    "cart_id": None,
    "provider_id": "manual",
    "is_selected": None,
    "is_initiated": True,
    "amount": 5997,
    "payment_authorized_at": AUTHORIZED_AT,
    "created_at": CREATED_AT,
    "updated_at": AUTHORIZED_AT,
    "status": "authorized",
    "data": {},
    "idempotency_key": None,
}
PENDING_SESSION = SESSION | {"payment_authorized_at": None, "updated_at": CREATED_AT, "status": "pending"}
PAYMENT: dict[str, Any] = {
    "id": PAYMENT_ID,
    "swap_id": None,
    "cart_id": CART_ID,
    "order_id": None,
    "amount": 5997,
    "currency_code": "eur",
    "amount_refunded": 0,
    "refunding_amount": 0,
    "refundable_amount": 0,
    "provider_id": "manual",
    "data": {},
    "captured_at": None,
    "canceled_at": None,
    "metadata": None,
    "idempotency_key": None,
    "created_at": AUTHORIZED_AT,
    "updated_at": AUTHORIZED_AT,
    "refunds": [],
}
CAPTURED_PAYMENT = PAYMENT | {"refundable_amount": 5997, "captured_at": CAPTURED_AT, "updated_at": CAPTURED_AT}
REFUND: dict[str, Any] = {
    "id": REFUND_ID,
    "order_id": None,
    "payment_id": PAYMENT_ID,
    "amount": 1000,
    "failed_amount": 0,
    "status": "succeeded",
    "note": "Sorry for the dented box.",
    "reason": "return",
    "metadata": None,
    "idempotency_key": None,
    "created_at": REFUNDED_AT,
    "updated_at": REFUNDED_AT,
}
_REGION = {
    "id": "reg_eu",
    "currency_code": "eur",
    "payment_providers": [{"id": "manual", "is_installed": True}, {"id": "fake_fake", "is_installed": True}],
}
SAVED_COLLECTION: dict[str, Any] = {
    "id": COLLECTION_ID,
    "type": "order_edit",
    "status": "authorized",
    "description": "Two shirts more",
    "amount": 5997,
    "authorized_amount": 5997,
    "refunding_amount": 0,
    "refundable_amount": 0,
    "region_id": "reg_eu",
    "currency_code": "eur",
    "metadata": {"ticket": "4711"},
    "created_by": "",
    "created_at": CREATED_AT,
    "updated_at": AUTHORIZED_AT,
    "deleted_at": None,
}
AUTHORIZED_COLLECTION = SAVED_COLLECTION | {"payment_sessions": [SESSION], "payments": [PAYMENT]}
PENDING_COLLECTION = SAVED_COLLECTION | {
    "status": "not_paid",
    "authorized_amount": 0,
    "region": _REGION,
    "payment_sessions": [PENDING_SESSION],
}
SPLIT_COLLECTION = PENDING_COLLECTION | {
    "payment_sessions": [
        PENDING_SESSION | {"amount": 2000},
        PENDING_SESSION | {"id": SECOND_SESSION_ID, "provider_id": "fake_fake", "amount": 3997},
    ]
}
STORE_COLLECTION: dict[str, Any] = {
    "id": COLLECTION_ID,
    "type": "order_edit",
    "status": "not_paid",
    "description": None,
    "amount": 5997,
    "region": _REGION,
    "currency_code": "eur",
    "currency": {"code": "eur"},
    "metadata": None,
    "payment_sessions": [PENDING_SESSION],
}
ADMIN_COLLECTION = STORE_COLLECTION | {
    "status": "authorized",
    "authorized_amount": 5997,
    "refunding_amount": 0,
    "refundable_amount": 0,
    "payment_sessions": [SESSION],
    "payments": [PAYMENT],
}
