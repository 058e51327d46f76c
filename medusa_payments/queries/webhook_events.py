"""Reading the webhook inbox."""

from medusa_payments.models import WebhookEvent
from medusa_payments.queries.primary import primary
from medusa_payments.states import WebhookStatus


def replayable_ids() -> list[str]:
    """Return the ids of all events that are about a payment, oldest first."""
    about_payments = primary(WebhookEvent).exclude(provider_ref="", session_id="")
    ours = about_payments.exclude(status=WebhookStatus.FOREIGN.value)
    return list(ours.order_by("received_at", "id").values_list("pk", flat=True))
