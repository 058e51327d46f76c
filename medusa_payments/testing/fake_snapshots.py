"""The fake provider's payments, as it tells of them when it is asked."""

from datetime import datetime

from medusa_payments.money import Money
from medusa_payments.providers.facts import CaptureFact, DisputeFact, PaymentSnapshot, RefundFact, RefundState
from medusa_payments.testing.fake_ledger import FakeBooks, FakePayment
from medusa_payments.testing.fake_verbs import data_of, release_if_over


def snapshot(books: FakeBooks, payment: FakePayment) -> PaymentSnapshot:
    """Return a payment with all its captures, refunds and disputes."""
    release_if_over(books, payment)

    def money(minor_units: int) -> Money:
        return Money(minor_units=minor_units, currency_code=payment.currency_code)

    captures = tuple(
        CaptureFact(money=money(row.amount), capture_ref=row.ref, idempotency_key=row.idempotency_key or None)
        for row in books.captures(payment.ref)
    )
    refunds = tuple(
        RefundFact(
            money=money(row.amount),
            refund_ref=row.ref,
            state=RefundState(row.state),
            idempotency_key=row.idempotency_key or None,
            reason="The customer's bank sent it back." if row.state == RefundState.FAILED else "",
        )
        for row in books.refunds(payment.ref)
    )
    disputes = tuple(
        DisputeFact(
            money=Money(minor_units=row.amount, currency_code=row.currency_code),
            dispute_ref=row.ref,
            state=row.state,
            reason=row.reason,
            evidence_due_by=datetime.fromisoformat(row.evidence_due_by) if row.evidence_due_by else None,
            opened_at=datetime.fromisoformat(row.opened_at),
        )
        for row in books.disputes(payment.ref)
    )
    return PaymentSnapshot(
        provider_ref=payment.ref,
        session_id=payment.session_id,
        status=payment.status,
        money=money(payment.amount),
        captured=money(payment.captured),
        released=money(payment.released),
        captures=captures,
        refunds=refunds,
        disputes=disputes,
        capture_before=datetime.fromisoformat(payment.capture_before) if payment.capture_before else None,
        data=data_of(payment),
    )
