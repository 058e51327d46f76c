"""Forgetting: payloads of what is over are erased after a while. Money, hashes and the audit trail stay."""

from collections.abc import Callable
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from medusa_payments.conf import payments_settings
from medusa_payments.core.base.stages import BATCH, StageReport
from medusa_payments.core.policy.retries import OWED_FOR
from medusa_payments.models import AccountHolder, Debt, Operation, PaymentSession, WebhookEvent
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationStatus, SessionStatus, WebhookStatus


def erase_due(limit: int = BATCH, is_dry_run: bool = False) -> StageReport:
    """Erase what is older than `RETENTION_DAYS`, and than a day (None: nothing ever is).

    Bodies of webhook events that are done with; requests and intents of operations that are closed for good; the data
    of sessions that never became a payment; what was sent to open a customer's account and never became known; who was
    owed the outcome of an operation. A refund's note stays on the refund, a payment's data on the payment: they may
    still be needed to give money back.
    """
    if payments_settings.RETENTION_DAYS is None:
        return StageReport(name="retention")
    if is_dry_run:
        counts = {name: due()[:limit].count() for name, (due, _) in _ERASERS.items()}
        notes = tuple(f"{count} {name} are to be erased" for name, count in counts.items() if count)
        return StageReport(name="retention", left=sum(counts.values()), notes=notes)
    done = sum(_erase(due(), values, limit) for due, values in _ERASERS.values())
    left = sum(due()[:limit].count() for due, _ in _ERASERS.values())
    return StageReport(name="retention", done=done, left=left)


def _old() -> timedelta:
    """However soon a shop wants to forget: what may still be an answer, or on its way, is needed for a day."""
    days: int = payments_settings.RETENTION_DAYS
    return max(timedelta(days=days), OWED_FOR)


def _bodies() -> QuerySet[WebhookEvent]:
    done = [WebhookStatus.APPLIED.value, WebhookStatus.IGNORED.value]
    return primary(WebhookEvent).filter(body__isnull=False, status__in=done, received_at__lt=Now() - _old())


def _requests() -> QuerySet[Operation]:
    """Refunds that a provider only accepted may still be asked about, and what was not executed may be sent again."""
    closed = [OperationStatus.SUCCEEDED.value, OperationStatus.REFUSED.value]
    return primary(Operation).filter(status__in=closed, erased_at__isnull=True, settled_at__lt=Now() - _old())


def _session_data() -> QuerySet[PaymentSession]:
    """Of sessions out of their slot that came to nothing, as far as their objects are known to be given up."""
    over = Q(status=SessionStatus.CANCELED.value) | Q(provider_ref__isnull=True)
    out_of_slot = primary(PaymentSession).filter(slot__isnull=True, erased_at__isnull=True)
    return out_of_slot.filter(over, payment=None, updated_at__lt=Now() - _old())


def _account_requests() -> QuerySet[AccountHolder]:
    """They aren't sent again after so long: the provider is asked."""
    return primary(AccountHolder).filter(in_flight_until__isnull=False, sent_at__lt=Now() - _old())


def _debts() -> QuerySet[Debt]:
    """As long as an operation may be an answer, they say to whom."""
    return primary(Debt).filter(operation__settled_at__lt=Now() - _old())


_Erasable = WebhookEvent | Operation | PaymentSession | AccountHolder | Debt

_ERASERS: dict[str, tuple[Callable[[], QuerySet[_Erasable]], dict[str, object] | None]] = {
    "webhook bodies": (_bodies, {"body": None}),
    "operation requests": (_requests, {"request": {}, "intent": {}, "erased_at": Now()}),
    "account requests": (_account_requests, {"request": {}, "in_flight_until": None}),
    "session data": (_session_data, {"client_data": {}, "provider_data": {}, "erased_at": Now()}),
    "debts": (_debts, None),
}
"""What is erased: due rows, and the values that take the place of theirs; None where the rows themselves go."""


def _erase(due: QuerySet[_Erasable], values: dict[str, object] | None, limit: int) -> int:
    chosen = list(due.order_by("pk").values_list("pk", flat=True)[:limit])
    if values is None:
        return due.filter(pk__in=chosen).delete()[0]
    return due.filter(pk__in=chosen).update(**values)
