"""What a live Medusa 2.21.2 answered, as facts, and what explains where ours differs.

`medusa/*.json` are the recordings. A step is a request with its answer (`send`), what the collection was like then
(`state_of`), or what was done quietly before (`given`). Ids are names (`pay#1`), bound to ours as they appear. `<any>`,
`<time>` and `<staff>` stand for what is another one each time; `["<each>", …]` is what every row of a list looks like.

`medusa/rules.yaml` names, for each kind of difference, the row that declares it. A rule that explains nothing in one of
the scenarios that it names is stale.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.acceptance.contract.openapi_differences import ROOT, TABLE

FOLDER = Path(__file__).parent / "medusa"
RULES = FOLDER / "rules.yaml"
DOCUMENT = ROOT / "docs" / "differences.md"
NOT_RECORDED = "†"

ANY, EACH, TIME, STAFF = "<any>", "<each>", "<time>", "<staff>"
_NAME = re.compile(r"\b([a-z]+(?:_col)?)#\d+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

Step = dict[str, Any]


def scenarios() -> dict[str, list[Step]]:
    """Return the steps of each recording."""
    return {file.stem: json.loads(file.read_text())["steps"] for file in sorted(FOLDER.glob("*.json"))}


@dataclass(frozen=True)
class Difference:
    """One thing that is another one here. `at` is a path in the answer; lists have no index in it."""

    step: str
    what: str
    at: str
    peer: Any = None
    here: Any = None

    def __str__(self) -> str:
        return f"[{self.step}] {self.what} {self.at}: Medusa {_text(self.peer)[:120]} | here {_text(self.here)[:120]}"


@dataclass
class Names:
    """The recording's names of things, and our ids of them."""

    staff: str = ""
    ids: dict[str, str] = field(default_factory=dict)

    def ours(self, value: Any) -> Any:
        """Return what a recorded value reads like with our ids."""
        if isinstance(value, str):
            return _NAME.sub(lambda name: self.ids.get(name[0], name[0]), value.replace(STAFF, self.staff))
        if isinstance(value, list):
            return [self.ours(each) for each in value]
        return {key: self.ours(each) for key, each in value.items()} if isinstance(value, dict) else value

    def reads_as(self, recorded: str, here: str) -> bool:
        """Return True if a text of ours is the recorded one. Binds the names that are new in it."""
        new = [name[0] for name in _NAME.finditer(recorded) if name[0] not in self.ids]
        pattern = re.escape(self.ours(recorded))
        for name in new:
            pattern = pattern.replace(re.escape(name), rf"({name.partition('#')[0]}_[0-9A-Z]{{26}})", 1)
        match = re.fullmatch(pattern, here)
        is_taken = match is not None and any(found in self.ids.values() for found in match.groups())
        self.ids |= dict(zip(new, match.groups(), strict=True)) if match else {}
        return match is not None and not is_taken


@dataclass
class Comparison:
    """Compares the answers of one step. With `is_part`, the recording shows only some of the keys."""

    step: str
    names: Names
    is_part: bool = False

    def values(self, at: str, peer: Any, here: Any) -> Iterator[Difference]:
        """Yield the differences of two JSON values."""
        if peer == ANY:
            return
        if isinstance(peer, list) and peer[:1] == [EACH] and isinstance(here, list):
            for each in here:
                yield from self.values(f"{at}[]", peer[1], each)
        elif _kind(peer) != _kind(here):
            yield Difference(self.step, "type", at, peer, here)
        elif isinstance(peer, dict):
            yield from self._records(at, peer, here)
        elif isinstance(peer, list):
            if len(peer) != len(here):
                yield Difference(self.step, "length", at, len(peer), len(here))
            for one, other in zip(peer, here, strict=False):
                yield from self.values(f"{at}[]", one, other)
        elif not self._is_equal(peer, here):
            yield Difference(self.step, "value", at, self.names.ours(peer), here)

    def _records(self, at: str, peer: dict[str, Any], here: dict[str, Any]) -> Iterator[Difference]:
        for key in sorted({*peer, *here}):
            inner = f"{at}.{key}"
            if key not in here:
                yield Difference(self.step, "missing", inner, peer[key])
            elif key in peer:
                yield from self.values(inner, peer[key], here[key])
            elif not self.is_part:
                yield Difference(self.step, "extra", inner, here=here[key])

    def _is_equal(self, peer: Any, here: Any) -> bool:
        if peer == TIME:
            return _TIME.fullmatch(here) is not None
        return self.names.reads_as(peer, here) if isinstance(peer, str) else bool(peer == here)


