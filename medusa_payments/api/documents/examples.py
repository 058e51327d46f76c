"""The one payment that the API's documentation tells about: 59.97 euro, captured in full, 10 given back."""

from typing import Any

CREATED_AT = "2026-03-02T09:15:00.000Z"
AUTHORIZED_AT = "2026-03-02T09:16:12.000Z"
CAPTURED_AT = "2026-03-03T07:30:45.000Z"
REFUNDED_AT = "2026-03-09T14:02:31.000Z"

ORDER_ID = "order_01KJPA2C4E6G8J0M2P4R6T8W0Y"
CART_ID = "cart_01KJP8W6T3M7V5C9X2Z4B6N8Q0"
COLLECTION_ID = "pay_col_01KJP8X1A4D6F8H0K2M4P6R8T0"
SESSION_ID = "payses_01KJP8XH3C5E7G9J1N3Q5S7V9X"
PAYMENT_ID = "pay_01KJP8ZK2B4D6F8H0M2P4R6T8W"
CAPTURE_ID = "capt_01KJRP7A1C3E5G7J9M1P3R5T7V"
REFUND_ID = "ref_01KK8V9B2D4F6H8K0N2Q4S6V8X"
REFUND_REASON_ID = "refr_01KHV2C4E6G8J0M2P4R6T8W0Y2"
PROVIDER_ID = "pp_system_default"


def _raw(value: str) -> dict[str, Any]:
    return {"value": value, "precision": 20}


REFUND_REASON: dict[str, Any] = {
    "id": REFUND_REASON_ID,
    "label": "Shipping issue",
    "code": "shipping_issue",
    "description": "The parcel was lost, late or broken.",
    "metadata": None,
    "created_at": "2026-02-19T08:00:00.000Z",
    "updated_at": "2026-02-19T08:00:00.000Z",
    "deleted_at": None,
}
_CAPTURE: dict[str, Any] = {
    "id": CAPTURE_ID,
    "amount": 59.97,
    "raw_amount": _raw("59.97"),
    "payment_id": PAYMENT_ID,
    "metadata": None,
    "created_at": CAPTURED_AT,
    "updated_at": CAPTURED_AT,
    "deleted_at": None,
    "created_by": "1",
    "payment": {"id": PAYMENT_ID},
}
_REFUND: dict[str, Any] = {
    "id": REFUND_ID,
    "amount": 10,
    "raw_amount": _raw("10"),
    "failed_amount": 0,
    "status": "succeeded",
    "payment_id": PAYMENT_ID,
    "refund_reason_id": REFUND_REASON_ID,
    "note": "Sorry for the dented box.",
    "metadata": None,
    "created_at": REFUNDED_AT,
    "updated_at": REFUNDED_AT,
    "deleted_at": None,
    "created_by": "1",
    "payment": {"id": PAYMENT_ID},
    "refund_reason": REFUND_REASON,
}
AUTHORIZED_PAYMENT: dict[str, Any] = {
    "id": PAYMENT_ID,
    "amount": 59.97,
    "authorized_amount": 59.97,
    "captured_amount": 0,
    "refunded_amount": 0,
    "refunding_amount": 0,
    "refundable_amount": 0,
    "raw_amount": _raw("59.97"),
    "currency_code": "eur",
    "provider_id": PROVIDER_ID,
    "data": {},
    "captured_at": None,
    "canceled_at": None,
    "payment_collection_id": COLLECTION_ID,
    "payment_session_id": SESSION_ID,
    "metadata": None,
    "created_at": AUTHORIZED_AT,
    "updated_at": AUTHORIZED_AT,
    "deleted_at": None,
    "captures": [],
    "refunds": [],
    "payment_collection": {"id": COLLECTION_ID},
    "payment_session": {"id": SESSION_ID},
}
CAPTURED_PAYMENT = AUTHORIZED_PAYMENT | {
    "captured_amount": 59.97,
    "refundable_amount": 59.97,
    "captured_at": CAPTURED_AT,
    "updated_at": CAPTURED_AT,
    "captures": [_CAPTURE],
}
REFUNDED_PAYMENT = CAPTURED_PAYMENT | {
    "refunded_amount": 10,
    "refundable_amount": 49.97,
    "updated_at": REFUNDED_AT,
    "refunds": [_REFUND],
}

