"""The rules of the house that no linter knows."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_engine

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path.relative_to(ROOT)
    for package in ("medusa_payments", "storefront_project")
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
)
LONGEST_FUNCTION = 50
LONGEST_MODULE = 360
LARGEST_ROOM = 12
ROOMS = sorted(
    {module.parent for module in MODULES if len(module.parts) > 3 and module.parts[1] in {"admin", "api", "core"}}
)


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def code_lines(module: Path) -> int:
    lines = (line.strip() for line in (ROOT / module).read_text().splitlines())
    return sum(1 for line in lines if line and not line.startswith("#"))


def test_imports_keep_their_contracts() -> None:
    # A process of its own, because import-linter's logging setup disables every logger that exists already.
    linter = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )

    assert linter.returncode == 0, linter.stdout + linter.stderr


def test_only_the_locks_lock_rows() -> None:
    callers = {
        str(module)
        for module in MODULES
        if module.parts[0] == "medusa_payments"
        for node in ast.walk(ast.parse((ROOT / module).read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "select_for_update"
    }

    assert callers == {"medusa_payments/core/books/book.py"}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_functions_and_modules_stay_short(module: Path) -> None:
    long_functions = {
        function.name: function.end_lineno - function.lineno + 1
        for function in functions(module)
        if function.end_lineno - function.lineno + 1 > LONGEST_FUNCTION
    }

    assert not long_functions
    assert code_lines(module) <= LONGEST_MODULE


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_rooms_hold_at_most_a_dozen_files(room: Path) -> None:
    files = [module.name for module in MODULES if module.parent == room and module.name != "__init__.py"]

    assert len(files) <= LARGEST_ROOM
