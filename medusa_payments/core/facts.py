"""Reads what the rules of `core.policy` are asked about off a collection's rows, each kind of them once."""

from datetime import datetime
from functools import cached_property

from medusa_payments.core.policy.facts import DisputeFacts, PaymentFacts, Refusal, SessionFacts
from medusa_payments.core.policy.surplus import CollectionFacts, MoneyFacts
from medusa_payments.core.saga import workers
from medusa_payments.models import Dispute, Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.queries.primary import primary
from medusa_payments.states import (
    ANSWERABLE_STATES,
    DisputeState,
    ExpiryPolicy,
    OperationKind,
    OperationStatus,
    SessionStatus,
    UndoPolicy,
)


class Rows:
    """A collection's sessions, payments, operations and disputes: each read once, when first asked for."""

    def __init__(self, collection: PaymentCollection) -> None:
        self.collection = collection

    @cached_property
    def sessions(self) -> list[PaymentSession]:
        """All sessions, live or not, with their payments, oldest first (one statement for both)."""
        found = primary(PaymentSession).filter(payment_collection=self.collection)
        return list(found.select_related("payment").order_by("created_at", "id"))

    @cached_property
    def payments(self) -> list[Payment]:
        return [session.payment for session in self.sessions if hasattr(session, "payment")]

    @cached_property
    def operations(self) -> list[Operation]:
        """All operations without their requests, oldest first; refunds with what became of them."""
        found = primary(Operation).filter(payment_collection=self.collection).defer("request")
        return list(found.select_related("refund__reversal").order_by("id")) if self.sessions else []

    @cached_property
    def disputes(self) -> list[Dispute]:
        found = primary(Dispute).filter(payment__in=self.payments)
        return list(found.order_by("created_at", "id")) if self.payments else []

    def session(self, payment_session_id: str) -> PaymentSession:
        return next(session for session in self.sessions if session.pk == payment_session_id)

    def payment(self, payment_id: str) -> Payment:
        return next(payment for payment in self.payments if payment.pk == payment_id)

    def dispute(self, dispute_id: str) -> Dispute:
        return next(dispute for dispute in self.disputes if dispute.pk == dispute_id)

    def operations_on(self, session: PaymentSession) -> list[Operation]:
        return [operation for operation in self.operations if operation.payment_session_id == session.pk]

    def awaits_others(self, session: PaymentSession) -> bool:
        """Say whether a session that isn't live is part of a set that may still come to be."""
        own = [each for each in self.operations_on(session) if each.kind == OperationKind.INITIATE]
        if not own or "plan" not in own[0].intent:
            return False
        plan, together = own[0].intent["plan"], own[0].intent["set"]
        of_set = [each for each in self.operations if each.payment_session_id in plan]
        return any(each.is_open and each.open_slot for each in of_set if each.intent.get("set") == together)


def collection_facts(collection: PaymentCollection) -> CollectionFacts:
    """Return what is to be paid, and the totals of its payments as they are counted in memory."""
    return CollectionFacts(
        amount=collection.amount,
        currency_code=collection.currency_code,
        authorized=collection.authorized_amount,
        captured=collection.captured_amount,
        is_deleted=collection.deleted_at is not None,
        is_canceled=collection.canceled_at is not None,
        has_failed=collection.failed_at is not None,
        on_failure=UndoPolicy(collection.on_failure),
    )


def session_facts(
    rows: Rows, session: PaymentSession, *, payment: PaymentFacts | None = None, is_watchable: bool = False
) -> SessionFacts:
    """Return what is known of a session, and of what was tried with its object."""
    cancels = [each.status for each in rows.operations_on(session) if each.kind == OperationKind.CANCEL]
    return SessionFacts(
        session_id=session.pk,
        updated_at=session.updated_at,
        is_live=session.slot is not None,
        has_object=session.provider_ref is not None,
        is_canceled=session.status == SessionStatus.CANCELED,
        is_being_canceled=OperationStatus.OPEN in cancels,
        cancel_was_refused=OperationStatus.REFUSED in cancels,
        is_watchable=is_watchable,
        awaits_others=session.slot is None and rows.awaits_others(session),
        payment=payment,
    )


def payment_facts(
    rows: Rows, payment: Payment, *, wanted: int | None, on_expiry: ExpiryPolicy, captures_once: bool = False
) -> PaymentFacts:
    """Return what is known of a payment, and of what was tried with it."""
    on_session = rows.operations_on(payment.payment_session)
    own = [operation for operation in on_session if operation.payment_id == payment.pk]
    canceled = [each for each in on_session if each.kind == OperationKind.CANCEL and not each.payment_id]
    return PaymentFacts(
        money=_money(rows, payment),
        wanted=wanted,
        refusals=tuple(_refusal(each) for each in own if each.created_by == workers.ACTOR and _was_refused(each)),
        freed_at=_freed_at(rows, payment),
        capture_before=payment.capture_before,
        on_expiry=on_expiry,
        was_warned=payment.expiry_warned_at is not None,
        is_used_up=payment.captured_at is not None or payment.canceled_at is not None,
        has_released=payment.released_amount > 0,
        was_given_up=any(each.status == OperationStatus.SUCCEEDED for each in canceled),
        awaits_refund=any(
            each.kind == OperationKind.REFUND and each.status == OperationStatus.ACCEPTED for each in own
        ),
        captures_once=captures_once,
    )


def dispute_facts(dispute: Dispute) -> DisputeFacts:
    """Return until when evidence for a dispute may be sent, and whether that was announced."""
    return DisputeFacts(
        dispute_id=dispute.pk,
        evidence_due_by=dispute.evidence_due_by,
        is_answerable=dispute.state in ANSWERABLE_STATES,
        was_warned=dispute.evidence_warned_at is not None,
    )


def _money(rows: Rows, payment: Payment) -> MoneyFacts:
    """A session of a set that may still come to be is preferred, too."""
    session = payment.payment_session
    return MoneyFacts(
        payment_id=payment.pk,
        amount=payment.amount,
        currency_code=payment.currency_code,
        created_at=payment.created_at,
        canceled_at=payment.canceled_at,
        held=payment.held_amount,
        captured=payment.captured_amount,
        kept=payment.kept_amount,
        capturing=payment.capturing_amount,
        releasing=payment.releasing_amount,
        capturable=payment.capturable_amount,
        refundable=payment.refundable_amount,
        is_preferred=session.slot is not None or rows.awaits_others(session),
        is_frozen=payment.frozen_at is not None,
    )


def _was_refused(operation: Operation) -> bool:
    has_failed_later = hasattr(operation, "refund") and hasattr(operation.refund, "reversal")
    return operation.status == OperationStatus.REFUSED or has_failed_later


def _refusal(operation: Operation) -> Refusal:
    return Refusal(kind=OperationKind(operation.kind), amount=operation.amount or 0, at=operation.created_at)


def _freed_at(rows: Rows, payment: Payment) -> datetime | None:
    """Return when a dispute last gave money of a payment back."""
    ended = [each for each in rows.disputes if each.state in {DisputeState.WON, DisputeState.CLOSED}]
    of_payment = [each.closed_at for each in ended if each.payment_id == payment.pk and each.closed_at is not None]
    return max(of_payment, default=None)
