"""The error responses as the OpenAPI pages show them: one shared component per status, another one for storefronts
where these are told more.
"""

from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import Error as AnyDatabaseError
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated, UnsupportedMediaType

from medusa_payments.api.permissions import KEY_INVALID, KEY_MISSING
from medusa_payments.api.wire.exceptions import (
    DATABASE_UNAVAILABLE,
    TOO_MANY_REQUESTS,
    KeyRefused,
    answer,
)
from medusa_payments.api.wire.fields import RecordField
from medusa_payments.exceptions import (
    Conflict,
    DatabaseUnavailable,
    DuplicateError,
    Forbidden,
    IdempotencyError,
    InvalidData,
    NotAllowed,
    NotFound,
    PaymentAuthorizationError,
    PaymentOutcomeUnknown,
    ProviderNotReachable,
    RejectedByProvider,
    TooManyRequests,
    Unauthorized,
)

RETRY_AFTER = {
    "schema": {"type": "integer", "minimum": 1},
    "description": "Seconds to wait before the same request is worth repeating. Sent when they are known.",
}
PAYMENT_ID = "pay_01JD3M6Q8R5V7X9Z2B4C6D8F0G"
SESSION_ID = "payses_01JD3M6Q8Q2R4T6V8X0Z1B3D5F"
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


