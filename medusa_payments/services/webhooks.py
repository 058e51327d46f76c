"""Webhooks of providers: receive them, apply those that wait, and apply one again."""

from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from medusa_payments.core.base.providers import provider_for
from medusa_payments.core.base.stages import BATCH, StageReport
from medusa_payments.core.books.snapshots import NO_SUCH_OBJECT, Convergence
from medusa_payments.core.saga import comparing, reads
from medusa_payments.core.upkeep import inbox
from medusa_payments.core.upkeep.inbox import Compared
from medusa_payments.exceptions import NotFound
from medusa_payments.models import PaymentSession, WebhookEvent
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.notices import WebhookRequest
from medusa_payments.providers.registry import providers
from medusa_payments.queries.primary import primary

__all__ = ["drain", "receive", "replay"]

PREFIX = "pp_"


def receive(
    *, provider_id: str, body: bytes, headers: Mapping[str, str], query: Mapping[str, str] | None = None
) -> WebhookEvent | None:
    """Verify a webhook, keep it, and apply it at once; return its row in the inbox.

    `provider_id` with or without `pp_`; `headers` by lower-case name; `query` is that of the URL. Guaranteed: the
    returned row is committed, once per event of the provider's account, whoever delivers it how often; it is applied
    now or later by the worker. An error while applying is not the sender's business, so none is raised for it.

    An unsigned hint is never believed: the payment that it names is compared, once in `inbox.HINT_SECONDS`. One that
    names no payment of ours costs no call to the provider, leaves a count, and returns None.

    Raises `NotFound` (unknown provider, or one without webhooks) and `InvalidData` (not signed by the provider); of
    those nothing is kept but a count. Raises `InsideTransaction`.
    """
    provider = _provider(provider_id)
    request = WebhookRequest(body=body, headers=headers, query=dict(query or {}), received_at=timezone.now())
    notice = inbox.verified(provider, request)
    if provider.capabilities.has_unsigned_webhooks:
        event = inbox.keep_hint(provider, notice, request.received_at)
    else:
        event = inbox.keep(provider, notice, body)
    if event is not None:
        inbox.apply(event, _compare)
    return event


def drain(limit: int = BATCH, is_dry_run: bool = False) -> StageReport:
    """Apply what waits in the inbox and is due."""
    return inbox.apply_due(_compare, limit, is_dry_run)


def replay(event_id: str, *, is_dry_run: bool = False) -> Convergence:
    """Apply an event of the inbox again, whatever became of it; return what that changed, or would change.

    Idempotent: nothing that was applied is applied twice. A provider that can't be asked now, or is configured wrongly,
    is a `problem`. Raises `NotFound`, `NotAllowed` and `InvalidData` (its provider isn't configured any more),
    `InsideTransaction`.
    """
    event = primary(WebhookEvent).filter(pk=event_id).first()
    if event is None:
        raise NotFound(f"WebhookEvent id not found: {event_id}")
    session = inbox.session_of(event)
    if session is None:
        return Convergence(problem=inbox.NO_SESSION)
    converged = _converge(event, session, is_dry_run=is_dry_run)
    if not is_dry_run:
        inbox.store(event, _compared(converged))
    return converged


def _provider(provider_id: str) -> PaymentProvider:
    alias = provider_id if provider_id.startswith(PREFIX) else f"{PREFIX}{provider_id}"
    if alias not in providers:
        raise NotFound(f"Payment provider not found: {provider_id}")
    provider = providers[alias]
    if not provider.capabilities.has_webhooks:
        raise NotFound(f"Payment provider {alias} has no webhooks.")
    return provider


def _compare(event: WebhookEvent, session: PaymentSession) -> Compared:
    return _compared(_converge(event, session, is_dry_run=False))


def _compared(converged: Convergence) -> Compared:
    return Compared(
        waits=converged.waits,
        problem=converged.problem,
        may_last=converged.problem == NO_SUCH_OBJECT,
    )


def _converge(event: WebhookEvent, session: PaymentSession, *, is_dry_run: bool) -> Convergence:
    """Compare a session with its provider. The event itself is believed only where the provider can't be asked."""
    try:
        provider = provider_for(session)
    except ImproperlyConfigured as error:
        return Convergence(waits=True, problem=str(error))
    if provider.capabilities.can_retrieve:
        return comparing.look_at(session.pk, is_dry_run=is_dry_run)
    if provider.capabilities.has_unsigned_webhooks:
        return Convergence(problem="An unsigned hint is not believed, and its provider can't be asked.")
    snapshot = inbox.notice_of(event, provider).snapshot
    if snapshot is None or reads.misfit(snapshot):
        return Convergence(problem="The event says nothing that can be booked.")
    return comparing.take_in(session, snapshot, is_dry_run=is_dry_run)
