"""No cache keeps an answer that holds a secret or somebody's data; the public lists differ by publishable key."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from medusa_payments.api.viewsets import AdminViewSet, PaymentsViewSet, PublicViewSet
from medusa_payments.services import publishable_keys
from medusa_payments.testing.factories import authorized_payment, captured_payment, make_collection, make_session
from medusa_payments.testing.fake_provider import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

PUBLIC = {
    "/store/payment-providers",
    "/store/regions",
    "/store/regions/x_unknown",
    "/store/products",
    "/store/products/x_unknown",
    "/store/collections",
    "/store/product-categories",
}
"""What is the same for every customer of a storefront."""


def routes(entries: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every path of ours and of the demo's API, with each of its methods filled in."""
    for entry in get_resolver().url_patterns if entries is None else entries:
        route = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, route)
        elif issubclass(getattr(entry.callback, "cls", object), PaymentsViewSet) and not route.endswith("/"):
            yield "/" + re.sub(r"<[^>]+>", "x_unknown", route), entry.callback


def is_never_kept(response: Any) -> bool:
    directives = set(response["Cache-Control"].split(", "))
    return {"private", "no-store"} <= directives


def varies_on(response: Any) -> set[str]:
    return {name.strip().lower() for name in response.get("Vary", "").split(",")}


@pytest.fixture
def shopper(fake_provider: FakeProvider, cart_desk: Any) -> Client:
    token = publishable_keys.create(title="Shop").token
    return Client(headers={"x-publishable-api-key": token}, raise_request_exception=False)


@pytest.fixture
def staff(fake_provider: FakeProvider, cart_desk: Any) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("staff"))
    return client


def test_every_answer_says_who_may_keep_it(shopper: Client) -> None:
    """With a key and without: most of these are errors, which say as much."""
    asked = 0
    for path, view in routes():
        for method in list(view.actions):
            for client in (shopper, Client(raise_request_exception=False)):
                response = client.generic(method.upper(), path, "{}", content_type="application/json")
                asked += 1
                may_be_kept = path in PUBLIC and response.status_code < 400
                assert response.has_header("Cache-Control") is not may_be_kept, (method, path)
                assert may_be_kept or is_never_kept(response), (method, path)
                assert not response.has_header("Vary") or "" not in varies_on(response), (method, path)
                if issubclass(view.cls, PublicViewSet):
                    assert {"authorization", "cookie", "x-publishable-api-key"} <= varies_on(response), (method, path)
                if issubclass(view.cls, AdminViewSet):
                    assert {"authorization", "cookie", "x-medusa-access-token"} <= varies_on(response), (method, path)
    assert asked > 100


@pytest.mark.parametrize("path", ["/store/payment-providers?region_id=reg_eu", "/store/regions", "/store/products"])
def test_a_public_list_may_be_kept_for_each_key(shopper: Client, path: str) -> None:
    response = shopper.get(path)

    assert response.status_code == 200
    assert not response.has_header("Cache-Control")
    assert "x-publishable-api-key" in varies_on(response)
    assert is_never_kept(Client().get(path))


def test_documents_with_secrets_are_never_kept(shopper: Client, staff: Client) -> None:
    session = make_session()
    payment, collection = authorized_payment(), make_collection()
    answers = [
        shopper.get(f"/store/payment-collections/{session.payment_collection_id}"),
        shopper.post(
            f"/store/payment-collections/{collection.pk}/payment-sessions",
            {"provider_id": "pp_fake_fake"},
            content_type="application/json",
        ),
        shopper.get(f"/v1/store/payment-collections/{session.payment_collection_id}"),
        staff.get(f"/admin/payments/{payment.pk}"),
        staff.get("/admin/payments"),
        staff.get(f"/v1/admin/payments/{payment.pk}"),
        staff.post(f"/admin/payments/{payment.pk}/capture", {}, content_type="application/json"),
        staff.head("/admin/payments"),
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert all(map(is_never_kept, answers))


def test_pages_of_the_admin_are_never_kept(staff: Client) -> None:
    """The pages that move money hold a token that stands for one movement."""
    payment = captured_payment()
    asked = reverse("admin:medusa_payments_payment_refund", args=[quote(payment.pk)])
    sent_on = staff.get(asked)
    pages = [sent_on, staff.get(sent_on["Location"]), staff.get(reverse("admin:medusa_payments_payment_changelist"))]

    assert [page.status_code for page in pages] == [302, 200, 200]
    assert all(map(is_never_kept, pages))
    assert all("cookie" in varies_on(page) for page in pages)
