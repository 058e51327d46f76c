"""The museum's command line: which shop its scenarios visit. Without a base URL, a live server on the test database."""

from dataclasses import fields

import pytest

from tests.acceptance.museum.shop import Address

PREFIX = "--museum-"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("museum", "which shop the museum visits (--allow-hosts lets it out)")
    for each in fields(Address):
        kind = int if each.name == "quantity" else str
        default = None if each.name == "base_url" else each.default
        group.addoption(PREFIX + each.name.replace("_", "-"), dest=f"museum_{each.name}", type=kind, default=default)


def chosen_address(config: pytest.Config) -> Address | None:
    """Return the address that the command line names; `None` when it names no base URL."""
    values = {each.name: config.getoption(f"museum_{each.name}") for each in fields(Address)}
    return Address(**values) if values["base_url"] else None
