"""What is open at providers that can't be asked any more: read from the database, so only with `--database`."""

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import DatabaseError, router
from django.db.models import Count

from medusa_payments.conf import payments_settings
from medusa_payments.models import Operation
from medusa_payments.states import OperationStatus


@register(Tags.database)
def check_open_operations(*, databases: Iterable[str] | None = None, **_: Any) -> list[CheckMessage]:
    """`medusa_payments.W010`: operations are open whose provider isn't configured any more."""
    if router.db_for_read(Operation) not in (databases or ()):
        return []
    still_open = [OperationStatus.OPEN.value, OperationStatus.ACCEPTED.value]
    counted = Operation._default_manager.filter(status__in=still_open).values("provider_id").annotate(count=Count("pk"))
    try:
        missing = list(counted.exclude(provider_id__in=payments_settings.PROVIDERS))
    except DatabaseError:  # The tables are about to be made.
        return []
    return [
        Warning(
            f"{row['count']} operations of payment provider {row['provider_id']} are open, and it isn't configured.",
            hint="Configure it again until they are resolved, or decide about them in Django admin.",
            id="medusa_payments.W010",
        )
        for row in missing
    ]
