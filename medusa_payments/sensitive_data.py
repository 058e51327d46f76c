"""What must never be stored, logged or echoed: card numbers, security codes, secret keys."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_CARD_KEYS = frozenset(
    {"cvc", "cvc2", "cvv", "cvv2", "cvn", "csc", "pan", "securitycode", "cardnumber", "cardcvc", "cardcvv"}
)
_FILLERS = "\u115f\u1160\u17b4\u17b5\u3164\uffa0"
"""Letters that aren't seen."""
_INVISIBLE = f"{_FILLERS}\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
_DASHES = "-\u2010-\u2015\u2212"
_GAP = rf"(?:[^\S\r\n]|[{_DASHES}{_INVISIBLE}])"
"""Between groups of digits: any space within a line, any dash, any character that isn't seen."""
_SEPARATED_DIGITS = re.compile(
    rf"(?<![\dA-Za-z])(?<![A-Za-z0-9]-)\d(?:{_GAP}{{0,4}}\d){{11,}}(?![\dA-Za-z]|-[A-Za-z0-9])"
)
"""Digits that stand by themselves. With those inside of them, one UUID in four thousand would pass for a card."""
_BLANK = rf"[{_DASHES}\s{_INVISIBLE}]{{1,4}}"
_SHAPED_DIGITS = re.compile(
    r"(?<!\d)\d{4}(?:(?P<gap>(?:(?!\+)[\W_]){1,4})\d{4}(?P=gap)\d{4}(?P=gap)\d{4}(?P<rest>(?P=gap)\d{3})?"
    rf"|(?P<wide>(?:(?!\+)[\W_]){{1,4}})\d{{6}}(?P=wide)\d{{4,5}}|(?:{_BLANK}\d{{4}}){{3}})(?!\d)"
)
"""Digits in the groups that are printed on cards, with the same signs between them, whatever those are, or on lines."""
_DIGITS_IN_A_ROW = re.compile(rf"(?<!\d)\d(?:[{_INVISIBLE}]{{0,4}}\d){{13,18}}(?![{_INVISIBLE}]{{0,4}}\d)")
"""As long as cards in use are: numbers of 13 digits inside of words are barcodes and times."""
_LISTED = r"\b(?:\d{4}|(?=\d*[a-f])(?=[a-f]*\d)[\da-f]{1,4})\b"
_UUID = re.compile(r"[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}", re.IGNORECASE | re.ASCII)
_WORD = r"[A-Za-z0-9-]{0,40}"
_WORD_BEFORE, _WORD_AFTER = re.compile(rf"{_WORD}\Z"), re.compile(_WORD)
_SHORTEST, _LONGEST = 12, 19
_LETTERS_OF_A_WORD = 4
_SECRET = re.compile(
    r"(?:[sr]k_(?:org_)?(?:live|test)_|whsec_)\w{4,}|shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}"
    r"|-----BEGIN (?:[A-Z]{2,16} ){0,3}PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]{0,50}PRIVATE KEY-----|\Z)"
)
"""Keys of Stripe and of Shopify, and private keys, which are lost from their head on."""
_BRANDED = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11,16}|35\d{14}|6\d{15,18}"
)
"""How the numbers of the large card schemes begin, and how long they are."""

HIDDEN = "***"


def holds_sensitive_data(value: Any) -> bool:
    """Say whether a value, or anything in it, is a card number (12 to 19 digits that pass the Luhn check, whatever
    stands between their groups), quotes one of a large scheme or a secret key, or is named like a card's number or
    security code.
    """
    if isinstance(value, Mapping):
        return any(
            names_card_data(key) or holds_sensitive_data(key) or holds_sensitive_data(value[key]) for key in value
        )
    if isinstance(value, list | tuple):
        return any(map(holds_sensitive_data, value))
    text = str(value)
    number = _SEPARATED_DIGITS.fullmatch(text.strip()) or _SHAPED_DIGITS.fullmatch(text.strip())
    return quotes_sensitive_data(text) or (number is not None and _may_be_card(number[0]))


def quotes_sensitive_data(text: str) -> bool:
    """Say whether a free text quotes a secret key, or the number of a card of one of the large schemes.

    Other numbers pass, whatever their check digit: a note or a key may hold an order's number, a barcode or a time.
    """
    return any(_spans(_spaced(text), _quotes_branded_card)) or bool(_SECRET.search(text))