def _kind(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number"
    return type(value).__name__


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


@dataclass(frozen=True)
class Rule:
    """Why something differs: a row, by the words with which it begins, and the differences that it explains.

    `*` stands for any text in `steps`, `at`, `peer` and `here`; the last two are patterns for JSON.
    """

    row: str
    scenarios: tuple[str, ...]
    steps: tuple[str, ...] = ("*",)
    what: tuple[str, ...] = ("*",)
    at: tuple[str, ...] = ("*",)
    peer: tuple[str, ...] = ("*",)
    here: tuple[str, ...] = ("*",)

    @classmethod
    def of(cls, written: dict[str, Any]) -> "Rule":
        listed = {key: tuple(value) if isinstance(value, list) else (value,) for key, value in written.items()}
        return cls(**listed | {"row": written["row"]})

    def names(self, scenario: str) -> bool:
        """Return True if the rule is about a scenario: it names `store-01`, of `store-01-collection-create`."""
        return any(scenario.startswith(f"{code}-") for code in self.scenarios)

    def explains(self, difference: Difference) -> bool:
        said = (difference.step, difference.what, difference.at, _text(difference.peer), _text(difference.here))
        patterns = (self.steps, self.what, self.at, self.peer, self.here)
        return all(any(map(_matches, each, [text] * len(each))) for each, text in zip(patterns, said, strict=True))


@cache
def rules() -> list[Rule]:
    """Return the committed rules."""
    return [Rule.of(written) for written in yaml.safe_load(RULES.read_text())]


def problems(scenario: str, found: Iterable[Difference], table: list[Rule], declared: Iterable[str]) -> list[str]:
    """Return what no rule with a declared row explains, and which rules explain nothing in a scenario they name.

    A difference is the first rule's that explains it.
    """
    named = [rule for rule in table if rule.names(scenario) and any(row.startswith(rule.row) for row in declared)]
    needed: set[Rule] = set()
    undeclared = []
    for difference in found:
        rule = next((rule for rule in named if rule.explains(difference)), None)
        if rule is None:
            undeclared.append(f"undeclared: {difference}")
        else:
            needed.add(rule)
    return undeclared + [f"stale in {scenario}: {rule}" for rule in named if rule not in needed]


@dataclass(frozen=True)
class Row:
    """What a row of the document says of Medusa, and whether it, or its section, is marked as not recorded."""

    says: str
    is_marked: bool


@cache
def rows() -> list[Row]:
    """Return the rows of docs/differences.md that say something of Medusa: of each table whose first column is its."""
    found = []
    for section in re.split(r"^(?=## )", DOCUMENT.read_text(), flags=re.MULTILINE):
        title, *lines = section.splitlines()
        cells = [line.strip("|").split("|")[0].strip() for line in lines if line.startswith("|")]
        if cells and cells[0].startswith("Medusa"):
            found += [_row(says, title) for says in cells[2:]]
    return found


def _row(says: str, title: str) -> Row:
    return Row(says.removesuffix(NOT_RECORDED).strip(), is_marked=NOT_RECORDED in (says[-1:], title[-1:]))


@cache
def declared() -> list[str]:
    """Return all that may explain a difference: the rows of the document, and the reasons of the OpenAPI table."""
    return [row.says for row in rows()] + [each["reason"] for each in yaml.safe_load(TABLE.read_text())]


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None
