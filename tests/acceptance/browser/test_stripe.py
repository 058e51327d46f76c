"""Paying with Stripe at the checkout page: the stand-in for Stripe.js, and the twin behind it."""

from collections.abc import Callable
from urllib.request import Request, urlopen

import pytest

from medusa_payments.testing.stripe_twin.faults import Fault
from medusa_payments.testing.stripe_twin.twin import StripeTwin
from storefront_project.orders.models import Order
from storefront_project.shop.models import LineItem
from tests.acceptance.browser.shopper import PHONE, Shopper

pytestmark = [pytest.mark.browser, pytest.mark.any_engine, pytest.mark.django_db(transaction=True)]

IS_PAID = "4242 4242 4242 4242"
IS_DECLINED = "4000 0000 0000 0002"
HAS_NO_MONEY = "4000 0000 0000 9995"
ASKS = "4000 0027 6000 3184"
IBAN = "DE89 3704 0044 0532 0130 00"


Paid = Callable[[], list[tuple[int, str]]]


@pytest.fixture
def shopper(stripe_twin: StripeTwin, customer: Callable[..., Shopper]) -> Shopper:
    return customer().open()


@pytest.fixture
def paid(stripe_twin: StripeTwin) -> Paid:
    """Return what customers have paid or had reserved at Stripe so far: minor units and currency."""
    return lambda: [
        (entry["amount"], entry["currency_code"])
        for entry in stripe_twin.ledger_entries()
        if entry["verb"] == "authorize"
    ]


def tell_the_shop(base_url: str, stripe_twin: StripeTwin) -> None:
    """Deliver all webhooks so far."""
    for body, headers in stripe_twin.webhooks():
        request = Request(f"{base_url}/hooks/payment/stripe_stripe", body, headers, method="POST")  # noqa: S310
        with urlopen(request, timeout=30) as response:  # noqa: S310
            assert response.status == 200


@pytest.mark.parametrize(
    ("region", "amount", "minor_units"),
    [
        ("Europe", "€29.99", (2999, "eur")),
        ("United States", "$31.99", (3199, "usd")),
        ("Japan", "¥2,999", (2999, "jpy")),
        ("Kuwait", "KWD 15.130", (15130, "kwd")),
    ],
)
def test_a_card_is_charged_what_the_button_says(
    shopper: Shopper, paid: Paid, region: str, amount: str, minor_units: tuple[int, str]
) -> None:
    shopper.choose_region(region)
    shopper.types_card(IS_PAID)
    shopper.offers_to_take(amount)
    if region == "Kuwait":
        shopper.sees("For this way to pay it is rounded up to KWD 15.130.")
    shopper.pay()

    shopper.has_ordered(f"Your payment of {amount} went through")
    assert paid() == [minor_units]


def test_a_declined_card_can_be_tried_again(shopper: Shopper, paid: Paid) -> None:
    shopper.types_card(IS_DECLINED)
    shopper.pay()
    shopper.is_told("Your card was declined. You haven't been charged.")
    shopper.types_card(HAS_NO_MONEY)
    shopper.pay()
    shopper.is_told("Your card has insufficient funds. You haven't been charged.")
    assert (paid(), Order.objects.count()) == ([], 0)

    shopper.types_card(IS_PAID)
    shopper.pay()
    shopper.has_ordered()
    assert paid() == [(2999, "eur")]


def test_after_a_declined_card_another_way_is_open(shopper: Shopper, paid: Paid) -> None:
    shopper.types_card(IS_DECLINED)
    shopper.pay()
    shopper.is_told("Your card was declined.")
    shopper.choose("Pay on delivery")
    shopper.pay()
    shopper.has_ordered("when it is delivered")
    assert paid() == []


@pytest.mark.parametrize(
    ("number", "text"),
    [("4242", "Your card number is incomplete."), ("4242 4242 4242 4241", "Your card number is invalid.")],
)
def test_a_mistyped_card_is_noticed_before_it_is_sent(shopper: Shopper, number: str, text: str) -> None:
    sent = shopper.counts("/confirm$")
    shopper.types_card(number)
    shopper.pay()
    shopper.is_told(text)
    assert sent == []


def test_the_bank_asks_and_the_customer_approves(shopper: Shopper, paid: Paid) -> None:
    shopper.types_card(ASKS)
    shopper.pay()
    shopper.press("Yes, approve the payment")
    shopper.has_ordered()
    assert paid() == [(2999, "eur")]


def test_the_bank_asks_and_the_customer_refuses(shopper: Shopper, paid: Paid) -> None:
    shopper.types_card(ASKS)
    shopper.pay()
    shopper.press("No, refuse it")
    shopper.is_told("You haven't been charged.")
    assert (paid(), Order.objects.count()) == ([], 0)

    shopper.types_card(IS_PAID)
    shopper.pay()
    shopper.has_ordered()


