"""The inbox of provider webhooks. An event is a hint to look at the provider, never an order."""

import hashlib
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.core.books import locks
from medusa_payments.core.books.locks import durable_transaction
from medusa_payments.core.saga import calls
from medusa_payments.exceptions import InvalidData, NotFound, PaymentsError
from medusa_payments.ids import new_id
from medusa_payments.models import PaymentSession, WebhookEvent, WebhookRefusal
from medusa_payments.providers import cleaning
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.notices import WebhookNotice, WebhookRefused, WebhookRequest
from medusa_payments.providers.registry import providers
from medusa_payments.queries.primary import primary
from medusa_payments.services import attention, convergence, operations, provider_calls, provider_reads
from medusa_payments.services.convergence import Convergence
from medusa_payments.services.stages import BATCH, StageReport
from medusa_payments.states import WebhookStatus

logger = logging.getLogger(__name__)

PREFIX = "pp_"

TURN = timedelta(minutes=2)
"""How long one process has an event for itself."""

PATIENCE = timedelta(days=3)
"""How long an event waits for the payment session, or the object at the provider, that it is about."""

_PENDING = [WebhookStatus.RECEIVED.value, WebhookStatus.WAITING.value]

HINT_SECONDS = 5
"""An unsigned hint has its payment looked at once in this time: now, and once more when others came meanwhile."""

_LONGEST_ID = 64

_NO_SESSION = "No payment session belongs to it."

_IN_VAIN = frozenset({_NO_SESSION, convergence.NO_SUCH_OBJECT})
"""What may stay so for ever. A provider that can't be asked, or an operation that is open, won't."""


def receive(
    *, provider_id: str, body: bytes, headers: Mapping[str, str], query: Mapping[str, str] | None = None
) -> WebhookEvent | None:
    """Verify a webhook, keep it, and apply it at once; return its row in the inbox.

    `provider_id` with or without `pp_`; `headers` by lower-case name; `query` is that of the URL. Guaranteed: what is
    returned is committed, once per event of the provider's account, whoever delivers it how often; it is applied now or
    later by the worker. An error while applying is not the sender's business, so none is raised for it.

    An unsigned hint is never believed: the payment that it names is looked at, once in `HINT_SECONDS`. One that names
    no payment of ours costs no call to the provider, leaves a count, and returns None.

    Raises `NotFound` (unknown provider, or one without webhooks) and `InvalidData` (not signed by the provider); of
    those nothing is kept but a count. Raises `InsideTransaction`.
    """
    provider = _provider(provider_id)
    request = WebhookRequest(body=body, headers=headers, query=dict(query or {}), received_at=timezone.now())
    notice = _verified(provider, request)
    if provider.capabilities.has_unsigned_webhooks:
        event = _keep_hint(provider, notice, request.received_at)
    else:
        event = _keep(provider, notice, body)
    if event is not None and event.status in _PENDING:
        _apply_in_turn(event)
    return event


def drain(limit: int = BATCH, is_dry_run: bool = False) -> StageReport:
    """Apply what waits in the inbox and is due."""
    pending = primary(WebhookEvent).filter(status__in=_PENDING)
    events = list(pending.filter(_is_due()).order_by("received_at", "id")[:limit])
    if is_dry_run:
        notes = tuple(f"{event.pk}: {event.event_type} is to be applied" for event in events)
        return StageReport(name="webhooks", left=pending.count(), notes=notes)
    done = sum(_apply_in_turn(event) for event in events)
    return StageReport(name="webhooks", done=done, left=pending.count())


def replay(event_id: str, *, is_dry_run: bool = False) -> Convergence:
    """Apply an event of the inbox again, whatever became of it; return what that changed, or would change.

    Idempotent: what was applied changes nothing. A provider that can't be asked now, or is configured wrongly, is a
    `problem`. Raises `NotFound`, `NotAllowed` and `InvalidData` (its provider isn't configured any more),
    `InsideTransaction`.
    """
    event = primary(WebhookEvent).filter(pk=event_id).first()
    if event is None:
        raise NotFound(f"WebhookEvent id not found: {event_id}")
    session = _session_of(event)
    if session is None:
        return Convergence(problem=_NO_SESSION)
    converged = _converge(event, session, is_dry_run=is_dry_run)
    if not is_dry_run:
        _store(event, converged)
    return converged