def names_card_data(key: Any) -> bool:
    """Say whether a key is named like a card's number or security code."""
    return re.sub(r"[^a-z0-9]", "", str(key).lower()) in _CARD_KEYS


def without_sensitive_data(text: str) -> str:
    """Return a text without the secret keys that it quotes, and without any number that could be a card's."""
    spans = _spans(_spaced(text), lambda digits: _may_be_card(digits) or _quotes_branded_card(digits))
    return _without(text, spans)


def without_quoted_data(text: str) -> str:
    """Return a text without what `quotes_sensitive_data` finds in it; other numbers stay. A plus sign is taken for one:
    who writes down an address looks at it decoded, too.
    """
    return _without(text, _spans(text, _quotes_branded_card))


def _spaced(text: str) -> str:
    """Addresses and forms write a plus sign for a space."""
    return text.replace("+", " ")


def _without(text: str, spans: Iterator[tuple[int, int]]) -> str:
    shown, end_of_last = "", 0
    for start, end in sorted(spans):
        if end > end_of_last:
            shown += text[end_of_last:start] + (HIDDEN if start >= end_of_last else "")
            end_of_last = end
    return _SECRET.sub(HIDDEN, shown + text[end_of_last:])


def _spans(text: str, is_card: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
    """Yield where in a text the numbers of cards begin and end; they may overlap."""
    yield from (match.span() for match in _SEPARATED_DIGITS.finditer(text) if is_card(match[0]))
    # Same length, so that the places stay.
    text = _UUID.sub(lambda match: "|" * len(match[0]), text)
    for match in _SHAPED_DIGITS.finditer(text):
        if _is_shaped_card(match) and _may_stand_there(match):
            yield match.span()
    for match in _DIGITS_IN_A_ROW.finditer(text):
        if _is_branded_card(_digits(match[0])) and _may_stand_there(match):
            yield match.span()


def _may_be_card(digits: str) -> bool:
    number = _digits(digits)
    return _SHORTEST <= len(number) <= _LONGEST and _passes_luhn(number)


def _quotes_branded_card(digits: str) -> bool:
    """People write the date and the security code beside the number: `4242 4242 4242 4242 12 30 123`."""
    groups = re.split(f"{_GAP}+", "".join(map(_plain, digits)))
    return any(map(_is_branded_card, _runs(groups)))


def _is_shaped_card(match: re.Match[str]) -> bool:
    """Four numbers of a longer list (`2501, 2502, 2503, 2504, 2505`) aren't a card's, nor are those of an address
    (`fe80:4242:…`).
    """
    same = match["gap"] or match["wide"]
    gap, rest = re.escape(same) if same else _BLANK, match["rest"] or ""
    text, (start, end) = match.string, match.span()
    # Three digits at the end of a card's number may be the head of an address' next group: `…:2619:443a:…`.
    after = (text[place : place + 9] for place in {end, end - len(rest)})
    is_in_list = re.search(rf"{_LISTED}{gap}\Z", text[max(0, start - 9) : start]) or any(
        re.match(rf"{gap}{_LISTED}", each) for each in after
    )
    numbers = (_digits(match[0]), _digits(match[0].removesuffix(rest)))
    return not is_in_list and any(map(_is_branded_card, numbers))


def _may_stand_there(match: re.Match[str]) -> bool:
    """Say whether a number isn't a piece of a hexadecimal id (a hash, a trace) or an account number (IBAN)."""
    text, (start, end) = match.string, match.span()
    before, after = _WORD_BEFORE.search(text, max(0, start - 40), start), _WORD_AFTER.match(text, end)
    around = (before[0] if before else "") + (after[0] if after else "")
    letters = re.sub(r"[\d-]", "", around)
    if not letters:
        return True
    is_hexadecimal = not re.search(r"[^a-f]", letters.lower()) and not re.search(r"[^\d-]", match[0])
    # One or two letters may be a short id's; a word that happens to be written with these letters is a word.
    if is_hexadecimal and (len(letters) < _LETTERS_OF_A_WORD or letters != around):
        return False
    return not (before and re.fullmatch(r"[A-Z]{2}", before[0]) and _is_iban(before[0] + _digits(match[0])))


def _is_iban(account: str) -> bool:
    moved = account[4:] + account[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def _is_branded_card(number: str) -> bool:
    return _BRANDED.fullmatch(number) is not None and _passes_luhn(number)


def _digits(text: str) -> str:
    return "".join(_plain(character) for character in text if character.isdecimal())


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
