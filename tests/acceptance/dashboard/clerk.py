"""A member of staff at Medusa's dashboard: what one can do there, and what one sees."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import BrowserContext, Locator, expect

from tests.acceptance.browser.chromium import Chromium
from tests.acceptance.browser.shopper import PATIENCE_MS, Shopper
from tests.acceptance.dashboard.proxy import BASE, Proxy


@dataclass
class Clerk(Shopper):
    """One tab, as `Shopper` describes it. `SCREENSHOTS` names a folder for what is photographed."""

    proxy: Proxy = field(kw_only=True)
    screenshots: str | None = None
    notices: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, proxy: Proxy, chromium: Chromium, context: BrowserContext, screenshots: str | None) -> "Clerk":
        tab = Shopper.arrive(chromium, context, proxy.origin)
        return cls(chromium, context, proxy.origin, tab.page, tab.complaints, proxy=proxy, screenshots=screenshots)

    def opens(self, path: str) -> None:
        self.do(self.page.goto(f"{self.base_url}{BASE}{path}"))

    def tries_to_log_in(self, password: str) -> None:
        self.opens("/login")
        self.do(self.page.get_by_placeholder("Email").fill("admin@example.com"))
        self.do(self.page.get_by_placeholder("Password").fill(password))
        self.press("Continue with Email")

    def logs_in(self) -> None:
        self.tries_to_log_in("admin")
        self.do(expect(self.page).to_have_url(re.compile("/orders$"), timeout=PATIENCE_MS))

    def opens_order(self, order_id: str) -> None:
        self.opens(f"/orders/{order_id}")
        self.sees("Total paid by customer")

    def confirms(self) -> None:
        self.do(self.page.get_by_role("alertdialog").get_by_role("button", name="Confirm").click())

    def section(self, heading: str) -> Locator:
        """The box under a heading."""
        named = self.page.get_by_role("heading", name=heading, exact=True)
        return self.page.locator("div.divide-y").filter(has=named).last

    def shows(self, heading: str, *texts: str) -> None:
        for text in texts:
            self.do(expect(self.section(heading)).to_contain_text(text, timeout=PATIENCE_MS))

    def is_notified(self, text: str) -> None:
        """See a notification in a corner of the page. The dashboard logs what it tells, too, as an error of its own."""
        self.notices.append(text)
        notice = self.page.locator("[data-sonner-toast]").filter(has_text=re.compile(re.escape(text), re.IGNORECASE))
        self.do(expect(notice.first).to_be_visible(timeout=PATIENCE_MS))

    @property
    def surprises(self) -> list[str]:
        """What the page complained of, but for what it told."""
        return [each for each in self.complaints if not any(text.lower() in each.lower() for text in self.notices)]

    def _refund_of_menu(self) -> Locator:
        """Open the menu of the payment."""
        menus = self.section("Payments").get_by_role("button").filter(has=self.page.locator("svg"))
        self.do(menus.first.click())
        return self.page.get_by_role("menuitem", name="Refund")

    def can_refund(self) -> bool:
        return self.do(self._refund_of_menu().get_attribute("aria-disabled")) != "true"

    def starts_refund(self) -> None:
        self.do(self._refund_of_menu().click())
        self.sees("Create Refund")

    def chooses_of_row(self, text: str, action: str) -> None:
        row = self.page.get_by_role("row").filter(has_text=text)
        self.do(row.get_by_role("button").last.click())
        self.do(self.page.get_by_role("menuitem", name=action).click())

    def fills_refund(self, amount: str, *, reason: str = "", note: str = "") -> None:
        form = self.page.get_by_role("dialog")
        self.do(expect(form.get_by_label("Amount")).not_to_have_value(""))
        self.do(form.get_by_label("Amount").fill(amount))
        if reason:
            self.do(form.get_by_role("combobox").click())
            self.do(self.page.get_by_role("option", name=reason).click())
        if note:
            self.do(form.get_by_label("Note").fill(note))

    def saves(self) -> None:
        self.do(self.page.get_by_role("button", name="Save").click())

    def photographs(self, name: str) -> None:
        if self.screenshots:
            path = Path(self.screenshots) / f"{name}.png"
            self.do(self.page.screenshot(path=path))
