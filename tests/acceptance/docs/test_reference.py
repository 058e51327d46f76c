"""Services and models are as the reference says."""

import inspect
import re
from importlib import import_module
from typing import Any

import pytest
from django.db.models import Model

from medusa_payments import models
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


MODELS = re.findall(
    r"^### `(\w+)`$(.*?)(?=^##)", (ROOT / "docs/reference.md").read_text(), flags=re.DOTALL | re.MULTILINE
)
ROW = re.compile(r"^\| (`.*?) \| .* \| ([^|]*) \|$", flags=re.MULTILINE)
NAME = re.compile(r"`(\w+)`")
READ_BY_HOSTS = {
    "AccountHolder",
    "Capture",
    "Dispute",
    "Event",
    "Operation",
    "Payment",
    "PaymentCollection",
    "PaymentSession",
    "Refund",
    "RefundReason",
    "RefundReversal",
    "Release",
}
TABLES = [pytest.param(getattr(models, name), text, id=name) for name, text in MODELS if name in READ_BY_HOSTS]


def rows(text: str) -> dict[str, str]:
    """Return when each attribute of a model's table is None, in the words of the page."""
    return {name: when for names, when in ROW.findall(text) for name in NAME.findall(names)}


def internal(text: str) -> set[str]:
    return set(NAME.findall(text.partition("Internal, may change without notice: ")[2]))


def fields(model: type[Model]) -> dict[str, Any]:
    """Return columns and foreign keys by each of their names."""
    return {name: field for field in model._meta.concrete_fields for name in (field.name, field.attname)}


def attributes(model: type[Model]) -> set[str]:
    """Return all that can be read on a row: columns, relations from either side, properties."""
    relations = {relation.get_accessor_name() for relation in model._meta.related_objects if not relation.hidden}
    properties = {
        name for name in dir(model) if name != "pk" and isinstance(inspect.getattr_static(model, name), property)
    }
    return {*fields(model), *relations, *properties}


def test_every_model_that_hosts_read_has_a_section() -> None:
    assert {name for name, _ in MODELS} == READ_BY_HOSTS


@pytest.mark.parametrize(("model", "text"), TABLES)
def test_reference_names_every_attribute_of_a_model(model: type[Model], text: str) -> None:
    """A new one gets a row if hosts may read it, else it joins the internal ones."""
    named = {*rows(text), *internal(text)}
    assert (attributes(model) - named, named - attributes(model)) == (set(), set())


@pytest.mark.parametrize(("model", "text"), TABLES)
def test_reference_says_when_a_column_is_none(model: type[Model], text: str) -> None:
    told = rows(text)
    never = {name for name, field in fields(model).items() if name in told and not field.null}
    assert never == {name for name in fields(model) if told.get(name) == "never"}


@pytest.mark.parametrize(("model", "text"), TABLES)
def test_every_amount_can_be_read_in_major_units(model: type[Model], text: str) -> None:
    amounts = {name for name in attributes(model) if name == "amount" or name.endswith("_amount")}
    assert {f"{name}_major" for name in amounts} == {name for name in attributes(model) if name.endswith("_major")}
