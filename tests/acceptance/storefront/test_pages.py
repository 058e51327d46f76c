"""What a browser meets: pages that load nothing from elsewhere, and CORS."""

import re

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, RequestFactory

pytestmark = pytest.mark.any_engine

ELSEWHERE = re.compile(r"""(?:src|href)=["'](?:https?:)?//(?!testserver/)[^"']*""")


@pytest.fixture
def client(seeded):
    return Client()


@pytest.mark.parametrize("path", ["/", "/checkout", "/docs/", "/redoc/"])
def test_a_page_loads_nothing_from_elsewhere(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert ELSEWHERE.findall(response.content.decode()) == []


@pytest.mark.parametrize("path", ["/checkout", "/docs/", "/redoc/", "/django-admin/login/"])
def test_every_file_that_a_page_names_is_served(client, path):
    files = re.findall(r"""["'](/static/[^"']+)""", client.get(path).content.decode())
    assert files
    for file in files:
        response = client.get(file)
        assert response.status_code == 200
        response.close()


@pytest.mark.parametrize(
    "path", ["/", "/docs/", "/no/such/page", "/static/rest_framework/css/default.css", "/store/carts/none"]
)
def test_head_answers_with_the_headers_alone(client, path):
    key = {"x-publishable-api-key": "pk_demo"}

    head = WSGIHandler().get_response(RequestFactory().head(path, headers=key))
    shown = client.get(path, headers=key)

    assert head.getvalue() == b""
    assert (head.status_code, int(head.headers["content-length"])) == (shown.status_code, len(shown.getvalue()))
    head.close()
    shown.close()


def test_the_landing_page_leads_everywhere(client):
    page = client.get("/").content.decode()
    for path in re.findall(r'href="(/[^"]*)"', page):
        assert client.get(path).status_code in {200, 302}
    assert {"/checkout", "/docs/", "/redoc/", "/openapi.json", "/django-admin/", "/fake-provider/ledger"} <= set(
        re.findall(r'href="(/[^"]*)"', page)
    )


def test_the_openapi_document_describes_the_shop(client):
    paths = client.get("/openapi.json").json()["paths"]
    shop = {path for path, operations in paths.items() for each in operations.values() if "Demo shop" in each["tags"]}
    assert shop == {
        "/admin/orders",
        "/admin/orders/{id}",
        "/admin/orders/{id}/payment-sessions/authorize",
        "/auth/customer/emailpass",
        "/auth/customer/emailpass/register",
        "/auth/session",
        "/auth/token/refresh",
        "/auth/user/emailpass",
        "/fake-provider/ledger",
        "/store/carts",
        "/store/carts/{id}",
        "/store/carts/{id}/complete",
        "/store/carts/{id}/customer",
        "/store/carts/{id}/line-items",
        "/store/carts/{id}/line-items/{line_item_id}",
        "/store/carts/{id}/shipping-methods",
        "/store/collections",
        "/store/customers",
        "/store/customers/me",
        "/store/orders/{id}",
        "/store/product-categories",
        "/store/products",
        "/store/products/{id}",
        "/store/regions",
        "/store/regions/{id}",
        "/store/shipping-options",
    }


def test_only_what_moves_money_is_described_with_an_idempotency_key(client):
    def takes_a_key(operation):
        return "Idempotency-Key" in [parameter["name"] for parameter in operation.get("parameters", [])]

    paths = client.get("/openapi.json").json()["paths"]
    shop = [(path, each) for path, operations in paths.items() for each in operations.values()]
    assert {path for path, each in shop if "Demo shop" in each["tags"] and takes_a_key(each)} == {
        "/admin/orders/{id}/payment-sessions/authorize",
        "/store/carts/{id}/complete",
    }


def test_a_storefront_on_another_port_may_call(client):
    preflight = client.options(
        "/store/carts",
        headers={
            "origin": "http://localhost:3000",
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-publishable-api-key,x-medusa-locale,idempotency-key,content-type",
        },
    )
    allowed = preflight.headers["access-control-allow-headers"]
    assert (preflight.status_code, preflight.content, preflight.headers.get("content-type")) == (204, b"", None)
    assert preflight.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert preflight.headers["access-control-allow-credentials"] == "true"
    for header in ("x-publishable-api-key", "x-medusa-locale", "idempotency-key", "authorization", "content-type"):
        assert header in allowed


def test_a_page_of_somebody_else_may_not_call(client):
    response = client.get("/", headers={"origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in response.headers


def test_the_ledger_shows_what_the_provider_did(storefront):
    cart = storefront.create_cart("reg_jp", variant_mug=2)
    collection = storefront.post("/store/payment-collections", {"cart_id": cart["id"]})["payment_collection"]
    path = f"/store/payment-collections/{collection['id']}/payment-sessions"
    answer = storefront.post(path, {"provider_id": "pp_fake_fake"})
    session = answer["payment_collection"]["payment_sessions"][0]
    storefront.post(f"{path}/{session['id']}/authorize", {})

    entries = Client().get("/fake-provider/ledger").json()["entries"]
    authorized = [entry for entry in entries if entry["verb"] == "authorize" and entry["session_id"] == session["id"]]
    assert len(authorized) == 1
    assert authorized[0].keys() == {
        "verb",
        "session_id",
        "idempotency_key",
        "amount",
        "currency_code",
        "created_at",
    }
    assert (authorized[0]["amount"], authorized[0]["currency_code"]) == (2000, "jpy")
