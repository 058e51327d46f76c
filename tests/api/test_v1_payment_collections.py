"""A v1 client splits a collection, authorizes what it can, and looks at the result."""

from collections.abc import Callable
from typing import Any

import pytest

from medusa_payments.exceptions import SHOPPER_TEXTS, NotAllowed
from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.services import payment_collections, payment_sessions
from tests.api.openapi import OpenAPI, ValidatedClient

pytestmark = pytest.mark.any_engine

Make = Callable[..., Any]

COLLECTION_KEYS = {
    "id",
    "type",
    "status",
    "description",
    "amount",
    "authorized_amount",
    "refunding_amount",
    "refundable_amount",
    "region_id",
    "currency_code",
    "metadata",
    "created_by",
    "created_at",
    "updated_at",
    "deleted_at",
}

PARTS = [{"provider_id": "fake_fake", "amount": 3997}, {"provider_id": "manual", "amount": 2000}]


@pytest.fixture
def v1(openapi: OpenAPI, storefront: ValidatedClient) -> ValidatedClient:
    """A client without a publishable key."""
    return ValidatedClient(openapi)


@pytest.fixture(params=["/store", "/v1/store"])
def path(request: Any, collection: Make) -> str:
    """The path of a collection of 59.97 EUR, at both places where v1 is served."""
    return f"{request.param}/payment-collections/{collection()['id']}"


@pytest.fixture
def v1_path(collection: Make) -> str:
    return f"/v1/store/payment-collections/{collection()['id']}"


@pytest.fixture
def batch(v1: ValidatedClient, path: str) -> Make:
    """Return a function that sets several sessions and returns the answer."""
    return lambda *sessions, **options: v1.post(f"{path}/sessions/batch", {"sessions": list(sessions)}, **options)


def sessions_of(answer: Any) -> list[tuple[str, int, str]]:
    shown = answer.json()["payment_collection"]["payment_sessions"]
    return [(each["provider_id"], each["amount"], each["status"]) for each in shown]


