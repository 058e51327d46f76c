"""The SQL of each money endpoint, statement by statement: nothing is read twice by accident, no lock is held too long.

Between the first COMMIT and the second BEGIN the provider is called: no transaction is open then. LOCK is the
`SELECT … FOR UPDATE` of the collection's row; SQLite takes its one lock at BEGIN.
"""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.openapi import ValidatedClient

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Any]

_TABLE = re.compile(r'"medusa_payments_(\w+)"')


def statements(call: Callable[[], Any]) -> str:
    with CaptureQueriesContext(connection) as captured:
        assert call().status_code == 200
    sent = [query["sql"] for query in captured.captured_queries]
    return " ".join(_summary(sql, follows=before) for before, sql in pairwise(["", *sent]))


def _summary(sql: str, *, follows: str) -> str:
    verb = sql.split(maxsplit=1)[0]
    if verb in {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"}:
        return verb
    table = _TABLE.search(sql.split(" FROM ", 1)[-1])
    assert table is not None, sql
    if verb == "SELECT" and ("FOR UPDATE" in sql if connection.vendor == "postgresql" else follows.startswith("BEGIN")):
        verb = "LOCK"
    return f"{verb}:{table[1]}"


def pinned(text: str) -> str:
    return " ".join(text.split())


COLLECTION_DOCUMENT = "SELECT:paymentcollection SELECT:paymentsession SELECT:payment"
LEDGER = "SELECT:capture SELECT:operation SELECT:refund"
BOOK = "BEGIN LOCK:paymentcollection SELECT:paymentsession SELECT:operation"
"""The lock; the sessions with their payments; the operations. A collection without sessions has no operations."""

SAVED = "INSERT:event UPDATE:paymentcollection COMMIT"


def test_create_collection(storefront: ValidatedClient, set_total: Make) -> None:
    set_total("59.97")

    made = statements(lambda: storefront.post("/store/payment-collections", {"cart_id": "cart_1"}))

    assert made == pinned(f"""
        SELECT:publishablekey SELECT:paymentcollection
        BEGIN INSERT:paymentcollection SELECT:paymentcollection {SAVED}
        {COLLECTION_DOCUMENT}
    """)


def test_create_collection_again(storefront: ValidatedClient, collection: Make) -> None:
    collection()

    made = statements(lambda: storefront.post("/store/payment-collections", {"cart_id": "cart_1"}))

    assert made == pinned(f"SELECT:publishablekey SELECT:paymentcollection {COLLECTION_DOCUMENT}")


def test_get_collection(storefront: ValidatedClient, payment: Make) -> None:
    path = f"/store/payment-collections/{payment()['payment_collection_id']}"

    assert statements(lambda: storefront.get(path)) == pinned(f"SELECT:publishablekey {COLLECTION_DOCUMENT} {LEDGER}")


def test_initialize_session(storefront: ValidatedClient, collection: Make) -> None:
    path = f"/store/payment-collections/{collection()['id']}/payment-sessions"

    made = statements(lambda: storefront.post(path, {"provider_id": "pp_fake_fake"}))

    assert made == pinned(f"""
        SELECT:publishablekey SELECT:paymentcollection SELECT:paymentsession
        BEGIN LOCK:paymentcollection SELECT:paymentsession INSERT:paymentsession INSERT:operation COMMIT
        {BOOK} UPDATE:paymentsession UPDATE:operation {SAVED}
        SELECT:paymentsession {COLLECTION_DOCUMENT}
    """)


def test_update_session(storefront: ValidatedClient, session: Make) -> None:
    path = f"/store/payment-collections/{session()['payment_collection_id']}/payment-sessions"

    made = statements(lambda: storefront.post(path, {"provider_id": "pp_fake_fake"}))

    assert made == pinned(f"""
        SELECT:publishablekey SELECT:paymentcollection SELECT:paymentsession
        SELECT:paymentsession SELECT:paymentcollection
        {BOOK} COMMIT
        {BOOK} INSERT:operation COMMIT
        {BOOK} UPDATE:paymentsession UPDATE:operation {SAVED}
        SELECT:paymentsession {COLLECTION_DOCUMENT}
    """)


@pytest.fixture
def customer(storefront: ValidatedClient, fake_provider: Any) -> ValidatedClient:
    """A customer who is logged in without a statement."""
    storefront.force_authenticate(User.objects.create_user("jane"))
    return storefront


def test_initialize_session_of_a_customer_who_is_known(customer: ValidatedClient, collection: Make) -> None:
    assert customer.post("/store/account-holders", {"provider_id": "pp_fake_fake"}).status_code == 200
    path = f"/store/payment-collections/{collection()['id']}/payment-sessions"

    made = statements(lambda: customer.post(path, {"provider_id": "pp_fake_fake"}))

    assert made.startswith("SELECT:publishablekey SELECT:paymentcollection SELECT:accountholder SELECT:paymentsession")
    assert made.count("accountholder") == 1


def test_initialize_session_of_a_customer_for_the_first_time(customer: ValidatedClient, collection: Make) -> None:
    """The intent is committed before the provider is called, what was opened before the session is reserved."""
    path = f"/store/payment-collections/{collection()['id']}/payment-sessions"

    made = statements(lambda: customer.post(path, {"provider_id": "pp_fake_fake"}))

    assert made.startswith(
        pinned("""
            SELECT:publishablekey SELECT:paymentcollection
            SELECT:accountholder BEGIN INSERT:accountholder COMMIT
            BEGIN UPDATE:accountholder COMMIT SELECT:accountholder
            SELECT:paymentsession BEGIN LOCK:paymentcollection
        """)
    )
    assert made.count("accountholder") == 4


def test_a_provider_that_keeps_no_customers_costs_nothing(customer: ValidatedClient, collection: Make) -> None:
    path = f"/store/payment-collections/{collection()['id']}/payment-sessions"

    assert "accountholder" not in statements(lambda: customer.post(path, {"provider_id": "pp_system_default"}))


AUTHORIZE = f"""
    SELECT:publishablekey SELECT:paymentcollection
    {BOOK} INSERT:operation COMMIT
    {BOOK} UPDATE:paymentsession INSERT:payment UPDATE:operation {SAVED}
    SELECT:paymentsession
"""


def test_authorize(storefront: ValidatedClient, session: Make) -> None:
    made = session()
    path = f"/store/payment-collections/{made['payment_collection_id']}/payment-sessions/{made['id']}/authorize"

    assert statements(lambda: storefront.post(path)) == pinned(f"{AUTHORIZE} {COLLECTION_DOCUMENT} {LEDGER}")


def test_authorize_v1(storefront: ValidatedClient, session: Make) -> None:
    made = session()
    path = f"/store/payment-collections/{made['payment_collection_id']}/sessions/{made['id']}/authorize"

    assert statements(lambda: storefront.post(path)) == pinned(AUTHORIZE)


def test_authorize_with_a_provider_that_stays_in_the_process(storefront: ValidatedClient, session: Make) -> None:
    made = session("pp_system_default")
    path = f"/store/payment-collections/{made['payment_collection_id']}/payment-sessions/{made['id']}/authorize"

    assert statements(lambda: storefront.post(path)).count("BEGIN") == 1


@pytest.mark.parametrize("verb", ["capture", "refund"])
def test_move_money(staff: ValidatedClient, payment: Make, verb: str) -> None:
    path = f"/admin/payments/{payment(outcome='captured' if verb == 'refund' else 'authorized')['id']}/{verb}"

    assert statements(lambda: staff.post(path, {"amount": 10})) == pinned(f"""
        SELECT:payment
        {BOOK} INSERT:debt UPDATE:payment INSERT:operation COMMIT
        {BOOK} UPDATE:payment UPDATE:operation INSERT:{verb} {SAVED}
        SELECT:payment {LEDGER} UPDATE:debt
    """)


def test_get_payment(staff: ValidatedClient, payment: Make) -> None:
    path = f"/admin/payments/{payment()['id']}"

    assert statements(lambda: staff.get(path)) == pinned(f"SELECT:payment {LEDGER}")


def test_list_payments(staff: ValidatedClient, payment: Make) -> None:
    payment()

    assert statements(lambda: staff.get("/admin/payments?limit=1")) == pinned(f"SELECT:payment {LEDGER} SELECT:payment")
    assert statements(lambda: staff.get("/admin/payments")) == pinned(f"SELECT:payment {LEDGER}")
