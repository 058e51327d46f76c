"""Medusa's `fields` parameter, parsed once into the tree of keys that the response will have."""

from dataclasses import dataclass

Tree = dict[str, "Tree"]
"""Keys of a document. A plain field has nothing beneath it; a relation has at least `id`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectable:
    """What an endpoint can show (`available`) and shows unasked (`default`)."""

    available: Tree
    default: Tree

    def select(self, fields: str | None) -> Tree:
        """Return the keys that `fields` asks for; None asks for the default.

        `+a` adds to the default, `-a` removes, `*a` and `a.*` add a whole relation, `a.b` reaches into one. One entry
        without any of these signs makes the list replace the default. `id` is always there, unknown fields are ignored.
        """
        if fields is None:
            return self.default
        entries = [_parse(text) for text in fields.split(",")]
        replaces = not all(entry.is_modifier for entry in entries)
        known = [entry for entry in entries if _beneath(self.available, entry.path) is not None]
        tree: Tree = {"id": {}} if replaces else _copy(self.default)
        for entry in known:
            if entry.removes and not replaces:
                _remove(tree, entry.path)
            else:
                _add(tree, self.available, entry.path)
        return tree


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
