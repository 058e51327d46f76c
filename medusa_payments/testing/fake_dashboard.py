"""The fake provider's own back office, and its customers: what happens there without the shop having asked.

Amounts are minor units. Every movement is an entry without an idempotency key, and an event for the webhooks.
"""

import secrets
from dataclasses import replace
from datetime import timedelta

from medusa_payments.providers.facts import RefundState
from medusa_payments.states import DisputeState, OperationKind, SessionStatus
from medusa_payments.testing import fake_verbs
from medusa_payments.testing.fake_ledger import FakeBooks, FakeDispute, FakeLedger, FakePayment

BY_HAND = ""
"""The idempotency key of what nobody sent."""

EVIDENCE_SECONDS = 7 * 24 * 60 * 60
"""How long a merchant has to answer a dispute, unless the bank says otherwise."""


class FakeDashboard:
    """Acts on payments by their reference. Raises `LookupError` for an unknown one."""

    def __init__(self, ledger: FakeLedger) -> None:
        self._ledger = ledger

    def authorize(self, ref: str, amount: int | None = None) -> None:
        """The customer confirms in the browser, perhaps another amount than the shop last knew."""
        self._pay(ref, amount, SessionStatus.AUTHORIZED)

    def pay(self, ref: str, amount: int | None = None) -> None:
        """The customer pays with a method that captures at once."""
        self._pay(ref, amount, SessionStatus.CAPTURED)

    def capture(self, ref: str, amount: int) -> None:
        """Somebody captures by hand; more than was authorized is possible here."""
        with self._ledger.transaction() as books:
            payment = _existing(books, ref)
            fake_verbs.capture(books, payment, amount, BY_HAND)
            books.tell("payment.captured", payment)

    def refund(self, ref: str, amount: int, *, state: RefundState = RefundState.SUCCEEDED) -> str:
        """Somebody refunds by hand; returns the refund's reference."""
        with self._ledger.transaction() as books:
            payment = _existing(books, ref)
            refund_ref = fake_verbs.refund(books, payment, amount, BY_HAND, state)
            books.tell("refund.created", payment)
            return refund_ref

    def cancel(self, ref: str) -> None:
        """Somebody gives the payment up by hand, or its authorization runs out."""
        with self._ledger.transaction() as books:
            payment = _existing(books, ref)
            fake_verbs.release(books, payment, BY_HAND)
            books.tell("payment.canceled", payment)

    def settle_refund(self, refund_ref: str, state: RefundState) -> None:
        """The bank decides about a refund, perhaps long after it was made. A failed one's money comes back."""
        with self._ledger.transaction() as books:
            payment = books.payment_of_refund(refund_ref)
            if payment is None:
                raise LookupError(refund_ref)
            refund = next(row for row in books.refunds(payment.ref) if row.ref == refund_ref)
            if state is RefundState.FAILED and refund.state != RefundState.FAILED:
                payment.refunded -= refund.amount
            books.save_refund(payment.ref, replace(refund, state=state.value))
            books.save(payment)
            books.tell(f"refund.{state}", payment)

    def open_dispute(
        self,
        ref: str,
        amount: int | None = None,
        *,
        state: DisputeState = DisputeState.NEEDS_RESPONSE,
        currency_code: str | None = None,
        due_in_seconds: float | None = EVIDENCE_SECONDS,
    ) -> str:
        """The customer's bank disputes a payment, all of it unless it says how much; returns the dispute's reference.

        Nothing is checked: banks dispute what was refunded, more than was paid, or another currency.
        """
        with self._ledger.transaction() as books:
            payment = _existing(books, ref)
            due_by = None if due_in_seconds is None else books.now() + timedelta(seconds=due_in_seconds)
            dispute = FakeDispute(
                ref=f"fake_dp_{secrets.token_hex(12)}",
                payment_ref=ref,
                amount=payment.captured if amount is None else amount,
                currency_code=currency_code or payment.currency_code,
                state=state,
                reason="fraudulent",
                evidence_due_by=due_by.isoformat() if due_by else None,
                opened_at=books.now().isoformat(),
            )
            books.save_dispute(dispute)
            books.save(payment)
            books.tell("dispute.created", payment)
            return dispute.ref

    def escalate_dispute(self, dispute_ref: str) -> None:
        """An inquiry becomes a dispute: the money is withheld now."""
        self._bring_dispute(dispute_ref, DisputeState.NEEDS_RESPONSE)

    def send_evidence(self, dispute_ref: str) -> None:
        """The merchant has answered; the bank decides."""
        self._bring_dispute(dispute_ref, DisputeState.UNDER_REVIEW)

    def win_dispute(self, dispute_ref: str) -> None:
        """The bank gives the money back to the merchant."""
        self._bring_dispute(dispute_ref, DisputeState.WON)

    def lose_dispute(self, dispute_ref: str) -> None:
        """The bank gives the money to its customer, for good."""
        self._bring_dispute(dispute_ref, DisputeState.LOST)

    def close_dispute(self, dispute_ref: str) -> None:
        """An inquiry is over, or the customer takes the dispute back."""
        self._bring_dispute(dispute_ref, DisputeState.CLOSED)

    def disputes(self, ref: str) -> list[FakeDispute]:
        """Return a payment's disputes, oldest first."""
        with self._ledger.transaction() as books:
            return books.disputes(ref)

    def save_payment_method(self, ref: str, *, brand: str = "visa", last4: str = "4242") -> str:
        """The customer's browser ends what was begun to save a card, by the reference of the attempt, or somebody adds
        one by hand, by that of the customer; returns the payment method's reference.
        """
        with self._ledger.transaction() as books:
            customer_ref = books.accounts.customer_of_setup(ref) or ref
            if books.accounts.customer(customer_ref) is None:
                raise LookupError(ref)
            return books.accounts.add_method(customer_ref, brand=brand, last4=last4)

    def delete_customer(self, ref: str) -> None:
        """Somebody deletes a customer by hand, with what it has saved."""
        with self._ledger.transaction() as books:
            books.accounts.remove(ref)

    def refund_refs(self, ref: str) -> list[str]:
        """Return the references of a payment's refunds, oldest first."""
        with self._ledger.transaction() as books:
            return [row.ref for row in books.refunds(ref)]

    def advance(self, seconds: float) -> None:
        """Move the provider's clock, which keys and authorizations are measured by."""
        with self._ledger.transaction() as books:
            books.advance(seconds)

    def _bring_dispute(self, dispute_ref: str, state: DisputeState) -> None:
        with self._ledger.transaction() as books:
            dispute = books.dispute(dispute_ref)
            if dispute is None:
                raise LookupError(dispute_ref)
            payment = _existing(books, dispute.payment_ref)
            books.save_dispute(replace(dispute, state=state))
            books.save(payment)
            books.tell("dispute.closed" if state.has_ended else "dispute.updated", payment)

    def _pay(self, ref: str, amount: int | None, status: SessionStatus) -> None:
        with self._ledger.transaction() as books:
            payment = _existing(books, ref)
            payment.amount = payment.amount if amount is None else amount
            fake_verbs.bring_to(books, payment, status, BY_HAND)
            books.save(payment)
            books.enter(OperationKind.AUTHORIZE, payment, idempotency_key=BY_HAND, amount=payment.amount)
            books.tell(fake_verbs.event_type(OperationKind.AUTHORIZE, payment), payment)


def _existing(books: FakeBooks, ref: str) -> FakePayment:
    payment = books.payment(ref)
    if payment is None:
        raise LookupError(ref)
    return payment
