"""Life of an operation: reserved before the call, leased while somebody is at work, resumed by who comes next."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.exceptions import Conflict, InvalidData, NotAllowed, PaymentOutcomeUnknown
from medusa_payments.models import Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.money import to_major_units
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.registry import providers
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
from medusa_payments.queries.primary import primary
from medusa_payments.services import workers
from medusa_payments.services.freezing import refuse_to_send_if_frozen
from medusa_payments.states import OperationKind, OperationStatus

REQUEST_TYPES: dict[OperationKind, type[ProviderRequest]] = {
    OperationKind.INITIATE: InitiateRequest,
    OperationKind.UPDATE: UpdateRequest,
    OperationKind.AUTHORIZE: AuthorizeRequest,
    OperationKind.CAPTURE: CaptureRequest,
    OperationKind.REFUND: RefundRequest,
    OperationKind.CANCEL: CancelRequest,
}
_KINDS = {request_type: kind for kind, request_type in REQUEST_TYPES.items()}

KEY_WINDOW_MARGIN = timedelta(hours=1)
"""Taken off a provider's key window, for clocks that disagree."""

IN_PROGRESS_RETRY_SECONDS = 1
UNKNOWN_RETRY_SECONDS = 5
STAFF_RETRY_SECONDS = 600
"""A person has to look, which takes longer than any caller waits."""

_KEYS = ("operation_id", "idempotency_key")
"""Not stored with a request: its operation knows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerKey:
    """A caller's idempotency key, and a fingerprint of what was asked under it."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """An operation to carry out. `is_resend`: somebody may have sent it before.

    `proves_absence`: whoever sent it before would have arrived at the provider by now, so what isn't there was never
    executed. `leased_at` is this process's clock (seconds) just before the lease began.
    """

    operation: Operation
    is_resend: bool = False
    proves_absence: bool = False
    leased_at: float = field(default_factory=time.monotonic)


def lease_seconds(provider: PaymentProvider) -> int:
    """How long one process may work on an operation: longer than twice the provider's own total timeout."""
    return math.ceil(2 * provider.timeout_seconds) + 5


def provider_for(row: PaymentSession | Payment | Operation) -> PaymentProvider:
    """Return the provider a row was made with: its alias, as long as that is configured for the row's account.

    Else another alias on the same account stands in, so that a payment method which isn't offered any more strands no
    money. Only what chooses the method (initiate, update) needs its own alias.

    Raises `InvalidData` when it isn't configured any more, `NotAllowed` when its alias now points to another account.
    """
    is_configured = row.provider_id in providers
    if is_configured and providers[row.provider_id].account == row.provider_account:
        return providers[row.provider_id]
    stand_in = None if _chooses_the_method(row) else next(providers.on_account(row.provider_account), None)
    if stand_in is not None:
        return stand_in
    if not is_configured:
        raise InvalidData(f"Payment provider {row.provider_id} is not configured.")
    raise NotAllowed(
        f"Payment provider {row.provider_id} is configured for another account than the one that "
        f"{row.pk} was made with ({row.provider_account})."
    )


def _chooses_the_method(row: PaymentSession | Payment | Operation) -> bool:
    return isinstance(row, Operation) and row.kind in {OperationKind.INITIATE, OperationKind.UPDATE}


def reserve(
    *,
    request: ProviderRequest,
    provider: PaymentProvider,
    session: PaymentSession,
    target: str,
    payment: Payment | None = None,
    caller: CallerKey | None = None,
    amount: int | None = None,
    requested_amount: int | None = None,
    intent: Mapping[str, Any] | None = None,
    open_slot: str | None = None,
    created_by: str = "",
    is_deferred: bool = False,
    **columns: Any,
) -> Reservation:
    """Insert the operation behind a provider request, with a fresh lease; a deferred one without, for the worker.

    `request.operation_id` becomes its id, `caller` is the key of who asked. `target` is what it works on: payment,
    session, or the collection while one is chosen. The caller holds the collection's lock and commits before the call.
    """
    leased_at = time.monotonic()
    operation = primary(Operation).create(  # type: ignore[misc]
        id=request.operation_id,
        kind=_KINDS[type(request)].value,
        payment_collection_id=session.payment_collection_id,
        payment_session=session,
        payment=payment,
        provider_id=session.provider_id,
        provider_account=provider.account,
        api_version=provider.api_version,
        amount=amount,
        requested_amount=requested_amount,
        currency_code=session.currency_code,
        request=_without_keys(msgspec.to_builtins(request, builtin_types=(Decimal,))),
        intent=dict(intent or {}),
        open_slot=open_slot,
        lease_expires_at=Now() if is_deferred else _new_lease(provider),
        in_flight_until=None if is_deferred else _in_flight_until(provider),
        leased_by="" if is_deferred else workers.identity(),
        is_deferred=is_deferred,
        target=target,
        idempotency_key=caller.key if caller else None,
        fingerprint=caller.fingerprint if caller else "",
        created_by=created_by,
        **columns,
    )
    return Reservation(operation=operation, leased_at=leased_at)


