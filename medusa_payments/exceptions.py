"""Every error that a service raises, by cause.

`type` and `code` are the words of Medusa's error envelope; `message` is for developers and staff, and names ids;
`shopper_message` is for customers. `details` holds the numbers and ids behind the message (amounts in the caller's
major units). `retry_after` is in seconds. The HTTP status of each class is decided in `api/wire/exceptions.py` only.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

SHOPPER_TEXTS: Mapping[str, "_StrPromise"] = {
    "cart_changed": _("Your cart has changed in the meantime. Please look it over and pay again."),
    "payment_outcome_unknown": _(
        "We don't know yet whether this went through. Please try again in a moment: we find out, and nothing is done "
        "twice."
    ),
    "session_of_another_customer": _(
        "This payment belongs to another customer. Please log in, or choose another way to pay."
    ),
    "possible_repeat": _("This was done a moment ago. Please check before you ask for it once more."),
    "database_unavailable": _("We can't look this up just now. Please try again in a moment."),
    "payment_frozen": _("This payment is being looked into. Please contact the shop."),
    "payment_disputed": _("This payment is disputed with the bank. Please contact the shop."),
    "payment_sessions_do_not_add_up": _("The amounts don't add up to what is to be paid. Please check them."),
    "sensitive_data": _("Please don't enter card numbers or passwords here."),
    "authentication_required": _(
        "Your bank wants you to confirm this payment. You haven't been charged. Please try again."
    ),
    "expired_card": _("Your card has expired. You haven't been charged. Please use another one, or pay another way."),
    "incorrect_cvc": _("Your card's security code is wrong. You haven't been charged. Please check it and try again."),
    "insufficient_funds": _(
        "Your card has insufficient funds. You haven't been charged. Please use another one, or pay another way."
    ),
}
"""What customers are told, by code. A code that isn't here, such as most of a provider's own, has its class's text."""


class PaymentsError(Exception):
    """Base of all errors raised on purpose by this package."""

    type: ClassVar[str] = "unexpected_state"
    default_code: ClassVar[str | None] = None
    shopper_text: ClassVar["_StrPromise"] = _("Something went wrong on our side. Please try again in a moment.")

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

    @property
    def shopper_message(self) -> str:
        """What to tell a customer, in the active language: what happened and what to do now, without ids."""
        return str(SHOPPER_TEXTS.get(self.code or "", self.shopper_text))


class InvalidData(PaymentsError):
    """The request itself is wrong; repeating it unchanged can't succeed."""

    type = "invalid_data"
    shopper_text = _("Something about this isn't right. Please check what you entered and try again.")


class RejectedByProvider(InvalidData):
    """The provider said that our request is wrong; nothing moved. `message` are its own words, written for developers:
    the APIs show them to staff only.
    """

    shopper_text = _("This way to pay doesn't work for this just now. Please choose another one.")


class NotAllowed(PaymentsError):
    """The request is well-formed but the current state forbids it."""

    type = "not_allowed"
    shopper_text = _("This can't be done now. Please load the page again to see where things stand.")


class Unauthorized(PaymentsError):
    """A login is needed and none, or a wrong one, was given."""

    type = "unauthorized"
    shopper_text = _("Please log in and try again.")


class Forbidden(PaymentsError):
    """The caller is known and lacks the permission for this verb."""

    type = "forbidden"
    shopper_text = _("You are not allowed to do this.")


class TooManyRequests(PaymentsError):
    """The caller has asked too often; try again after `retry_after` seconds."""

    type = "not_allowed"
    default_code = "too_many_requests"
    shopper_text = _("You have tried this very often. Nothing was done now. Please wait a while before you try again.")


class NotFound(PaymentsError):
    """The addressed object doesn't exist (or is hidden from this caller)."""

    type = "not_found"
    shopper_text = _("We can't find this. Please load the page again.")


class DuplicateError(PaymentsError):
    """A unique value is taken."""

    type = "duplicate_error"
    default_code = "invalid_request_error"
    shopper_text = _("This exists already. Please choose another name.")


class Conflict(PaymentsError):
    """Another request for the same thing is in progress; try again after `retry_after` seconds."""

    type = "conflict"
    default_code = "invalid_state_error"
    shopper_text = _("We are still working on an earlier request. Please try again in a moment.")


class PaymentOutcomeUnknown(Conflict):
    """The provider may or may not have moved the money. Never to be read as "failed".

    `details["operation_id"]` names the operation that stays open until its outcome is known.
    """

    default_code = "payment_outcome_unknown"


class IdempotencyError(PaymentsError):
    """The idempotency key was used before, for a request that said something else."""

    type = "idempotency_error"
    default_code = "invalid_request_error"
    shopper_text = _("This was sent before, with other details. Please load the page again.")


class PaymentAuthorizationError(PaymentsError):
    """The provider declined; nothing moved. Its message is written for the customer."""

    type = "payment_authorization_error"
    shopper_text = _("The payment was declined. You haven't been charged. You can try again, or pay another way.")


class ProviderNotReachable(PaymentsError):
    """Nothing was sent to the provider; nothing moved. Safe to repeat."""

    type = "unexpected_state"
    shopper_text = _("This way to pay can't be reached just now. Please try again in a moment, or pay another way.")


class DatabaseUnavailable(PaymentsError):
    """The database can't be reached, or was too slow or too busy. Nothing was sent to a provider; safe to repeat."""

    type = "unexpected_state"
    default_code = "database_unavailable"


class InsideTransaction(PaymentsError):
    """A money verb was called inside the caller's own database transaction.

    A reservation must be committed before the provider is called, which a surrounding transaction
    would prevent. Call the verb after commit (`transaction.on_commit`) or outside `atomic()`.
    """

    type = "unexpected_state"
