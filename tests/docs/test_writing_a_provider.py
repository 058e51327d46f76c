"""The provider of the guide passes the kit, run as the guide says, and takes a payment in a shop."""

import json
import re
from pathlib import Path

import pytest

from medusa_payments.testing.conformance.catalogue import RULES
from medusa_payments.testing.conformance.report import counts, read
from tests.docs.projects import ROOT, Project, blocks

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


_ALONE = "-p no:cacheprovider -p no:django -p no:randomly"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.of(GUIDE, tmp_path)
    project.write("acme/__init__.py", "")
    project.write("shop/urls.py", URLS)
    project.write("shop/payments.py", CARTS)
    return project


def test_the_provider_of_the_guide_passes_the_kit(project: Project) -> None:
    [command] = [code for code in blocks(GUIDE, "shell") if "--provider-bench" in code]

    output = project.run("sh", "-c", f"{command.strip()} {_ALONE}")

    [provider] = read(project.directory / "conformance.json")
    counted = counts(provider)
    assert provider["name"] == "Vouchers"
    assert sum(counted.values()) == len(RULES)
    assert counted["failed"] == counted["blocked"] == 0
    unchecked = {check["reason"] for check in provider["checks"] if check["status"] == "not_checked"}
    assert unchecked == set()
    assert f"Vouchers: {counted['passed']} passed, {counted['not_applicable']} not applicable" in output


def test_the_kit_runs_among_other_tests(project: Project) -> None:
    output = project.run("python", "-m", "pytest", "-q", *_ALONE.split(), "-k", "CAP-02", "tests")

    assert re.search(r"1 passed, \d+ deselected", output)


def test_the_shop_takes_vouchers(project: Project) -> None:
    project.manage("migrate", "--verbosity", "0")
    project.manage("check", "--tag", "medusa_payments")

    output = project.manage("shell", "--command", CUSTOMER)

    assert "There isn't enough left on the voucher." in output
    assert "5000 cents were paid" in output


def test_the_message_of_the_guide_is_what_the_kit_says() -> None:
    [shown] = blocks(GUIDE, "text")
    [rule] = [rule for rule in RULES if rule.id == "CAP-02"]

    for said in (rule.statement, rule.change, rule.stake):
        assert said in shown
    assert json.dumps(str(ROOT)) not in shown
