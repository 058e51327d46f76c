"""Which earlier operation a repeated request means: by the caller's idempotency key, or without one by what it asks.

What it means is decided by the table `core.policy.retries`; here its facts are read, and debts written down.
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.utils import timezone

from medusa_payments.conf import payments_settings
from medusa_payments.core.base import debts, leases
from medusa_payments.core.base.locks import A_TICK
from medusa_payments.core.books import book as books
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.events import BY_WORKER
from medusa_payments.core.policy import retries
from medusa_payments.core.policy.retries import Earlier, Owed, Verdict
from medusa_payments.core.saga.operations import UNKNOWN_RETRY_SECONDS, CallerKey, Reservation, outcome_unknown
from medusa_payments.exceptions import (
    Conflict,
    IdempotencyError,
    InvalidData,
    PaymentsError,
    ProviderNotReachable,
)
from medusa_payments.models import Operation, Payment, PaymentCollection
from medusa_payments.models.fields import ExactJSONDecoder, ExactJSONEncoder
from medusa_payments.money import to_major_units
from medusa_payments.sensitive_data import quotes_sensitive_data
from medusa_payments.states import OperationKind, OperationStatus, Settler

ACROSS_PAYMENTS = "collection-refund"
"""Begins the keys of refunds across the payments of a collection that were asked for without one."""

POSSIBLE_REPEAT = "possible_repeat"

_VALID_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(slots=True, kw_only=True)
class Caller:
    """Who asks for a capture or refund, and what came of it.

    `came_at`: when the request came in, by this process's clock (seconds); `began_at`: by the database's. `met`: the
    earlier operation that asks for the same, as it was at `met_at`. `debt`: the answer that this caller is owed, once
    reserved; `is_known`: it was owed before.
    """

    who: str
    came_at: float = field(default_factory=debts.came_at)
    began_at: datetime | None = None
    key: CallerKey | None = None
    met: Earlier | None = None
    met_at: datetime = field(default_factory=timezone.now)
    debt: int | None = None
    is_known: bool = False


@dataclass(slots=True)
class _Found:
    """Operations that a request may mean, as facts, and the database's clock."""

    now: datetime
    operations: dict[str, list[Operation]] = field(default_factory=dict)
    facts: list[Earlier] = field(default_factory=list)


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


def find_by_key(
    book: Book, caller: CallerKey | None, *, kinds: Collection[OperationKind], target: str
) -> Operation | None:
    """Return the operation that a key was used for on a target; None without a key, or for a new one.

    Raises `IdempotencyError` when it was used to ask for something else.
    """
    if caller is None:
        return None
    used = [each for each in book.operations if each.idempotency_key == caller.key and each.target == target]
    operation = next((each for each in used if each.kind in kinds), None)
    if operation is not None:
        refuse_other_parameters(caller, operation)
    return operation


def refuse_other_parameters(caller: CallerKey, earlier: Operation | PaymentCollection) -> None:
    """Raise `IdempotencyError` when a key was used before to ask for something else."""
    if earlier.fingerprint != caller.fingerprint:
        raise _other_parameters(caller, earlier)


def ask(
    amount: int | None, *, reason: str | None = None, note: str | None = None, metadata: Mapping[str, Any] | None = None
) -> object:
    """Return what a capture or refund asks for, to be compared; `reason` is the id or code that the caller gave. An
    empty note or metadata says what none does: one client sends it, another leaves it out.
    """
    read = json.loads(json.dumps(dict(metadata or {}), cls=ExactJSONEncoder), cls=ExactJSONDecoder)
    return amount, reason, note or None, read or None


def find_on_payment(
    book: Book,
    caller: Caller,
    *,
    payment: Payment,
    kind: OperationKind,
    asked: object,
    is_deferred: bool,
    can_move: bool = True,
) -> Operation | None:
    """Return the operation that a request to capture or refund repeats, as `core.policy.retries` decides; None for a
    new request. `is_deferred`: the worker is to carry it out. `can_move`: a new request could move money; where it
    can't, none is a `possible_repeat`.

    A part of a refund across payments answers no request about a payment.

    Raises `IdempotencyError`, `Conflict` while another request for it is in progress, and with code `possible_repeat`;
    `PaymentOutcomeUnknown` while one that asks for something else is unresolved.
    """
    of_kind = [each for each in book.operations if each.payment_id == payment.pk and each.kind == kind]
    found = _found(book, [[each] for each in _candidates(book, caller, of_kind)], _asks_of_payment)
    met = _decided(caller, found, asked, is_deferred=is_deferred, can_move=can_move)
    return met[0] if met else None


