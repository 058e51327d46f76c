"""No `REST_FRAMEWORK` value of the host changes our answers, and we change none of the host's."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.filters import BaseFilterBackend
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.pagination import PageNumberPagination
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.versioning import AcceptHeaderVersioning
from rest_framework.views import APIView

from medusa_payments.services import publishable_keys
from tests.api.base_endpoints import router

pytestmark = [pytest.mark.urls("tests.api.base_endpoints"), pytest.mark.django_db]


class ShoutingRenderer(BaseRenderer):
    media_type = "text/shout"
    format = "shout"
    charset = "utf-8"

    def render(self, data: Any, *_: Any) -> bytes:
        return json.dumps(data).upper().encode()


class DeafParser(BaseParser):
    media_type = "*/*"

    def parse(self, *_: Any) -> Any:
        return {"name": "never heard"}


class NoThrottle(BaseThrottle):
    def allow_request(self, *_: Any) -> bool:
        return False


class NoPermission(BasePermission):
    def has_permission(self, *_: Any) -> bool:
        return False


class NoNegotiation(BaseContentNegotiation):
    def select_parser(self, *_: Any) -> Any:
        raise AssertionError

    def select_renderer(self, *_: Any) -> Any:
        raise AssertionError


class NoFilter(BaseFilterBackend):
    def filter_queryset(self, *_: Any) -> Any:
        raise AssertionError


class ByHeader(BaseAuthentication):
    """The host's own way to log in."""

    def authenticate(self, request: Any) -> Any:
        name = request.headers.get("x-user")
        if name == "nobody":
            raise AuthenticationFailed
        return (User.objects.get(username=name), None) if name else None

    def authenticate_header(self, _: Any) -> str:
        return "X-User"


def shrug(exc: Exception, context: Any) -> Response:
    return Response({"shrug": True}, status=418)


