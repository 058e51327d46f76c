"""The one place where an exception becomes an HTTP status and Medusa's envelope `{code?, type, message, details?}`."""

import logging
import math
import traceback
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.core.signals import got_request_exception
from django.db import Error as AnyDatabaseError
from django.http import Http404, UnreadablePostError
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    NotAuthenticated,
    Throttled,
    UnsupportedMediaType,
)
from rest_framework.response import Response

from medusa_payments.api.wire.parsers import BODY_TOO_LARGE
from medusa_payments.exceptions import (
    SHOPPER_TEXTS,
    Conflict,
    DatabaseUnavailable,
    DuplicateError,
    Forbidden,
    IdempotencyError,
    InsideTransaction,
    InvalidData,
    NotAllowed,
    NotFound,
    PaymentAuthorizationError,
    PaymentsError,
    ProviderNotReachable,
    RejectedByProvider,
    TooManyRequests,
    Unauthorized,
)
from medusa_payments.sensitive_data import without_sensitive_data
from medusa_payments.services import faults

logger = logging.getLogger(__name__)

STATUS_CODES: dict[type[PaymentsError], int] = {
    InvalidData: 400,
    NotAllowed: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    DuplicateError: 422,
    IdempotencyError: 422,
    PaymentAuthorizationError: 422,
    TooManyRequests: 429,
    ProviderNotReachable: 503,
    DatabaseUnavailable: 503,
    InsideTransaction: 500,
    PaymentsError: 500,
}

UNSUPPORTED_MEDIA_TYPE = "Unsupported media type. Send the body as application/json."

FOREIGN_ERRORS: tuple[tuple[type[Exception], int, str], ...] = (
    (RequestDataTooBig, 413, BODY_TOO_LARGE),
    (UnsupportedMediaType, 415, UNSUPPORTED_MEDIA_TYPE),
    (UnreadablePostError, 400, "The request body could not be read."),
    (TooManyFieldsSent, 400, "The request has more parameters than this server takes."),
    (SuspiciousOperation, 400, "The request was refused."),
    (PermissionDenied, 403, "You do not have permission to perform this action."),
    (Http404, 404, "Not found"),
)

REJECTED_MESSAGE = "The payment provider rejected the request."
"""What a storefront is told instead of the provider's own words, which are for developers."""

CONFLICT_MESSAGE = (
    "The request conflicted with another request. You may retry the request with the provided Idempotency-Key."
)
TOO_MANY_REQUESTS = "Too many requests. Try again later."
UNAUTHORIZED = {"message": "Unauthorized"}
UNKNOWN_ERROR = {"code": "unknown_error", "type": "unknown_error", "message": "An unknown error occurred."}
DATABASE_UNAVAILABLE = "The database can't be used right now. Nothing was sent to a payment provider. Try again later."
DATABASE_RETRY_SECONDS = 5
DATABASE_ERROR = {"code": "api_error", "type": "database_error", "message": "The database refused the request."}

_TYPES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "not_allowed", 409: "conflict"}


class KeyRefused(NotAllowed):
    """The storefront sent no valid publishable key. No customer can help it, so no customer is told."""


_MET_BY_SHOPPERS = (
    NotAllowed,
    Conflict,
    PaymentAuthorizationError,
    TooManyRequests,
    ProviderNotReachable,
    RejectedByProvider,
)
"""What happens to customers of a storefront without faults. The rest is for its developers, unless its code says so."""


