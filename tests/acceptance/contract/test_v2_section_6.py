"""What all of Medusa's routes have in common: logins, errors, `fields` and lists, on the routes of package and demo."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from medusa_payments.services import publishable_keys, refund_reasons
from tests.acceptance.storefront.conftest import seeded
from tests.api.openapi import ValidatedClient

pytestmark = pytest.mark.any_engine

__all__ = ["seeded"]

JSON = "application/json"
KEY_MISSING = (
    "Publishable API key required in the request header: x-publishable-api-key. "
    "You can manage your keys in settings in the dashboard."
)
KEY_INVALID = "A valid publishable key is required to proceed with the request"
CREDENTIALS = {
    "user": {"email": "admin@example.com", "password": "admin"},
    "customer": {"email": "customer@example.com", "password": "customer"},
}
LISTS = {
    "/admin/payments": ("payments", 20),
    "/admin/payments/payment-providers": ("payment_providers", 20),
    "/admin/refund-reasons": ("refund_reasons", 15),
    "/store/payment-providers?region_id=reg_1": ("payment_providers", 20),
}

every_list = pytest.mark.parametrize("path", LISTS)


def patterns(entries: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in get_resolver().url_patterns if entries is None else entries:
        if isinstance(entry, URLResolver):
            yield from patterns(entry.url_patterns, f"{prefix}{entry.pattern}")
        elif isinstance(entry, URLPattern):
            yield f"{prefix}{entry.pattern}", entry.callback


def store_routes() -> list[tuple[str, str]]:
    """Every method and path under `/store` but those of v1, which needs no key."""
    return [
        (method.upper(), "/" + re.sub(r"<[^>]+>", "x_unknown", route))
        for route, view in patterns()
        if route.startswith("store/") and "/sessions" not in route
        for method in view.actions
    ]


@pytest.fixture
def everybody(storefront: ValidatedClient, settings: Any) -> ValidatedClient:
    """A client with a publishable key and a login of the staff, in a shop that doesn't restrict its regions."""
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "REGION_PROVIDERS": None}
    storefront.force_authenticate(User.objects.create_superuser("boss"))
    return storefront


@pytest.fixture
def three_of_each(set_total: Callable[..., None], storefront: ValidatedClient) -> None:
    """Three payments and three refund reasons."""
    for number in range(3):
        refund_reasons.create(label=f"Reason {number}", code=f"reason_{number}")
        set_total("10", cart_id=f"cart_{number}")
        cart = {"cart_id": f"cart_{number}"}
        collection = storefront.post("/store/payment-collections", cart).json()["payment_collection"]
        path = f"/store/payment-collections/{collection['id']}/payment-sessions"
        made = storefront.post(path, {"provider_id": "pp_fake_fake"}).json()["payment_collection"]
        storefront.post(f"{path}/{made['payment_sessions'][0]['id']}/authorize")


