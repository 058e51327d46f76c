"""The provider of the guide passes the kit, run as the guide says, and takes a payment in a shop."""

import json
import re
from pathlib import Path

import pytest

from medusa_payments.testing.conformance.catalogue import RULES
from medusa_payments.testing.conformance.report import counts, read
from tests.acceptance.docs.projects import ROOT, Project, blocks

pytestmark = pytest.mark.any_engine

GUIDE = "docs/guides/writing-a-provider.md"

URLS = """
urlpatterns = []
"""

CARTS = """
from decimal import Decimal

from medusa_payments.carts import CartSnapshot


def resolve_cart(cart_id, request=None):
    return CartSnapshot(amount=Decimal("59.97"), currency_code="eur")
"""

CUSTOMER = """
from acme.service import VoucherHouse
from decimal import Decimal
from medusa_payments.exceptions import PaymentAuthorizationError
from medusa_payments.services import captures, payment_collections, payment_sessions, refunds

collection = payment_collections.create_for_cart(cart_id="cart_1")

def pay(voucher):
    session = payment_sessions.initialize(
        payment_collection_id=collection.pk, provider_id="pp_voucher_acme", data={"voucher": voucher}
    )
    return payment_sessions.authorize(payment_collection_id=collection.pk, payment_session_id=session.pk).payment

try:
    pay("EMPTY")
except PaymentAuthorizationError as error:
    print(error.message)
payment = pay("GOOD")
captures.capture(payment_id=payment.pk)
refunds.refund(payment_id=payment.pk, amount=Decimal("9.97"))
print(1_000_000 - VoucherHouse.at("https://vouchers.example").balances["GOOD"], "cents were paid")
"""

HOOK_URLS = """
from django.urls import include, path

urlpatterns = [path("", include("medusa_payments.urls"))]
"""

REDIRECTED = """
from decimal import Decimal
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client

from acme.gateway import Gateway
from medusa_payments.models import Payment
from medusa_payments.services import payment_collections, payment_sessions, refunds

settings.ALLOWED_HOSTS = ["testserver"]
gateway = Gateway.at("https://gateway.example")
collection = payment_collections.create_for_cart(cart_id="cart_1")
session = payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_redirect_acme")
print("sent to", session.provider_data["checkout_url"])
[made] = gateway.orders.values()
hook = urlsplit(made["webhook_url"])

def hint(ref, query):
    form = "application/x-www-form-urlencoded"
    return Client().post(f"{hook.path}?{query}", f"id={ref}", content_type=form).status_code

waiting = session.status
gateway.finish(made["id"], "paid")
gateway.line = "down"
stranger = hint("tr_99", hook.query)
gateway.line = ""
statuses = [hint(made["id"], hook.query), stranger, hint(made["id"], "secret=guessed")]
payment = Payment.objects.get()
refunds.refund(payment_id=payment.pk, amount=Decimal("9.97"))
payment.refresh_from_db()
paid, given_back = payment.captured_amount, payment.refunded_amount
print(f"{waiting}, then {statuses}: paid {paid}, given back {given_back}, calls for a stranger's hint 0")
"""

_ALONE = "-p no:cacheprovider -p no:django -p no:randomly"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.of(GUIDE, tmp_path)
    project.write("acme/__init__.py", "")
    project.write("shop/urls.py", URLS)
    project.write("shop/payments.py", CARTS)
    return project


@pytest.mark.parametrize(
    ("name", "bench"), [("Vouchers", "acme.bench:VoucherBench"), ("Redirect", "acme.redirect_bench:RedirectBench")]
)
def test_the_providers_of_the_guide_pass_the_kit(project: Project, name: str, bench: str) -> None:
    [command] = [code for code in blocks(GUIDE, "shell") if "--provider-bench" in code]
    command = command.replace("acme.bench:VoucherBench", bench)

    output = project.run("sh", "-c", f"{command.strip()} {_ALONE}")

    [provider] = read(project.directory / "conformance.json")
    counted = counts(provider)
    assert provider["name"] == name
    assert sum(counted.values()) == len(RULES)
    assert counted["failed"] == counted["blocked"] == 0
    unchecked = {check["reason"] for check in provider["checks"] if check["status"] == "not_checked"}
    assert unchecked == set()
    assert f"{name}: {counted['passed']} passed, {counted['not_applicable']} not applicable" in output


def test_the_kit_runs_among_other_tests(project: Project) -> None:
    output = project.run("python", "-m", "pytest", "-q", *_ALONE.split(), "-k", "CAP-02", "tests")

    assert re.search(r"1 passed, \d+ deselected", output)


def test_the_shop_takes_vouchers(project: Project) -> None:
    project.manage("migrate", "--verbosity", "0")
    project.manage("check", "--tag", "medusa_payments")

    output = project.manage("shell", "--command", CUSTOMER)

    assert "There isn't enough left on the voucher." in output
    assert "5000 cents were paid" in output


def test_a_customer_of_the_shop_is_redirected_and_comes_back(project: Project) -> None:
    settings = ("--settings", "shop.redirect_settings")
    project.write("shop/urls.py", HOOK_URLS)
    project.manage("migrate", "--verbosity", "0", *settings)
    project.manage("check", "--tag", "medusa_payments", *settings)

    output = project.manage("shell", "--command", REDIRECTED, *settings)

    assert "sent to https://pay.gateway.example/tr_0" in output
    assert "pending, then [200, 200, 400]: paid 5997, given back 997, calls for a stranger's hint 0" in output


def test_the_message_of_the_guide_is_what_the_kit_says() -> None:
    [shown] = blocks(GUIDE, "text")
    [rule] = [rule for rule in RULES if rule.id == "CAP-02"]

    for said in (rule.statement, rule.change, rule.stake):
        assert said in shown
    assert json.dumps(str(ROOT)) not in shown
