"""Interleavings that were found by attacking the money core, with threads on one database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, Max

from medusa_payments.exceptions import PaymentsError
from medusa_payments.models import Event, Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.services import captures, payment_collections, payment_sessions, payments, refunds
from medusa_payments.testing.factories import authorized_payment, make_collection
from medusa_payments.testing.fake_provider import FakeProvider

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("cart_desk")]

Verb = Callable[[], object]


def at_once(verbs: list[Verb], *, rounds: int = 1) -> list[PaymentsError]:
    """Run the verbs in threads of their own, `rounds` times each; return what they refused to each other.

    Anything that isn't a `PaymentsError` fails the test.
    """
    barrier = Barrier(len(verbs))

    def run(verb: Verb) -> list[PaymentsError]:
        refused = []
        try:
            barrier.wait()
            for _ in range(rounds):
                try:
                    verb()
                except PaymentsError as error:
                    refused.append(error)
        finally:
            connection.close()
        return refused

    with ThreadPoolExecutor(len(verbs)) as pool:
        return [error for refused in pool.map(run, verbs) for error in refused]


def moved(provider: FakeProvider, verb: str) -> list[int]:
    return [entry["amount"] for entry in provider.ledger_entries() if entry["verb"] == verb]


def assert_events_are_numbered() -> None:
    numbers = Event.objects.values("payment_collection").annotate(count=Count("id"), last=Max("number"))
    assert all(row["count"] == row["last"] for row in numbers)


def test_a_cart_gets_its_collection_while_others_delete_it(fake_provider: FakeProvider) -> None:
    cart_id = make_collection().cart_id
    make = lambda: payment_collections.create_for_cart(cart_id=cart_id)  # noqa: E731
    errors: list[PaymentsError] = []

    def delete() -> None:
        for collection in PaymentCollection.objects.filter(live_cart_id=cart_id):
            payment_collections.delete(payment_collection_id=collection.pk)

    def create() -> None:
        try:
            make()
        except PaymentsError as error:
            errors.append(error)

    at_once([create, create, delete, delete], rounds=15)

    assert errors == []
    assert make().live_cart_id == cart_id
    made = Event.objects.filter(name="payment_collection.created")
    assert made.count() == PaymentCollection.objects.count()
    assert_events_are_numbered()


def test_choosing_paying_and_deleting_at_once_leaves_one_story(fake_provider: FakeProvider) -> None:
    collection_id = make_collection().pk

    def choose(provider_id: str) -> Verb:
        return lambda: payment_sessions.initialize(payment_collection_id=collection_id, provider_id=provider_id)

    def pay() -> None:
        for session in PaymentSession.objects.filter(payment_collection_id=collection_id, slot=0):
            payment_sessions.authorize(payment_collection_id=collection_id, payment_session_id=session.pk)

    delete: Verb = lambda: payment_collections.delete(payment_collection_id=collection_id)  # noqa: E731
    at_once([choose("pp_fake_fake"), choose("pp_system_default"), pay, pay, delete], rounds=4)

    assert Payment.objects.count() <= 1
    assert PaymentSession.objects.filter(slot=0).count() <= 1
    assert sum(moved(fake_provider, "authorize")) in {0, 10000}
    collection = PaymentCollection.objects.get()
    assert collection.authorized_amount == sum(Payment.objects.values_list("amount", flat=True))
    assert (collection.deleted_at is None) or not Payment.objects.exists()
    assert not Operation.objects.filter(status="open").exists()
    assert_events_are_numbered()


def test_captures_refunds_and_a_cancel_at_once_keep_the_books_of_both_sides_equal(fake_provider: FakeProvider) -> None:
    payment_id = authorized_payment(data={"on": "capture", "delay_ms": 5}).pk
    verbs: dict[str, Callable[..., Any]] = {"capture": captures.capture, "refund": refunds.refund}

    def some(verb: str, amount: int | None) -> Verb:
        return lambda: verbs[verb](payment_id=payment_id, amount=Decimal(amount) if amount else None)

    cancel: Verb = lambda: payments.cancel(payment_id=payment_id)  # noqa: E731
    at_once([some("capture", 30), some("capture", 7), some("refund", 20), some("refund", None), cancel], rounds=3)

    payment = Payment.objects.get()
    assert payment.captured_amount == sum(moved(fake_provider, "capture"))
    assert payment.refunded_amount == sum(moved(fake_provider, "refund"))
    assert payment.released_amount == sum(moved(fake_provider, "cancel"))
    assert (payment.capturing_amount, payment.refunding_amount, payment.releasing_amount) == (0, 0, 0)
    assert payment.captured_amount == sum(payment.captures.values_list("amount", flat=True))
    assert payment.refunded_amount == sum(payment.refunds.values_list("amount", flat=True))
    collection = payment.payment_collection
    assert (collection.captured_amount, collection.refunded_amount) == (
        payment.captured_amount,
        payment.refunded_amount,
    )
    assert_events_are_numbered()


@pytest.mark.parametrize("verb", ["capture", "refund"])
def test_one_key_from_ten_callers_is_one_operation(fake_provider: FakeProvider, verb: str) -> None:
    payment_id = authorized_payment(data={"on": verb, "delay_ms": 20}).pk
    if verb == "refund":
        captures.capture(payment_id=payment_id)
    move: Any = {"capture": captures.capture, "refund": refunds.refund}[verb]

    at_once([lambda: move(payment_id=payment_id, amount=Decimal(30), idempotency_key="k1")] * 10)

    assert moved(fake_provider, verb) == [3000]
    assert Operation.objects.filter(kind=verb, idempotency_key="k1").count() == 1
