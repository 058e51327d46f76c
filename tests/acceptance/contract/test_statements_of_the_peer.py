"""Every statement about Medusa's behaviour has its proof: a test that exists, or a row of the differences."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from tests.acceptance.contract.openapi_differences import ROOT

pytestmark = pytest.mark.any_engine

STATEMENTS = ROOT / "docs" / "contract" / "v2-statements.yaml"
DIFFERENCES = ROOT / "docs" / "differences.md"
SECTIONS = {"module methods", "providers", "store", "hooks", "admin", "events", "the documents"}


def statements() -> Iterator[dict[str, Any]]:
    for section in yaml.safe_load(STATEMENTS.read_text()).values():
        yield from section


@cache
def written_in(path: str) -> set[str]:
    """Return the tests that are written in a file, those of a class by its name too."""
    found, owner = set(), ""
    for line in (ROOT / path).read_text().splitlines():
        if match := re.match(r"class (\w+)", line):
            owner = match[1]
        elif match := re.match(r"( *)def (test_\w+)", line):
            owner = owner if match[1] else ""
            found |= {match[2], f"{owner}::{match[2]}"}
    return found


@cache
def medusas_side() -> list[str]:
    """Return what the differences say of Medusa: the first cell of each row."""
    lines = DIFFERENCES.read_text().splitlines()
    return [line.strip("|").split("|")[0].strip() for line in lines if line.startswith("|")]


def test_every_section_has_statements() -> None:
    sections = yaml.safe_load(STATEMENTS.read_text())

    assert sections.keys() >= SECTIONS
    assert all(sections.values())


def test_every_statement_has_its_proof() -> None:
    unproven = [statement for statement in statements() if not is_proven(statement)]

    assert unproven == []


def test_no_statement_is_made_twice() -> None:
    said = [statement["says"] for statement in statements() if not statement["says"].startswith("...")]

    assert len(said) == len(set(said))


def is_proven(statement: dict[str, str]) -> bool:
    if statement.keys() == {"says", "test"}:
        path, _, name = statement["test"].partition("::")
        return name in written_in(path)
    return statement.keys() == {"says", "difference"} and any(
        statement["difference"] in cell for cell in medusas_side()
    )