def find_in_collection(book: Book, caller: Caller, *, kind: OperationKind, asked: str) -> list[Operation]:
    """Return the parts of an earlier request about all payments of a collection that this one repeats, as
    `find_on_payment` does for one payment; `asked` is its fingerprint.

    Requests without a key have one all the same, of their own (`ACROSS_PAYMENTS`).
    """
    of_kind = [each for each in book.operations if each.kind == kind]
    candidates = _candidates(book, caller, of_kind)
    keys = {each.idempotency_key for each in candidates if _is_part(each)}
    plans: dict[str, list[Operation]] = {}
    for each in _in_order(each for each in of_kind if each in candidates or each.idempotency_key in keys - {None}):
        name = each.idempotency_key if _is_part(each) or caller.key else None
        plans.setdefault(name or each.pk, []).append(each)
    return _decided(caller, _found(book, list(plans.values()), _asks_of_collection), asked, is_deferred=False)


def owing(caller: Caller, reserve: Callable[..., Any]) -> Callable[..., Any]:
    """Return a reserve function that also writes down, in the same transaction, what a caller without a key is owed."""

    def reserve_and_owe(book: Book, **options: Any) -> Any:
        # Its transaction may be repeated: what the one that was rolled back had written down is gone.
        caller.met, caller.debt, caller.is_known = None, None, False
        # Rather too late than too early: SQLite's clock counts milliseconds.
        caller.began_at = caller.began_at or book.came_in(caller.came_at) + A_TICK
        reserved = reserve(book, **options)
        first = reserved[0] if isinstance(reserved, list) and reserved else reserved
        if isinstance(first, Reservation) and caller.key is None:
            _owe(caller, first.operation.pk, is_deferred=options.get("is_deferred", False))
        return reserved

    return reserve_and_owe


@contextmanager
def answering(caller: Caller, payment_collection_id: str) -> Iterator[None]:
    """A block that carries out a request and ends with the answer: what the caller is owed is paid by it.

    Nothing is paid where the provider couldn't be reached or the outcome isn't known. Who is sent away though an
    operation with the same ask is there is owed its outcome, too, before the error leaves the block.
    """
    try:
        yield
    except ProviderNotReachable:
        raise
    except Conflict as error:
        if caller.key is None:
            _send_away(caller, payment_collection_id, error)
        raise
    except PaymentsError as error:
        if caller.debt is not None and "operation_id" in error.details:
            debts.given(caller.debt, error)
        raise
    if caller.debt is not None:
        debts.given(caller.debt)


def _owe(caller: Caller, operation_id: str, *, is_deferred: bool) -> None:
    met = caller.met
    owed = met and retries.debt_of(met, caller.who, caller.met_at, is_sent_away=False)
    if not is_deferred:
        caller.is_known = owed is not None
        caller.debt = debts.hand_out(owed.id) if owed else debts.incur(operation_id, caller.who)
    elif owed:
        debts.pay(owed.id)
    elif met:
        # Who enqueues is answered by the operation itself, once: the next time it is another intent.
        debts.incur(met.id, caller.who, is_paid=True)


def _send_away(caller: Caller, payment_collection_id: str, error: Conflict) -> None:
    if caller.debt is not None:
        if caller.is_known:
            debts.doubt(caller.debt)
    elif caller.met is not None:
        wait = error.retry_after or UNKNOWN_RETRY_SECONDS
        with books.opened(payment_collection_id, include_deleted=True):
            met = replace(caller.met, debts=debts.of([caller.met.id]).get(caller.met.id, ()))
            owed = retries.debt_of(met, caller.who, caller.met_at, is_sent_away=True)
            if owed:
                debts.doubt(owed.id)
            else:
                debts.incur(met.id, caller.who, wait_seconds=wait)


def _decided(
    caller: Caller, found: _Found, asked: object, *, is_deferred: bool, can_move: bool = True
) -> list[Operation]:
    request = retries.Asked(
        ask=asked,
        who=caller.who,
        key=caller.key.key if caller.key else None,
        fingerprint=caller.key.fingerprint if caller.key else "",
        is_enqueued=is_deferred,
        began_at=caller.began_at,
    )
    doubt = timedelta(seconds=payments_settings.POSSIBLE_REPEAT_SECONDS if can_move else 0)
    decision = retries.decide(found.facts, request, found.now, doubt=doubt) if found.facts else retries.NEW
    if decision.earlier is None:
        return []
    operations = found.operations[decision.earlier.id]
    match decision.verdict:
        case Verdict.OTHER_PARAMETERS if caller.key:
            raise _other_parameters(caller.key, operations[0])
        case Verdict.UNKNOWN:
            raise outcome_unknown(next(operation for operation in operations if operation.is_open))
        case Verdict.POSSIBLE_REPEAT:
            raise _possible_repeat(operations)
    caller.met, caller.met_at = decision.earlier, found.now
    if decision.verdict is Verdict.BUSY:
        raise leases.in_progress(operations[0])
    return operations


