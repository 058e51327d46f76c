"""What the documents of `POST /store/payment-collections/{id}/payment-sessions` say, as one table."""

from collections.abc import Callable
from typing import Any

PATH = "/store/payment-collections/{id}/payment-sessions"
FAKE = "pp_fake_fake"
SYSTEM = "pp_system_default"

Begin = Callable[..., Any]

_CAPTURE = {"id": "string", "amount": 0, "created_at": "2019-08-24T14:15:22Z", "created_by": "string", "payment": {}}
_REFUND_REASON = {
    "id": "string",
    "label": "string",
    "description": "string",
    "metadata": {},
    "created_at": "2019-08-24T14:15:22Z",
    "updated_at": "2019-08-24T14:15:22Z",
}


def _example(**more_of_a_refund_reason: str) -> dict[str, Any]:
    """Return the example of the response; the hosted fork's has a further field of a refund reason."""
    refund = {
        "id": "string",
        "amount": 0,
        "refund_reason_id": "string",
        "note": "string",
        "created_at": "2019-08-24T14:15:22Z",
        "created_by": "string",
        "payment": {},
        "refund_reason": _REFUND_REASON | more_of_a_refund_reason,
    }
    payment = {
        "id": "string",
        "amount": 0,
        "authorized_amount": 0,
        "currency_code": "string",
        "provider_id": "string",
        "created_at": "2019-08-24T14:15:22Z",
        "updated_at": "2019-08-24T14:15:22Z",
        "captured_at": "2019-08-24T14:15:22Z",
        "canceled_at": "2019-08-24T14:15:22Z",
        "captured_amount": 0,
        "refunded_amount": 0,
        "payment_collection": {},
        "payment_session": {},
        "data": {},
        "captures": [_CAPTURE],
        "refunds": [refund],
    }
    session = {
        "id": "string",
        "amount": 0,
        "currency_code": "usd",
        "provider_id": "string",
        "authorized_at": "2019-08-24T14:15:22Z",
        "payment_collection": {},
        "data": {},
        "status": "authorized",
        "context": {"customer": {"id": "cus_123"}},
        "payment": payment,
    }
    return {
        "payment_collection": {
            "id": "string",
            "currency_code": "string",
            "amount": 0,
            "authorized_amount": 0,
            "captured_amount": 0,
            "refunded_amount": 0,
            "completed_at": "2019-08-24T14:15:22Z",
            "created_at": "2019-08-24T14:15:22Z",
            "updated_at": "2019-08-24T14:15:22Z",
            "metadata": {},
            "status": "canceled",
            "payment_providers": [{"id": "string"}],
            "payment_sessions": [session],
            "payments": [payment],
        }
    }


EXAMPLES = {
    "v2-initialize-payment-session": _example(),
    "v2-initialize-payment-session-short": _example(),
    "v2-initialize-payment-session-hosted-fork": _example(code="string"),
}
"""The documents of this endpoint by name, each with its example of the response: the first two have the same one."""

STATUSES = {"canceled", "not_paid", "awaiting", "authorized", "partially_authorized"}
REQUIRED = {"id", "currency_code", "amount", "status", "payment_providers"}
TYPES = {
    "id": "string",
    "currency_code": "string",
    "amount": "number",
    "authorized_amount": "number",
    "captured_amount": "number",
    "refunded_amount": "number",
    "completed_at": "date-time",
    "created_at": "date-time",
    "updated_at": "date-time",
    "metadata": "object",
    "status": "string",
    "payment_providers": "array",
    "payment_sessions": "array",
    "payments": "array",
}
"""As the list of the response's fields has them, below the example."""

ERRORS = {
    "400": {"message": "Discount must be set to dynamic", "type": "not_allowed"},
    "404": {"message": "Entity with id 1 was not found", "type": "not_found"},
    "409": {"code": "unknown_error", "message": "The request conflicted…", "type": "QueryRunnerAlreadyReleasedError"},
    "422": {"code": "invalid_request_error", "message": "…already exists.", "type": "duplicate_error"},
    "500": {"code": "api_error", "message": "An error occured…", "type": "database_error"},
}
"""The hosted fork's examples of its errors."""


def document(answer: Any) -> Any:
    assert answer.status_code == 200, answer.json()
    return answer.json()
