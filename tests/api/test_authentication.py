"""Secret keys on the admin API: how they are sent, what they may do, and whose name is recorded."""

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from medusa_payments.models import Capture, SecretKey
from medusa_payments.services import publishable_keys, secret_keys
from tests.api.openapi import ValidatedClient

UNAUTHORIZED = (401, {"message": "Unauthorized"})


@pytest.fixture
def robot(db: None) -> User:
    user = User.objects.create_user("robot", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_payment", "capture_payment"]))
    return user


@pytest.fixture
def issued(robot: User) -> secret_keys.IssuedSecretKey:
    return secret_keys.create(user=robot, title="ERP")


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def get(authorization: str) -> tuple[int, Any]:
    response = Client().get("/admin/payments", headers={"authorization": authorization})
    return response.status_code, response.json()


ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": lambda token: f"Basic {token}",
    "raw with colon": lambda token: f"Basic {token}:",
    "base64": lambda token: f"Basic {base64(token)}",
    "base64 with colon, as the JS client sends it": lambda token: f"Basic {base64(token + ':')}",
    "scheme in lower case": lambda token: f"basic {token}",
    "more than one space": lambda token: f"Basic   {token} ",
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_a_key_is_a_login(issued: secret_keys.IssuedSecretKey, encode: Callable[[str], str]) -> None:
    status, body = get(encode(issued.token))

    assert (status, body["count"]) == (200, 0)


REFUSED: dict[str, Callable[[str], str]] = {
    "bearer": lambda token: f"Bearer {token}",
    "bearer in base64": lambda token: f"Bearer {base64(token)}",
    "no scheme": lambda token: token,
    "another key": lambda token: f"Basic {token[:-1]}x",
    "another key in base64": lambda token: f"Basic {base64(token + 'x:')}",
    "with a password": lambda token: f"Basic {base64(token + ':password')}",
    "two colons": lambda token: f"Basic {base64(token + '::')}",
    "base64 twice": lambda token: f"Basic {base64(base64(token))}",
    "a NUL at the end": lambda token: f"Basic {base64(token + chr(0))}",
}


@pytest.mark.parametrize("encode", REFUSED.values(), ids=REFUSED.keys())
def test_a_key_in_any_other_way_is_none(issued: secret_keys.IssuedSecretKey, encode: Callable[[str], str]) -> None:
    assert get(encode(issued.token)) == UNAUTHORIZED


NO_KEYS = {
    "a user name and password": f"Basic {base64('robot:password')}",
    "nothing": "Basic",
    "only the prefix": "Basic sk_",
    "no base64": "Basic ???",
    "no text": f"Basic {b64encode(b'sk_' + bytes([255, 254])).decode()}",
    "letters of another alphabet": "Basic sk_ключ".encode().decode("latin-1"),
    "very long": f"Basic sk_{'a' * 100_000}",
}


@pytest.mark.parametrize("authorization", NO_KEYS.values(), ids=NO_KEYS.keys())
def test_what_is_no_key(issued: secret_keys.IssuedSecretKey, authorization: str) -> None:
    assert get(authorization) == UNAUTHORIZED


def test_what_the_database_knows_of_a_key_is_no_key(issued: secret_keys.IssuedSecretKey) -> None:
    [stored] = SecretKey.objects.values()

    assert issued.token not in map(str, stored.values())
    for value in stored.values():
        assert get(f"Basic {value}") == UNAUTHORIZED


def test_a_refusal_does_not_make_a_browser_ask_for_a_password(db: None) -> None:
    response = Client().get("/admin/payments", headers={"authorization": "Basic sk_unknown"})

    assert response.status_code == 401
    assert "www-authenticate" not in response.headers


def test_a_publishable_key_is_no_login_and_a_secret_key_opens_no_storefront(
    issued: secret_keys.IssuedSecretKey,
) -> None:
    publishable_keys.create(title="Shop", token="pk_shop")

    response = Client().get("/store/payment-collections/x", headers={"x-publishable-api-key": issued.token})

    assert get("Basic pk_shop") == UNAUTHORIZED
    assert (response.status_code, response.json()["message"]) == (
        400,
        "A valid publishable key is required to proceed with the request",
    )


def test_a_revoked_key(issued: secret_keys.IssuedSecretKey) -> None:
    secret_keys.revoke(secret_key_id=issued.key.pk)

    assert get(f"Basic {issued.token}") == UNAUTHORIZED


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}], ids=str)
def test_a_key_of_somebody_who_left(issued: secret_keys.IssuedSecretKey, robot: User, change: dict[str, bool]) -> None:
    User.objects.filter(pk=robot.pk).update(**change)

    assert get(f"Basic {issued.token}") == UNAUTHORIZED


