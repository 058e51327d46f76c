"""The shop that a scenario visits, and what it may need beside HTTP."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.acceptance.museum.backstage import Backstage
from tests.acceptance.museum.exhibits import NEEDS
from tests.acceptance.museum.options import chosen_address
from tests.acceptance.museum.shop import FAKE, Address, Shop

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give the scenarios a test database, unless they visit a shop that has its own.

    `make test` measures on both engines; the other rooms are visited on the second one by `make proof`.
    """
    for item in items:
        if item.path.parent != HERE or "shop" not in getattr(item, "fixturenames", ()):
            continue
        if not chosen_address(config):
            item.add_marker(pytest.mark.django_db(transaction=True))
        if item.path.stem != "test_probes" and not config.getoption("--proof"):
            item.add_marker(pytest.mark.any_engine)


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Shop:
    """The shop at `--museum-base-url`, else the demo on a live server."""
    address = chosen_address(request.config)
    return Shop(address) if address else request.getfixturevalue("demo_shop")


@pytest.fixture
def demo_shop(live_server: Any, fake_provider: Any) -> Shop:
    call_command("seed_demo", verbosity=0)
    return Shop(Address(base_url=live_server.url))


@pytest.fixture
def steered(shop: Shop) -> Shop:
    """The shop, when its provider can be told by a session's data what to do."""
    if shop.address.provider_id != FAKE:
        pytest.skip(f"not runnable there: needs {NEEDS['steered']}")
    return shop


@pytest.fixture
def provider(request: pytest.FixtureRequest, shop: Shop) -> Backstage:
    """The provider's own side, when the shop is our own live server."""
    if chosen_address(request.config):
        pytest.skip(f"not runnable there: needs {NEEDS['provider']}")
    return Backstage(shop, request.getfixturevalue("fake_provider"))
