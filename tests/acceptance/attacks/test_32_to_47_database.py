"""Scenario 43: time-outs of statements and locks, lost connections, serialization failures: 503, and exact books."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import (
    DatabaseError,
    DataError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connection,
    connections,
)
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from medusa_payments.core.saga import recovery
from medusa_payments.exceptions import PaymentOutcomeUnknown
from medusa_payments.models import Operation, Payment, PaymentCollection
from medusa_payments.services import captures, payment_collections, worker
from medusa_payments.signals import payment_captured
from medusa_payments.testing.fake_provider import FakeProvider
from tests.api.test_caching import routes
from tests.audit import differences, recover
from tests.proofs.races.test_over_http import Answer, Shop
from tests.scripted import Script, lost, run_out, unavailable
from tests.till import Till

Moved = Callable[[str], list[int]]

pytestmark = pytest.mark.django_db(transaction=True)


def options(**changed: Any) -> Iterator[None]:
    """Have every connection that is opened from now on use these options."""
    settings = connections.databases["default"]
    before = settings.get("OPTIONS", {})
    settings["OPTIONS"] = {**before, **changed}
    connection.settings_dict["OPTIONS"] = settings["OPTIONS"]
    connections.close_all()
    try:
        yield
    finally:
        settings["OPTIONS"] = connection.settings_dict["OPTIONS"] = before
        connections.close_all()


@pytest.fixture(params=["REPEATABLE_READ", "SERIALIZABLE"])
def isolation(request: pytest.FixtureRequest) -> Iterator[None]:
    psycopg = pytest.importorskip("psycopg")
    yield from options(isolation_level=psycopg.IsolationLevel[request.param].value)


@pytest.fixture(params=["repeatable read"])
def isolation_of_the_server(request: pytest.FixtureRequest) -> Iterator[None]:
    """What Django isn't told of."""
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    for change in (f"SET default_transaction_isolation = '{request.param}'", "RESET default_transaction_isolation"):
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} {change}")
        connections.close_all()
        if change.startswith("SET"):
            yield


@pytest.fixture
def shop(live_server: Any, fake_provider: FakeProvider) -> Shop:
    call_command("seed_demo", verbosity=0)
    return Shop(live_server.url)


def together(*calls: Callable[[], Answer]) -> list[Answer]:
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def drive(shop: Shop, fake_provider: FakeProvider) -> Counter[int]:
    """Checkouts, captures and refunds at once, on one payment and on several; return how often each status came."""
    answers: list[Answer] = []
    payment_id = shop.authorized_payment()
    answers += shop.at_once(f"/admin/payments/{payment_id}/capture", {"amount": 4})
    answers += shop.at_once(f"/admin/payments/{payment_id}/refund", {"amount": 3})
    path = f"/store/payment-collections/{shop.collection()['id']}/payment-sessions"
    answers += shop.at_once(path, {"provider_id": "pp_fake_fake"})
    payments = [shop.authorized_payment() for _ in range(4)]
    answers += together(*(lambda id=id: shop.post(f"/admin/payments/{id}/capture", {}) for id in payments * 2))  # type: ignore[misc]
    return Counter(answer.status for answer in answers)


def agree(fake_provider: FakeProvider) -> None:
    """Say that our books and the provider's tell the same, and nothing is left in flight."""
    for payment in Payment.objects.all():
        theirs = fake_provider.payment(payment.provider_ref)
        assert theirs is not None
        assert (payment.captured_amount, payment.refunded_amount) == (theirs.captured, theirs.refunded)
        assert (payment.capturing_amount, payment.refunding_amount) == (0, 0)
        assert sum(capture.amount for capture in payment.captures.all()) == payment.captured_amount
        assert sum(refund.amount for refund in payment.refunds.all()) == payment.refunded_amount


@pytest.mark.postgres
@pytest.mark.race
@pytest.mark.usefixtures("isolation")
def test_43_a_host_with_a_stricter_isolation_level_sells_as_others_do(shop: Shop, fake_provider: FakeProvider) -> None:
    statuses = drive(shop, fake_provider)

    assert set(statuses) <= {200, 400, 409, 503}, statuses
    assert statuses[503] <= 2, statuses
    agree(fake_provider)


@pytest.mark.postgres
@pytest.mark.race
@pytest.mark.usefixtures("isolation_of_the_server")
def test_43_nor_is_anything_lost_where_only_the_server_knows_of_the_level(
    shop: Shop, fake_provider: FakeProvider
) -> None:
    statuses = drive(shop, fake_provider)

    assert set(statuses) <= {200, 400, 409, 503}, statuses
    agree(fake_provider)


TROUBLE = [
    OperationalError("server closed the connection unexpectedly"),
    OperationalError("canceling statement due to statement timeout"),
    InterfaceError("connection already closed"),
]