def test_a_key_of_somebody_who_was_deleted(issued: secret_keys.IssuedSecretKey, robot: User) -> None:
    robot.delete()

    assert get(f"Basic {issued.token}") == UNAUTHORIZED


def test_a_key_may_do_what_its_user_may_at_that_moment(
    issued: secret_keys.IssuedSecretKey, robot: User, payment: Callable[..., Any], openapi: Any
) -> None:
    path = f"/admin/payments/{payment()['id']}"
    client = ValidatedClient(openapi, headers={"authorization": f"Basic {issued.token}"})

    refused = client.post(f"{path}/refund", {"amount": 1})

    assert refused.json()["message"] == "The permission 'medusa_payments.refund_payment' is required"
    assert client.post(f"{path}/capture").status_code == 200
    robot.user_permissions.add(Permission.objects.get(codename="refund_payment"))
    assert client.post(f"{path}/refund", {"amount": 1}).status_code == 200


def test_what_a_key_does_is_recorded_as_the_keys(
    issued: secret_keys.IssuedSecretKey, payment: Callable[..., Any], openapi: Any
) -> None:
    client = ValidatedClient(openapi, headers={"authorization": f"Basic {issued.token}"})

    document = client.post(f"/admin/payments/{payment()['id']}/capture").json()["payment"]

    assert Capture.objects.get().created_by == issued.key.pk
    assert [line["created_by"] for line in document["captures"]] == [issued.key.pk]


def test_a_session_beside_a_key_does_not_take_its_place(
    issued: secret_keys.IssuedSecretKey, payment: Callable[..., Any]
) -> None:
    client = Client(headers={"authorization": f"Basic {issued.token}"})
    client.force_login(User.objects.create_superuser("root"))

    client.post(f"/admin/payments/{payment()['id']}/capture", content_type="application/json")

    assert Capture.objects.get().created_by == issued.key.pk


def test_a_token_login_is_recorded_as_the_users(robot: User, payment: Callable[..., Any]) -> None:
    client = Client(headers={"authorization": f"Bearer {AccessToken.for_user(robot)}"})

    client.post(f"/admin/payments/{payment()['id']}/capture", content_type="application/json")

    assert Capture.objects.get().created_by == str(robot.pk)


def test_a_customers_token_is_none(db: None) -> None:
    customer = User.objects.create_user("customer")

    assert get(f"Bearer {AccessToken.for_user(customer)}") == UNAUTHORIZED


class TestUse:
    def test_is_noted_with_the_databases_time(self, issued: secret_keys.IssuedSecretKey) -> None:
        assert issued.key.last_used_at is None

        get(f"Basic {issued.token}")

        used = SecretKey.objects.get().last_used_at
        assert used is not None
        assert abs(timezone.now() - used) < timedelta(seconds=30)

    @pytest.mark.parametrize(("seconds_ago", "is_noted"), [(5, False), (55, False), (65, True), (86_400, True)])
    def test_is_noted_once_a_minute(
        self, issued: secret_keys.IssuedSecretKey, seconds_ago: int, is_noted: bool
    ) -> None:
        SecretKey.objects.update(last_used_at=timezone.now() - timedelta(seconds=seconds_ago))

        with CaptureQueriesContext(connection) as queries:
            get(f"Basic {issued.token}")

        updates = [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]
        assert len(updates) == is_noted
        assert (timezone.now() - SecretKey.objects.get().last_used_at < timedelta(seconds=4)) == is_noted

    def test_a_wrong_key_is_nobodys_use(self, issued: secret_keys.IssuedSecretKey) -> None:
        get(f"Basic {issued.token}x")

        assert SecretKey.objects.get().last_used_at is None


def test_the_schema_offers_the_key(openapi: Any) -> None:
    capture = openapi.document["paths"]["/admin/payments/{id}/capture"]["post"]
    scheme = openapi.document["components"]["securitySchemes"]["secretKey"]

    assert {"secretKey": []} in capture["security"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "basic")
