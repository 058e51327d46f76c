"""What must never be stored, logged or echoed: card numbers, security codes, secret keys."""

import re
from collections.abc import Mapping
from typing import Any

_CARD_KEYS = frozenset(
    {"cvc", "cvc2", "cvv", "cvv2", "cvn", "csc", "pan", "securitycode", "cardnumber", "cardcvc", "cardcvv"}
)
_SEPARATED_DIGITS = re.compile(r"(?<!\d)\d(?:[ -]?\d){11,18}(?!\d)")
_SECRET = re.compile(r"(?:[sr]k_(?:org_)?(?:live|test)_|whsec_)\w{4,}")
_HIDDEN = "***"


def holds_sensitive_data(value: Any) -> bool:
    """Say whether a value, or anything in it, is a card number (12 to 19 digits that pass the Luhn check, spaces and
    hyphens ignored) or a payment provider's secret key, or is named like a card's number or security code.
    """
    if isinstance(value, Mapping):
        return any(
            _names_card_data(key) or holds_sensitive_data(key) or holds_sensitive_data(value[key]) for key in value
        )
    if isinstance(value, list | tuple):
        return any(map(holds_sensitive_data, value))
    text = str(value)
    return bool(_SECRET.search(text)) or any(map(_passes_luhn, _SEPARATED_DIGITS.findall(text)))


def without_sensitive_data(text: str) -> str:
    """Return a text without the card numbers and secret keys that it quotes."""
    hidden = _SEPARATED_DIGITS.sub(lambda match: _HIDDEN if _passes_luhn(match[0]) else match[0], text)
    return _SECRET.sub(_HIDDEN, hidden)


def _names_card_data(key: Any) -> bool:
    return re.sub(r"[^a-z0-9]", "", str(key).lower()) in _CARD_KEYS


def _passes_luhn(number: str) -> bool:
    digits = [int(character) for character in reversed(number) if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0
