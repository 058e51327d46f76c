"""What the guide tells storefronts and shops to do is done here, with Stripe's stand-in."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command

from medusa_payments.models import AccountHolder, Payment, PaymentSession
from medusa_payments.services import account_holders as holder_services
from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.acceptance.docs.projects import blocks, run
from tests.providers.stripe.test_saved_methods import JANE, client_of, customers, save_card
from tests.till import Till

GUIDE = "docs/guides/saved-payment-methods.md"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]


def names_of(file: str) -> dict[str, Any]:
    """Run the block of a file and return its names."""
    [code] = [block for block in blocks(GUIDE, "python") if block.startswith(f"# {file}\n")]
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102
    return names


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="needs curl and bash")
def test_the_storefront(live_server: Any, stripe_twin: StripeTwin) -> None:
    call_command("seed_demo", verbosity=0)
    [code] = blocks(GUIDE, "bash")

    output = run(["bash", "-euo", "pipefail", "-c", code], env={**os.environ, "BASE": live_server.url})

    listed, status, deleted = output.splitlines()
    assert '"last4":"4242"' in listed
    assert status == "authorized"
    assert '"deleted":true' in deleted
    assert (Payment.objects.get().amount, len(customers(stripe_twin))) == (2000, 1)


def test_the_customer_of_a_shop() -> None:
    resolve = names_of("shop/customers.py")["resolve_customer"]
    buyer = SimpleNamespace(pk=7, email="jane@example.com", full_name="Jane Doe", phone="+49 30 1234")

    assert resolve(SimpleNamespace(user=SimpleNamespace())) is None
    customer = resolve(SimpleNamespace(user=SimpleNamespace(buyer=buyer)))
    assert (customer.id, customer.email, customer.name, customer.phone) == (
        *("7", "jane@example.com", "Jane Doe", "+49 30 1234"),
    )


def test_a_renewal(till: Till, stripe_twin: StripeTwin) -> None:
    renew = names_of("shop/renewals.py")["renew"]
    holder = holder_services.create(provider_id="pp_stripe_stripe", customer=JANE)
    save_card(stripe_twin, holder)
    till.set_total("100")

    assert [renew(till.cart_id, JANE.id) for _ in range(2)] == [True, True]

    [payment] = Payment.objects.all()
    assert payment.amount == 10000
    assert PaymentSession.objects.get().operations.get(kind="initiate").request["is_off_session"] is True


@pytest.mark.parametrize("card", ["pm_card_chargeCustomerFail", "pm_card_authenticationRequired"])
def test_a_renewal_that_fails(till: Till, stripe_twin: StripeTwin, card: str) -> None:
    renew = names_of("shop/renewals.py")["renew"]
    holder = holder_services.create(provider_id="pp_stripe_stripe", customer=JANE)
    client_of(stripe_twin).v1.payment_methods.attach(card, {"customer": holder.external_id or ""})
    till.set_total("100")

    assert renew(till.cart_id, JANE.id) is False
    assert not Payment.objects.exists()


def test_a_customer_who_is_deleted(till: Till, stripe_twin: StripeTwin, tmp_path: Path) -> None:
    holder_services.create(provider_id="pp_stripe_stripe", customer=JANE)
    deleted = []

    names_of("shop/privacy.py")["delete_customer"](SimpleNamespace(pk=JANE.id, delete=lambda: deleted.append(JANE.id)))

    assert (deleted, customers(stripe_twin)) == ([JANE.id], [])
    assert AccountHolder.objects.get().email is None