def _candidates(book: Book, caller: Caller, of_kind: Sequence[Operation]) -> list[Operation]:
    if caller.key is not None:
        return _in_order(each for each in of_kind if each.idempotency_key == caller.key.key)
    since = book.clock() - retries.OWED_FOR
    return _in_order(each for each in of_kind if each.is_open or (each.settled_at and each.settled_at > since))


def _in_order(operations: Iterable[Operation]) -> list[Operation]:
    return sorted(operations, key=lambda operation: (operation.created_at, operation.pk))


def _found(book: Book, groups: Sequence[list[Operation]], asks_of: Callable[[Operation], tuple[object, ...]]) -> _Found:
    found = _Found(now=book.clock())
    owed = debts.of([operation.pk for group in groups for operation in group])
    for group in groups:
        first = min(group, key=lambda operation: operation.pk)
        found.operations[first.pk] = group
        debts_of_group = [debt for one in group for debt in owed.get(one.pk, ())]
        found.facts.append(_fact(first, group, asks_of(first), debts_of_group, found.now))
    return found


def _fact(
    first: Operation, group: list[Operation], asks: tuple[object, ...], owed: list[Owed], now: datetime
) -> Earlier:
    """Return what is known of an operation, or of the parts of a plan: an open one counts first, then one not sent."""
    unfinished = [one for one in group if one.is_open]
    not_sent = [one for one in group if one.status == OperationStatus.NOT_EXECUTED]
    moved = [one for one in group if one.status in {OperationStatus.SUCCEEDED, OperationStatus.ACCEPTED}]
    return Earlier(
        id=first.pk,
        status=OperationStatus((unfinished or not_sent or moved or group)[0].status),
        # A plan of which nothing was done is divided anew: what its payments can give back may have changed.
        asks=() if len(not_sent) == len(group) and _is_part(first) else asks,
        key=first.idempotency_key,
        fingerprint=first.fingerprint,
        is_enqueued=first.is_deferred or first.created_by == BY_WORKER,
        is_unsent=first.is_deferred and first.in_flight_until is None,
        is_first_flight=bool(unfinished) and all(one.fence == 0 and leases.is_leased(one, now) for one in unfinished),
        first_flight_until=_first_flight_until(group),
        is_leased=any(leases.is_leased(one, now) for one in unfinished),
        is_undone=bool(moved) and all(one.is_reversed for one in moved),  # type: ignore[attr-defined]
        settled_at=max((one.settled_at for one in group if one.settled_at), default=None),
        debts=tuple(owed),
    )


def _asks_of_payment(operation: Operation) -> tuple[object, ...]:
    """An amount that was left open is asked for again by the same, or by the amount that it became."""
    if _is_part(operation):
        return ()
    said = operation.intent
    rest = (
        said.get("refund_reason_code") or said.get("refund_reason_id"),
        said.get("note") or None,
        said.get("metadata") or None,
    )
    return tuple((amount, *rest) for amount in (operation.requested_amount, operation.amount))


def _asks_of_collection(operation: Operation) -> tuple[object, ...]:
    return (operation.fingerprint,) if _is_part(operation) else ()


def _is_part(operation: Operation) -> bool:
    is_without_key = (operation.idempotency_key or "").startswith(ACROSS_PAYMENTS)
    return is_without_key or operation.intent.get("is_part", False)


def _first_flight_until(group: list[Operation]) -> datetime | None:
    """Return when who reserved an operation had its answer, if that was while the lease lived; None for another end."""
    ends = [
        min(one.settled_at, one.lease_expires_at)
        for one in group
        if one.settled_at and one.fence == 0 and one.settled_by == Settler.ANSWER
    ]
    return max(ends) if len(ends) == len(group) else None


def _other_parameters(caller: CallerKey, earlier: Operation | PaymentCollection) -> IdempotencyError:
    name = "operation_id" if isinstance(earlier, Operation) else "payment_collection_id"
    return IdempotencyError(
        f"Idempotency key '{caller.key}' was used before with other parameters.", details={name: earlier.pk}
    )


def _possible_repeat(operations: Sequence[Operation]) -> Conflict:
    first = operations[0]
    amount = to_major_units(sum(operation.amount or 0 for operation in operations), first.currency_code)
    return Conflict(
        f"The same {first.kind} was asked for several times while its outcome was not known, and is done: operation "
        f"{first.pk}, {amount} {first.currency_code.upper()}. Send an Idempotency-Key to do it again.",
        code=POSSIBLE_REPEAT,
        details={
            "operation_id": first.pk,
            "kind": first.kind,
            "amount": amount,
            "settled_at": first.settled_at and first.settled_at.isoformat(),
        },
    )
