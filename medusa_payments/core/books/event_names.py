"""What can happen to a collection, and the signal that tells the host of it."""

from enum import StrEnum

from django.dispatch import Signal

from medusa_payments import signals


class EventName(StrEnum):
    COLLECTION_CREATED = "payment_collection.created"
    COLLECTION_UPDATED = "payment_collection.updated"
    SESSION_INITIATED = "payment_session.initiated"
    SESSION_UPDATED = "payment_session.updated"
    SESSION_REPLACED = "payment_session.replaced"
    SESSION_CANCELED = "payment_session.canceled"
    PAYMENT_AUTHORIZED = "payment.authorized"
    PAYMENT_CAPTURED = "payment.captured"
    PAYMENT_REFUNDED = "payment.refunded"
    PAYMENT_CANCELED = "payment.canceled"
    COLLECTION_DELETED = "payment_collection.deleted"
    COLLECTION_FAILED = "payment_collection.failed"
    COLLECTION_CANCELED = "payment_collection.canceled"
    REFUND_ACCEPTED = "refund.accepted"
    REFUND_FAILED = "refund.failed"
    PAYMENT_RELEASED = "payment.released"
    PAYMENT_AMOUNT_RAISED = "payment.amount_raised"
    PAYMENT_FROZEN = "payment.frozen"
    PAYMENT_UNFROZEN = "payment.unfrozen"
    DISCREPANCY_FOUND = "payment_collection.discrepancy"
    MONEY_KEPT = "payment_collection.money_kept"
    AUTHORIZATION_EXPIRING = "payment.authorization_expiring"
    AUTHORIZATION_EXPIRED = "payment.authorization_expired"
    DISPUTE_OPENED = "dispute.opened"
    DISPUTE_UPDATED = "dispute.updated"
    DISPUTE_WON = "dispute.won"
    DISPUTE_LOST = "dispute.lost"
    DISPUTE_CLOSED = "dispute.closed"
    DISPUTE_EVIDENCE_DUE = "dispute.evidence_due"
    OPERATION_DECIDED = "operation.decided"
    OPERATION_NEEDS_PERSON = "operation.needs_person"
    OPERATION_REFUSED = "operation.refused"
    OPERATION_NOT_EXECUTED = "operation.not_executed"
    OPERATION_UNKNOWN = "operation.unknown"


_SIGNALS: dict[EventName, Signal] = {
    EventName.COLLECTION_CREATED: signals.payment_collection_created,
    EventName.COLLECTION_UPDATED: signals.payment_collection_updated,
    EventName.SESSION_INITIATED: signals.payment_session_initiated,
    EventName.SESSION_UPDATED: signals.payment_session_updated,
    EventName.SESSION_REPLACED: signals.payment_session_replaced,
    EventName.SESSION_CANCELED: signals.payment_session_canceled,
    EventName.PAYMENT_AUTHORIZED: signals.payment_authorized,
    EventName.PAYMENT_CAPTURED: signals.payment_captured,
    EventName.PAYMENT_REFUNDED: signals.payment_refunded,
    EventName.PAYMENT_CANCELED: signals.payment_canceled,
    EventName.COLLECTION_DELETED: signals.payment_collection_deleted,
    EventName.COLLECTION_FAILED: signals.payment_collection_failed,
    EventName.COLLECTION_CANCELED: signals.payment_collection_canceled,
    EventName.REFUND_FAILED: signals.refund_failed,
    EventName.PAYMENT_RELEASED: signals.payment_released,
    EventName.PAYMENT_FROZEN: signals.payment_frozen,
    EventName.AUTHORIZATION_EXPIRING: signals.authorization_expiring,
    EventName.AUTHORIZATION_EXPIRED: signals.authorization_expired,
    EventName.DISPUTE_OPENED: signals.dispute_opened,
    EventName.DISPUTE_UPDATED: signals.dispute_updated,
    EventName.DISPUTE_WON: signals.dispute_won,
    EventName.DISPUTE_LOST: signals.dispute_lost,
    EventName.DISPUTE_CLOSED: signals.dispute_closed,
    EventName.DISPUTE_EVIDENCE_DUE: signals.dispute_evidence_due,
    EventName.OPERATION_NEEDS_PERSON: signals.operation_needs_person,
}


def signal_of(name: str) -> Signal | None:
    """Return the signal that tells of an event; None for one that is for the audit trail only."""
    return _SIGNALS.get(EventName(name)) if name in set(EventName) else None