def test_closing_the_banks_window_refuses(shopper: Shopper, paid: Paid) -> None:
    shopper.types_card(ASKS)
    shopper.pay()
    shopper.sees_dialog("Is it you?")
    shopper.do(shopper.page.keyboard.press("Escape"))
    shopper.is_told("You haven't been charged.")
    assert paid() == []


def test_paying_at_the_bank_and_coming_back(shopper: Shopper, paid: Paid) -> None:
    shopper.choose("iDEAL")
    shopper.pay()
    shopper.press("Authorize")
    shopper.has_ordered("Your payment of €29.99 went through")
    assert shopper.do(shopper.page.evaluate("location.search")) == ""
    assert paid() == [(2999, "eur")]


def test_the_shop_opened_in_another_tab_leaves_the_customer_at_the_bank(shopper: Shopper, paid: Paid) -> None:
    shopper.choose("iDEAL")
    shopper.pay()
    shopper.sees("Is it you?")
    other = shopper.another_tab().open()
    other.waits_for_the_shop()

    shopper.press("Authorize")

    shopper.has_ordered()
    assert paid() == [(2999, "eur")]


def test_coming_back_paid_while_stripes_script_cannot_be_loaded(shopper: Shopper, paid: Paid) -> None:
    shopper.choose("iDEAL")
    shopper.pay()
    shopper.sees("Is it you?")
    shopper.fails_to_reach("/stripe.js$", times=100)
    shopper.press("Authorize")
    shopper.has_ordered("Your payment of €29.99 went through")
    assert paid() == [(2999, "eur")]


def test_coming_back_paid_while_stripe_cannot_be_asked(shopper: Shopper, paid: Paid) -> None:
    shopper.choose("iDEAL")
    shopper.pay()
    shopper.sees("Is it you?")
    shopper.fails_to_reach(r"/v1/payment_intents/\w+\?", times=100)
    shopper.press("Authorize")
    shopper.has_ordered("Your payment of €29.99 went through")
    assert paid() == [(2999, "eur")]


def test_giving_up_at_the_bank(shopper: Shopper, paid: Paid) -> None:
    shopper.choose("iDEAL")
    shopper.pay()
    shopper.press("Fail")
    shopper.is_told("The payment was not completed. You haven't been charged.")
    assert (paid(), Order.objects.count()) == ([], 0)

    shopper.types_card(IS_PAID)
    shopper.pay()
    shopper.has_ordered()


def test_going_back_from_the_bank_without_deciding(shopper: Shopper) -> None:
    shopper.choose("iDEAL")
    shopper.pay()
    shopper.sees("Is it you?")
    shopper.open()
    shopper.choose("Pay on delivery")
    shopper.pay()
    shopper.has_ordered("when it is delivered")


def test_a_tab_that_never_came_back_from_the_bank(shopper: Shopper, stripe_twin: StripeTwin, paid: Paid) -> None:
    shopper.choose("iDEAL")
    shopper.pay()
    shopper.sees("Is it you?")
    shopper.close()
    [intent] = stripe_twin.payments()
    stripe_twin.dashboard.authenticate(intent["id"])

    shopper.another_tab().open().has_ordered()

    assert paid() == [(2999, "eur")]


def test_money_from_a_bank_account_takes_days(shopper: Shopper, stripe_twin: StripeTwin) -> None:
    stripe_twin.set_delays(payments=24 * 60 * 60)
    shopper.choose("SEPA debit")
    shopper.type("IBAN", IBAN)
    shopper.type("Name of the account's owner", "Ada Lovelace")
    shopper.type("Email for the debit's notice", "ada@example.com")
    shopper.pay()
    shopper.has_ordered("Your bank takes a few days to send us €29.99")

    [intent] = stripe_twin.payments()
    stripe_twin.dashboard.settle(intent["id"])
    tell_the_shop(shopper.base_url, stripe_twin)

    shopper.has_ordered("Your payment of €29.99 went through")


def test_a_tab_closed_after_paying_is_picked_up_again(shopper: Shopper, paid: Paid) -> None:
    shopper.types_card(IS_PAID)
    shopper.fails_to_reach("/complete$", times=100)
    shopper.pay()
    shopper.sees("We are finding out what became of your payment")
    shopper.close()

    shopper.another_tab().open().has_ordered()

    assert paid() == [(2999, "eur")]


def test_an_answer_of_stripes_that_gets_lost_is_found_out(shopper: Shopper, paid: Paid) -> None:
    shopper.types_card(IS_PAID)
    shopper.loses_the_answer_to("/confirm$")
    shopper.pay()
    shopper.has_ordered()
    assert paid() == [(2999, "eur")]


def test_a_card_that_never_reached_stripe_is_not_charged(shopper: Shopper, paid: Paid) -> None:
    shopper.types_card(IS_PAID)
    shopper.fails_to_reach("/confirm$")
    shopper.pay()
    shopper.is_told("The payment was not completed. You haven't been charged.")
    assert paid() == []

    shopper.pay()
    shopper.has_ordered()
    assert paid() == [(2999, "eur")]


