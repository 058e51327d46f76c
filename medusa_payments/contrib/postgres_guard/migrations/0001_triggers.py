from collections.abc import Callable, Iterator

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from medusa_payments.contrib.postgres_guard import triggers
from medusa_payments.models import PaymentCollection


def _on_postgresql(statements: Callable[[], Iterator[str]]) -> Callable[[StateApps, BaseDatabaseSchemaEditor], None]:
    def run(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        connection = schema_editor.connection
        if connection.vendor == "postgresql" and PaymentCollection._meta.db_table in connection.introspection.table_names():
            for statement in statements():
                schema_editor.execute(statement, params=None)

    return run


class Migration(migrations.Migration):
    dependencies = [("medusa_payments", "0002_exactly_once")]

    operations = [migrations.RunPython(_on_postgresql(triggers.create), _on_postgresql(triggers.drop))]
