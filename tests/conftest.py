"""What all tests share: the engines and their databases, and the fixtures that the package ships."""

import gc
import os
from typing import Any
from urllib.parse import quote, urlsplit

import hypothesis
import pytest
from django.db import connection
from django.db.backends.signals import connection_created

pytest_plugins = [
    "medusa_payments.testing.pytest_plugin",
    "medusa_payments.testing.stripe_twin.pytest_plugin",
    "tests.acceptance.museum.options",
    "tests.till",
    "tests.twin",
    "tests.stripe_stand",
]

# Until the tests are collected, nothing is garbage.
gc.disable()

# Timing says nothing on a machine that runs several workers.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proof", action="store_true", help="also run what takes minutes: see make proof")
    parser.addoption("--on-stripe", action="store_true", help="have the Stripe provider play the fake provider's part")
    parser.addoption("--every-point", action="store_true", help="with --on-stripe too, kill around every statement")
    parser.addoption("--seeds", type=int, default=0, help="how many random histories to play: see make soak")
    parser.addoption("--seed", type=int, help="the one random history to play again: see make soak")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _leave_out_proofs(config, items)
    if connection.vendor == "postgresql":
        return
    for item in items:
        if item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: set DATABASE_URL, or run make test"))


def pytest_collection_finish() -> None:
    """Modules and collected tests live to the end: the garbage collector needn't walk them again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()


def _spare_the_disk(connection: Any, **_signal: Any) -> None:
    """Tests kill processes, which lose nothing by it; nobody cuts the power."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = OFF")


connection_created.connect(_spare_the_disk)


@pytest.fixture
def child_environment(transactional_db: None) -> dict[str, str]:
    """Return the environment for a child process that works on this test's database and provider ledger."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        url = f"sqlite:///{name}"
    else:
        url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(name)}").geturl()
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}


def _leave_out_proofs(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = {
        "proof": config.getoption("--proof"),
        "soak": config.getoption("--seeds") or config.getoption("--seed") is not None,
        "stripe_sandbox": "STRIPE_TEST_API_KEY" in os.environ,
        "fake_only": not config.getoption("--on-stripe"),
    }
    left_out = [item for item in items for mark in wanted if item.get_closest_marker(mark) and not wanted[mark]]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
