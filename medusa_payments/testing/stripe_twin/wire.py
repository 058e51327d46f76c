"""Requests and answers as they cross the wire, whatever carries them."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Document = dict[str, Any]
"""A Stripe object, as its JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinRequest:
    """`path` begins with `/v1/`; `form` is what query and body say, nested; header names are in lower case.

    `base_url` is where a browser reaches the twin: the beginning of the addresses that it hands out.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)
    base_url: str = ""

    @property
    def key(self) -> str:
        """The API key that the caller shows, as a bearer, as the name of a login, or (browsers) in the form."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return value.strip()
        if scheme.lower() == "basic":
            return _login_name(value)
        shown = self.form.get("key", "")
        return shown if isinstance(shown, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinResponse:
    status: int
    body: Document
    headers: Mapping[str, str] = field(default_factory=dict)


def read_request(
    method: str, url: str, headers: Mapping[str, str], body: str | bytes | None, *, base_url: str
) -> TwinRequest:
    """Return what a method, an address below `/v1` and a form-encoded body ask for."""
    parts = urlsplit(url)
    text = body.decode() if isinstance(body, bytes) else body or ""
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *parse_qsl(text, keep_blank_values=True)]
    return TwinRequest(
        method=method.upper(),
        path=unquote(parts.path),
        headers={name.lower(): _text(value) for name, value in headers.items()},
        form=nested(pairs),
        base_url=base_url,
    )


def nested(pairs: Iterable[tuple[str, str]]) -> Document:
    """Return `a[b][0]=c` as dictionaries within dictionaries. Lists keep their places as keys."""
    form: Document = {}
    for name, value in pairs:
        first, *rest = name.replace("]", "").split("[")
        place: Document = form
        for step in [first, *rest[:-1]] if rest else []:
            below = place.setdefault(step, {})
            place = below if isinstance(below, dict) else place
        last = rest[-1] if rest else first
        place[last or str(len(place))] = value
    return form


def _login_name(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
