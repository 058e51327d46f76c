"""A dashboard that writes with the session's cookie alone: only where `ADMIN_COOKIE_ORIGINS` names it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from medusa_payments.models import RefundReason

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

DASHBOARD, LOCAL = "https://dashboard.example", "http://localhost:9000"


@pytest.fixture
def visitor() -> Client:
    """A browser that is logged in as staff, and shows no CSRF token."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def trust(settings: Any) -> Any:
    def change(origins: Any) -> None:
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"ADMIN_COOKIE_ORIGINS": origins}

    return change


def written(visitor: Client, origin: str | None) -> bool:
    """Make a refund reason from a page of an origin; return whether it was made."""
    headers = {} if origin is None else {"origin": origin}
    body = {"label": "Late", "code": "late"}
    answer = visitor.post("/admin/refund-reasons", body, content_type="application/json", headers=headers)
    assert (answer.status_code, RefundReason.objects.count()) in {(200, 1), (403, 0)}
    return answer.status_code == 200


@pytest.mark.parametrize("origin", [DASHBOARD, LOCAL])
def test_a_listed_origin_may_write(visitor: Client, trust: Any, origin: str) -> None:
    assert not written(visitor, origin)

    trust([DASHBOARD, LOCAL])

    assert written(visitor, origin)


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "http://dashboard.example",
        "https://dashboard.example:8443",
        "https://dashboard.example:443",
        "https://dashboard.example/",
        "https://dashboard.example.evil.example",
        "https://evil-dashboard.example",
        "https://my.dashboard.example",
        "https://DASHBOARD.example",
        "https://dashboard.example, https://dashboard.example",
        "http://localhost",
        "http://localhost:90",
        "http://localhost:90000",
        "https://localhost:9000",
        "http://127.0.0.1:9000",
    ],
)
def test_any_other_origin_needs_the_token(visitor: Client, trust: Any, origin: str | None) -> None:
    trust((DASHBOARD, LOCAL))

    assert not written(visitor, origin)


@pytest.mark.parametrize(
    ("listed", "origin"),
    [
        (["null"], "null"),
        ([""], ""),
        ([None], None),
        (["*"], DASHBOARD),
        (["http://localhost:*"], LOCAL),
        (f"{DASHBOARD}.au", DASHBOARD),
    ],
)
def test_a_setting_that_the_checks_refuse_opens_nothing(
    visitor: Client, trust: Any, listed: Any, origin: str | None
) -> None:
    trust(listed)

    assert not written(visitor, origin)


def test_permissions_and_logins_are_asked_as_ever(trust: Any) -> None:
    trust([DASHBOARD])
    browser = Client(enforce_csrf_checks=True)

    answers = []
    for login in (None, User.objects.create_user("customer"), User.objects.create_user("clerk", is_staff=True)):
        if login:
            browser.force_login(login)
        answer = browser.post("/admin/refund-reasons", content_type="application/json", headers={"origin": DASHBOARD})
        answers.append((answer.status_code, answer.json().get("message", "")))

    assert answers == [
        (401, "Unauthorized"),
        (401, "Unauthorized"),
        (403, "The permission 'medusa_payments.add_refundreason' is required"),
    ]


def test_django_admin_and_the_store_api_ask_for_the_token_all_the_same(
    visitor: Client, storefront: Any, trust: Any, set_total: Any
) -> None:
    trust([DASHBOARD])
    set_total("10")

    page = visitor.post("/django-admin/logout/", headers={"origin": DASHBOARD})

    assert page.status_code == 403
    shopper = Client(enforce_csrf_checks=True, headers={"x-publishable-api-key": "pk_test", "origin": DASHBOARD})
    shopper.force_login(User.objects.create_user("customer"))
    made = shopper.post("/store/payment-collections", {"cart_id": "cart_1"}, content_type="application/json").json()
    path = f"/store/payment-collections/{made['payment_collection']['id']}/payment-sessions"
    begun = shopper.post(path, {"provider_id": "pp_fake_fake"}, content_type="application/json").json()
    assert begun["payment_collection"]["payment_sessions"][0]["context"] == {}
