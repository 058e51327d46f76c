"""Clean what a provider says, once, where it enters: then it can be stored, whatever it holds.

Nothing here raises. PostgreSQL stores no NUL and no lone surrogate, columns hold so many characters, and JSON knows
neither NaN nor objects. What names an object that we ask for again (`provider_ref` and the references of customers and
payment methods) is left as it is, because shortened it would name another object: `is_usable` says whether it can be
kept. What only tells movements apart (captures, refunds, disputes, events) gets a digest instead of its odd end.

Amounts and statuses are never guessed: `misfit` says which of them can't be what they are declared to be.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from medusa_payments.money import MAX_MINOR_UNITS, Money
from medusa_payments.providers.errors import ProviderError
from medusa_payments.providers.facts import DisputeFact, DisputeState
from medusa_payments.providers.notices import WebhookNotice

AnswerT = TypeVar("AnswerT")

LONGEST_TEXT = 255
"""Characters that the columns for references, codes and reasons hold."""

LONGEST_MESSAGE = 1000
"""Characters of a message that people still read."""

LARGEST_DATA = 64 * 1024
"""Bytes of JSON that are kept of one answer's `data`."""

_DEEPEST_DATA = 32
_LARGEST_INTEGER = 2**63
_LARGEST_EXPONENT = 40
_YEARS = range(1970, 9999)

_NAMES_AN_OBJECT = frozenset({"provider_ref", "account_holder_ref", "payment_method_ref", "ref"})
_TELLS_APART = frozenset({"capture_ref", "refund_ref", "dispute_ref", "event_id"})

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def answer(said: AnswerT) -> AnswerT:
    """Return a result, a snapshot, a notice, or a list of them, with everything in it cleaned; anything else as it is.

    Texts lose NULs, lone surrogates become U+FFFD, both are cut to `LONGEST_TEXT`. A time without a zone is UTC. What
    stands where a text or a time is declared, and is none, becomes one, or nothing.
    """
    if isinstance(said, list | tuple):
        return tuple(map(answer, said))  # type: ignore[return-value]
    if not is_dataclass(said) or isinstance(said, type):
        return said
    found = {field.name: getattr(said, field.name) for field in fields(said)}
    its_kind: Any = type(said)
    declared = _declared(its_kind)
    return replace(said, **{name: _field(name, value, declared.get(name)) for name, value in found.items()})


def misfit(said: object) -> str:
    """Say what of a cleaned result, snapshot or fact nobody can count with; "" when there is nothing.

    An amount is `Money` of whole minor units from 0 to the largest that is stored; a status is one of ours, a fact of
    its own kind. Currencies are for the caller to compare. A dispute about too large an amount is a matter of its own:
    it says nothing about the money of its payment.
    """
    its_kind: Any = type(said)
    declared = _declared(its_kind)
    found = ((name, getattr(said, name), kind) for name, kind in declared.items())
    return next((f"{name} {_shown(value)}" for name, value, kind in found if not _fits(value, kind)), "")


def notice(said: WebhookNotice) -> WebhookNotice:
    """Return a webhook's notice, cleaned. An object that it names by an unusable reference is none of ours."""
    cleaned = answer(said)
    provider_ref = cleaned.provider_ref if is_usable(cleaned.provider_ref) else None
    return replace(cleaned, provider_ref=provider_ref)


def clean_error(error: ProviderError) -> None:
    """Clean an error's message and code in place, so that a refusal stays a refusal, whatever its text holds."""
    error.message = text(error.message, LONGEST_MESSAGE)
    error.code = text(error.code, LONGEST_TEXT)
    error.args = (error.message,)


def is_usable(reference: object) -> bool:
    """Return True if a reference can be stored as it is, and so be asked for again."""
    return isinstance(reference, str) and 0 < len(reference) <= LONGEST_TEXT and text(reference) == reference


def reference(said: object) -> str:
    """Return a movement's reference; one that can't be stored as it is keeps its beginning and gets a digest.

    Always the same for the same reference, and different for different ones. "" for none.
    """
    raw = "" if said is None else str(said)
    cleaned = text(raw)
    if cleaned == raw and len(raw) <= LONGEST_TEXT:
        return raw
    digest = hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{cleaned[: LONGEST_TEXT - len(digest) - 1]}~{digest}"


