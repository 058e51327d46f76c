"""Everything that is done without anybody asking: `run_once` is all of it."""

import logging
from collections.abc import Callable

from medusa_payments.core.books import locks
from medusa_payments.core.saga import calls
from medusa_payments.services import deliveries, forgetting, provider_calls, recovery, retention, upkeep, webhooks
from medusa_payments.services.stages import BATCH, Report, StageReport

logger = logging.getLogger(__name__)

Stage = Callable[[int, bool], StageReport]

STAGES: dict[str, Stage] = {
    "recovery": recovery.resolve_due,
    "webhooks": webhooks.drain,
    "upkeep": upkeep.tend_due,
    "deliveries": deliveries.deliver_due,
    "retention": retention.erase_due,
    "forgetting": forgetting.erase_due,
}
"""In this order: what is unknown is found out before what waits for it is tried again."""


def run_once(*, is_dry_run: bool = False, limit: int = BATCH) -> Report:
    """Resolve, apply, tend, deliver and erase what is due, at most `limit` rows of each; return what was done and left.

    Safe on many machines at once: every row is claimed before it is touched. A stage that fails is logged and keeps no
    other from running. An account that hangs costs a run one call: what is due there is left to a later run. A dry run
    changes nothing and asks no provider to.
    """
    with calls.nobody_waits():
        return Report(stages=tuple(_run(name, stage, limit, is_dry_run) for name, stage in STAGES.items()))


def _run(name: str, stage: Stage, limit: int, is_dry_run: bool) -> StageReport:
    try:
        return stage(limit, is_dry_run)
    except Exception as error:
        provider_calls.log_exception(f"stage {name} of the worker", error)
        locks.renew_connection()
        return StageReport(name=name, left=1)
