"""A fixture for pytest: `pytest_plugins = ["medusa_payments.testing.stripe_twin.pytest_plugin"]` in a `conftest.py`.

It needs pytest-django, and test settings with a `STRIPE_TWIN_PATH` of the test run's own.
"""

import pytest

from medusa_payments.testing.stripe_twin.configured import configured_twin
from medusa_payments.testing.stripe_twin.twin import StripeTwin


@pytest.fixture
def stripe_twin() -> StripeTwin:
    """The configured twin with empty books; its accounts and keys are kept."""
    twin = configured_twin()
    twin.reset()
    return twin
