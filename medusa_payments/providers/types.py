"""What crosses the provider edge: one frozen dataclass in, one out. No ORM object, request or setting does.

Amounts are `Money` (minor units). `provider_ref` is the provider's own id of the payment object.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from medusa_payments.money import Money
from medusa_payments.states import SessionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do; compared with the request once, in the services.

    `is_local`: its verbs touch nothing outside this process, so they may run inside the reserving transaction; the
    session and the operation that they are asked for aren't stored yet.
    `key_window_seconds`: how long the provider remembers an idempotency key; None means for ever.
    `can_retrieve`: `retrieve` tells what the provider has. `finds_by_session`: also without a reference, by our
    metadata, so that "not found" proves that nothing was initiated. `reports_keys`: movements name the idempotency key
    that caused them, or its operation's id, so that a missing one proves that nothing moved. `can_list`:
    `list_payments` works.
    `takes_outside_money`: what it authorizes is a customer's money; a shopper may choose one that takes none (paid by
    other means, a test) only where the shop says so. `supports_update`: an object can be brought to another amount or
    other data; without it the object is replaced.
    `has_webhooks`: `read_webhook` works. `has_unsigned_webhooks`: nobody signs what it reads, so that it is only a hint
    to look at the payment object that it names; goes with `can_retrieve`. `has_account_holders`: it keeps customers, so
    that accounts can be created, found and deleted. `has_saved_methods`: it keeps their payment methods as well.
    `has_disputes`: its snapshots tell of disputes.
    """

    is_local: bool = False
    takes_outside_money: bool = True
    supports_update: bool = True
    supports_zero_amount: bool = False
    supports_partial_capture: bool = True
    supports_multiple_captures: bool = True
    supports_partial_refund: bool = True
    key_window_seconds: int | None = None
    can_retrieve: bool = False
    finds_by_session: bool = False
    reports_keys: bool = False
    can_list: bool = False
    has_webhooks: bool = False
    has_unsigned_webhooks: bool = False
    has_account_holders: bool = False
    has_saved_methods: bool = False
    has_disputes: bool = False


KEY_SEPARATOR = "/"
"""Stands between an operation's id and the number of its key. No id has one."""


def key_of(operation_id: str, number: int) -> str:
    """Return an operation's idempotency key: its id at first, then `id/2`, `id/3`."""
    return operation_id if number == 1 else f"{operation_id}{KEY_SEPARATOR}{number}"


def operation_of(idempotency_key: str) -> str:
    """Return the id of the operation that a key belongs to."""
    return idempotency_key.partition(KEY_SEPARATOR)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRequest:
    """What all verbs are asked with: the committed operation that asks for the call.

    `idempotency_key` is what the provider's service is sent as its idempotency key; the same key always comes with the
    same request. `operation_id` stays the same while the key may change: write it to the metadata of what the call
    makes, and tell it in `CaptureFact` and `RefundFact`. Left out, it is read off the key.
    """

    idempotency_key: str
    operation_id: str = ""

    def __post_init__(self) -> None:
        if not self.operation_id:
            object.__setattr__(self, "operation_id", operation_of(self.idempotency_key))


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiateRequest(OperationRequest):
    """`account_holder_ref` is the provider's id of the customer, where it keeps customers and one is logged in.

    A saved payment method comes as `data["payment_method"]`, and is that customer's. `is_off_session`: `authorize`
    is to pay with it while the customer isn't there to confirm anything.
    """

    session_id: str
    payment_collection_id: str
    money: Money
    data: Mapping[str, Any]
    customer_id: str | None = None
    email: str | None = None
    account_holder_ref: str | None = None
    is_off_session: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRequest(OperationRequest):
    session_id: str
    payment_collection_id: str
    provider_ref: str
    money: Money
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeRequest(OperationRequest):
    session_id: str
    payment_collection_id: str
    provider_ref: str
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRequest(OperationRequest):
    """`is_final`: nothing more will be captured, because this takes all that remains, and no other is in flight."""

    session_id: str
    payment_id: str
    provider_ref: str
    money: Money
    is_final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest(OperationRequest):
    session_id: str
    payment_id: str
    provider_ref: str
    money: Money
    reason_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest(OperationRequest):
    session_id: str
    provider_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResult:
    """The payment object as the provider has it after initiate, update or authorize.

    `money` is the provider's own amount and currency; it becomes the session's. `captured`, with status
    `captured`, is how much of it is captured already. `capture_before` is when an authorization runs out. `data` is the
    provider's object; only the keys a provider declares in `public_data_keys` ever leave the server.
    """

    provider_ref: str
    status: SessionStatus
    money: Money
    data: Mapping[str, Any] = field(default_factory=dict)
    captured: Money | None = None
    capture_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureResult:
    """`money` is what this call captured; `capture_ref` the provider's id of the capture, if it has one. `released` is
    what a final capture gave back of the authorization.
    """

    money: Money
    capture_ref: str | None = None
    released: Money | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class RefundStatus(StrEnum):
    SUCCEEDED = "succeeded"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundResult:
    """`accepted` means: taken by the provider, the outcome follows later."""

    money: Money
    status: RefundStatus = RefundStatus.SUCCEEDED
    refund_ref: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelResult:
    """`released` is what the payment object has given back in all, where the provider tells; else what was asked."""

    released: Money | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


ProviderRequest = InitiateRequest | UpdateRequest | AuthorizeRequest | CaptureRequest | RefundRequest | CancelRequest
ProviderResult = SessionResult | CaptureResult | RefundResult | CancelResult