def test_two_tabs_charge_one_card_once(shopper: Shopper, paid: Paid) -> None:
    shopper.types_card(IS_PAID)
    other = shopper.another_tab().open()
    other.hears_nothing_of_other_tabs()
    other.types_card(IS_PAID)
    shopper.pay()
    order_id = shopper.has_ordered()

    other.pay()

    assert other.has_ordered() == order_id
    assert (paid(), Order.objects.count()) == ([(2999, "eur")], 1)


@pytest.mark.parametrize("milliseconds", [0, 1500], ids=["at once", "while Stripe is slow"])
def test_a_cart_changed_in_another_tab_is_not_charged_at_the_old_price(
    shopper: Shopper, stripe_twin: StripeTwin, paid: Paid, milliseconds: int
) -> None:
    shopper.types_card(IS_PAID)
    shopper.hears_nothing_of_other_tabs()
    other = shopper.another_tab().open()
    stripe_twin.fail("payment_intents.update", Fault.DELAY, milliseconds=milliseconds)
    other.press("One more: Mug")
    other.offers_to_take("€39.99")

    shopper.pay()
    shopper.is_told("It comes to €39.99 now; nothing was charged")
    assert paid() == []

    shopper.pay()
    shopper.has_ordered()
    assert paid() == [(3999, "eur")]


def test_35_the_price_changes_during_3d_secure(shopper: Shopper, stripe_twin: StripeTwin, paid: Paid) -> None:
    shopper.types_card(ASKS)
    shopper.pay()
    shopper.sees_dialog("Is it you?")
    LineItem.objects.filter(variant_id="variant_mug").update(quantity=2)

    shopper.press("Yes, approve the payment")
    shopper.is_told("It comes to €39.99 now")
    assert [intent["status"] for intent in stripe_twin.payments()].count("requires_capture") == 0

    shopper.types_card(IS_PAID)
    shopper.offers_to_take("€39.99")
    shopper.pay()
    shopper.has_ordered("Your payment of €39.99 went through")
    assert paid() == [(2999, "eur"), (3999, "eur")]
    held = [intent["amount"] for intent in stripe_twin.payments() if intent["status"] == "requires_capture"]
    assert held == [3999]


def test_a_script_that_cannot_be_loaded_leaves_the_other_ways(shopper: Shopper) -> None:
    shopper.fails_to_reach("/stripe.js$", times=100)
    shopper.choose("Card")
    shopper.is_told("This way to pay can't be reached just now.")
    shopper.choose("Pay on delivery")
    shopper.pay()
    shopper.has_ordered()


def test_a_script_that_could_not_be_loaded_is_loaded_by_the_next_try(shopper: Shopper, paid: Paid) -> None:
    shopper.fails_to_reach("/stripe.js$")
    shopper.choose("Card")
    shopper.is_told("Please try again in a moment")
    shopper.pay()
    shopper.is_told("Your card number is incomplete.")
    shopper.types_card(IS_PAID)
    shopper.pay()
    shopper.has_ordered()
    assert paid() == [(2999, "eur")]


def test_a_card_typed_in_before_another_tab_chose_another_way(shopper: Shopper, paid: Paid) -> None:
    shopper.types_card(IS_PAID)
    shopper.hears_nothing_of_other_tabs()
    other = shopper.another_tab().open()
    other.choose("Pay on delivery")
    other.waits_for_the_shop()
    other.close()

    shopper.pay()
    shopper.is_told("Your card number is incomplete.")
    shopper.types_card(IS_PAID)
    shopper.pay()
    shopper.has_ordered()
    assert paid() == [(2999, "eur")]


def test_money_that_never_arrives_is_no_success(shopper: Shopper, stripe_twin: StripeTwin) -> None:
    stripe_twin.set_delays(payments=24 * 60 * 60)
    shopper.choose("SEPA debit")
    shopper.type("IBAN", IBAN)
    shopper.type("Name of the account's owner", "Ada Lovelace")
    shopper.type("Email for the debit's notice", "ada@example.com")
    shopper.pay()
    shopper.has_ordered("Your bank takes a few days to send us €29.99")
    [intent] = stripe_twin.payments()
    stripe_twin.dashboard.settle(intent["id"], is_successful=False)
    tell_the_shop(shopper.base_url, stripe_twin)

    shopper.has_ordered("Your payment didn't arrive")
    assert shopper.mark == '"!"'


def test_a_card_number_goes_to_stripe_and_nowhere_else(
    stripe_twin: StripeTwin, customer: Callable[..., Shopper]
) -> None:
    shopper = customer(viewport=PHONE).open()
    sent = shopper.overhears()
    shopper.types_card(IS_PAID)
    shopper.pay()
    shopper.has_ordered()

    said = {path for path, body in sent if "4242" in body.replace("+", "").replace(" ", "")}
    assert {path.split("/")[1] for path in said} == {"stripe-twin"}
