"""Who a storefront request comes from, and what a customer sees of another one: nothing."""

import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from medusa_payments.carts import CartSnapshot
from medusa_payments.conf import SETTING_NAME
from medusa_payments.customers import Customer, resolve_customer
from medusa_payments.models import AccountHolder, PaymentSession
from medusa_payments.queries import payment_collections
from medusa_payments.services import publishable_keys
from medusa_payments.testing.fake_provider import FakeProvider
from tests.api.openapi import OpenAPI, ValidatedClient

Make = Callable[..., Any]
HERE = "tests.api.test_authentication_customers"


def by_header(request: Any) -> Customer | None:
    customer_id = request.headers.get("x-customer")
    return Customer(id=customer_id) if customer_id else None


def broken(request: Any) -> Customer | None:
    raise LookupError("secret " + "42" * 8)


@pytest.fixture
def resolver(settings: Any) -> Callable[[str | None], None]:
    """Return a function that sets `CUSTOMER_RESOLVER`."""

    def use(name: str | None) -> None:
        path = None if name is None else f"{HERE}.{name}"
        settings.MEDUSA_PAYMENTS = {**getattr(settings, SETTING_NAME), "CUSTOMER_RESOLVER": path}

    return use


@pytest.fixture
def jane(openapi: OpenAPI, storefront: ValidatedClient) -> ValidatedClient:
    client = ValidatedClient(openapi, headers={"x-publishable-api-key": "pk_test"})
    client.force_login(User.objects.create_user("jane", email="jane@example.com"))
    return client


@pytest.fixture
def joe(openapi: OpenAPI, storefront: ValidatedClient) -> ValidatedClient:
    client = ValidatedClient(openapi, headers={"x-publishable-api-key": "pk_test"})
    client.force_login(User.objects.create_user("joe"))
    return client


def initialize(client: Any, collection_id: str, provider_id: str = "pp_fake_fake") -> Any:
    response = client.post(f"/store/payment-collections/{collection_id}/payment-sessions", {"provider_id": provider_id})
    assert response.status_code == 200, response.json()
    [session] = response.json()["payment_collection"]["payment_sessions"]
    return session


def whose(customer_id: str) -> dict[str, Any]:
    """The context of a session that a customer pays through an account of the customer's own."""
    holder = AccountHolder.objects.get(customer_id=customer_id)
    return {"customer": {"id": customer_id}, "account_holder": {"id": holder.pk}}


def id_of(username: str) -> str:
    return str(User.objects.get(username=username).pk)


def context(client: Any, collection_id: str, fields: str = "") -> Any:
    response = client.get(f"/store/payment-collections/{collection_id}", {"fields": fields} if fields else {})
    [session] = response.json()["payment_collection"]["payment_sessions"]
    return session["context"]


class TestWhoItIs:
    def test_a_customer_who_is_logged_in(self, jane: ValidatedClient, collection: Make) -> None:
        session = initialize(jane, collection()["id"])

        assert session["context"] == whose(id_of("jane"))
        assert PaymentSession.objects.get().customer_id == id_of("jane")

    def test_a_guest(self, storefront: ValidatedClient, collection: Make) -> None:
        assert initialize(storefront, collection()["id"])["context"] == {}
        assert PaymentSession.objects.get().customer_id == ""

    def test_staff_are_guests(self, openapi: OpenAPI, collection: Make) -> None:
        client = ValidatedClient(openapi, headers={"x-publishable-api-key": "pk_test"})
        client.force_login(User.objects.create_superuser("root"))

        assert initialize(client, collection()["id"])["context"] == {}

    def test_the_provider_is_told(self, jane: ValidatedClient, collection: Make) -> None:
        initialize(jane, collection()["id"])

        [operation] = PaymentSession.objects.get().operations.all()
        assert operation.request["customer_id"] == str(User.objects.get(username="jane").pk)

    @pytest.mark.parametrize(
        ("user", "expected"),
        [
            (User(pk=7, username="jane", email="jane@example.com"), Customer(id="7", email="jane@example.com")),
            (User(pk=7, username="jane"), Customer(id="7", email=None)),
            (User(pk=7, is_staff=True), None),
            (None, None),
        ],
        ids=["with email", "without", "staff", "nobody"],
    )
    def test_by_default_the_user(self, rf: Any, user: User | None, expected: Customer | None) -> None:
        request = rf.get("/")
        request.user = user

        assert resolve_customer(request) == expected

    def test_a_request_without_users(self, rf: Any) -> None:
        assert resolve_customer(rf.get("/")) is None


