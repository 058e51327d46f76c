"""Medusa's `fields` parameter, parsed once into the tree of keys that the response will have."""

from collections.abc import Iterable
from dataclasses import dataclass

from medusa_payments.exceptions import InvalidData

Tree = dict[str, "Tree"]
"""Keys of a document. A plain field has nothing beneath it; a relation has at least `id`."""

MAX_STORE_RELATIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectable:
    """What an endpoint can show (`available`) and shows unasked (`default`).

    A single field that lies more than `max_relations` relations deep can't be asked for; None means no limit.
    """

    available: Tree
    default: Tree
    max_relations: int | None = None

    def select(self, fields: str | None) -> Tree:
        """Return the keys that `fields` asks for; None asks for the default.

        `+a` adds to the default, `-a` removes, `*a` and `a.*` add a whole relation, `a.b` reaches into one. One entry
        without any of these signs makes the list replace the default. `id` is always there, unknown fields are ignored.

        Raises `InvalidData` for a field that lies too deep.
        """
        if fields is None:
            return self.default
        entries = [_parse(text) for text in fields.split(",")]
        replaces = not all(entry.is_modifier for entry in entries)
        known = [entry for entry in entries if _beneath(self.available, entry.path) is not None]
        self._refuse_too_deep(entry for entry in known if replaces or not entry.removes)
        tree: Tree = {"id": {}} if replaces else _copy(self.default)
        for entry in known:
            if entry.removes and not replaces:
                _remove(tree, entry.path)
            else:
                _add(tree, self.available, entry.path)
        return tree

    def _refuse_too_deep(self, entries: Iterable["_Entry"]) -> None:
        limit = self.max_relations
        too_deep = [".".join(entry.path) for entry in entries if limit is not None and len(entry.path) - 1 > limit]
        if too_deep:
            raise InvalidData(
                f"The following fields expand more than the maximum of {limit} allowed relations: {', '.join(too_deep)}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    path: list[str]
    is_modifier: bool
    removes: bool


def _parse(text: str) -> _Entry:
    """A plus sign that wasn't escaped in the URL arrives as a space."""
    path = text.lstrip("+- *").removesuffix(".*").strip()
    return _Entry(
        path=path.split("."),
        is_modifier=text.startswith(("+", "-", " ", "*")) or text.endswith(".*"),
        removes=text.startswith("-"),
    )


def _copy(tree: Tree) -> Tree:
    """Return a tree that shares nothing: `deepcopy` would keep one subtree one where it is used in several places."""
    return {name: _copy(beneath) for name, beneath in tree.items()}


def _beneath(tree: Tree, path: list[str]) -> Tree | None:
    for name in path:
        if name not in tree:
            return None
        tree = tree[name]
    return tree


def _add(tree: Tree, available: Tree, path: list[str]) -> None:
    """Asking for a relation also shows the column that points to it."""
    name, *rest = path
    foreign_key = f"{name}_id"
    if foreign_key in available:
        tree[foreign_key] = {}
    if rest:
        _add(tree.setdefault(name, {"id": {}}), available[name], rest)
    else:
        tree[name] = _copy(available[name])


def _remove(tree: Tree, path: list[str]) -> None:
    *parents, name = path
    parent = _beneath(tree, parents)
    if parent is not None and name != "id":
        parent.pop(name, None)
