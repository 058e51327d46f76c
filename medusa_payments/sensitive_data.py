"""What must never be stored, logged or echoed: card numbers, security codes, secret keys."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_CARD_KEYS = frozenset(
    {"cvc", "cvc2", "cvv", "cvv2", "cvn", "csc", "pan", "securitycode", "cardnumber", "cardcvc", "cardcvv"}
)
_GAP = r"(?:[^\S\r\n]|[-\u2010-\u2015\u2212])"
"""Between groups of digits: any space within a line, any dash."""
_SEPARATED_DIGITS = re.compile(
    rf"(?<![\dA-Za-z])(?<![A-Za-z0-9]-)\d(?:{_GAP}{{0,2}}\d){{11,}}(?![\dA-Za-z]|-[A-Za-z0-9])"
)
"""Digits that stand by themselves. With those inside of them, one UUID in four thousand would pass for a card."""
_SHORTEST, _LONGEST = 12, 19
_SECRET = re.compile(r"(?:[sr]k_(?:org_)?(?:live|test)_|whsec_)\w{4,}")
_BRANDED = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11,16}|35\d{14}|6\d{15,18}"
)
"""How the numbers of the large card schemes begin, and how long they are."""

HIDDEN = "***"


def holds_sensitive_data(value: Any) -> bool:
    """Say whether a value, or anything in it, is a card number (12 to 19 digits that pass the Luhn check, spaces and
    dashes ignored), quotes one of a large scheme or a secret key, or is named like a card's number or security code.
    """
    if isinstance(value, Mapping):
        return any(
            names_card_data(key) or holds_sensitive_data(key) or holds_sensitive_data(value[key]) for key in value
        )
    if isinstance(value, list | tuple):
        return any(map(holds_sensitive_data, value))
    text = str(value)
    number = _SEPARATED_DIGITS.fullmatch(text.strip())
    return quotes_sensitive_data(text) or (number is not None and _may_be_card(number[0]))


def quotes_sensitive_data(text: str) -> bool:
    """Say whether a free text quotes a secret key, or the number of a card of one of the large schemes.

    Other numbers pass, whatever their check digit: a note or a key may hold an order's number, a barcode or a time.
    """
    return any(map(_quotes_branded_card, _SEPARATED_DIGITS.findall(text))) or bool(_SECRET.search(text))


def names_card_data(key: Any) -> bool:
    """Say whether a key is named like a card's number or security code."""
    return re.sub(r"[^a-z0-9]", "", str(key).lower()) in _CARD_KEYS


def without_sensitive_data(text: str) -> str:
    """Return a text without the secret keys that it quotes, and without any number that could be a card's."""
    return _without(text, lambda digits: _may_be_card(digits) or _quotes_branded_card(digits))


def without_quoted_data(text: str) -> str:
    """Return a text without what `quotes_sensitive_data` finds in it; other numbers stay."""
    return _without(text, _quotes_branded_card)


def _without(text: str, is_hidden: Callable[[str], bool]) -> str:
    hidden = _SEPARATED_DIGITS.sub(lambda match: HIDDEN if is_hidden(match[0]) else match[0], text)
    return _SECRET.sub(HIDDEN, hidden)


def _may_be_card(digits: str) -> bool:
    number = re.sub(_GAP, "", digits)
    return _SHORTEST <= len(number) <= _LONGEST and _passes_luhn(number)


def _quotes_branded_card(digits: str) -> bool:
    """People write the date and the security code beside the number: `4242 4242 4242 4242 12 30 123`."""
    groups = re.split(f"{_GAP}+", "".join(map(_plain, digits)))
    return any(_BRANDED.fullmatch(number) and _passes_luhn(number) for number in _runs(groups))


def _plain(character: str) -> str:
    """A keyboard may write its own script's digits."""
    return str(int(character)) if character.isdecimal() else character


def _runs(groups: list[str]) -> Iterator[str]:
    """Yield every run of whole groups of digits that is as long as a card number may be."""
    for start in range(len(groups)):
        number = ""
        for group in groups[start : start + _LONGEST]:
            number += group
            if len(number) > _LONGEST:
                break
            if len(number) >= _SHORTEST:
                yield number


def _passes_luhn(number: str) -> bool:
    digits = [int(character) for character in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0
