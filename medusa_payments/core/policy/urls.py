"""Which addresses shoppers may have customers sent to. Pure: settings and URLs are arguments."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ALWAYS_URLS = frozenset({"return_url"})
"""Data keys that hold a URL with every provider; a provider declares its own beside them (`url_data_keys`)."""

ANY_WEB_ORIGIN = "*"

_WEB_SCHEMES = {"http": "80", "https": "443"}
_DANGEROUS_SCHEMES = frozenset({"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source"})
"""Browsers run these, or show what they hold as if it came from a page: never an app of the shop's."""

_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\\]")
"""Control characters, white space and backslashes: browsers drop them or read them as something else."""

# The authority ends where browsers end it, and holds nothing but a host and a port: no user, no percent encoding, no
# letters beyond ASCII (a domain with others is sent in its `xn--` form), no dot at the end.
_WEB_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:[/?#].*)?",
    re.IGNORECASE | re.ASCII,
)
_APP_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://.*", re.IGNORECASE | re.ASCII)
_APP_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://", re.IGNORECASE | re.ASCII)
_WEB_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}|\*))?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedUrls:
    """`origins`: as browsers send them (`https://shop.example`), `https://*.shop.example` for all beneath a domain,
    `http://localhost:*` for any port, `*` for any http(s), `myapp://` for an app. `hosts`: names as in `ALLOWED_HOSTS`,
    with any port over http and https. `patterns`: regular expressions of whole origins.
    """

    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    patterns: tuple[str | re.Pattern[str], ...] = ()


def is_allowed(url: object, allowed: AllowedUrls) -> bool:
    """Return True if customers may be sent to a URL that a shopper gave."""
    if not isinstance(url, str) or _UNSAFE.search(url):
        return False
    parts = _WEB_URL.fullmatch(url)
    if parts is None:
        return _is_of_app(url, allowed)
    scheme, host, port = _origin(parts)
    if int(port) > 65535:
        return False
    return (
        any(_is_origin(scheme, host, port, origin) for origin in allowed.origins)
        or any(_is_host(host, name) for name in allowed.hosts)
        or any(re.fullmatch(pattern, _written(scheme, host, port)) for pattern in allowed.patterns)
    )


def is_origin(value: object) -> bool:
    """Return True if a value can stand in `RETURN_URL_ORIGINS`."""
    if not isinstance(value, str):
        return False
    if value == ANY_WEB_ORIGIN or _WEB_ORIGIN.fullmatch(value):
        return True
    app = _APP_SCHEME.fullmatch(value)
    return app is not None and app["scheme"].lower() not in {*_DANGEROUS_SCHEMES, *_WEB_SCHEMES}


def is_exact_origin(value: object) -> bool:
    """Return True if a value is one web origin, written as browsers send it: no wildcard, path or port of the scheme's
    own, no capital letters.
    """
    parts = _WEB_ORIGIN.fullmatch(value) if isinstance(value, str) and "*" not in value else None
    return parts is not None and value == _written(*_origin(parts))


def urls_in(data: Any, names: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """Yield the name and the value of every URL in a session's data, however deep; None is none."""
    if isinstance(data, Mapping):
        for name, value in data.items():
            if name in names:
                yield from ((name, each) for each in _each(value) if each is not None)
            else:
                yield from urls_in(value, names)
    elif isinstance(data, list | tuple):
        for each in data:
            yield from urls_in(each, names)


def _each(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _is_of_app(url: str, allowed: AllowedUrls) -> bool:
    parts = _APP_URL.fullmatch(url)
    if parts is None or parts["scheme"].lower() in {*_DANGEROUS_SCHEMES, *_WEB_SCHEMES}:
        return False
    return f"{parts['scheme'].lower()}://" in {origin.lower() for origin in allowed.origins}


def _origin(parts: re.Match[str]) -> tuple[str, str, str]:
    scheme = parts["scheme"].lower()
    port = (parts["port"] or "").lstrip("0") or ("0" if parts["port"] else _WEB_SCHEMES[scheme])
    return scheme, parts["host"].lower(), port


def _is_origin(scheme: str, host: str, port: str, listed: str) -> bool:
    if listed == ANY_WEB_ORIGIN:
        return True
    parts = _WEB_ORIGIN.fullmatch(listed)
    if parts is None:
        return False
    listed_scheme, listed_host, listed_port = _origin(parts)
    if scheme != listed_scheme or listed_port not in {port, "*"}:
        return False
    if listed_host.startswith("*."):
        return host.endswith(listed_host[1:])
    return host == listed_host


def _is_host(host: str, name: str) -> bool:
    """As Django compares hosts: `.shop.example` is the domain and all beneath it. "*" names none."""
    name = name.lower()
    if name.startswith("."):
        return host == name[1:] or host.endswith(name)
    return host == name


def _written(scheme: str, host: str, port: str) -> str:
    """Return an origin as browsers write it: without the scheme's own port."""
    return f"{scheme}://{host}" if port == _WEB_SCHEMES[scheme] else f"{scheme}://{host}:{port}"
