"""No test is left out by both of the commands that run them."""

from pathlib import Path

import pytest

from tests.suite import PROOFS, TOOLS

pytestmark = pytest.mark.any_engine

TESTS = Path(__file__).parent.parent


def test_whatever_takes_long_is_part_of_the_proof() -> None:
    proven = [Path(room) for room in (*PROOFS, *TOOLS) if room.startswith("tests/")]
    root = TESTS.parent
    long = [path.relative_to(root) for path in TESTS.rglob("test_*.py") if "mark.proof" in path.read_text()]
    here = Path(__file__).relative_to(root)

    assert long
    assert [path for path in long if path != here and not any(path.is_relative_to(room) for room in proven)] == []


def test_every_room_of_the_proof_is_there() -> None:
    assert [
        room for room in (*PROOFS, *TOOLS) if room.startswith("tests/") and not (TESTS.parent / room).exists()
    ] == []
