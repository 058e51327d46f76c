"""A process that died on this machine doesn't make its callers wait for its lease."""

import multiprocessing
import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now

from medusa_payments.core.base import workers
from medusa_payments.core.saga import slots
from medusa_payments.exceptions import Conflict
from medusa_payments.models import Operation
from medusa_payments.services import captures, payment_sessions
from tests.till import Till


def identity_of_a_dead_process() -> str:
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=lambda: queue.put(workers.identity()))
    child.start()
    identity: str = queue.get()
    child.join()
    return identity


def test_a_process_knows_itself_alive() -> None:
    assert workers.identity()
    assert not workers.is_gone(workers.identity())


def test_a_dead_process_is_gone() -> None:
    identity = identity_of_a_dead_process()

    assert identity != workers.identity()
    assert workers.is_gone(identity)


def test_a_process_id_that_was_given_to_another_process_is_gone() -> None:
    place, _, _ = workers.identity().rpartition(" ")

    assert workers.is_gone(f"{place} {os.getpid()}@1")


@pytest.mark.parametrize("worker", ["", "another-machine boot pid:[1] 1@1"])
def test_where_nobody_can_see_only_the_lease_counts(worker: str) -> None:
    assert not workers.is_gone(worker)


def test_a_process_that_cannot_be_looked_at_is_not_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As when this process has no file descriptor left."""
    identity = workers.identity()
    unreadable = tmp_path / str(os.getpid()) / "stat"
    unreadable.mkdir(parents=True)
    monkeypatch.setattr(workers, "PROC", tmp_path)

    assert not workers.is_gone(identity)


def test_without_proc_nobody_can_see(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(workers, "PROC", tmp_path)
    workers._place.cache_clear()
    workers._identity.cache_clear()
    try:
        assert workers.identity() == ""
        assert not workers.is_gone(identity_of_a_dead_process())
    finally:
        workers._place.cache_clear()
        workers._identity.cache_clear()


@pytest.fixture
def crashed(till: Till) -> Any:
    """Return a function that leaves an operation as a process does that reserves it and dies before the call."""

    def crash(operation: Operation) -> None:
        operation.status, operation.settled_at = "open", None
        operation.leased_by = identity_of_a_dead_process()
        operation.lease_expires_at = Now() + timedelta(minutes=1)
        operation.save()

    return crash


def test_a_capture_of_a_dead_process_is_adopted_at_once(till: Till, crashed: Any, fake_provider: Any) -> None:
    payment = till.authorized()
    captures.capture(payment_id=payment.pk, amount=Decimal(30))
    crashed(Operation.objects.get(kind="capture"))
    payment.refresh_from_db()
    payment.captures.all().delete()
    type(payment).objects.filter(pk=payment.pk).update(captured_amount=0, capturing_amount=3000)

    repeated = captures.capture(payment_id=payment.pk, amount=Decimal(30))

    assert (repeated.captured_amount, repeated.capturing_amount) == (3000, 0)
    assert [entry["verb"] for entry in fake_provider.ledger_entries()].count("capture") == 1
    assert Operation.objects.get(kind="capture").leased_by == workers.identity()


def test_a_session_of_a_dead_process_is_free_at_once(till: Till, crashed: Any) -> None:
    session = till.session(delay_ms=0)
    operation = Operation.objects.get()
    crashed(operation)
    Operation.objects.update(open_slot=slots.session_slot(session.payment_collection_id))

    assert till.session(delay_ms=0).pk == session.pk
    assert Operation.objects.count() == 1


def test_a_living_process_is_waited_for(till: Till, crashed: Any) -> None:
    session = till.session()
    crashed(Operation.objects.get())
    slot = slots.session_slot(session.payment_collection_id)
    Operation.objects.update(open_slot=slot, leased_by=workers.identity())

    with pytest.raises(Conflict):
        payment_sessions.initialize(payment_collection_id=session.payment_collection_id, provider_id="pp_fake_fake")
