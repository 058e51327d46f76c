"""Every constraint of every model is attacked, and the table in the docs says what came of it."""

from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from medusa_payments.models import Event, Operation, Payment, PaymentCollection
from tests.proofs.database import guarantees
from tests.proofs.database.conftest import make_rows
from tests.proofs.database.guarantees import CHECKS, UNIQUE, Guarantee, Rows

PAGE = Path(__file__).resolve().parents[3] / "docs" / "guarantees.md"

KEYS = list(guarantees.unique_keys())

pytestmark = pytest.mark.django_db


def execute(statement: str, parameters: list[Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        connection.check_constraints()


def test_every_constraint_is_attacked() -> None:
    assert sorted(guarantees.constraints()) == sorted((check.model, check.constraint) for check in CHECKS)
    assert {name for name, _, _ in KEYS} == set(UNIQUE)


@pytest.mark.parametrize("guarantee", CHECKS, ids=lambda guarantee: guarantee.constraint)
def test_checks(rows: Rows, guarantee: Guarantee) -> None:
    model, row = guarantee.model_class, rows[guarantee.model_class]
    table = model._meta.db_table
    # A row can break two rules at once; the engines don't agree on which one they name.
    rule = "_".join(guarantee.constraint.split("_")[:2])
    for values in guarantee.refused:
        assignments = ", ".join(f'"{column}" = %s' for column in values)
        with pytest.raises(IntegrityError, match=rule):
            execute(f'UPDATE "{table}" SET {assignments} WHERE "id" = %s', [*values.values(), row.pk])
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            model._default_manager.filter(pk=row.pk).update(**values)
        with pytest.raises(IntegrityError), transaction.atomic():
            model._default_manager.bulk_create([copy_of(row, **values)])


@pytest.mark.parametrize(("name", "model", "columns"), KEYS, ids=[name for name, _, _ in KEYS])
def test_keys(rows: Rows, name: str, model: type[models.Model], columns: tuple[str, ...]) -> None:
    """Another row gets the same key, by one statement and by `update()`."""
    other = make_rows("b")[model]
    if columns == ("open_slot",):
        Operation.objects.update(status="open", settled_at=None)
        Operation.objects.filter(pk=rows[model].pk).update(open_slot="slot")
        rows[model].refresh_from_db()
        other.refresh_from_db()
    values = {column: getattr(rows[model], column) for column in columns}
    assert None not in values.values()
    pk = model._meta.pk.attname
    if pk not in columns:
        with pytest.raises(IntegrityError), transaction.atomic():
            model._default_manager.filter(pk=other.pk).update(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        model._default_manager.bulk_create([copy_of(other, **values)])


def copy_of(row: models.Model, **values: Any) -> models.Model:
    """A new row like another one, whose own keys don't clash with it."""
    made = type(row)(**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields})
    if made._meta.pk.remote_field is None:
        made.pk = None if isinstance(made._meta.pk, models.AutoField) else f"{row.pk}_copy"
    for field in row._meta.concrete_fields:
        if field.unique and field.null:
            setattr(made, field.attname, None)
    for column, value in values.items():
        setattr(made, column, value)
    return made


@pytest.mark.parametrize("model", [PaymentCollection, Payment])
def test_what_is_referred_to_is_not_deleted(rows: Rows, model: type[models.Model]) -> None:
    with pytest.raises(IntegrityError):
        execute(f'DELETE FROM "{model._meta.db_table}" WHERE "id" = %s', [rows[model].pk])


@pytest.mark.postgres
@pytest.mark.parametrize("amount", ["'x'", "'1.5'"])
def test_postgresql_takes_only_whole_numbers(rows: Rows, amount: str) -> None:
    with pytest.raises(DatabaseError):
        execute(f'UPDATE "{Payment._meta.db_table}" SET "amount" = {amount} WHERE "id" = %s', [rows[Payment].pk])


def test_without_the_guard_an_event_can_be_changed(rows: Rows) -> None:
    """What the table says is possible, is: else the table would be wrong."""
    assert Event.objects.filter(pk=rows[Event].pk).update(name="changed") == 1


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == guarantees.table()
