"""An operation's canonical request: stored without its key, sent under the current one."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from medusa_payments.models import Operation
from medusa_payments.providers.types import (
    AuthorizeRequest,
    CancelRequest,
    CaptureRequest,
    InitiateRequest,
    ProviderRequest,
    RefundRequest,
    UpdateRequest,
    key_of,
)
from medusa_payments.states import OperationKind

REQUEST_TYPES: dict[OperationKind, type[ProviderRequest]] = {
    OperationKind.INITIATE: InitiateRequest,
    OperationKind.UPDATE: UpdateRequest,
    OperationKind.AUTHORIZE: AuthorizeRequest,
    OperationKind.CAPTURE: CaptureRequest,
    OperationKind.REFUND: RefundRequest,
    OperationKind.CANCEL: CancelRequest,
}
_KINDS = {request_type: kind for kind, request_type in REQUEST_TYPES.items()}

_KEYS = ("operation_id", "idempotency_key")
"""Not stored with a request: its operation knows them."""


def kind_of(request: ProviderRequest) -> OperationKind:
    """Return the kind of the operation that a request makes."""
    return _KINDS[type(request)]


def stored(request: ProviderRequest) -> dict[str, Any]:
    """Return a request as it is stored."""
    return _without_keys(msgspec.to_builtins(request, builtin_types=(Decimal,)))


def request_of(operation: Operation) -> ProviderRequest:
    """Return the canonical request, exactly as it was reserved, under the operation's current key."""
    # Until migration 0009 requests were stored with their key.
    known = _without_keys(operation.request)
    keys = {"operation_id": operation.pk, "idempotency_key": provider_key(operation)}
    request: ProviderRequest = msgspec.convert(known | keys, REQUEST_TYPES[OperationKind(operation.kind)])
    return request


def provider_key(operation: Operation) -> str:
    """Return an operation's current idempotency key at the provider."""
    return key_of(operation.pk, operation.key_number)


def _without_keys(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name not in _KEYS}
