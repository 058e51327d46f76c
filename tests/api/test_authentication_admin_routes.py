"""Every admin route of the URLconf is closed: to guests, to customers, to staff without the permission of its verb."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework_simplejwt.tokens import AccessToken

from medusa_payments.api.viewsets import AdminViewSet

EXPECTED = {
    "GET /admin/payments": "view_payment",
    "GET /admin/payments/{id}": "view_payment",
    "GET /admin/payments/payment-providers": "view_payment",
    "POST /admin/payments/{id}/capture": "capture_payment",
    "POST /admin/payments/{id}/refund": "refund_payment",
    "POST /admin/payments/{id}/cancel": "cancel_payment",
    "POST /admin/payment-collections": "add_paymentcollection",
    "GET /admin/payment-collections/{id}": "view_paymentcollection",
    "DELETE /admin/payment-collections/{id}": "delete_paymentcollection",
    "POST /admin/payment-collections/{id}/payment-sessions": "add_paymentsession",
    "POST /admin/payment-collections/{id}/mark-as-paid": "mark_paid_paymentcollection",
    "GET /admin/refund-reasons": "view_refundreason",
    "POST /admin/refund-reasons": "add_refundreason",
    "GET /admin/refund-reasons/{id}": "view_refundreason",
    "POST /admin/refund-reasons/{id}": "change_refundreason",
    "DELETE /admin/refund-reasons/{id}": "delete_refundreason",
}
"""The permissions of this package's own routes, as docs/reference.md lists them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A method of a path, with every parameter filled in."""

    method: str
    route: str
    view: Any
    action: str

    def __str__(self) -> str:
        return f"{self.method} /{self.route}"

    @property
    def path(self) -> str:
        return "/" + re.sub(r"<[^>]+>", "x_unknown", self.route)

    @property
    def permission(self) -> str:
        permission: str = self.view.cls.required_permissions[self.action]
        return permission

    def request(self, client: Client) -> Any:
        return client.generic(self.method, self.path, "{}", content_type="application/json")


def patterns(entries: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in get_resolver().url_patterns if entries is None else entries:
        route = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            yield from patterns(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route, entry.callback


def admin_routes() -> Iterator[Route]:
    for route, view in patterns():
        is_admin = re.match(r"(v1/)?admin/", route) or issubclass(getattr(view, "cls", object), AdminViewSet)
        if is_admin:
            for method, action in view.actions.items():
                yield Route(method=method.upper(), route=route, view=view, action=action)


ROUTES = list(admin_routes())
every_route = pytest.mark.parametrize("route", ROUTES, ids=str)
UNAUTHORIZED = (401, {"message": "Unauthorized"})

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def test_the_documented_permissions() -> None:
    named = {re.sub(r"<\w+:(\w+)>", r"{\1}", str(route)): route.permission for route in ROUTES}

    assert {name: named.get(name) for name in EXPECTED} == {
        name: f"medusa_payments.{codename}" for name, codename in EXPECTED.items()
    }


@every_route
def test_a_guest(route: Route, client: Client) -> None:
    response = route.request(client)

    assert (response.status_code, response.json()) == UNAUTHORIZED


@every_route
@pytest.mark.parametrize("token", ["Bearer nonsense", "Basic sk_nonsense", "Bearer sk_nonsense"])
def test_a_wrong_login(route: Route, token: str) -> None:
    response = route.request(Client(headers={"authorization": token}))

    assert (response.status_code, response.json()) == UNAUTHORIZED


@every_route
def test_a_customer(route: Route, client: Client) -> None:
    customer = User.objects.create_user("customer")
    customer.user_permissions.set(Permission.objects.all())
    client.force_login(customer)
    with_token = Client(headers={"authorization": f"Bearer {AccessToken.for_user(customer)}"})

    for response in (route.request(client), route.request(with_token)):
        assert (response.status_code, response.json()) == UNAUTHORIZED


@every_route
def test_staff_without_the_permission(route: Route, client: Client) -> None:
    staff = User.objects.create_user("staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.exclude(codename=route.permission.split(".")[1]))
    client.force_login(staff)

    response = route.request(client)

    assert response.status_code == 403
    assert response.json() == {
        "type": "forbidden",
        "message": f"The permission '{route.permission}' is required",
    }


@every_route
def test_staff_with_nothing_but_the_permission(route: Route, client: Client) -> None:
    app_label, codename = route.permission.split(".")
    staff = User.objects.create_user("staff", is_staff=True)
    staff.user_permissions.set([Permission.objects.get(content_type__app_label=app_label, codename=codename)])
    client.force_login(staff)

    assert route.request(client).status_code in {200, 400, 404}


@every_route
def test_looking_is_not_changing(route: Route) -> None:
    may_look = route.permission.split(".")[1].startswith("view_")

    assert may_look == (route.method == "GET")
