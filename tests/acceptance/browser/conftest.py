"""A browser per test process, and a customer with a clean one per test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command

from tests.acceptance.browser import chromium as browsers
from tests.acceptance.browser.chromium import Chromium
from tests.acceptance.browser.shopper import DESKTOP, Shopper


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    path = browsers.executable()
    if path is None:
        pytest.skip("the checkout page needs Chromium: install it, or name one in CHROMIUM")
    with browsers.running(path) as chromium:
        yield chromium


@pytest.fixture
def customer(chromium: Chromium, live_server: Any, fake_provider: Any) -> Iterator[Callable[..., Shopper]]:
    """Make customers, each with a browser that remembers nothing; `options` are those of Playwright's contexts."""
    call_command("seed_demo", verbosity=0)
    shoppers: list[Shopper] = []

    def arrive(**options: Any) -> Shopper:
        options = {"viewport": DESKTOP, "locale": "en-US", "reduced_motion": "reduce", **options}
        context = chromium.do(chromium.browser.new_context(**options))
        shoppers.append(Shopper.arrive(chromium, context, live_server.url))
        return shoppers[-1]

    yield arrive
    for shopper in shoppers:
        chromium.do(shopper.context.close())
    assert [shopper.complaints for shopper in shoppers if shopper.complaints] == []


@pytest.fixture
def shopper(customer: Callable[..., Shopper]) -> Shopper:
    """A customer at the checkout, on a desktop."""
    return customer().open()
