"""Signals a host may connect to, sent after the commit of the change, by the process that made it.

Every receiver gets `event_id`, `payment_collection_id` and `data`, whose keys docs/reference.md lists for each signal
(amounts in minor units). A receiver that raises is logged and never undoes or blocks a payment.
"""

from django.dispatch import Signal

payment_collection_created = Signal()
payment_collection_updated = Signal()
payment_collection_deleted = Signal()
payment_session_initiated = Signal()
payment_session_updated = Signal()
payment_session_replaced = Signal()
payment_session_canceled = Signal()
payment_authorized = Signal()
payment_captured = Signal()
payment_refunded = Signal()
payment_canceled = Signal()
payment_collection_failed = Signal()
payment_collection_canceled = Signal()
payment_released = Signal()
payment_frozen = Signal()
refund_failed = Signal()
authorization_expiring = Signal()
authorization_expired = Signal()
dispute_opened = Signal()
dispute_updated = Signal()
dispute_won = Signal()
dispute_lost = Signal()
dispute_closed = Signal()
dispute_evidence_due = Signal()
operation_needs_person = Signal()
