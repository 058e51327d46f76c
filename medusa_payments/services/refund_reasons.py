"""Why money is given back."""

from medusa_payments.models import RefundReason
from medusa_payments.queries.primary import primary


def create(*, label: str, code: str, description: str | None = None) -> RefundReason:
    """Return the live refund reason with this code, created when there is none."""
    reason, _ = primary(RefundReason).get_or_create(
        live_code=code, defaults={"code": code, "label": label, "description": description}
    )
    return reason