def request_of(operation: Operation) -> ProviderRequest:
    """Return the canonical request, exactly as it was reserved, under the operation's current key."""
    stored = _without_keys(operation.request)  # Until 0009 requests were stored with their key.
    keys = {"operation_id": operation.pk, "idempotency_key": provider_key(operation)}
    request: ProviderRequest = msgspec.convert(stored | keys, REQUEST_TYPES[OperationKind(operation.kind)])
    return request


def provider_key(operation: Operation) -> str:
    """Return an operation's current idempotency key at the provider."""
    return key_of(operation.pk, operation.key_number)


def _without_keys(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name not in _KEYS}


def resume(operation: Operation, *, is_deferred: bool = False) -> Reservation:
    """Go on with an operation of an earlier request: as it is when finished, else taken over, to be looked for at the
    provider before anything is sent again; a deferred one is left to the worker, which from now on sees to it that it
    is carried out.

    Raises `Conflict` while somebody is at work on it.
    """
    if operation.is_open and is_deferred:
        operation.is_deferred = True
        operation.save(update_fields=["is_deferred"])
    if not operation.is_open or is_deferred:
        return Reservation(operation=operation)
    reservation = _claimed(operation)
    if reservation is None:
        raise in_progress(operation)
    return reservation


def claim(operation: Operation) -> Reservation | None:
    """Take over an open operation that nobody is at work on, to find out; None when somebody else was faster."""
    return _claimed(operation)


def prepare_to_send(reservation: Reservation) -> None:
    """Record that a claimed operation is about to be sent, so that its absence proves nothing for a while.

    One that is proven not to be executed, and is sent as for the first time, leaves a spent key behind. Raises
    `Conflict` when somebody else has taken it over, and while its payment is frozen.
    """
    operation = reservation.operation
    refuse_to_send_if_frozen(operation)
    values: dict[str, Any] = {"in_flight_until": _in_flight_until(provider_for(operation))}
    if operation.is_key_spent and not reservation.is_resend:
        _use_next_key(operation)
        values |= {"key_number": operation.key_number, "is_key_spent": False, "created_at": Now()}
    held = primary(Operation).filter(pk=operation.pk, status=OperationStatus.OPEN.value, fence=operation.fence)
    if not held.update(**values):
        raise in_progress(operation)


def _use_next_key(operation: Operation) -> None:
    """Leave a key behind that the provider answered with an error of its own.

    Raises `PaymentOutcomeUnknown` while what was sent under it may still arrive: it would be executed under both.
    """
    if not has_arrived(operation):
        raise outcome_unknown(operation)
    operation.key_number += 1
    operation.is_key_spent = False


def has_arrived(operation: Operation) -> bool:
    """Return True when whatever was sent has reached the provider, or never will."""
    arrived = Q(in_flight_until__isnull=True) | Q(in_flight_until__lte=Now())
    return primary(Operation).filter(arrived, pk=operation.pk, fence=operation.fence).exists()


def note_unknown(operation: Operation, *, was_answered: bool) -> None:
    """Store that a call ended and nobody knows how: nobody is at work on it, and nothing is sent any more, so what was
    sent arrives within the provider's timeout or never. `was_answered` spends its key.
    """
    operation.lease_expires_at = Now()
    operation.is_key_spent = operation.is_key_spent or was_answered
    operation.save(update_fields=["error_message", "lease_expires_at", "is_key_spent"])
    arrives = Now() + timedelta(seconds=math.ceil(provider_for(operation).timeout_seconds))
    primary(Operation).filter(pk=operation.pk, in_flight_until__gt=arrives).update(in_flight_until=arrives)
    operation.in_flight_until = primary(Operation).values_list("in_flight_until", flat=True).get(pk=operation.pk)


