"""Operations for migrations that run while the previous release serves.

Such a migration says `atomic = False`: an index that is built concurrently, and a batch that is committed on its own,
can't be inside of one transaction. Killed in between, `migrate` goes on where it was.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import NotSupportedError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddIndex, RemoveIndex, RunPython
from django.db.migrations.state import ProjectState
from django.db.models import QuerySet

LOCK_TIMEOUT = "30s"
"""The longest that building an index waits for others. Nobody waits for it meanwhile; after that `migrate` fails, and
can be run again.
"""

BATCH = 500

_IS_VALID = """
SELECT indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE relname = %s AND pg_table_is_visible(pg_class.oid)
"""


class AddIndexOnline(AddIndex):
    """Add an index: on PostgreSQL CONCURRENTLY and with a lock timeout, elsewhere in the usual way.

    What an earlier attempt left is taken care of: an invalid index is dropped and built anew, a valid one stays.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        connection = schema_editor.connection
        model = to_state.apps.get_model(app_label, self.model_name)
        if connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(connection.alias, model):
            with _lock_timeout(connection):
                is_valid = _is_valid(connection, self.index.name)
                if is_valid is False:
                    _drop(schema_editor, self.index.name)
                if not is_valid:
                    schema_editor.add_index(model, self.index, concurrently=True)  # type: ignore[call-arg]

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(
            schema_editor.connection.alias, from_state.apps.get_model(app_label, self.model_name)
        ):
            with _lock_timeout(schema_editor.connection):
                _drop(schema_editor, self.index.name)


class RemoveIndexOnline(RemoveIndex):
    """Remove an index that no release needs: on PostgreSQL CONCURRENTLY and with a lock timeout."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(
            schema_editor.connection.alias, from_state.apps.get_model(app_label, self.model_name)
        ):
            with _lock_timeout(schema_editor.connection):
                _drop(schema_editor, self.name)


class Backfill(RunPython):
    """Fill rows that the previous release wrote, in batches that are committed one by one.

    `rows(apps)` returns those that are still to be filled, so that an interrupted run goes on with the rest;
    `fill(apps, using, batch)` fills some of them. Nothing is undone backwards.
    """

    def __init__(
        self,
        rows: Callable[[Any], QuerySet[Any]],
        fill: Callable[[Any, str, list[Any]], None],
        *,
        size: int = BATCH,
    ) -> None:
        self.rows, self.fill, self.size = rows, fill, size
        super().__init__(self._run, RunPython.noop, atomic=False)

    def deconstruct(self) -> Any:
        return self.__class__.__name__, [self.rows, self.fill], {"size": self.size}

    def _run(self, apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        _refuse_transaction(schema_editor.connection)
        using = schema_editor.connection.alias
        left, last = self.rows(apps).using(using).order_by("pk"), None
        # By key, so that a row which `fill` leaves as it was is not met again.
        while batch := list((left if last is None else left.filter(pk__gt=last))[: self.size]):
            with transaction.atomic(using=using):  # noqa: TID251 -- a migration has no service to call
                self.fill(apps, using, batch)
            last = batch[-1].pk


@contextmanager
def _lock_timeout(connection: BaseDatabaseWrapper) -> Iterator[None]:
    _refuse_transaction(connection)
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        (before,) = cursor.fetchone() or ("0",)
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
        try:
            yield
        finally:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [before])


def _refuse_transaction(connection: BaseDatabaseWrapper) -> None:
    if connection.in_atomic_block:
        raise NotSupportedError("This migration needs `atomic = False`: it works while the shop is open.")


def _is_valid(connection: BaseDatabaseWrapper, name: str) -> bool | None:
    """Return whether an index is whole; None for one that isn't there."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_VALID, [name])
        found = cursor.fetchone()
    return None if found is None else bool(found[0])


def _drop(schema_editor: BaseDatabaseSchemaEditor, name: str) -> None:
    schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(name)}")
