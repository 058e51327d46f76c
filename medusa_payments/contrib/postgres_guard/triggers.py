"""The triggers, as SQL. Each table keeps what was written into it; a few columns may still change."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import models

from medusa_payments.models import (
    Capture,
    Event,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
    RefundReversal,
)

FUNCTION = "medusa_payments_guard"

REFUSED = "23001"
"""SQLSTATE restrict_violation: Django raises it as `IntegrityError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What is refused on a table. `mutable` columns may change; without any, None means that every column may."""

    model: type[models.Model]
    mutable: frozenset[str] | None = frozenset()

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

DROP_FUNCTION = f"DROP FUNCTION IF EXISTS {FUNCTION}() CASCADE;"


def create() -> Iterator[str]:
    """Yield the statements that put the guard in place."""
    yield CREATE_FUNCTION
    for guard in GUARDS:
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


def drop() -> Iterator[str]:
    """Yield the statements that take it away again."""
    yield DROP_FUNCTION
