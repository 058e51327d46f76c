"""The inbox of provider webhooks: every event is kept first, then tried until it is done with.

An event is a hint to compare a payment with its provider, never an order.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.core.base import locks
from medusa_payments.core.base.locks import durable_transaction
from medusa_payments.core.base import calls, turns
from medusa_payments.core.base.stages import BATCH, StageReport
from medusa_payments.core.base.turns import ATTEMPTS
from medusa_payments.exceptions import InvalidData, PaymentsError
from medusa_payments.ids import new_id
from medusa_payments.models import PaymentSession, WebhookEvent, WebhookRefusal
from medusa_payments.providers import cleaning
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.notices import WebhookNotice, WebhookRefused, WebhookRequest
from medusa_payments.providers.registry import providers
from medusa_payments.queries.primary import primary
from medusa_payments.states import WebhookStatus

logger = logging.getLogger(__name__)

TURN = timedelta(minutes=2)
"""How long one process has an event for itself."""

PATIENCE = timedelta(days=3)
"""How long an event waits for the payment session, or the object at the provider, that it is about."""

HINT_SECONDS = 5
"""An unsigned hint has its payment compared once in this time: now, and once more when others came meanwhile."""

NO_SESSION = "No payment session belongs to it."

_PENDING = [WebhookStatus.RECEIVED.value, WebhookStatus.WAITING.value]

_LONGEST_ID = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What an event led to.

    `waits`: something could not be applied yet. `problem` says why nothing could be seen or booked. `may_last`: it may
    stay so for ever, so the event waits for `PATIENCE` only. An open operation, or a provider that can't be asked now,
    doesn't stay so.
    """

    waits: bool = False
    problem: str = ""
    may_last: bool = False


_WITHOUT_SESSION = Compared(waits=True, problem=NO_SESSION, may_last=True)

Compare = Callable[[WebhookEvent, PaymentSession], Compared]
"""Compares an event's session with its provider, and books what is missing."""


def verified(provider: PaymentProvider, request: WebhookRequest) -> WebhookNotice:
    """Return what a webhook says, cleaned. Raises `InvalidData`, also where its provider breaks over the bytes."""
    try:
        return cleaning.notice(provider.read_webhook(request))
    except WebhookRefused as refusal:
        cleaning.clean_error(refusal)
        logger.warning("webhook for %s refused: %s", provider.alias, refusal.code)
        reason = refusal.code or "refused"
    except Exception as error:
        calls.log_exception(f"webhook for {provider.alias}: reading it", error)
        reason = "unreadable"
    _count_refusal(provider.alias, reason)
    raise InvalidData("The webhook could not be verified.", code="invalid_webhook")


def keep(provider: PaymentProvider, notice: WebhookNotice, body: bytes) -> WebhookEvent:
    """Commit a signed event to the inbox and return its row: one row per event of the provider's account."""
    # An event that has no id of its own is kept as often as it comes.
    return _insert(_row(provider, notice, event_id=notice.event_id or new_id("whdel"), **_content(notice, body)))


def keep_hint(provider: PaymentProvider, notice: WebhookNotice, now: datetime) -> WebhookEvent | None:
    """Keep an unsigned hint for now or, where one came in these few seconds already, one for after them. Return None
    when it is about no payment of ours.

    The later comparison begins after all hints that it stands for, so none of them is lost. Nothing of the body is
    kept.
    """
    session = session_of(_row(provider, notice, **_about(notice)))
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


def apply_due(compare: Compare, limit: int = BATCH, is_dry_run: bool = False) -> StageReport:
    """Apply the events that wait in the inbox and are due."""
    pending = primary(WebhookEvent).filter(status__in=_PENDING)
    events = list(pending.filter(turns.is_free(ATTEMPTS)).order_by("received_at", "id")[:limit])
    if is_dry_run:
        notes = tuple(f"{event.pk}: {event.event_type} is to be applied" for event in events)
        return StageReport(name="webhooks", left=pending.count(), notes=notes)
    done = sum(apply(event, compare) for event in events)
    return StageReport(name="webhooks", done=done, left=pending.count())


