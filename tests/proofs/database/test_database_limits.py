"""The database itself refuses what must never be, whoever writes it: `update()`, `bulk_create()` or raw SQL."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F, Model, ProtectedError

from medusa_payments.models import (
    Capture,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
    RefundReason,
    Release,
)
from medusa_payments.models.payment import COUNTERS

pytestmark = pytest.mark.django_db


@pytest.fixture
def collection() -> PaymentCollection:
    return PaymentCollection.objects.create(amount=100, currency_code="eur", cart_id="c", live_cart_id="c")


@pytest.fixture
def session(collection: PaymentCollection) -> PaymentSession:
    return make_session(collection, slot=0, provider_ref="ref_1")


@pytest.fixture
def payment(collection: PaymentCollection, session: PaymentSession) -> Payment:
    return make_payment(collection, session, captured_amount=60, refunded_amount=20)


def make_session(collection: PaymentCollection, **values: Any) -> PaymentSession:
    defaults = {"provider_id": "pp_x", "provider_account": "x", "amount": 100, "currency_code": "eur"}
    return PaymentSession.objects.create(payment_collection=collection, **defaults | values)


def make_payment(collection: PaymentCollection, session: PaymentSession, **values: Any) -> Payment:
    return Payment.objects.bulk_create([new_payment(collection, session, **values)])[0]


def new_payment(collection: PaymentCollection, session: PaymentSession, **values: Any) -> Payment:
    defaults = {"provider_id": "pp_x", "provider_account": "x", "provider_ref": "r", "currency_code": "eur"}
    return Payment(payment_collection=collection, payment_session=session, **defaults | {"amount": 100} | values)


BEYOND_THE_LIMITS = [
    {"captured_amount": 101},
    {"capturing_amount": 41},
    {"released_amount": 41},
    {"releasing_amount": 41},
    {"captured_amount": 70, "capturing_amount": 10, "released_amount": 10, "releasing_amount": 11},
    {"amount": 59},
    {"refunded_amount": 61},
    {"refunding_amount": 41},
    {"captured_amount": 19},
    {"amount": -1},
    *({counter: -1} for counter in COUNTERS),
    {"captured_amount": 2**63 - 1},
]


def refused(model: type[Model], row: Model, values: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        model._default_manager.filter(pk=row.pk).update(**values)
    assignments = ", ".join(f"{name} = %s" for name in values)
    statement = f"UPDATE {model._meta.db_table} SET {assignments} WHERE id = %s"
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [*values.values(), row.pk])


@pytest.mark.parametrize("values", BEYOND_THE_LIMITS, ids=str)
def test_counters_of_a_payment(payment: Payment, values: dict[str, int]) -> None:
    refused(Payment, payment, values)


@pytest.mark.parametrize("values", [values for values in BEYOND_THE_LIMITS if "amount" not in values], ids=str)
def test_bulk_create_beyond_the_limits(collection: PaymentCollection, values: dict[str, int]) -> None:
    session = make_session(collection, provider_ref="ref_2")
    with pytest.raises(DatabaseError), transaction.atomic():
        make_payment(collection, session, **{"captured_amount": 60, "refunded_amount": 20} | values)


def test_the_limits_themselves_are_within(payment: Payment) -> None:
    full = {"captured_amount": 80, "capturing_amount": 5, "released_amount": 10, "releasing_amount": 5}
    assert Payment.objects.filter(pk=payment.pk).update(**full, refunded_amount=70, refunding_amount=10) == 1


def test_an_increment_beyond_the_limit(payment: Payment) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(capturing_amount=F("capturing_amount") + 41)


@pytest.mark.parametrize(
    "values",
    [
        {"amount": -1},
        {"refunded_amount": 1},
        {"captured_amount": 1},
        {"authorized_amount": -1},
        {"status": "paid"},
        {"live_cart_id": "another"},
    ],
    ids=str,
)
def test_collections(collection: PaymentCollection, values: dict[str, Any]) -> None:
    refused(PaymentCollection, collection, values)


@pytest.mark.parametrize("values", [{"amount": -1}, {"status": "paid"}], ids=str)
def test_sessions(session: PaymentSession, values: dict[str, Any]) -> None:
    refused(PaymentSession, session, values)


def test_one_live_collection_per_cart(collection: PaymentCollection) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentCollection.objects.create(amount=1, currency_code="eur", cart_id="c", live_cart_id="c")


def test_one_live_session_per_slot(collection: PaymentCollection, session: PaymentSession) -> None:
    make_session(collection, slot=None)
    make_session(collection, slot=None)
    make_session(collection, slot=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_session(collection, slot=0)


def test_one_session_per_object_of_a_provider(collection: PaymentCollection, session: PaymentSession) -> None:
    make_session(collection, provider_account="another", provider_ref=session.provider_ref)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_session(collection, provider_id="pp_other_alias", provider_ref=session.provider_ref)


def test_one_payment_per_session(collection: PaymentCollection, payment: Payment) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_payment(collection, payment.payment_session)


@pytest.fixture
def operation(payment: Payment) -> Operation:
    return make_operation(payment, open_slot="slot")


def make_operation(payment: Payment, **values: Any) -> Operation:
    defaults = {
        "kind": "capture",
        "payment_collection": payment.payment_collection,
        "payment_session": payment.payment_session,
        "payment": payment,
        "provider_id": "pp_x",
        "provider_account": "x",
        "amount": 1,
        "currency_code": "eur",
        "request": {},
        "lease_expires_at": payment.created_at,
    }
    return Operation.objects.create(**defaults | values)


@pytest.mark.parametrize("ledger", [Capture, Refund, Release])
class TestLedgerLines:
    def test_one_per_operation(self, ledger: type[Model], payment: Payment, operation: Operation) -> None:
        ledger._default_manager.create(payment=payment, operation=operation, amount=1)
        with pytest.raises(IntegrityError), transaction.atomic():
            ledger._default_manager.bulk_create([ledger(payment=payment, operation=operation, amount=1)])

    def test_one_per_reference_of_the_provider(self, ledger: type[Model], payment: Payment) -> None:
        ledger._default_manager.create(payment=payment, provider_ref="r", amount=1)
        with pytest.raises(IntegrityError), transaction.atomic():
            ledger._default_manager.bulk_create([ledger(payment=payment, provider_ref="r", amount=1)])

    def test_none_without_a_cause(self, ledger: type[Model], payment: Payment) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            ledger._default_manager.bulk_create([ledger(payment=payment, amount=1)])

    @pytest.mark.parametrize("amount", [0, -1])
    def test_none_of_nothing(self, ledger: type[Model], payment: Payment, operation: Operation, amount: int) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            ledger._default_manager.bulk_create([ledger(payment=payment, operation=operation, amount=amount)])


def test_one_open_operation_per_slot(payment: Payment, operation: Operation) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_operation(payment, open_slot="slot")


@pytest.mark.parametrize(
    "values",
    [
        {"status": "succeeded"},
        {"status": "refused", "open_slot": None},
        {"refusal": "declined"},
        {"status": "done"},
        {"kind": "steal"},
        {"amount": -1},
        {"requested_amount": 0},
    ],
    ids=str,
)
def test_operations(operation: Operation, values: dict[str, Any]) -> None:
    refused(Operation, operation, values)


def test_one_live_refund_reason_per_code() -> None:
    RefundReason.objects.create(label="A", code="a", live_code="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        RefundReason.objects.create(label="B", code="a", live_code="a")


@pytest.mark.parametrize("amount", [5.0, 5.7, Decimal(5), "5", True])
def test_only_whole_numbers_reach_an_amount(collection: PaymentCollection, amount: Any) -> None:
    with pytest.raises(ValidationError):
        PaymentCollection.objects.filter(pk=collection.pk).update(amount=amount)
    with pytest.raises(ValidationError):
        PaymentCollection.objects.create(amount=amount, currency_code="eur")


def test_nothing_that_carried_money_can_be_deleted(collection: PaymentCollection, payment: Payment) -> None:
    for row in (collection, payment.payment_session):
        with pytest.raises(ProtectedError):
            row.delete()
