"""Scenario 43: time-outs of statements and locks, lost connections, serialization failures: 503, and exact books."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections

from medusa_payments.models import Payment
from medusa_payments.testing.fake_provider import FakeProvider
from tests.races.test_over_http import Answer, Shop

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


@pytest.fixture(params=["repeatable read", "serializable"])
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
    for _ in range(2):
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