@contextmanager
def failing(error: Exception, after: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Have every statement fail, from the moment on when `after` says so."""

    def wrapper(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        if after():
            raise error
        return execute(statement, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield


def is_unavailable(response: Any) -> bool:
    body = response.json()
    return (
        response.status_code == 503
        and int(response["Retry-After"]) >= 1
        and (body["type"], body["code"]) == ("unexpected_state", "database_unavailable")
        and response["Cache-Control"] == "private, no-store"
    )


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("staff"))
    return client


@pytest.fixture
def body() -> dict[str, Any]:
    return {"content_type": "application/json", "headers": {"x-publishable-api-key": "pk_x"}}


@pytest.mark.any_engine
@pytest.mark.parametrize("error", TROUBLE, ids=str)
@pytest.mark.proof
def test_43_every_view_says_that_the_database_is_away(staff: Client, body: dict[str, Any], error: Exception) -> None:
    """The bodies are wrong for most: what is right or wrong about them comes before or after the database."""
    unavailable = 0
    for path, view in routes():
        for method in [name for name in view.actions if name != "head"]:
            with failing(error):
                response = staff.generic(method.upper(), path, "{}", **body)
            assert is_unavailable(response) or response.status_code in {400, 401, 404}, (method, path, response)
            unavailable += response.status_code == 503
    assert unavailable > 40


@pytest.mark.any_engine
def test_43_what_is_wrong_with_a_statement_is_no_trouble_of_the_database(staff: Client, body: dict[str, Any]) -> None:
    staff.raise_request_exception = False
    for error in (ProgrammingError("no such column"), DataError("out of range"), DatabaseError("?")):
        with failing(error):
            response = staff.get("/admin/payments", **body)
        assert (response.status_code, response.json()["type"]) == (500, "database_error")


def test_43_nothing_is_half_written_when_the_database_fails_at_any_statement(
    staff: Client, till: Till, moved: Moved, fake_provider: FakeProvider, body: dict[str, Any]
) -> None:
    """Whatever was sent is answered with 409 or booked; where nothing was sent the same request does it later."""
    seen = Counter[int]()
    for number in range(0, 36, 3):
        payment, left = till.authorized(), [number]

        def is_due(left: list[int] = left) -> bool:
            left[0] -= 1
            return left[0] == -1

        before = len(moved("capture"))
        with failing(TROUBLE[0], is_due):
            response = staff.post(f"/admin/payments/{payment.pk}/capture", {"amount": 40}, **body)
        seen[response.status_code] += 1
        sent = len(moved("capture")) - before
        payment.refresh_from_db()
        if response.status_code == 503:
            assert is_unavailable(response)
            assert (sent, payment.captured_amount, payment.capturing_amount) == (0, 0, 0)
        elif response.status_code == 409:
            assert response.json()["code"] == "payment_outcome_unknown"
        else:
            assert (response.status_code, payment.captured_amount) == (200, 4000)
        till.cart_id = f"cart_{number + 2}"
    assert {200, 409, 503} <= set(seen), seen
    recover()
    assert list(differences(fake_provider)) == []


def test_43_who_can_not_be_told_what_became_of_a_capture_hears_that_it_is_not_known(
    staff: Client, till: Till, moved: Moved, body: dict[str, Any]
) -> None:
    """The money has moved and is booked; then the database goes away before the answer was read."""
    payment, booked = till.authorized(), list[bool]()
    payment_captured.connect(lambda **_: booked.append(True), weak=False, dispatch_uid="test_43")
    try:
        with failing(TROUBLE[0], lambda: bool(booked)):
            response = staff.post(f"/admin/payments/{payment.pk}/capture", {"amount": 40}, **body)
    finally:
        payment_captured.disconnect(dispatch_uid="test_43")

    assert (response.status_code, response.json()["code"]) == (409, "payment_outcome_unknown")
    assert response.json()["details"]["operation_id"] == Operation.objects.get(kind="capture").pk
    assert moved("capture") == [4000]


@pytest.mark.any_engine
def test_43_a_page_of_the_admin_says_it_in_words(staff: Client, till: Till, moved: Moved) -> None:
    payment = till.authorized()
    money = reverse("admin:medusa_payments_payment_capture", args=[quote(payment.pk)])
    pages = [
        reverse("admin:medusa_payments_payment_changelist"),
        reverse("admin:medusa_payments_payment_change", args=[quote(payment.pk)]),
        staff.get(money)["Location"],
        reverse("admin:medusa_payments_refundreason_add"),
    ]
    for page in pages:
        for request in (staff.get, staff.post):
            with failing(TROUBLE[0]):
                response = request(page)
            assert response.status_code == 503, page
            assert "used right now" in response.content.decode()
            assert int(response["Retry-After"]) >= 1
            assert "no-store" in response["Cache-Control"]
    assert moved("capture") == []


@contextmanager
def held(payment: Payment) -> Iterator[None]:
    """Hold the lock of a payment's collection in a session of its own; on SQLite that of the whole database."""
    other = connections.create_connection("default")
    impatient = {"timeout", "options"}
    patient = {name: value for name, value in other.settings_dict["OPTIONS"].items() if name not in impatient}
    other.settings_dict = {**other.settings_dict, "OPTIONS": patient}
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(
                "UPDATE medusa_payments_paymentcollection SET updated_at = updated_at WHERE id = %s",
                [payment.payment_collection_id],
            )
        yield
    finally:
        other.rollback()
        other.close()


def short_of_time() -> list[dict[str, Any]]:
    if connection.vendor == "sqlite":
        return [{"timeout": 0.2}]
    return [{"options": f"-c {name}=200ms"} for name in ("lock_timeout", "statement_timeout")]


def test_43_a_lock_that_takes_too_long(staff: Client, till: Till, moved: Moved, body: dict[str, Any]) -> None:
    payment = till.authorized()
    for changed in short_of_time():
        with contextmanager(options)(**changed):
            with held(payment):
                response = staff.post(f"/admin/payments/{payment.pk}/capture", {"amount": 10}, **body)
            assert is_unavailable(response)
            assert staff.post(f"/admin/payments/{payment.pk}/capture", {"amount": 10}, **body).status_code == 200

    assert moved("capture") == [1000] * len(short_of_time())
    assert Operation.objects.filter(kind="capture").count() == len(short_of_time())


@contextmanager
def failing_to_lock(payment: Payment) -> Iterator[None]:
    """Have every attempt to lock the collection of a payment fail, as while a long transaction of the host holds it."""

    def wrapper(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        is_row = 'FROM "medusa_payments_paymentcollection"' in statement and payment.payment_collection_id in params
        if is_row and connection.in_atomic_block:
            raise TROUBLE[1]
        return execute(statement, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield


@pytest.mark.parametrize("stage", ["upkeep", "recovery"])
def test_43_a_collection_that_stays_locked_keeps_the_worker_from_no_other_one(
    till: Till, script: Script, moved: Moved, fake_provider: FakeProvider, stage: str
) -> None:
    locked, other = (till_of(till, f"cart_{number}") for number in range(2))
    script["capture"] = script["cancel"] = unavailable if stage == "upkeep" else lost
    for payment in (locked, other):
        if stage == "upkeep":
            payment_collections.cancel(payment_collection_id=payment.payment_collection_id)
        else:
            with pytest.raises(PaymentOutcomeUnknown):
                captures.capture(payment_id=payment.pk)
    script.clear()
    Operation.objects.filter(status="open").update(attempts=recovery.PATIENCE)
    for operation in Operation.objects.filter(status="open"):
        run_out(operation)
    for seconds, payment in enumerate((other, locked), 1):
        due = Now() - timedelta(seconds=seconds)
        PaymentCollection.objects.filter(pk=payment.payment_collection_id).update(attention_at=due)

    with failing_to_lock(locked):
        worker.run_once()

    other.refresh_from_db()
    locked.refresh_from_db()
    assert (other.canceled_at is not None, locked.canceled_at) == (stage == "upkeep", None)
    assert not other.operations.filter(status="open").exists()
    assert recover() == 0
    assert differences(fake_provider) == []


def till_of(till: Till, cart_id: str) -> Payment:
    till.cart_id = cart_id
    return till.authorized()


@pytest.mark.postgres
def test_43_a_connection_that_is_terminated(staff: Client, till: Till, moved: Moved, body: dict[str, Any]) -> None:
    payment = till.authorized()
    is_due = [True]

    def wrapper(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        if "FOR UPDATE" in statement and is_due:
            is_due.clear()
            execute("SELECT pg_terminate_backend(pg_backend_pid())", None, False, context)
        return execute(statement, params, many, context)

    with connection.execute_wrapper(wrapper):
        response = staff.post(f"/admin/payments/{payment.pk}/capture", {}, **body)
    assert is_unavailable(response)
    assert moved("capture") == []

    connection.close()
    assert staff.post(f"/admin/payments/{payment.pk}/capture", {}, **body).status_code == 200
    assert moved("capture") == [10000]


def rolled_back(sqlstate: str) -> OperationalError:
    error = OperationalError("could not serialize access")
    error.__cause__ = type("Cause", (Exception,), {"sqlstate": sqlstate})()
    return error


@pytest.mark.any_engine
@pytest.mark.parametrize("provider_id", ["pp_fake_fake", "pp_system_default"])
@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
@pytest.mark.parametrize("sql", ['INSERT INTO "medusa_payments_operation"', 'INSERT INTO "medusa_payments_capture"'])
def test_43_what_was_rolled_back_for_another_request_is_done_again(
    till: Till, provider_id: str, sqlstate: str, sql: str
) -> None:
    """Reserving and booking alike; the provider is asked once."""
    payment, errors = till.authorized(provider_id), [rolled_back(sqlstate) for _ in range(3)]

    def wrapper(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        if statement.startswith(sql) and errors:
            raise errors.pop()
        return execute(statement, params, many, context)

    with connection.execute_wrapper(wrapper):
        captured = captures.capture(payment_id=payment.pk, amount=Decimal(30))

    assert not errors
    assert (captured.captured_amount, captured.capturing_amount) == (3000, 0)
    assert Operation.objects.filter(kind="capture").count() == captured.captures.count() == 1


@pytest.mark.any_engine
def test_43_what_is_rolled_back_again_and_again_is_told(till: Till, moved: Moved) -> None:
    payment = till.authorized()

    with failing(rolled_back("40001")), pytest.raises(OperationalError):
        captures.capture(payment_id=payment.pk, amount=Decimal(30))

    assert moved("capture") == []
