"""Every signal, with the data that the reference promises."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.dispatch import Signal
from django.utils import timezone

from medusa_payments import signals
from medusa_payments.core.saga import comparing
from medusa_payments.core.upkeep import tending
from medusa_payments.exceptions import PaymentOutcomeUnknown
from medusa_payments.models import Event, Operation, Payment, PaymentSession
from medusa_payments.providers.facts import RefundState
from medusa_payments.services import captures, payment_collections, payments, refunds, worker
from medusa_payments.testing.fake_provider import FakeProvider
from tests.till import Till

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
    table = REFERENCE.split("## Signals")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", table, flags=re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", keys)) for name, keys in rows}


def test_all_are_documented() -> None:
    assert set(documented()) == set(ALL)


def lose_a_refund(payment: Payment) -> None:
    """Leave a refund open whose key the provider may have forgotten, at a provider that has no trace of the payment."""
    with suppress(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk)
    day_before_yesterday = timezone.now() - timedelta(days=2)
    Operation.objects.filter(kind="refund", status="open").update(created_at=day_before_yesterday)
    PaymentSession.objects.filter(pk=payment.payment_session_id).update(provider_ref="fake_pay_gone")


def go_through_disputes(payment: Payment, provider: FakeProvider) -> None:
    desk = provider.dashboard
    for end in (desk.win_dispute, desk.lose_dispute, desk.close_dispute):
        ref = desk.open_dispute(payment.provider_ref, 100, due_in_seconds=60)
        comparing.look_at(payment.payment_session_id)
        tending.tend(payment.payment_collection_id)
        desk.send_evidence(ref)
        comparing.look_at(payment.payment_session_id)
        end(ref)
        comparing.look_at(payment.payment_session_id)


def test_a_days_events(till: Till, heard: list[tuple[str, dict[str, Any]]], fake_provider: FakeProvider) -> None:
    payment_collections.delete(payment_collection_id=till.session().payment_collection_id)
    till.collection("80")
    till.session("pp_system_default")
    till.session()
    till.session()
    payments.cancel(payment_id=till.authorized().pk)
    expiring = till.authorized()
    Payment.objects.filter(pk=expiring.pk).update(capture_before=timezone.now())
    tending.tend(expiring.payment_collection_id)
    fake_provider.dashboard.cancel(expiring.provider_ref)
    comparing.look_at(expiring.payment_session_id)
    expired = till.authorized()
    fake_provider.dashboard.cancel(expired.provider_ref)
    comparing.look_at(expired.payment_session_id)
    payment = till.captured()
    refunds.refund(payment_id=payment.pk, amount=Decimal(1))
    fake_provider.dashboard.settle_refund(
        fake_provider.dashboard.refund_refs(payment.provider_ref)[0], RefundState.FAILED
    )
    fake_provider.dashboard.capture(payment.provider_ref, 1)
    comparing.look_at(payment.payment_session_id)
    go_through_disputes(payment, fake_provider)
    payment_collections.fail(payment_collection_id=payment.payment_collection_id)
    payment_collections.cancel(payment_collection_id=payment.payment_collection_id)
    till.cart_id = "cart_2"
    lose_a_refund(till.captured(on="refund", outcome="timeout_before"))
    worker.run_once()

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