def status_code(error: PaymentsError) -> int:
    """Return the HTTP status of an error: that of the nearest class in `STATUS_CODES`."""
    return next(STATUS_CODES[cause] for cause in type(error).__mro__ if cause in STATUS_CODES)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer any exception of a view in the envelope, with a `shopper_message` where a customer can meet it.

    An exception that nobody raised on purpose is logged and announced by Django's `got_request_exception`, so error
    trackers and the test client see it. Returns None, which lets it through, under `DEBUG_PROPAGATE_EXCEPTIONS` only.
    A database that can't be used now is logged, and no fault of the server's.
    """
    request = context["request"]
    is_unavailable = faults.is_database_unavailable(exc)
    if is_unavailable:
        _log(exc, request)
        exc = _told_of_database(getattr(context["view"], "sent_before", None))
    response = answer(exc, is_for_shoppers=getattr(context.get("view"), "is_for_shoppers", False))
    if is_unavailable or response.status_code < 500 or isinstance(exc, ProviderNotReachable):
        return response
    _log(exc, request)
    if not isinstance(exc, PaymentsError):
        if settings.DEBUG_PROPAGATE_EXCEPTIONS:
            return None
        got_request_exception.send(sender=None, request=request._request)
    return response


def answer(exc: Exception, *, is_for_shoppers: bool) -> Response:
    """Return the answer to a request that ended with an exception: what is sent, and what the OpenAPI pages show."""
    if isinstance(exc, Throttled):
        exc = _throttled(exc)
    response = _answer(exc)
    if is_for_shoppers:
        response.data = response.data | _for_shoppers(exc)
    return response


def _answer(exc: Exception) -> Response:
    if isinstance(exc, PaymentsError):
        return _payments_error(exc)
    if isinstance(exc, (NotAuthenticated, AuthenticationFailed)):
        challenge = getattr(exc, "auth_header", None)
        return Response(UNAUTHORIZED, status=401, headers={"WWW-Authenticate": challenge} if challenge else None)
    for cause, status, message in FOREIGN_ERRORS:
        if isinstance(exc, cause):
            return _envelope(status, message)
    if isinstance(exc, APIException):
        return _envelope(exc.status_code, "; ".join(_texts(exc.detail)), retry_after=getattr(exc, "wait", None))
    return Response(DATABASE_ERROR if isinstance(exc, AnyDatabaseError) else UNKNOWN_ERROR, status=500)


def _throttled(exc: Throttled) -> TooManyRequests:
    seconds: float | None = getattr(exc, "wait", None)
    return TooManyRequests(TOO_MANY_REQUESTS, retry_after=None if seconds is None else max(1, math.ceil(seconds)))


def _told_of_database(sent_before: object) -> PaymentsError:
    """Say that nothing was sent only where this request has sent nothing: else the caller repeats it to find out."""
    sent = faults.last_sent()
    if sent is not None and sent is not sent_before:
        return faults.outcome_unknown(sent)
    return DatabaseUnavailable(DATABASE_UNAVAILABLE, retry_after=DATABASE_RETRY_SECONDS)


def _for_shoppers(exc: Exception) -> dict[str, str]:
    """Return what a storefront is told in place of, and beside, what developers and staff are."""
    is_met = isinstance(exc, _MET_BY_SHOPPERS) and not isinstance(exc, KeyRefused)
    if not isinstance(exc, PaymentsError) or not (is_met or exc.code in SHOPPER_TEXTS):
        return {}
    instead = {"message": REJECTED_MESSAGE} if isinstance(exc, RejectedByProvider) else {}
    return {**instead, "shopper_message": exc.shopper_message}


def _payments_error(error: PaymentsError) -> Response:
    envelope: dict[str, Any] = {"code": error.code} if error.code else {}
    # Medusa words every plain conflict alike; the codes that say more keep their own message.
    message = CONFLICT_MESSAGE if error.code == Conflict.default_code else error.message
    envelope |= {"type": error.type, "message": without_sensitive_data(message)}
    if error.details:
        envelope["details"] = error.details
    return Response(envelope, status=status_code(error), headers=_retry_after(error.retry_after))


def _envelope(status: int, message: str, retry_after: float | None = None) -> Response:
    fallback = "invalid_data" if status < 500 else "unexpected_state"
    envelope = {"type": _TYPES.get(status, fallback), "message": without_sensitive_data(message)}
    return Response(envelope, status=status, headers=_retry_after(retry_after))


def _retry_after(seconds: float | None) -> dict[str, str] | None:
    return None if seconds is None else {"Retry-After": str(max(1, round(seconds)))}


def _texts(detail: Any) -> list[str]:
    if isinstance(detail, dict):
        detail = list(detail.values())
    return [text for item in detail for text in _texts(item)] if isinstance(detail, list) else [str(detail)]


def _log(exc: Exception, request: Any) -> None:
    """Log where it happened, never what was said: messages and arguments may carry a customer's payload."""
    route = getattr(request.resolver_match, "route", "an unnamed route")
    logger.error("%s in %s %s\n%s", type(exc).__name__, request.method, route, "".join(_frames(exc)))


def _frames(exc: BaseException) -> Iterator[str]:
    cause = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)
    if cause is not None:
        yield from _frames(cause)
    yield f"{type(exc).__name__}, raised in\n"
    yield from traceback.format_tb(exc.__traceback__)
