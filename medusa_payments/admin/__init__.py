"""Django admin: the history of a customer's money, and the forms that move it.

To change a page, a shop subclasses its class, unregisters the model and registers the subclass.
"""

from medusa_payments.admin.pages.account_holder import AccountHolderAdmin
from medusa_payments.admin.pages.dispute import DisputeAdmin
from medusa_payments.admin.pages.events import EventAdmin, EventDeliveryAdmin
from medusa_payments.admin.pages.keys import PublishableKeyAdmin, SecretKeyAdmin
from medusa_payments.admin.pages.ledger import CaptureAdmin, RefundReversalAdmin, ReleaseAdmin
from medusa_payments.admin.pages.operation import DebtAdmin, OperationAdmin
from medusa_payments.admin.pages.payment import PaymentAdmin
from medusa_payments.admin.pages.payment_collection import PaymentCollectionAdmin
from medusa_payments.admin.pages.payment_session import PaymentSessionAdmin
from medusa_payments.admin.pages.refund import RefundAdmin
from medusa_payments.admin.pages.refund_reason import RefundReasonAdmin
from medusa_payments.admin.pages.webhooks import WebhookEventAdmin, WebhookRefusalAdmin
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
    "ReleaseAdmin",
    "SecretKeyAdmin",
    "WebhookEventAdmin",
    "WebhookRefusalAdmin",
]