class PaymentLoginNeededSerializer(PaymentErrorSerializer):
    """What is answered where a login is needed: `Unauthorized`; more, where it is that of a certain customer."""

    type = serializers.CharField(required=False, help_text="What kind of error it is, for programs.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorResponse:
    """One of the document's shared error responses. `errors` are examples, by what they show."""

    name: str
    description: str
    errors: dict[str, Exception]
    may_retry: bool = False
    is_for_shoppers: bool = False
    envelope: type[serializers.Serializer[Any]] = PaymentErrorSerializer

    @property
    def examples(self) -> dict[str, dict[str, Any]]:
        """The envelopes, as they are sent."""
        answers = {name: answer(error, is_for_shoppers=self.is_for_shoppers) for name, error in self.errors.items()}
        return {name: response.data for name, response in answers.items()}


_UNKNOWN = PaymentOutcomeUnknown("The outcome is not known yet.", details={"operation_id": OPERATION_ID})

ERRORS: dict[int, ErrorResponse] = {
    400: ErrorResponse(
        name="PaymentsBadRequest",
        description="The request is wrong (`invalid_data`), or the current state forbids it (`not_allowed`).",
        errors={
            "invalid_data": InvalidData("Invalid request: Field 'provider_id' is required"),
            "not_allowed": NotAllowed("The payment has been canceled."),
        },
    ),
    401: ErrorResponse(
        name="PaymentsUnauthorized",
        description="A login is needed.",
        errors={"unauthorized": NotAuthenticated()},
        envelope=PaymentLoginNeededSerializer,
    ),
    403: ErrorResponse(
        name="PaymentsForbidden",
        description="The caller lacks the permission for this verb.",
        errors={"forbidden": Forbidden("The permission 'medusa_payments.capture_payment' is required")},
    ),
    404: ErrorResponse(
        name="PaymentsNotFound",
        description="There is no such object.",
        errors={"not_found": NotFound(f"Payment id not found: {PAYMENT_ID}")},
    ),
    409: ErrorResponse(
        name="PaymentsConflict",
        description=(
            "Another request for the same thing is in progress (`invalid_state_error`), the cart has changed "
            "(`cart_changed`), or the provider's answer was lost and money may have moved (`payment_outcome_unknown`): "
            "repeat the same request, it finds out and moves nothing twice. `possible_repeat`: the same was asked for "
            "several times and is done; send an `Idempotency-Key` to do it again."
        ),
        errors={
            "invalid_state_error": Conflict("Another request for it is in progress."),
            "payment_outcome_unknown": _UNKNOWN,
            "possible_repeat": Conflict(
                "The same refund was asked for several times while its outcome was not known, and is done: operation "
                f"{OPERATION_ID}, 10 EUR. Send an Idempotency-Key to do it again.",
                code="possible_repeat",
                details={
                    "operation_id": OPERATION_ID,
                    "kind": "refund",
                    "amount": 10,
                    "settled_at": "2026-03-09T14:30:00+00:00",
                },
            ),
        },
        may_retry=True,
    ),
    413: ErrorResponse(
        name="PaymentsBodyTooLarge",
        description="The body is over 100 kB.",
        errors={"invalid_data": RequestDataTooBig()},
    ),
    415: ErrorResponse(
        name="PaymentsUnsupportedMediaType",
        description="The body is neither JSON nor an urlencoded form.",
        errors={"invalid_data": UnsupportedMediaType("text/plain")},
    ),
    422: ErrorResponse(
        name="PaymentsUnprocessable",
        description=(
            "The provider declined and nothing moved, a unique value is taken, or an idempotency key was used before "
            "with other parameters."
        ),
        errors={
            "payment_authorization_error": PaymentAuthorizationError("The card was declined."),
            "duplicate_error": DuplicateError("The code is taken."),
            "idempotency_error": IdempotencyError(
                "Idempotency key 'k1' was used before with other parameters.", details={"operation_id": OPERATION_ID}
            ),
        },
    ),
    429: ErrorResponse(
        name="PaymentsTooManyRequests",
        description=(
            "The shop's throttles, or the bounds on attempts to pay one collection, refuse more for now. "
            "Nothing was done."
        ),
        errors={"too_many_requests": TooManyRequests(TOO_MANY_REQUESTS)},
        may_retry=True,
    ),
    500: ErrorResponse(
        name="PaymentsServerError",
        description="A fault of the server. It has been logged.",
        errors={"unknown_error": Exception(), "database_error": AnyDatabaseError()},
    ),
    503: ErrorResponse(
        name="PaymentsProviderNotReachable",
        description=(
            "The provider couldn't be reached, or the database can't be used right now (`database_unavailable`). "
            "Nothing was sent and nothing moved."
        ),
        errors={
            "unexpected_state": ProviderNotReachable("The payment provider can't be reached."),
            "database_unavailable": DatabaseUnavailable(DATABASE_UNAVAILABLE),
        },
        may_retry=True,
    ),
}
"""By status; of 403, what staff are told."""


def _for_shoppers(status: int, *, description: str = "", **errors: Exception) -> ErrorResponse:
    shared = ERRORS[status]
    return replace(
        shared,
        name=shared.name.replace("Payments", "PaymentsStore", 1),
        description=description or shared.description,
        errors=errors or shared.errors,
        is_for_shoppers=True,
    )


_ANOTHERS = "pays with a payment method that a customer has saved"
_OF_ANOTHER_CUSTOMER: dict[str, Any] = {
    "message": f"{SESSION_ID} {_ANOTHERS}. Log in as that customer, or choose another way to pay.",
    "code": "session_of_another_customer",
    "details": {"payment_session_id": SESSION_ID},
}

STORE_ERRORS: dict[int, ErrorResponse] = {
    **ERRORS,
    400: _for_shoppers(
        400,
        description=(
            f"{ERRORS[400].description} Also for a publishable key that isn't valid, or is missing where one is needed."
        ),
        invalid_data=InvalidData("Invalid request: Field 'provider_id' is required"),
        not_allowed=NotAllowed("The payment has been canceled."),
        rejected_by_provider=RejectedByProvider("The provider's own words, which staff read."),
        publishable_key_missing=KeyRefused(KEY_MISSING),
        publishable_key_invalid=KeyRefused(KEY_INVALID),
    ),
    401: replace(
        ERRORS[401],
        name="PaymentsStoreUnauthorized",
        description=f"A login is needed, or another one: the session {_ANOTHERS} (`session_of_another_customer`).",
        errors={
            "unauthorized": NotAuthenticated(),
            "session_of_another_customer": Unauthorized(**_OF_ANOTHER_CUSTOMER),
        },
        is_for_shoppers=True,
    ),
    403: _for_shoppers(
        403,
        description=f"The session {_ANOTHERS}, who isn't the one that is logged in (`session_of_another_customer`).",
        session_of_another_customer=Forbidden(**_OF_ANOTHER_CUSTOMER),
    ),
    409: _for_shoppers(
        409,
        description=(
            "Another request for the same thing is in progress (`invalid_state_error`), the cart has changed "
            "(`cart_changed`), or the provider's answer was lost and money may have moved (`payment_outcome_unknown`): "
            "repeat the same request, it finds out and moves nothing twice."
        ),
        invalid_state_error=Conflict("Another request for it is in progress."),
        cart_changed=Conflict("The cart has changed: choose its payment sessions again.", code="cart_changed"),
        payment_outcome_unknown=_UNKNOWN,
    ),
    422: _for_shoppers(422),
    429: _for_shoppers(429),
    503: _for_shoppers(503),
}
"""What storefronts are answered; 401 and 403 by requests about a payment session only."""

READ_STATUSES = (400, 401, 403, 404, 429, 500, 503)
