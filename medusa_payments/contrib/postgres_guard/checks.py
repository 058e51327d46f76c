"""The guard's own system check."""

from typing import Any

from django.core.checks import CheckMessage, Warning, register
from django.db import connections, router

from medusa_payments.models import PaymentCollection


@register("postgres_guard")
def check_engine(**_: Any) -> list[CheckMessage]:
    """`postgres_guard.W001`: the guard is installed, and the payments are in another kind of database."""
    connection = connections[router.db_for_write(PaymentCollection)]
    if connection.vendor == "postgresql":
        return []
    return [
        Warning(
            f"postgres_guard guards nothing: DATABASES['{connection.alias}'] is {connection.vendor}.",
            hint="Keep the payments in PostgreSQL, or take the app out of INSTALLED_APPS.",
            id="postgres_guard.W001",
        )
    ]
