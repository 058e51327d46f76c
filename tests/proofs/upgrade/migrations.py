"""The migrations that this release adds."""

from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

APP = "medusa_payments"

LAST_OF_THE_PREVIOUS_RELEASE = "0010_mark_paid_permission"


def of_this_release() -> list[Migration]:
    """Return them in their order."""
    loader = MigrationLoader(None)
    (last,) = loader.graph.leaf_nodes(APP)
    plan = [key for key in loader.graph.forwards_plan(last) if key[0] == APP]
    first = plan.index((APP, LAST_OF_THE_PREVIOUS_RELEASE)) + 1
    return [loader.graph.nodes[key] for key in plan[first:]]