def text(said: object, longest: int | None = None) -> str:
    """Return a text without NUL and lone surrogates, of at most so many characters; "" for None."""
    raw = said if isinstance(said, str) else "" if said is None else str(said)
    raw = raw.replace("\0", "")
    if not raw.isascii():
        raw = raw.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return raw[:longest]


def moment(said: object) -> datetime | None:
    """Return a time in UTC; None for what is no time, or one that nobody can count with (year 1, year 9999)."""
    if not isinstance(said, datetime):
        return None
    try:
        in_utc = said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return in_utc if in_utc.year in _YEARS else None


def data(said: object) -> dict[str, Any]:
    """Return what JSON columns hold of a provider's data: no floats, no objects.

    A key whose value would make it more than `LARGEST_DATA` bytes is left out; smaller ones behind it are kept.
    """
    kept: dict[str, Any] = {}
    left = LARGEST_DATA
    for name, value in said.items() if isinstance(said, Mapping) else ():
        entry = {text(name): _plain(value, _DEEPEST_DATA)}
        size = len(_ENCODER.encode(entry))
        if size <= left:
            kept |= entry
            left -= size
    return kept


@cache
def _declared(kind: type) -> Mapping[str, Any]:
    """Return what the fields of a result, snapshot or notice are declared to hold; nothing for any other class."""
    ours = next((base for base in kind.__mro__ if base.__module__.startswith("medusa_payments.")), None)
    return get_type_hints(ours) if ours is not None and is_dataclass(ours) else {}


def _fits(value: object, kind: Any) -> bool:
    """Texts, times, flags and `data` are cleaned, so they always fit."""
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_fits(each, get_args(kind)[0]) for each in value)
    if get_args(kind):
        return value is None or _fits(value, get_args(kind)[0])
    if kind is Money:
        return _is_money(value) and 0 <= value.minor_units <= MAX_MINOR_UNITS  # type: ignore[attr-defined]
    if kind is DisputeFact:
        return isinstance(value, kind) and _is_money(value.money) and isinstance(value.state, DisputeState)
    if issubclass(kind, Enum):
        return isinstance(value, kind)
    is_plain = not is_dataclass(kind)
    return is_plain or (isinstance(value, kind) and not misfit(value))


def _is_money(value: object) -> bool:
    return isinstance(value, Money) and type(value.minor_units) is int


def _shown(value: object) -> str:
    if isinstance(value, Money):
        return f"{value.minor_units!r} {value.currency_code}"[:LONGEST_TEXT]
    return type(value).__name__


def _field(name: str, value: Any, declared: Any) -> Any:
    if name == "data":
        return data(value)
    if name in _NAMES_AN_OBJECT:
        return value
    if name in _TELLS_APART:
        return reference(value) if value is not None or declared is str else None
    if declared in (str, str | None):
        return text(value, LONGEST_TEXT) if value is not None or declared is str else None
    if declared == datetime | None:
        return moment(value)
    if declared == bytes | None and value is not None:
        return value if isinstance(value, bytes) else text(value).encode()
    match value:
        case Enum():
            return value
        case str():
            return text(value, LONGEST_TEXT)
        case datetime():
            return moment(value)
    return answer(value)


def _plain(value: Any, depth: int) -> Any:
    match value:
        case None | bool():
            return value
        case Enum():
            return _plain(value.value, depth)
        case str():
            return text(value)
        case int():
            return value if -_LARGEST_INTEGER <= value < _LARGEST_INTEGER else str(value)
        case float():
            return _plain_decimal(Decimal(repr(value)))
        case Decimal():
            return _plain_decimal(value)
        case date() | time() | UUID():
            return str(value)
        case bytes():
            return text(value.decode("utf-8", "replace"))
    if depth == 0:
        return None
    if isinstance(value, Mapping):
        return {text(name): _plain(inner, depth - 1) for name, inner in value.items()}
    return [_plain(inner, depth - 1) for inner in value] if isinstance(value, list | tuple | set | frozenset) else None


def _plain_decimal(value: Decimal) -> Decimal | str | None:
    if not value.is_finite():
        return None
    return value if abs(value.adjusted()) <= _LARGEST_EXPONENT else str(value)
