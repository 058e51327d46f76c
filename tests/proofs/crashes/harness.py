"""Kills a process at one point of a scene, lets the shop recover, and reads the books of both sides."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, connections

from medusa_payments.models import (
    AccountHolder,
    Capture,
    Debt,
    Dispute,
    Event,
    EventDelivery,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
    RefundReversal,
    Release,
    WebhookEvent,
)
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.proofs.crashes.points import Killer, Recorder, watched
from tests.proofs.crashes.processes import run_in_child
from tests.proofs.crashes.scenes import Act, Scene, is_owed
from tests.till import Till

KILLED = -9

TABLES = [
    EventDelivery,
    WebhookEvent,
    Event,
    Dispute,
    RefundReversal,
    Refund,
    Release,
    Capture,
    Debt,
    Operation,
    Payment,
    PaymentSession,
    PaymentCollection,
    AccountHolder,
]


@dataclass(frozen=True, kw_only=True)
class Course:
    """What happens after the kill. Either way the caller repeats, with the key or, if it was not answered, without."""

    name: str
    idempotency_key: str | None
    recovers_first: bool


COURSES = [
    Course(name="repeated with its key at once", idempotency_key="k1", recovers_first=False),
    Course(name="recovered, then repeated without a key", idempotency_key=None, recovers_first=True),
]


@dataclass(kw_only=True)
class Stage:
    """The shop that the scenes are played in, emptied before each."""

    till: Till
    provider: FakeProvider

    def empty(self) -> None:
        with connection.cursor() as cursor:
            for model in TABLES:
                cursor.execute(f'DELETE FROM "{model._meta.db_table}"')
        self.provider.reset()

    def arrange(self, scene: Scene) -> Act:
        self.empty()
        return scene.arrange(self.till, self.provider)

    def points(self, scene: Scene, course: Course) -> list[str]:
        """Play a scene to its end and return the points that it passes."""
        # Once without looking: what is opened at its first use, such as the way to the provider, would be points too.
        self.arrange(scene)(course.idempotency_key)
        act = self.arrange(scene)
        recorder = Recorder()
        with watched(recorder):
            act(course.idempotency_key)
        return recorder.names

    def faults(self, scene: Scene, course: Course, number: int) -> list[str]:
        """Kill a process at a point of a scene and return what doesn't add up once the shop has recovered."""
        act = self.arrange(scene)
        known = set(Operation.objects.values_list("pk", flat=True))

        def die() -> None:
            with watched(Killer(number)):
                act(course.idempotency_key)

        status = run_in_child(die)
        if status != KILLED:
            return [f"it was to be killed and ended with {status}"]
        if course.recovers_first:
            recover()
        if course.idempotency_key is not None or is_owed(known):
            act(course.idempotency_key)
        left = recover()
        connections.close_all()
        return [*differences(self.provider), *self._wrong_effects(scene), *([f"{left} left"] if left else [])]

    def _wrong_effects(self, scene: Scene) -> Iterator[str]:
        for verb, expected in scene.effects.items():
            moved = [entry["amount"] for entry in self.provider.ledger_entries() if entry["verb"] == verb]
            if moved != expected:
                yield f"{verb} moved {moved} instead of {expected}"
