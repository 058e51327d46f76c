"""The fake provider's controls on the Stripe provider and its twin, so that the same scenarios run on both.

`pytest --on-stripe` puts a `StripeStand` in the place of `pp_fake_fake`. What differs by nature: the customer pays in
the browser, which here happens when the shop is about to ask; `authorize` is then a mere read. Session data steer as
they do the fake provider: outcomes are played in the browser, and losses are planned at the twin.
"""

import functools
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import stripe

from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.providers.facts import DisputeFact, DisputeState, RefundState
from medusa_payments.providers.registry import providers
from medusa_payments.providers.stripe import client_data, translate
from medusa_payments.providers.stripe.methods import StripeProvider
from medusa_payments.states import OperationKind
from medusa_payments.testing.fake_steering import ERRORS, RETRIEVE, STEERING_KEYS, WITHOUT_ANSWER, Outcome, Steering
from medusa_payments.testing.stripe_twin.books import Books
from medusa_payments.testing.stripe_twin.errors import StripeTwinError
from medusa_payments.testing.stripe_twin.faults import Fault
from medusa_payments.testing.stripe_twin.twin import StripeTwin, TwinPayment
from tests import scripted
from tests.twin import MULTICAPTURE_ACCOUNT, MULTICAPTURE_KEY, MULTICAPTURE_OPTIONS, open_twin

_ENDPOINTS = {
    "initiate": "payment_intents.create",
    "update": "payment_intents.update",
    "authorize": "payment_intents.retrieve",
    "capture": "payment_intents.capture",
    "refund": "refunds.create",
    "cancel": "payment_intents.cancel",
    "account_holder": "customers.create",
    "find_account_holder": "customers.list",
    "delete_account_holder": "customers.delete",
}

_LOSSES = {
    Outcome.TIMEOUT_BEFORE: Fault.TIMEOUT_BEFORE,
    Outcome.TIMEOUT_AFTER: Fault.TIMEOUT_AFTER,
    Outcome.CRASH_BEFORE: Fault.CRASH_BEFORE,
    Outcome.CRASH_AFTER: Fault.CRASH_AFTER,
    Outcome.UNAVAILABLE: Fault.UNREACHABLE,
    Outcome.ERROR_BEFORE: Fault.ERROR_BEFORE,
    Outcome.ERROR_AFTER: Fault.ERROR_AFTER,
}

_SCRIPTED = frozenset({*OperationKind, RETRIEVE})

_REFUSALS = {Outcome.DECLINED: ProviderDeclined, Outcome.REJECTED: ProviderRejected}


@pytest.fixture
def fake_provider(request: pytest.FixtureRequest, settings: Any, fake_provider: Any) -> Iterator[Any]:
    """The fake provider or, for a test that runs on Stripe, the stand that has its controls."""
    if not getattr(request, "param", request.config.getoption("--on-stripe")):
        yield fake_provider
        return
    configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
    entry = {"BACKEND": f"{__name__}.StripeStand", "OPTIONS": MULTICAPTURE_OPTIONS}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": configured | {"pp_fake_fake": entry}}
    stand = providers["pp_fake_fake"]
    assert isinstance(stand, StripeStand)
    stand.reset()
    yield stand


