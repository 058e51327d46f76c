"""Lets clients, webhooks, workers, crashes, lost answers and clock jumps meet over the real services, by one seed.

Every actor is a coroutine. It can be made to wait wherever a process may lose the processor without holding a lock:
around each transaction and around each call of the provider. There it may also die, or lose the provider's answer. So
one seed is one history, and the same one each time.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db.models import F
from greenlet import getcurrent, greenlet

from medusa_payments.core.base import calls, locks
from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import Operation, PaymentCollection, WebhookEvent
from medusa_payments.providers.errors import ProviderOutcomeUnknown, ProviderUnavailable
from medusa_payments.providers.stripe.client import StripeConnection
from medusa_payments.testing.fake_provider import FakeProvider


class Crash(BaseException):
    """The process is gone: nothing that catches errors catches this."""


A_DAY = 100_000

Actor = Callable[[], Any]


@dataclass
class Scheduler:
    """Runs actors until all are done, in an order that the seed decides."""

    random: Random
    provider: FakeProvider
    fault_rate: float = 0.15
    history: list[str] = field(default_factory=list)
    _main: Any = None
    _ahead: float = 0
    _on_their_way: int = 0
    _errors: set[str] = field(default_factory=set)
    """The keys that the provider answered with an error of its own, which it repeats."""

    def run(self, actors: dict[str, Actor]) -> None:
        self._main = getcurrent()
        waiting = {name: greenlet(self._guarded(name, actor)) for name, actor in actors.items()}
        with self._switch_points():
            while waiting:
                name = self.random.choice(sorted(waiting))
                self.history.append(name)
                waiting[name].switch()
                if waiting[name].dead:
                    del waiting[name]
                elif self.random.random() < self.fault_rate / 3:
                    self._jump()

    def _guarded(self, name: str, actor: Actor) -> Callable[[], None]:
        def run() -> None:
            try:
                actor()
            except PaymentsError as error:
                self.history.append(f"{name}: {type(error).__name__}")
            except Crash:
                self.history.append(f"{name}: crashed")

        return run

    def _pause(self) -> None:
        """A switch point. Outside of the actors nothing is interleaved."""
        if getcurrent() is not self._main:
            self._main.switch()

    def _pause_or_die(self) -> None:
        self._pause()
        if getcurrent() is not self._main and self.random.random() < self.fault_rate / 4:
            raise Crash

    def _is_faulty(self) -> bool:
        return getcurrent() is not self._main and self.random.random() < self.fault_rate

    def _jump(self) -> None:
        """Let time pass, for leases, pauses and the provider alike; a day, in which it forgets its keys, not while
        something is on its way there: nothing stays that long.
        """
        seconds = self.random.choice([70, 700, 7_000] if self._on_their_way else [70, 700, 7_000, A_DAY])
        self.history.append(f"clock +{seconds}s")
        self._ahead += seconds
        jump(self.provider, seconds)

    @contextmanager
    def _switch_points(self) -> Iterator[None]:
        durable = locks.durable_transaction

        @contextmanager
        def transaction() -> Iterator[None]:
            self._pause_or_die()
            with durable():
                yield
            self._pause_or_die()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(locks, "durable_transaction", transaction)
            monotonic = time.monotonic
            patch.setattr(time, "monotonic", lambda: monotonic() + self._ahead)
            # Moments of this clock mean nothing once it is gone.
            patch.setattr(calls, "_hung_at", {})
            for caller, name in ((FakeProvider, "_call"), (FakeProvider, "retrieve"), (StripeConnection, "send")):
                patch.setattr(caller, name, self._unreliable(getattr(caller, name)))
            yield

    def _unreliable(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def made(*args: Any, **options: Any) -> Any:
            key = getattr(args[2], "idempotency_key", "") if len(args) > 2 else ""
            self._on_their_way += 1
            try:
                self._pause_or_die()
                if key in self._errors:
                    raise ProviderOutcomeUnknown("The same error again.", was_answered=True)
                if self._is_faulty():
                    raise self.random.choice([ProviderUnavailable, ProviderOutcomeUnknown])("Nothing arrived.")
                if key and self._is_faulty():
                    self._errors.add(key)
                    if self._is_faulty():
                        call(*args, **options)
                    raise ProviderOutcomeUnknown("An error of the provider's own.", was_answered=True)
                answer = call(*args, **options)
            finally:
                self._on_their_way -= 1
            self._pause_or_die()
            if self._is_faulty():
                raise ProviderOutcomeUnknown("The answer was lost.")
            return answer

        return made


def jump(provider: FakeProvider, seconds: int) -> None:
    """Move everything that waits for a moment closer to it."""
    passed = timedelta(seconds=seconds)
    Operation.objects.filter(status="open").update(
        lease_expires_at=F("lease_expires_at") - passed,
        in_flight_until=F("in_flight_until") - passed,
        next_attempt_at=F("next_attempt_at") - passed,
        created_at=F("created_at") - passed,
    )
    PaymentCollection.objects.update(attention_at=F("attention_at") - passed)
    WebhookEvent.objects.update(next_attempt_at=F("next_attempt_at") - passed)
    provider.dashboard.advance(seconds)
