"""The shop of the guide, built from its code blocks and used as a customer would."""

from pathlib import Path

import pytest

from tests.acceptance.docs.projects import Project

CUSTOMER = """
from django.test import Client

from medusa_payments.models import Payment, PaymentCollection
from shop import back_office
from shop.models import Cart

cart = Cart.objects.create(total="59.97")
browser = Client(SERVER_NAME="localhost")
page = f"/checkout/{cart.pk}/"

assert "Pay 59.97 EUR" in browser.get(page).content.decode()
refused = browser.post(page, {"provider_id": "pp_x"})
assert "Please check what you entered and try again." in refused.content.decode()
assert "pp_x" not in refused.content.decode()
for _ in range(2):
    assert browser.post(page, {"provider_id": "pp_system_default"}).status_code == 302
assert "when the parcel arrives" in browser.get(f"/thanks/{cart.pk}/").content.decode()

back_office.parcel_delivered(cart.pk, by="driver")
back_office.one_article_came_back(cart.pk, by="anna")

payment = Payment.objects.get()
assert (payment.captured_amount, payment.refunded_amount) == (5997, 499)
assert PaymentCollection.objects.get().status == "completed"
assert "has arrived" in browser.get(f"/thanks/{cart.pk}/").content.decode()
print("paid and refunded")
"""


@pytest.mark.any_engine
def test_the_shop_of_the_guide(tmp_path: Path) -> None:
    project = Project.of("docs/guides/classic-checkout.md", tmp_path)
    project.write("shop/migrations/__init__.py", "")

    project.manage("makemigrations", "shop")
    project.manage("migrate")
    project.manage("check", "--fail-level", "WARNING")

    assert "paid and refunded" in project.manage("shell", "--command", CUSTOMER)
    assert "3 passed" in project.run("python", "-m", "pytest", "--ds", "shop.test_settings", "-p", "no:cacheprovider")
