"""The worker finds out what became of operations that no process works on."""

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from medusa_payments.core.base import workers
from medusa_payments.core.base.stages import BATCH, StageReport
from medusa_payments.core.saga.recovery import resolve
from medusa_payments.models import Operation
from medusa_payments.queries.primary import primary
from medusa_payments.states import OperationStatus


def resolve_due(limit: int = BATCH, is_dry_run: bool = False) -> StageReport:
    """Resolve the open operations that no process works on, those that were deferred to the worker included."""
    found = list(_due().order_by("next_attempt_at", "created_at")[:limit])
    notes = tuple(f"{operation.pk}: {operation.kind} of {operation.target} is to be resolved" for operation in found)
    done = 0 if is_dry_run else sum(resolve(operation) for operation in found)
    waiting = _open().filter(needs_person_at__isnull=False).count()
    left = _open().filter(needs_person_at__isnull=True).exclude(_in_hand()).count()
    return StageReport(name="recovery", done=done, left=left, waiting=waiting, notes=notes if is_dry_run else ())


def _open() -> QuerySet[Operation]:
    return primary(Operation).filter(status=OperationStatus.OPEN.value)


def _in_hand() -> Q:
    """A living process has it."""
    holders = _open().filter(lease_expires_at__gt=Now()).values_list("leased_by", flat=True).distinct()
    gone = [worker for worker in holders if workers.is_gone(worker)]
    return Q(lease_expires_at__gt=Now()) & ~Q(leased_by__in=gone)


def _due() -> QuerySet[Operation]:
    """Of what waits for staff only what its provider may still tell of has a next attempt."""
    never_tried = Q(next_attempt_at=None, needs_person_at=None)
    return _open().filter(never_tried | Q(next_attempt_at__lte=Now())).exclude(_in_hand())
