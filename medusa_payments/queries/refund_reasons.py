"""The refund reasons that can be chosen."""

from django.db.models import QuerySet

from medusa_payments.exceptions import NotFound
from medusa_payments.models import RefundReason
from medusa_payments.queries.primary import primary


def listed() -> QuerySet[RefundReason]:
    """Return the reasons that aren't deleted, unordered."""
    return primary(RefundReason).filter(deleted_at__isnull=True)


def existing(refund_reason_id: str) -> RefundReason:
    """Return a reason. Raises `NotFound` for an unknown or deleted one."""
    reason = listed().filter(pk=refund_reason_id).first()
    if reason is None:
        raise NotFound(f'RefundReason with id "{refund_reason_id}" not found')
    return reason