def is_remembered(operation: Operation) -> bool:
    """Say whether the provider is sure to know an operation's key still, so that sending it again is safe."""
    return primary(Operation).filter(_is_remembered(provider_for(operation)), pk=operation.pk).exists()


def _claimed(operation: Operation, **values: Any) -> Reservation | None:
    leased_at = time.monotonic()
    claim = primary(Operation).filter(pk=operation.pk, status=OperationStatus.OPEN.value, fence=operation.fence)
    if not workers.is_gone(operation.leased_by):
        claim = claim.filter(lease_expires_at__lte=Now())
    proves_absence = has_arrived(operation)
    new_lease = _new_lease(provider_for(operation))
    if not claim.update(fence=F("fence") + 1, lease_expires_at=new_lease, leased_by=workers.identity(), **values):
        return None
    is_resend = was_sent(operation)
    operation.fence += 1
    return Reservation(operation=operation, is_resend=is_resend, proves_absence=proves_absence, leased_at=leased_at)


def was_sent(operation: Operation) -> bool:
    """Say whether an open operation may have been sent already: what is deferred at first was not."""
    return operation.fence > 0 or operation.in_flight_until is not None


def is_worth_a_resend(operation: Operation, provider: PaymentProvider) -> bool:
    """Say whether sending an unknown operation again may tell its outcome: not sent twice, and not forgotten yet."""
    return operation.fence == 0 and primary(Operation).filter(_is_remembered(provider), pk=operation.pk).exists()


def reopen(operation: Operation, *, open_slot: str | None = None, is_deferred: bool = False) -> Reservation:
    """Go on with an operation that was proven not to have been executed; a deferred one is left to the worker.

    The caller has raised the counters again. It keeps its key, whose memory at the provider begins anew, unless the
    provider answered under it with an error of its own: then it gets the next one. Raises `PaymentOutcomeUnknown` while
    what was sent under a spent key may still arrive (staff closed it early).
    """
    leased_at = time.monotonic()
    if operation.is_key_spent:
        _use_next_key(operation)
    operation.status = OperationStatus.OPEN.value
    operation.created_at = Now()
    operation.open_slot = open_slot
    operation.error_message = ""
    operation.settled_by = ""
    operation.settled_at = operation.next_attempt_at = None
    operation.attempts = 0
    operation.fence += 1
    provider = provider_for(operation)
    operation.lease_expires_at = Now() if is_deferred else _new_lease(provider)
    operation.in_flight_until = None if is_deferred else _in_flight_until(provider)
    operation.leased_by = "" if is_deferred else workers.identity()
    operation.is_deferred = is_deferred
    operation.save(force_update=True)
    return Reservation(operation=operation, leased_at=leased_at)


def session_slot(payment_collection_id: str, slot: int = 0) -> str:
    """Return the open slot that all verbs on one of a collection's live sessions share: one of them at a time."""
    return f"{payment_collection_id}/{slot}"


def slot_holder(open_slot: str) -> Operation | None:
    """Return the open operation that holds a slot, if its lease has run out.

    Raises `Conflict` while the lease lives: somebody is at work.
    """
    operation = primary(Operation).filter(open_slot=open_slot).first()
    if operation is not None and is_leased(operation):
        raise in_progress(operation)
    return operation


def slot_holders(collection: PaymentCollection) -> list[Operation]:
    """Return the open operations that hold a slot of a collection's sessions, if their leases have run out.

    Raises `Conflict` while a lease lives: somebody is at work.
    """
    return _unless_leased(primary(Operation).filter(_holds_a_slot_of(collection.pk)))


def unfinished_for(session: PaymentSession) -> list[Operation]:
    """Return the open operations that stand between a live session and its authorization, if their leases have run out:
    those on the session itself, the one that holds its slot, and those that choose the collection's sessions anew.

    Raises `Conflict` while a lease lives: somebody is at work.
    """
    pk = session.payment_collection_id
    choosing = _holds_a_slot_of(pk) & Q(kind__in=[OperationKind.INITIATE.value, OperationKind.UPDATE.value])
    on_session = Q(payment_session=session, status=OperationStatus.OPEN.value)
    in_slot = Q(open_slot=session_slot(pk, session.slot or 0))
    return _unless_leased(primary(Operation).filter(choosing | in_slot | on_session))


