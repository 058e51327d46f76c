"""What a provider may raise. Each class says what is known about the money.

Anything else that escapes a provider's call counts as `ProviderOutcomeUnknown`.
"""


class ProviderError(Exception):
    """Base class. `message` is for staff, `code` the provider's own word, if it has one."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class ProviderDeclined(ProviderError):
    """The provider said no to the payment (funds, fraud, expired card). Nothing moved. Customers see the message."""


class ProviderRejected(ProviderError):
    """The provider said our request is wrong. Nothing moved; the same request can't succeed."""


OBJECT_GONE = "object_gone"
"""The code of a rejection after which another payment object does it."""


class ProviderObjectGone(ProviderRejected):
    """The payment object is missing, canceled, or can't be changed any more. Nothing moved.

    For `update` and `authorize`: the customer's choice is then made with a new object, in the same request.
    """

    def __init__(self, message: str, *, code: str = OBJECT_GONE) -> None:
        super().__init__(message, code=code)


class ProviderUnavailable(ProviderError):
    """Nothing moved: no byte of the request was sent, or the provider turned it away at the door (a revoked key)."""


class ProviderOutcomeUnknown(ProviderError):
    """The request may have been executed: timeout, reset, server error, answer not understood.

    `was_answered`: the provider itself answered with this error, and may repeat it under the same idempotency key for
    as long as it remembers the key (Stripe does with its 500: https://docs.stripe.com/api/idempotent_requests). Nothing
    more is sent under that key then. A timeout, a reset and a key in use are no such answers.
    """

    def __init__(self, message: str, *, code: str = "", was_answered: bool = False) -> None:
        super().__init__(message, code=code)
        self.was_answered = was_answered
