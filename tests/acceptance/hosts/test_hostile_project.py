"""A host that does everything differently: own user model, own keys, atomic requests, odd REST framework settings."""

from pathlib import Path

import pytest

from tests.acceptance.docs.projects import BASE_SETTINGS, MANAGE, Project

SETTINGS = """
INSTALLED_APPS += ["rest_framework", "people", "medusa_payments"]
AUTH_USER_MODEL = "people.Person"
DEFAULT_AUTO_FIELD = "django.db.models.SmallAutoField"
DATABASES["default"]["ATOMIC_REQUESTS"] = True
APPEND_SLASH = True
TIME_ZONE = "Asia/Kathmandu"
LANGUAGE_CODE = "de"
USE_THOUSAND_SEPARATOR = True
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.StaticHTMLRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FileUploadParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anon": "1/day"},
    "COERCE_DECIMAL_TO_STRING": True,
    "EXCEPTION_HANDLER": "shop.views.no_handler",
    "PAGE_SIZE": 1,
}
MEDUSA_PAYMENTS = {
    "PROVIDERS": {
        "pp_system_default": {
            "BACKEND": "medusa_payments.providers.system.SystemProvider",
            "STOREFRONT": True,
        },
        "pp_fake_fake": {
            "BACKEND": "medusa_payments.testing.fake_provider.FakeProvider",
            "OPTIONS": {"ledger_path": "ledger.sqlite3"},
            "STOREFRONT": True,
        },
    },
    "CART_RESOLVER": "shop.payments.resolve_cart",
}
"""

PEOPLE = """
import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class Person(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
"""

RESOLVER = """
from decimal import Decimal

from medusa_payments.carts import CartSnapshot


def resolve_cart(cart_id, request=None):
    return CartSnapshot(amount=Decimal("1234567.89"), currency_code="EUR")
"""

URLS = """
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("deep/below/", include("medusa_payments.urls")),
    path("admin/", admin.site.urls),
]
"""

A_DAY = """
import json

from django.contrib.auth import get_user_model
from django.test import Client

from medusa_payments.models import Operation
from medusa_payments.services import publishable_keys

publishable_keys.create(title="Storefront", token="pk_1")
person = get_user_model().objects.create_superuser("anna", password="x")
store = Client(SERVER_NAME="localhost", headers={"x-publishable-api-key": "pk_1"})
staff = Client(SERVER_NAME="localhost")
staff.force_login(person)


def post(client, path, body):
    response = client.post("/deep/below" + path, body, content_type="application/json")
    assert response.status_code == 200, response.content
    return response.json()


for provider_id in ("pp_system_default", "pp_fake_fake"):
    collection = post(store, "/store/payment-collections", {"cart_id": provider_id})["payment_collection"]
    assert collection["amount"] == 1234567.89, collection
    path = f"/store/payment-collections/{collection['id']}/payment-sessions"
    session = post(store, path, {"provider_id": provider_id})["payment_collection"]["payment_sessions"][0]
    paid = post(store, f"{path}/{session['id']}/authorize", {})["payment_collection"]
    payment = f"/admin/payments/{paid['payments'][0]['id']}"
    post(staff, f"{payment}/capture", {"amount": 1000.5})
    refunded = post(staff, f"{payment}/refund", {"amount": 0.5})["payment"]
    assert (refunded["captured_amount"], refunded["refunded_amount"]) == (1000.5, 0.5)
    assert refunded["captures"][0]["created_by"] == str(person.pk)
    assert refunded["created_at"].endswith("Z")

refused = store.post("/deep/below/store/payment-collections", "{", content_type="application/json")
assert (refused.status_code, refused["Content-Type"]) == (400, "application/json")
assert json.loads(refused.content)["type"] == "invalid_data"
assert staff.get("/deep/below/admin/payments?limit=1").json()["count"] == 2
page = staff.get(f"/admin/medusa_payments/payment/{paid['payments'][0]['id']}/change/")
assert page.status_code == 200
assert not Operation.objects.filter(status="open").exists()
print("a good day")
"""


@pytest.mark.any_engine
def test_changes_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for name, code in {
        "manage.py": MANAGE,
        "people/__init__.py": "",
        "people/models.py": PEOPLE,
        "people/migrations/__init__.py": "",
        "shop/__init__.py": "",
        "shop/settings.py": BASE_SETTINGS + SETTINGS,
        "shop/payments.py": RESOLVER,
        "shop/urls.py": URLS,
        "shop/views.py": "def no_handler(error, context):\n    raise error\n",
    }.items():
        project.write(name, code)

    project.manage("makemigrations", "people")
    project.manage("makemigrations", "medusa_payments", "--check", "--dry-run")
    project.manage("migrate")
    project.manage("check", "--fail-level", "ERROR")

    assert "a good day" in project.manage("shell", "--command", A_DAY)
