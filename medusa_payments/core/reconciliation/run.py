"""A run of reconciliation: everything a provider lists, everything we have that it doesn't, and what was left open."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.db.models.functions import Now

from medusa_payments.core.base import calls
from medusa_payments.core.books.events import EventName
from medusa_payments.core.reconciliation.comparison import Ours, compare
from medusa_payments.core.reconciliation.drift import Drift, DriftKind
from medusa_payments.core.saga.reads import Absent, Found, misfit, read
from medusa_payments.exceptions import NotAllowed, ProviderNotReachable
from medusa_payments.models import Dispute, Event, Operation, Payment, PaymentSession, Refund
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.errors import ProviderError
from medusa_payments.providers.facts import PaymentSnapshot
from medusa_payments.providers.registry import providers
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationKind, OperationStatus

RowT = TypeVar("RowT", Refund, Dispute)

BATCH = 500

OPEN_TOO_LONG = timedelta(minutes=10)
"""How long after its lease an operation may be open before it counts as drift: the worker has it until then."""

Progress = Callable[[str, int], None]
"""Told of every batch: the provider, and how many objects were compared so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is compared. `since`: only what was made or changed since then."""

    provider_id: str
    since: datetime | None = None


def scopes(since: datetime | None = None) -> tuple[list[Scope], list[str]]:
    """Return one scope for each account that can be compared, and the aliases whose providers have nothing to list.

    A provider that is configured wrongly has a scope of its own: to compare it says what is wrong.
    """
    by_account: dict[str, Scope] = {}
    silent = []
    for alias in providers:
        try:
            provider = providers[alias]
        except ImproperlyConfigured:
            by_account[alias] = Scope(provider_id=alias, since=since)
            continue
        if provider.capabilities.can_list:
            by_account.setdefault(provider.account, Scope(provider_id=alias, since=since))
        else:
            silent.append(alias)
    return list(by_account.values()), silent


def reconcile(scope: Scope, *, progress: Progress = lambda *_: None) -> Iterator[Drift]:
    """Yield every drift of one provider. Changes nothing.

    What differs at first sight is read again on both sides before it is reported, so that a payment that moves while
    it is compared is no false alarm. Memory grows with the number of references only.

    Raises `InvalidData` (not configured), `ImproperlyConfigured` (configured wrongly), `NotAllowed` (it has nothing to
    list), `ProviderNotReachable`.
    """
    provider = providers[scope.provider_id]
    if not provider.capabilities.can_list:
        raise NotAllowed(f"Payment provider {provider.alias} has no books of its own to list.")
    seen: set[str] = set()
    for snapshots in _batches(_listed(provider, scope)):
        seen.update(snapshot.provider_ref for snapshot in snapshots)
        yield from _compare_batch(provider, snapshots)
        progress(provider.alias, len(seen))
    yield from _not_listed(provider, scope, seen)
    yield from _unresolved(provider)


def _listed(provider: PaymentProvider, scope: Scope) -> Iterator[PaymentSnapshot]:
    """Leave out what nobody can count with: of ours it is read one by one, as what isn't listed.

    Raises `ProviderNotReachable` for whatever a listing breaks with.
    """
    try:
        for snapshot in calls.each(provider, lambda: provider.list_payments(scope.since)):
            if not misfit(snapshot):
                yield snapshot
    except ProviderError as error:
        raise ProviderNotReachable(error.message) from error
    except Exception as error:
        calls.log_exception(f"{provider.alias}: listing what it has", error)
        raise ProviderNotReachable(f"{type(error).__name__} in {provider.alias}") from error


def _compare_batch(provider: PaymentProvider, snapshots: list[PaymentSnapshot]) -> Iterator[Drift]:
    by_reference = _ours(provider, snapshots)
    for snapshot in snapshots:
        ours = by_reference.get(snapshot.provider_ref)
        if ours is None:
            yield from _unclaimed(provider, snapshot)
        elif any(compare(ours, snapshot)):
            yield from _compare_again(provider, ours.session)


def _compare_again(provider: PaymentProvider, session: PaymentSession) -> Iterator[Drift]:
    """Read both sides anew. What has an operation of ours in flight is not at rest, and not compared."""
    if _has_open_operation(session):
        return
    reading = read(session)
    if isinstance(reading, Found):
        ours = _ours(provider, [reading.snapshot]).get(reading.snapshot.provider_ref)
        if ours is not None:
            yield from compare(ours, reading.snapshot)


def persists(drift: Drift) -> bool:
    """Say whether a session still differs in this way, when both sides are read anew."""
    session = primary(PaymentSession).get(pk=drift.session_id)
    return any(again.kind is drift.kind for again in _compare_again(providers[drift.provider_id], session))


def _unclaimed(provider: PaymentProvider, snapshot: PaymentSnapshot) -> Iterator[Drift]:
    """An object that no session has: of none any more, a second one of a session (perhaps of another account's), of one
    whose reference got lost, or, without our metadata, not ours at all.
    """
    if snapshot.session_id is None:
        return
    session = primary(PaymentSession).filter(pk=snapshot.session_id).first()
    if session is not None and (_has_open_operation(session) or _is_recorded(session, snapshot)):
        return
    kind = DriftKind.ORPHAN_OBJECT
    if session is not None:
        is_elsewhere = session.provider_account != provider.account
        kind = DriftKind.DUPLICATE_OBJECT if session.provider_ref or is_elsewhere else DriftKind.LOST_REFERENCE
    yield Drift(
        kind=kind,
        provider_id=provider.alias,
        provider_ref=snapshot.provider_ref,
        session_id=session.pk if session else "",
        theirs={
            "provider_ref": snapshot.provider_ref,
            "session_id": snapshot.session_id,
            "amount": snapshot.money.minor_units,
            "currency_code": snapshot.money.currency_code,
            "status": snapshot.status.value,
        },
    )


def _has_open_operation(session: PaymentSession) -> bool:
    return primary(Operation).filter(payment_session=session, status=OperationStatus.OPEN.value).exists()


def _is_recorded(session: PaymentSession, snapshot: PaymentSnapshot) -> bool:
    """Say whether the timeline shows this object already, for a person to see."""
    recorded = primary(Event).filter(
        payment_collection_id=session.payment_collection_id, name=EventName.DISCREPANCY_FOUND.value
    )
    return any(event.data["theirs"].get("provider_ref") == snapshot.provider_ref for event in recorded)


def _not_listed(provider: PaymentProvider, scope: Scope, seen: set[str]) -> Iterator[Drift]:
    sessions = primary(PaymentSession).filter(provider_account=provider.account, provider_ref__isnull=False)
    if scope.since is not None:
        sessions = sessions.filter(updated_at__gte=scope.since)
    for session in sessions.order_by("pk").iterator(chunk_size=BATCH):
        if session.provider_ref not in seen and not _is_frozen(session):
            reading = read(session)
            if isinstance(reading, Absent):
                yield _missing_there(session)
            elif isinstance(reading, Found):
                yield from _compare_again(provider, session)


def _missing_there(session: PaymentSession) -> Drift:
    payment = primary(Payment).filter(payment_session=session).first()
    return Drift(
        kind=DriftKind.MISSING_THERE,
        provider_id=session.provider_id,
        provider_ref=session.provider_ref or "",
        session_id=session.pk,
        payment_id=payment.pk if payment else "",
        ours={"amount": session.amount, "status": session.status},
    )


def _is_frozen(session: PaymentSession) -> bool:
    return primary(Payment).filter(payment_session=session, frozen_at__isnull=False).exists()


def _unresolved(provider: PaymentProvider) -> Iterator[Drift]:
    left = primary(Operation).filter(
        provider_account=provider.account,
        status=OperationStatus.OPEN.value,
        needs_person_at=None,
        lease_expires_at__lt=Now() - OPEN_TOO_LONG,
    )
    for operation in left.select_related("payment_session"):
        yield Drift(
            kind=DriftKind.UNRESOLVED_OPERATION,
            provider_id=operation.provider_id,
            provider_ref=operation.payment_session.provider_ref or "",
            session_id=operation.payment_session_id,
            payment_id=operation.payment_id or "",
            operation_id=operation.pk,
            ours={"kind": operation.kind, "amount": operation.amount},
        )


def _ours(provider: PaymentProvider, snapshots: Iterable[PaymentSnapshot]) -> dict[str, Ours]:
    """Load our rows for a batch, in five queries."""
    references = [snapshot.provider_ref for snapshot in snapshots]
    sessions = list(primary(PaymentSession).filter(provider_account=provider.account, provider_ref__in=references))
    # Ids rather than a subquery: without fresh statistics PostgreSQL would read the whole table for each of them.
    of_sessions = primary(Payment).filter(payment_session_id__in=[session.pk for session in sessions])
    payments = {payment.payment_session_id: payment for payment in of_sessions.defer("provider_data")}
    ids = [payment.pk for payment in payments.values()]
    refunds = _by_payment(primary(Refund).filter(payment_id__in=ids, reversal=None))
    told_of = ids if provider.capabilities.has_disputes else []
    disputes = _by_payment(primary(Dispute).filter(payment_id__in=told_of))
    accepted = _accepted(ids)
    return {
        str(session.provider_ref): Ours(
            session=session,
            payment=(payment := payments.get(session.pk)),
            refunds=tuple(refunds[payment.pk]) if payment else (),
            accepted=frozenset(accepted[payment.pk]) if payment else frozenset(),
            disputes=tuple(disputes[payment.pk]) if payment else (),
        )
        for session in sessions
    }


def _by_payment(rows: QuerySet[RowT]) -> dict[str, list[RowT]]:
    found: dict[str, list[RowT]] = defaultdict(list)
    for row in rows:
        found[row.payment_id].append(row)
    return found


def _accepted(payment_ids: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    operations = primary(Operation).filter(
        payment_id__in=payment_ids, kind=OperationKind.REFUND.value, status=OperationStatus.ACCEPTED.value
    )
    for payment_id, operation_id in operations.values_list("payment_id", "pk"):
        found[str(payment_id)].append(operation_id)
    return found


def _batches(snapshots: Iterator[PaymentSnapshot]) -> Iterator[list[PaymentSnapshot]]:
    while batch := list(islice(snapshots, BATCH)):
        yield batch
