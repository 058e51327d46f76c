"""The database fails, forgets to answer, or is used by a host in its own way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import InsideTransaction, PaymentOutcomeUnknown
from medusa_payments.models import Capture, Operation, Payment, PaymentCollection
from medusa_payments.services import captures, collection_refunds, payment_collections, payments, refunds
from medusa_payments.signals import payment_authorized
from tests.scripted import DATABASE_IS_GONE, SECOND, Moved, Script, Verb, answer_lost, authorize, run_out
from tests.till import Till


@contextmanager
def failing(sql: str, errors: list[Exception]) -> Iterator[None]:
    """Let the database answer statements that contain `sql` with these errors, for as long as there are any."""

    def wrapper(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        if sql in statement and errors:
            raise errors.pop()
        return execute(statement, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield


@contextmanager
def dying_after(sql: str) -> Iterator[None]:
    """Let the connection die once, when a statement that begins with `sql` was carried out and committed."""
    is_due = [True]

    def wrapper(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(statement, params, many, context)
        if statement.startswith(sql) and is_due:
            is_due.clear()
            raise DATABASE_IS_GONE
        return result

    with connection.execute_wrapper(wrapper):
        yield


@contextmanager
def commit(*, is_carried_out: bool) -> Iterator[None]:
    """Let the connection die at the next commit, after or before it is carried out."""
    real = connection._commit

    def dying() -> None:
        (real if is_carried_out else connection._rollback)()
        connection._commit = real
        raise DATABASE_IS_GONE

    connection._commit = dying
    try:
        yield
    finally:
        connection._commit = real


@pytest.mark.django_db(transaction=True)
class TestWithoutATransactionOfOurOwn:
    def test_a_connection_without_autocommit_is_refused(self, till: Till, moved: Moved) -> None:
        """There the reservation would not be committed before the call."""
        payment = till.authorized()
        transaction.set_autocommit(False)
        try:
            with pytest.raises(InsideTransaction):
                captures.capture(payment_id=payment.pk)
        finally:
            transaction.rollback()
            transaction.set_autocommit(True)

        assert moved("capture") == []

    def test_no_provider_is_called_while_a_transaction_is_open(self, till: Till, script: Script) -> None:
        seen: dict[str, set[bool]] = {}

        def watch(verb: str) -> Callable[[Any, Verb], Any]:
            def watched(request: Any, call: Verb) -> Any:
                seen.setdefault(verb, set()).add(connection.in_atomic_block or not connection.get_autocommit())
                return call(request)

            return watched

        script.update(
            {verb: watch(verb) for verb in ("initiate", "update", "authorize", "capture", "refund", "cancel")}
        )
        till.session()
        till.session()
        till.session(SECOND)
        payment = till.authorized(SECOND)
        captures.capture(payment_id=payment.pk, amount=Decimal(40))
        refunds.refund(payment_id=payment.pk)
        payments.cancel(payment_id=payment.pk)

        assert seen == {verb: {False} for verb in script}

    def test_a_receiver_may_call_services(self, till: Till, moved: Moved) -> None:
        def capture(data: dict[str, Any], **_: object) -> None:
            captures.capture(payment_id=data["payment_id"])

        payment_authorized.connect(capture)
        try:
            payment = till.authorized()
        finally:
            payment_authorized.disconnect(capture)

        assert moved("capture") == [10000]
        assert Payment.objects.get(pk=payment.pk).captured_amount == 10000


@pytest.mark.django_db(transaction=True)
class TestCommitsThatAreNotAcknowledged:
    @pytest.mark.parametrize("is_carried_out", [True, False])
    def test_of_a_reservation(self, till: Till, moved: Moved, is_carried_out: bool) -> None:
        payment = till.authorized()

        with commit(is_carried_out=is_carried_out), pytest.raises(OperationalError):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        assert moved("capture") == []
        assert {operation.status for operation in Operation.objects.filter(kind="capture")} <= {"not_executed"}
        captured = captures.capture(payment_id=payment.pk, amount=Decimal(30))

        assert (captured.captured_amount, captured.capturing_amount) == (3000, 0)
        assert moved("capture") == [3000]

    @pytest.mark.parametrize("is_carried_out", [True, False])
    def test_of_a_reservation_that_a_local_provider_has_settled(self, till: Till, is_carried_out: bool) -> None:
        payment = till.authorized("pp_system_default")

        with commit(is_carried_out=is_carried_out), pytest.raises(OperationalError):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        captured = captures.capture(payment_id=payment.pk, amount=Decimal(30))

        assert (captured.captured_amount, captured.capturing_amount) == (3000, 0)

    @pytest.mark.parametrize("is_carried_out", [True, False])
    def test_of_a_repeat(self, till: Till, script: Script, moved: Moved, is_carried_out: bool) -> None:
        """Here the request may have been executed before, so it stays unknown."""
        payment = till.authorized()
        script["capture"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        script.clear()

        with commit(is_carried_out=is_carried_out), pytest.raises(OperationalError):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        assert Operation.objects.get(kind="capture").is_open
        captured = captures.capture(payment_id=payment.pk, amount=Decimal(30))

        assert (captured.captured_amount, captured.capturing_amount) == (3000, 0)
        assert moved("capture") == [3000]

    @pytest.mark.parametrize("is_carried_out", [True, False])
    def test_of_a_repeat_that_finds_the_outcome(
        self, till: Till, script: Script, moved: Moved, is_carried_out: bool
    ) -> None:
        payment = till.authorized()
        script["capture"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        script.clear()
        comparing.look_at(payment.payment_session_id)

        with commit(is_carried_out=is_carried_out), pytest.raises(OperationalError):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        assert captures.capture(payment_id=payment.pk, amount=Decimal(30)).captured_amount == 3000
        assert moved("capture") == [3000]

    def test_of_a_repeat_that_finds_the_outcome_of_a_refund_across_payments(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.captured()
        request = {"payment_collection_id": payment.payment_collection_id, "amount": Decimal(30)}
        script["refund"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            collection_refunds.refund(**request)
        script.clear()
        comparing.look_at(payment.payment_session_id)

        with dying_after('UPDATE "medusa_payments_debt"'), pytest.raises(OperationalError):
            collection_refunds.refund(**request)
        collection_refunds.refund(**request)
        assert moved("refund") == [3000]

    @pytest.mark.parametrize("is_carried_out", [True, False])
    def test_of_an_answer(self, till: Till, script: Script, moved: Moved, is_carried_out: bool) -> None:
        payment = till.authorized()
        dying = commit(is_carried_out=is_carried_out)

        def capture(request: Any, call: Verb) -> Any:
            result = call(request)
            dying.__enter__()
            return result

        script["capture"] = capture
        captured = captures.capture(payment_id=payment.pk, amount=Decimal(30))

        assert (captured.captured_amount, captured.capturing_amount) == (3000, 0)
        assert captured.captures.count() == 1
        assert moved("capture") == [3000]
        numbers = list(captured.payment_collection.events.order_by("number").values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))

    @pytest.mark.postgres
    def test_the_connection_dies_while_the_provider_is_called(self, till: Till, script: Script, moved: Moved) -> None:
        payment = till.authorized()

        def capture(request: Any, call: Verb) -> Any:
            result = call(request)
            with connection.cursor() as cursor, suppress(OperationalError):
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            return result

        script["capture"] = capture
        captured = captures.capture(payment_id=payment.pk, amount=Decimal(30))

        assert (captured.captured_amount, captured.capturing_amount) == (3000, 0)
        assert moved("capture") == [3000]


class TestADatabaseThatFails:
    def test_the_database_hiccups_while_an_answer_is_booked(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()

        with failing('INSERT INTO "medusa_payments_capture"', [DATABASE_IS_GONE]):
            captured = captures.capture(payment_id=payment.pk, amount=Decimal(30))

        assert (captured.captured_amount, captured.capturing_amount) == (3000, 0)
        assert moved("capture") == [3000]

    @pytest.mark.parametrize("sql", ['INSERT INTO "medusa_payments_capture"', 'UPDATE "medusa_payments_operation"'])
    def test_an_answer_that_can_not_be_booked_now_is_booked_for_who_asks_again(
        self, till: Till, moved: Moved, sql: str
    ) -> None:
        payment = till.authorized()

        with failing(sql, [DATABASE_IS_GONE] * 9), pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        run_out(Operation.objects.get(kind="capture"))
        captured = captures.capture(payment_id=payment.pk, amount=Decimal(30))

        assert (captured.captured_amount, captured.capturing_amount) == (3000, 0)
        assert moved("capture") == [3000]

    def test_an_answer_that_can_not_be_booked_now_is_told_to_who_asks_again_though_it_was_booked_meanwhile(
        self, till: Till, script: Script, moved: Moved
    ) -> None:
        payment = till.authorized()
        errors: list[Exception] = []

        def capture(request: Any, call: Verb) -> Any:
            result = call(request)
            comparing.look_at(payment.payment_session_id)
            errors.extend([DATABASE_IS_GONE] * 2)
            return result

        script["capture"] = capture
        with failing('FROM "medusa_payments_paymentcollection"', errors), pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=Decimal(30))
        script.clear()
        captured = captures.capture(payment_id=payment.pk, amount=Decimal(30))

        assert captured.captured_amount == 3000
        assert moved("capture") == [3000]

    def test_the_database_fails_while_an_operation_that_follows_at_a_local_provider_is_booked(
        self, till: Till, script: Script
    ) -> None:
        till.session("pp_system_default")

        def fail(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
            if "payment_session.canceled" in map(str, params or ()):
                raise DATABASE_IS_GONE
            return execute(statement, params, many, context)

        with connection.execute_wrapper(fail):
            session = till.session()

        assert (session.slot, session.provider_id) == (0, "pp_fake_fake")
        assert Operation.objects.get(kind="cancel").is_open

    def test_the_database_fails_while_an_operation_that_follows_is_booked(self, till: Till, script: Script) -> None:
        errors: list[Exception] = []

        def cancel(request: Any, call: Verb) -> Any:
            errors.extend([DATABASE_IS_GONE] * 9)
            return call(request)

        replaced = till.session()
        script["cancel"] = cancel
        with failing('UPDATE "medusa_payments_operation"', errors):
            session = till.session("pp_system_default")

        assert (session.slot, session.provider_id) == (0, "pp_system_default")
        assert Operation.objects.get(kind="cancel").is_open
        replaced.refresh_from_db()
        assert (replaced.slot, replaced.status) == (None, "pending")

    def test_what_was_not_acknowledged_as_reserved_is_not_sent(self, till: Till, moved: Moved) -> None:
        payment = till.authorized()

        with (
            failing('INSERT INTO "medusa_payments_operation"', [DATABASE_IS_GONE]),
            pytest.raises(OperationalError),
        ):
            captures.capture(payment_id=payment.pk)

        payment.refresh_from_db()
        assert (moved("capture"), payment.capturing_amount) == ([], 0)


class ReplicaRouter:
    """Sends every read that isn't told otherwise to a replica, which here can't even be reached."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "replica" if model._meta.app_label == "medusa_payments" else None

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, *_: Any, **hints: Any) -> bool:
        return True


def test_nothing_is_read_from_a_replica(
    settings: Any, till: Till, script: Script, moved: Moved, unpaid_order: PaymentCollection
) -> None:
    settings.DATABASE_ROUTERS = [ReplicaRouter()]

    payment_collections.mark_as_paid(payment_collection_id=unpaid_order.pk, provider_id="pp_fake_fake")
    script["initiate"] = answer_lost
    with pytest.raises(PaymentOutcomeUnknown):
        till.session()
    script.clear()
    session = till.session()
    till.session()
    authorize(session)
    payment = Payment.objects.using("default").get(payment_session=session)
    captures.capture(payment_id=payment.pk, amount=Decimal(30), idempotency_key="k1")
    refunds.refund(payment_id=payment.pk)
    payments.cancel(payment_id=payment.pk)
    till.set_total("5", cart_id="cart_2")
    payment_collections.delete(payment_collection_id=payment_collections.create_for_cart(cart_id="cart_2").pk)

    assert (moved("capture"), moved("refund"), moved("cancel")) == ([2500, 3000], [3000], [7000])
    assert Capture.objects.using("default").count() == 2
