"""Saved payment methods and account holders over HTTP: the logged-in customer's own, and nobody else's."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from medusa_payments.models import AccountHolder, PaymentSession
from medusa_payments.testing.fake_provider import FakeProvider
from tests.api.openapi import OpenAPI, ValidatedClient

Make = Callable[..., Any]

FAKE = {"provider_id": "pp_fake_fake"}
HOLDERS = "/store/account-holders"
PRIVATE = "never for the storefront"


def client_of(openapi: OpenAPI, user: User) -> ValidatedClient:
    client = ValidatedClient(openapi, headers={"x-publishable-api-key": "pk_test"})
    client.force_login(user)
    return client


@pytest.fixture
def jane(openapi: OpenAPI, storefront: ValidatedClient) -> ValidatedClient:
    user = User.objects.create_user("jane", email="jane@example.com", first_name="Jane", last_name="Doe")
    return client_of(openapi, user)


@pytest.fixture
def joe(openapi: OpenAPI, storefront: ValidatedClient) -> ValidatedClient:
    return client_of(openapi, User.objects.create_user("joe"))


@pytest.fixture
def hers(jane: ValidatedClient) -> Any:
    return jane.post(HOLDERS, FAKE).json()["account_holder"]


@pytest.fixture
def her_card(fake_provider: FakeProvider, hers: Any) -> str:
    return fake_provider.dashboard.save_payment_method(hers["external_id"])


def methods_of(holder: Any) -> str:
    return f"/store/payment-methods/{holder['id']}"


def requests_of(holder: Any, card: str) -> list[tuple[str, str, Any]]:
    return [
        ("get", HOLDERS, {}),
        ("post", HOLDERS, FAKE),
        ("get", methods_of(holder), {}),
        ("post", methods_of(holder), {}),
        ("delete", f"{methods_of(holder)}/{card}", None),
    ]


class TestAccountHolders:
    def test_are_opened_once(self, jane: ValidatedClient, fake_provider: FakeProvider) -> None:
        assert jane.get(HOLDERS).json() == {"account_holders": []}

        opened = jane.post(HOLDERS, FAKE).json()["account_holder"]

        assert jane.post(HOLDERS, FAKE).json()["account_holder"] == opened
        assert jane.get(HOLDERS).json() == {"account_holders": [opened]}
        [customer] = fake_provider.customers()
        assert (customer.email, customer.name) == ("jane@example.com", "Jane Doe")
        assert customer.customer_id == str(User.objects.get(username="jane").pk)

    def test_show_nothing_that_the_provider_keeps(self, jane: ValidatedClient, hers: Any) -> None:
        row = AccountHolder.objects.get()
        assert PRIVATE in row.data["internal_note"]
        assert {**hers, "created_at": None, "updated_at": None} == {
            "id": row.pk,
            "provider_id": "pp_fake_fake",
            "external_id": row.external_id,
            "email": "jane@example.com",
            "data": {},
            "metadata": None,
            "created_at": None,
            "updated_at": None,
            "deleted_at": None,
        }

    def test_can_be_narrowed(self, jane: ValidatedClient, hers: Any) -> None:
        [shown] = jane.get(HOLDERS, {"fields": "external_id"}).json()["account_holders"]

        assert shown == {"id": hers["id"], "external_id": hers["external_id"]}

    def test_are_opened_by_a_checkout_which_says_so_to_its_customer(
        self, jane: ValidatedClient, joe: ValidatedClient, storefront: ValidatedClient, collection: Make
    ) -> None:
        path = f"/store/payment-collections/{collection()['id']}"
        jane.post(f"{path}/payment-sessions", FAKE)
        [holder] = jane.get(HOLDERS).json()["account_holders"]

        contexts = [
            client.get(path).json()["payment_collection"]["payment_sessions"][0]["context"]
            for client in (jane, joe, storefront)
        ]

        customer_id = str(User.objects.get(username="jane").pk)
        assert contexts == [{"customer": {"id": customer_id}, "account_holder": {"id": holder["id"]}}, {}, {}]

    @pytest.mark.parametrize(
        ("outcome", "status", "code"),
        [
            ("unavailable", 503, None),
            ("rejected", 400, "rejected"),
            ("timeout_after", 409, "payment_outcome_unknown"),
        ],
    )
    def test_that_can_not_be_opened(
        self, jane: ValidatedClient, fake_provider: FakeProvider, outcome: str, status: int, code: str | None
    ) -> None:
        fake_provider.steer("account_holder", outcome)

        answer = jane.post(HOLDERS, FAKE)

        assert (answer.status_code, answer.json().get("code")) == (status, code)
        assert jane.get(HOLDERS).json() == {"account_holders": []}

    @pytest.mark.parametrize("provider_id", ["pp_system_default", "pp_unknown"])
    def test_not_with_every_provider(self, jane: ValidatedClient, provider_id: str) -> None:
        answer = jane.post(HOLDERS, {"provider_id": provider_id})

        assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")


class TestSavedMethods:
    def test_are_saved_listed_paid_with_and_deleted(
        self, jane: ValidatedClient, hers: Any, fake_provider: FakeProvider, collection: Make
    ) -> None:
        begun = jane.post(methods_of(hers)).json()["payment_method"]
        assert begun["data"]["client_secret"].startswith(begun["id"])
        card = fake_provider.dashboard.save_payment_method(begun["id"])

        [listed] = jane.get(methods_of(hers)).json()["payment_methods"]
        assert listed == {
            "id": card,
            "provider_id": "pp_fake_fake",
            "data": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
        }

        sessions = f"/store/payment-collections/{collection()['id']}/payment-sessions"
        answer = jane.post(sessions, {**FAKE, "data": {"payment_method": card}})
        [session] = answer.json()["payment_collection"]["payment_sessions"]
        assert session["data"]["payment_method"] == card
        assert jane.post(f"{sessions}/{session['id']}/authorize").status_code == 200

        deleted = jane.delete(f"{methods_of(hers)}/{card}")
        assert deleted.json() == {"id": card, "object": "payment_method", "deleted": True}
        assert jane.get(methods_of(hers)).json() == {"payment_methods": []}

    def test_one_idempotency_key_begins_once(self, jane: ValidatedClient, hers: Any) -> None:
        keyed = {"headers": {"Idempotency-Key": "k1"}}
        first, again, other = (jane.post(methods_of(hers), **options).json() for options in (keyed, keyed, {}))

        assert first == again != other

    def test_can_be_narrowed(self, jane: ValidatedClient, hers: Any, her_card: str) -> None:
        assert jane.get(methods_of(hers), {"fields": "id"}).json() == {"payment_methods": [{"id": her_card}]}

    def test_a_provider_that_does_not_answer(
        self, jane: ValidatedClient, hers: Any, fake_provider: FakeProvider
    ) -> None:
        fake_provider.steer("list_payment_methods", "timeout_before")

        answer = jane.get(methods_of(hers))

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")

    def test_another_provider_of_the_account(self, jane: ValidatedClient, hers: Any, her_card: str) -> None:
        listed = jane.get(methods_of(hers), {"provider_id": "pp_fake_fake"})
        assert [method["id"] for method in listed.json()["payment_methods"]] == [her_card]

        for method, path, _ in requests_of(hers, her_card)[2:]:
            answer = getattr(jane, method)(f"{path}?provider_id=pp_system_default")
            assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")


class TestNobodyElse:
    def test_guests_are_asked_to_log_in(self, storefront: ValidatedClient, hers: Any, her_card: str) -> None:
        for method, path, body in requests_of(hers, her_card):
            answer = getattr(storefront, method)(path, body)

            assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"}), path

    def test_so_are_staff(self, openapi: OpenAPI, storefront: ValidatedClient, hers: Any, her_card: str) -> None:
        boss = client_of(openapi, User.objects.create_superuser("boss"))
        for method, path, body in requests_of(hers, her_card):
            assert getattr(boss, method)(path, body).status_code == 401, path

    def test_a_publishable_key_is_needed_first(self, openapi: OpenAPI, hers: Any, her_card: str) -> None:
        client = ValidatedClient(openapi)
        for method, path, body in requests_of(hers, her_card):
            answer = getattr(client, method)(path, body)
            assert (answer.status_code, answer.json()["type"]) == (400, "not_allowed"), path

    def test_another_customer_finds_nothing(
        self, jane: ValidatedClient, joe: ValidatedClient, hers: Any, her_card: str, collection: Make
    ) -> None:
        his = joe.post(HOLDERS, FAKE).json()["account_holder"]
        assert [holder["id"] for holder in joe.get(HOLDERS).json()["account_holders"]] == [his["id"]]
        for method, path, body in requests_of(hers, her_card)[2:]:
            answer = getattr(joe, method)(path, body)
            assert (answer.status_code, answer.json()["message"]) == (
                404,
                f"AccountHolder id not found: {hers['id']}",
            )

        answer = joe.delete(f"{methods_of(his)}/{her_card}")
        assert (answer.status_code, answer.json()["message"]) == (404, f"PaymentMethod id not found: {her_card}")
        assert joe.get(methods_of(his)).json() == {"payment_methods": []}
        assert len(jane.get(methods_of(hers)).json()["payment_methods"]) == 1

    @pytest.mark.parametrize("who", ["joe", "storefront"])
    def test_nor_pays_with_it(
        self, request: Any, who: str, hers: Any, her_card: str, collection: Make, fake_provider: FakeProvider
    ) -> None:
        client = request.getfixturevalue(who)
        path = f"/store/payment-collections/{collection()['id']}/payment-sessions"

        answer = client.post(path, {**FAKE, "data": {"payment_method": her_card}})

        assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")
        assert her_card not in answer.content.decode()
        assert not PaymentSession.objects.exists()
        assert fake_provider.ledger_entries() == []

    def test_an_id_of_the_account_that_a_client_sends_counts_for_nothing(
        self, joe: ValidatedClient, hers: Any, collection: Make
    ) -> None:
        path = f"/store/payment-collections/{collection()['id']}/payment-sessions"
        for data in ({"customer": hers["external_id"]}, {"account_holder": hers["id"]}):
            assert joe.post(path, {**FAKE, "data": data}).status_code == 400
        for extra in ({"customer_id": "1"}, {"account_holder_id": hers["id"]}, {"is_off_session": True}):
            assert joe.post(path, {**FAKE, **extra}).status_code == 400
