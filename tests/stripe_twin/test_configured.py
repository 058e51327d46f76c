"""The twin as a Django project has it: by its settings, behind its URLs, in its tests."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe
from django.core.exceptions import ImproperlyConfigured

from medusa_payments.testing.stripe_twin.configured import configured_twin, http_client
from medusa_payments.testing.stripe_twin.twin import SECRET_KEY, StripeTwin

pytestmark = pytest.mark.any_engine

CONFTEST = 'pytest_plugins = ["medusa_payments.testing.stripe_twin.pytest_plugin"]'

TEST = """
import stripe

from medusa_payments.testing.stripe_twin.configured import http_client


def test_pay(stripe_twin):
    client = stripe.StripeClient("sk_test_twin", http_client=http_client())
    client.v1.payment_intents.create({"amount": 2000, "currency": "eur"})
    assert len(stripe_twin.payments()) == 1


test_pay_again = test_pay
"""


def test_a_project_is_connected_by_its_settings(twin: StripeTwin, twin_path: str, settings: Any) -> None:
    settings.STRIPE_TWIN_PATH = twin_path
    settings.STRIPE_TWIN_URL = "https://shop.example/stripe-twin"

    intent = stripe.StripeClient(SECRET_KEY, http_client=http_client()).v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "eur",
            "confirm": True,
            "payment_method": "pm_card_threeDSecure2Required",
            "return_url": "https://shop.example/return",
        }
    )

    assert [payment["id"] for payment in twin.payments()] == [intent.id]
    assert intent.next_action.redirect_to_url.url.startswith("https://shop.example/stripe-twin/twin/redirect/pi_")


def test_without_a_file_it_says_what_is_missing(settings: Any) -> None:
    settings.STRIPE_TWIN_PATH = ""

    with pytest.raises(ImproperlyConfigured, match="STRIPE_TWIN_PATH"):
        configured_twin()


def test_a_lost_answer_is_told_by_a_gateway(twin: StripeTwin, twin_url: str) -> None:
    twin.fail("payment_intents.create", "timeout_after")
    client = stripe.StripeClient(SECRET_KEY, base_addresses={"api": twin_url})

    with pytest.raises(stripe.APIError) as caught:
        client.v1.payment_intents.create({"amount": 2000, "currency": "eur"})

    assert caught.value.http_status == 504
    assert len(twin.payments()) == 1


def test_pages_of_any_origin_may_ask(request: pytest.FixtureRequest, settings: Any) -> None:
    # A host's own rules for other origins would answer first.
    settings.MIDDLEWARE = []
    url = f"{request.getfixturevalue('twin_url')}/v1/payment_intents/pi_1"
    origin = {"Origin": "https://shop.example"}

    preflight = requests.options(url, headers={**origin, "Access-Control-Request-Method": "POST"}, timeout=10)
    answer = requests.post(url, headers=origin, timeout=10)

    assert (preflight.status_code, answer.status_code) == (200, 401)
    assert [asked.headers["access-control-allow-origin"] for asked in (preflight, answer)] == ["*", "*"]


def test_no_file_of_the_twin_is_served_but_its_scripts(twin_url: str) -> None:
    script = requests.get(f"{twin_url}/stripe.js", timeout=10)
    paths = ("", "views.js", "twin.py", "../views.js", "templates/redirect.html")

    assert (script.status_code, script.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert {requests.get(f"{twin_url}/{path}", timeout=10).status_code for path in paths} == {404}


def test_a_shops_own_tests_have_a_fixture(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_shop.py").write_text(TEST)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "pytest", "-q", "--ds", "tests.settings", "-c", "/dev/null", "-p", "no:randomly"]

    run = subprocess.run([*command, str(tmp_path)], cwd=root, capture_output=True, text=True)

    assert "2 passed" in run.stdout, run.stdout + run.stderr
