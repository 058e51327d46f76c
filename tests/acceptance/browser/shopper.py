"""A customer at the checkout page: what one can do there, and what one sees."""

import asyncio
import re
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Locator, Page, Request, Route, expect

from tests.acceptance.browser.chromium import Chromium

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
FOCUSED = """(() => {
  const element = document.activeElement
  return element.ariaLabel || element.labels?.[0]?.textContent || element.textContent
})()"""
PATIENCE_MS = 10_000

ResultT = TypeVar("ResultT")


@dataclass
class HeldBack:
    """An answer that the browser doesn't have yet."""

    came: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def let_go(self) -> None:
        self.goes_on.set()


@dataclass
class Shopper:
    """One tab. Waits for what it looks for; fails when it doesn't come."""

    chromium: Chromium
    context: BrowserContext
    base_url: str
    page: Page
    complaints: list[str] = field(default_factory=list)
    """What the page logged as an error, and every address beyond this host that it asked for."""

    @classmethod
    def arrive(cls, chromium: Chromium, context: BrowserContext, base_url: str) -> "Shopper":
        return chromium.do(cls._arrive(chromium, context, base_url))

    @classmethod
    async def _arrive(cls, chromium: Chromium, context: BrowserContext, base_url: str) -> "Shopper":
        shopper = cls(chromium, context, base_url, await context.new_page())
        shopper.page.set_default_timeout(PATIENCE_MS)
        shopper.page.on("pageerror", lambda error: shopper.complaints.append(str(error)))
        shopper.page.on("request", shopper._note)
        return shopper

    def another_tab(self) -> "Shopper":
        tab = Shopper.arrive(self.chromium, self.context, self.base_url)
        tab.complaints = self.complaints
        return tab

    def _note(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https"} and address.netloc != urlsplit(self.base_url).netloc:
            self.complaints.append(f"asked for {request.url}")

    def do(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        return self.chromium.do(coroutine)

    def open(self, path: str = "/checkout") -> "Shopper":
        self.do(self.page.goto(self.base_url + path))
        self.do(expect(self.page.locator("body")).not_to_have_attribute("data-view", "loading"))
        return self

    def reload(self) -> None:
        self.do(self.page.reload())
        self.do(expect(self.page.locator("body")).not_to_have_attribute("data-view", "loading"))

    def close(self) -> None:
        self.do(self.page.close())

    def choose_region(self, name: str) -> None:
        self.do(self.page.get_by_label("Deliver to").select_option(label=name))

    def add(self, name: str) -> None:
        self.do(self.page.get_by_label("Add to your cart").select_option(label=name))

    def press(self, name: str) -> None:
        self.do(self.page.get_by_role("button", name=name).click())

    def choose(self, method: str) -> None:
        offered = self.page.locator("input[name=method]")
        self.do(offered.and_(self.page.get_by_role("radio", name=method)).check())

    def rehearse(self, outcome: str) -> None:
        """Choose the pretended payment and how it ends."""
        self.choose("Rehearsal")
        self.do(self.page.get_by_label("How it ends", exact=True).select_option(label=outcome))

    def types_card(self, number: str) -> None:
        """Choose the card, and type one into the Payment Element."""
        self.choose("Card")
        self.type("Card number", number)
        self.type("Expiry", "1234")
        self.type("Security code", "123")

    def type(self, label: str, text: str) -> None:
        self.do(self.page.get_by_label(label).fill(text))

    @property
    def pay_button(self) -> Locator:
        return self.page.locator("#pay")

    def pay(self) -> None:
        self.do(self.pay_button.click())

    def sees(self, text: str | re.Pattern[str]) -> None:
        self.do(expect(self.page.locator("body")).to_contain_text(text, use_inner_text=True, timeout=PATIENCE_MS))

    def is_told(self, text: str | re.Pattern[str]) -> None:
        """See a message beside the form, which can be used again."""
        self.do(expect(self.page.locator("#message")).to_contain_text(text, timeout=PATIENCE_MS))
        self.do(expect(self.pay_button).to_be_enabled())

    def has_ordered(self, text: str | re.Pattern[str] = "Your order is placed") -> str:
        """See the result, and return the order's id."""
        self.do(expect(self.page.locator("#result")).to_contain_text(text, timeout=PATIENCE_MS))
        return re.findall(r"order_\w+", self.do(self.page.locator("#result").inner_text()))[0]

    @property
    def mark(self) -> str:
        """The sign above the result."""
        return self.do(self.page.evaluate("getComputedStyle(document.querySelector('.mark'), '::before').content"))

    def waits_for_the_shop(self) -> None:
        """Wait until the page has its answers."""
        self.do(self.page.wait_for_load_state("networkidle"))

    def offers_to_take(self, amount: str) -> None:
        self.do(expect(self.pay_button).to_have_text(f"Pay {amount}"))

    def fails_to_reach(self, path: str, *, times: int = 1) -> None:
        """Let the next requests to a path never leave the browser."""
        self.do(self.page.route(re.compile(path), lambda route: route.abort(), times=times))

    def loses_the_answer_to(self, path: str) -> None:
        """Let the next request to a path be carried out, and the connection break before its answer comes."""

        async def lose(route: Route) -> None:
            await route.fetch()
            await route.abort()

        self.do(self.page.route(re.compile(path), lose, times=1))

    def is_refused(self, path: str, status: int, *, times: int = 1) -> None:
        """Let the next requests to a path be answered by something before the shop."""

        async def refuse(route: Route) -> None:
            refusal = {"type": "unexpected_state", "message": "Not now."}
            await route.fulfill(status=status, json=refusal, headers={"retry-after": "1"})

        self.do(self.page.route(re.compile(path), refuse, times=times))

    def holds_back(self, path: str) -> "HeldBack":
        """Let the next answer from a path wait."""
        held = HeldBack()

        async def hold(route: Route) -> None:
            answer = await route.fetch()
            held.came.set()
            await held.goes_on.wait()
            await route.fulfill(response=answer)

        self.do(self.page.route(re.compile(path), hold, times=1))
        return held

    def counts(self, path: str) -> list[str]:
        """Return a list to which every request to a path is added from now on."""
        asked: list[str] = []

        async def count(route: Route) -> None:
            asked.append(route.request.url)
            await route.continue_()

        self.do(self.page.route(re.compile(path), count))
        return asked

    def overhears(self) -> list[tuple[str, str]]:
        """Return a list to which path and body of every request are added from now on."""
        sent: list[tuple[str, str]] = []

        def note(request: Request) -> None:
            sent.append((urlsplit(request.url).path, f"{urlsplit(request.url).query} {request.post_data or ''}"))

        async def listen() -> None:
            self.page.on("request", note)

        self.do(listen())
        return sent

    def sees_dialog(self, name: str) -> None:
        self.do(expect(self.page.get_by_role("dialog", name=name)).to_be_visible())

    def barriers(self) -> list[str]:
        """Return what keeps people from using the page as it is now: rule, and where."""
        found = self.do(Axe().run(self.page)).response["violations"]
        return [f"{each['id']}: {node['target']}" for each in found for node in each["nodes"]]

    def tabs_to(self, name: str, *, most: int = 15) -> None:
        """Press Tab until what has this name has the focus."""
        for _ in range(most):
            self.presses("Tab")
            if name in self.do(self.page.evaluate(FOCUSED)):
                return
        raise AssertionError(f"{name} can't be reached")

    def presses(self, *keys: str) -> None:
        for key in keys:
            self.do(self.page.keyboard.press(key))

    def hears_nothing_of_other_tabs(self) -> None:
        self.do(self.page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })"))
