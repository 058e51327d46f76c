"""Every error that a service raises, by cause.

`type` and `code` are the words of Medusa's error envelope; `message` is safe to show to the caller;
`details` holds the numbers and ids behind the message (amounts in the caller's major units).
`retry_after` is in seconds. The HTTP status of each class is decided in `api/exceptions.py` only.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class PaymentsError(Exception):
    """Base of all errors raised on purpose by this package."""

    type: ClassVar[str] = "unexpected_state"
    default_code: ClassVar[str | None] = None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.details = dict(details or {})
        self.retry_after = retry_after


class InvalidData(PaymentsError):
    """The request itself is wrong; repeating it unchanged can't succeed."""

    type = "invalid_data"


class NotAllowed(PaymentsError):
    """The request is well-formed but the current state forbids it."""

    type = "not_allowed"


class Unauthorized(PaymentsError):
    """A login is needed and none, or a wrong one, was given."""

    type = "unauthorized"


class Forbidden(PaymentsError):
    """The caller is known and lacks the permission for this verb."""

    type = "forbidden"


class TooManyRequests(PaymentsError):
    """The caller has asked too often; try again after `retry_after` seconds."""

    type = "not_allowed"
    default_code = "too_many_requests"


class NotFound(PaymentsError):
    """The addressed object doesn't exist (or is hidden from this caller)."""

    type = "not_found"


class DuplicateError(PaymentsError):
    """A unique value is taken."""

    type = "duplicate_error"
    default_code = "invalid_request_error"


class Conflict(PaymentsError):
    """Another request is at work on the same thing; try again after `retry_after` seconds."""

    type = "conflict"
    default_code = "invalid_state_error"


class PaymentOutcomeUnknown(Conflict):
    """The provider may or may not have moved the money. Never to be read as "failed".

    `details["operation_id"]` names the operation that stays open until its outcome is known.
    """

    default_code = "payment_outcome_unknown"


class IdempotencyError(PaymentsError):
    """The idempotency key was used before, for a request that said something else."""

    type = "idempotency_error"
    default_code = "invalid_request_error"


class PaymentAuthorizationError(PaymentsError):
    """The provider declined; nothing moved."""

    type = "payment_authorization_error"


class ProviderNotReachable(PaymentsError):
    """Nothing was sent to the provider; nothing moved. Safe to repeat."""

    type = "unexpected_state"


class InsideTransaction(PaymentsError):
    """A money verb was called inside the caller's own database transaction.

    A reservation must be committed before the provider is called, which a surrounding transaction
    would prevent. Call the verb after commit (`transaction.on_commit`) or outside `atomic()`.
    """

    type = "unexpected_state"
