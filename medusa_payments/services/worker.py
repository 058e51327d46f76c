"""The work that nobody asks for: `run_once` does all of it that is due."""

from collections.abc import Callable

from medusa_payments.core.accounts import forgetting
from medusa_payments.core.base import calls, locks
from medusa_payments.core.base.stages import BATCH, Report, StageReport
from medusa_payments.core.upkeep import deliveries, resolving, retention, tending
from medusa_payments.core.upkeep.deliveries import deliver_again
from medusa_payments.services import webhooks

__all__ = ["BATCH", "STAGES", "Report", "StageReport", "deliver_again", "run_once"]

Stage = Callable[[int, bool], StageReport]

STAGES: dict[str, Stage] = {
    "recovery": resolving.resolve_due,
    "webhooks": webhooks.drain,
    "upkeep": tending.tend_due,
    "deliveries": deliveries.deliver_due,
    "retention": retention.erase_due,
    "forgetting": forgetting.erase_due,
}
"""In this order: unknown outcomes are found out before the rows that wait for them are tried again."""


def run_once(*, is_dry_run: bool = False, limit: int = BATCH) -> Report:
    """Resolve, apply, tend, deliver and erase what is due, at most `limit` rows of each; return what was done and left.

    Safe on many machines at once: every row is taken before it is touched. A stage that fails is logged; the others
    run all the same. An account that hangs costs a run one call: what is due there is left to a later run. A dry run
    changes nothing and asks no provider to.
    """
    with calls.nobody_waits():
        return Report(stages=tuple(_run(name, stage, limit, is_dry_run) for name, stage in STAGES.items()))


def _run(name: str, stage: Stage, limit: int, is_dry_run: bool) -> StageReport:
    try:
        return stage(limit, is_dry_run)
    except Exception as error:
        calls.log_exception(f"stage {name} of the worker", error)
        locks.renew_connection()
        return StageReport(name=name, left=1)