def _provider(provider_id: str) -> PaymentProvider:
    alias = provider_id if provider_id.startswith(PREFIX) else f"{PREFIX}{provider_id}"
    if alias not in providers:
        raise NotFound(f"Payment provider not found: {provider_id}")
    provider = providers[alias]
    if not provider.capabilities.has_webhooks:
        raise NotFound(f"Payment provider {alias} has no webhooks.")
    return provider


def _verified(provider: PaymentProvider, request: WebhookRequest) -> WebhookNotice:
    """Return what a webhook says, cleaned. Raises `InvalidData`, also where its provider breaks over the bytes."""
    try:
        return cleaning.notice(provider.read_webhook(request))
    except WebhookRefused as refusal:
        cleaning.clean_error(refusal)
        logger.warning("webhook for %s refused: %s", provider.alias, refusal.code)
        reason = refusal.code or "refused"
    except Exception as error:
        provider_calls.log_exception(f"webhook for {provider.alias}: reading it", error)
        reason = "unreadable"
    _count_refusal(provider.alias, reason)
    raise InvalidData("The webhook could not be verified.", code="invalid_webhook")


def _count_refusal(provider_id: str, reason: str) -> None:
    key = {"provider_id": provider_id, "reason": reason[:64], "day": timezone.now().date()}
    with durable_transaction():
        primary(WebhookRefusal).bulk_create([WebhookRefusal(**key)], ignore_conflicts=True)
        primary(WebhookRefusal).filter(**key).update(count=F("count") + 1)


def _keep(provider: PaymentProvider, notice: WebhookNotice, body: bytes) -> WebhookEvent:
    # An event that has no id of its own is kept as often as it comes.
    return _insert(_row(provider, notice, event_id=notice.event_id or new_id("whdel"), **_content(notice, body)))


def _keep_hint(provider: PaymentProvider, notice: WebhookNotice, now: datetime) -> WebhookEvent | None:
    """Keep a hint for now or, where one came in these few seconds already, one for after them; None when it is about no
    payment of ours.

    The later look begins after all hints that it stands for, so none of them is lost. Nothing of the body is kept.
    """
    session = _session_of(_row(provider, notice, **_about(notice)))
    if session is None:
        _count_refusal(provider.alias, "unknown_reference")
        return None
    number = int(now.timestamp()) // HINT_SECONDS
    fresh = _row(provider, notice, event_id=f"hint:{session.pk}:{number}", **_about(notice))
    kept = _insert(fresh)
    if kept.pk == fresh.pk:
        return kept
    later = {"status": WebhookStatus.WAITING.value, "next_attempt_at": _start(number + 1)}
    return _insert(_row(provider, notice, event_id=f"hint:{session.pk}:{number + 1}", **_about(notice), **later))


def _start(number: int) -> datetime:
    return datetime.fromtimestamp(number * HINT_SECONDS, UTC)


def _row(provider: PaymentProvider, notice: WebhookNotice, **content: Any) -> WebhookEvent:
    return WebhookEvent(
        provider_account=provider.account, provider_id=provider.alias, event_type=notice.event_type or "hint", **content
    )


def _insert(event: WebhookEvent) -> WebhookEvent:
    """Insert an event; return its row, or that of the same event that was kept before, with one more duplicate."""
    with durable_transaction():
        primary(WebhookEvent).bulk_create([event], ignore_conflicts=True)
        kept = primary(WebhookEvent).get(provider_account=event.provider_account, event_id=event.event_id)
        if kept.pk != event.pk:
            primary(WebhookEvent).filter(pk=kept.pk).update(duplicates=F("duplicates") + 1)
    return kept


def _content(notice: WebhookNotice, body: bytes) -> dict[str, Any]:
    if notice.is_foreign:
        return {"status": WebhookStatus.FOREIGN.value}
    known = {"occurred_at": notice.occurred_at, "body_sha256": hashlib.sha256(body).hexdigest()}
    about = _about(notice)
    if not any(about.values()):
        # Signed, and not about a payment, or not understood: nothing of its payload is ours.
        return {**known, "status": WebhookStatus.IGNORED.value}
    return {**known, **about, "body": body if notice.kept_body is None else notice.kept_body}


def _about(notice: WebhookNotice) -> dict[str, str]:
    session_id = notice.session_id or ""
    return {
        "provider_ref": notice.provider_ref or "",
        "session_id": session_id if len(session_id) <= _LONGEST_ID else "",
    }