def _holds_a_slot_of(payment_collection_id: str) -> Q:
    return Q(payment_collection=payment_collection_id, open_slot__startswith=f"{payment_collection_id}/")


def _unless_leased(found: QuerySet[Operation]) -> list[Operation]:
    for operation in found:
        if is_leased(operation):
            raise in_progress(operation)
    return list(found)


def is_in_doubt(session: PaymentSession) -> bool:
    """Say whether something was asked of a session's provider whose outcome isn't known."""
    return primary(Operation).filter(payment_session=session, status=OperationStatus.OPEN.value).exists()


def is_leased(operation: Operation) -> bool:
    """Say whether somebody is at work on an operation: its lease lives, and no one saw its process die."""
    leased = primary(Operation).filter(pk=operation.pk, lease_expires_at__gt=Now())
    return not workers.is_gone(operation.leased_by) and leased.exists()


def in_progress(operation: Operation) -> Conflict:
    """Return the error that says: somebody is at work on it."""
    return Conflict(
        f"Another request is at work on {operation.target}.",
        details={"operation_id": operation.pk},
        retry_after=IN_PROGRESS_RETRY_SECONDS,
    )


def abandon_slot(operation: Operation) -> None:
    """Let go of an unknown operation's slot, so that the customer can go another way. It stays open, to be resolved."""
    primary(Operation).filter(pk=operation.pk).update(open_slot=None)


def let_go_of_key(operation: Operation) -> None:
    """Free the caller's key of a refused operation, and of those reserved with it: the same request goes on with
    others, which are its answer.
    """
    if operation.idempotency_key is not None:
        together = primary(Operation).filter(
            payment_collection=operation.payment_collection_id,
            idempotency_key=operation.idempotency_key,
            kind__in=[OperationKind.INITIATE.value, OperationKind.UPDATE.value],
        )
        together.update(idempotency_key=None)


def is_key_known(collection: PaymentCollection, idempotency_key: str) -> bool:
    """Say whether a caller's key has been used on a collection."""
    return primary(Operation).filter(payment_collection=collection, idempotency_key=idempotency_key).exists()


def outcome_unknown(operation: Operation) -> PaymentOutcomeUnknown:
    """Return the error that says: wait, don't repeat with other numbers."""
    details: dict[str, Any] = {"operation_id": operation.pk, "kind": operation.kind}
    if operation.amount is not None:
        details["amount"] = to_major_units(operation.amount, operation.currency_code)
    return PaymentOutcomeUnknown(
        f"The outcome of {operation.kind} operation {operation.pk} at the payment provider is not known yet. "
        "Repeat the same request to find out; nothing will be done twice.",
        details=details,
        retry_after=_seconds_until_known(operation),
    )


def _seconds_until_known(operation: Operation) -> int:
    """Return after which time a repeat can tell more. Under a spent key nothing is sent again, so nothing can be told
    before what was sent has arrived; a keyless choice of a session leads on at once, to another object.
    """
    if operation.needs_person_at is not None:
        return STAFF_RETRY_SECONDS
    is_choice = operation.kind in {OperationKind.INITIATE, OperationKind.UPDATE} and not operation.idempotency_key
    until = operation.in_flight_until
    if is_choice or not operation.is_key_spent or not isinstance(until, datetime):
        return UNKNOWN_RETRY_SECONDS
    return max(math.ceil((until - timezone.now()).total_seconds()), IN_PROGRESS_RETRY_SECONDS)


def _is_remembered(provider: PaymentProvider) -> Q:
    window = provider.capabilities.key_window_seconds
    if window is None:
        return Q()
    return Q(created_at__gt=Now() - (timedelta(seconds=window) - KEY_WINDOW_MARGIN))


def _in_flight_until(provider: PaymentProvider) -> CombinedExpression:
    """Nobody sends once half of the lease is over, and what is sent arrives within the provider's timeout or never."""
    return Now() + timedelta(seconds=lease_seconds(provider) + math.ceil(provider.timeout_seconds))


def _new_lease(provider: PaymentProvider) -> CombinedExpression:
    return Now() + timedelta(seconds=lease_seconds(provider))