class StripeStand(StripeProvider):
    """A Stripe account with multicapture, steered by session data."""

    client_data_keys: ClassVar[frozenset[str] | None] = client_data.CLIENT_DATA_KEYS | STEERING_KEYS

    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias, options)
        self.twin: StripeTwin = open_twin()
        self.dashboard = StandDashboard(self)

    def clean_client_data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        cleaned = super().clean_client_data(data)
        Steering.of(cleaned)
        return cleaned

    def initiate(self, request: Any) -> Any:
        self._remember(request)
        return self._call("initiate", request, lambda: super(StripeStand, self).initiate(_without_steering(request)))

    def update(self, request: Any) -> Any:
        self._remember(request)
        return self._call("update", request, lambda: super(StripeStand, self).update(_without_steering(request)))

    def authorize(self, request: Any) -> Any:
        def pay_and_ask() -> Any:
            steering = self._steering(request.session_id)
            has_slow_refunds = steering.for_verb("refund").outcome is Outcome.PENDING
            self.dashboard.play(
                request.provider_ref,
                steering.for_verb("authorize").outcome,
                card="pm_card_pendingRefund" if has_slow_refunds else "pm_card_visa",
            )
            return super(StripeStand, self).authorize(request)

        return self._call("authorize", request, pay_and_ask)

    def capture(self, request: Any) -> Any:
        return self._call("capture", request, lambda: super(StripeStand, self).capture(request))

    def refund(self, request: Any) -> Any:
        return self._call("refund", request, lambda: super(StripeStand, self).refund(request))

    def cancel(self, request: Any) -> Any:
        return self._call("cancel", request, lambda: super(StripeStand, self).cancel(request))

    def retrieve(self, request: Any) -> Any:
        outcome = self._steering(request.session_id).for_verb("retrieve").outcome
        if outcome is Outcome.UNAVAILABLE:
            raise ProviderUnavailable("The payment provider can't be reached.")
        if outcome in WITHOUT_ANSWER:
            raise ProviderOutcomeUnknown("The payment provider did not answer in time.")
        return super().retrieve(request)

    def ledger_entries(self, session_id: str | None = None) -> list[dict[str, Any]]:
        return self.twin.ledger_entries(session_id)

    def payment(self, ref: str) -> TwinPayment | None:
        return self.twin.payment(ref)

    def customers(self) -> list[SimpleNamespace]:
        with self.twin._store.transaction() as connection:
            kept = Books(connection).all_of_kind("customer")
        return [
            SimpleNamespace(ref=row["id"], account=self.account, customer_id=row["metadata"]["customer_id"])
            for row in kept
            if not row.get("deleted")
        ]

    def steer(self, verb: str, outcome: str | None = None, *, delay_ms: int = 0) -> None:
        self.twin.stop_failing()
        if outcome is not None:
            self.twin.fail(_ENDPOINTS[verb], _LOSSES[Outcome(outcome)], for_each_key=True)
        if delay_ms:
            self.twin.fail(_ENDPOINTS[verb], Fault.DELAY, for_each_key=True, milliseconds=delay_ms)

    def webhooks(self, session_id: str | None = None) -> list[tuple[bytes, dict[str, str]]]:
        return self.twin.webhooks(session_id, account_id=MULTICAPTURE_ACCOUNT)

    def sign(self, body: bytes, *, timestamp: int | None = None) -> dict[str, str]:
        return self.twin.sign(body, account_id=MULTICAPTURE_ACCOUNT, timestamp=timestamp)

    def reset(self) -> None:
        self.twin.reset()
        self.twin.open_account(MULTICAPTURE_ACCOUNT, MULTICAPTURE_KEY, has_multicapture=True)
        with self._notes() as notes:
            notes.execute("DELETE FROM notes")

    def _call(self, verb: str, request: Any, call: Callable[[], Any]) -> Any:
        steering = self._steering(request.session_id).for_verb(verb)
        if steering.outcome in _REFUSALS:
            raise _REFUSALS[steering.outcome]("The payment was refused.", code=steering.outcome.value)
        return call()

    def _remember(self, request: Any) -> None:
        """Keep how a session is steered, and plan what is to go wrong with it; once for each operation."""
        steering = {key: request.data[key] for key in STEERING_KEYS if key in request.data}
        with self._notes() as notes:
            is_new = notes.execute("INSERT OR IGNORE INTO notes VALUES (?, '')", [request.operation_id]).rowcount
            notes.execute(
                "INSERT OR REPLACE INTO notes VALUES (?, ?)", [request.session_id, json.dumps(steering, default=str)]
            )
        if is_new:
            self._plan(Steering.of(request.data))

    def _plan(self, steering: Steering) -> None:
        self.twin.stop_failing()
        endpoint = _ENDPOINTS.get(steering.on, "")
        if steering.delay_ms:
            self.twin.fail(endpoint, Fault.DELAY, for_each_key=True, milliseconds=steering.delay_ms)
        fault = _LOSSES.get(steering.outcome) if steering.outcome else None
        if fault is not None and steering.on != RETRIEVE:
            is_for_ever = steering.outcome is Outcome.UNAVAILABLE
            # An operation's next key works.
            is_for_each_key = steering.outcome not in ERRORS
            self.twin.fail(endpoint, fault, times=None if is_for_ever else 1, for_each_key=is_for_each_key)

    def _steering(self, session_id: str) -> Steering:
        with self._notes() as notes:
            row = notes.execute("SELECT text FROM notes WHERE name = ?", [session_id]).fetchone()
        return Steering.of(json.loads(row[0])) if row else Steering()

    def _notes(self) -> closing[sqlite3.Connection]:
        """Beside the twin's books, so that its points and locks stay its own."""
        connection = sqlite3.connect(f"{self.twin._store._path}.notes", timeout=30, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, text TEXT NOT NULL)")
        return closing(connection)


