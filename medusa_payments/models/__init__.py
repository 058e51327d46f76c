"""The tables. Rules live in `services` and `core`; database constraints here hold what must never break."""

from medusa_payments.models.account_holder import AccountHolder
from medusa_payments.models.capture import Capture
from medusa_payments.models.debt import Debt
from medusa_payments.models.dispute import Dispute
from medusa_payments.models.event import Event
from medusa_payments.models.event_delivery import EventDelivery
from medusa_payments.models.operation import Operation
from medusa_payments.models.payment import Payment
from medusa_payments.models.payment_collection import PaymentCollection
from medusa_payments.models.payment_session import PaymentSession
from medusa_payments.models.publishable_key import PublishableKey
from medusa_payments.models.refund import Refund
from medusa_payments.models.refund_reason import RefundReason
from medusa_payments.models.refund_reversal import RefundReversal
from medusa_payments.models.release import Release
from medusa_payments.models.secret_key import SecretKey
from medusa_payments.models.webhook_event import WebhookEvent
from medusa_payments.models.webhook_refusal import WebhookRefusal

__all__ = [
    "AccountHolder",
    "Capture",
    "Debt",
    "Dispute",
    "Event",
    "EventDelivery",
    "Operation",
    "Payment",
    "PaymentCollection",
    "PaymentSession",
    "PublishableKey",
    "Refund",
    "RefundReason",
    "RefundReversal",
    "Release",
    "SecretKey",
    "WebhookEvent",
    "WebhookRefusal",
]
