"""The story of the one payment that the API's documentation tells about: 59.97 euro, captured in full, 10 given back.

It begins with the examples of the declarations; each later step names what has changed.
"""

from typing import Any

from medusa_payments.api.documents.account_holders import PAYMENT_METHOD
from medusa_payments.api.documents.keys import RAW_PRECISION
from medusa_payments.api.documents.payment_collections import PAYMENT_COLLECTION, PAYMENT_SESSION
from medusa_payments.api.documents.payment_providers import PAYMENT_PROVIDER
from medusa_payments.api.documents.payments import CAPTURE, PAYMENT, REFUND
from medusa_payments.api.documents.sample import (
    AUTHORIZED_AT,
    CAPTURED_AT,
    PROVIDER_ID,
    REFUNDED_AT,
    SECOND_PROVIDER_ID,
    SECOND_SESSION_ID,
)


def _raw(value: str) -> dict[str, Any]:
    return {"value": value, "precision": RAW_PRECISION}


AUTHORIZED_PAYMENT = PAYMENT.example
CAPTURED_PAYMENT = AUTHORIZED_PAYMENT | {
    "captured_amount": 59.97,
    "refundable_amount": 59.97,
    "captured_at": CAPTURED_AT,
    "updated_at": CAPTURED_AT,
    "captures": [CAPTURE.example],
}
REFUNDED_PAYMENT = CAPTURED_PAYMENT | {
    "refunded_amount": 10,
    "refundable_amount": 49.97,
    "updated_at": REFUNDED_AT,
    "refunds": [REFUND.example],
}
CANCELED_PAYMENT = AUTHORIZED_PAYMENT | {
    "authorized_amount": 0,
    "canceled_at": CAPTURED_AT,
    "updated_at": CAPTURED_AT,
}

_PENDING_SESSION = PAYMENT_SESSION.example
_AUTHORIZED_SESSION = _PENDING_SESSION | {
    "status": "authorized",
    "authorized_at": AUTHORIZED_AT,
    "updated_at": AUTHORIZED_AT,
    "payment": AUTHORIZED_PAYMENT,
}
NEW_COLLECTION = PAYMENT_COLLECTION.example
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
COMPLETED_COLLECTION = AUTHORIZED_COLLECTION | {
    "captured_amount": 59.97,
    "refundable_amount": 59.97,
    "completed_at": CAPTURED_AT,
    "updated_at": CAPTURED_AT,
    "status": "completed",
    "payment_sessions": [_AUTHORIZED_SESSION | {"payment": CAPTURED_PAYMENT}],
    "payments": [CAPTURED_PAYMENT],
}
REFUNDED_COLLECTION = COMPLETED_COLLECTION | {
    "refunded_amount": 10,
    "refundable_amount": 49.97,
    "updated_at": REFUNDED_AT,
    "payment_sessions": [_AUTHORIZED_SESSION | {"payment": REFUNDED_PAYMENT}],
    "payments": [REFUNDED_PAYMENT],
}
SPLIT_COLLECTION = NEW_COLLECTION | {
    "payment_providers": [{"id": PROVIDER_ID}, {"id": SECOND_PROVIDER_ID}],
    "payment_sessions": [
        _PENDING_SESSION | {"amount": 20, "raw_amount": _raw("20")},
        _PENDING_SESSION
        | {
            "id": SECOND_SESSION_ID,
            "provider_id": SECOND_PROVIDER_ID,
            "amount": 39.97,
            "raw_amount": _raw("39.97"),
        },
    ],
}
PAYMENT_PROVIDERS: dict[str, Any] = {
    "payment_providers": [PAYMENT_PROVIDER.example],
    "count": 1,
    "offset": 0,
    "limit": 20,
}
SAVED_PAYMENT_METHOD = PAYMENT_METHOD.example | {
    "id": "seti_1QExampleOfASetup",
    "data": {"client_secret": "seti_1QExampleOfASetup_secret_example", "status": "requires_payment_method"},
}
