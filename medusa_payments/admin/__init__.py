"""What happened to a customer's money, and the forms that move it, in Django admin.

A shop that wants a page otherwise subclasses its class, unregisters the model and registers the subclass.
"""

from medusa_payments.admin.pages.account_holder import AccountHolderAdmin
from medusa_payments.admin.pages.capture import CaptureAdmin
from medusa_payments.admin.pages.debt import DebtAdmin
from medusa_payments.admin.pages.dispute import DisputeAdmin
from medusa_payments.admin.pages.event import EventAdmin
from medusa_payments.admin.pages.event_delivery import EventDeliveryAdmin
from medusa_payments.admin.pages.operation import OperationAdmin
from medusa_payments.admin.pages.payment import PaymentAdmin
from medusa_payments.admin.pages.payment_collection import PaymentCollectionAdmin
from medusa_payments.admin.pages.payment_session import PaymentSessionAdmin
from medusa_payments.admin.pages.publishable_key import PublishableKeyAdmin
from medusa_payments.admin.pages.refund import RefundAdmin
from medusa_payments.admin.pages.refund_reason import RefundReasonAdmin
from medusa_payments.admin.pages.refund_reversal import RefundReversalAdmin
from medusa_payments.admin.pages.secret_key import SecretKeyAdmin
from medusa_payments.admin.pages.webhook_event import WebhookEventAdmin
from medusa_payments.admin.pages.webhook_refusal import WebhookRefusalAdmin
from medusa_payments.admin.parts.read_only import ReadOnlyAdmin

__all__ = [
    "AccountHolderAdmin",
    "CaptureAdmin",
    "DebtAdmin",
    "DisputeAdmin",
    "EventAdmin",
    "EventDeliveryAdmin",
    "OperationAdmin",
    "PaymentAdmin",
    "PaymentCollectionAdmin",
    "PaymentSessionAdmin",
    "PublishableKeyAdmin",
    "ReadOnlyAdmin",
    "RefundAdmin",
    "RefundReasonAdmin",
    "RefundReversalAdmin",
    "SecretKeyAdmin",
    "WebhookEventAdmin",
    "WebhookRefusalAdmin",
]
