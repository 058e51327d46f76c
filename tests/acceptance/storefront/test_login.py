"""The demo's logins, for staff and for customers."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken

pytestmark = pytest.mark.any_engine

CREDENTIALS = {
    "user": {"email": "admin@example.com", "password": "admin"},
    "customer": {"email": "customer@example.com", "password": "customer"},
}
OWNER = {actor: credentials["email"] for actor, credentials in CREDENTIALS.items()}
JSON = "application/json"
LogIn = Callable[..., Any]


@pytest.fixture
def client(seeded: None) -> Client:
    return Client()


@pytest.fixture
def log_in(client: Client) -> LogIn:
    """Return a function that logs in, with the right credentials but for what is changed."""

    def send(actor: str = "user", **changes: str) -> Any:
        body = CREDENTIALS[actor] | changes
        return client.post(f"/auth/{actor}/emailpass", body, content_type=JSON)

    return send


@pytest.fixture
def bearer(log_in: LogIn) -> Callable[..., dict[str, str]]:
    return lambda actor="user": {"authorization": f"Bearer {log_in(actor).json()['token']}"}


def test_the_token_opens_the_admin_api(client: Client, bearer: LogIn) -> None:
    response = client.get("/admin/payments", headers=bearer())
    assert response.status_code == 200
    assert response.json()["payments"] == []


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEARER"])
def test_the_scheme_is_read_in_any_letter_case(client: Client, log_in: LogIn, scheme: str) -> None:
    token = log_in().json()["token"]
    assert client.get("/admin/payments", headers={"authorization": f"{scheme} {token}"}).status_code == 200
    for wrong in (f"{scheme} ", f"{scheme} {token.swapcase()}", f"{scheme}{token}", f"{scheme} {token} {token}"):
        assert client.get("/admin/payments", headers={"authorization": wrong}).status_code == 401


def test_nobody_looks_at_a_publishable_key(client: Client) -> None:
    wrong = {"x-publishable-api-key": "pk_unknown"}
    response = client.post("/auth/user/emailpass", CREDENTIALS["user"], content_type=JSON, headers=wrong)
    assert response.status_code == 200


def test_a_customers_token_does_not_open_the_admin_api(client: Client, bearer: LogIn) -> None:
    response = client.get("/admin/payments", headers=bearer("customer"))
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


def test_a_token_that_is_not_of_this_shops_making_opens_no_session(client: Client, seeded: None) -> None:
    token = AccessToken.for_user(User.objects.get(username=OWNER["user"]))
    response = client.post("/auth/session", content_type=JSON, headers={"authorization": f"Bearer {token}"})
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize("actor", ["user", "customer"])
def test_the_token_says_who_it_is_for_a_day(log_in: LogIn, actor: str) -> None:
    claims = jwt.decode(log_in(actor).json()["token"], options={"verify_signature": False})
    assert claims["actor_id"] == str(User.objects.get(username=OWNER[actor]).pk)
    assert claims["actor_type"] == actor
    assert claims["exp"] - claims["iat"] == 24 * 60 * 60


@pytest.mark.parametrize("actor", ["user", "customer"])
@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"email": "nobody@example.com"}, {"password": ""}])
def test_wrong_credentials_are_refused(log_in: LogIn, actor: str, changes: dict[str, str]) -> None:
    response = log_in(actor, **changes)
    assert response.status_code == 401
    assert response.json() == {"type": "unauthorized", "message": "Invalid email or password"}


def test_customers_and_staff_have_doors_of_their_own(log_in: LogIn) -> None:
    assert log_in("user", **CREDENTIALS["customer"]).status_code == 401
    assert log_in("customer", **CREDENTIALS["user"]).status_code == 401


def test_a_token_that_expired_does_not_keep_anyone_from_logging_in(client: Client) -> None:
    response = client.post(
        "/auth/user/emailpass",
        CREDENTIALS["user"],
        content_type=JSON,
        headers={"authorization": "Bearer expired"},
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"email": "admin@example.com"}, "Invalid request: Field 'password' is required"),
        (CREDENTIALS["user"] | {"otp": "1"}, "Invalid request: Unrecognized fields: 'otp'"),
    ],
)
def test_a_wrong_body_is_refused(client: Client, body: dict[str, str], message: str) -> None:
    response = client.post("/auth/user/emailpass", body, content_type=JSON)
    assert response.status_code == 400
    assert response.json() == {"type": "invalid_data", "message": message}


def test_without_a_token_the_admin_api_is_closed(client: Client) -> None:
    response = client.get("/admin/payments")
    assert response.status_code == 401
    assert response.json() == {"message": "Unauthorized"}


@pytest.mark.parametrize("actor", ["user", "customer"])
def test_a_token_is_refreshed_for_who_it_is_of(client: Client, bearer: LogIn, actor: str) -> None:
    token = client.post("/auth/token/refresh", headers=bearer(actor), content_type=JSON).json()["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["actor_id"], claims["actor_type"]) == (str(User.objects.get(username=OWNER[actor]).pk), actor)
    status = client.get("/admin/payments", headers={"authorization": f"Bearer {token}"}).status_code
    assert status == (200 if actor == "user" else 401)


def test_a_session_opens_the_admin_api_until_it_ends(client: Client, bearer: LogIn) -> None:
    begun = client.post("/auth/session", headers=bearer(), content_type=JSON)
    admin = User.objects.get(username=OWNER["user"])
    assert begun.json() == {"user": {"actor_id": str(admin.pk), "actor_type": "user"}}
    assert client.get("/admin/payments").status_code == 200

    assert client.delete("/auth/session").json() == {"success": True}
    assert client.get("/admin/payments").status_code == 401
    assert client.delete("/auth/session").status_code == 401


@pytest.mark.parametrize("path", ["/auth/session", "/auth/token/refresh"])
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer expired"}])
def test_without_a_token_there_is_neither_session_nor_refresh(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    response = client.post(path, headers=headers, content_type=JSON)
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


def test_a_token_of_somebody_who_left_is_worth_nothing(client: Client, bearer: LogIn) -> None:
    headers = bearer()
    User.objects.filter(is_staff=True).update(is_active=False)
    assert client.post("/auth/token/refresh", headers=headers, content_type=JSON).status_code == 401
