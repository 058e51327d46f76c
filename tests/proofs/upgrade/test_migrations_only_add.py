"""The migrations of this release run while the previous one serves: they only add, and hold no lock for long.

What the previous release doesn't need any more goes in the next one.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from medusa_payments.online_migrations import AddIndexOnline, Backfill, RemoveIndexOnline
from tests.proofs.upgrade.migrations import APP, of_this_release

pytestmark = pytest.mark.any_engine

ONLY_IN_STATE = (migrations.AlterModelOptions, migrations.AlterModelManagers)


def test_migrations_of_this_release_only_add() -> None:
    found = [problem for migration in of_this_release() for problem in problems(migration, state_before(migration))]

    assert found == []


def state_before(migration: migrations.Migration) -> ProjectState:
    return MigrationLoader(None).project_state((APP, migration.name), at_end=False)


def problems(migration: migrations.Migration, state: ProjectState) -> Iterator[str]:
    """Yield what the previous release could not live with, or would wait for."""
    made_here: set[str] = set()
    for operation in migration.operations:
        before = state.clone()
        operation.state_forwards(APP, state)
        if isinstance(operation, migrations.CreateModel):
            made_here.add(operation.name_lower)
        elif getattr(operation, "model_name_lower", "") not in made_here:
            problem = problem_of(migration, operation, before, state)
            if problem:
                yield f"{migration.name}: {operation.describe()}: {problem}"


def problem_of(migration: migrations.Migration, operation: Operation, before: ProjectState, after: ProjectState) -> str:
    match operation:
        case migrations.AddField(field=field) if not is_filled_by_the_database(field):
            return "the previous release inserts rows without it"
        case migrations.AddField(field=field):
            return "its index is built under a lock: use AddIndexOnline" if field.unique or field.db_index else ""
        case migrations.AlterField():
            return "it changes the database" if changes_the_database(operation, before, after) else ""
        case AddIndexOnline() | RemoveIndexOnline() | Backfill():
            return "needs atomic = False" if migration.atomic else ""
        case migrations.AddIndex() | migrations.RemoveIndex():
            return "locks the table: use AddIndexOnline or RemoveIndexOnline"
        case migrations.RunPython():
            is_in_one = migration.atomic or operation.atomic
            return "one transaction holds locks for as long as it takes: use Backfill" if is_in_one else ""
    return "" if isinstance(operation, ONLY_IN_STATE) else "it isn't an addition"


def is_filled_by_the_database(field: Any) -> bool:
    """Return True if an INSERT need not name the column. A Python default doesn't help the previous release."""
    return field.null or field.db_default is not models.NOT_PROVIDED


def changes_the_database(operation: migrations.AlterField, before: ProjectState, after: ProjectState) -> bool:
    fields = [
        state.apps.get_model(APP, operation.model_name)._meta.get_field(operation.name) for state in (before, after)
    ]
    # Not opened: it is only asked what it would do.
    return connection.schema_editor(collect_sql=True)._field_should_be_altered(*fields)


WRONG: dict[str, Any] = {
    "a column without default": migrations.AddField("payment", "new", models.IntegerField(default=0)),
    "a column with an index": migrations.AddField("payment", "new", models.IntegerField(null=True, db_index=True)),
    "a removed column": migrations.RemoveField("payment", "metadata"),
    "a renamed column": migrations.RenameField("payment", "metadata", "extra"),
    "a narrower column": migrations.AlterField("payment", "provider_ref", models.CharField(max_length=10)),
    "an index that locks": migrations.AddIndex("payment", models.Index(fields=["amount"], name="mp_new")),
    "a new constraint": migrations.AddConstraint(
        "payment", models.CheckConstraint(name="mp_new", condition=models.Q(amount__gt=0))
    ),
    "a backfill in one transaction": migrations.RunPython(migrations.RunPython.noop),
    "an index in a transaction": AddIndexOnline("payment", models.Index(fields=["amount"], name="mp_new")),
    "bare SQL": migrations.RunSQL("SELECT 1"),
}

RIGHT: dict[str, Any] = {
    "an empty column": migrations.AddField("payment", "new", models.IntegerField(null=True)),
    "a column that the database fills": migrations.AddField("payment", "new", models.IntegerField(db_default=0)),
    "another name for people": migrations.AlterField(
        "payment", "provider_ref", models.CharField("reference", max_length=255)
    ),
}


@pytest.mark.parametrize("operation", WRONG.values(), ids=WRONG)
def test_what_the_previous_release_can_not_live_with_is_found(operation: Any) -> None:
    assert len(list(problems_of(operation))) == 1


@pytest.mark.parametrize("operation", RIGHT.values(), ids=RIGHT)
def test_additions_are_fine(operation: Any) -> None:
    assert list(problems_of(operation)) == []


def problems_of(operation: Any) -> Iterator[str]:
    migration = migrations.Migration("9999_made_up", APP)
    migration.operations = [operation]
    return problems(migration, MigrationLoader(None).project_state())
