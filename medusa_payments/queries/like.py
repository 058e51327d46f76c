r"""SQL's LIKE with one meaning everywhere: `%` is any text, `_` one character, a backslash takes away their meaning."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Lookup

if TYPE_CHECKING:
    _Lookup = Lookup[Any]
else:
    _Lookup = Lookup

_CHARACTER = re.compile(r"\\(?P<literal>.)|(?P<plain>.)", re.DOTALL)


class Like(_Lookup):
    """The whole text is as the pattern says; letter case counts."""

    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return self._compared("LIKE %s", _escaped(self.rhs), compiler, connection)

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Its LIKE ignores letter case, its GLOB doesn't."""
        return self._compared("GLOB %s", _glob(self.rhs), compiler, connection)

    def _compared(self, operation: str, pattern: str, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} {operation}", (*parameters, pattern)


class LikeIgnoringCase(Like):
    """The same, whatever the letter case. SQLite knows the case of ASCII letters only."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return self._compared("ILIKE %s", _escaped(self.rhs), compiler, connection)

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return self._compared(r"LIKE %s ESCAPE '\'", _escaped(self.rhs), compiler, connection)


def containing(text: str) -> str:
    """Return the pattern for everything that contains the text."""
    return f"%{''.join(_escaped_literal(character) for character in text)}%"


def _escaped(pattern: str) -> str:
    return _rewritten(pattern, {"%": "%", "_": "_"}, _escaped_literal)


def _escaped_literal(character: str) -> str:
    return f"\\{character}" if character in r"\%_" else character


def _glob(pattern: str) -> str:
    return _rewritten(pattern, {"%": "*", "_": "?"}, _glob_literal)


def _glob_literal(character: str) -> str:
    return f"[{character}]" if character in "*?[" else character


def _rewritten(pattern: str, wildcards: Mapping[str, str], literal: Callable[[str], str]) -> str:
    """Rewrite wildcards and literals; a backslash at the end stands for itself."""
    rewritten = (
        wildcards[match["plain"]] if match["plain"] in wildcards else literal(match["plain"] or match["literal"])
        for match in _CHARACTER.finditer(pattern)
    )
    return "".join(rewritten)