def _apply_in_turn(event: WebhookEvent) -> bool:
    """Apply an event unless somebody else is at it, or it is to wait; say whether it is done with. Never raises for
    what it leads to.
    """
    turn = primary(WebhookEvent).filter(_is_due(), pk=event.pk, attempts=event.attempts, status__in=_PENDING)
    if _is_account_busy(event):
        # Nobody is asked anything, which says nothing about the event: no attempt is counted.
        turn.update(status=WebhookStatus.WAITING.value, next_attempt_at=Now() + attention.SHORTEST_WAIT)
        return False
    if not turn.update(attempts=F("attempts") + 1, next_attempt_at=Now() + TURN):
        return False
    event.attempts += 1
    try:
        converged = _applied(event)
    except PaymentsError as error:
        converged = Convergence(waits=True, problem=error.message)
    except Exception as error:
        provider_calls.log_exception(f"webhook event {event.pk}: applying it", error)
        locks.renew_connection()
        converged = Convergence(waits=True, problem=type(error).__name__)
    _store(event, converged)
    return event.status not in _PENDING


def _is_account_busy(event: WebhookEvent) -> bool:
    to_ask = [each for each in providers.on_account(event.provider_account) if each.capabilities.can_retrieve]
    return any(calls.is_busy(provider) for provider in to_ask)


def _is_due() -> Q:
    return Q(next_attempt_at=None) | Q(next_attempt_at__lte=Now())


def _applied(event: WebhookEvent) -> Convergence:
    session = _session_of(event)
    if session is None:
        return Convergence(waits=True, problem=_NO_SESSION)
    return _converge(event, session, is_dry_run=False)


def _converge(event: WebhookEvent, session: PaymentSession, *, is_dry_run: bool) -> Convergence:
    """Look at the provider; only one that can't be asked is believed by its event."""
    try:
        provider = operations.provider_for(session)
    except ImproperlyConfigured as error:
        return Convergence(waits=True, problem=str(error))
    if provider.capabilities.can_retrieve:
        return convergence.look_at(session.pk, is_dry_run=is_dry_run)
    if provider.capabilities.has_unsigned_webhooks:
        return Convergence(problem="An unsigned hint is not believed, and its provider can't be asked.")
    snapshot = _notice_of(event, provider).snapshot
    if snapshot is None or provider_reads.misfit(snapshot):
        return Convergence(problem="The event says nothing that can be booked.")
    return convergence.take_in(session, snapshot, is_dry_run=is_dry_run)


def _notice_of(event: WebhookEvent, provider: PaymentProvider) -> WebhookNotice:
    """Read a kept event again. Its signature was verified when it came in; its secret may be gone by now.

    Raises `InvalidData` when its body was erased, or its provider breaks over it.
    """
    if event.body is None:
        raise InvalidData(f"The body of webhook event {event.pk} was erased.")
    try:
        return cleaning.notice(provider.read_kept_webhook(bytes(event.body)))
    except Exception as error:
        provider_calls.log_exception(f"webhook event {event.pk}: reading it again", error)
        raise InvalidData(f"The body of webhook event {event.pk} can't be read.") from error


def _session_of(event: WebhookEvent) -> PaymentSession | None:
    """The session with the event's payment object; one that has no object yet is found by its id in our metadata."""
    sessions = primary(PaymentSession).filter(provider_account=event.provider_account)
    found = sessions.filter(provider_ref=event.provider_ref).first() if event.provider_ref else None
    return found or sessions.filter(pk=event.session_id, provider_ref__isnull=True).first()


def _store(event: WebhookEvent, converged: Convergence) -> None:
    event.error_message = converged.problem
    event.next_attempt_at = None
    if not converged.waits:
        event.status = (WebhookStatus.IGNORED if converged.problem else WebhookStatus.APPLIED).value
        event.applied_at = timezone.now()
    elif converged.problem in _IN_VAIN and timezone.now() - event.received_at > PATIENCE:
        event.status = WebhookStatus.IGNORED.value
    else:
        event.status = WebhookStatus.WAITING.value
        event.next_attempt_at = timezone.now() + attention.backoff(event.attempts)
    event.save(update_fields=["status", "error_message", "next_attempt_at", "applied_at"])
