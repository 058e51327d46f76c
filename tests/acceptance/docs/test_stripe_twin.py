"""The guide's own lines, run one after the other."""

import re
from pathlib import Path
from typing import Any

import pytest

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "stripe-twin.md"


@pytest.mark.any_engine
def test_the_twin_of_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    # Those that begin with a comment are pieces of other files.
    runnable = [block for block in blocks if not block.startswith("#")]
    names: dict[str, Any] = {}

    for block in runnable:
        exec(block, names)  # noqa: S102

    assert len(runnable) == 3
    assert [entry["verb"] for entry in names["twin"].ledger_entries()] == ["initiate", "authorize", "capture", "refund"]
