"""The triggers, as SQL. Each table keeps what was written into it; a few columns may still change."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from medusa_payments.models import (
    Capture,
    Dispute,
    Event,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
    RefundReversal,
    Release,
)

FUNCTION = "medusa_payments_guard"

REFUSED = "23001"
"""SQLSTATE restrict_violation: Django raises it as `IntegrityError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What is refused on a table. `mutable` columns may change; without any, None means that every column may.

    `migration` is the number of the one that puts it in place, once its table exists.
    """

    model: type[models.Model]
    mutable: frozenset[str] | None = frozenset()
    migration: int = 1

    @property
    def table(self) -> str:
        return self.model._meta.db_table


GUARDS = (
    Guard(model=Capture, mutable=frozenset({"metadata"})),
    Guard(model=Refund, mutable=frozenset({"metadata"})),
    Guard(model=RefundReversal),
    Guard(model=Event),
    Guard(model=Operation, mutable=None),
    Guard(model=Payment, mutable=None),
    Guard(model=PaymentSession, mutable=None),
    Guard(model=PaymentCollection, mutable=None),
    Guard(model=Dispute, mutable=None, migration=2),
    Guard(model=Release, migration=3),
)

CREATE_FUNCTION = f"""
CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (to_jsonb(NEW) - string_to_array(TG_ARGV[0], ',')) = (to_jsonb(OLD) - string_to_array(TG_ARGV[0], ',')) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'postgres_guard: % of % is refused; what was written down stays', TG_OP, TG_TABLE_NAME
        USING ERRCODE = '{REFUSED}';
END $$;
"""


def create(migration: int) -> Iterator[str]:
    """Yield the statements that put the guards of one migration in place."""
    yield CREATE_FUNCTION
    for guard in _guards(migration):
        events = "DELETE" if guard.mutable is None else "UPDATE OR DELETE"
        columns = ",".join(sorted(guard.mutable or ()))
        yield (
            f'CREATE TRIGGER {FUNCTION}_rows BEFORE {events} ON "{guard.table}" '
            f"FOR EACH ROW EXECUTE FUNCTION {FUNCTION}('{columns}');"
        )
        yield (
            f'CREATE TRIGGER {FUNCTION}_truncate BEFORE TRUNCATE ON "{guard.table}" '
            f"FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}('');"
        )


def drop(migration: int) -> Iterator[str]:
    """Yield the statements that take them away again."""
    for guard in _guards(migration):
        for trigger in ("rows", "truncate"):
            yield f'DROP TRIGGER IF EXISTS {FUNCTION}_{trigger} ON "{guard.table}";'
    if migration == 1:
        yield f"DROP FUNCTION IF EXISTS {FUNCTION}();"


def run(
    statements: Callable[[int], Iterator[str]], migration: int
) -> Callable[[StateApps, BaseDatabaseSchemaEditor], None]:
    """Return what a migration runs; nothing on another engine, or where the tables are in another database."""

    def execute(_: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        connection = schema_editor.connection
        has_tables = PaymentCollection._meta.db_table in connection.introspection.table_names()
        if connection.vendor == "postgresql" and has_tables:
            for statement in statements(migration):
                schema_editor.execute(statement, params=None)

    return execute


def _guards(migration: int) -> Iterator[Guard]:
    return (guard for guard in GUARDS if guard.migration == migration)
