"""Regular expressions of callers: what is taken means the same on every engine and is never slow."""

import re

import pytest

from medusa_payments.api.lists.patterns import MAX_PATTERN_LENGTH, is_safe


@pytest.mark.parametrize(
    "pattern",
    [
        *("", "pay_01", "^pay_", "Z$", "^pay_.+(A|B)$", "a*b+c?", "[A-F0-9]{4}", "[^_-]+", "x{2,}|x{1,3}"),
        *(r"\d\w\s", r"\.\*\[\{\\\-\/", "()", "a|", "é", "Größe", " ", "(((a)))", "a{99}", "[a-c_.]"),
        "a" * MAX_PATTERN_LENGTH,
    ],
)
def test_what_is_taken(pattern: str) -> None:
    assert is_safe(pattern)


@pytest.mark.parametrize(
    ("reason", "pattern"),
    [
        ("nested quantifiers", "(a+)+"),
        ("a repeated alternative", "(a|a)*"),
        ("a repeated group", "(a){2}"),
        ("two quantifiers in a row", "a**"),
        ("a lazy quantifier", "a+?"),
        ("a possessive quantifier", "a++"),
        ("a quantifier without anything", "*a"),
        ("a repeated anchor", "^*"),
        ("too many choices", "a*b*c*d*"),
        ("too many alternatives", "a|b|c|d|e"),
        ("many small choices", "a?a?a?a?a?aaaaa"),
        ("a huge repetition", "a{100}"),
        ("a repetition of nothing to all", "a{3,1}"),
        ("a repetition without a minimum", "a{,3}"),
        ("a flag", "(?i)a"),
        ("a look-ahead", "(?=a)"),
        ("a back-reference", r"(a)\1"),
        ("a director of PostgreSQL", "***=a"),
        ("a class of PostgreSQL", "[[:alpha:]]"),
        ("an escape that one engine has", r"\A"),
        ("an escape of a letter", r"\y"),
        ("an escape of nothing", "a\\"),
        ("an escape of another script", "\\é"),
        ("an open group", "(a"),
        ("a closed group that wasn't opened", "a)"),
        ("an open class", "[a"),
        ("an empty class", "[]"),
        ("a class turned around", "[z-a]"),
        ("a range after a range", "[a-c-e]"),
        ("an open repetition", "a{2"),
        ("a bracket", "]"),
        ("a brace", "}"),
        ("too long", "a" * (MAX_PATTERN_LENGTH + 1)),
    ],
)
def test_what_is_refused(reason: str, pattern: str) -> None:
    assert not is_safe(pattern), reason


@pytest.mark.timeout(10)
def test_the_slowest_that_is_taken_is_quick() -> None:
    for pattern in (".*.*.*!", "(a|a)(a|a)(a|a)!", "a{1,99}a{1,99}a{1,99}!"):
        assert is_safe(pattern)
        assert re.search(pattern, "a" * 64) is None