def _as_stripe_lets(act: Callable[..., Any]) -> Callable[..., Any]:
    """What Stripe refuses just isn't done: people try all kinds of things."""

    @functools.wraps(act)
    def tried(*args: Any, **options: Any) -> Any:
        with suppress(StripeTwinError, stripe.StripeError):
            return act(*args, **options)
        return None

    return tried


class StandDashboard:
    """What customers, staff and banks do at Stripe, by the fake provider's names."""

    def __init__(self, stand: StripeStand) -> None:
        self._twin = stand.twin

    @_as_stripe_lets
    def authorize(self, ref: str, amount: int | None = None) -> None:
        self._change(ref, amount, "manual")
        self._twin.dashboard.pay(ref)

    @_as_stripe_lets
    def pay(self, ref: str, amount: int | None = None) -> None:
        self._change(ref, amount, "automatic")
        self._twin.dashboard.pay(ref)

    @_as_stripe_lets
    def play(self, ref: str, outcome: Outcome | None, *, card: str) -> None:
        """Let the customer do in the browser what the steering wants, unless that was done before."""
        if self._twin.dashboard.get(ref)["status"] != "requires_payment_method":
            return
        if outcome is Outcome.CAPTURED:
            self.pay(ref)
        elif outcome is Outcome.REQUIRES_MORE:
            self._twin.dashboard.pay(ref, "pm_card_authenticationRequired")
        elif outcome is Outcome.ERROR:
            self._twin.dashboard.pay(ref, "pm_card_visa_chargeDeclined")
        elif outcome is Outcome.CANCELED:
            self._twin.dashboard.cancel(ref)
        elif outcome not in {Outcome.PENDING, Outcome.PENDING_AUTHORIZATION}:
            self._twin.dashboard.pay(ref, card)

    @_as_stripe_lets
    def capture(self, ref: str, amount: int) -> None:
        intent = self._twin.dashboard.get(ref)
        if amount <= intent["amount_capturable"]:
            self._twin.dashboard.capture(ref, amount, is_final=False)
            return
        # More than was authorized: what Stripe calls overcapture, which the twin doesn't know.
        captured = intent["amount_received"] + amount
        self._bring(ref, amount_received=captured, amount_capturable=0, status="succeeded")
        self._bring(intent["latest_charge"], amount_captured=captured, captured=True)

    @_as_stripe_lets
    def refund(self, ref: str, amount: int, *, state: RefundState = RefundState.SUCCEEDED) -> str:
        refund_ref = self._twin.dashboard.refund(ref, amount)
        if state is RefundState.PENDING:
            self._bring(refund_ref, status="pending", balance_transaction=None)
        return refund_ref

    @_as_stripe_lets
    def cancel(self, ref: str) -> None:
        if self._twin.dashboard.get(ref)["amount_received"]:
            self._twin.dashboard.capture(ref, 0)
        else:
            self._twin.dashboard.cancel(ref)

    @_as_stripe_lets
    def settle_refund(self, refund_ref: str, state: RefundState) -> None:
        self._twin.dashboard.settle_refund(refund_ref, is_successful=state is RefundState.SUCCEEDED)

    def refund_refs(self, ref: str) -> list[str]:
        refunds = self._client().v1.refunds.list({"payment_intent": ref, "limit": 100}).data
        return [refund.id for refund in reversed(refunds)]

    @_as_stripe_lets
    def open_dispute(
        self, ref: str, amount: int | None = None, *, state: DisputeState = DisputeState.NEEDS_RESPONSE, **_: Any
    ) -> str:
        return self._twin.dashboard.dispute(ref, amount, is_inquiry=state is DisputeState.INQUIRY)

    @_as_stripe_lets
    def escalate_dispute(self, dispute_ref: str) -> None:
        self._twin.dashboard.escalate_dispute(dispute_ref)

    @_as_stripe_lets
    def send_evidence(self, dispute_ref: str) -> None:
        self._twin.dashboard.answer_dispute(dispute_ref)

    @_as_stripe_lets
    def win_dispute(self, dispute_ref: str) -> None:
        self._twin.dashboard.close_dispute(dispute_ref, "won")

    @_as_stripe_lets
    def lose_dispute(self, dispute_ref: str) -> None:
        self._twin.dashboard.close_dispute(dispute_ref, "lost")

    @_as_stripe_lets
    def close_dispute(self, dispute_ref: str) -> None:
        self._twin.dashboard.close_dispute(dispute_ref, "warning_closed")

    def disputes(self, ref: str) -> list[Any]:
        listed = self._client().v1.disputes.list({"payment_intent": ref, "limit": 100}).data
        intent = {"id": ref, "metadata": {}} | self._twin.dashboard.get(ref)
        rows = [dispute.to_dict() for dispute in reversed(listed)]
        facts = translate.snapshot(intent | {"payment_method": None, "latest_charge": None}, refunds=(), disputes=rows)
        return [_Dispute(fact) for fact in facts.disputes]

    def advance(self, seconds: float) -> None:
        self._twin.advance(seconds)

    def _change(self, ref: str, amount: int | None, capture_method: str) -> None:
        changes: dict[str, Any] = {"capture_method": capture_method} | ({} if amount is None else {"amount": amount})
        with suppress(stripe.InvalidRequestError):
            self._client().v1.payment_intents.update(ref, changes)  # type: ignore[arg-type]

    def _bring(self, object_id: str, **changes: Any) -> None:
        with self._twin._store.transaction() as connection:
            books = Books(connection)
            scope = books.scope_of(object_id) or ""
            books.save(scope, {**(books.get(scope, object_id) or {}), **changes})

    def _client(self) -> stripe.StripeClient:
        return stripe.StripeClient(MULTICAPTURE_KEY, http_client=self._twin.http_client())


