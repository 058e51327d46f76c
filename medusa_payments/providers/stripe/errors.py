"""What Stripe's errors say about the money.

Closed by default: what no row lists is unknown. Stripe's error types: https://docs.stripe.com/error-handling.
"""

from dataclasses import dataclass

import stripe

from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.sensitive_data import without_sensitive_data


class NothingSent(stripe.APIConnectionError):
    """No attempt at a request reached Stripe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """`codes`: None stands for every code. `message` is said instead of Stripe's own words."""

    error: type[stripe.StripeError]
    outcome: type[ProviderError]
    codes: frozenset[str] | None = None
    message: str = ""


_TRY_LATER = "The payment provider can't be reached."
_NO_ANSWER = "The payment provider gave no answer that says what it did."
_LOCKED_OUT = "The payment provider doesn't accept the shop's key."

_ROWS = (
    _Row(error=NothingSent, outcome=ProviderUnavailable, message=_TRY_LATER),
    _Row(error=stripe.AuthenticationError, outcome=ProviderUnavailable, message=_LOCKED_OUT),
    _Row(error=stripe.PermissionError, outcome=ProviderUnavailable, message=_LOCKED_OUT),
    _Row(error=stripe.CardError, outcome=ProviderDeclined),
    _Row(
        error=stripe.InvalidRequestError,
        outcome=ProviderOutcomeUnknown,
        codes=frozenset({"idempotency_key_in_use", "lock_timeout", "rate_limit"}),
    ),
    _Row(error=stripe.InvalidRequestError, outcome=ProviderRejected),
)
"""The first that fits decides. Unlisted, so unknown: `APIConnectionError` (the answer was lost), `APIError` (5xx, 409,
not understood), `RateLimitError` (429), `IdempotencyError` (the key came with another request before).
"""

REPLAYED = "Idempotent-Replayed"
"""The header of an answer that Stripe gives again: https://docs.stripe.com/api/idempotent_requests."""

_NOT_FOR_THE_CUSTOMER = frozenset(
    {"fraudulent", "lost_card", "stolen_card", "merchant_blacklist", "pickup_card", "restricted_card"}
)
"""Stripe asks not to tell: https://docs.stripe.com/declines/codes."""

ADVICE = {
    "try_again_later": "Try again later, or use another card.",
    "confirm_card_data": "Check the card's details, or use another card.",
    "do_not_try_again": "Use another card.",
}
"""What a customer is told of Stripe's `advice_code`: https://docs.stripe.com/declines/card#retrying-issuer-declines."""

_BAD_REQUEST, _SERVER_ERROR = 400, 500

_GENERIC_DECLINE = "generic_decline"
_DECLINED = "The payment was declined."


def translated(error: stripe.StripeError) -> ProviderError:
    """Return the provider error that says what is known after one of Stripe's."""
    row = next((row for row in _ROWS if _fits(row, error)), None)
    if row is None or row.outcome is ProviderOutcomeUnknown:
        said = row and without_sensitive_data(error.user_message or "")
        return ProviderOutcomeUnknown(said or _NO_ANSWER, code=error.code or "", was_answered=_was_answered(error))
    if row.outcome is ProviderDeclined:
        return _declined(error)
    said = without_sensitive_data(error.user_message or _NO_ANSWER)
    return row.outcome(row.message or said, code=error.code or "")


def _fits(row: _Row, error: stripe.StripeError) -> bool:
    return isinstance(error, row.error) and (row.codes is None or error.code in row.codes)


def _was_answered(error: stripe.StripeError) -> bool:
    """Return True for an answer that Stripe may give to every request under the key: once execution began, its 500 is
    remembered for 24 hours. While another request holds the key or the object (409), or there are too many (429),
    nothing was begun under it.
    """
    status = error.http_status or 0
    is_another_request = isinstance(error, stripe.IdempotencyError) and status == _BAD_REQUEST
    return status >= _SERVER_ERROR or is_another_request or (error.headers or {}).get(REPLAYED) == "true"


def _declined(error: stripe.StripeError) -> ProviderDeclined:
    """A card error's message is written for the customer; of a suspicion of fraud nothing is told."""
    reason = getattr(error.error, "decline_code", None) or error.code or _GENERIC_DECLINE
    if reason in _NOT_FOR_THE_CUSTOMER:
        return ProviderDeclined(_DECLINED, code=_GENERIC_DECLINE)
    advice = ADVICE.get(getattr(error.error, "advice_code", None) or "", "")
    said = without_sensitive_data(error.user_message or _DECLINED)
    return ProviderDeclined(f"{said} {advice}".strip(), code=reason)
