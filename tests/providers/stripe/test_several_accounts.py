"""Two Stripe accounts in one shop, and an account whose key is rotated, at the twin."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.checks import run_checks

from medusa_payments.core.reconciliation import run
from medusa_payments.exceptions import InvalidData, PaymentOutcomeUnknown
from medusa_payments.models import Capture, Operation, Payment, PaymentSession, WebhookEvent
from medusa_payments.providers.registry import providers
from medusa_payments.providers.stripe.configuration import stripe_providers
from medusa_payments.services import captures, refunds, webhooks
from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.audit import recover
from tests.scripted import authorize
from tests.till import Till
from tests.twin import OPTIONS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

NORTH, SOUTH = "pp_stripe_north", "pp_stripe_south"
TEN = Decimal(10)


def options(name: str, **changes: Any) -> dict[str, Any]:
    return OPTIONS | {"api_key": f"sk_test_{name}", "account": name, "webhook_secret": [f"whsec_{name}"]} | changes


@pytest.fixture
def put(settings: Any, stripe_twin: StripeTwin) -> Iterator[Callable[..., None]]:
    """Configure Stripe accounts by their ids, all services of each."""
    before = settings.MEDUSA_PAYMENTS

    def configure(**accounts: dict[str, Any]) -> None:
        # Beside accounts that take money, payment by other means isn't open to every shopper.
        local = {"pp_system_default": before["PROVIDERS"]["pp_system_default"] | {"STOREFRONT": False}}
        for id, account in accounts.items():
            local |= stripe_providers(account, id=id)
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": local}

    for name in ("north", "south"):
        stripe_twin.open_account(f"acct_{name}", f"sk_test_{name}", webhook_secrets=[f"whsec_{name}"])
    configure(north=options("north"), south=options("south"))
    yield configure
    providers.clear()


def pay(till: Till, twin: StripeTwin, alias: str) -> Payment:
    """A payment of 100 EUR of a cart of its own, captured."""
    till.cart_id = f"cart_of_{alias}"
    session = till.session(alias)
    twin.dashboard.pay(session.provider_ref or "")
    return captures.capture(payment_id=authorize(session).payment.pk)


def test_two_accounts_never_mix(till: Till, stripe_twin: StripeTwin, put: Any) -> None:
    north, south = pay(till, stripe_twin, NORTH), pay(till, stripe_twin, SOUTH)
    refunds.refund(payment_id=south.pk, amount=TEN)

    assert (north.provider_account, south.provider_account) == ("north:test", "south:test")
    assert [len(stripe_twin.events(account_id=f"acct_{name}")) > 0 for name in ("north", "south")] == [True, True]
    for name, payment in (("north", north), ("south", south)):
        sent = stripe_twin.webhooks(account_id=f"acct_{name}")
        for body, headers in sent:
            webhooks.receive(provider_id=f"pp_stripe_{name}", body=body, headers=headers)
        assert set(WebhookEvent.objects.filter(provider_account=f"{name}:test").values_list("status", flat=True)) <= {
            "applied",
            "ignored",
        }
        payment.refresh_from_db()
    assert (north.refunded_amount, south.refunded_amount) == (0, 1000)
    scopes = [scope for scope in run.scopes()[0] if scope.provider_id in {NORTH, SOUTH}]
    assert len(run.scopes()[0]) == len(scopes) == 2
    assert [drift for scope in scopes for drift in run.reconcile(scope)] == []
    assert run_checks(tags=["medusa_payments"]) == []


def test_a_webhook_of_the_other_account_isnt_trusted(till: Till, stripe_twin: StripeTwin, put: Any) -> None:
    pay(till, stripe_twin, NORTH)
    body, headers = stripe_twin.webhooks(account_id="acct_north")[-1]
    with pytest.raises(InvalidData):
        webhooks.receive(provider_id=SOUTH, body=body, headers=headers)
    assert not WebhookEvent.objects.exists()


def test_eight_services_on_one_account_apply_an_event_once(till: Till, stripe_twin: StripeTwin, put: Any) -> None:
    pay(till, stripe_twin, NORTH)
    aliases = [alias for alias in providers if alias.endswith("_north")]
    assert len(aliases) >= 8
    sent = stripe_twin.webhooks(account_id="acct_north")
    for alias in aliases:
        for body, headers in sent:
            webhooks.receive(provider_id=alias, body=body, headers=headers)

    assert set(WebhookEvent.objects.values_list("duplicates", flat=True)) == {len(aliases) - 1}
    assert (Capture.objects.count(), Payment.objects.get().captured_amount) == (1, 10000)


def test_a_service_that_isnt_offered_any_more(till: Till, stripe_twin: StripeTwin, put: Any, settings: Any) -> None:
    payment = pay(till, stripe_twin, NORTH)
    configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
    rest = {alias: entry for alias, entry in configured.items() if alias != NORTH}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": rest}

    assert refunds.refund(payment_id=payment.pk, amount=TEN).refunded_amount == 1000
    assert stripe_twin.payment(payment.provider_ref).refunded == 1000  # type: ignore[union-attr]


def test_a_key_is_rotated_while_money_is_in_flight(till: Till, stripe_twin: StripeTwin, put: Any) -> None:
    session = till.session(NORTH)
    stripe_twin.dashboard.pay(session.provider_ref or "")
    payment = authorize(session).payment
    stripe_twin.fail("payment_intents.capture", "timeout_after")
    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk)
    stripe_twin.add_key("acct_north", "sk_test_north_new")
    stripe_twin.remove_key("sk_test_north")

    assert recover() == 1
    with pytest.raises(PaymentOutcomeUnknown):
        captures.capture(payment_id=payment.pk)
    assert Operation.objects.get(kind="capture").status == "open"

    put(north=options("north", api_key="sk_test_north_new", webhook_secret=["whsec_newer", "whsec_north"]))
    assert recover() == 0
    payment.refresh_from_db()
    assert (payment.captured_amount, payment.capturing_amount) == (10000, 0)
    assert stripe_twin.payment(payment.provider_ref).captured == 10000  # type: ignore[union-attr]
    assert Operation.objects.filter(kind="capture").count() == 1
    for body, headers in stripe_twin.webhooks(account_id="acct_north"):
        webhooks.receive(provider_id=NORTH, body=body, headers=headers)
        webhooks.receive(
            provider_id=NORTH,
            body=body,
            headers=stripe_twin.sign(body, account_id="acct_north", secret="whsec_newer"),
        )
    assert not WebhookEvent.objects.filter(status__in=["received", "waiting"]).exists()
    assert refunds.refund(payment_id=payment.pk).refunded_amount == 10000


def test_what_never_arrived_is_sent_under_the_new_key_once(till: Till, stripe_twin: StripeTwin, put: Any) -> None:
    payment = pay(till, stripe_twin, NORTH)
    stripe_twin.fail("refunds.create", "timeout_before")
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=TEN)
    stripe_twin.add_key("acct_north", "sk_test_north_new")
    stripe_twin.remove_key("sk_test_north")
    put(north=options("north", api_key="sk_test_north_new"))

    assert refunds.refund(payment_id=payment.pk, amount=TEN).refunded_amount == 1000
    assert stripe_twin.payment(payment.provider_ref).refunded == 1000  # type: ignore[union-attr]
    assert Operation.objects.filter(kind="refund").count() == 1


def test_two_accounts_that_arent_told_apart_are_warned_of(till: Till, stripe_twin: StripeTwin, put: Any) -> None:
    put(north=options("north", account="stripe"), south=options("south", account="stripe"))
    found = run_checks(tags=["medusa_payments"])
    assert {message.id for message in found} == {"medusa_payments.W012"}
    assert not [message for message in found if "sk_test" in message.msg]


def test_live_and_test_mode_are_two_accounts(put: Any) -> None:
    live = providers[NORTH].account
    put(north=options("north", api_key="sk_live_north"))
    assert (live, providers[NORTH].account) == ("north:test", "north:live")
    assert not PaymentSession.objects.exists()
