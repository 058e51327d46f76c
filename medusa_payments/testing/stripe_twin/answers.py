"""How answers are put together: lists, searches, expanded references."""

from typing import Any

from medusa_payments.testing.stripe_twin.books import Page
from medusa_payments.testing.stripe_twin.call import Call
from medusa_payments.testing.stripe_twin.errors import malformed, missing
from medusa_payments.testing.stripe_twin.wire import Document

_REFERENCES = {
    "balance_transaction": "balance_transaction",
    "charge": "charge",
    "customer": "customer",
    "failure_balance_transaction": "balance_transaction",
    "latest_charge": "charge",
    "payment_intent": "payment_intent",
    "payment_method": "payment_method",
}
"""Which fields hold an id that can be expanded, and of what."""

_DEEPEST = 4


def listed(call: Call, kind: str, params: Document, *filters: str, url: str, types: tuple[str, ...] = ()) -> Document:
    """Return a page of a kind's objects, newest first, narrowed by the parameters in `filters`, and by `types`."""
    page = _page(call, params, filters, types)
    found = call.books.page(call.account.scope, kind, page)
    has_more = len(found) > page.limit
    data = found[: page.limit]
    return {
        "object": "list",
        "data": data[::-1] if page.is_backwards else data,
        "has_more": has_more,
        "url": url,
    }


def expanded(call: Call, answer: Document, paths: list[str]) -> Document:
    """Return an answer with the references at these paths replaced by the objects. Raises `StripeTwinError`."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > _DEEPEST + (steps[0] == "data"):
            raise malformed(f"You cannot expand more than {_DEEPEST} levels of a property.", param="expand")
        _expand(call, answer, steps, path)
    return answer


def _page(call: Call, params: Document, filters: tuple[str, ...], types: tuple[str, ...]) -> Page:
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        code = "parameter_invalid_integer"
        raise malformed("Invalid integer: limit must be between 1 and 100.", code=code, param="limit")
    is_backwards = "ending_before" in params
    cursor = params.get("ending_before", params.get("starting_after"))
    if cursor is not None and call.books.get(call.account.scope, cursor) is None:
        raise missing("object", cursor, param="ending_before" if is_backwards else "starting_after", status=400)
    created = params.get("created", {})
    return Page(
        where={name: params[name] for name in filters if name in params},
        types=types,
        created=created if isinstance(created, dict) else {"gte": created, "lte": created},
        cursor=cursor,
        is_backwards=is_backwards,
        limit=limit,
    )


def _expand(call: Call, place: Any, steps: list[str], path: str) -> None:
    if isinstance(place, list):
        for item in place:
            _expand(call, item, steps, path)
        return
    name, *rest = steps
    if name == "refunds" and isinstance(place, dict) and place.get("object") == "charge":
        place[name] = _refunds(call, place["id"])
    if not isinstance(place, dict) or name not in place:
        raise malformed(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(place[name], str):
        if name not in _REFERENCES:
            raise malformed(f"This property cannot be expanded ({path}).", param="expand")
        place[name] = call.get(_REFERENCES[name], place[name])
    if rest and place[name] is not None:
        _expand(call, place[name], rest, path)


def _refunds(call: Call, charge_id: str) -> Document:
    return listed(call, "refund", {"charge": charge_id}, "charge", url=f"/v1/charges/{charge_id}/refunds")
