"""The benches of Stripe's services, on the twin: one account for each check."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from medusa_payments.money import Money
from medusa_payments.providers.facts import RefundState
from medusa_payments.providers.stripe.methods import IdealProvider, SepaDebitProvider, StripeProvider
from medusa_payments.testing.conformance.bench import Books, Customer, Fault, ProviderBench, SentWebhook
from medusa_payments.testing.stripe_twin.errors import StripeTwinError
from medusa_payments.testing.stripe_twin.twin import ACCOUNT, PUBLISHABLE_KEY, SECRET_KEY, WEBHOOK_SECRET, StripeTwin
from medusa_payments.testing.stripe_twin.wire import Document, TwinRequest

_DAY = 24 * 60 * 60

_ENDPOINTS = {
    "initiate": ("payment_intents.create",),
    "capture": ("payment_intents.capture",),
    "refund": ("refunds.create",),
    "cancel": ("payment_intents.cancel",),
    "retrieve": ("payment_intents.retrieve", "payment_intents.list"),
}

_FAULTS = {
    Fault.UNREACHABLE: "unreachable",
    Fault.REQUEST_LOST: "timeout_before",
    Fault.ANSWER_LOST: "timeout_after",
    Fault.SERVER_ERROR: "error_after",
}


class StripeBench(ProviderBench):
    """What the services have in common. The library doesn't try again here, so that every fault is seen."""

    secret_options = frozenset({"api_key", "webhook_secret"})

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.twin = StripeTwin(str(directory / "stripe.sqlite3"))

    def options(self) -> dict[str, Any]:
        return {
            "api_key": SECRET_KEY,
            "webhook_secret": WEBHOOK_SECRET,
            "http_client": self.twin.http_client,
            "max_network_retries": 0,
        }

    def wrong_options(self) -> Mapping[str, Mapping[str, Any]]:
        wrong = {"api_key": PUBLISHABLE_KEY, "webhook_secret": 1, "capture": "no", "timeout": -1}
        return {name: {**self.options(), name: value} for name, value in wrong.items()}

    def other_options(self) -> dict[str, Any]:
        return {**self.options(), "account": "another"}

    def books(self, session_id: str) -> Books:
        intents = self.twin.payments(session_id)
        payments = [payment for intent in intents if (payment := self.twin.payment(intent["id"]))]
        currency_code = intents[0]["currency"] if intents else ""
        held = sum(payment.authorized - payment.captured for payment in payments)
        return Books(
            objects=tuple(Money(minor_units=intent["amount"], currency_code=intent["currency"]) for intent in intents),
            captures=_movements([payment.captured for payment in payments], currency_code),
            refunds=_movements([payment.refunded for payment in payments], currency_code),
            held=Money(minor_units=held, currency_code=currency_code) if held else None,
        )

    @contextmanager
    def fault(self, fault: Fault, verb: str) -> Iterator[None]:
        for endpoint in _ENDPOINTS[verb]:
            self.twin.fail(endpoint, _FAULTS[fault], times=None)
        yield
        self.twin.stop_failing()

    def webhooks(self, session_id: str) -> Sequence[SentWebhook]:
        return [SentWebhook(body=body, headers=headers) for body, headers in self.twin.webhooks(session_id)]

    def sign(self, body: bytes) -> Mapping[str, str]:
        """The twin signs texts only, as Stripe does; https://docs.stripe.com/webhooks/signature says how."""
        at = int(time.time())
        digest = hmac.new(WEBHOOK_SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return {"stripe-signature": f"t={at},v1={digest}"}

    def foreign_webhook(self, session_id: str) -> SentWebhook:
        """An event of live mode."""
        body = json.dumps({**self.twin.events(session_id)[-1], "livemode": True}).encode()
        return SentWebhook(body=body, headers=self.sign(body))

    def unknown_webhook(self) -> SentWebhook:
        """A thin event of the second API version, which shows no object."""
        event = {"id": "evt_thin", "object": "v2.core.event", "type": "v2.core.account.updated", "livemode": False}
        body = json.dumps(event).encode()
        return SentWebhook(body=body, headers=self.sign(body))

    def settle_refund(self, refund_ref: str, state: RefundState) -> None:
        self.twin.dashboard.settle_refund(refund_ref, is_successful=state is RefundState.SUCCEEDED)

    def save_method(self, account_holder_ref: str) -> str:
        path = f"/v1/payment_methods/{self.savable_method()}/attach"
        return str(self.request("POST", path, customer=account_holder_ref)["id"])

    def savable_method(self) -> str:
        return "pm_card_visa"

    def dispute(self, provider_ref: str) -> str:
        return self.twin.dashboard.dispute(provider_ref)

    def request(self, method: str, path: str, **form: Any) -> Document:
        """Make a request at the twin, as the shop's other programs might."""
        headers = {"authorization": f"Bearer {SECRET_KEY}"}
        return self.twin.handle(TwinRequest(method=method, path=path, headers=headers, form=form)).body


class StripeCardBench(StripeBench):
    """Cards: held, then captured once, in full or in part."""

    backend = StripeProvider
    name = "Stripe (cards)"
    customers = frozenset({Customer.AUTHORIZES, Customer.HESITATES, Customer.IS_DECLINED})
    never = frozenset({Customer.PAYS, Customer.PAYS_LATER})

    cards: ClassVar[Mapping[Customer, str]] = {
        Customer.AUTHORIZES: "pm_card_visa",
        Customer.HESITATES: "pm_card_authenticationRequired",
        Customer.IS_DECLINED: "pm_card_visa_chargeDeclined",
    }

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._cards = dict(self.cards)

    def act(self, provider_ref: str, customer: Customer) -> None:
        with suppress(StripeTwinError):
            self.twin.dashboard.pay(provider_ref, self._cards[customer])

    @contextmanager
    def slow_refunds(self) -> Iterator[None]:
        self._cards[Customer.AUTHORIZES] = "pm_card_pendingRefund"
        yield
        self._cards = dict(self.cards)

    def let_authorization_run_out(self, provider_ref: str) -> None:
        self.twin.advance(8 * _DAY)


class StripeMulticaptureBench(StripeCardBench):
    """Cards on an account that may capture one payment in several parts."""

    name = "Stripe (cards, multicapture)"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.twin.open_account(ACCOUNT, SECRET_KEY, PUBLISHABLE_KEY, has_multicapture=True)

    def options(self) -> dict[str, Any]:
        return {**super().options(), "multicapture": True}


class StripeIdealBench(StripeBench):
    """A redirect to the customer's bank, and the money is there at once."""

    backend = IdealProvider
    name = "Stripe (iDEAL)"
    currencies = ("eur",)
    pays_with_saved_methods = False
    customers = frozenset({Customer.PAYS, Customer.HESITATES, Customer.IS_DECLINED})
    never = frozenset({Customer.AUTHORIZES, Customer.PAYS_LATER})
    has_slow_refunds = False

    def act(self, provider_ref: str, customer: Customer) -> None:
        self.request(
            "POST",
            f"/v1/payment_intents/{provider_ref}/confirm",
            payment_method_data={"type": "ideal"},
            return_url="https://shop.example/thanks",
        )
        if customer is not Customer.HESITATES:
            self.twin.dashboard.authenticate(provider_ref, is_successful=customer is Customer.PAYS)


class StripeSepaBench(StripeBench):
    """A debit whose outcome the bank tells days later."""

    backend = SepaDebitProvider
    name = "Stripe (SEPA debit)"
    currencies = ("eur",)
    customers = frozenset({Customer.PAYS, Customer.PAYS_LATER, Customer.IS_DECLINED})
    never = frozenset({Customer.AUTHORIZES, Customer.HESITATES})
    has_slow_refunds = False

    def act(self, provider_ref: str, customer: Customer) -> None:
        self.twin.dashboard.pay(provider_ref, self.savable_method())
        if customer is not Customer.PAYS_LATER:
            self.twin.dashboard.settle(provider_ref, is_successful=customer is Customer.PAYS)

    def save_method(self, account_holder_ref: str) -> str:
        """A debit needs the customer's mandate, which only a setup intent gets."""
        saved = self.request(
            "POST",
            "/v1/setup_intents",
            customer=account_holder_ref,
            payment_method=self.savable_method(),
            allowed_payment_method_types={"0": "sepa_debit"},
            mandate_data={"customer_acceptance": {"type": "offline"}},
            confirm="true",
        )
        return str(saved["payment_method"])

    def savable_method(self) -> str:
        made = self.request(
            "POST",
            "/v1/payment_methods",
            type="sepa_debit",
            sepa_debit={"iban": "AT611904300234573201"},
            billing_details={"name": "Ada", "email": "ada@example.com"},
        )
        return str(made["id"])


def _movements(amounts: list[int], currency_code: str) -> tuple[Money, ...]:
    return tuple(Money(minor_units=amount, currency_code=currency_code) for amount in amounts if amount)
