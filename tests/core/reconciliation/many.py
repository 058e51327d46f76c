"""Many payments on both sides, written straight into the books of both."""

from medusa_payments.models import (
    Capture,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
)
from medusa_payments.states import SessionStatus
from medusa_payments.testing.fake_ledger import FakeMovement, FakePayment
from medusa_payments.testing.fake_provider import FakeProvider

AMOUNT = 10_000


def make_clean_payments(count: int, provider: FakeProvider) -> None:
    """Make payments that are authorized, captured, captured in part, or refunded in part, a quarter each."""
    collections = [PaymentCollection(amount=AMOUNT, currency_code="eur") for _ in range(count)]
    sessions = [_session(collection, number) for number, collection in enumerate(collections)]
    payments = [_payment(session, number) for number, session in enumerate(sessions)]
    captures = [_capture(payment) for payment in payments if payment.captured_amount]
    refunds = [_refund(payment) for payment in payments if payment.refunded_amount]
    rows = (collections, sessions, payments, captures, refunds)
    for model, made in zip((PaymentCollection, PaymentSession, Payment, Capture, Refund), rows, strict=True):
        model._default_manager.bulk_create(made, batch_size=500)  # type: ignore[arg-type]
    with provider._ledger.transaction() as books:
        for payment in payments:
            theirs = _at_provider(payment)
            books.save(theirs)
            if payment.captured_amount:
                captured = FakeMovement(ref=f"c_{payment.pk}", amount=payment.captured_amount, idempotency_key="")
                books.add_capture(theirs, captured)
            if payment.refunded_amount:
                refunded = FakeMovement(
                    ref=f"r_{payment.pk}", amount=payment.refunded_amount, idempotency_key="", state="succeeded"
                )
                books.save_refund(theirs.ref, refunded)


def _session(collection: PaymentCollection, number: int) -> PaymentSession:
    return PaymentSession(
        payment_collection=collection,
        slot=0,
        provider_id="pp_fake_fake",
        provider_account="fake",
        provider_ref=f"fake_pay_{number:06}",
        amount=AMOUNT,
        currency_code="eur",
        status=SessionStatus.AUTHORIZED.value,
    )


def _payment(session: PaymentSession, number: int) -> Payment:
    captured = (0, AMOUNT, 4_000, AMOUNT)[number % 4]
    return Payment(
        payment_collection=session.payment_collection,
        payment_session=session,
        provider_id=session.provider_id,
        provider_account=session.provider_account,
        provider_ref=session.provider_ref or "",
        amount=AMOUNT,
        currency_code="eur",
        captured_amount=captured,
        refunded_amount=1_000 if number % 4 == 3 else 0,
    )


def _capture(payment: Payment) -> Capture:
    return Capture(payment=payment, amount=payment.captured_amount, provider_ref=f"c_{payment.pk}")


def _refund(payment: Payment) -> Refund:
    return Refund(payment=payment, amount=payment.refunded_amount, provider_ref=f"r_{payment.pk}")


def _at_provider(payment: Payment) -> FakePayment:
    is_captured = payment.captured_amount == AMOUNT
    return FakePayment(
        ref=payment.provider_ref,
        session_id=payment.payment_session_id,
        amount=AMOUNT,
        currency_code="eur",
        status=SessionStatus.CAPTURED if is_captured else SessionStatus.AUTHORIZED,
        client_secret="secret",
        steering="{}",
        authorized=AMOUNT,
        captured=payment.captured_amount,
        refunded=payment.refunded_amount,
    )
