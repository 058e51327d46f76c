"""What v1 says when something is wrong, where its words differ from v2's."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext_lazy as _

from medusa_payments.api.v1.representations import collection_status
from medusa_payments.exceptions import (
    InvalidData,
    NotAllowed,
    NotFound,
    PaymentAuthorizationError,
    PaymentsError,
)
from medusa_payments.queries import PaymentCollection, payment_collections
from medusa_payments.services.payment_sessions import DO_NOT_ADD_UP
from medusa_payments.states import CollectionStatus


def existing_collection(payment_collection_id: str) -> PaymentCollection:
    """Return a collection. Raises `NotFound` in v1's words."""
    try:
        return payment_collections.existing(payment_collection_id)
    except NotFound as error:
        raise collection_not_found(payment_collection_id) from error


def collection_not_found(payment_collection_id: str) -> NotFound:
    return NotFound(f"Payment collection with id {payment_collection_id} was not found")


@contextmanager
def about_setting_sessions(payment_collection_id: str) -> Iterator[None]:
    """A block in which sessions are chosen for a collection. Codes stay: by them customers are told what to do."""
    try:
        yield
    except NotAllowed as error:
        collection = existing_collection(payment_collection_id)
        if collection.status == CollectionStatus.NOT_PAID:
            raise
        raise NotAllowed(
            "Cannot set payment sessions for a payment collection with status " + collection_status(collection),
            code=error.code,
            details=error.details,
        ) from error
    except InvalidData as error:
        if error.code != DO_NOT_ADD_UP:
            raise
        amount = existing_collection(payment_collection_id).amount
        raise InvalidData(
            f"The sum of sessions is not equal to {amount} on Payment Collection", code=error.code
        ) from error


@contextmanager
def about_refreshing(payment_session_id: str) -> Iterator[None]:
    """A block in which a session is made anew; one that was replaced before is unknown in v1."""
    try:
        yield
    except NotFound as error:
        raise session_not_found(payment_session_id) from error


def session_not_found(payment_session_id: str) -> NotFound:
    return NotFound(f"Payment collection related to Payment Session id {payment_session_id} was not found")


@contextmanager
def about_authorizing(payment_collection_id: str, payment_session_id: str) -> Iterator[None]:
    """A block in which a session is authorized: whatever is wrong with it is one error, which names it."""
    try:
        yield
    except (NotAllowed, PaymentAuthorizationError) as error:
        raise NotAuthorized(payment_session_id, error) from error
    except InvalidData as error:
        if "operation_id" not in error.details:  # the request itself is wrong, no provider was asked
            raise
        raise NotAuthorized(payment_session_id, error) from error
    except NotFound as error:
        if payment_collections.exists(payment_collection_id):
            raise NotAuthorized(payment_session_id, error) from error
        raise collection_not_found(payment_collection_id) from error


class NotAuthorized(PaymentAuthorizationError):
    """v1's one error for a session that isn't authorized. Customers are told what is behind it: the `cause`, or else
    that the provider has yet to decide.
    """

    shopper_text = _("Your payment is still on its way. Please don't pay again before you know what became of it.")

    def __init__(self, payment_session_id: str, cause: PaymentsError | None = None) -> None:
        super().__init__(f'Failed to authorize Payment Session id "{payment_session_id}"')
        self._cause = cause

    @property
    def shopper_message(self) -> str:
        return self._cause.shopper_message if self._cause else super().shopper_message
