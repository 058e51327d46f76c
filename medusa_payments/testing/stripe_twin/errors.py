"""What the twin refuses, in Stripe's words.

Types and codes are those of https://docs.stripe.com/api/errors and https://docs.stripe.com/error-codes.
"""

from typing import Any

from medusa_payments.testing.stripe_twin.wire import Document, TwinResponse

_NAMES = {"payment_method": "PaymentMethod", "setup_intent": "setupintent"}
"""What messages call an object whose name they write otherwise."""


class StripeTwinError(Exception):
    """Answers a request with an error.

    `keeps_effects`: what the request wrote stays written, as after a declined payment. `is_remembered`: the answer is
    kept under the idempotency key, because the request had begun to be executed.
    """

    def __init__(
        self, status: int, error: Document, *, keeps_effects: bool = False, is_remembered: bool = True
    ) -> None:
        super().__init__(error["message"])
        self.status = status
        self.error = {**error, "doc_url": doc_url(error["code"])} if "code" in error else error
        self.keeps_effects = keeps_effects
        self.is_remembered = is_remembered

    def response(self, request_id: str = "") -> TwinResponse:
        log_url = f"https://dashboard.stripe.com/test/workbench/logs?object={request_id}"
        return TwinResponse(status=self.status, body={"error": self.error | {"request_log_url": log_url}})


def doc_url(code: str) -> str:
    """Return where Stripe explains an error's code."""
    return f"https://docs.stripe.com/error-codes#{code.replace('_', '-')}"


def refused(
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    status: int = 400,
    is_remembered: bool = True,
    **objects: str,
) -> StripeTwinError:
    """A request that can't be carried out (`invalid_request_error`). `objects` are ids that stand beside it."""
    error: dict[str, Any] = {"type": "invalid_request_error", "message": message, **_without_none(code, param)}
    return StripeTwinError(status, error | objects, is_remembered=is_remembered)


def malformed(message: str, *, param: str, code: str | None = None) -> StripeTwinError:
    """A request whose parameters can't be read; nothing was executed."""
    return refused(message, code=code, param=param, is_remembered=False)


def missing(kind: str, object_id: str, *, param: str = "id", status: int = 404) -> StripeTwinError:
    """An object that doesn't exist, at least not for this account."""
    return refused(
        f"No such {_NAMES.get(kind, kind)}: '{object_id}'", code="resource_missing", param=param, status=status
    )


def unexpected_state(message: str, intent: Document) -> StripeTwinError:
    """An intent that is in another state than a verb needs."""
    kind = intent["object"]
    error = {"type": "invalid_request_error", "code": f"{kind}_unexpected_state", "message": message, kind: intent}
    return StripeTwinError(400, error)


def card_error(error: Document, **objects: Document) -> StripeTwinError:
    """A payment that was tried and declined; the attempt itself stays."""
    return StripeTwinError(402, {"type": "card_error", **error, **objects}, keeps_effects=True)


def unauthorized(message: str) -> StripeTwinError:
    error = {"type": "invalid_request_error", "message": message}
    return StripeTwinError(401, error, is_remembered=False)


def key_in_use(idempotency_key: str) -> StripeTwinError:
    """Another request with the same key is being executed just now."""
    message = (
        f"There is currently another in-progress request using this Idempotent Key ({idempotency_key}). "
        "Please try again later."
    )
    error = {"type": "idempotency_error", "code": "idempotency_key_in_use", "message": message}
    return StripeTwinError(409, error, is_remembered=False)


def key_mismatch(idempotency_key: str) -> StripeTwinError:
    """A key that came with another request before."""
    message = (
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{idempotency_key}' if you meant to execute a different request."
    )
    return StripeTwinError(400, {"type": "idempotency_error", "message": message}, is_remembered=False)


def server_error() -> StripeTwinError:
    error = {"type": "api_error", "message": "An unknown error occurred"}
    return StripeTwinError(500, error)


def rate_limited() -> StripeTwinError:
    error = {"type": "invalid_request_error", "code": "rate_limit", "message": "Request rate limit exceeded."}
    return StripeTwinError(429, error, is_remembered=False)


def lock_timeout() -> StripeTwinError:
    """The object is held by another request."""
    message = (
        "This object cannot be accessed right now because another API request or Stripe process is currently accessing "
        "it. If you see this error intermittently, retry the request."
    )
    error = {"type": "invalid_request_error", "code": "lock_timeout", "message": message}
    return StripeTwinError(429, error, is_remembered=False)


def _without_none(code: str | None, param: str | None) -> dict[str, str]:
    return {name: value for name, value in {"code": code, "param": param}.items() if value is not None}
