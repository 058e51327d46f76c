"""The differences between Medusa's OpenAPI documents and ours, and the table that explains each.

`python -m tests.acceptance.contract.openapi_differences <folder of Medusa's documents>` prints those the table doesn't
explain, as rows to be completed, and the rows that explain nothing any more.
"""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.acceptance.contract.openapi_shapes import Document, Schema, Shape

ROOT = Path(__file__).resolve().parents[3]
TABLE = ROOT / "docs" / "contract" / "openapi-differences.yaml"
OURS = ROOT / "docs" / "openapi.yaml"
FOLDER_VARIABLE = "MEDUSA_CONTRACT_DIR"
PEER_DOCUMENTS = ("store-payments.openapi.json", "admin-payments.openapi.json")
PAYMENT_PATHS = (
    "/store/account-holders",
    "/store/payment-",
    "/admin/payment",
    "/admin/refund-reasons",
    "/hooks/payment",
)
"""Where our operations are compared too: what is added there is a difference."""

ABSENT = "absent"


@dataclass(frozen=True, order=True)
class Difference:
    """One thing that the two documents say differently."""

    where: str
    what: str
    peer: str
    here: str


class Comparison:
    """Walks one of Medusa's documents beside ours. A pair of components is compared once, wherever it is used."""

    def __init__(self, peer: Document, here: Document) -> None:
        self.peer = peer
        self.here = here
        self._compared: set[tuple[str, str]] = set()

    def differences(self) -> Iterator[Difference]:
        theirs, ours = self.peer.operations(), self.here.operations()
        for name, operation in theirs.items():
            if name in ours:
                yield from self._operation(name, operation, ours[name])
            else:
                yield _presence(name, is_at_the_peer=True)

    def _operation(self, name: str, peer: dict[str, Any], here: dict[str, Any]) -> Iterator[Difference]:
        yield from _told_apart(name, "logins", self.peer.logins(peer), self.here.logins(here))
        yield from self._parameters(name, peer, here)
        yield from self._body(f"{name} body", peer.get("requestBody"), here.get("requestBody"))
        for status in sorted({*peer["responses"], *here["responses"]}):
            theirs, ours = peer["responses"].get(status), here["responses"].get(status)
            yield from self._response(f"{name} {status}", theirs, ours)

    def _parameters(self, name: str, peer: dict[str, Any], here: dict[str, Any]) -> Iterator[Difference]:
        theirs, ours = self.peer.parameters(peer), self.here.parameters(here)
        for key in sorted({*theirs, *ours}):
            where = f"{name} {' '.join(key)}"
            if key not in theirs or key not in ours:
                yield _presence(where, key in theirs)
                continue
            yield from _told_apart(
                where, "required", *(str(each[key].get("required", False)) for each in (theirs, ours))
            )
            yield from self._schema(where, theirs[key]["schema"], ours[key]["schema"])

    def _body(self, where: str, peer: Schema | None, here: Schema | None) -> Iterator[Difference]:
        if peer and here:
            yield from _told_apart(
                where, "required", str(peer.get("required", False)), str(here.get("required", False))
            )
            yield from self._content(where, peer, here)
        elif peer or here:
            yield _presence(where, peer is not None)

    def _response(self, where: str, peer: Schema | None, here: Schema | None) -> Iterator[Difference]:
        if peer is None or here is None:
            yield _presence(where, peer is not None)
        else:
            yield from self._content(where, self.peer.resolve(peer), self.here.resolve(here))

    def _content(self, where: str, peer: Schema, here: Schema) -> Iterator[Difference]:
        theirs, ours = peer.get("content", {}), here.get("content", {})
        yield from _told_apart(where, "content", ", ".join(sorted(theirs)), ", ".join(sorted(ours)))
        for kind in sorted(theirs.keys() & ours.keys()):
            yield from self._schema(where, theirs[kind]["schema"], ours[kind]["schema"])

    def _schema(self, where: str, peer: Schema, here: Schema) -> Iterator[Difference]:
        theirs, ours = self.peer.shape(peer), self.here.shape(here)
        if theirs.name:
            where = f"{theirs.name} as {ours.name or 'written out'}"
            if (where, "") in self._compared:
                return
            self._compared.add((where, ""))
        yield from _told_apart(where, "type", " or ".join(theirs.types), " or ".join(ours.types))
        yield from _told_apart(where, "values", ", ".join(theirs.enum), ", ".join(ours.enum))
        for limit in sorted({*theirs.limits, *ours.limits}):
            yield from _told_apart(where, limit, _text(theirs.limits, limit), _text(ours.limits, limit))
        if theirs.item is not None and ours.item is not None:
            yield from self._schema(f"{where}[]", theirs.item, ours.item)
        yield from self._properties(where, theirs, ours)

    def _properties(self, where: str, theirs: Shape, ours: Shape) -> Iterator[Difference]:
        if not theirs.properties:
            return
        yield from _told_apart(where, "closed", str(theirs.is_closed), str(ours.is_closed))
        for name in sorted({*theirs.properties, *ours.properties}):
            inner = f"{where}.{name}"
            if name not in theirs.properties or name not in ours.properties:
                yield _presence(inner, name in theirs.properties)
                continue
            yield from _told_apart(inner, "required", str(name in theirs.required), str(name in ours.required))
            yield from self._schema(inner, theirs.properties[name], ours.properties[name])


