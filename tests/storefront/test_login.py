"""The demo's login for the admin API."""

import jwt
import pytest
from django.contrib.auth import get_user_model
from django.test import Client

CREDENTIALS = {"email": "admin@example.com", "password": "admin"}


@pytest.fixture
def client(seeded):
    return Client()


def log_in(client, **changes):
    return client.post("/auth/user/emailpass", CREDENTIALS | changes, content_type="application/json")


def test_the_token_opens_the_admin_api(client):
    token = log_in(client).json()["token"]
    response = client.get("/admin/payments", headers={"authorization": f"Bearer {token}"})
    assert response.status_code == 200
    assert response.json()["payments"] == []


def test_the_token_says_who_it_is_for_a_day(client):
    claims = jwt.decode(log_in(client).json()["token"], options={"verify_signature": False})
    assert claims["actor_id"] == str(get_user_model().objects.get().pk)
    assert claims["actor_type"] == "user"
    assert claims["exp"] - claims["iat"] == 24 * 60 * 60


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"email": "nobody@example.com"}, {"password": ""}])
def test_wrong_credentials_are_refused(client, changes):
    response = log_in(client, **changes)
    assert response.status_code == 401
    assert response.json() == {"type": "unauthorized", "message": "Invalid email or password"}


def test_only_staff_logs_in(client):
    get_user_model().objects.update(is_staff=False)
    assert log_in(client).status_code == 401


def test_a_token_that_expired_does_not_keep_anyone_from_logging_in(client):
    response = client.post(
        "/auth/user/emailpass",
        CREDENTIALS,
        content_type="application/json",
        headers={"authorization": "Bearer expired"},
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"email": "admin@example.com"}, "Invalid request: Field 'password' is required"),
        (CREDENTIALS | {"otp": "1"}, "Invalid request: Unrecognized fields: 'otp'"),
    ],
)
def test_a_wrong_body_is_refused(client, body, message):
    response = client.post("/auth/user/emailpass", body, content_type="application/json")
    assert response.status_code == 400
    assert response.json() == {"type": "invalid_data", "message": message}


def test_without_a_token_the_admin_api_is_closed(client):
    response = client.get("/admin/payments")
    assert response.status_code == 401
    assert response.json() == {"message": "Unauthorized"}