class TestManagingSessions:
    def test_a_query_says_nothing(self, v1: ValidatedClient, path: str) -> None:
        """Medusa looks at none where a body is sent."""
        for query in ("fields=id", "expand=payments", "surprise=1"):
            assert v1.post(f"{path}/sessions?{query}", {"provider_id": "manual"}).status_code == 200

    def test_several(self, batch: Make) -> None:
        answer = batch(*PARTS)

        document = answer.json()["payment_collection"]
        assert answer.status_code == 200
        assert document.keys() == COLLECTION_KEYS | {"region", "payment_sessions"}
        assert sessions_of(answer) == [("fake_fake", 3997, "pending"), ("manual", 2000, "pending")]
        assert (document["amount"], document["status"], document["type"]) == (5997, "not_paid", "order_edit")

    def test_one_of_them_by_its_id(self, batch: Make) -> None:
        first, second = batch(*PARTS).json()["payment_collection"]["payment_sessions"]

        answer = batch(
            {"provider_id": "manual", "amount": 1000},
            {"provider_id": "fake_fake", "amount": 4997, "session_id": first["id"]},
        )

        shown = [each["id"] for each in answer.json()["payment_collection"]["payment_sessions"]]
        assert (shown[1], shown[0] != second["id"]) == (first["id"], True)
        assert sessions_of(answer) == [("manual", 1000, "pending"), ("fake_fake", 4997, "pending")]

    @pytest.mark.parametrize("session_id", ["payses_unknown", "", None])
    def test_an_unknown_id_is_a_new_session(self, batch: Make, session_id: str | None) -> None:
        answer = batch({"provider_id": "manual", "amount": 5997, "session_id": session_id})
        assert sessions_of(answer) == [("manual", 5997, "pending")]

    @pytest.mark.parametrize("amounts", [[5996], [5997, 1], [3000, 2000], []])
    def test_the_sum_is_exact(self, batch: Make, amounts: list[int]) -> None:
        answer = batch(*({"provider_id": "manual", "amount": amount} for amount in amounts))

        assert answer.status_code == 400
        assert answer.json() == {
            "code": "payment_sessions_do_not_add_up",
            "type": "invalid_data",
            "message": "The sum of sessions is not equal to 5997 on Payment Collection",
            "shopper_message": SHOPPER_TEXTS["payment_sessions_do_not_add_up"],
        }

    @pytest.mark.parametrize("name", ["nobody", "pp_nobody", ""])
    def test_an_unknown_provider(self, v1: ValidatedClient, path: str, batch: Make, name: str) -> None:
        for answer in (
            batch({"provider_id": name, "amount": 5997}),
            v1.post(f"{path}/sessions", {"provider_id": name}),
        ):
            assert (answer.status_code, answer.json()["message"]) == (400, "Payment provider not found")

    @pytest.mark.parametrize("name", ["manual", "pp_system_default", "system_default"])
    def test_one_for_all_of_it(self, v1: ValidatedClient, path: str, batch: Make, name: str) -> None:
        batch(*PARTS)

        answer = v1.post(f"{path}/sessions", {"provider_id": name})

        assert sessions_of(answer) == [("manual", 5997, "pending")]
        assert PaymentSession.objects.filter(slot__isnull=False).count() == 1

    @pytest.mark.parametrize(
        ("provider_id", "name"),
        [
            ("pp_stripe_stripe", "stripe"),
            ("pp_stripe-ideal_stripe", "stripe-ideal"),
            ("pp_stripe-ideal_second", "stripe-ideal_second"),
            ("pp_bank", "bank"),
        ],
    )
    def test_the_names_of_providers(
        self, v1: ValidatedClient, path: str, settings: Any, provider_id: str, name: str
    ) -> None:
        """Stripe's services have the names of Medusa's v1 plugin."""
        configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
        providers = configured | {provider_id: configured["pp_fake_fake"]}
        settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "PROVIDERS": providers}
        for asked in (name, provider_id, provider_id.removeprefix("pp_")):
            assert sessions_of(v1.post(f"{path}/sessions", {"provider_id": asked})) == [(name, 5997, "pending")]

    def test_not_once_something_is_paid(self, v1: ValidatedClient, path: str, batch: Make) -> None:
        first, second = batch(*PARTS).json()["payment_collection"]["payment_sessions"]
        v1.post(f"{path}/sessions/{first['id']}/authorize")

        for answer in (batch(*PARTS), v1.post(f"{path}/sessions", {"provider_id": "manual"})):
            assert answer.status_code == 400
            assert answer.json()["message"] == (
                "Cannot set payment sessions for a payment collection with status partially_authorized"
            )
        kept = PARTS[0] | {"session_id": first["id"]}
        answer = batch(kept, {"provider_id": "fake_fake", "amount": 2000})
        assert sessions_of(answer) == [("fake_fake", 3997, "authorized"), ("fake_fake", 2000, "pending")]
        assert second["id"] not in answer.content.decode()

    def test_what_a_customer_is_told_goes_by_the_code_all_the_same(
        self, v1: ValidatedClient, path: str, batch: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, _ = batch(*PARTS).json()["payment_collection"]["payment_sessions"]
        v1.post(f"{path}/sessions/{first['id']}/authorize")

        def refuse(**_: Any) -> None:
            raise NotAllowed("It is disputed.", code="payment_disputed")

        for verb in ("initialize", "set_sessions"):
            monkeypatch.setattr(payment_sessions, verb, refuse)
        for answer in (batch(*PARTS), v1.post(f"{path}/sessions", {"provider_id": "manual"})):
            assert answer.status_code == 400
            assert answer.json() == {
                "code": "payment_disputed",
                "type": "not_allowed",
                "message": "Cannot set payment sessions for a payment collection with status partially_authorized",
                "shopper_message": SHOPPER_TEXTS["payment_disputed"],
            }

    def test_a_key_is_one_request(self, batch: Make) -> None:
        answers = [batch(*PARTS, headers={"Idempotency-Key": "k1"}) for _ in range(2)]

        ids = [[each["id"] for each in answer.json()["payment_collection"]["payment_sessions"]] for answer in answers]
        assert ids[0] == ids[1]
        assert batch(PARTS[0], headers={"Idempotency-Key": "k1"}).status_code == 422

    def test_unknown_collection(self, v1: ValidatedClient) -> None:
        for path, body in {
            "sessions": {"provider_id": "manual"},
            "sessions/batch": {"sessions": PARTS},
            "sessions/batch/authorize": {"session_ids": []},
            "sessions/payses_1": {},
        }.items():
            answer = v1.post(f"/v1/store/payment-collections/pay_col_1/{path}", body)
            assert answer.status_code == 404
            assert answer.json() == {
                "type": "not_found",
                "message": "Payment collection with id pay_col_1 was not found",
            }


class TestAuthorizingSeveral:
    def test_in_part_then_in_full(self, v1: ValidatedClient, path: str, batch: Make) -> None:
        ids = [each["id"] for each in batch(*PARTS).json()["payment_collection"]["payment_sessions"]]
        where = f"{path}/sessions/batch/authorize"

        answer = v1.post(where, {"session_ids": [ids[1], "payses_unknown"]})

        document = answer.json()["payment_collection"]
        assert document.keys() == COLLECTION_KEYS | {"payment_sessions", "payments"}
        assert (document["status"], document["authorized_amount"]) == ("partially_authorized", 2000)
        assert [(each["amount"], each["provider_id"]) for each in document["payments"]] == [(2000, "manual")]
        document = v1.post(where, {"session_ids": ids}).json()["payment_collection"]
        assert (document["status"], document["authorized_amount"]) == ("authorized", 5997)
        assert v1.post(where, {"session_ids": []}).json()["payment_collection"]["status"] == "authorized"

    def test_one_that_is_declined(self, v1: ValidatedClient, storefront: ValidatedClient, v1_path: str) -> None:
        declined = {"provider_id": "pp_fake_fake", "amount": 39.97, "data": {"outcome": "declined"}}
        free = {"provider_id": "pp_system_default", "amount": 20}
        made = storefront.post(
            f"{v1_path.removeprefix('/v1')}/payment-sessions/batch", {"sessions": [declined, free]}
        ).json()["payment_collection"]
        ids = [each["id"] for each in made["payment_sessions"]]

        answer = v1.post(f"{v1_path}/sessions/batch/authorize", {"session_ids": ids})

        assert answer.status_code == 200
        assert answer.json()["payment_collection"]["status"] == "partially_authorized"
        assert [status for *_, status in sessions_of(answer)] == ["error", "authorized"]

    def test_no_session(self, v1: ValidatedClient, path: str) -> None:
        answer = v1.post(f"{path}/sessions/batch/authorize", {"session_ids": []})
        assert (answer.status_code, answer.json()) == (
            400,
            {
                "type": "not_allowed",
                "message": "You cannot complete a Payment Collection without a payment session.",
                "shopper_message": NotAllowed.shopper_text,
            },
        )

    def test_nothing_to_pay(self, v1: ValidatedClient, collection: Make) -> None:
        path = f"/v1/store/payment-collections/{collection('0')['id']}"
        answer = v1.post(f"{path}/sessions/batch/authorize", {"session_ids": []})
        assert (answer.status_code, answer.json()["payment_collection"]["status"]) == (200, "authorized")


class TestRefreshing:
    def test_a_new_id(self, v1: ValidatedClient, path: str, batch: Make) -> None:
        first, second = batch(*PARTS).json()["payment_collection"]["payment_sessions"]

        answer = v1.post(f"{path}/sessions/{first['id']}")

        fresh = answer.json()["payment_session"]
        assert answer.status_code == 200
        assert fresh["id"] not in {first["id"], second["id"]}
        same = ("provider_id", "amount", "status", "data")
        assert {key: fresh[key] for key in same if key != "data"} == {key: first[key] for key in same if key != "data"}

    def test_of_a_session_that_is_no_more(self, v1: ValidatedClient, path: str, batch: Make) -> None:
        first, _ = batch(*PARTS).json()["payment_collection"]["payment_sessions"]
        v1.post(f"{path}/sessions/{first['id']}")
        answer = v1.post(f"{path}/sessions/{first['id']}")
        assert (answer.status_code, answer.json()["message"]) == (
            404,
            f"Payment collection related to Payment Session id {first['id']} was not found",
        )

    def test_of_another_collection(
        self, v1: ValidatedClient, path: str, batch: Make, storefront: ValidatedClient, set_total: Make
    ) -> None:
        first, _ = batch(*PARTS).json()["payment_collection"]["payment_sessions"]
        set_total("5", cart_id="cart_2")
        other = storefront.post("/store/payment-collections", {"cart_id": "cart_2"}).json()["payment_collection"]["id"]

        answer = v1.post(f"/v1/store/payment-collections/{other}/sessions/{first['id']}")
        assert (answer.status_code, answer.json()) == (
            400,
            {
                "type": "not_allowed",
                "message": f"Payment Session {first['id']} does not belong to Payment Collection {other}",
                "shopper_message": NotAllowed.shopper_text,
            },
        )
        answer = v1.post(f"{path}/sessions/payses_1")
        assert (answer.status_code, answer.json()["message"]) == (
            404,
            "Payment collection related to Payment Session id payses_1 was not found",
        )

    def test_of_a_paid_one(self, v1: ValidatedClient, path: str, batch: Make) -> None:
        first, _ = batch(*PARTS).json()["payment_collection"]["payment_sessions"]
        v1.post(f"{path}/sessions/{first['id']}/authorize")
        answer = v1.post(f"{path}/sessions/{first['id']}")
        assert (answer.status_code, answer.json()["type"]) == (400, "not_allowed")


class TestReading:
    def test_the_usual_keys(self, v1: ValidatedClient, v1_path: str) -> None:
        document = v1.get(v1_path).json()["payment_collection"]

        assert document.keys() == {
            "id",
            "type",
            "status",
            "description",
            "amount",
            "region",
            "currency_code",
            "currency",
            "metadata",
            "payment_sessions",
        }
        assert (document["region"], document["currency"]) == (None, {"code": "eur"})

    @pytest.mark.parametrize(
        ("query", "keys"),
        [
            ("fields=status,amount", {"id", "status", "amount", "region", "payment_sessions"}),
            ("fields=", {"id", "region", "payment_sessions"}),
            ("fields=id,payments.amount", {"id", "region", "payment_sessions", "payments"}),
            ("fields=id,*payments", {"id", "region", "payment_sessions", "payments"}),
            ("fields=amount&expand=", {"id", "amount"}),
            ("fields=id&expand=payments,region.countries", {"id", "payments", "region"}),
            ("fields=id&expand=nothing,none", {"id"}),
        ],
    )
    def test_fields_and_expand(self, v1: ValidatedClient, v1_path: str, query: str, keys: set[str]) -> None:
        assert v1.get(f"{v1_path}?{query}").json()["payment_collection"].keys() == keys

    def test_fields_with_signs(self, v1: ValidatedClient, v1_path: str) -> None:
        usual = v1.get(v1_path).json()["payment_collection"].keys()
        changed = v1.get(f"{v1_path}?fields=%2Bauthorized_amount,-metadata").json()["payment_collection"].keys()
        assert changed ^ usual == {"authorized_amount", "metadata"}

    def test_the_region_and_what_it_can_be_paid_with(self, v1: ValidatedClient, v1_path: str, settings: Any) -> None:
        PaymentCollection.objects.update(region_id="reg_1")
        settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "REGION_PROVIDERS": {"reg_1": ["pp_system_default"]}}
        document = v1.get(v1_path).json()["payment_collection"]
        assert document["region"] == {
            "id": "reg_1",
            "currency_code": "eur",
            "payment_providers": [{"id": "manual", "is_installed": True}],
        }

    @pytest.mark.parametrize(
        ("verb", "status"), [("capture", "authorized"), ("cancel", "not_paid"), ("cancel all", "canceled")]
    )
    def test_statuses(
        self, v1: ValidatedClient, staff: ValidatedClient, v1_path: str, payment: Make, verb: str, status: str
    ) -> None:
        paid = payment()
        if verb == "cancel all":
            payment_collections.cancel(payment_collection_id=paid["payment_collection_id"])
        else:
            staff.post(f"/admin/payments/{paid['id']}/{verb}")
        document = v1.get(f"/v1/store/payment-collections/{paid['payment_collection_id']}").json()
        assert document["payment_collection"]["status"] == status
        assert Payment.objects.count() == 1