class TestTheHostsOwnCustomers:
    def test_are_asked_for(self, resolver: Any, storefront: ValidatedClient, collection: Make) -> None:
        resolver("by_header")
        storefront.credentials(HTTP_X_CUSTOMER="cus_jane")

        assert initialize(storefront, collection()["id"])["context"] == whose("cus_jane")

    def test_may_be_no_users(self, resolver: Any, jane: ValidatedClient, collection: Make) -> None:
        resolver("by_header")

        assert initialize(jane, collection()["id"])["context"] == {}

    def test_may_be_switched_off(self, resolver: Any, jane: ValidatedClient, collection: Make) -> None:
        resolver(None)

        assert initialize(jane, collection()["id"])["context"] == {}

    def test_a_broken_hook_is_a_logged_500_and_starts_nothing(
        self, resolver: Any, collection: Make, fake_provider: FakeProvider, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = f"/store/payment-collections/{collection()['id']}/payment-sessions"
        resolver("broken")
        client = Client(raise_request_exception=False, headers={"x-publishable-api-key": "pk_test"})

        with caplog.at_level(logging.ERROR, "medusa_payments"):
            response = client.post(path, {"provider_id": "pp_fake_fake"}, content_type="application/json")

        assert (response.status_code, response.json()["type"]) == (500, "unknown_error")
        assert not PaymentSession.objects.exists()
        assert fake_provider.ledger_entries() == []
        assert "LookupError" in caplog.text
        assert "4242" not in caplog.text + response.content.decode()


class TestAnotherCustomer:
    @pytest.mark.parametrize(
        "fields", ["", "*payment_sessions", "payment_sessions.context,id", "+payment_sessions.context"]
    )
    def test_reads_the_collection_but_not_whose_session_it_is(
        self, jane: ValidatedClient, joe: ValidatedClient, storefront: ValidatedClient, collection: Make, fields: str
    ) -> None:
        collection_id = collection()["id"]
        initialize(jane, collection_id)

        assert context(jane, collection_id, fields) == whose(id_of("jane"))
        assert context(joe, collection_id, fields) == {}
        assert context(storefront, collection_id, fields) == {}

    def test_never_continues_the_session_of_the_first(
        self, jane: ValidatedClient, joe: ValidatedClient, collection: Make
    ) -> None:
        collection_id = collection()["id"]
        of_jane = initialize(jane, collection_id)

        of_joe = initialize(joe, collection_id)

        assert of_joe["id"] != of_jane["id"]
        assert of_joe["context"] == whose(id_of("joe"))
        old, new = (PaymentSession.objects.get(pk=session["id"]) for session in (of_jane, of_joe))
        assert (old.is_live, new.is_live) == (False, True)
        assert old.provider_ref != new.provider_ref

    def test_nor_does_a_guest(self, jane: ValidatedClient, storefront: ValidatedClient, collection: Make) -> None:
        collection_id = collection()["id"]
        of_jane = initialize(jane, collection_id)

        assert initialize(storefront, collection_id)["id"] != of_jane["id"]
        assert context(jane, collection_id) == {}

    def test_never_adopts_what_became_unknown(
        self, jane: ValidatedClient, joe: ValidatedClient, collection: Make
    ) -> None:
        collection_id = collection()["id"]
        path = f"/store/payment-collections/{collection_id}/payment-sessions"
        body = {"provider_id": "pp_fake_fake", "data": {"outcome": "timeout_after", "on": "initiate"}}
        assert jane.post(path, body).json()["code"] == "payment_outcome_unknown"

        # The first call of Joe's own session loses its answer too.
        assert joe.post(path, body).json()["code"] == "payment_outcome_unknown"
        assert joe.post(path, body).status_code == 200

        [live] = PaymentSession.objects.filter(slot__isnull=False)
        assert live.customer_id == str(User.objects.get(username="joe").pk)

    def test_the_same_customer_again_keeps_the_session(self, jane: ValidatedClient, collection: Make) -> None:
        collection_id = collection()["id"]

        assert initialize(jane, collection_id)["id"] == initialize(jane, collection_id)["id"]

    def test_staff_see_whose_it_is(self, jane: ValidatedClient, staff: ValidatedClient, collection: Make) -> None:
        session = initialize(jane, collection()["id"])
        sessions = f"/store/payment-collections/{session['payment_collection_id']}/payment-sessions"
        [payment] = jane.post(f"{sessions}/{session['id']}/authorize").json()["payment_collection"]["payments"]

        document = staff.get(f"/admin/payments/{payment['id']}", {"fields": "*payment_session"}).json()["payment"]

        assert document["payment_session"]["context"] == session["context"]


def test_no_customer_data_of_the_cart_is_in_a_store_document(
    openapi: OpenAPI, cart_desk: Any, storefront: ValidatedClient
) -> None:
    cart = CartSnapshot(amount=Decimal(5), currency_code="eur", customer_id="cus_jane", email="jane@example.com")
    cart_desk.put(cart, cart_id="cart_jane")

    created = storefront.post("/store/payment-collections", {"cart_id": "cart_jane"})
    collection_id = created.json()["payment_collection"]["id"]
    initialize(storefront, collection_id)
    answer = storefront.get(
        f"/store/payment-collections/{collection_id}?fields=*payment_sessions,*,%2Bemail,customer_id"
    )

    assert payment_collections.existing(collection_id).email == "jane@example.com"
    for response in (created, answer):
        assert b"jane" not in response.content


def test_the_key_comes_before_the_login(db: None) -> None:
    publishable_keys.create(title="Shop", token="pk_shop")
    client = Client()
    client.force_login(User.objects.create_user("jane"))

    assert client.get("/store/payment-collections/x").status_code == 400
