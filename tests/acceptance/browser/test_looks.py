"""The checkout page for everybody: small screens, the dark, keyboards, screen readers."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect

from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.acceptance.browser.shopper import DESKTOP, PHONE, Shopper

pytestmark = [pytest.mark.browser, pytest.mark.any_engine, pytest.mark.django_db(transaction=True)]

SMALL_PHONE = {"width": 320, "height": 568}

SHIFTS = """() => new Promise((resolve) => {
  let moved = 0
  const add = (entries) => entries.forEach((entry) => { if (!entry.hadRecentInput) moved += entry.value })
  const observer = new PerformanceObserver((list) => add(list.getEntries()))
  observer.observe({ type: "layout-shift", buffered: true })
  setTimeout(() => { add(observer.takeRecords()); resolve(moved) }, 100)
})"""


@pytest.mark.parametrize(
    "look",
    [{"viewport": PHONE}, {"viewport": PHONE, "color_scheme": "dark"}, {"viewport": DESKTOP, "color_scheme": "dark"}],
    ids=["phone", "phone, dark", "desktop, dark"],
)
def test_every_state_of_the_page_is_accessible(
    customer: Callable[..., Shopper], stripe_twin: StripeTwin, look: dict[str, Any]
) -> None:
    shopper = customer(**look).open()
    assert shopper.barriers() == []

    shopper.types_card("4242")
    shopper.pay()
    shopper.is_told("Your card number is incomplete.")
    assert shopper.barriers() == []

    shopper.types_card("4000 0027 6000 3184")
    shopper.pay()
    shopper.sees_dialog("Is it you?")
    assert shopper.barriers() == []

    shopper.press("Yes, approve the payment")
    shopper.has_ordered()
    assert shopper.barriers() == []


@pytest.mark.parametrize("viewport", [SMALL_PHONE, PHONE, DESKTOP], ids=["small phone", "phone", "desktop"])
def test_nothing_sticks_out_and_nothing_jumps(
    customer: Callable[..., Shopper], stripe_twin: StripeTwin, viewport: dict[str, int]
) -> None:
    shopper = customer(viewport=viewport).open()
    shopper.waits_for_the_shop()
    assert shopper.do(shopper.page.evaluate(SHIFTS)) < 0.02

    shopper.choose_region("Kuwait")
    shopper.types_card("4000 0027 6000 3184")
    overhang = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert shopper.do(shopper.page.evaluate(overhang)) == 0

    shopper.pay()
    shopper.sees_dialog("Is it you?")
    dialog = shopper.do(shopper.page.get_by_role("dialog").bounding_box())
    assert dialog is not None
    assert dialog["x"] >= 0
    assert dialog["x"] + dialog["width"] <= viewport["width"]


def test_paying_with_nothing_but_the_keyboard(shopper: Shopper) -> None:
    shopper.tabs_to("Email for the receipt")
    shopper.do(shopper.page.keyboard.type("ada@example.com"))
    shopper.tabs_to("Card", most=2)
    shopper.presses("ArrowUp", "ArrowUp")
    shopper.do(expect(shopper.page.get_by_role("radio", name="Pay on delivery")).to_be_checked())
    shopper.tabs_to("Pay €29.99", most=3)
    shopper.presses("Enter")

    shopper.has_ordered("when it is delivered")
    shopper.do(expect(shopper.page.locator("#result")).to_be_focused())


def test_a_changed_quantity_keeps_the_focus(shopper: Shopper) -> None:
    shopper.tabs_to("One more: Mug")
    shopper.presses("Enter")
    shopper.offers_to_take("€39.99")
    shopper.presses("Enter")
    shopper.offers_to_take("€49.99")
