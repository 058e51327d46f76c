"""The services that the reference lists are called as it says."""

import inspect
import re
from importlib import import_module

import pytest

from tests.acceptance.docs.projects import ROOT

pytestmark = pytest.mark.any_engine

SERVICES = re.search(r"^## Services$.*?^### ", (ROOT / "docs/reference.md").read_text(), flags=re.DOTALL | re.MULTILINE)
CALL = re.compile(r"`(\w*)\.(\w+)\(([^`…]*)\)`")


def listed() -> list[tuple[str, str]]:
    """Return name and arguments of each service; one that begins with a dot belongs to the module before it."""
    assert SERVICES
    module, found = "", []
    for named, function, arguments in CALL.findall(SERVICES[0]):
        module = named or module
        found.append((f"{module}.{function}", arguments))
    return found


def written(parameter: inspect.Parameter) -> str:
    if parameter.kind is parameter.VAR_KEYWORD:
        return f"**{parameter.name}"
    if parameter.default is parameter.empty:
        return parameter.name
    default = f'"{parameter.default}"' if isinstance(parameter.default, str) else repr(parameter.default)
    return f"{parameter.name}={default}"


@pytest.mark.parametrize(("service", "arguments"), listed(), ids=lambda value: value.partition(",")[0])
def test_a_service_takes_what_the_reference_says(service: str, arguments: str) -> None:
    module, _, function = service.partition(".")
    parameters = inspect.signature(getattr(import_module(f"medusa_payments.services.{module}"), function)).parameters
    assert ", ".join(written(parameter) for parameter in parameters.values()) == arguments
