"""Every signal, with the data that the reference promises."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.dispatch import Signal

from medusa_payments import signals
from medusa_payments.models import Event
from medusa_payments.services import captures, payment_collections, payments, refunds
from tests.services.conftest import Till

pytestmark = pytest.mark.django_db(transaction=True)

REFERENCE = (Path(__file__).resolve().parents[2] / "docs" / "reference.md").read_text()
ALL = {name: value for name, value in vars(signals).items() if isinstance(value, Signal)}


@pytest.fixture
def heard() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Every signal that is sent, in order: its name and its arguments."""
    calls: list[tuple[str, dict[str, Any]]] = []
    receivers = {}
    for name, signal in ALL.items():

        def receive(sender: Any, *, _name: str = name, **arguments: Any) -> None:
            calls.append((_name, arguments))

        signal.connect(receive)
        receivers[signal] = receive
    yield calls
    for signal, receiver in receivers.items():
        signal.disconnect(receiver)


def documented() -> dict[str, set[str]]:
    """Return the keys of `data` that the reference lists for each signal."""
    rows = re.findall(r"^\| `(payment_\w+)` \| (.*) \|$", REFERENCE, flags=re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", keys)) for name, keys in rows}


def test_all_are_documented() -> None:
    assert set(documented()) == set(ALL)


def test_a_days_events(till: Till, heard: list[tuple[str, dict[str, Any]]]) -> None:
    payment_collections.delete(payment_collection_id=till.session().payment_collection_id)
    till.collection("80")
    till.session("pp_system_default")
    till.session()
    till.session()
    payments.cancel(payment_id=till.authorized().pk)
    payment = till.authorized()
    captures.capture(payment_id=payment.pk)
    refunds.refund(payment_id=payment.pk, amount=Decimal(1))

    assert {name for name, _ in heard} == set(ALL)
    for name, arguments in heard:
        assert set(arguments["data"]) <= documented()[name], name
        assert bool(arguments["data"]) == bool(documented()[name]), name
        event = Event.objects.get(pk=arguments["event_id"])
        assert (event.payment_collection_id, event.data) == (arguments["payment_collection_id"], arguments["data"])


def test_a_receiver_that_raises_undoes_nothing(till: Till, caplog: pytest.LogCaptureFixture) -> None:
    def explode(**_: Any) -> None:
        raise RuntimeError

    payment = till.authorized()
    signals.payment_captured.connect(explode)
    try:
        captured = captures.capture(payment_id=payment.pk)
    finally:
        signals.payment_captured.disconnect(explode)

    assert captured.captured_amount == 10000
    assert "explode" in caplog.text