_PENDING_SESSION: dict[str, Any] = {
    "id": SESSION_ID,
    "amount": 59.97,
    "raw_amount": _raw("59.97"),
    "currency_code": "eur",
    "provider_id": PROVIDER_ID,
    "data": {},
    "context": {},
    "status": "pending",
    "authorized_at": None,
    "payment_collection_id": COLLECTION_ID,
    "metadata": {},
    "created_at": CREATED_AT,
    "updated_at": CREATED_AT,
    "deleted_at": None,
    "payment": None,
    "payment_collection": {"id": COLLECTION_ID},
}
_AUTHORIZED_SESSION = _PENDING_SESSION | {
    "status": "authorized",
    "authorized_at": AUTHORIZED_AT,
    "updated_at": AUTHORIZED_AT,
    "payment": AUTHORIZED_PAYMENT,
}
NEW_COLLECTION: dict[str, Any] = {
    "id": COLLECTION_ID,
    "currency_code": "eur",
    "amount": 59.97,
    "authorized_amount": 0,
    "captured_amount": 0,
    "refunded_amount": 0,
    "refunding_amount": 0,
    "refundable_amount": 0,
    "completed_at": None,
    "created_at": CREATED_AT,
    "updated_at": CREATED_AT,
    "metadata": None,
    "status": "not_paid",
    "payment_providers": [],
    "payment_sessions": [],
    "payments": [],
}
PENDING_COLLECTION = NEW_COLLECTION | {
    "payment_providers": [{"id": PROVIDER_ID}],
    "payment_sessions": [_PENDING_SESSION],
}
AUTHORIZED_COLLECTION = PENDING_COLLECTION | {
    "authorized_amount": 59.97,
    "updated_at": AUTHORIZED_AT,
    "status": "authorized",
    "payment_sessions": [_AUTHORIZED_SESSION],
    "payments": [AUTHORIZED_PAYMENT],
}
_CAPTURED_SESSION = _AUTHORIZED_SESSION | {"payment": CAPTURED_PAYMENT}
COMPLETED_COLLECTION = AUTHORIZED_COLLECTION | {
    "captured_amount": 59.97,
    "refundable_amount": 59.97,
    "completed_at": CAPTURED_AT,
    "updated_at": CAPTURED_AT,
    "status": "completed",
    "payment_sessions": [_CAPTURED_SESSION],
    "payments": [CAPTURED_PAYMENT],
}
_REFUNDED_SESSION = _AUTHORIZED_SESSION | {"payment": REFUNDED_PAYMENT}
REFUNDED_COLLECTION = COMPLETED_COLLECTION | {
    "refunded_amount": 10,
    "refundable_amount": 49.97,
    "updated_at": REFUNDED_AT,
    "payment_sessions": [_REFUNDED_SESSION],
    "payments": [REFUNDED_PAYMENT],
}
SECOND_SESSION_ID = "payses_01KJP8XH3D6F8H0K2M4P6R8T0V"
SPLIT_COLLECTION = NEW_COLLECTION | {
    "payment_providers": [{"id": PROVIDER_ID}, {"id": "pp_fake_fake"}],
    "payment_sessions": [
        _PENDING_SESSION | {"amount": 20, "raw_amount": _raw("20")},
        _PENDING_SESSION
        | {"id": SECOND_SESSION_ID, "provider_id": "pp_fake_fake", "amount": 39.97, "raw_amount": _raw("39.97")},
    ],
}
CANCELED_PAYMENT = AUTHORIZED_PAYMENT | {
    "authorized_amount": 0,
    "canceled_at": CAPTURED_AT,
    "updated_at": CAPTURED_AT,
}
PAYMENT_PROVIDERS: dict[str, Any] = {
    "payment_providers": [{"id": PROVIDER_ID, "is_enabled": True}],
    "count": 1,
    "offset": 0,
    "limit": 20,
}
ACCOUNT_HOLDER_ID = "acchld_01JD3M6Q8T4W6Y8A0C2E4G6H8K"
PAYMENT_METHOD_ID = "pm_1QExampleOfACard"
ACCOUNT_HOLDER: dict[str, Any] = {
    "id": ACCOUNT_HOLDER_ID,
    "provider_id": "pp_stripe_stripe",
    "external_id": "cus_ExampleCustomer",
    "email": "jane@example.com",
    "data": {},
    "metadata": None,
    "created_at": CREATED_AT,
    "updated_at": CREATED_AT,
    "deleted_at": None,
}
PAYMENT_METHOD: dict[str, Any] = {
    "id": PAYMENT_METHOD_ID,
    "provider_id": "pp_stripe_stripe",
    "data": {"type": "card", "card": {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030}},
}
SAVED_PAYMENT_METHOD = PAYMENT_METHOD | {
    "id": "seti_1QExampleOfASetup",
    "data": {"client_secret": "seti_1QExampleOfASetup_secret_example", "status": "requires_payment_method"},
}
