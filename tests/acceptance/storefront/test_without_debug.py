"""Without `DEBUG=1` the demo is a shop: nothing that everybody knows opens anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.any_engine

ASK = """
import django
django.setup()
from django.core.management import call_command
from django.test import Client
from medusa_payments.providers.registry import providers

call_command("migrate", verbosity=0)
call_command("seed_demo", verbosity=0)
client = Client(raise_request_exception=False, SERVER_NAME="localhost")
staff = {"email": "admin@example.com", "password": "admin"}
customer = {"email": "customer@example.com", "password": "customer"}
print([
    *(client.get(path).status_code for path in ("/fake-provider/ledger", "/stripe-twin/stripe.js")),
    client.post("/auth/user/emailpass", staff, content_type="application/json").status_code,
    client.post("/auth/customer/emailpass", customer, content_type="application/json").status_code,
    client.get("/store/regions", headers={"x-publishable-api-key": "pk_demo"}).status_code,
])
pages = ("/", "/checkout", "/docs/", "/static/admin/css/base.css", "/django-admin/login/")
print([client.get(path).status_code for path in pages])
print("pk_demo" in client.get("/").content.decode() + client.get("/checkout").content.decode(), sorted(providers))
"""


def run(tmp_path: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    unset = {"DEBUG", "SECRET_KEY", "STRIPE_API_KEY", "DATABASE_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"DJANGO_SETTINGS_MODULE": "storefront_project.settings", **variables}
    environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/shop.sqlite3"
    return subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.mark.parametrize("variables", [{}, {"SECRET_KEY": ""}, {"DEBUG": "0"}])
def test_it_does_not_start_without_a_secret_key(tmp_path: Path, variables: dict[str, str]) -> None:
    done = run(tmp_path, **variables)

    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in last
    assert "DEBUG" in last
    assert "SECRET_KEY" in last


def test_with_one_there_is_no_ledger_no_twin_and_no_password_that_everybody_knows(tmp_path: Path) -> None:
    """Nor where the database was a demo's before."""
    demo = run(tmp_path, DEBUG="1")
    shop = run(tmp_path, SECRET_KEY="x" * 50)

    assert (demo.returncode, shop.returncode) == (0, 0), demo.stderr + shop.stderr
    opened, pages, known = demo.stdout.splitlines()[-3:]
    assert (opened, pages) == ("[200, 200, 200, 200, 200]", "[200, 200, 200, 200, 200]")
    assert known.startswith("True ['pp_fake_fake'")
    opened, pages, known = shop.stdout.splitlines()[-3:]
    assert (opened, pages) == ("[404, 404, 401, 401, 400]", "[200, 200, 200, 200, 200]")
    assert known == "False ['pp_system_default']"


@pytest.mark.django_db
@pytest.mark.parametrize("actor", ["user", "customer"])
def test_a_new_password_ends_the_tokens_given_out_before(seeded: None, actor: str) -> None:
    client, password = Client(), {"user": "admin", "customer": "customer"}[actor]
    email = {"user": "admin@example.com", "customer": "customer@example.com"}[actor]
    token = client.post(
        f"/auth/{actor}/emailpass", {"email": email, "password": password}, content_type="application/json"
    ).json()["token"]

    def may_refresh() -> int:
        headers = {"authorization": f"Bearer {token}"}
        return client.post("/auth/token/refresh", headers=headers, content_type="application/json").status_code

    assert may_refresh() == 200
    user = User.objects.get(username=email)
    user.set_password("a new one")
    user.save()
    assert may_refresh() == 401
    assert client.get("/admin/payments", headers={"authorization": f"Bearer {token}"}).status_code == 401
