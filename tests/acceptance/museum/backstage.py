"""The provider's own side, and the clock: what no shop offers over HTTP. Only here, where both are ours to play."""

from dataclasses import dataclass
from typing import Any

import msgspec
from django.db.models import F

from medusa_payments.models import PaymentCollection
from medusa_payments.providers.facts import RefundState
from medusa_payments.testing.fake_provider import FakeProvider
from tests.acceptance.museum.shop import Answer, Begun, Shop
from tests.audit import differences, recover

HOOK = "/hooks/payment/fake_fake"

Webhook = tuple[bytes, dict[str, str]]


@dataclass(frozen=True)
class Backstage:
    """Acts at the fake provider, has its webhooks delivered over HTTP, and lets time pass."""

    shop: Shop
    provider: FakeProvider

    def pay(self, begun: Begun) -> None:
        """The customer pays in the browser, with a method that captures at once."""
        self.provider.dashboard.pay(self._ref(begun))

    def confirm(self, begun: Begun) -> None:
        """The customer confirms in the browser; the money is held."""
        self.provider.dashboard.authorize(self._ref(begun))

    def capture(self, begun: Begun, minor_units: int) -> None:
        self.provider.dashboard.capture(self._ref(begun), minor_units)

    def refund(self, begun: Begun, minor_units: int, state: RefundState = RefundState.SUCCEEDED) -> None:
        self.provider.dashboard.refund(self._ref(begun), minor_units, state=state)

    def give_up(self, begun: Begun) -> None:
        """The payment is canceled there, or its authorization runs out."""
        self.provider.dashboard.cancel(self._ref(begun))

    def forget(self, customer_ref: str) -> None:
        """Somebody deletes a customer there."""
        self.provider.dashboard.delete_customer(customer_ref)

    def dispute(self, begun: Begun, minor_units: int | None = None) -> str:
        """The customer's bank takes the money back, all of it unless it says how much."""
        return self.provider.dashboard.open_dispute(self._ref(begun), minor_units)

    def win(self, dispute_ref: str) -> None:
        self.provider.dashboard.win_dispute(dispute_ref)

    def save_card(self, customer_ref: str) -> str:
        """The customer's browser has finished what saves a card; returns the provider's reference of it."""
        return self.provider.dashboard.save_payment_method(customer_ref)

    def webhooks(self, begun: Begun) -> list[Webhook]:
        """Return the webhooks for all that happened to a session so far, oldest first."""
        return self.provider.webhooks(begun.session["id"])

    def deliver(self, webhook: Webhook, **headers: str) -> Answer:
        body, signature = webhook
        return self.shop.send("POST", HOOK, raw=body, headers={**signature, **headers})

    def signed(self, body: bytes) -> Webhook:
        return body, self.provider.sign(body)

    def foreign(self, begun: Begun) -> Webhook:
        """Return a genuine webhook of somebody else who shares the provider's account."""
        body, _ = self.webhooks(begun)[-1]
        event = msgspec.json.decode(body)
        return self.signed(msgspec.json.encode(event | {"id": "evt_foreign", "account": "somebody_else"}))

    def thin(self, begun: Begun) -> Webhook:
        """Return a genuine webhook of a new kind, which shows no object."""
        event = msgspec.json.decode(self.webhooks(begun)[-1][0])
        known = {name: event[name] for name in ("account", "created_at")}
        return self.signed(msgspec.json.encode(known | {"id": "evt_thin", "type": "v2.core.account.updated"}))

    def time_passes(self) -> None:
        """Every lease and pause runs out, and the worker has run until nothing is due."""
        assert recover() == 0

    def deadline_passes(self) -> None:
        """What was split and isn't paid in full by now has failed."""
        split = PaymentCollection.objects.filter(resolve_by__isnull=False)
        assert split.update(resolve_by=F("created_at")) > 0
        self.time_passes()

    def explain(self) -> list[str]:
        """Return what doesn't add up between the shop's books and the provider's."""
        return differences(self.provider)

    def held(self, begun: Begun) -> Any:
        """The payment object as the provider has it."""
        return self.provider.payment(self._ref(begun))

    def _ref(self, begun: Begun) -> str:
        [snapshot] = [each for each in self.provider.list_payments() if each.session_id == begun.session["id"]]
        return snapshot.provider_ref
