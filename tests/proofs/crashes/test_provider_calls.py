"""The process is killed inside the provider's call, before or after the money moved. The caller repeats its request."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from medusa_payments.customers import Customer
from medusa_payments.models import Operation, Payment, PaymentSession
from medusa_payments.money import to_minor_units
from medusa_payments.services import captures, payment_sessions, payments, refunds
from medusa_payments.testing.carts import CartDesk
from medusa_payments.testing.factories import authorized_payment, captured_payment, make_collection, make_session
from medusa_payments.testing.fake_provider import FakeProvider
from tests.proofs.crashes.processes import KILLED_BY_THE_FAKE_PROVIDER, RETURNED, run_in_child

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.any_engine,
    pytest.mark.parametrize("moment", ["crash_before", "crash_after"]),
    pytest.mark.parametrize("idempotency_key", [None, "k1"], ids=["keyless", "keyed"]),
]

AMOUNT = Decimal(30)


@pytest.fixture(autouse=True)
def shop(cart_desk: CartDesk, fake_provider: FakeProvider) -> None:
    """A shop with a fake provider whose books outlive its processes."""


def crash_and_repeat(call: Callable[[], Any]) -> None:
    """The repeat runs in a child too: a wrong one, under a new key, would be killed as well."""
    assert run_in_child(call) == KILLED_BY_THE_FAKE_PROVIDER
    assert run_in_child(call) == RETURNED


def amounts(fake_provider: FakeProvider, verb: str) -> list[int]:
    return [entry["amount"] for entry in fake_provider.ledger_entries() if entry["verb"] == verb]


def nothing_is_left_open() -> bool:
    in_flight = Payment.objects.exclude(capturing_amount=0, refunding_amount=0, releasing_amount=0)
    return not Operation.objects.filter(status="open").exists() and not in_flight.exists()


def test_initialize(moment: str, idempotency_key: str | None, fake_provider: FakeProvider) -> None:
    collection = make_collection(amount=AMOUNT)

    crash_and_repeat(
        lambda: payment_sessions.initialize(
            payment_collection_id=collection.pk,
            provider_id="pp_fake_fake",
            data={"on": "initiate", "outcome": moment},
            idempotency_key=idempotency_key,
        )
    )

    session = PaymentSession.objects.get()
    assert session.slot == 0
    assert amounts(fake_provider, "initiate") == [session.amount]
    assert nothing_is_left_open()


def test_initialize_as_a_customer(moment: str, idempotency_key: str | None, fake_provider: FakeProvider) -> None:
    """The process dies while it opens the customer's account."""
    collection = make_collection(amount=AMOUNT)
    fake_provider.steer("account_holder", moment)

    crash_and_repeat(
        lambda: payment_sessions.initialize(
            payment_collection_id=collection.pk,
            provider_id="pp_fake_fake",
            customer=Customer(id="cus_jane"),
            idempotency_key=idempotency_key,
        )
    )

    [customer] = fake_provider.customers()
    assert PaymentSession.objects.get(slot=0).account_holder.external_id == customer.ref
    assert amounts(fake_provider, "initiate") == [PaymentSession.objects.get().amount]
    assert nothing_is_left_open()


def test_initialize_again(moment: str, idempotency_key: str | None, fake_provider: FakeProvider) -> None:
    session = make_session()

    crash_and_repeat(
        lambda: payment_sessions.initialize(
            payment_collection_id=session.payment_collection_id,
            provider_id="pp_fake_fake",
            data={"on": "update", "outcome": moment},
            idempotency_key=idempotency_key,
        )
    )

    assert PaymentSession.objects.get().pk == session.pk
    assert len(amounts(fake_provider, "update")) == 1
    assert nothing_is_left_open()


def test_authorize(moment: str, idempotency_key: str | None, fake_provider: FakeProvider) -> None:
    session = make_session(data={"outcome": moment})

    crash_and_repeat(
        lambda: payment_sessions.authorize(
            payment_collection_id=session.payment_collection_id,
            payment_session_id=session.pk,
            idempotency_key=idempotency_key,
        )
    )

    assert amounts(fake_provider, "authorize") == [Payment.objects.get().amount]
    assert nothing_is_left_open()


def test_capture(moment: str, idempotency_key: str | None, fake_provider: FakeProvider) -> None:
    payment = authorized_payment(data={"on": "capture", "outcome": moment})

    crash_and_repeat(lambda: captures.capture(payment_id=payment.pk, amount=AMOUNT, idempotency_key=idempotency_key))

    expected = to_minor_units(AMOUNT, payment.currency_code)
    payment.refresh_from_db()
    assert payment.captured_amount == expected
    assert amounts(fake_provider, "capture") == [expected]
    assert nothing_is_left_open()


def test_refund(moment: str, idempotency_key: str | None, fake_provider: FakeProvider) -> None:
    payment = captured_payment(data={"on": "refund", "outcome": moment})

    crash_and_repeat(lambda: refunds.refund(payment_id=payment.pk, amount=AMOUNT, idempotency_key=idempotency_key))

    expected = to_minor_units(AMOUNT, payment.currency_code)
    payment.refresh_from_db()
    assert payment.refunded_amount == expected
    assert amounts(fake_provider, "refund") == [expected]
    assert payment.refunds.count() == 1
    assert nothing_is_left_open()


def test_cancel(moment: str, idempotency_key: str | None, fake_provider: FakeProvider) -> None:
    payment = authorized_payment(data={"on": "cancel", "outcome": moment})

    crash_and_repeat(lambda: payments.cancel(payment_id=payment.pk, idempotency_key=idempotency_key))

    payment.refresh_from_db()
    assert payment.canceled_at is not None
    assert amounts(fake_provider, "cancel") == [payment.amount]
    assert nothing_is_left_open()