class _Dispute:
    def __init__(self, fact: DisputeFact) -> None:
        self.ref, self.state, self.amount = fact.dispute_ref, fact.state.value, fact.money.minor_units


class Scripted(StripeStand):
    """The stand with verbs that a test can replace: the same script as the fake provider's."""

    def amount_step(self, currency_code: str) -> int:
        return max(scripted.Scripted.step, super().amount_step(currency_code))

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        replaced = scripted.Scripted.script.get(name) if name in _SCRIPTED else None
        return found if replaced is None else lambda request: _played(replaced, request, found)


def _played(replaced: Callable[[Any, scripted.Verb], Any], request: Any, call: scripted.Verb) -> Any:
    return replaced(request, call)


class Forgetful(Scripted):
    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias, options)
        self.capabilities = scripted.Forgetful.capabilities


class Blind(Scripted):
    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias, options)
        self.capabilities = scripted.Blind.capabilities


class Rigid(Scripted):
    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias, options)
        self.capabilities = scripted.Rigid.capabilities


class Keyless(Scripted):
    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias, options)
        self.capabilities = replace(self.capabilities, reports_keys=False)

    def retrieve(self, request: Any) -> Any:
        return scripted.without_keys(super().retrieve(request))


def _text(steering: Mapping[str, Any]) -> str:
    return json.dumps(steering, default=str)


def _without_steering(request: Any) -> Any:
    return replace(request, data={key: value for key, value in request.data.items() if key not in STEERING_KEYS})
