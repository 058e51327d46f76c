"""Every route of the package with a request that it accepts, and the ways to spoil that request."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, get_resolver

HUGE = 10**30

REFUSED = frozenset({400})
NOT_FOUND = frozenset({404})
NOT_AUTHORIZED = frozenset({404, 422})
"""How v1 answers whatever is wrong with a session or with how it is to be authorized."""

REFERENCES = {"cart_id": NOT_FOUND, "order_id": NOT_FOUND, "refund_reason_id": NOT_FOUND, "provider_id": REFUSED}
"""How a body that names something unknown is answered."""

OTHER_TYPES: dict[type, list[Any]] = {
    str: [5, 1.5, True, [], {}, None],
    int: ["5", "", True, [], {}, None],
    dict: ["{}", 5, True, [], None],
    list: ["[]", 5, True, {}, None, [5], [None], [{}], [[]], [{"surprise": 1}]],
}
BAD_IDS = {"unknown": "pay_col_1", "NUL": "%00", "long": "x" * 5000, "odd": "%F0%9F%92%B6'"}
BAD_KEYS = {"empty": "", "with a space": "a b", "long": "x" * 256, "not ASCII": "schlüssel"}
BAD_QUERIES = [
    "surprise=1",
    "fields=a&fields=b",
    "fields[]=a",
    "fields=%00",
    f"fields={'x' * 5000}",
    "a[b][c][d][e][f][g][h][i][j]=1",
]
BAD_LIST_QUERIES = [
    *(f"{name}={value}" for name in ("limit", "offset") for value in ("-1", "x", "1e9", "NaN", "", HUGE)),
    *("limit=1&limit=2", "order=nope", "order=-nope", "order=", "order[]=id", "with_deleted=maybe"),
]
BAD_FILTERS = ["id[$nope]=1", "id[$re]=(a%2B)%2B$", "id[$re]=(", f"id={'x' * 5000}", "id[0][a]=1", "id[$in][$in]=1"]
BAD_TIMES = ["created_at=yesterday", "created_at[$gt]=9999-99-99", "updated_at[$like]=%25", "deleted_at[$gt]=1"]


@dataclass(frozen=True)
class BadRequest:
    """What is sent, and the statuses that may answer it."""

    name: str
    path: str
    content: bytes = b""
    statuses: frozenset[int] = REFUSED
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """A route and a body that it accepts; `{…}` stands for an id of the test's.

    `optional` fields may be missing, `ignored` ones may name anything. A route that isn't strict looks neither at its
    query nor at unknown fields. One that doesn't write here has the provider do something that we keep no record of.
    `free` records may hold anything. `bad_ids` are those that aren't answered like any other.
    """

    name: str
    body: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    optional: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    may_be_zero: bool = False
    is_strict: bool = True
    is_keyed: bool = True
    writes_here: bool = True
    bad_queries: tuple[str, ...] = ()
    free: frozenset[str] = frozenset()
    bad_ids: tuple[str, ...] = tuple(BAD_IDS)

    @property
    def method(self) -> str:
        return self.name.split()[0]

    @property
    def path(self) -> str:
        return self.name.split()[1]

    @property
    def is_v1(self) -> bool:
        return self.path.startswith("/v1/") or "/sessions" in self.path

    def spoiled(self, ids: dict[str, str]) -> Iterator[BadRequest]:
        """All the wrong requests below."""
        for family in (self.bodies, self.paths, self.queries, self.keys):
            yield from family(ids)

    def bodies(self, ids: dict[str, str]) -> Iterator[BadRequest]:
        """Wrong bodies, where there is one to send."""
        if self.method != "POST":
            return
        yield from self._broken(ids)
        body = self._filled_body(ids)
        for name, value in body.items():
            if name not in self.optional:
                yield self._sent(f"no {name}", ids, {key: body[key] for key in body if key != name})
            for wrong in self._wrong_values(name, value):
                yield self._sent(f"{name}={wrong!r:.30}", ids, body | {name: wrong})
            if name in REFERENCES and name not in self.ignored:
                for unknown in ("none_such", "' OR 1=1 --", ""):
                    yield self._sent(f"{name}={unknown!r}", ids, body | {name: unknown}, statuses=REFERENCES[name])
        for name in ("surprise", "idempotency_key", "__proto__", "4242424242424242") if self.is_strict else ():
            yield self._sent(f"and {name}", ids, body | {name: 1})

    def paths(self, ids: dict[str, str]) -> Iterator[BadRequest]:
        """Ids that nothing has."""
        body = self._filled_body(ids)
        for place in (place for place in ids if f"{{{place}}}" in self.path):
            statuses = NOT_AUTHORIZED if self.is_v1 and place == "session" else NOT_FOUND
            for name in self.bad_ids:
                yield self._sent(f"{name} {place}", {**ids, place: BAD_IDS[name]}, body, statuses=statuses)

    def queries(self, ids: dict[str, str]) -> Iterator[BadRequest]:
        """Wrong query strings, where anybody looks at them; v1 doesn't where there is a body."""
        if self.is_strict and not (self.is_v1 and self.method == "POST"):
            for query in (*BAD_QUERIES, *self.bad_queries):
                whole = f"{self.query}&{query}" if self.query else query
                yield self._sent(f"?{query:.40}", ids, self._filled_body(ids), query=whole)
        if self.query:
            yield self._sent("no query", ids, self._filled_body(ids), query="")

    def keys(self, ids: dict[str, str]) -> Iterator[BadRequest]:
        """Idempotency keys that are none."""
        if self.method == "POST" and self.is_keyed:
            body, statuses = self._filled_body(ids), REFUSED
            for name, key in BAD_KEYS.items():
                yield self._sent(f"{name} key", ids, body, statuses=statuses, headers={"Idempotency-Key": key})

    def valid(self, ids: dict[str, str], headers: dict[str, str] | None = None) -> BadRequest:
        """A request with nothing wrong but, perhaps, its headers or its caller."""
        return self._sent("valid", ids, self._filled_body(ids), headers=headers or {})

    def _filled_body(self, ids: dict[str, str]) -> dict[str, Any]:
        filled: dict[str, Any] = _filled(self.body, ids)
        return filled

    def _sent(
        self, name: str, ids: dict[str, str], body: Any, *, query: str | None = None, **options: Any
    ) -> BadRequest:
        query = self.query if query is None else query
        path = self.path.format_map(ids) + (f"?{query}" if query else "")
        content = json.dumps(body).encode() if self.method == "POST" else b""
        return BadRequest(name, path, **{"content": content, **options})

    def _broken(self, ids: dict[str, str]) -> Iterator[BadRequest]:
        name = next(iter(self.body), "a").encode()
        values = [b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b'"\\ud800"', b'"\\u0000"', b'{"\\u0000": 1}', b"[" * 40]
        values += [b"[" * 40 + b"]" * 40, b'{"a":' * 40 + b"1" + b"}" * 40, b"[" * 50_000 + b"]" * 50_000]
        wholes = [b"{", b"[]", b'"text"', b"5", b"null", b"true", b"\xff\xfe", b"{}{}", b"{'a': 1}"]
        for content in (*wholes, *(b'{"' + name + b'": ' + value + b"}" for value in values)):
            yield self._sent(f"{content!r:.40}", ids, None, content=content)
        too_large = json.dumps({"a": "x" * 200_000}).encode()
        yield self._sent("too large", ids, None, content=too_large, statuses=frozenset({413}))
        yield self._sent("text", ids, None, content=b"x", content_type="text/plain", statuses=frozenset({415}))

    def _wrong_values(self, name: str, value: Any) -> Iterator[Any]:
        may_be_null = name == "description" or (self.is_v1 and name in self.optional)
        yield from (wrong for wrong in OTHER_TYPES[type(value)] if wrong is not None or not may_be_null)
        if isinstance(value, str):
            yield from ("a\0b", "\ud800", "x" * 6000)
        elif isinstance(value, dict) and name in self.free:
            yield {"a": "\0"}
        elif isinstance(value, dict):
            yield from ({"amount": 1}, {"surprise": 1}, {"outcome": "\0"}, {"outcome": "no such outcome"})
        elif not isinstance(value, list):
            yield from (-1, -0.01, 0.001, 1e-9, 2**63, HUGE)
            yield from () if self.may_be_zero else (0, -0.0)


