"""The titles of events in the timeline."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from medusa_payments.services.events import EventName

TITLES: dict[str, Any] = {
    EventName.COLLECTION_CREATED: _("Payment collection created"),
    EventName.COLLECTION_UPDATED: _("Payment collection updated"),
    EventName.COLLECTION_DELETED: _("Payment collection deleted"),
    EventName.SESSION_INITIATED: _("Session initiated"),
    EventName.SESSION_UPDATED: _("Session updated"),
    EventName.SESSION_REPLACED: _("Session replaced"),
    EventName.SESSION_CANCELED: _("Session canceled"),
    EventName.PAYMENT_AUTHORIZED: _("Payment authorized"),
    EventName.PAYMENT_CAPTURED: _("Payment captured"),
    EventName.PAYMENT_REFUNDED: _("Payment refunded"),
    EventName.PAYMENT_CANCELED: _("Payment canceled"),
    EventName.COLLECTION_FAILED: _("Order failed"),
    EventName.COLLECTION_CANCELED: _("Payment collection canceled"),
    EventName.REFUND_ACCEPTED: _("Refund accepted, outcome reported later"),
    EventName.REFUND_FAILED: _("Refund failed"),
    EventName.PAYMENT_RELEASED: _("Released by the provider"),
    EventName.PAYMENT_AMOUNT_RAISED: _("Authorized amount raised"),
    EventName.PAYMENT_FROZEN: _("Payment frozen"),
    EventName.PAYMENT_UNFROZEN: _("Payment unfrozen"),
    EventName.DISCREPANCY_FOUND: _("Discrepancy found"),
    EventName.MONEY_KEPT: _("Kept money that doesn't fit the cart"),
    EventName.AUTHORIZATION_EXPIRING: _("Authorization expires soon"),
    EventName.AUTHORIZATION_EXPIRED: _("Authorization expired"),
    EventName.DISPUTE_OPENED: _("Dispute opened"),
    EventName.DISPUTE_UPDATED: _("Dispute updated"),
    EventName.DISPUTE_WON: _("Dispute won"),
    EventName.DISPUTE_LOST: _("Dispute lost"),
    EventName.DISPUTE_CLOSED: _("Dispute closed"),
    EventName.DISPUTE_EVIDENCE_DUE: _("Evidence for a dispute is due soon"),
    EventName.OPERATION_DECIDED: _("Decided by staff"),
    EventName.OPERATION_NEEDS_PERSON: _("Needs staff"),
    EventName.OPERATION_REFUSED: _("Refused by the provider"),
    EventName.OPERATION_NOT_EXECUTED: _("Not executed"),
    EventName.OPERATION_UNKNOWN: _("Outcome unknown"),
}
