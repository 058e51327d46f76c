"""The payment that the API's documentation tells about, as v1 shows it."""

from medusa_payments.api.documents.sample import CAPTURED_AT, CREATED_AT, SECOND_SESSION_ID
from medusa_payments.api.v1 import selection
from medusa_payments.api.v1.documents import PAYMENT, SESSION

PENDING_SESSION = SESSION.example | {"payment_authorized_at": None, "updated_at": CREATED_AT, "status": "pending"}
CAPTURED_PAYMENT = PAYMENT.example | {"refundable_amount": 5997, "captured_at": CAPTURED_AT, "updated_at": CAPTURED_AT}
SAVED_COLLECTION = selection.SAVED_COLLECTION.example
AUTHORIZED_COLLECTION = selection.COLLECTION_WITH_PAYMENTS.example
PENDING_COLLECTION = selection.COLLECTION_WITH_SESSIONS.example | {
    "status": "not_paid",
    "authorized_amount": 0,
    "payment_sessions": [PENDING_SESSION],
}
SPLIT_COLLECTION = PENDING_COLLECTION | {
    "payment_sessions": [
        PENDING_SESSION | {"amount": 2000},
        PENDING_SESSION | {"id": SECOND_SESSION_ID, "provider_id": "fake_fake", "amount": 3997},
    ]
}
STORE_COLLECTION = selection.STORE_COLLECTION.example | {
    "status": "not_paid",
    "description": None,
    "metadata": None,
    "payment_sessions": [PENDING_SESSION],
}
ADMIN_COLLECTION = selection.ADMIN_COLLECTION.example | {"description": None, "metadata": None}
