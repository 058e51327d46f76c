"""Refund reasons."""

from medusa_payments.api.documents.keys import record, text, time
from medusa_payments.api.documents.sample import REASON_CREATED_AT, REFUND_REASON_ID
from medusa_payments.api.documents.shape import Shape

REFUND_REASON = Shape(
    "RefundReason",
    text("id", REFUND_REASON_ID),
    text("label", "Shipping issue"),
    text("code", "shipping_issue"),
    text("description", "The parcel was lost, late or broken.", allow_null=True),
    record("metadata", None, allow_null=True),
    time("created_at", REASON_CREATED_AT),
    time("updated_at", REASON_CREATED_AT),
    time("deleted_at", None, allow_null=True),
)
