"""What happened to a customer's money, and the forms that move it, in Django admin.

A shop that wants a page otherwise subclasses its class, unregisters the model and registers the subclass.
"""

from medusa_payments.admin.account_holder import AccountHolderAdmin
from medusa_payments.admin.capture import CaptureAdmin
from medusa_payments.admin.debt import DebtAdmin
from medusa_payments.admin.dispute import DisputeAdmin
from medusa_payments.admin.event import EventAdmin
from medusa_payments.admin.event_delivery import EventDeliveryAdmin
from medusa_payments.admin.operation import OperationAdmin
from medusa_payments.admin.payment import PaymentAdmin
from medusa_payments.admin.payment_collection import PaymentCollectionAdmin
from medusa_payments.admin.payment_session import PaymentSessionAdmin
from medusa_payments.admin.publishable_key import PublishableKeyAdmin
from medusa_payments.admin.read_only import ReadOnlyAdmin
from medusa_payments.admin.refund import RefundAdmin
from medusa_payments.admin.refund_reason import RefundReasonAdmin
from medusa_payments.admin.refund_reversal import RefundReversalAdmin
from medusa_payments.admin.release import ReleaseAdmin
from medusa_payments.admin.secret_key import SecretKeyAdmin
from medusa_payments.admin.webhook_event import WebhookEventAdmin
from medusa_payments.admin.webhook_refusal import WebhookRefusalAdmin

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
    "ReleaseAdmin",
    "SecretKeyAdmin",
    "WebhookEventAdmin",
    "WebhookRefusalAdmin",
]
