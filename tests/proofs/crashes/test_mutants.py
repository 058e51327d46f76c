"""The harness finds what it is there to find: with each of these defects planted, it turns red for the right reason."""

from dataclasses import replace
from typing import Any

import pytest

from medusa_payments.core.books import evidence
from medusa_payments.core.books.evidence import NotExecuted
from medusa_payments.core.saga import operations, recovery, sending
from medusa_payments.core.upkeep import resolving
from medusa_payments.exceptions import PaymentsError
from medusa_payments.ids import new_id
from medusa_payments.models import Operation, Payment
from medusa_payments.services import captures, refunds
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.proofs.crashes.harness import COURSES, Course, Stage
from tests.proofs.crashes.points import AFTER_EFFECT
from tests.proofs.crashes.scenes import SCENES, THIRTY
from tests.scripted import run_out
from tests.till import Till

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

KEYED, RECOVERED = COURSES
BY_NAME = {scene.name: scene for scene in SCENES}


@pytest.fixture
def stage(till: Till, fake_provider: FakeProvider) -> Stage:
    return Stage(till=till, provider=fake_provider)


def faults(stage: Stage, name: str, course: Course, *, at: str) -> list[str]:
    """Return what the harness finds at the last point of that name."""
    scene = BY_NAME[name]
    names = stage.points(scene, course)
    number = max(number for number, point in enumerate(names) if point == at)
    return stage.faults(scene, course, number)


@pytest.mark.parametrize("course", COURSES, ids=lambda course: course.name)
def test_without_a_mutant_the_same_points_are_green(stage: Stage, course: Course) -> None:
    assert faults(stage, "capture", course, at=AFTER_EFFECT) == []
    assert faults(stage, "refund", course, at=AFTER_EFFECT) == []


@pytest.mark.parametrize("name", ["capture", "refund"])
def test_a_fresh_key_on_retry(stage: Stage, configure: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """At a provider that can't be asked: elsewhere a repeat finds what was done, and sends nothing."""
    configure("pp_fake_fake", "Blind")
    assert faults(stage, name, KEYED, at=AFTER_EFFECT) == []
    original = operations.request_of

    def with_a_fresh_key(operation: Operation) -> Any:
        request = original(operation)
        return replace(request, idempotency_key=new_id("payop")) if operation.fence else request

    monkeypatch.setattr(operations, "request_of", with_a_fresh_key)
    found = faults(stage, name, KEYED, at=AFTER_EFFECT)
    assert f"{name} moved [3000, 3000] instead of [3000]" in found


def test_deleting_on_failure(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(operation: Operation) -> bool:
        Payment.objects.filter(pk=operation.payment_id).update(capturing_amount=0)
        return bool(Operation.objects.filter(pk=operation.pk).delete())

    monkeypatch.setattr(resolving, "resolve", forget)
    found = faults(stage, "capture", RECOVERED, at=AFTER_EFFECT)
    assert "capture moved [3000, 3000] instead of [3000]" in found


def test_calling_inside_the_transaction(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = replace(FakeProvider.capabilities, is_local=True)
    monkeypatch.setattr(FakeProvider, "capabilities", inside)
    found = faults(stage, "capture", RECOVERED, at=AFTER_EFFECT)
    assert "capture moved [3000, 3000] instead of [3000]" in found


def test_an_unknown_outcome_recorded_as_failure(
    till: Till, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failed(*, message: str, **_: Any) -> NotExecuted:
        return NotExecuted(message=message)

    payment = till.captured(on="refund", outcome="timeout_after")
    monkeypatch.setattr(sending, "Unknown", failed)
    with pytest.raises(PaymentsError):
        refunds.refund(payment_id=payment.pk, amount=THIRTY)
    recover()
    assert any("ours (10000, 0, 0), theirs (10000, 0, 3000)" in fault for fault in differences(fake_provider))


def test_a_dropped_late_success(till: Till, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    original = evidence._adds_nothing
    monkeypatch.setattr(
        evidence, "_adds_nothing", lambda operation, result: not operation.is_open or original(operation, result)
    )
    payment = till.authorized()
    call = FakeProvider.capture

    def stall(provider: FakeProvider, request: Any) -> Any:
        run_out(Operation.objects.get(kind="capture"))
        recovery.resolve(Operation.objects.get(kind="capture"))
        return call(provider, request)

    monkeypatch.setattr(FakeProvider, "capture", stall)
    with pytest.raises(PaymentsError):
        captures.capture(payment_id=payment.pk)
    assert any("ours (0, 0, 0), theirs (10000, 0, 0)" in fault for fault in differences(fake_provider))