def with_query(path: str, query: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{query}"


def log_in(client: Client, actor: str) -> dict[str, str]:
    token = client.post(f"/auth/{actor}/emailpass", CREDENTIALS[actor], content_type=JSON).json()["token"]
    return {"authorization": f"Bearer {token}"}


class TestPublishableKey:
    @pytest.mark.parametrize(("method", "path"), store_routes())
    def test_is_needed_on_every_store_path(self, db: None, method: str, path: str) -> None:
        for headers, message in (({}, KEY_MISSING), ({"x-publishable-api-key": "pk_unknown"}, KEY_INVALID)):
            answer = Client().generic(method, path, "{}", content_type=JSON, headers=headers)
            assert (answer.status_code, answer.json()) == (400, {"type": "not_allowed", "message": message})

    @pytest.mark.parametrize(("method", "path"), [route for route in store_routes() if route[0] == "POST"])
    def test_is_looked_at_after_the_syntax_of_the_body(self, db: None, method: str, path: str) -> None:
        answer = Client().generic(method, path, "{", content_type=JSON)

        assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")

    def test_counts_until_the_moment_it_is_revoked_at(self, db: None) -> None:
        old = publishable_keys.create(title="Shop")
        headers = {"x-publishable-api-key": old.token}

        publishable_keys.rotate(publishable_key_id=old.pk, overlap_seconds=3600)
        assert Client().get("/store/payment-collections/x", headers=headers).status_code == 404
        publishable_keys.revoke(publishable_key_id=old.pk)
        assert Client().get("/store/payment-collections/x", headers=headers).json()["message"] == KEY_INVALID

    def test_is_not_looked_at_on_admin_paths(self, staff: ValidatedClient) -> None:
        assert staff.get("/admin/payments", headers={"x-publishable-api-key": "pk_unknown"}).status_code == 200


@pytest.mark.usefixtures("seeded")
class TestLogin:
    def test_the_token_is_signed_with_hs256(self) -> None:
        token = log_in(Client(), "user")["authorization"].removeprefix("Bearer ")

        assert jwt.get_unverified_header(token)["alg"] == "HS256"

    def test_no_script_reads_the_session_cookie_and_no_other_site_posts_it(self) -> None:
        client = Client()

        cookie = client.post("/auth/session", headers=log_in(client, "user"), content_type=JSON).cookies["sessionid"]

        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")

    def test_a_customers_cookie_opens_the_store_and_not_the_back_office(self) -> None:
        client = Client()
        begun = client.post("/auth/session", headers=log_in(client, "customer"), content_type=JSON)

        regions = client.get("/store/regions", headers={"x-publishable-api-key": "pk_demo"})
        payments = client.get("/admin/payments")

        assert begun.json()["user"]["actor_type"] == "customer"
        assert regions.status_code == 200
        assert (payments.status_code, payments.json()) == (401, {"message": "Unauthorized"})


class TestBody:
    def test_a_wrong_body_is_reported_before_a_wrong_query(self, staff: ValidatedClient) -> None:
        answer = staff.post("/admin/refund-reasons?surprise=1", {"label": "Lost"})

        assert answer.json()["message"] == "Invalid request: Field 'code' is required"

    def test_an_urlencoded_form_is_a_body(self, storefront: ValidatedClient, set_total: Callable[..., None]) -> None:
        set_total("10")
        form = "application/x-www-form-urlencoded"

        answer = storefront.generic("POST", "/store/payment-collections", "cart_id=cart_1", content_type=form)

        assert (answer.status_code, answer.json()["payment_collection"]["amount"]) == (200, 10)

    @pytest.mark.parametrize("body", ["", "{}"])
    def test_no_body_is_an_empty_one(self, staff: ValidatedClient, payment: Callable[..., Any], body: str) -> None:
        answer = staff.generic("POST", f"/admin/payments/{payment()['id']}/capture", body, content_type=JSON)

        assert (answer.status_code, answer.json()["payment"]["captured_amount"]) == (200, 59.97)

    def test_expand_is_of_another_age(self, staff: ValidatedClient, payment: Callable[..., Any]) -> None:
        path = f"/admin/payments/{payment()['id']}"
        message = "Invalid request: Unrecognized fields: 'expand'"

        assert staff.get(f"{path}?expand=captures").json() == {"type": "invalid_data", "message": message}
        assert staff.post(f"{path}/capture", {"expand": "captures"}).json()["message"] == message


class TestFields:
    @pytest.mark.parametrize("verb", ["capture", "refund"])
    def test_shape_the_answers_of_verbs_too(
        self, staff: ValidatedClient, payment: Callable[..., Any], verb: str
    ) -> None:
        path = f"/admin/payments/{payment(outcome='captured')['id']}"

        assert staff.post(f"{path}/{verb}?fields=amount").json()["payment"].keys() == {"id", "amount"}

    @pytest.mark.parametrize("star", ["*payment_collection", "payment_collection.*"])
    def test_a_star_brings_every_column(self, staff: ValidatedClient, payment: Callable[..., Any], star: str) -> None:
        made = payment()

        shown = staff.get(f"/admin/payments/{made['id']}?fields={star}").json()["payment"]

        assert shown.keys() == made.keys()
        assert {"amount", "raw_amount", "raw_captured_amount", "metadata", "deleted_at", "status"} <= (
            shown["payment_collection"].keys()
        )

    def test_the_payment_of_a_session_is_null_until_there_is_one(
        self, storefront: ValidatedClient, session: Callable[..., Any]
    ) -> None:
        path = f"/store/payment-collections/{session()['payment_collection_id']}"
        query = {"fields": "id,*payment_sessions"}

        (begun,) = storefront.get(path, query).json()["payment_collection"]["payment_sessions"]
        storefront.post(f"{path}/payment-sessions/{begun['id']}/authorize")
        (authorized,) = storefront.get(path, query).json()["payment_collection"]["payment_sessions"]

        assert begun["payment"] is None
        assert (authorized["payment"]["amount"], authorized["payment"]["currency_code"]) == (59.97, "eur")

    @pytest.mark.parametrize("fields", ["*", "+cart.id", "+order.id,+nothing", "+payment_sessions.provider.id"])
    def test_what_a_storefront_may_not_ask_for_is_dropped(
        self, storefront: ValidatedClient, collection: Callable[..., Any], fields: str
    ) -> None:
        made = collection()

        answer = storefront.get(f"/store/payment-collections/{made['id']}", {"fields": fields})

        assert (answer.status_code, answer.json()["payment_collection"]) == (200, made)


class TestLists:
    @every_list
    def test_the_envelope(self, everybody: ValidatedClient, three_of_each: None, path: str) -> None:
        name, limit = LISTS[path]

        answer = everybody.get(path).json()

        ids = [each["id"] for each in answer[name]]
        assert answer.keys() == {name, "count", "offset", "limit"}
        assert (answer["count"], answer["offset"], answer["limit"]) == (len(ids), 0, limit)
        assert ids == sorted(ids)
        assert len(ids) > 1

    @every_list
    def test_order_and_pages(self, everybody: ValidatedClient, three_of_each: None, path: str) -> None:
        name, _ = LISTS[path]
        ids = [each["id"] for each in everybody.get(path).json()[name]]

        for query, expected in (("order=-id", ids[::-1]), ("limit=1&offset=1", ids[1:2]), ("limit=0", [])):
            answer = everybody.get(with_query(path, query)).json()
            assert ([each["id"] for each in answer[name]], answer["count"]) == (expected, len(ids))

    @every_list
    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("limit=ten", "Invalid request: Expected type: 'number' for field 'limit', got: 'ten'"),
            ("limit=-1", "Invalid request: Value for field 'limit' too small, expected at least: '0'"),
            ("order=secret", "Order field secret is not valid"),
            ("a.b.c.d=e", "Invalid request: Unrecognized fields: 'a.b.c.d'"),
        ],
    )
    def test_what_is_refused(self, everybody: ValidatedClient, path: str, query: str, message: str) -> None:
        answer = everybody.get(with_query(path, query))

        assert (answer.status_code, answer.json()) == (400, {"type": "invalid_data", "message": message})

    @pytest.mark.parametrize(
        "query",
        ["id[]={},{}", "id[]={}&id[]={}", "id[0]={}&id[1]={}", "id[$in][]={},{}", "id[$in][0]={}&id[$in][1]={}"],
    )
    def test_several_values(self, everybody: ValidatedClient, three_of_each: None, query: str) -> None:
        ids = [each["id"] for each in everybody.get("/admin/refund-reasons").json()["refund_reasons"]]

        answer = everybody.get(f"/admin/refund-reasons?{query.format(ids[2], ids[0])}").json()

        assert [each["id"] for each in answer["refund_reasons"]] == [ids[0], ids[2]]

    @pytest.mark.parametrize("with_deleted", ["true", "false"])
    def test_with_deleted_shows_nothing_more(
        self, everybody: ValidatedClient, three_of_each: None, with_deleted: str
    ) -> None:
        reasons = everybody.get("/admin/refund-reasons").json()["refund_reasons"]
        everybody.delete(f"/admin/refund-reasons/{reasons[0]['id']}")

        answer = everybody.get(f"/admin/refund-reasons?with_deleted={with_deleted}").json()

        assert answer["refund_reasons"] == reasons[1:]