def apply(event: WebhookEvent, compare: Compare) -> bool:
    """Apply an event; return True if this brought it to an end. No-op for an event that is done with, that another
    process works on, or that is to wait. Never raises for what it leads to.
    """
    if event.status not in _PENDING:
        return False
    pending = primary(WebhookEvent).filter(status__in=_PENDING)
    if _is_account_busy(event):
        # Nobody is asked anything, which says nothing about the event: no attempt is counted.
        due = turns.held(pending, event, ATTEMPTS).filter(turns.is_free(ATTEMPTS))
        due.update(status=WebhookStatus.WAITING.value, next_attempt_at=turns.later(0))
        return False
    if not turns.take(pending, event, ATTEMPTS, TURN):
        return False
    try:
        session = session_of(event)
        compared = _WITHOUT_SESSION if session is None else compare(event, session)
    except PaymentsError as error:
        compared = Compared(waits=True, problem=error.message)
    except Exception as error:
        calls.log_exception(f"webhook event {event.pk}: applying it", error)
        locks.renew_connection()
        compared = Compared(waits=True, problem=type(error).__name__)
    store(event, compared)
    return event.status not in _PENDING


def store(event: WebhookEvent, compared: Compared) -> None:
    """Record what an event led to: it is applied, ignored, or tried again later.

    What was applied is recorded always, anything else only if no other process has taken the event over meanwhile:
    then that one's result counts.
    """
    row = primary(WebhookEvent).filter(pk=event.pk)
    if not compared.waits and not compared.problem:
        event.status, event.error_message = WebhookStatus.APPLIED.value, ""
        event.next_attempt_at, event.applied_at = None, timezone.now()
        event.save(update_fields=["status", "error_message", "next_attempt_at", "applied_at"])
        return
    values: dict[str, Any] = {"status": WebhookStatus.IGNORED.value, "next_attempt_at": None}
    if not compared.waits:
        values |= {"applied_at": Now()}
    elif not (compared.may_last and timezone.now() - event.received_at > PATIENCE):
        values = {"status": WebhookStatus.WAITING.value, "next_attempt_at": turns.later(event.attempts)}
    turns.held(row, event, ATTEMPTS).update(error_message=compared.problem, **values)
    event.refresh_from_db(from_queryset=row)


def session_of(event: WebhookEvent) -> PaymentSession | None:
    """Return the session with the event's payment object. One that has none yet is found by its own id."""
    sessions = primary(PaymentSession).filter(provider_account=event.provider_account)
    found = sessions.filter(provider_ref=event.provider_ref).first() if event.provider_ref else None
    return found or sessions.filter(pk=event.session_id, provider_ref__isnull=True).first()


def notice_of(event: WebhookEvent, provider: PaymentProvider) -> WebhookNotice:
    """Read a kept event again. Its signature was verified when it came in; its secret may be gone by now.

    Raises `InvalidData` when its body was erased, or its provider breaks over it.
    """
    if event.body is None:
        raise InvalidData(f"The body of webhook event {event.pk} was erased.")
    try:
        return cleaning.notice(provider.read_kept_webhook(bytes(event.body)))
    except Exception as error:
        calls.log_exception(f"webhook event {event.pk}: reading it again", error)
        raise InvalidData(f"The body of webhook event {event.pk} can't be read.") from error


def _is_account_busy(event: WebhookEvent) -> bool:
    to_ask = [each for each in providers.on_account(event.provider_account) if each.capabilities.can_retrieve]
    return any(calls.is_busy(provider) for provider in to_ask)


def _count_refusal(provider_id: str, reason: str) -> None:
    key = {"provider_id": provider_id, "reason": reason[:64], "day": timezone.now().date()}
    with durable_transaction():
        primary(WebhookRefusal).bulk_create([WebhookRefusal(**key)], ignore_conflicts=True)
        primary(WebhookRefusal).filter(**key).update(count=F("count") + 1)


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
