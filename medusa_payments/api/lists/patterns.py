r"""Regular expressions that callers may send: the same meaning on every engine, and never slow.

Python backtracks and PostgreSQL doesn't; each knows syntax that the other refuses. What is taken here is what both
read alike: literals, `.`, `[…]`, `\d`, `\w`, `\s`, escaped punctuation, groups, `|`, `^`, `$`, and a quantifier behind
a single character or class. `MAX_CHOICES` bounds the work: a text of n characters costs at most n to that power.
"""

import re

MAX_PATTERN_LENGTH = 128
MAX_CHOICES = 3
"""How many `|`, `*`, `+`, `?`, `{m,}` and `{m,n}` a pattern may have."""

WHAT_IS_SAFE = rf"may use literals, . [] () ^ $ \d \w \s and at most {MAX_CHOICES} of | * + ? {{m,n}}, not behind )"

_TOKEN = re.compile(
    r"""
    (?: [^\\\[\](){}|*+?^$] | \\[dws] | \\[!-/:-@\[-`{-~] | \[\^?(?:[A-Za-z0-9]-[A-Za-z0-9]|[\w\ .,:;@#%&=/!])+-?\] )
    (?: (?P<variable> [*+?] | \{\d{1,2},(?:\d{1,2})?\} ) | \{\d{1,2}\} )?
    | (?P<structure> [()|^$] )
    """,
    re.VERBOSE | re.ASCII,
)


def is_safe(pattern: str) -> bool:
    """Say whether a pattern is one that both engines run, and run quickly."""
    position = choices = 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            return False
        choices += token["variable"] is not None or token["structure"] == "|"
        position = token.end()
    return len(pattern) <= MAX_PATTERN_LENGTH and choices <= MAX_CHOICES and _compiles(pattern)


def _compiles(pattern: str) -> bool:
    """Find what tokens can't show: an open group, `[z-a]`, `{3,1}`."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
