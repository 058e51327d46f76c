"""Which earlier operation a repeated request means: by the caller's idempotency key, or without one by what it asks."""

import hashlib
import re
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import msgspec
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from medusa_payments.exceptions import IdempotencyError, InvalidData
from medusa_payments.models import Operation, Payment, PaymentCollection
from medusa_payments.queries.primary import primary
from medusa_payments.sensitive_data import quotes_sensitive_data
from medusa_payments.services import workers
from medusa_payments.services.operations import CallerKey, outcome_unknown, was_sent
from medusa_payments.states import OperationKind, OperationStatus

UNDELIVERED_WINDOW = timedelta(hours=24)
"""How long an outcome that no caller has seen is given to a caller who repeats the request without a key."""

_DELIVERABLE = (OperationStatus.SUCCEEDED.value, OperationStatus.ACCEPTED.value, OperationStatus.REFUSED.value)

ACROSS_PAYMENTS = "collection-refund"
"""Begins the keys of refunds across the payments of a collection that were asked for without one."""

_VALID_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def caller_key(idempotency_key: str | None, **asked: Any) -> CallerKey | None:
    """Return the key with a fingerprint of what is asked; None without a key.

    Raises `InvalidData` for a key that isn't 1 to 255 visible ASCII characters, or that is a card number or secret.
    """
    if idempotency_key is None:
        return None
    if quotes_sensitive_data(idempotency_key):
        raise InvalidData("An idempotency key can't be a card number or a secret key.", code="sensitive_data")
    if not _VALID_KEY.fullmatch(idempotency_key):
        raise InvalidData("An idempotency key has 1 to 255 visible ASCII characters.")
    return CallerKey(key=idempotency_key, fingerprint=fingerprint(**asked))


def fingerprint(**asked: Any) -> str:
    """Return what tells one request from another."""
    return hashlib.sha256(msgspec.json.encode(asked, order="deterministic")).hexdigest()


def find_by_key(caller: CallerKey | None, *, kinds: Collection[OperationKind], target: str) -> Operation | None:
    """Return the operation that a key was used for on a target; None without a key, or for a new one.

    Raises `IdempotencyError` when it was used to ask for something else.
    """
    if caller is None:
        return None
    operation = primary(Operation).filter(idempotency_key=caller.key, kind__in=kinds, target=target).first()
    if operation is not None:
        refuse_other_parameters(caller, operation)
    return operation


def find_in_collection(
    caller: CallerKey | None, *, collection: PaymentCollection, kind: OperationKind, asked: str
) -> list[Operation]:
    """Return the operations of an earlier request about all payments of a collection that this one repeats.

    Requests without a key have one all the same (`ACROSS_PAYMENTS`): the one with the fingerprint `asked` is repeated
    whose outcome is unknown, or known but never delivered, or of which a part was done and another not sent.

    Raises `IdempotencyError`, or `PaymentOutcomeUnknown` while one that asked for something else is unresolved.
    """
    found = primary(Operation).filter(payment_collection=collection, kind=kind.value)
    if caller is not None:
        earlier = list(found.filter(idempotency_key=caller.key).order_by("id"))
        for operation in earlier:
            refuse_other_parameters(caller, operation)
        return earlier
    unfinished = _unknown_or_undelivered(found)
    for operation in [*unfinished, *_not_sent(found)]:
        if _is_part(operation) and operation.fingerprint == asked:
            parts = list(found.filter(idempotency_key=operation.idempotency_key).order_by("id"))
            if any(part.status != OperationStatus.NOT_EXECUTED for part in parts):
                return parts
    _refuse_unknown(unfinished)
    return []


def refuse_other_parameters(caller: CallerKey, earlier: Operation | PaymentCollection) -> None:
    """Raise `IdempotencyError` when a key was used before to ask for something else."""
    if earlier.fingerprint != caller.fingerprint:
        name = "operation_id" if isinstance(earlier, Operation) else "payment_collection_id"
        raise IdempotencyError(
            f"Idempotency key '{caller.key}' was used before with other parameters.", details={name: earlier.pk}
        )


def find_on_payment(
    caller: CallerKey | None,
    *,
    payment: Payment,
    kind: OperationKind,
    requested_amount: int | None,
    is_deferred: bool,
) -> Operation | None:
    """Return the operation that a request to capture or refund repeats; None for a new request.

    Without a key that is one of the same payment, kind and amount whose outcome is unknown, or known but never
    delivered. One in flight for the first time is neither: it stays independent of this request. So does one that
    nobody waits for, unless this caller can't tell it from his own: it may have been executed. `is_deferred`: nobody
    waits for this request either, so a refusal is no answer to it.

    Raises `IdempotencyError`, or `PaymentOutcomeUnknown` while one with a different amount, or a part of a refund
    across payments, is unresolved.
    """
    if caller is not None:
        return find_by_key(caller, kinds=[kind], target=payment.pk)
    found = _unknown_or_undelivered(primary(Operation).filter(payment=payment, kind=kind.value))
    unfinished = [operation for operation in found if not _stands_by_itself(operation, is_deferred=is_deferred)]
    for operation in unfinished:
        if requested_amount in {operation.requested_amount, operation.amount} and not _is_part(operation):
            return operation
    _refuse_unknown(unfinished)
    return None


def _is_part(operation: Operation) -> bool:
    return (operation.idempotency_key or "").startswith(ACROSS_PAYMENTS)


def _unknown_or_undelivered(operations: QuerySet[Operation]) -> list[Operation]:
    undelivered = Q(
        status__in=_DELIVERABLE,
        answered_at__isnull=True,
        settled_at__gt=Now() - UNDELIVERED_WINDOW,
        refund__reversal__isnull=True,
    )
    candidates = operations.filter(Q(status=OperationStatus.OPEN.value) | undelivered)
    candidates = candidates.annotate(has_lease=Q(lease_expires_at__gt=Now())).order_by("created_at", "id")
    return [operation for operation in candidates if not _is_in_first_flight(operation, has_lease=operation.has_lease)]


def _not_sent(operations: QuerySet[Operation]) -> QuerySet[Operation]:
    """Whoever was told that the provider couldn't be reached was told to come again."""
    recent = Q(settled_at__gt=Now() - UNDELIVERED_WINDOW)
    return operations.filter(recent, status=OperationStatus.NOT_EXECUTED.value).order_by("created_at", "id")


def _refuse_unknown(operations: list[Operation]) -> None:
    for operation in operations:
        if operation.is_open:
            raise outcome_unknown(operation)


def _is_in_first_flight(operation: Operation, *, has_lease: bool) -> bool:
    is_at_work = has_lease and not workers.is_gone(operation.leased_by)
    return operation.is_open and operation.fence == 0 and (is_at_work or not was_sent(operation))


def _stands_by_itself(operation: Operation, *, is_deferred: bool) -> bool:
    """Say whether an operation is no answer to a request without a key: its own caller isn't in doubt about it."""
    if not operation.is_open:
        return is_deferred and operation.status == OperationStatus.REFUSED
    is_awaited = operation.answered_at is None
    return not is_awaited and (is_deferred or operation.in_flight_until is None)
