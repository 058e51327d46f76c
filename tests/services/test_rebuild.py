"""`rebuild.check` proves every counter and the amount of a payment from its facts."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from medusa_payments.core.saga import comparing
from medusa_payments.models import Capture, Dispute, Event, Operation, Payment, Refund, RefundReversal, Release
from medusa_payments.providers.facts import DisputeState
from medusa_payments.services import captures, payments, rebuild, refunds
from medusa_payments.testing.fake_provider import FakeProvider
from tests.scripted import Script, changed, euros
from tests.till import Till

pytestmark = pytest.mark.django_db

FACTS = [Capture, Release, Refund, RefundReversal, Operation, Dispute, Event]


def found() -> list[tuple[str, object, object]]:
    """What the check says of payments: column, stored, computed."""
    known = set(Payment.objects.values_list("pk", flat=True))
    return [(each.column, each.stored, each.computed) for each in rebuild.check() if each.row in known]


@pytest.fixture
def busy(till: Till) -> Payment:
    """100 authorized; 70 captured, of which 30 are refunded and 5 are being refunded; 10 are being captured."""
    payment = till.authorized()
    captures.capture(payment_id=payment.pk, amount=Decimal(70))
    refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    refunds.enqueue_refund(payment_id=payment.pk, amount=Decimal(5))
    captures.enqueue_capture(payment_id=payment.pk, amount=Decimal(10))
    return Payment.objects.get()


def test_a_busy_payment_adds_up(busy: Payment) -> None:
    assert (busy.capturing_amount, busy.refunding_amount) == (1000, 500)
    assert found() == []


@pytest.mark.parametrize(
    ("column", "right"),
    [
        ("captured_amount", 7000),
        ("capturing_amount", 1000),
        ("released_amount", 0),
        ("releasing_amount", 0),
        ("refunded_amount", 3000),
        ("refunding_amount", 500),
        ("withheld_amount", 0),
    ],
)
def test_each_counter_that_is_spoiled_is_reported(busy: Payment, column: str, right: int) -> None:
    spoiled = right + 1
    disputed = {"disputed_amount": spoiled} if column == "withheld_amount" else {}
    Payment.objects.update(**{column: spoiled, **disputed})
    assert found() == [(column, spoiled, right)]


def test_an_amount_that_no_event_tells_is_reported(busy: Payment) -> None:
    Payment.objects.update(amount=12000)
    assert found() == [("amount", 12000, 10000)]


def test_an_amount_that_the_provider_raised_adds_up(till: Till, script: Script) -> None:
    payment = till.authorized()
    script["retrieve"] = changed(money=euros(12000))
    comparing.look_at(payment.payment_session_id)
    assert Payment.objects.get().amount == 12000
    assert found() == []

    Payment.objects.update(amount=10000)
    assert found() == [("amount", 10000, 12000)]


def test_a_release_without_its_line_is_reported(till: Till) -> None:
    payment = till.authorized()
    payments.cancel(payment_id=payment.pk)
    assert found() == []

    Payment.objects.get().releases.all().delete()
    assert found() == [("released_amount", 10000, 0)]


def test_a_cancel_in_flight_adds_up(till: Till) -> None:
    payments.enqueue_cancel(payment_id=till.authorized().pk)
    assert Payment.objects.get().releasing_amount == 10000
    assert found() == []

    Operation.objects.filter(kind="cancel").update(amount=9000)
    assert found() == [("releasing_amount", 10000, 9000)]


def test_what_a_dispute_withholds_adds_up(till: Till, fake_provider: FakeProvider) -> None:
    payment = till.captured()
    fake_provider.dashboard.open_dispute(payment.provider_ref, 4000)
    comparing.look_at(payment.payment_session_id)
    assert Payment.objects.get().withheld_amount == 4000
    assert found() == []

    Dispute.objects.update(withheld_amount=3000)
    assert found() == [("withheld_amount", 4000, 3000)]
    assert Dispute.objects.get().state == DisputeState.NEEDS_RESPONSE


def test_a_payment_that_moves_between_its_row_and_its_lines_is_no_false_alarm(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = till.authorized()
    counters_of: Callable[..., Any] = rebuild.counters_of

    def after_a_capture(read: Any) -> Any:
        monkeypatch.undo()
        captures.capture(payment_id=payment.pk)
        return counters_of(read)

    monkeypatch.setattr(rebuild, "counters_of", after_a_capture)
    assert found() == []


@pytest.mark.parametrize("model", FACTS)
def test_however_many_payments_there_are_each_kind_of_fact_is_one_query(till: Till, model: type[Model]) -> None:
    payments.cancel(payment_id=till.authorized().pk)
    for number in (2, 3):
        till.cart_id = f"cart_{number}"
        till.captured()

    with CaptureQueriesContext(connection) as asked:
        assert found() == []

    assert len([each for each in asked if f'FROM "{model._meta.db_table}"' in each["sql"]]) == 1
