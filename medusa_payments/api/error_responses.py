"""The error responses as the OpenAPI pages show them: one shared component per status."""

from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from medusa_payments.api.exceptions import (
    CONFLICT_MESSAGE,
    DATABASE_ERROR,
    DATABASE_UNAVAILABLE,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    UNKNOWN_ERROR,
    UNSUPPORTED_MEDIA_TYPE,
)
from medusa_payments.api.fields import RecordField
from medusa_payments.api.parsers import BODY_TOO_LARGE
from medusa_payments.api.permissions import KEY_INVALID, KEY_MISSING

RETRY_AFTER = {
    "schema": {"type": "integer", "minimum": 1},
    "description": "Seconds to wait before the same request is worth repeating. Sent when they are known.",
}
PAYMENT_ID = "pay_01JD3M6Q8R5V7X9Z2B4C6D8F0G"
OPERATION_ID = "payop_01JD3M6Q8S1T3V5W7X9Y0Z2A4B"


class PaymentErrorSerializer(serializers.Serializer[Any]):
    """The envelope of every error but a missing login."""

    type = serializers.CharField(help_text="What kind of error it is, for programs.")
    message = serializers.CharField(help_text="What went wrong, for developers and staff.")
    shopper_message = serializers.CharField(
        required=False,
        help_text=(
            "What to tell the customer, in the language of the request and without ids. Storefronts get it with errors "
            "that a customer can meet."
        ),
    )
    code = serializers.CharField(required=False, help_text="Tells errors of one type apart.")
    details = RecordField(
        required=False, help_text="The ids and amounts (major units) behind the message, when there are any."
    )


class PaymentLoginNeededSerializer(serializers.Serializer[Any]):
    """What is answered where a login is needed."""

    message = serializers.CharField(help_text="Always `Unauthorized`.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorResponse:
    """One of the document's shared error responses. Examples are named by what they show."""

    name: str
    description: str
    examples: dict[str, dict[str, Any]]
    may_retry: bool = False
    envelope: type[serializers.Serializer[Any]] = PaymentErrorSerializer


ERRORS: dict[int, ErrorResponse] = {
    400: ErrorResponse(
        name="PaymentsBadRequest",
        description="The request is wrong (`invalid_data`), or the current state forbids it (`not_allowed`).",
        examples={
            "invalid_data": {"type": "invalid_data", "message": "Invalid request: Field 'provider_id' is required"},
            "not_allowed": {"type": "not_allowed", "message": "The payment has been canceled."},
        },
    ),
    401: ErrorResponse(
        name="PaymentsUnauthorized",
        description="A login is needed.",
        examples={"unauthorized": UNAUTHORIZED},
        envelope=PaymentLoginNeededSerializer,
    ),
    403: ErrorResponse(
        name="PaymentsForbidden",
        description="The caller lacks the permission for this verb.",
        examples={
            "forbidden": {
                "type": "forbidden",
                "message": "The permission 'medusa_payments.capture_payment' is required",
            }
        },
    ),
    404: ErrorResponse(
        name="PaymentsNotFound",
        description="There is no such object.",
        examples={"not_found": {"type": "not_found", "message": f"Payment id not found: {PAYMENT_ID}"}},
    ),
    409: ErrorResponse(
        name="PaymentsConflict",
        description=(
            "Another request is at work on the same thing (`invalid_state_error`), the cart has changed "
            "(`cart_changed`), or the provider's answer was lost and money may have moved (`payment_outcome_unknown`): "
            "repeat the same request, it finds out and moves nothing twice."
        ),
        examples={
            "invalid_state_error": {"code": "invalid_state_error", "type": "conflict", "message": CONFLICT_MESSAGE},
            "payment_outcome_unknown": {
                "code": "payment_outcome_unknown",
                "type": "conflict",
                "message": "The outcome is not known yet.",
                "details": {"operation_id": OPERATION_ID},
            },
        },
        may_retry=True,
    ),
    413: ErrorResponse(
        name="PaymentsBodyTooLarge",
        description="The body is over 100 kB.",
        examples={"invalid_data": {"type": "invalid_data", "message": BODY_TOO_LARGE}},
    ),
    415: ErrorResponse(
        name="PaymentsUnsupportedMediaType",
        description="The body is neither JSON nor an urlencoded form.",
        examples={"invalid_data": {"type": "invalid_data", "message": UNSUPPORTED_MEDIA_TYPE}},
    ),
    422: ErrorResponse(
        name="PaymentsUnprocessable",
        description=(
            "The provider declined and nothing moved, a unique value is taken, or an idempotency key was used before "
            "with other parameters."
        ),
        examples={
            "payment_authorization_error": {"type": "payment_authorization_error", "message": "The card was declined."},
            "duplicate_error": {
                "code": "invalid_request_error",
                "type": "duplicate_error",
                "message": "The code is taken.",
            },
            "idempotency_error": {
                "code": "invalid_request_error",
                "type": "idempotency_error",
                "message": "Idempotency key 'k1' was used before with other parameters.",
                "details": {"operation_id": OPERATION_ID},
            },
        },
    ),
    429: ErrorResponse(
        name="PaymentsTooManyRequests",
        description=(
            "The shop's throttles, or the bounds on attempts to pay one collection, refuse more for now. "
            "Nothing was done."
        ),
        examples={
            "too_many_requests": {"code": "too_many_requests", "type": "not_allowed", "message": TOO_MANY_REQUESTS}
        },
        may_retry=True,
    ),
    500: ErrorResponse(
        name="PaymentsServerError",
        description="A fault of the server. It has been logged.",
        examples={"unknown_error": UNKNOWN_ERROR, "database_error": DATABASE_ERROR},
    ),
    503: ErrorResponse(
        name="PaymentsProviderNotReachable",
        description=(
            "The provider couldn't be reached, or the database can't be used right now (`database_unavailable`). "
            "Nothing was sent and nothing moved."
        ),
        examples={
            "unexpected_state": {"type": "unexpected_state", "message": "The payment provider can't be reached."},
            "database_unavailable": {
                "code": "database_unavailable",
                "type": "unexpected_state",
                "message": DATABASE_UNAVAILABLE,
            },
        },
        may_retry=True,
    ),
}
STORE_BAD_REQUEST = ErrorResponse(
    name="PaymentsStoreBadRequest",
    description=f"{ERRORS[400].description} Also for a publishable key that is missing or not valid.",
    examples={
        **ERRORS[400].examples,
        "publishable_key_missing": {"type": "not_allowed", "message": KEY_MISSING},
        "publishable_key_invalid": {"type": "not_allowed", "message": KEY_INVALID},
    },
)
READ_STATUSES = (400, 401, 403, 404, 429, 500, 503)