def _filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, ids) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, ids) for inner in value]
    return ids.get(value, value) if isinstance(value, str) else value


_SESSION: dict[str, Any] = {"provider_id": "pp_fake_fake", "data": {"outcome": "authorized"}}
_REASON: dict[str, Any] = {"label": "Late", "code": "late", "description": "Too late."}
_V1_SESSION: dict[str, Any] = {"provider_id": "fake_fake", "amount": 1000}
_LIST = tuple(BAD_LIST_QUERIES)
_FILTERED = (*_LIST, *BAD_FILTERS, *BAD_TIMES)
_COLLECTION = "/store/payment-collections/{collection}"
_ADMIN_COLLECTION = "/admin/payment-collections/{collection}"

ROUTES = [
    Route("POST /store/payment-collections", {"cart_id": "cart_2"}, is_keyed=False),
    Route(f"GET {_COLLECTION}"),
    Route(f"POST {_COLLECTION}/payment-sessions", _SESSION, optional=frozenset({"data"})),
    Route(f"POST {_COLLECTION}/payment-sessions/{{session}}/authorize"),
    Route("GET /store/account-holders"),
    Route("POST /store/account-holders", {"provider_id": "pp_fake_fake"}, is_keyed=False, writes_here=False),
    Route("GET /store/payment-methods/{holder}", bad_queries=("provider_id=none_such", "provider_id=")),
    Route("POST /store/payment-methods/{holder}", {"data": {}}, optional=frozenset({"data"}), writes_here=False),
    Route("DELETE /store/payment-methods/{holder}/{method}", writes_here=False),
    Route(
        f"POST {_COLLECTION}/payment-sessions/batch",
        {"sessions": [{"provider_id": "pp_fake_fake", "amount": 12.5}, {"provider_id": "pp_fake_fake", "amount": 7.5}]},
    ),
    *(
        route
        for collection in (_COLLECTION, f"/v1{_COLLECTION}")
        for route in (
            Route(f"POST {collection}/sessions", {"provider_id": "fake_fake"}),
            Route(f"POST {collection}/sessions/batch", {"sessions": [_V1_SESSION, _V1_SESSION]}),
            Route(f"POST {collection}/sessions/batch/authorize", {"session_ids": ["session"]}),
            Route(f"POST {collection}/sessions/{{session}}", is_strict=False),
            Route(f"POST {collection}/sessions/{{session}}/authorize", is_strict=False),
        )
    ),
    Route(f"GET /v1{_COLLECTION}"),
    Route(f"GET /v1{_ADMIN_COLLECTION}"),
    Route(
        f"POST /v1{_ADMIN_COLLECTION}",
        {"description": "Shirts", "metadata": {"ticket": "4711"}},
        optional=frozenset({"description", "metadata"}),
        free=frozenset({"metadata"}),
        is_keyed=False,
    ),
    Route(f"POST /v1{_ADMIN_COLLECTION}/authorize", is_strict=False),
    Route(f"DELETE /v1{_ADMIN_COLLECTION}", is_strict=False, bad_ids=("NUL",)),
    Route("GET /v1/admin/payments/{payment}"),
    Route("POST /v1/admin/payments/{payment}/capture", is_strict=False),
    Route(
        "POST /v1/admin/payments/{payment}/refund",
        {"amount": 500, "reason": "return", "note": "Sorry"},
        optional=frozenset({"note"}),
    ),
    Route(
        "POST /admin/payment-collections/{paid}/refund",
        {"amount": 5, "note": "Sorry", "strategy": "in_order"},
        optional=frozenset({"amount", "note", "strategy"}),
    ),
    Route("GET /store/payment-providers", query="region_id=reg_1", bad_queries=_LIST),
    Route("GET /admin/payments", bad_queries=_FILTERED),
    Route("GET /admin/payments/payment-providers", bad_queries=(*_LIST, *BAD_FILTERS, "is_enabled=1")),
    Route("GET /admin/payments/{payment}"),
    Route("POST /admin/payments/{payment}/capture", {"amount": 5}, optional=frozenset({"amount"})),
    Route(
        "POST /admin/payments/{payment}/refund",
        {"amount": 5, "note": "Sorry", "refund_reason_id": "reason"},
        optional=frozenset({"amount", "note", "refund_reason_id"}),
    ),
    Route("POST /admin/payments/{payment}/cancel"),
    Route("POST /admin/payment-collections", {"order_id": "order_1", "amount": 5}, may_be_zero=True, is_keyed=False),
    Route(f"GET {_ADMIN_COLLECTION}"),
    Route(f"DELETE {_ADMIN_COLLECTION}", is_strict=False),
    Route(
        f"POST {_ADMIN_COLLECTION}/mark-as-paid",
        {"order_id": "order_1", "provider_id": "pp_fake_fake"},
        optional=frozenset({"provider_id"}),
        ignored=frozenset({"order_id"}),
    ),
    Route(f"POST {_ADMIN_COLLECTION}/payment-sessions", _SESSION, optional=frozenset({"data"})),
    Route("GET /admin/refund-reasons", bad_queries=_FILTERED),
    Route("POST /admin/refund-reasons", _REASON, optional=frozenset({"description"}), is_keyed=False),
    Route("GET /admin/refund-reasons/{reason}"),
    Route("POST /admin/refund-reasons/{reason}", _REASON, optional=frozenset(_REASON), is_keyed=False),
    Route("DELETE /admin/refund-reasons/{reason}", is_strict=False),
]


def routes_of_the_package() -> set[str]:
    """Return `METHOD /path` of all that `medusa_payments.urls` routes, trailing slashes aside."""
    return set(_routed(get_resolver("medusa_payments.urls"), "/"))


def _routed(resolver: Any, prefix: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        path = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLPattern):
            methods: dict[str, str] = pattern.callback.actions  # type: ignore[attr-defined]
            yield from (f"{method.upper()} {path.rstrip('/')}" for method in methods if method != "head")
        else:
            yield from _routed(pattern, path)