def _told_apart(where: str, what: str, peer: str, here: str) -> Iterator[Difference]:
    if peer != here:
        yield Difference(where, what, peer, here)


def _presence(where: str, is_at_the_peer: bool) -> Difference:
    return Difference(where, "presence", *(("there", ABSENT) if is_at_the_peer else (ABSENT, "there")))


def _text(limits: dict[str, Any], name: str) -> str:
    return str(limits[name]) if name in limits else "none"


def contract_folder() -> Path | None:
    """Return the folder of Medusa's documents: the one that the environment names, else the one beside the checkout."""
    named = os.environ.get(FOLDER_VARIABLE)
    folder = Path(named) if named else ROOT.parent / "shared" / "contract"
    return folder if all((folder / name).is_file() for name in PEER_DOCUMENTS) else None


def found_in(folder: Path) -> set[Difference]:
    """Return every difference between the documents of a folder and our committed one."""
    here = Document(yaml.safe_load(OURS.read_text()))
    peers = [Document.read(folder / name) for name in PEER_DOCUMENTS]
    compared = {difference for peer in peers for difference in Comparison(peer, here).differences()}
    known = {name for peer in peers for name in peer.operations()}
    added = {name for name, operation in here.operations().items() if name not in known and _is_v2(name, operation)}
    return compared | {_presence(name, is_at_the_peer=False) for name in added}


def _is_v2(name: str, operation: dict[str, Any]) -> bool:
    """Say whether an operation stands where Medusa's v2 documents would have it; those of v1 have none to stand in."""
    return name.split()[1].startswith(PAYMENT_PATHS) and not operation["tags"][0].startswith("v1")


@dataclass(frozen=True)
class Row:
    """A row of the table: as many differences as `count`, at places that match one of the patterns, for one reason."""

    where: tuple[str, ...]
    what: str
    peer: str
    here: str
    count: int
    reason: str

    @classmethod
    def of(cls, written: dict[str, Any]) -> "Row":
        places = written["where"]
        where = tuple(places) if isinstance(places, list) else (places,)
        return cls(**{**written, "where": where, "count": written.get("count", len(where))})

    def explains(self, difference: Difference) -> bool:
        said = (self.what, self.peer, self.here)
        is_same = said == (difference.what, difference.peer, difference.here)
        return is_same and any(_matches(pattern, difference.where) for pattern in self.where)


def rows() -> list[Row]:
    """Return the rows of the committed table."""
    return [Row.of(written) for written in yaml.safe_load(TABLE.read_text())]


def problems(found: set[Difference], table: list[Row]) -> list[str]:
    """Return what the table doesn't explain, and rows that explain more or less than they say."""
    unexplained = [difference for difference in found if not any(row.explains(difference) for row in table)]
    counted = {row: sum(map(row.explains, found)) for row in table}
    return [
        *(f"undeclared: {each}" for each in sorted(unexplained)),
        *(
            f"stale: {row.where} ({row.what}) explains {found}, not {row.count}"
            for row, found in counted.items()
            if found != row.count
        ),
    ]


def _matches(pattern: str, place: str) -> bool:
    """Say whether a place is as a pattern says, in which `*` stands for any text."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), place) is not None


def _unexplained(folder: Path) -> str:
    """Return what is missing in the table, as rows to be completed."""
    table = rows()
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for each in sorted(found_in(folder)):
        if not any(row.explains(each) for row in table):
            grouped.setdefault((each.what, each.peer, each.here), []).append(each.where)
    missing = [
        {"where": places, "what": what, "peer": peer, "here": here, "reason": ""}
        for (what, peer, here), places in grouped.items()
    ]
    return yaml.safe_dump(missing, sort_keys=False, width=120) if missing else ""


if __name__ == "__main__":
    contract = Path(sys.argv[1])
    sys.stdout.write(_unexplained(contract) + "\n".join(problems(found_in(contract), rows())) + "\n")
