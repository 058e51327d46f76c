"""What happens to one cart at its provider: the customer's browser, the dashboard, the bank, the webhooks."""

from medusa_payments.providers.facts import DisputeState, RefundState
from medusa_payments.services import webhooks
from tests.proofs.races.cart import Cart
from tests.proofs.races.scheduler import Actor


class Outside(Cart):
    def customer_pays(self) -> Actor:
        """With any object that can still be paid, perhaps one that was replaced long ago."""
        pays_at_once = self.chance(0.5)

        def act() -> None:
            open_objects = [row for row in self.provider.list_payments() if row.status == "pending"]
            if open_objects:
                ref = self.random.choice(open_objects).provider_ref
                (self.provider.dashboard.pay if pays_at_once else self.provider.dashboard.authorize)(ref)

        return act

    def dashboard(self) -> Actor:
        gives_up, is_pending = self.chance(0.2), self.chance(0.3)

        def act() -> None:
            for row in self.provider.list_payments():
                at_provider = self.provider.payment(row.provider_ref)
                if at_provider is None:
                    continue
                capturable = at_provider.authorized - at_provider.captured
                refundable = at_provider.captured - at_provider.refunded
                if capturable > 0 and gives_up:
                    self.provider.dashboard.cancel(row.provider_ref)
                elif capturable > 0:
                    self.provider.dashboard.capture(row.provider_ref, self.random.randint(1, capturable))
                elif refundable > 0:
                    state = RefundState.PENDING if is_pending else RefundState.SUCCEEDED
                    amount = self.random.randint(1, refundable)
                    self.provider.dashboard.refund(row.provider_ref, amount, state=state)

        return act

    def bank(self) -> Actor:
        """A customer's bank disputes something, or goes on with what is disputed."""
        amount = self.random.choice([None, 3_000, 20_000])
        state = self.random.choice([DisputeState.INQUIRY, DisputeState.NEEDS_RESPONSE])
        desk = self.provider.dashboard
        goes_on = self.random.choice(
            [desk.escalate_dispute, desk.send_evidence, desk.win_dispute, desk.lose_dispute, desk.close_dispute]
        )

        def act() -> None:
            for row in self.provider.list_payments():
                for dispute in desk.disputes(row.provider_ref):
                    goes_on(dispute.ref)
                if row.captured.minor_units:
                    desk.open_dispute(row.provider_ref, amount, state=state)

        return act

    def bank_refunds(self) -> Actor:
        """The customer's bank takes a refund, or sends it back, perhaps one that it had taken."""
        state = self.random.choice([RefundState.FAILED, RefundState.FAILED, RefundState.SUCCEEDED])

        def act() -> None:
            refunds = [fact for row in self.provider.list_payments() for fact in row.refunds]
            undecided = [fact.refund_ref for fact in refunds if fact.state is not RefundState.FAILED]
            if undecided:
                self.provider.dashboard.settle_refund(self.random.choice(undecided), state)

        return act

    def webhook(self) -> Actor:
        """Any of all those that were ever sent: late, twice, in another order."""

        def act() -> None:
            sent = self.provider.webhooks()
            for body, headers in self.random.sample(sent, min(2, len(sent))):
                webhooks.receive(provider_id="fake_fake", body=body, headers=headers)

        return act
