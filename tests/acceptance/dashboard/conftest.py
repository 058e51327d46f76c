"""A member of staff at Medusa's dashboard, which `make dashboard` has built."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from medusa_payments.testing.fake_provider import FakeProvider
from tests.acceptance.browser.chromium import Chromium
from tests.acceptance.browser.conftest import chromium
from tests.acceptance.dashboard.clerk import Clerk
from tests.acceptance.dashboard.proxy import Proxy, serving
from tests.acceptance.museum.shop import Address, Shop

__all__ = ["chromium"]

BUILT = Path(__file__).parent / ".medusa"
SCREEN = {"width": 1280, "height": 1000}


@pytest.fixture
def shop(live_server: Any, fake_provider: FakeProvider) -> Shop:
    call_command("seed_demo", verbosity=0)
    return Shop(Address(base_url=live_server.url))


@pytest.fixture
def dashboard(shop: Shop) -> Iterator[Callable[[str], Proxy]]:
    """Serve the dashboard that logs in one way, `jwt` or `session`."""
    served = []

    def serve(way: str) -> Proxy:
        if not (BUILT / way / "index.html").exists():
            pytest.skip("Medusa's dashboard is built and tried by make dashboard")
        serving_now = serving(shop.address.base_url, BUILT / way)
        served.append(serving_now)
        return serving_now.__enter__()

    yield serve
    for each in served:
        each.__exit__(None, None, None)


@pytest.fixture
def visitor(chromium: Chromium) -> Iterator[Callable[[Proxy], Clerk]]:
    """Make members of staff who aren't logged in."""
    context = chromium.do(chromium.browser.new_context(viewport=SCREEN, locale="en-US", reduced_motion="reduce"))  # type: ignore[arg-type]
    yield lambda proxy: Clerk.at(proxy, chromium, context, screenshots=os.environ.get("SCREENSHOTS"))
    chromium.do(context.close())


@pytest.fixture
def clerk(dashboard: Callable[[str], Proxy], visitor: Callable[[Proxy], Clerk]) -> Iterator[Clerk]:
    """Somebody who is logged in with a token, as `ADMIN_AUTH_TYPE=jwt` has it."""
    clerk = visitor(dashboard("jwt"))
    clerk.logs_in()
    yield clerk
    assert clerk.surprises == []
