"""Paying at the checkout page with the providers that need nothing of the browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect

from medusa_payments.models import PaymentSession
from medusa_payments.services import payment_sessions
from storefront_project.orders.models import Order
from storefront_project.shop.models import Cart
from tests.acceptance.browser.shopper import PHONE, Shopper

pytestmark = [pytest.mark.browser, pytest.mark.any_engine, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def authorized(fake_provider: Any) -> Callable[[], list[int]]:
    """Return what the provider authorized so far, in minor units."""
    return lambda: [entry["amount"] for entry in fake_provider.ledger_entries() if entry["verb"] == "authorize"]


def test_paying_on_delivery(shopper: Shopper) -> None:
    shopper.type("Email", "ada@example.com")
    shopper.choose("Pay on delivery")
    shopper.pay()

    order_id = shopper.has_ordered("You pay €29.99 when it is delivered")
    assert [(order.pk, order.email) for order in Order.objects.all()] == [(order_id, "ada@example.com")]


@pytest.mark.parametrize(
    ("region", "amount"),
    [("Europe", "€29.99"), ("United States", "$31.99"), ("Japan", "¥2,999"), ("Kuwait", "KWD 15.125")],
)
def test_amounts_are_written_as_the_currency_is(shopper: Shopper, region: str, amount: str) -> None:
    shopper.choose_region(region)
    shopper.offers_to_take(amount)
    shopper.choose("Rehearsal")
    shopper.pay()
    shopper.has_ordered(f"Your payment of {amount} went through")


def test_the_cart_is_the_customers(customer: Callable[..., Shopper]) -> None:
    shopper = customer(viewport=PHONE).open()
    shopper.add("Sticker")
    shopper.press("One more: Sticker")
    shopper.press("One less: Mug")
    shopper.offers_to_take("€20.01")
    assert {item.variant_id: item.quantity for item in Cart.objects.get().items.all()} == {
        "variant_tshirt_m": 1,
        "variant_sticker": 2,
    }


def test_every_click_counts(shopper: Shopper) -> None:
    shopper.do(shopper.page.get_by_role("button", name="One more: Mug").dblclick())
    shopper.offers_to_take("€49.99")


def test_what_costs_nothing_is_ordered_without_a_payment(shopper: Shopper, authorized: Callable[[], list[int]]) -> None:
    shopper.press("One less: Mug")
    shopper.press("One less: T-shirt M")
    shopper.sees("Your cart is empty")
    shopper.pay()
    shopper.is_told("Add something before you pay")
    shopper.add("Free sample")

    shopper.press("Place order")

    shopper.has_ordered("There is nothing to pay")
    assert authorized() == []


def test_nobody_pays_before_choosing_how(shopper: Shopper) -> None:
    shopper.pay()
    shopper.is_told("Please choose how you would like to pay")
    assert not Order.objects.exists()


def test_a_mistyped_email_is_noticed(shopper: Shopper) -> None:
    shopper.type("Email", "ada@")
    shopper.choose("Pay on delivery")
    shopper.pay()
    shopper.is_told("doesn't look like an email address")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        ("It is declined", "The payment was declined. You haven't been charged."),
        ("The bank wants more", "Your bank wants you to confirm this payment"),
        ("The provider can't be reached", "This way to pay can't be reached just now. You haven't been charged."),
    ],
)
def test_what_failed_can_be_tried_again(
    shopper: Shopper, authorized: Callable[[], list[int]], outcome: str, text: str
) -> None:
    shopper.rehearse(outcome)
    shopper.pay()
    shopper.is_told(text)

    shopper.rehearse("It succeeds")
    shopper.pay()

    shopper.has_ordered()
    assert authorized() == [2999]


def test_money_that_takes_days(shopper: Shopper, fake_provider: Any) -> None:
    shopper.rehearse("The money arrives later")
    shopper.pay()
    shopper.has_ordered("Your payment is on its way")
    shopper.reload()
    shopper.has_ordered("Your payment is on its way")


def test_a_lost_answer_is_found_out(shopper: Shopper, authorized: Callable[[], list[int]]) -> None:
    shopper.rehearse("The answer gets lost")
    shopper.pay()
    shopper.sees("Please don't pay again")

    shopper.has_ordered()
    assert authorized() == [2999]


def test_a_shop_that_cannot_ask_about_what_was_sent_promises_nothing(
    shopper: Shopper, authorized: Callable[[], list[int]]
) -> None:
    shopper.rehearse("It succeeds")
    shopper.is_refused("/complete$", 503)
    shopper.loses_the_answer_to("/complete$")
    shopper.pay()

    shopper.has_ordered()
    assert authorized() == [2999]


def test_the_region_is_settled_while_a_payment_is_on_its_way(shopper: Shopper) -> None:
    shopper.rehearse("It succeeds")
    shopper.fails_to_reach("/complete$", times=100)
    shopper.pay()
    shopper.sees("Please don't pay again")
    shopper.do(expect(shopper.page.get_by_label("Deliver to")).to_be_hidden())


def test_a_lost_connection_is_no_second_payment(shopper: Shopper, authorized: Callable[[], list[int]]) -> None:
    shopper.rehearse("It succeeds")
    shopper.loses_the_answer_to("/complete$")

    shopper.pay()

    shopper.has_ordered()
    assert (authorized(), Order.objects.count()) == ([2999], 1)


def test_a_shop_out_of_reach_charges_nothing(shopper: Shopper, authorized: Callable[[], list[int]]) -> None:
    shopper.rehearse("It succeeds")
    shopper.fails_to_reach("/payment-sessions$")
    shopper.pay()
    shopper.is_told("We can't reach the shop just now. You haven't been charged.")
    assert authorized() == []

    shopper.pay()
    shopper.has_ordered()
    assert authorized() == [2999]


def test_a_shop_that_cannot_be_reached_says_so(customer: Callable[..., Shopper]) -> None:
    shopper = customer()
    shopper.fails_to_reach("/store/regions$")
    shopper.open()
    shopper.sees("We can't reach the shop just now")
    shopper.reload()
    shopper.offers_to_take("€29.99")


def test_a_double_click_pays_once(shopper: Shopper, authorized: Callable[[], list[int]]) -> None:
    shopper.rehearse("It succeeds")
    asked = shopper.counts("/complete$")

    shopper.do(shopper.pay_button.dblclick())

    shopper.has_ordered()
    assert (authorized(), len(asked)) == ([2999], 1)


def test_a_tab_closed_while_paying_is_picked_up_again(shopper: Shopper, authorized: Callable[[], list[int]]) -> None:
    shopper.rehearse("It succeeds")
    shopper.fails_to_reach("/complete$", times=100)
    shopper.pay()
    shopper.sees("We are finding out what became of your payment")
    shopper.close()

    returning = shopper.another_tab().open()

    returning.has_ordered()
    assert authorized() == [2999]


def test_what_was_paid_before_the_page_could_ask_becomes_an_order(shopper: Shopper) -> None:
    shopper.rehearse("It succeeds")
    shopper.waits_for_the_shop()
    session = PaymentSession.objects.get()
    payment_sessions.authorize(payment_collection_id=session.payment_collection_id, payment_session_id=session.pk)

    shopper.reload()

    shopper.has_ordered()


def test_a_finished_order_is_shown_again_until_a_new_one_begins(shopper: Shopper) -> None:
    shopper.choose("Pay on delivery")
    shopper.pay()
    order_id = shopper.has_ordered()
    shopper.reload()
    assert shopper.has_ordered() == order_id

    shopper.press("Begin a new order")

    shopper.offers_to_take("€29.99")
    assert Cart.objects.count() == 2


def test_a_new_order_is_not_covered_by_news_of_the_old_one(shopper: Shopper) -> None:
    shopper.rehearse("The money arrives later")
    shopper.pay()
    shopper.has_ordered("Your payment is on its way")
    news = shopper.holds_back("/store/orders/")
    shopper.do(news.came.wait())
    shopper.press("Begin a new order")
    shopper.do(expect(shopper.pay_button).to_be_visible())

    shopper.do(news.let_go())
    with pytest.raises(AssertionError):
        shopper.do(expect(shopper.pay_button).to_be_hidden(timeout=1000))


def test_a_page_that_comes_back_as_it_was_left_is_made_anew(shopper: Shopper) -> None:
    """A browser may keep the page while the customer is at the bank, and show it again as it was."""
    shopper.do(shopper.page.evaluate("window.isOld = true"))
    shopper.do(shopper.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"))
    shopper.do(shopper.page.wait_for_function("!window.isOld"))
    shopper.offers_to_take("€29.99")


def test_a_cart_changed_in_another_tab_is_not_paid_at_the_old_price(
    shopper: Shopper, authorized: Callable[[], list[int]]
) -> None:
    shopper.rehearse("It succeeds")
    shopper.offers_to_take("€29.99")
    shopper.hears_nothing_of_other_tabs()
    other = shopper.another_tab().open()
    other.press("One more: Mug")
    other.offers_to_take("€39.99")

    shopper.pay()
    shopper.is_told("It comes to €39.99 now; nothing was charged")
    shopper.offers_to_take("€39.99")
    assert authorized() == []

    shopper.pay()
    shopper.has_ordered("Your payment of €39.99 went through")
    assert authorized() == [3999]


def test_a_shop_at_work_for_another_tab_is_asked_again(shopper: Shopper, authorized: Callable[[], list[int]]) -> None:
    shopper.is_refused("/payment-sessions$", 409, times=2)
    shopper.rehearse("It succeeds")
    shopper.pay()
    shopper.has_ordered()
    assert authorized() == [2999]


def test_a_shop_that_stays_at_work_says_so_and_promises_nothing(
    shopper: Shopper, authorized: Callable[[], list[int]]
) -> None:
    shopper.is_refused("/payment-sessions$", 409, times=5)
    shopper.choose("Rehearsal")
    shopper.is_told("The shop is still at work on an earlier request of yours. Please try again in a moment")

    shopper.pay()
    shopper.has_ordered()
    assert authorized() == [2999]


def test_two_tabs_pay_once(shopper: Shopper, authorized: Callable[[], list[int]]) -> None:
    other = shopper.another_tab().open()
    other.hears_nothing_of_other_tabs()
    other.choose("Pay on delivery")
    shopper.rehearse("It succeeds")
    shopper.pay()
    order_id = shopper.has_ordered()

    other.pay()

    assert other.has_ordered() == order_id
    assert (authorized(), Order.objects.count()) == ([2999], 1)


def test_a_tab_sees_what_was_paid_in_another(shopper: Shopper) -> None:
    other = shopper.another_tab().open()
    shopper.choose("Pay on delivery")
    shopper.pay()
    order_id = shopper.has_ordered()

    assert other.has_ordered() == order_id


def test_the_way_back_carries_no_authority(shopper: Shopper, authorized: Callable[[], list[int]]) -> None:
    shopper.rehearse("It is declined")

    shopper.open("/checkout?redirect_status=succeeded&payment_intent=pi_1&payment_intent_client_secret=pi_1_secret_1")

    shopper.is_told("The payment was not completed. You haven't been charged.")
    assert shopper.do(shopper.page.evaluate("location.search")) == ""
    assert (authorized(), Order.objects.count()) == ([], 0)
