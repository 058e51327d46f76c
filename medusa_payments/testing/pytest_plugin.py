"""Fixtures for pytest: `pytest_plugins = ["medusa_payments.testing.pytest_plugin"]` in a `conftest.py`.

They need pytest-django. The test settings configure `pp_fake_fake` with a `ledger_path` of the test run's own.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from medusa_payments.conf import SETTING_NAME, payments_settings
from medusa_payments.providers.registry import providers
from medusa_payments.testing.carts import CartDesk
from medusa_payments.testing.carts import cart_desk as desk
from medusa_payments.testing.fake_provider import FakeProvider


@pytest.fixture
def fake_provider() -> Iterator[FakeProvider]:
    """The configured `pp_fake_fake`, made anew, with empty books."""
    providers.clear()
    provider = providers["pp_fake_fake"]
    assert isinstance(provider, FakeProvider)
    provider.reset()
    yield provider
    providers.clear()


@pytest.fixture
def cart_desk(settings: Any) -> CartDesk:
    """An empty desk for carts, put in front of the shop's own `CART_RESOLVER`."""
    desk.stand_in_for(payments_settings.hook("CART_RESOLVER"))
    settings.MEDUSA_PAYMENTS = {**getattr(settings, SETTING_NAME, {}), "CART_RESOLVER": desk}
    return desk
