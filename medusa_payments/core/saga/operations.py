"""Life of an operation: reserved before the call, leased while a process works on it, resumed by who comes next."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.core.base import leases, turns
from medusa_payments.core.base.leases import KEY_WINDOW_MARGIN
from medusa_payments.core.base.leases import UNKNOWN_RETRY_SECONDS as UNKNOWN_RETRY_SECONDS
from medusa_payments.core.base.providers import provider_for
from medusa_payments.core.base.requests import kind_of, stored
from medusa_payments.core.base.requests import provider_key as provider_key
from medusa_payments.core.base.requests import request_of as request_of
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.freezing import refuse_to_send_if_frozen
from medusa_payments.exceptions import PaymentOutcomeUnknown
from medusa_payments.models import Operation, Payment, PaymentSession
from medusa_payments.money import to_major_units
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.types import ProviderRequest
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationKind, OperationStatus

STAFF_RETRY_SECONDS = 600


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


def reserve(
    book: Book,
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
    """Add the operation behind a provider request to a book, with a fresh lease; a deferred one without, for the
    worker. Its amount is in flight from now on.

    `request.operation_id` becomes its id, `caller` is the key of who asked. `target` is what it works on: payment,
    session, or the collection while one is chosen. The book is committed before the call.
    """
    leased_at = time.monotonic()
    operation = Operation(  # type: ignore[misc]
        id=request.operation_id,
        kind=kind_of(request).value,
        payment_collection=book.collection,
        payment_session=session,
        payment=payment,
        provider_id=session.provider_id,
        provider_account=provider.account,
        api_version=provider.api_version,
        amount=amount,
        requested_amount=requested_amount,
        currency_code=session.currency_code,
        request=stored(request),
        intent=dict(intent or {}),
        open_slot=open_slot,
        is_deferred=is_deferred,
        target=target,
        **({"idempotency_key": caller.key, "fingerprint": caller.fingerprint} if caller else {}),
        created_by=created_by,
        created_at=book.clock(),
        **_begun(book, provider, is_deferred=is_deferred),
        **columns,
    )
    operation.is_reversed = False  # type: ignore[attr-defined]
    book.recount_of(book.add(operation))
    return Reservation(operation=operation, leased_at=leased_at)


def _begun(book: Book, provider: PaymentProvider, *, is_deferred: bool) -> dict[str, Any]:
    now = book.clock()
    if is_deferred:
        return leases.left_to_the_worker(book.asked_at)
    return leases.taken(provider, now) | leases.sending(provider, now)


def resume(book: Book, operation: Operation, *, is_deferred: bool = False) -> Reservation:
    """Go on with an operation of an earlier request: as it is when finished, else taken over, to be read at the
    provider first; a deferred one is left to the worker, which from now on carries it out.

    Raises `Conflict` while another request for it is in progress.
    """
    if operation.is_open and is_deferred:
        operation.is_deferred = True
    if not operation.is_open or is_deferred:
        return Reservation(operation=operation)
    reservation = claim(operation)
    if reservation is None:
        raise leases.in_progress(operation)
    # The claim is stored already.
    book.forget_changes(operation, "fence")
    return reservation


def claim(operation: Operation) -> Reservation | None:
    """Take over an open operation that no process works on, to find out; None when somebody else was faster."""
    leased_at = time.monotonic()
    proves_absence = leases.has_arrived(operation)
    lease = timedelta(seconds=leases.lease_seconds(provider_for(operation)))
    is_resend = was_sent(operation)
    still_open = primary(Operation).filter(status=OperationStatus.OPEN.value)
    if not turns.take(still_open, operation, turns.LEASES, lease):
        return None
    return Reservation(operation=operation, is_resend=is_resend, proves_absence=proves_absence, leased_at=leased_at)


def prepare_to_send(reservation: Reservation) -> None:
    """Record that a claimed operation is about to be sent, so that its absence proves nothing for a while.

    What is sent as for the first time leaves a spent key behind. Raises `Conflict` when somebody else has taken it
    over, and while its payment is frozen.
    """
    operation = reservation.operation
    refuse_to_send_if_frozen(operation)
    values = leases.sending(provider_for(operation))
    if operation.is_key_spent and not reservation.is_resend:
        _use_next_key(operation)
        values |= {"key_number": operation.key_number, "is_key_spent": False, "created_at": Now()}
    held = primary(Operation).filter(pk=operation.pk, status=OperationStatus.OPEN.value, fence=operation.fence)
    if not held.update(**values):
        raise leases.in_progress(operation)


def _use_next_key(operation: Operation) -> None:
    """Leave a spent key behind. Raises `PaymentOutcomeUnknown` while what was sent under it may still arrive."""
    if not leases.has_arrived(operation):
        raise outcome_unknown(operation)
    operation.key_number += 1
    operation.is_key_spent = False


def is_remembered(operation: Operation) -> bool:
    """Say whether the provider is sure to know an operation's key still, so that sending it again is safe."""
    window = provider_for(operation).capabilities.key_window_seconds
    if window is None:
        return True
    remembered = Now() - (timedelta(seconds=window) - KEY_WINDOW_MARGIN)
    return primary(Operation).filter(created_at__gt=remembered, pk=operation.pk).exists()


def was_sent(operation: Operation) -> bool:
    """Say whether an open operation may have been sent already: what is deferred at first was not."""
    return operation.fence > 0 or operation.in_flight_until is not None


def is_worth_a_resend(operation: Operation) -> bool:
    """Say whether sending an unknown operation again may tell its outcome: not sent twice, and not forgotten yet."""
    return operation.fence == 0 and is_remembered(operation)


def reopen(book: Book, operation: Operation, *, open_slot: str | None = None, is_deferred: bool = False) -> Reservation:
    """Go on with an operation that was proven not to have been executed; a deferred one is left to the worker. Its
    amount is in flight again.

    It keeps its key, whose memory at the provider begins anew, or leaves a spent one behind. Raises
    `PaymentOutcomeUnknown` while what was sent under that may still arrive (staff were early).
    """
    leased_at = time.monotonic()
    if operation.is_key_spent:
        _use_next_key(operation)
    operation.status = OperationStatus.OPEN.value
    operation.created_at = book.clock()
    operation.open_slot = open_slot
    operation.error_message = ""
    operation.settled_by = ""
    operation.settled_at = operation.next_attempt_at = None
    operation.attempts = 0
    operation.fence += 1
    operation.is_deferred = is_deferred
    for name, value in _begun(book, provider_for(operation), is_deferred=is_deferred).items():
        setattr(operation, name, value)
    book.recount_of(operation)
    return Reservation(operation=operation, leased_at=leased_at)


def free_key(operation: Operation) -> None:
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


def is_key_known(payment_collection_id: str, idempotency_key: str) -> bool:
    """Say whether a caller's key has been used on a collection."""
    known = primary(Operation).filter(payment_collection=payment_collection_id, idempotency_key=idempotency_key)
    return known.exists()


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
    """Under a spent key a repeat tells nothing before what was sent has arrived, but a keyless choice makes anew."""
    if operation.needs_person_at is not None:
        return STAFF_RETRY_SECONDS
    is_choice = operation.kind in {OperationKind.INITIATE, OperationKind.UPDATE} and not operation.idempotency_key
    until = operation.in_flight_until
    if is_choice or not operation.is_key_spent or not isinstance(until, datetime):
        return UNKNOWN_RETRY_SECONDS
    return max(math.ceil((until - timezone.now()).total_seconds()), leases.IN_PROGRESS_RETRY_SECONDS)
