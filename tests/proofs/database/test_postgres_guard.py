"""The opt-in guard: what was written down stays, whoever asks."""

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.db import IntegrityError, connection, models, transaction

from medusa_payments.contrib.postgres_guard import triggers
from medusa_payments.contrib.postgres_guard.checks import check_engine
from medusa_payments.core.upkeep import retention
from medusa_payments.models import Capture, Event, Operation, Payment, Refund, RefundReversal, Release
from medusa_payments.services import captures, refunds
from tests.proofs.database.conftest import make_rows
from tests.proofs.database.guarantees import GUARDED, Rows
from tests.till import Till

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

LEDGER = [Capture, Refund, RefundReversal, Release, Event]


@pytest.fixture(autouse=True)
def guard(db: None) -> Iterator[None]:
    """The triggers, as the app's migration makes them; gone again with the test's transaction."""
    migrate("code")
    yield
    migrate("reverse_code")


def migrate(direction: str) -> None:
    """Run the app's migrations, forwards or backwards."""
    names = ("0001_triggers", "0002_disputes", "0003_releases")
    for name in names if direction == "code" else reversed(names):
        (operation,) = import_module(f"medusa_payments.contrib.postgres_guard.migrations.{name}").Migration.operations
        with connection.schema_editor(atomic=False) as schema_editor:
            getattr(operation, direction)(apps, schema_editor)


@pytest.fixture
def rows() -> Rows:
    made = make_rows()
    with connection.cursor() as cursor:
        # What is checked at the end of the transaction only would keep a TRUNCATE from even being tried.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return made


def refused(statement: str, *parameters: Any) -> None:
    with pytest.raises(IntegrityError, match="postgres_guard"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def test_every_guarded_table_is_in_the_docs() -> None:
    assert {guard.model.__name__ for guard in triggers.GUARDS} == set(GUARDED)


@pytest.mark.parametrize("name", GUARDED)
def test_nothing_is_deleted(rows: Rows, name: str) -> None:
    model = apps.get_model("medusa_payments", name)
    refused(f'DELETE FROM "{model._meta.db_table}" WHERE "id" = %s', rows[model].pk)
    refused(f'TRUNCATE "{model._meta.db_table}" CASCADE')


@pytest.mark.parametrize("model", LEDGER)
def test_nothing_is_changed(rows: Rows, model: type[models.Model]) -> None:
    mutable = next(guard.mutable for guard in triggers.GUARDS if guard.model is model)
    for field in model._meta.concrete_fields:
        is_kept = field.attname not in (mutable or ()) and not field.primary_key
        if is_kept and getattr(rows[model], field.attname) is not None:
            refused(f'UPDATE "{model._meta.db_table}" SET "{field.column}" = NULL WHERE "id" = %s', rows[model].pk)


def test_a_shops_own_metadata_may_change(rows: Rows) -> None:
    assert Capture.objects.filter(pk=rows[Capture].pk).update(metadata={"invoice": 7}) == 1


def test_payments_go_on_as_ever(till: Till, settings: Any) -> None:
    payment = till.captured()
    refunds.refund(payment_id=payment.pk)
    assert captures.capture(payment_id=payment.pk).refunded_amount == 10000
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"RETENTION_DAYS": 0}
    Operation.objects.update(settled_at=payment.created_at - timedelta(days=2))
    assert retention.erase_due().done > 0
    assert Payment.objects.count() == 1


def test_it_can_be_taken_away_again(rows: Rows) -> None:
    migrate("reverse_code")
    assert Event.objects.filter(pk=rows[Event].pk).update(name="changed") == 1


def test_the_check_is_content_with_postgresql() -> None:
    assert check_engine() == []
    assert not [found for found in run_checks() if str(found.id).startswith("postgres_guard")]