def reads_forms(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A middleware of the host's."""

    def middleware(request: HttpRequest) -> HttpResponse:
        _ = request.POST
        return get_response(request)

    return middleware


HERE = "tests.api.test_hostile_host"
HOSTILE: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [f"{HERE}.ByHeader"],
    "DEFAULT_RENDERER_CLASSES": [f"{HERE}.ShoutingRenderer"],
    "DEFAULT_PARSER_CLASSES": [f"{HERE}.DeafParser"],
    "DEFAULT_THROTTLE_CLASSES": [f"{HERE}.NoThrottle"],
    "DEFAULT_PERMISSION_CLASSES": [f"{HERE}.NoPermission"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": f"{HERE}.NoNegotiation",
    "DEFAULT_FILTER_BACKENDS": [f"{HERE}.NoFilter"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
    "DEFAULT_METADATA_CLASS": "rest_framework.metadata.SimpleMetadata",
    "DEFAULT_SCHEMA_CLASS": "rest_framework.schemas.openapi.AutoSchema",
    "ALLOWED_VERSIONS": ["9"],
    "PAGE_SIZE": 1,
    "EXCEPTION_HANDLER": f"{HERE}.shrug",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
    "COERCE_BIGINT_TO_STRING": True,
    "NON_FIELD_ERRORS_KEY": "name",
    "DATETIME_FORMAT": "%Y",
    "URL_FORMAT_OVERRIDE": "order",
    "FORMAT_SUFFIX_KWARG": "id",
    "STRICT_JSON": False,
    "COMPACT_JSON": False,
}  # fmt: skip

# DRF's views take their class attributes from the settings when they are imported; a host's settings are there first.
ATTRIBUTES: dict[str, Any] = {
    "renderer_classes": [ShoutingRenderer],
    "parser_classes": [DeafParser],
    "throttle_classes": [NoThrottle],
    "permission_classes": [NoPermission],
    "content_negotiation_class": NoNegotiation,
    "pagination_class": PageNumberPagination,
    "filter_backends": [NoFilter],
    "authentication_classes": [],
    "versioning_class": AcceptHeaderVersioning,
}


@pytest.fixture
def hostile_host(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REST_FRAMEWORK = HOSTILE
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "ADMIN_AUTHENTICATION_CLASSES": None}
    for name, value in ATTRIBUTES.items():
        monkeypatch.setattr(APIView, name, value, raising=False)
    publishable_keys.create(title="Shop", token="pk_shop")
    User.objects.create_superuser("root")


def answers(client: Client, headers: dict[str, str]) -> list[tuple[int, str, bytes]]:
    key = {"x-publishable-api-key": "pk_shop"}
    requests = [
        client.post("/echo", '{"name": "a", "amount": 59.97}', content_type="application/json", headers=headers),
        client.post("/echo", '{"name": 1, "x": 2}', content_type="application/json", headers=headers),
        client.post("/echo", "{", content_type="application/json", headers=headers),
        client.get("/echo?order=-id&id[]=a", headers=headers),
        client.get("/echo/not-found", headers=headers),
        client.get("/store/things", headers={**headers, **key}),
        client.get("/store/things", headers=headers),
        client.get("/admin/things", headers=headers),
        client.options("/echo", headers=headers),
        client.get("/deep/down/echo", headers=headers),
    ]
    return [(response.status_code, response.headers["content-type"], response.content) for response in requests]


def test_a_hostile_host_changes_nothing(client: Client, request: pytest.FixtureRequest) -> None:
    publishable_keys.create(title="Shop", token="pk_shop")
    before = answers(client, {})

    request.getfixturevalue("hostile_host")

    assert answers(client, {}) == before
    assert answers(client, {"accept": "text/shout; version=1"}) == before
    assert [status for status, _, _ in before] == [200, 400, 400, 200, 404, 200, 400, 401, 405, 200]


def test_the_hosts_own_views_keep_the_hosts_settings(client: Client, hostile_host: None) -> None:
    client.get("/echo")

    response = client.get("/host")

    assert response.status_code == 418


def test_what_the_host_has_read_is_not_taken_for_a_body(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{HERE}.reads_forms"]

    in_parts = client.post("/echo", {"name": "4242424242424242"})
    urlencoded = client.post("/echo", "name=a", content_type="application/x-www-form-urlencoded")
    json_body = client.post("/echo", {"name": "a"}, content_type="application/json")

    assert [each.status_code for each in (in_parts, urlencoded, json_body)] == [415, 200, 200]


@pytest.mark.usefixtures("hostile_host")
class TestLogin:
    def test_admin_takes_the_hosts_authentication(self, client: Client) -> None:
        response = client.get("/admin/things", headers={"x-user": "root"})

        assert response.json() == {"echo": {"actor_id": str(User.objects.get().pk)}}

    def test_a_failed_login_is_medusas_401_with_the_hosts_challenge(self, client: Client) -> None:
        response = client.get("/admin/things", headers={"x-user": "nobody"})

        assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
        assert response.headers["www-authenticate"] == "X-User"

    def test_a_failed_login_on_the_store_is_a_guest(self, client: Client) -> None:
        headers = {"x-user": "nobody", "x-publishable-api-key": "pk_shop"}

        assert client.get("/store/things", headers=headers).json() == {"echo": {"customer_id": ""}}

    def test_our_own_setting_comes_first(self, client: Client, settings: Any) -> None:
        settings.MEDUSA_PAYMENTS = {
            **settings.MEDUSA_PAYMENTS,
            "ADMIN_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
            "STORE_AUTHENTICATION_CLASSES": [],
        }
        headers = {"x-user": "root", "x-publishable-api-key": "pk_shop"}

        assert client.get("/admin/things", headers=headers).status_code == 401
        assert client.get("/store/things", headers=headers).json() == {"echo": {"customer_id": ""}}
        client.force_login(User.objects.get())
        assert client.get("/admin/things").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_no_view_runs_inside_a_transaction_of_the_hosts(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for connection in connections.all():
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    publishable_keys.create(title="Shop", token="pk_shop")

    response = client.post(
        "/store/things", content_type="application/json", headers={"x-publishable-api-key": "pk_shop"}
    )

    assert response.json()["echo"]["is_atomic"] is False
    assert client.get("/host").json()["is_atomic"] is True


def test_the_schema_is_ours_under_any_schema_class(client: Client, hostile_host: None) -> None:
    schema = SchemaGenerator(patterns=router.urls).get_schema(request=None, public=True)

    assert set(schema["paths"]["/store/things"]["post"]["responses"]) == {
        "200", "400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503"
    }  # fmt: skip
